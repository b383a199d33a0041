import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { type CompiledModule, loadModule } from "../../test/support/module-host.js";
import { consumers, partnersOnly } from "../../test/support/module-policies.js";
import { exported, MILLISECOND, SECOND, Traced, tracedBy, tracing } from "../../test/support/tracing.js";

// Which traces are recorded: by callers, by ratio, by rules, and never more in a second than the policy allows.

let guard: CompiledModule;
let lone: CompiledModule;
beforeAll(async () => {
  guard = await loadModule("guard");
  lone = await loadModule("tracing");
});

const SPAN = "b7ad6b7169203331";
const fromCaller = (sampled: 0 | 1, low = "8448eb211c80319c") =>
  [["traceparent", `00-0af7651916cd43dd${low}-${SPAN}-0${sampled}`]] as const;
/** A trace id whose randomness is a number of 56 bits; its caller decided nothing. */
const undecided = (randomness: bigint) =>
  [["b3", `0af7651916cd43ddff${randomness.toString(16).padStart(14, "0")}-${SPAN}`]] as const;

const isSampled = (state: Record<string, string>) =>
  state["sluice.traceparent"]?.endsWith("01") || state["sluice.traceparent"]?.endsWith("03");

const propagating = (more: Readonly<Record<string, unknown>>, module = guard) =>
  new Traced(module, { configuration: tracedBy(tracing(more)) });

describe("a caller's decision", () => {
  it("holds, and then the policy's ratio is not asked", () => {
    expect(isSampled(propagating({ ratio: 0 }).run({ headers: fromCaller(1) }).state)).toBe(true);
    expect(isSampled(propagating({ ratio: 1_000_000 }).run({ headers: fromCaller(0) }).state)).toBe(false);
  });

  it("does not with `parent: false`, which keeps the trace", () => {
    const { state } = propagating({ ratio: 0, parent: false }).run({ headers: fromCaller(1) });
    expect(state["sluice.traceparent"]).toMatch(/^00-0af7651916cd43dd8448eb211c80319c-.{16}-00$/);
    expect(isSampled(propagating({ ratio: 1_000_000, parent: false }).run({ headers: fromCaller(0) }).state)).toBe(
      true,
    );
  });

  it("to debug is one to record", () => {
    const traced = propagating({ ratio: 0, propagate: ["b3multi"] });
    const flagged = traced.run({ headers: [["x-b3-flags", "1"]] }).state;
    expect(flagged["sluice.b3-sampled"]).toBe("1");
  });
});

describe("the ratio", () => {
  const WHOLE = 1n << 56n;

  it.each([1, 100_000, 250_000, 500_000, 999_999])("of %i in a million is exact at its threshold", (ratio) => {
    const threshold = (WHOLE * (1_000_000n - BigInt(ratio))) / 1_000_000n;
    const traced = propagating({ ratio });
    const at = (randomness: bigint) => isSampled(traced.run({ headers: undecided(randomness) }).state);
    // Whatever the rounding, no more than one trace in 2^56 is on the wrong side.
    expect(at(threshold + 1n)).toBe(true);
    expect(at(threshold - 1n)).toBe(false);
    expect(at(WHOLE - 1n)).toBe(true);
    expect(at(0n)).toBe(false);
  });

  it("of nothing and of all leave nothing to chance", () => {
    for (const randomness of [0n, 1n, WHOLE / 2n, WHOLE - 1n]) {
      expect(isSampled(propagating({ ratio: 0 }).run({ headers: undecided(randomness) }).state)).toBe(false);
      expect(isSampled(propagating({ ratio: 1_000_000 }).run({ headers: undecided(randomness) }).state)).toBe(true);
    }
  });

  it("is kept over traces that begin here", () => {
    const traced = propagating({ ratio: 100_000 });
    const sampled = Array.from({ length: 5000 }, () => traced.run().state).filter(isSampled).length;
    // Nine standard deviations of a binomial distribution of 5000 times 0.1.
    expect(Math.abs(sampled - 500)).toBeLessThan(190);
  });
});

describe("rules", () => {
  const path = (text: string) => ["==", ["get", "request.path"], text];
  const rules = [
    { when: path("/healthz"), ratio: 0 },
    { when: ["startsWith", ["get", "request.path"], "/pay"], ratio: 1_000_000 },
    { when: ["!=", ["get", "request.headers", "x-a"], "1"], ratio: 1_000_000 },
  ];

  it("decide in the place of the ratio, the first that is true", () => {
    const traced = propagating({ ratio: 0, rules });
    expect(isSampled(traced.run({ path: "/pay/1" }).state)).toBe(true);
    expect(isSampled(traced.run({ path: "/other" }).state)).toBe(false);
    expect(isSampled(traced.run({ path: "/other", headers: [["x-a", "2"]] }).state)).toBe(true);
    expect(isSampled(propagating({ ratio: 1_000_000, rules }).run({ path: "/healthz?a=1" }).state)).toBe(false);
  });

  it("that are unknown do not hold, and none holds against a caller", () => {
    const traced = propagating({ ratio: 0, rules });
    const twice = [
      ["x-a", "2"],
      ["x-a", "2"],
    ] as const;
    expect(isSampled(traced.run({ headers: twice }).state)).toBe(false);
    expect(isSampled(traced.run({ path: "/healthz", headers: fromCaller(1) }).state)).toBe(true);
  });

  it("may ask who calls, in a module that finds it out as in one that is told", () => {
    const gold = { when: ["==", ["get", "auth.tier"], "gold"], ratio: 1_000_000 };
    const trace = tracing({ ratio: 0, rules: [gold] });
    const known = new Traced(guard, { configuration: tracedBy(trace, { consumers }, [partnersOnly]) });
    const as = (key: string) => isSampled(known.run({ headers: [["x-api-key", key]] }).state);
    expect([as("acme-key"), as("globex-key")]).toEqual([true, false]);
    const told = propagating({ ratio: 0, rules: [gold] }, lone);
    expect(isSampled(told.run({ state: { "sluice.tier": "gold" } }).state)).toBe(true);
    expect(isSampled(told.run({ state: { "sluice.tier": "free" } }).state)).toBe(false);
  });

  it("that ask who calls count the spans of a caller who is turned away, too", () => {
    const gold = { when: ["==", ["get", "auth.tier"], "gold"], ratio: 0 };
    const more = { ratio: 1_000_000, rules: [gold] };
    const traced = new Traced(guard, { configuration: exported(more, { consumers }, [partnersOnly]) });
    traced.run({ headers: [["x-api-key", "guess"]] });
    traced.run({ headers: [["x-api-key", "acme-key"]] });
    expect(traced.zipkin().map(({ name }) => name)).toEqual(["GET", "authenticate partners-only"]);
    expect(traced.counted("sampled")).toBe(1);
  });
});

describe("the most traces in a second", () => {
  const capped = (perSecond: number, more: { workers?: number; ratio?: number } = {}) =>
    new Traced(guard, {
      configuration: exported({ perSecond, ratio: more.ratio ?? 1_000_000 }),
      workers: more.workers ?? 1,
    });

  it("hold for callers too: what is capped goes on as not sampled, and is counted", () => {
    const traced = capped(3);
    const states = Array.from({ length: 8 }, () => traced.begin({ headers: fromCaller(1) }).state);
    expect(states.map(isSampled)).toEqual([true, true, true, false, false, false, false, false]);
    expect(traced.counted("sampled")).toBe(3);
    expect(traced.counted("capped")).toBe(5);
    traced.host.clock.advance(SECOND);
    expect(isSampled(traced.begin({ headers: fromCaller(1) }).state)).toBe(true);
  });

  it("hold for a debugging caller of B3", () => {
    const traced = new Traced(guard, { configuration: exported({ perSecond: 1, propagate: ["b3"] }) });
    const debug = () => traced.begin({ headers: [["b3", "d"]] }).state["sluice.b3"]?.at(-1);
    expect([debug(), debug()]).toEqual(["1", "0"]);
  });

  it("are given out to the last over workers that take turns", () => {
    const traced = capped(100, { workers: 4 });
    const sampled = Array.from({ length: 400 }, (_, index) => traced.begin({}, index % 4).state).filter(isSampled);
    // What a worker has taken and not used when the second is over lapses; while the others ask, all of it is used.
    expect(sampled).toHaveLength(100);
  });

  it("are not touched by traces that are not sampled", () => {
    const traced = capped(1);
    for (let index = 0; index < 5; index++) traced.begin({ headers: fromCaller(0) });
    expect(traced.counted("capped")).toBe(0);
    expect(isSampled(traced.begin({ headers: fromCaller(1) }).state)).toBe(true);
  });

  it("belong to the policy: two of them have one each", () => {
    const second = { ...tracing({ perSecond: 1, export: 0 }), name: "other" };
    const configuration = exported(
      { perSecond: 1 },
      {
        routes: [
          { name: "r", run: ["trace"] },
          { name: "s", run: ["other"] },
        ],
      },
      [second],
    );
    const traced = new Traced(guard, { configuration });
    const on = (route: string) => isSampled(traced.begin({ route }).state);
    expect([on("r"), on("r"), on("s"), on("s")]).toEqual([true, false, true, false]);
  });

  it("are none where the host has no shared data, or no clock", () => {
    for (const failing of ["proxy_get_shared_data", "clock_time_get"]) {
      let fails = false;
      const vm = { intercept: (name: string) => (fails && name === failing ? 10 : undefined) };
      const traced = new Traced(guard, { configuration: exported({ perSecond: 10 }), vm });
      fails = true;
      const stream = traced.begin();
      expect(stream.passed).toBe(true);
      expect(isSampled(stream.state)).toBe(false);
      expect(traced.counted("capped")).toBe(1);
    }
  });

  it("cost one look at shared data when they are spent, and none while a worker has some left", () => {
    const calls: string[] = [];
    const vm = { intercept: (name: string) => void calls.push(name) };
    const traced = new Traced(guard, { configuration: exported({ perSecond: 3200 }), vm });
    const looks = () => {
      calls.length = 0;
      traced.begin();
      return calls.filter((name) => name.includes("shared")).length;
    };
    expect([looks(), looks(), looks()]).toEqual([2, 0, 0]);
    const spent = new Traced(guard, { configuration: exported({ perSecond: 1 }), vm });
    const once = () => {
      calls.length = 0;
      spent.begin();
      return calls.filter((name) => name.includes("shared")).length;
    };
    expect([once(), once(), once()]).toEqual([2, 1, 0]);
  });

  it("are never exceeded, whoever asks when and whatever races are lost", () => {
    const step = fc.record({
      worker: fc.nat(2),
      wait: fc.oneof(fc.constant(0), fc.nat(400), fc.nat(3000)),
      race: fc.nat(9),
    });
    const property = fc.property(
      fc.integer({ min: 1, max: 60 }),
      fc.array(step, { maxLength: 200 }),
      (perSecond, steps) => {
        const traced = capped(perSecond, { workers: 3 });
        const seconds = new Map<bigint, number>();
        for (const { worker, wait, race } of steps) {
          traced.host.clock.advance(BigInt(wait) * MILLISECOND);
          let others = race === 0 ? 1 : 0;
          traced.host.sharedData.beforeWrite = () => {
            // Another worker comes in between the look and the write.
            if (others-- > 0) count(traced.begin({}, (worker + 1) % 3).state);
          };
          count(traced.begin({}, worker).state);
        }
        function count(state: Record<string, string>): void {
          if (!isSampled(state)) return;
          const second = traced.host.clock.monotonic() / SECOND;
          seconds.set(second, (seconds.get(second) ?? 0) + 1);
        }
        expect(Math.max(0, ...seconds.values())).toBeLessThanOrEqual(perSecond);
      },
    );
    fc.assert(property, { numRuns: 60 });
  });
});

describe("a policy without `export`", () => {
  it("hands decisions on, and counts and keeps nothing", () => {
    const calls: string[] = [];
    const entered: string[] = [];
    const vm = {
      intercept: (name: string) => void calls.push(name),
      entered: (name: string) => void entered.push(name),
    };
    const traced = new Traced(guard, { configuration: tracedBy(tracing({ perSecond: 1 })), vm });
    calls.length = 0;
    expect(Array.from({ length: 5 }, () => isSampled(traced.run().state))).toEqual([true, true, true, true, true]);
    expect(calls.filter((name) => /metric|shared|clock|http_call|tick/.test(name))).toEqual([]);
    expect(traced.counted("sampled")).toBe(-1);
    traced.tick();
    expect(entered).not.toContain("proxy_on_tick");
  });
});
