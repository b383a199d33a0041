import { beforeAll, describe, expect, it } from "vitest";
import { type CompiledModule, loadModule } from "../../test/support/module-host.js";
import { consumers, partnersOnly } from "../../test/support/module-policies.js";
import { exported, MILLISECOND, SECOND, Traced } from "../../test/support/tracing.js";

// Tail rules: what keeps the trace of a stream that was not to be recorded, asked when the stream has ended.

let guard: CompiledModule;
beforeAll(async () => {
  guard = await loadModule("guard");
});

const status = ["get", "response.status"];
const failed = [">=", status, 500];
const header = (name: string) => ["get", "request.headers", name];

const tail = (when: unknown, noted: readonly unknown[] = [], more: Readonly<Record<string, unknown>> = {}) =>
  new Traced(guard, { configuration: exported({ ratio: 0, always: { noted, when }, ...more }) });

/** Whether the trace of a stream was kept. */
function keeps(traced: Traced, request: Parameters<Traced["run"]>[0]): boolean {
  const before = traced.counted("kept");
  traced.run(request);
  const spans = traced.zipkin();
  const kept = traced.counted("kept") - before;
  expect(spans.length > 0).toBe(kept === 1);
  return kept === 1;
}

describe("a tail rule", () => {
  it("keeps by status what was not sampled, and nothing else", () => {
    const traced = tail(failed);
    expect([200, 499, 500, 503].map((code) => keeps(traced, { status: code }))).toEqual([false, false, true, true]);
    expect(traced.counted("sampled")).toBe(0);
  });

  it("keeps by duration in milliseconds", () => {
    const traced = tail([">", ["get", "response.duration"], 1000]);
    expect(keeps(traced, { takes: SECOND + 900n * 1000n })).toBe(false);
    expect(keeps(traced, { takes: SECOND + MILLISECOND })).toBe(true);
  });

  it("keeps by a header of the answer, which is unknown if it is there twice", () => {
    const traced = tail(["==", ["get", "response.headers", "x-cache"], "miss"]);
    const answers = (...headers: [string, string][]) => {
      const before = traced.counted("kept");
      const stream = traced.begin();
      stream.answer(200, headers);
      stream.end();
      return traced.counted("kept") > before;
    };
    expect(answers()).toBe(false);
    expect(answers(["x-cache", "miss"])).toBe(true);
    expect(answers(["x-cache", "hit"])).toBe(false);
    expect(answers(["x-cache", "miss"], ["x-cache", "miss"])).toBe(false);
    traced.zipkin();
    // A header of the request is none of the answer.
    expect(keeps(traced, { headers: [["x-cache", "miss"]] })).toBe(false);
  });

  it("of a stream without an answer has the status 0, as in access logs", () => {
    const aborted = (traced: Traced) => {
      traced.begin().end();
      return traced.counted("kept");
    };
    expect(aborted(tail(failed))).toBe(0);
    expect(aborted(tail(["==", status, 0]))).toBe(1);
    expect(aborted(tail(["has", status]))).toBe(1);
  });

  it("is not asked of what is recorded anyway", () => {
    const traced = tail(failed, [], { ratio: 1_000_000 });
    expect(traced.run({ status: 500 }).passed).toBe(true);
    expect([traced.counted("sampled"), traced.counted("kept")]).toEqual([1, 0]);
    expect(traced.zipkin()).toHaveLength(1);
  });

  it("keeps what was capped, and itself no more in a second than the policy allows", () => {
    const traced = tail(failed, [], { ratio: 1_000_000, perSecond: 2 });
    for (let index = 0; index < 6; index++) {
      const stream = traced.begin();
      stream.answer(500);
      stream.end();
    }
    expect([traced.counted("sampled"), traced.counted("kept"), traced.counted("capped")]).toEqual([2, 2, 6]);
  });

  it("knows what became of a request that was turned away", () => {
    const noted = ["has", ["get", "auth.consumer"]];
    const always = { noted: [noted], when: ["&&", ["!", ["noted", 0]], ["==", status, 401]] };
    const configuration = exported({ ratio: 0, always }, { consumers }, [partnersOnly]);
    const traced = new Traced(guard, { configuration });
    traced.run({ headers: [["x-api-key", "guess"]] });
    traced.run({ headers: [["x-api-key", "acme-key"]], status: 401 });
    expect(traced.counted("kept")).toBe(1);
    expect(traced.zipkin().find(({ kind }) => kind === "SERVER")?.tags["sluice.decision"]).toBe(
      "partners-only denied unknown-credential",
    );
  });
});

describe("conditions that were noted", () => {
  const isOne = ["==", header("x-a"), "1"];
  const truths = { true: [["x-a", "1"]], false: [["x-a", "2"]], unknown: [] } as const;

  it.each([
    [
      ["noted", 0],
      [true, false, false],
    ],
    [
      ["!", ["noted", 0]],
      [false, true, false],
    ],
    [
      ["||", ["noted", 0], failed],
      [true, false, false],
    ],
    [
      ["||", failed, ["!", ["noted", 0]]],
      [false, true, false],
    ],
    [
      ["&&", ["noted", 0], ["<", status, 300]],
      [true, false, false],
    ],
    [
      ["!", ["&&", ["noted", 0], failed]],
      [true, true, true],
    ],
    [
      ["!", ["||", ["noted", 0], failed]],
      [false, true, false],
    ],
    [
      ["==", ["noted", 0], true],
      [true, false, false],
    ],
    [
      ["!=", ["noted", 0], true],
      [false, true, false],
    ],
    [
      ["?:", ["noted", 0], ["<", status, 300], failed],
      [true, false, false],
    ],
  ] as const)("are three-valued at the end: %j", (when, expected) => {
    const traced = tail(when, [isOne]);
    const kept = Object.values(truths).map((headers) => keeps(traced, { headers }));
    expect(kept).toEqual([...expected]);
  });

  it("are sixteen, each of its own", () => {
    const names = Array.from({ length: 16 }, (_, index) => `x-${index}`);
    const noted = names.map((name) => ["==", header(name), "1"]);
    for (const [index, name] of names.entries()) {
      const traced = tail(["noted", index], noted);
      expect(keeps(traced, { headers: [[name, "1"]] }), name).toBe(true);
      const others = names.filter((other) => other !== name).map((other) => [other, "1"] as const);
      expect(keeps(traced, { headers: others }), `all but ${name}`).toBe(false);
    }
  });

  it("belong to their own stream, however streams overlap", () => {
    const traced = tail(["noted", 0], [isOne]);
    const streams = Array.from({ length: 40 }, (_, index) => ({
      index,
      stream: traced.begin({ headers: index % 3 === 0 ? truths.true : index % 3 === 1 ? truths.false : [] }),
    }));
    for (const { index, stream } of streams.toSorted((a, b) => ((a.index * 7) % 40) - ((b.index * 7) % 40))) {
      const before = traced.counted("kept");
      stream.answer(200);
      stream.end();
      expect(traced.counted("kept") - before).toBe(index % 3 === 0 ? 1 : 0);
    }
  });
});

describe("what it costs", () => {
  const costs = (when: unknown, stream: (traced: Traced) => void) => {
    const calls: string[] = [];
    const vm = { intercept: (name: string) => void calls.push(name) };
    const configuration = exported(
      { ratio: 0, always: { noted: [], when } },
      { routes: [{ name: "r", run: ["trace"], tell: [] }] },
    );
    const traced = new Traced(guard, { configuration, vm });
    // The first request asks for random numbers.
    traced.run();
    calls.length = 0;
    stream(traced);
    return calls;
  };

  it("a stream that is not kept: the clock twice with its request, and its status at its end", () => {
    expect(costs(failed, (traced) => traced.run())).toEqual([
      "proxy_get_property",
      "proxy_get_header_map_pairs",
      "clock_time_get",
      "clock_time_get",
      "proxy_get_property",
    ]);
  });

  it("its status, duration and headers only where the rule asks for them", () => {
    const last = (when: unknown) => costs(when, (traced) => traced.run()).slice(4);
    expect(last([">", ["get", "response.duration"], 5])).toEqual(["proxy_get_property"]);
    expect(last(["&&", failed, [">", ["get", "response.duration"], 5]])).toHaveLength(2);
    expect(last(["has", ["get", "response.headers", "x"]])).toEqual(["proxy_get_header_map_pairs"]);
  });
});
