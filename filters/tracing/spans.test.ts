import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { type CompiledModule, loadModule } from "../../test/support/module-host.js";
import { allowing, consumers, partnersOnly } from "../../test/support/module-policies.js";
import {
  acme,
  expectNested,
  type Format,
  fromCaller,
  otlpAttributes,
  SPAN,
  TRACE,
  tracedOnly,
  tracedShop,
} from "../../test/support/traced-shop.js";
import { exported, MILLISECOND, Traced, type ZipkinSpan } from "../../test/support/tracing.js";

// The spans of guard.wasm in both formats: which there are, and how they lie in each other.

let guard: CompiledModule;
beforeAll(async () => {
  guard = await loadModule("guard");
});

const plain = (more: Readonly<Record<string, unknown>> = {}, format: Format = "zipkin") =>
  tracedOnly(guard, more, format);
const ofShop = (more: Readonly<Record<string, unknown>> = {}, format: Format = "zipkin") =>
  tracedShop(guard, more, format);

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

  it("of a service are called as the file calls it, where somebody else names its cluster", () => {
    const clusters = [{ name: "httproute/shop/orders/rule/0", service: "orders" }];
    const names = (cluster: string) => {
      const traced = new Traced(guard, { configuration: exported({}, { clusters }) });
      traced.run({ service: { cluster } });
      return traced.zipkin().map(({ name, remoteEndpoint }) => [name, remoteEndpoint?.serviceName]);
    };
    expect(names("httproute/shop/orders/rule/0").at(-1)).toEqual(["GET orders", "orders"]);
    expect(names("httproute/shop/orders/rule/1").at(-1)).toEqual([
      "GET httproute/shop/orders/rule/1",
      "httproute/shop/orders/rule/1",
    ]);
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

  it("that the guard cannot judge, as the host fails, has one of its own", () => {
    let failing = false;
    const vm = { intercept: (name: string) => (failing && name === "proxy_set_property" ? 10 : undefined) };
    const traced = new Traced(guard, { configuration: exported(), vm });
    failing = true;
    expect(traced.run().passed).toBe(false);
    expect(traced.zipkin().map(({ tags }) => [tags["sluice.decision"], tags["error.type"]])).toEqual([
      ["sluice denied host-failure", "503"],
    ]);
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
    let isSlow = false;
    const vm = {
      intercept: (name: string) => {
        if (isSlow && name === "clock_time_get") traced.host.clock.advance(MILLISECOND);
        return undefined;
      },
    };
    const configuration = exported({ propagate: ["w3c"] }, { consumers }, [partnersOnly, allowing(true)]);
    const traced = new Traced(guard, { configuration, vm });
    isSlow = true;
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
