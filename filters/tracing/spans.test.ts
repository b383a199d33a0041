import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { type CompiledModule, loadModule } from "../../test/support/module-host.js";
import { allowing, consumers, limiting, partnersOnly } from "../../test/support/module-policies.js";
import {
  exported,
  MILLISECOND,
  type OtlpSpan,
  otlpCollector,
  Traced,
  type TracedRequest,
  type ZipkinSpan,
  zipkinCollector,
} from "../../test/support/tracing.js";

// The spans of guard.wasm in both formats: what they tell, how they lie in each other, and that they are JSON whatever comes in.

let guard: CompiledModule;
beforeAll(async () => {
  guard = await loadModule("guard");
});

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const SPAN = "b7ad6b7169203331";
const fromCaller = [["traceparent", `00-${TRACE}-${SPAN}-01`]] as const;

const rate = { count: 100, periodMs: 1000, burst: 100 };
const policies = [
  partnersOnly,
  allowing(true),
  limiting("limit", rate),
  limiting("other", rate, { key: [["get", "request.path"]] }),
];
const ofShop = (more: Readonly<Record<string, unknown>> = {}, format: "zipkin" | "otlp" = "zipkin") =>
  new Traced(guard, {
    configuration: exported(
      more,
      {
        consumers,
        exporters: [format === "zipkin" ? zipkinCollector : otlpCollector],
        routes: [{ name: "r", run: ["trace", ...policies.map(({ name }) => name)], pattern: "/orders/{id}" }],
      },
      policies,
    ),
  });
const plain = (more: Readonly<Record<string, unknown>> = {}, format: "zipkin" | "otlp" = "zipkin") =>
  new Traced(guard, {
    configuration: exported(more, { exporters: [format === "zipkin" ? zipkinCollector : otlpCollector] }),
  });
const acme = ["x-api-key", "acme-key"] as const;

/** Times of spans and what they lie in, of either format. */
const placed = (span: ZipkinSpan | OtlpSpan) =>
  "id" in span
    ? { id: span.id, parent: span.parentId, from: BigInt(span.timestamp), to: BigInt(span.timestamp + span.duration) }
    : {
        id: span.spanId,
        parent: span.parentSpanId,
        from: BigInt(span.startTimeUnixNano),
        to: BigInt(span.endTimeUnixNano),
      };

/** Every span lies in its parent, and no two have one id. */
function expectNested(spans: readonly (ZipkinSpan | OtlpSpan)[]): void {
  const all = spans.map(placed);
  expect(new Set(all.map(({ id }) => id)).size).toBe(all.length);
  for (const span of all) {
    expect(span.to).toBeGreaterThanOrEqual(span.from);
    const parent = all.find(({ id }) => id === span.parent);
    if (parent === undefined) continue;
    expect(span.from).toBeGreaterThanOrEqual(parent.from);
    expect(span.to).toBeLessThanOrEqual(parent.to);
  }
}

const otlpAttributes = (span: OtlpSpan | undefined) =>
  Object.fromEntries((span?.attributes ?? []).map(({ key, value }) => [key, value]));

const SERVER = {
  "http.request.method": "GET",
  "http.route": "/orders/{id}",
  "url.path": "/orders/7",
  "url.scheme": "https",
  "server.address": "shop.example",
  "server.port": "8443",
  "client.address": "192.0.2.7",
  "network.protocol.version": "1.1",
  "user_agent.original": "curl/8",
  "http.response.status_code": "200",
  "sluice.route": "r",
  "sluice.decision": "other allowed within-quota",
};

describe("the spans of a request", () => {
  const request = { headers: [...fromCaller, acme], service: { latency: 3n * MILLISECOND } };

  it("are, in Zipkin: its own, those of the policies, and that of the service", () => {
    const traced = ofShop();
    const stream = traced.run({ ...request, takes: 5n * MILLISECOND });
    const spans = traced.zipkin();
    expectNested(spans);
    const [server, ...children] = spans;
    expect(server).toEqual({
      traceId: TRACE,
      id: server?.id,
      parentId: SPAN,
      kind: "SERVER",
      name: "GET /orders/{id}",
      timestamp: 1_800_000_000_000_000,
      duration: 5000,
      localEndpoint: { serviceName: "shop" },
      tags: { ...SERVER, "sluice.decision": "rules/rule allowed rule" },
    });
    expect(children.map(({ parentId }) => parentId)).toEqual(children.map(() => server?.id));
    expect(children.map(({ name, kind, tags }) => ({ name, kind, decision: tags["sluice.decision"] }))).toEqual([
      { name: "authenticate partners-only", kind: undefined, decision: "partners-only allowed authenticated" },
      { name: "authorize rules", kind: undefined, decision: "rules/rule allowed rule" },
      { name: "limit limit, other", kind: undefined, decision: "other allowed within-quota" },
      { name: "GET orders", kind: "CLIENT", decision: undefined },
    ]);
    // The service is told of its own span.
    expect(stream.state["sluice.traceparent"]).toBe(`00-${TRACE}-${children.at(-1)?.id}-01`);
    expect(children.at(-1)).toMatchObject({
      duration: 3000,
      remoteEndpoint: { serviceName: "orders" },
      tags: {
        "http.request.method": "GET",
        "server.address": "10.0.0.5",
        "server.port": "9001",
        "http.response.status_code": "200",
      },
    });
    expect(traced.counted("exported")).toBe(5);
  });

  it("are the same in OTLP, with numbers as numbers", () => {
    const traced = ofShop({}, "otlp");
    traced.run({ ...request, takes: 5n * MILLISECOND });
    const spans = traced.otlp();
    expectNested(spans);
    const [server] = spans;
    expect(server).toMatchObject({
      traceId: TRACE,
      parentSpanId: SPAN,
      name: "GET /orders/{id}",
      kind: 2,
      startTimeUnixNano: "1800000000000000000",
      endTimeUnixNano: "1800000000005000000",
    });
    expect(otlpAttributes(server)).toEqual({
      ...Object.fromEntries(Object.entries(SERVER).map(([key, value]) => [key, { stringValue: value }])),
      "sluice.decision": { stringValue: "rules/rule allowed rule" },
      "server.port": { intValue: "8443" },
      "http.response.status_code": { intValue: "200" },
    });
    expect(spans.map(({ name, kind }) => [name, kind])).toEqual([
      ["GET /orders/{id}", 2],
      ["authenticate partners-only", 1],
      ["authorize rules", 1],
      ["limit limit, other", 1],
      ["GET orders", 3],
    ]);
    expect(otlpAttributes(spans.at(-1))).toMatchObject({ "peer.service": { stringValue: "orders" } });
  });

  it("begin a trace where no caller did, and have no parent then", () => {
    const traced = plain();
    traced.run();
    const [server, ...others] = traced.zipkin();
    expect(server?.parentId).toBeUndefined();
    expect(others).toEqual([]);
    expect(server?.name).toBe("GET");
  });

  it("that is turned away end with the policy that did it, and have none of the service", () => {
    const traced = ofShop();
    const stream = traced.run({ headers: [["x-api-key", "guess"]] });
    expect(stream.passed).toBe(false);
    const spans = traced.zipkin();
    expectNested(spans);
    expect(spans.map(({ name }) => name)).toEqual(["GET /orders/{id}", "authenticate partners-only"]);
    expect(spans[0]?.tags).toMatchObject({
      "http.response.status_code": "401",
      "sluice.decision": "partners-only denied unknown-credential",
    });
    expect(spans[0]?.tags["error.type"]).toBeUndefined();
  });

  it("that passed and was answered by Envoy have none of a service either", () => {
    const traced = plain();
    traced.run({ status: 301 });
    expect(traced.zipkin().map(({ kind }) => kind)).toEqual(["SERVER"]);
  });

  it("say that a policy in shadow would have denied, and nothing of one that does not apply", () => {
    const shadow = { ...allowing(false), mode: "shadow" };
    const idle = { ...allowing(false), name: "idle", when: false };
    const traced = new Traced(guard, { configuration: exported({}, {}, [shadow, idle]) });
    traced.run();
    expect(traced.zipkin().map(({ name, tags }) => [name, tags["sluice.decision"]])).toEqual([
      ["GET", "sluice allowed no-policy"],
      ["authorize rules", "rules denied otherwise"],
    ]);
  });
});

describe("what went wrong", () => {
  const one = (request: Parameters<Traced["run"]>[0], format: "zipkin" | "otlp" = "zipkin") => {
    const traced = plain({}, format);
    traced.run(request);
    return traced;
  };

  it("is the status from 500 on, and from 400 on of the service", () => {
    const service = {};
    const errors = (status: number) =>
      one({ status, service })
        .zipkin()
        .map(({ tags }) => [tags["error.type"], tags.error]);
    expect(errors(200)).toEqual([
      [undefined, undefined],
      [undefined, undefined],
    ]);
    expect(errors(404)).toEqual([
      [undefined, undefined],
      ["404", "404"],
    ]);
    expect(errors(503)).toEqual([
      ["503", "503"],
      ["503", "503"],
    ]);
    const [server, client] = one({ status: 404, service }, "otlp").otlp();
    expect([server?.status, client?.status]).toEqual([undefined, { code: 2 }]);
    expect(otlpAttributes(client)["error.type"]).toEqual({ stringValue: "404" });
  });

  it("without an answer is Envoy's word for it, as far as it is one of few", () => {
    const traced = plain();
    const aborted = (details?: string) => {
      const stream = traced.begin({ service: {} });
      if (details !== undefined) stream.stream.details = details;
      stream.end();
      return traced.zipkin().map(({ tags }) => [tags["http.response.status_code"], tags["error.type"]]);
    };
    expect(aborted("downstream_remote_disconnect")).toEqual([
      [undefined, "downstream_remote_disconnect"],
      [undefined, "downstream_remote_disconnect"],
    ]);
    expect(aborted("upstream_reset_before_response_started{connection_failure|192.0.2.1}")[0]).toEqual([
      undefined,
      "upstream_reset_before_response_started",
    ]);
    expect(aborted()[0]).toEqual([undefined, "no_answer"]);
  });

  it("and was tried again is an event, and how often", () => {
    const [, client] = one({ service: { attempts: 3, latency: MILLISECOND } }).zipkin();
    expect(client?.tags["http.request.resend_count"]).toBe("2");
    expect(client?.annotations).toEqual([{ timestamp: client?.timestamp, value: "retry" }]);
    const [, inOtlp] = one({ service: { attempts: 2 } }, "otlp").otlp();
    expect(inOtlp?.events).toEqual([{ timeUnixNano: inOtlp?.startTimeUnixNano, name: "retry" }]);
    expect(otlpAttributes(inOtlp)["http.request.resend_count"]).toEqual({ intValue: "1" });
    expect(one({ service: {} }).zipkin()[1]?.annotations).toBeUndefined();
  });
});

describe("times", () => {
  it("of the policies are those at which they were asked, whatever the wall clock does", () => {
    let isSlow = true;
    const vm = {
      intercept: (name: string) => {
        if (isSlow && name === "clock_time_get") traced.host.clock.advance(MILLISECOND);
        return undefined;
      },
    };
    const configuration = exported({ propagate: ["w3c"] }, { consumers }, [partnersOnly, allowing(true)]);
    const traced = new Traced(guard, { configuration, vm });
    const stream = traced.begin({ headers: [acme] });
    traced.host.clock.setWall(traced.host.clock.wall() + 3_600_000n * MILLISECOND);
    stream.answer(200);
    traced.host.clock.advance(50n * MILLISECOND);
    isSlow = false;
    stream.end();
    const spans = traced.zipkin();
    expectNested(spans);
    const [server, ...others] = spans;
    // Each look at the clock takes a millisecond: one before the first policy, one after each.
    expect(server?.duration).toBe(53_000);
    expect(others.map(({ name, duration }) => [name, duration])).toEqual([
      ["authenticate partners-only", 1000],
      ["authorize rules", 1000],
    ]);
  });

  it("lie in each other with random clocks, durations and conversions", () => {
    const big = fc.bigInt({ min: 1_000_000_000n, max: 4_000_000_000_000_000_000n });
    const near = fc.bigInt({ min: -3_000_000n, max: 3_000_000n }).map((offset) => 1_800_000_000_000_000_000n + offset);
    const moment = fc.oneof(big, near);
    const property = fc.property(
      fc.record({ time: moment, duration: fc.oneof(fc.constant(0n), fc.bigInt({ min: 0n, max: 9_000_000n }), big) }),
      fc.array(moment, { minLength: 4, maxLength: 4 }),
      fc.oneof(fc.constant(undefined), big),
      fc.nat(3),
      fc.constantFrom("zipkin" as const, "otlp" as const),
      ({ time, duration }, conversions, latency, attempts, format) => {
        const traced = ofShop({}, format);
        const stream = traced.begin({
          headers: [acme],
          service: { attempts, ...(latency === undefined ? {} : { latency }) },
          attributes: { "request.time": time, "request.duration": duration },
          state: { "sluice.convert": timesOf(conversions) },
        });
        traced.host.clock.advance(MILLISECOND);
        stream.answer(200);
        stream.end();
        const spans = format === "zipkin" ? traced.zipkin() : traced.otlp();
        expect(spans.length).toBeGreaterThan(3);
        expectNested(spans);
      },
    );
    fc.assert(property, { numRuns: 80 });
  });

  it("of conversions are those that the body stage left behind, and the service lies between them", () => {
    const traced = plain();
    const at = (offset: bigint) => 1_800_000_000_000_000_000n + offset * MILLISECOND;
    const state = { "sluice.convert": timesOf([at(1n), at(2n), at(6n), at(8n)]) };
    traced.run({ state, service: { attempts: 2 }, takes: 10n * MILLISECOND });
    const of = (name: string, spans: readonly ZipkinSpan[]) => {
      const span = spans.find((one) => one.name === name);
      return [(span?.timestamp ?? 0) - 1_800_000_000_000_000, span?.duration];
    };
    const spans = traced.zipkin();
    expect(spans.map(({ name }) => name)).toEqual(["GET", "convert request", "GET orders", "convert response"]);
    expect(of("convert request", spans)).toEqual([1000, 1000]);
    expect(of("GET orders", spans)).toEqual([2000, 4000]);
    expect(of("convert response", spans)).toEqual([6000, 2000]);
    traced.run({ state: { "sluice.convert": timesOf([at(20n), at(21n)]) }, service: {} });
    expect(traced.zipkin().map(({ name }) => name)).toEqual(["GET", "convert request", "GET orders"]);
    traced.run({ state: { "sluice.convert": "short" }, service: {} });
    expect(traced.zipkin().map(({ name }) => name)).toEqual(["GET", "GET orders"]);
  });
});

/** Numbers of eight bytes, little end first, as a byte text. */
function timesOf(times: readonly bigint[]): string {
  const bytes = Buffer.alloc(times.length * 8);
  for (const [index, time] of times.entries()) bytes.writeBigUInt64LE(BigInt.asUintN(64, time), index * 8);
  return bytes.toString("latin1");
}

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
