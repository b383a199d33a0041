import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { type CompiledModule, loadModule } from "../../test/support/module-host.js";
import {
  acme,
  type Format,
  fromCaller,
  otlpAttributes,
  tracedOnly,
  tracedShop,
} from "../../test/support/traced-shop.js";
import { exported, Traced, type TracedRequest } from "../../test/support/tracing.js";

// What spans tell: their attributes, and that they are JSON whatever comes in.

let guard: CompiledModule;
beforeAll(async () => {
  guard = await loadModule("guard");
});

const plain = (more: Readonly<Record<string, unknown>> = {}, format: Format = "zipkin") =>
  tracedOnly(guard, more, format);
const ofShop = (more: Readonly<Record<string, unknown>> = {}, format: Format = "zipkin") =>
  tracedShop(guard, more, format);

describe("attributes", () => {
  const server = (request: TracedRequest & { status?: number }, more: Readonly<Record<string, unknown>> = {}) => {
    const traced = plain(more);
    traced.run(request);
    return traced.zipkin()[0];
  };

  it("name a method that is known, and no other", () => {
    for (const method of ["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "QUERY"])
      expect(server({ method })).toMatchObject({ name: method, tags: { "http.request.method": method } });
    for (const method of ["get", "BREW", "GETS", "G"])
      expect(server({ method })).toMatchObject({ name: "HTTP", tags: { "http.request.method": "_OTHER" } });
  });

  it.each([
    ["HTTP/1.0", "1.0"],
    ["HTTP/2", "2"],
    ["HTTP/3", "3"],
    ["HTTP/", undefined],
  ])("tell of %s the version %s", (protocol, version) => {
    expect(server({ protocol })?.tags["network.protocol.version"]).toBe(version);
  });

  it("tell the host without its port, the port if there is one, and neither of a host that may be read otherwise", () => {
    const of = (authority: string) => {
      const traced = plain();
      const stream = traced.vm().stream({
        attributes: {
          "xds.route_name": "r",
          "source.address": "[2001:db8::1]:443",
          "request.protocol": "HTTP/2",
          "request.time": undefined,
          "request.duration": undefined,
          "upstream.request_attempt_count": undefined,
        },
      });
      stream.requestHeaders(
        [
          [":method", "GET"],
          [":path", "/"],
          [":authority", authority],
        ],
        true,
      );
      stream.responseHeaders([[":status", "200"]], true);
      stream.finish();
      const tags = traced.zipkin()[0]?.tags ?? {};
      expect(tags["client.address"]).toBe("2001:db8::1");
      expect(tags["url.scheme"]).toBeUndefined();
      return [tags["server.address"], tags["server.port"]];
    };
    expect(of("Shop.Example:65535")).toEqual(["shop.example", "65535"]);
    expect(of("shop.example")).toEqual(["shop.example", undefined]);
    expect(of("[2001:DB8::2]:80")).toEqual(["[2001:db8::2]", "80"]);
    expect(of("shop.example:65536")).toEqual(["shop.example", undefined]);
    expect(of("a:b@shop.example")).toEqual([undefined, undefined]);
    expect(of("")).toEqual([undefined, undefined]);
  });

  it("are left out if the policy says so, also of the service", () => {
    const redact = [
      "client.address",
      "http.route",
      "network.protocol.version",
      "server.address",
      "server.port",
      "sluice.decision",
      "sluice.route",
      "url.path",
      "url.scheme",
      "user_agent.original",
    ];
    for (const format of ["zipkin", "otlp"] as const) {
      const traced = ofShop({ redact }, format);
      traced.run({ headers: [acme], service: {} });
      const keys =
        format === "zipkin"
          ? traced.zipkin().map(({ tags }) => Object.keys(tags))
          : traced.otlp().map(({ attributes }) => attributes.map(({ key }) => key));
      expect(keys[0]).toEqual(["http.request.method", "http.response.status_code"]);
      expect(keys.slice(1, -1).flat()).toEqual([]);
      expect(keys.at(-1)?.filter((key) => key !== "peer.service")).toEqual([
        "http.request.method",
        "http.response.status_code",
      ]);
    }
  });

  it("are tags of the policy as well: a string, a number, a truth, and nothing where that is unknown", () => {
    const tags = [
      { name: "customer", value: ["get", "auth.consumer"] },
      { name: "in-groups", value: ["size", ["get", "auth.groups"]] },
      { name: "length", value: ["size", ["get", "request.path"]] },
      { name: "less", value: -9007199254740991 },
      { name: "gold", value: ["==", ["get", "auth.tier"], "gold"] },
      { name: "absent", value: ["get", "request.headers", "x-absent"] },
      { name: "lower", value: ["lowerAscii", ["get", "request.headers", "x-a"]] },
      { name: "chosen", value: ["?:", ["has", ["get", "request.headers", "x-a"]], "yes", "no"] },
      { name: "x.Y_z-1", value: "constant" },
      { name: "operation", value: ["get", "soap.operation"] },
    ];
    const headers = [acme, ["x-a", 'ÀB"C']] as const;
    const attributes = { "xds.route_metadata.filter_metadata.sluice.operation": "crm/GetPartner" };
    const zipkin = ofShop({ tags });
    zipkin.run({ headers, attributes });
    expect(zipkin.zipkin()[0]?.tags).toMatchObject({
      customer: "acme",
      "in-groups": "2",
      length: "9",
      less: "-9007199254740991",
      gold: "true",
      lower: '\ufffdb"c',
      chosen: "yes",
      "x.Y_z-1": "constant",
      operation: "GetPartner",
    });
    const otlp = ofShop({ tags }, "otlp");
    otlp.run({ headers, attributes });
    const found = otlpAttributes(otlp.otlp()[0]);
    expect(found).toMatchObject({
      customer: { stringValue: "acme" },
      length: { intValue: "9" },
      less: { intValue: "-9007199254740991" },
      gold: { boolValue: true },
    });
    expect(found.absent).toBeUndefined();
  });

  it("of tags are read of requests that are recorded only", () => {
    const asked: string[] = [];
    const vm = { intercept: (name: string) => void asked.push(name) };
    const more = { ratio: 0, tags: [{ name: "ip", value: ["get", "source.ip"] }] };
    const traced = new Traced(guard, {
      configuration: exported(more, { routes: [{ name: "r", run: ["trace"], tell: [] }] }),
      vm,
    });
    traced.run();
    asked.length = 0;
    traced.run();
    expect(asked).toEqual(["proxy_get_property", "proxy_get_header_map_pairs"]);
    traced.run({ headers: fromCaller });
    expect(traced.zipkin()[0]?.tags.ip).toBe("192.0.2.7");
  });

  it("of tags know the name of the route, where one route stands for all too", () => {
    const tags = [{ name: "route", value: ["get", "route.name"] }];
    const configuration = exported({ tags }, { routes: [{ name: "*", run: ["trace"] }] });
    const traced = new Traced(guard, { configuration });
    traced.run({ route: "orders" });
    const [server] = traced.zipkin();
    expect(server?.tags.route).toBe("orders");
    // That is no name of a route.
    expect(server?.tags["sluice.route"]).toBeUndefined();
  });

  it("never are the query, a cookie or a credential", () => {
    const secrets = ["query-secret", "cookie-secret", "bearer-secret", "acme-key"];
    const headers = [acme, ["cookie", "sid=cookie-secret"], ["authorization", "Bearer bearer-secret"]] as const;
    for (const format of ["zipkin", "otlp"] as const) {
      const traced = ofShop({ always: { noted: [], when: true } }, format);
      traced.run({ headers, path: "/orders/7?token=query-secret#query-secret", service: {} });
      traced.tick();
      const text = traced.collect().join("");
      expect(text).toContain("/orders/7");
      expect(secrets.filter((secret) => text.includes(secret))).toEqual([]);
    }
  });
});

describe("values", () => {
  const tags = [
    { name: "raw", value: ["get", "request.headers", "x-raw"] },
    { name: "decoded", value: ["get", "request.query", "q"] },
  ];
  const tagged = (format: "zipkin" | "otlp") => plain({ tags }, format);
  const found = (traced: Traced, format: "zipkin" | "otlp") => {
    if (format === "zipkin") return traced.zipkin()[0]?.tags ?? {};
    const attributes = otlpAttributes(traced.otlp()[0]);
    return Object.fromEntries(
      Object.entries(attributes).flatMap(([key, value]) => ("stringValue" in value ? [[key, value.stringValue]] : [])),
    );
  };

  it.each(["zipkin", "otlp"] as const)("are JSON in %s, whatever the bytes", (format) => {
    const byte = fc.oneof(fc.nat(255), fc.constantFrom(0x22, 0x5c, 0x0a, 0x00, 0x7f, 0x80, 0xc3, 0xe2, 0xf0, 0xff));
    const text = fc.array(byte, { maxLength: 400 }).map((bytes) => Buffer.from(bytes).toString("latin1"));
    const traced = tagged(format);
    fc.assert(
      fc.property(text, text, text, (raw, agent, path) => {
        traced.run({ headers: [["x-raw", raw]], path: `/${path.replaceAll("?", "")}`, method: raw });
        const expected = cut(decoded(raw));
        const shown = found(traced, format);
        expect(shown.raw).toBe(expected);
        expect(agent.length >= 0).toBe(true);
      }),
      { numRuns: 150 },
    );
  });

  it("keep U+0000, which a query can carry, as an escape", () => {
    const traced = tagged("zipkin");
    traced.run({ path: "/a?q=a%00b%22%5C%0A%C3%A9" });
    traced.tick();
    const [body = ""] = traced.collect();
    expect(body).toContain('a\\u0000b\\"\\\\\\n\u00e9');
    expect(JSON.parse(body)[0].tags.decoded).toBe('a\0b"\\\né');
  });

  it("are cut at 256 bytes, between characters", () => {
    const traced = tagged("zipkin");
    const cutTo = (raw: string) => {
      traced.run({ headers: [["x-raw", Buffer.from(raw).toString("latin1")]] });
      return Buffer.byteLength(traced.zipkin()[0]?.tags.raw ?? "");
    };
    expect(cutTo("a".repeat(256))).toBe(256);
    expect(cutTo("a".repeat(257))).toBe(256);
    expect(cutTo("é".repeat(200))).toBe(256);
    expect(cutTo(`a${"é".repeat(200)}`)).toBe(255);
    expect(cutTo(`ab${"😀".repeat(100)}`)).toBe(254);
    expect(cutTo("😀".repeat(100))).toBe(256);
    // Bytes that are no characters become three each.
    traced.run({ headers: [["x-raw", "\xff".repeat(300)]] });
    expect(traced.zipkin()[0]?.tags.raw).toBe("\ufffd".repeat(85));
  });

  it("of 60 KiB leave spans as small as any", () => {
    const traced = tagged("otlp");
    const long = "\x01".repeat(60 << 10);
    traced.run({
      headers: [["x-raw", long]],
      path: `/${long}?q=${"%01".repeat(20 << 10)}`,
      service: { cluster: long },
    });
    traced.tick();
    const [body = ""] = traced.collect();
    expect(body.length).toBeLessThan(12_000);
    expect(JSON.parse(body).resourceSpans).toHaveLength(1);
  });
});

/** A byte text as UTF-8, with U+FFFD for every byte that is no part of a character. */
function decoded(bytes: string): string {
  let text = "";
  const all = Buffer.from(bytes, "latin1");
  for (let index = 0; index < all.length; ) {
    const size = [1, 2, 3, 4].find((count) => isCharacter(all.subarray(index, index + count), count));
    text += size === undefined ? "\ufffd" : all.subarray(index, index + size).toString("utf8");
    index += size ?? 1;
  }
  return text;
}

function isCharacter(bytes: Buffer, size: number): boolean {
  if (bytes.length !== size) return false;
  try {
    return [...new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes)].length === 1;
  } catch {
    return false;
  }
}

/** What is left of a text in 256 bytes, if 256 bytes of what it was before were looked at. */
function cut(text: string): string {
  let kept = "";
  for (const character of text) {
    if (Buffer.byteLength(kept + character) > 256) return kept;
    kept += character;
  }
  return kept;
}
