import { create } from "@bufbuild/protobuf";
import { StructSchema } from "@bufbuild/protobuf/wkt";
import { load } from "js-yaml";
import { describe, expect, it } from "vitest";
import { RouterSchema } from "./generated/envoy/extensions/filters/http/router/v3/router_pb.js";
import { WasmSchema } from "./generated/envoy/extensions/filters/http/wasm/v3/wasm_pb.js";
import { HttpConnectionManagerSchema } from "./generated/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.js";
import { duration, extensionNames, packed, packedText } from "./message.js";
import { toObject, toYaml } from "./print.js";

const manager = create(HttpConnectionManagerSchema, {
  statPrefix: "public",
  requestTimeout: duration(1500),
  localReplyConfig: {},
  httpFilters: [
    {
      name: extensionNames.wasm,
      configType: {
        case: "typedConfig",
        value: packed(WasmSchema, {
          config: {
            name: "guard",
            configuration: packedText('{"version":1}'),
            vm: { case: "vmConfig", value: { runtime: extensionNames.v8 } },
          },
        }),
      },
    },
    { name: extensionNames.router, configType: { case: "typedConfig", value: packed(RouterSchema) } },
  ],
});

describe("toYaml", () => {
  it("writes Envoy's field names, the type first and fields in the order of their numbers", () => {
    expect(toYaml(HttpConnectionManagerSchema, manager)).toBe(`stat_prefix: public
http_filters:
  - name: envoy.filters.http.wasm
    typed_config:
      '@type': type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm
      config:
        name: guard
        vm_config:
          runtime: envoy.wasm.runtime.v8
        configuration:
          '@type': type.googleapis.com/google.protobuf.StringValue
          value: '{"version":1}'
  - name: envoy.filters.http.router
    typed_config:
      '@type': type.googleapis.com/envoy.extensions.filters.http.router.v3.Router
request_timeout: 1.500s
local_reply_config: {}
`);
  });

  it("gives equal bytes for equal messages, whatever the order their maps were filled in", () => {
    const text = (entries: [string, string][]) =>
      toYaml(
        WasmSchema,
        create(WasmSchema, {
          config: {
            vm: { case: "vmConfig", value: { environmentVariables: { keyValues: Object.fromEntries(entries) } } },
          },
        }),
      );
    expect(
      text([
        ["b", "1"],
        ["a", "2"],
      ]),
    ).toBe(
      text([
        ["a", "2"],
        ["b", "1"],
      ]),
    );
  });

  it("sorts the keys of a Struct, also in an Any", () => {
    const any = toObject(
      WasmSchema,
      create(WasmSchema, {
        config: {
          configuration: packed(StructSchema, {
            fields: {
              z: { kind: { case: "boolValue", value: true } },
              a: {
                kind: {
                  case: "structValue",
                  value: {
                    fields: {
                      y: { kind: { case: "numberValue", value: 1 } },
                      x: { kind: { case: "nullValue", value: 0 } },
                    },
                  },
                },
              },
            },
          }),
        },
      }),
    );
    expect(JSON.stringify(any)).toBe(
      '{"config":{"configuration":{"@type":"type.googleapis.com/google.protobuf.Struct","value":{"a":{"x":null,"y":1},"z":true}}}}',
    );
  });

  it("keeps every text as it was, in one line", () => {
    const texts = [
      "yes",
      "n",
      "010",
      "0x1f",
      "1e3",
      "~",
      "",
      "null",
      ".nan",
      "a: b",
      "- x",
      "#",
      "\u0000\u2028\u{1F4A9}",
      "tab\t",
      `${"word ".repeat(200)}end`,
    ];
    const message = create(WasmSchema, {
      config: { vm: { case: "vmConfig", value: { environmentVariables: { hostEnvKeys: texts } } } },
    });
    const yaml = toYaml(WasmSchema, message);
    expect(load(yaml)).toEqual(toObject(WasmSchema, message));
    expect(yaml.trimEnd().split("\n")).toHaveLength(texts.length + 4);
  });

  it("takes a text of 12 MB, and any character in it", () => {
    const texts = [
      'it\'s "quoted" \\ \u0000\u0085\u2028\u{1F4A9}: # $1 '.repeat(400_000),
      "short",
      `$&${"a".repeat(12_000_000)}`,
    ];
    const message = create(WasmSchema, {
      config: { vm: { case: "vmConfig", value: { environmentVariables: { hostEnvKeys: texts } } } },
    });
    const yaml = toYaml(WasmSchema, message);
    // Not toEqual: the difference of two such texts would take a reporter minutes.
    expect(JSON.stringify(load(yaml)) === JSON.stringify(toObject(WasmSchema, message))).toBe(true);
    expect(yaml.trimEnd().split("\n")).toHaveLength(texts.length + 4);
    expect(toYaml(WasmSchema, message) === yaml).toBe(true);
  });

  it("repeats what occurs twice instead of anchoring it", () => {
    const filter = manager.httpFilters[1];
    if (filter === undefined) throw new Error("no filter");
    expect(
      toYaml(HttpConnectionManagerSchema, create(HttpConnectionManagerSchema, { httpFilters: [filter, filter] })),
    ).not.toMatch(/[&*]ref/);
  });
});

describe("duration", () => {
  it("takes whole and fractional milliseconds", () => {
    expect(duration(0)).toMatchObject({ seconds: 0n, nanos: 0 });
    expect(duration(1500)).toMatchObject({ seconds: 1n, nanos: 500_000_000 });
    expect(duration(0.25)).toMatchObject({ seconds: 0n, nanos: 250_000 });
    expect(duration(999.9999999)).toMatchObject({ seconds: 1n, nanos: 0 });
  });

  it("refuses what is no duration", () => {
    for (const value of [-1, Number.NaN, Number.POSITIVE_INFINITY, 1e18])
      expect(() => duration(value)).toThrow(RangeError);
  });
});
