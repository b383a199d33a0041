import { beforeAll, describe, expect, it } from "vitest";
import { type CompiledModule, loadModule } from "../../test/support/module-host.js";
import {
  exported,
  otlpCollector,
  SECOND,
  Traced,
  tracedBy,
  tracing,
  zipkinCollector,
} from "../../test/support/tracing.js";

// What is held in memory: spans that wait for collectors, streams that have not ended. All of it is bounded, and given back.

let guard: CompiledModule;
beforeAll(async () => {
  guard = await loadModule("guard");
});

const MEBIBYTE = 1 << 20;
const CHUNK = 64 << 10;

const started = (more: Readonly<Record<string, unknown>> = {}, beside: Readonly<Record<string, unknown>> = {}) =>
  new Traced(guard, { configuration: exported(more, beside), clusters: ["collector", "other"] });
const spansIn = (body: string): number => JSON.parse(body).length;

describe("the queue", () => {
  it("holds a mebibyte while the collector is down, and counts what comes after", () => {
    const traced = started();
    traced.tick();
    const before = traced.vm().memorySize;
    traced.burst(1);
    const stopped = () => traced.host.calls.pending.length;
    for (let round = 0; round < 200; round++) traced.burst(100);
    expect(stopped()).toBe(4);
    const dropped = traced.counted("dropped");
    expect(dropped).toBeGreaterThan(15_000);
    expect(traced.vm().memorySize - before).toBeLessThan(2 * MEBIBYTE + CHUNK);
    // What was taken comes through, to the last span.
    const bodies: string[] = [];
    for (let round = 0; round < 20; round++) {
      bodies.push(...traced.collect());
      traced.tick();
    }
    const sum = bodies.map(spansIn).reduce((all, count) => all + count, 0);
    expect(sum + dropped).toBe(20_001);
    expect(bodies).toHaveLength(16);
    expect(bodies.reduce((all, body) => all + body.length, 0)).toBeLessThanOrEqual(MEBIBYTE);
    // And then there is room again, in the same memory.
    const size = traced.vm().memorySize;
    traced.burst(400);
    expect(traced.counted("dropped")).toBe(dropped);
    expect(traced.vm().memorySize).toBe(size);
  });

  it("is shared between collectors: one that is down leaves the others their part", () => {
    const exporters = [zipkinCollector, { ...otlpCollector, cluster: "other" }];
    const other = { ...tracing({ perSecond: 100_000, export: 1 }), name: "other" };
    const routes = [
      { name: "r", run: ["trace"] },
      { name: "s", run: ["other"] },
    ];
    const traced = new Traced(guard, {
      configuration: exported({}, { exporters, routes }, [other]),
      clusters: ["collector", "other"],
    });
    for (let round = 0; round < 30; round++) traced.burst(100, { route: "r" });
    const dropped = traced.counted("dropped");
    expect(dropped).toBeGreaterThan(1000);
    for (let round = 0; round < 30; round++) {
      traced.burst(20, { route: "s" });
      traced.tick();
      for (const call of traced.calls) if (call.cluster === "other") call.answer([[":status", "200"]]);
    }
    expect([traced.counted("exported", "other"), traced.counted("dropped", "other")]).toEqual([600, 0]);
    expect(traced.counted("exported")).toBe(0);
  });

  it("belongs to each of several collectors that answer, however many there are", () => {
    const count = 8;
    const exporters = Array.from({ length: count }, (_, index) => ({ ...zipkinCollector, cluster: `c${index}` }));
    const policies = exporters.map((_, index) => ({
      ...tracing({ perSecond: 10_000, export: index }),
      name: `p-${index}`,
    }));
    const routes = policies.map(({ name }) => ({ name, run: [name] }));
    const [first, ...others] = policies;
    if (first === undefined) throw new Error("there is no policy");
    const traced = new Traced(guard, {
      configuration: tracedBy(first, { exporters, routes }, others),
      clusters: exporters.map(({ cluster }) => cluster),
    });
    for (const { name } of policies) traced.burst(200, { route: name });
    for (let round = 0; round < 10; round++) {
      traced.tick();
      expect(traced.calls.length).toBeLessThanOrEqual(4);
      traced.collect();
    }
    expect(policies.map(({ name }) => traced.counted("exported", name))).toEqual(policies.map(() => 200));
  });
});

describe("streams", () => {
  it.each([
    ["recorded", { ratio: 1_000_000 }, 10_050],
    ["kept at the end", { ratio: 0, always: { noted: [], when: true } }, 10_050],
    ["kept in mind for nothing", { ratio: 0, always: { noted: [], when: false } }, 0],
  ])(
    "that are %s leave nothing behind, ten thousand of them aborted: the pool is as empty as before",
    (_, more, count) => {
      const traced = started(more);
      const open = () => Array.from({ length: 50 }, () => traced.begin());
      for (const stream of open()) stream.end();
      traced.tick();
      traced.collect();
      const size = traced.vm().memorySize;
      for (let round = 0; round < 200; round++) {
        for (const [index, stream] of open().entries()) {
          if (index % 3 === 1) stream.answer(200);
          stream.end();
        }
        traced.tick();
        traced.collect();
      }
      expect(traced.vm().memorySize).toBe(size);
      expect([traced.counted("dropped"), traced.counted("exported")]).toEqual([0, count]);
    },
  );

  it("that nothing is kept of leave the module at once at their end", () => {
    const calls: string[] = [];
    const vm = { intercept: (name: string) => void calls.push(name) };
    const traced = new Traced(guard, { configuration: exported({ ratio: 0 }), vm });
    const kept = traced.begin({ headers: [["traceparent", `00-${"a".repeat(32)}-${"b".repeat(16)}-01`]] });
    const stream = traced.begin();
    calls.length = 0;
    stream.answer(200);
    stream.end();
    expect(calls).toEqual([]);
    kept.end();
    expect(calls).not.toEqual([]);
  });

  it("that are more than the pool holds go on, and lose their spans", () => {
    const traced = started({ tags: [{ name: "path", value: ["get", "request.headers", "x-long"] }] });
    const headers = [["x-long", "x".repeat(300)] as const];
    const streams: { end(): void }[] = [];
    while (traced.counted("dropped") === 0 && streams.length < 40_000) {
      const stream = traced.begin({ headers });
      expect(stream.passed).toBe(true);
      streams.push(stream);
    }
    // 16 MiB of blocks of 512 bytes.
    expect(streams.length).toBe(32 * 1024 + 1);
    expect(traced.vm().memorySize).toBeLessThan(20 * MEBIBYTE);
    for (const stream of streams) stream.end();
    traced.tick();
    traced.collect();
    traced.tick();
    traced.collect();
    const again = traced.counted("dropped");
    traced.burst(10, { headers });
    traced.tick();
    traced.collect();
    expect(traced.counted("dropped")).toBe(again);
  });

  it("that the module was never told of, or twice, do no harm", () => {
    const traced = started();
    const vm = traced.vm();
    const [root] = vm.roots;
    if (root === undefined) throw new Error("there is no root");
    vm.ask(root, "proxy_on_log", [4711]);
    vm.ask(root, "proxy_on_http_call_response", [root.id, 4711, 0, 0, 0]);
    vm.ask(root, "proxy_on_tick", [4711]);
    const stream = traced.begin();
    stream.answer(200);
    stream.end();
    expect(traced.zipkin()).toHaveLength(1);
  });
});

describe("several roots of one VM", () => {
  const pluginOf = (configuration: unknown) => ({
    name: "",
    rootId: "",
    configuration: Buffer.from(JSON.stringify(configuration)),
  });

  it("have queues and collectors of their own", () => {
    const traced = started();
    const vm = traced.vm();
    const more = exported({}, { exporters: [{ ...zipkinCollector, cluster: "other", service: "second" }] });
    const second = vm.configure(pluginOf(more));
    expect(second).toBeDefined();
    const run = (root: typeof second) => {
      const stream = vm.stream(
        {
          attributes: {
            "xds.route_name": "r",
            "source.address": undefined,
            "request.protocol": undefined,
            "request.time": undefined,
            "request.duration": undefined,
            "upstream.request_attempt_count": undefined,
          },
        },
        root,
      );
      stream.requestHeaders(
        [
          [":method", "GET"],
          [":path", "/"],
          [":authority", "a"],
        ],
        true,
      );
      stream.responseHeaders([[":status", "200"]], true);
      stream.finish();
    };
    run(vm.roots[0]);
    run(second);
    run(second);
    traced.tick();
    const found = traced.calls.map(({ cluster, body }) => [cluster, JSON.parse(Buffer.from(body).toString())]);
    expect(found.map(([cluster, spans]) => [cluster, spans.length, spans[0].localEndpoint.serviceName])).toEqual([
      ["collector", 1, "shop"],
      ["other", 2, "second"],
    ]);
    traced.collect();
    expect(traced.counted("exported")).toBe(3);
  });

  it("that go do not take their room with them", () => {
    const traced = started();
    const vm = traced.vm();
    const [first] = vm.roots;
    if (first === undefined) throw new Error("there is no root");
    for (let round = 0; round < 60; round++) traced.burst(100);
    expect(traced.counted("dropped")).toBeGreaterThan(0);
    traced.host.calls.cancelOf(vm);
    vm.remove(first);
    const second = vm.configure(pluginOf(exported()));
    expect(second).toBeDefined();
    traced.host.advance(11n * SECOND);
    const dropped = traced.counted("dropped");
    const stream = vm.stream(
      {
        attributes: {
          "xds.route_name": "r",
          "source.address": undefined,
          "request.protocol": undefined,
          "request.time": undefined,
          "request.duration": undefined,
          "upstream.request_attempt_count": undefined,
        },
      },
      second,
    );
    stream.requestHeaders(
      [
        [":method", "GET"],
        [":path", "/"],
        [":authority", "a"],
      ],
      true,
    );
    stream.finish();
    traced.tick();
    expect(traced.collect().map(spansIn)).toEqual([1]);
    // The spans of the root that went are lost, and counted.
    expect(traced.counted("dropped")).toBeGreaterThan(dropped);
  });
});
