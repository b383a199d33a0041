import { beforeAll, describe, expect, it } from "vitest";
import { type CompiledModule, loadModule } from "../../test/support/module-host.js";
import { exported, MILLISECOND, SECOND, Traced, tracing } from "../../test/support/tracing.js";

// How spans come to collectors, in virtual time: in what requests, how often again, and what is given up when.

let guard: CompiledModule;
beforeAll(async () => {
  guard = await loadModule("guard");
});

const TICK = 250n * MILLISECOND;
const CHUNK = 64 << 10;

const started = (more: Readonly<Record<string, unknown>> = {}, beside: Readonly<Record<string, unknown>> = {}) =>
  new Traced(guard, { configuration: exported(more, beside), clusters: ["collector", "other"] });
const spansIn = (body: string): number => JSON.parse(body).length;
const answer = (traced: Traced, status: number) => traced.calls[0]?.answer([[":status", `${status}`]]);

describe("a request to a collector", () => {
  it("has what was written since the last tick, and all that a collector wants to know of it", () => {
    const traced = started();
    traced.burst(3);
    expect(traced.calls).toEqual([]);
    traced.tick();
    const [call, ...others] = traced.calls;
    expect(others).toEqual([]);
    expect(call).toMatchObject({ cluster: "collector", timeout: 5000, trailers: [] });
    expect(call?.headers).toEqual([
      [":method", "POST"],
      [":path", "/api/v2/spans"],
      [":authority", "collector:9411"],
      ["content-type", "application/json"],
      ["content-length", `${call?.body.length}`],
    ]);
    expect(traced.counted("exported")).toBe(0);
    expect(traced.collect().map(spansIn)).toEqual([3]);
    expect(traced.counted("exported")).toBe(3);
    traced.tick();
    expect(traced.calls).toEqual([]);
  });

  it("has 64 KiB at most, and the next begins without a tick", () => {
    const traced = started();
    traced.burst(400);
    expect(traced.calls.length).toBe(3);
    traced.tick();
    const bodies = traced.collect();
    expect(Math.max(...bodies.map(({ length }) => length))).toBeLessThanOrEqual(CHUNK);
    expect(Math.min(...bodies.slice(0, -1).map(({ length }) => length))).toBeGreaterThan(CHUNK - 2048);
    expect(bodies.map(spansIn).reduce((sum, count) => sum + count, 0)).toBe(400);
    expect([traced.counted("exported"), traced.counted("dropped")]).toEqual([400, 0]);
  });

  it("may be one of four at a time, and a fifth follows the first answer", () => {
    const traced = started();
    traced.burst(1000);
    expect(traced.calls).toHaveLength(4);
    traced.tick();
    expect(traced.calls).toHaveLength(4);
    answer(traced, 202);
    expect(traced.calls).toHaveLength(4);
    expect(
      traced
        .collect()
        .map(spansIn)
        .reduce((sum, count) => sum + count, 0),
    ).toBeLessThan(1000);
    expect(traced.counted("exported")).toBe(1000);
  });

  it("is accepted with any status from 200 to 299", () => {
    const traced = started();
    for (const status of [200, 202, 204, 299]) {
      traced.burst(1);
      traced.tick();
      answer(traced, status);
    }
    expect(traced.counted("exported")).toBe(4);
  });

  it("carries spans of several policies, each counted for its own", () => {
    const other = { ...tracing({ perSecond: 1000, export: 0 }), name: "other" };
    const routes = [
      { name: "r", run: ["trace"] },
      { name: "s", run: ["other"] },
    ];
    const traced = new Traced(guard, { configuration: exported({}, { routes }, [other]) });
    traced.burst(2, { route: "r" });
    traced.burst(3, { route: "s" });
    traced.tick();
    expect(traced.collect().map(spansIn)).toEqual([5]);
    expect([traced.counted("exported"), traced.counted("exported", "other")]).toEqual([2, 3]);
  });

  it("has spans of eight policies, and a ninth begins the next", () => {
    const names = Array.from({ length: 9 }, (_, index) => `p-${index}`);
    const policies = names.map((name) => ({ ...tracing({ perSecond: 1000, export: 0 }), name }));
    const routes = names.map((name) => ({ name, run: [name] }));
    const traced = new Traced(guard, { configuration: exported({}, { routes }, policies) });
    for (const route of names) traced.burst(1, { route });
    traced.tick();
    expect(traced.collect().map(spansIn)).toEqual([8, 1]);
  });
});

describe("a collector that fails", () => {
  /** Lets time pass, and answers every call with a status; when they were made, in milliseconds. */
  function attempts(traced: Traced, status: number | "breaks", until: bigint): number[] {
    const begin = traced.host.clock.monotonic();
    const times: number[] = [];
    while (traced.host.clock.monotonic() - begin < until) {
      traced.host.advance(TICK);
      for (const call of traced.calls) {
        times.push(Number((traced.host.clock.monotonic() - begin) / MILLISECOND));
        if (status === "breaks") call.breakOff();
        else call.answer([[":status", `${status}`]]);
      }
    }
    return times;
  }

  it.each([500, 503, 408, 429, "breaks" as const])(
    "with %s is asked again later and later, and the fifth time is the last",
    (status) => {
      const traced = started();
      traced.burst(2);
      expect(attempts(traced, status, 60n * SECOND)).toEqual([250, 500, 1000, 2000, 4000]);
      expect([traced.counted("exported"), traced.counted("dropped")]).toEqual([0, 2]);
    },
  );

  it("waits up to half a minute, also for what comes later, and goes on at once when it is back", () => {
    const traced = started();
    const times: number[] = [];
    for (let round = 0; round < 12; round++) {
      traced.burst(1);
      times.push(...attempts(traced, 503, 30n * SECOND).map((time) => round * 30_000 + time));
    }
    const gaps = times.slice(1).map((time, index) => time - (times[index] ?? 0));
    expect(gaps.slice(0, 4)).toEqual([250, 500, 1000, 2000]);
    expect(Math.max(...gaps)).toBe(30_000);
    traced.host.advance(31n * SECOND);
    traced.collect();
    const waiting = traced.counted("exported");
    expect(waiting).toBeGreaterThan(0);
    traced.burst(1);
    traced.tick();
    expect(traced.collect()).toHaveLength(1);
  });

  it("gets one call at a time until it answers", () => {
    const traced = started();
    traced.burst(1000);
    expect(traced.calls).toHaveLength(4);
    for (const call of traced.calls) call.answer([[":status", "503"]]);
    traced.tick();
    expect(traced.calls).toHaveLength(1);
    answer(traced, 200);
    expect(traced.calls.length).toBeGreaterThan(1);
    traced.collect();
    traced.tick();
    traced.collect();
    expect([traced.counted("exported"), traced.counted("dropped")]).toEqual([1000, 0]);
  });

  it.each([400, 404, 413, 301])("with %i is not asked again for the same: it would say the same", (status) => {
    const traced = started();
    traced.burst(2);
    expect(attempts(traced, status, 5n * SECOND)).toEqual([250]);
    expect(traced.counted("dropped")).toBe(2);
    traced.burst(1);
    traced.tick();
    expect(traced.calls).toHaveLength(1);
  });

  it("as it is no cluster of the proxy, costs spans and nothing else", () => {
    const traced = new Traced(guard, { configuration: exported(), clusters: [] });
    traced.burst(3);
    traced.host.advance(10n * SECOND);
    expect([traced.counted("exported"), traced.counted("dropped")]).toEqual([0, 3]);
    expect(traced.begin().passed).toBe(true);
  });

  it("with an answer that has no status at all is one that broke off", () => {
    const traced = started();
    traced.burst(1);
    traced.tick();
    traced.calls[0]?.answer([["x", "y"]]);
    traced.tick();
    expect(traced.calls).toHaveLength(1);
    expect(traced.counted("dropped")).toBe(0);
  });
});
