import { create, fromJson, type JsonValue, toJson } from "@bufbuild/protobuf";
import { StructSchema } from "@bufbuild/protobuf/wkt";
import fc from "fast-check";
import { dump, load } from "js-yaml";
import { describe, expect, it } from "vitest";
import { BootstrapSchema } from "./generated/envoy/config/bootstrap/v3/bootstrap_pb.js";
import { RouterSchema } from "./generated/envoy/extensions/filters/http/router/v3/router_pb.js";
import { WasmSchema } from "./generated/envoy/extensions/filters/http/wasm/v3/wasm_pb.js";
import { HttpConnectionManagerSchema } from "./generated/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.js";
import { duration, extensionNames, packed, packedText } from "./message.js";
import { objectToYaml, toObject, toYaml } from "./print.js";
import { registry } from "./registry.js";
import { cases } from "./verify.cases.js";

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

describe("toObject", () => {
  it("says the same as protobuf's own JSON", () => {
    for (const { config, name } of cases) {
      const message = fromJson(BootstrapSchema, config, { registry });
      const json = toJson(BootstrapSchema, message, { registry, useProtoFieldName: true });
      expect(toObject(BootstrapSchema, message), name).toEqual(json);
    }
  });
});

describe("objectToYaml", () => {
  // From words and signs that YAML reads in ways of its own, so that plain, quoted and block texts all occur.
  const word = fc.constantFrom(
    ..."true|No|null|~|on|y|0x1f|1e3|1_000|12:30|2026-01-02|.inf|<<|=|a|/orders/[^/]+|%FILTER(x:PLAIN)%|ok.yaml:12".split(
      "|",
    ),
    ...":|: |#| #|-|- |? |?|!|&a|*a|[|]|{|}|,|'|\"|\\|\n|\n\n| |  |\t|\u0000|\u00a0|\u2028|\ufeff|é|💩|---|...|\r".split(
      "|",
    ),
  );
  const text = fc.oneof(
    fc.array(word, { maxLength: 5 }).map((words) => words.join("")),
    fc.string({ unit: "grapheme", maxLength: 12 }),
    fc.string({ maxLength: 12 }),
  );
  const leaf = fc.oneof(
    text,
    fc.boolean(),
    fc.constant(null),
    fc.integer(),
    fc.double({ noDefaultInfinity: true, noNaN: true }),
  );
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 5, withCrossShrink: true },
      leaf,
      fc.array(tie("value"), { maxLength: 4 }),
      fc.dictionary(text, tie("value"), { maxKeys: 4 }),
    ),
  }));

  it("writes what js-yaml writes, also for parts that stand in several places", () => {
    fc.assert(
      fc.property(value, text, (data, key) => {
        const part: JsonValue = JSON.parse(JSON.stringify(data));
        const object = {
          first: part,
          [key]: { deeper: [part, [part], { deepest: part }] },
          again: [part, part],
          last: 0,
        };
        expect(objectToYaml(object)).toBe(dump(object, { noRefs: true, lineWidth: -1, indent: 2 }));
      }),
      { numRuns: 1_000 },
    );
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
