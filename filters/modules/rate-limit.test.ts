import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import {
  type CompiledModule,
  type HostOptions,
  loadModule,
  ModuleVm,
  type Outcome,
  SharedData,
} from "../../test/support/module-host.js";
import { configurationOf, limiting, partnersOnly, type Rate } from "../../test/support/module-policies.js";

let guard: CompiledModule;
beforeAll(async () => {
  guard = await loadModule("guard");
});

const MILLISECOND = 1_000_000n;
const SECOND = 1000n * MILLISECOND;
const START = 1_000_000n * SECOND;

/** Workers of one process: VMs with one clock and one table, each with the configuration. */
function workers(count: number, configuration: unknown, options: HostOptions = {}) {
  const shared = new SharedData();
  const clock = { now: START };
  const vms = Array.from({ length: count }, () => {
    const vm = new ModuleVm(guard, { shared, clock, ...options });
    if (!vm.configure(configuration)) throw new Error(vm.lastError);
    return vm;
  });
  const worker = (index: number): ModuleVm => {
    const vm = vms[index];
    if (vm === undefined) throw new Error(`there is no worker ${index}`);
    return vm;
  };
  return { shared, clock, worker };
}

const byHeader = (rate: Rate, more: Readonly<Record<string, unknown>> = {}): Record<string, unknown> =>
  configurationOf([limiting("limit", rate, { key: [["get", "request.headers", "x-key"]], ...more })]);

const call = (vm: ModuleVm, key = "k"): Outcome => vm.send({ route: "r", headers: [["x-key", key]] });

/** What a bucket of the textbook lets pass; throws on a call that it would not. */
class Reference {
  private readonly times = new Map<string, bigint>();
  private readonly interval: bigint;
  private readonly tolerance: bigint;

  constructor(rate: Rate) {
    this.interval = (BigInt(rate.periodMs) * MILLISECOND + BigInt(rate.count) - 1n) / BigInt(rate.count);
    this.tolerance = BigInt(rate.burst) * this.interval;
  }

  conforms(key: string, now: bigint): boolean {
    const time = this.times.get(key) ?? 0n;
    const next = (time > now ? time : now) + this.interval;
    if (next - now > this.tolerance) return false;
    this.times.set(key, next);
    return true;
  }
}

describe("a limit", () => {
  const five: Rate = { count: 5, periodMs: 60_000, burst: 5 };

  test("lets a burst pass, tells what is left, and refuses the rest until there is more", () => {
    const { worker, clock } = workers(1, byHeader(five));
    const left = Array.from({ length: 5 }, () => call(worker(0)).properties["sluice.ratelimit"]);
    expect(left).toEqual([4, 3, 2, 1, 0].map((r) => `"limit";r=${r};t=12`));
    const refused = call(worker(0));
    expect(refused.reply).toEqual({
      status: 429,
      grpcStatus: 8,
      details: "sluice:limit",
      body: '{"type":"https://iana.org/assignments/http-problem-types#quota-exceeded","title":"Request cannot be satisfied as assigned quota has been exceeded","status":429,"violated-policies":["limit"]}',
      headers: [
        ["content-type", "application/problem+json"],
        ["retry-after", "12"],
        ["ratelimit", '"limit";r=0;t=12'],
        ["ratelimit-policy", '"limit";q=5;w=60'],
      ],
    });
    // The answer has the fields itself: from the filter state Envoy would add them once more.
    expect(refused.properties).toEqual({ "sluice.decision": "limit denied quota-exceeded" });
    clock.now += 12n * SECOND - 1n;
    expect(call(worker(0)).reply?.headers).toContainEqual(["retry-after", "1"]);
    clock.now += 1n;
    expect(call(worker(0)).passed).toBe(true);
    expect(call(worker(0)).passed).toBe(false);
    expect(Object.fromEntries(worker(0).metrics)).toMatchObject({
      "sluice.rate-limit.limit.allowed": 6,
      "sluice.rate-limit.limit.denied": 3,
      "sluice.rate-limit.limit.error": 0,
    });
  });

  test("says nothing of itself where it is not to", () => {
    const { worker } = workers(1, byHeader({ ...five, burst: 1 }, { headers: [] }));
    expect(call(worker(0)).properties).toEqual({ "sluice.decision": "limit allowed within-quota" });
    expect(call(worker(0)).reply?.headers).toEqual([["content-type", "application/problem+json"]]);
  });

  test("takes the rate of the caller's tier", () => {
    const rates = [{ tier: "gold", count: 2, periodMs: 1000, burst: 2 }];
    const limit = limiting("limit", { count: 1, periodMs: 1000, burst: 1 }, { rates });
    const { worker } = workers(1, configurationOf([partnersOnly, limit]));
    const as = (key: string): boolean => worker(0).send({ route: "r", headers: [["x-api-key", key]] }).passed;
    expect([as("acme-key"), as("acme-key"), as("acme-key")]).toEqual([true, true, false]);
    expect([as("globex-key"), as("globex-key")]).toEqual([true, false]);
  });

  test.each([8, 9, 1_023])("finds it among %i others, and takes none twice", (others) => {
    const rates = Array.from({ length: others }, (_, n) => ({ tier: `tier-${n}`, count: 9, periodMs: 1000, burst: 9 }));
    const two = { tier: "gold", count: 2, periodMs: 1000, burst: 2 };
    const limit = (all: unknown) => limiting("limit", { count: 1, periodMs: 1000, burst: 1 }, { rates: all });
    const { worker } = workers(1, configurationOf([partnersOnly, limit([...rates, two])]));
    const as = (key: string): boolean => worker(0).send({ route: "r", headers: [["x-api-key", key]] }).passed;
    expect([as("acme-key"), as("acme-key"), as("acme-key")]).toEqual([true, true, false]);
    expect([as("globex-key"), as("globex-key")]).toEqual([true, false]);
    const twice = [...rates.slice(1), two, two];
    expect(() => workers(1, configurationOf([partnersOnly, limit(twice)]))).toThrow("has a rate already");
  });

  test("counts each route and each policy alone", () => {
    const one = limiting("one", { count: 1, periodMs: 1000, burst: 1 }, { key: [] });
    const two = { ...one, name: "two" };
    const routes = ["a", "b"].map((name) => ({ name, run: ["one"] })).concat({ name: "c", run: ["two"] });
    const { worker } = workers(1, configurationOf([one, two], { routes }));
    for (const route of ["a", "b", "c"]) {
      expect(worker(0).send({ route }).passed).toBe(true);
      expect(worker(0).send({ route }).passed).toBe(false);
    }
  });

  test("has one bucket for all calls whose key is missing, empty or sent twice", () => {
    const { worker } = workers(1, byHeader({ count: 3, periodMs: 1000, burst: 3 }));
    expect(call(worker(0), "").passed).toBe(true);
    expect(worker(0).send({ route: "r" }).passed).toBe(true);
    expect(
      worker(0).send({
        route: "r",
        headers: [
          ["x-key", "a"],
          ["x-key", "b"],
        ],
      }).passed,
    ).toBe(true);
    expect(call(worker(0), "").passed).toBe(false);
    expect(call(worker(0), "a").passed).toBe(true);
  });

  test("does not take parts of a key for each other", () => {
    const key = [
      ["get", "request.headers", "x-a"],
      ["get", "request.headers", "x-b"],
    ];
    const { worker } = workers(
      1,
      configurationOf([limiting("limit", { count: 1, periodMs: 1000, burst: 1 }, { key })]),
    );
    const pairs: [string, string][] = [
      ["ab", "c"],
      ["a", "bc"],
      ["abc", ""],
      ["", "abc"],
    ];
    for (const [a, b] of pairs) {
      expect(
        worker(0).send({
          route: "r",
          headers: [
            ["x-a", a],
            ["x-b", b],
          ],
        }).passed,
      ).toBe(true);
    }
  });

  test("goes from a million a second to one a day", () => {
    const fast = workers(1, byHeader({ count: 1_000_000, periodMs: 1000, burst: 1 }));
    expect([call(fast.worker(0)).passed, call(fast.worker(0)).passed]).toEqual([true, false]);
    fast.clock.now += 1000n;
    expect(call(fast.worker(0)).passed).toBe(true);
    const slow = workers(1, byHeader({ count: 1, periodMs: 86_400_000, burst: 1 }));
    expect(call(slow.worker(0)).passed).toBe(true);
    expect(call(slow.worker(0)).reply?.headers).toContainEqual(["retry-after", "86400"]);
    slow.clock.now += 86_400n * SECOND - 1n;
    expect(call(slow.worker(0)).passed).toBe(false);
    slow.clock.now += 1n;
    expect(call(slow.worker(0)).passed).toBe(true);
  });
});

describe("limits beside each other", () => {
  const key: unknown[] = [];
  const wide = limiting("wide", { count: 3, periodMs: 60_000, burst: 3 }, { key });
  const narrow = limiting("narrow", { count: 1, periodMs: 1000, burst: 1 }, { key });

  test("are told together, and a call that one refuses costs nothing in the other", () => {
    const { worker, clock } = workers(1, configurationOf([wide, narrow]));
    const passed = worker(0).send({ route: "r" });
    expect(passed.properties["sluice.ratelimit"]).toBe('"wide";r=2;t=20, "narrow";r=0;t=1');
    expect(passed.properties["sluice.ratelimit-policy"]).toBe('"wide";q=3;w=60, "narrow";q=1;w=1');
    for (let i = 0; i < 10; i++) {
      const refused = worker(0).send({ route: "r" });
      expect(refused.reply?.details).toBe("sluice:narrow");
      expect(refused.reply?.headers).toContainEqual(["ratelimit", '"wide";r=2;t=20, "narrow";r=0;t=1']);
    }
    clock.now += SECOND;
    expect(worker(0).send({ route: "r" }).properties["sluice.ratelimit"]).toBe('"wide";r=1;t=19, "narrow";r=0;t=1');
  });

  test("name the one that holds longest when several refuse", () => {
    const { worker } = workers(
      1,
      configurationOf([narrow, { ...wide, ...limiting("wide", { count: 1, periodMs: 60_000, burst: 1 }, { key }) }]),
    );
    worker(0).send({ route: "r" });
    const refused = worker(0).send({ route: "r" });
    expect(refused.reply?.details).toBe("sluice:wide");
    expect(refused.reply?.headers).toContainEqual(["retry-after", "60"]);
  });

  test("give back what was booked when another worker takes the last call of a later one", () => {
    const { worker, shared, clock } = workers(2, configurationOf([wide, narrow]));
    let intrude = true;
    shared.beforeWrite = (name) => {
      if (!intrude || !name.includes("narrow")) return;
      intrude = false;
      expect(worker(1).send({ route: "r" }).passed).toBe(true);
    };
    expect(worker(0).send({ route: "r" }).reply?.details).toBe("sluice:narrow");
    clock.now += SECOND;
    expect(worker(0).send({ route: "r" }).properties["sluice.ratelimit"]).toBe('"wide";r=1;t=19, "narrow";r=0;t=1');
  });
});

describe("several workers", () => {
  test("share a limit to the call, whenever they come between each other's read and write", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(2), fc.nat(2), fc.nat(3)), { minLength: 20, maxLength: 60 }), (calls) => {
        const rate: Rate = { count: 10, periodMs: 1000, burst: 7 };
        const { worker, shared, clock } = workers(3, byHeader(rate));
        const reference = new Reference(rate);
        let passed = 0;
        let expected = 0;
        for (const [first, second, tenths] of calls) {
          let intruders = first === second ? 0 : 1;
          shared.beforeWrite = () => {
            if (intruders-- > 0 && call(worker(second)).passed) passed++;
          };
          const intruded = intruders;
          if (call(worker(first)).passed) passed++;
          const came = 1 + intruded - Math.max(0, intruders);
          for (let i = 0; i < came; i++) if (reference.conforms("k", clock.now)) expected++;
          expect(passed).toBe(expected);
          clock.now += BigInt(tenths) * 50n * MILLISECOND;
        }
      }),
      { numRuns: 60 },
    );
  });

  test("let a call pass, and count an error, when every race is lost", () => {
    const { worker, shared } = workers(1, byHeader({ count: 1, periodMs: 1000, burst: 1 }));
    shared.beforeWrite = (key) => {
      const present = shared.values.get(key);
      shared.values.set(key, { bytes: present?.bytes ?? new Uint8Array(136), version: (present?.version ?? 0) + 1000 });
    };
    expect(call(worker(0)).passed).toBe(true);
    expect(worker(0).metrics.get("sluice.rate-limit.limit.error")).toBe(1);
    expect(worker(0).metrics.get("sluice.rate-limit.limit.allowed")).toBe(0);
  });

  test.each(["proxy_get_shared_data", "proxy_set_shared_data", "clock_time_get"])(
    "let calls pass when %s fails",
    (name) => {
      const failing = new Map<string, number>();
      const { worker } = workers(1, byHeader({ count: 1, periodMs: 1000, burst: 1 }), { failing });
      failing.set(name, 10);
      expect([call(worker(0)).passed, call(worker(0)).passed]).toEqual([true, true]);
      expect(worker(0).metrics.get("sluice.rate-limit.limit.error")).toBe(2);
    },
  );
});

describe("leases", () => {
  const hot: Rate = { count: 10_000, periodMs: 1000, burst: 1280 };

  test("spare the table: most calls of a hot key do not touch it", () => {
    const { worker, clock } = workers(1, byHeader(hot));
    let touched = 0;
    for (let i = 0; i < 1000; i++) {
      const outcome = call(worker(0));
      expect(outcome.passed).toBe(true);
      if (outcome.calls.includes("proxy_set_shared_data")) touched++;
      clock.now += 100_000n;
    }
    expect(touched).toBeLessThan(70);
  });

  test("give a full burst, to the call", () => {
    const { worker } = workers(1, byHeader(hot));
    let passed = 0;
    for (let i = 0; i < 1500; i++) if (call(worker(0)).passed) passed++;
    expect(passed).toBe(1280);
  });

  test("are worth no more for being kept: late calls and a full burst are still one burst", () => {
    const { worker, clock } = workers(1, byHeader(hot));
    expect(call(worker(0)).passed).toBe(true);
    clock.now += 1_950_000n;
    let passed = 0;
    for (let i = 0; i < 1500; i++) if (call(worker(0)).passed) passed++;
    expect(passed).toBeLessThanOrEqual(1280);
    expect(passed).toBeGreaterThanOrEqual(1279);
  });

  test("never tell more left than there is for one worker", () => {
    const { worker } = workers(1, byHeader(hot));
    for (let i = 1; i <= 1280; i++) {
      const left = Number(/r=(\d+)/.exec(call(worker(0)).properties["sluice.ratelimit"] ?? "")?.[1]);
      expect(left).toBeLessThanOrEqual(1280 - i);
      expect(left).toBeGreaterThanOrEqual(1280 - i - 20);
    }
  });

  test("never let more pass than the limit, over any window and any number of workers", () => {
    const step = fc.record({
      worker: fc.nat(3),
      calls: fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 1500 })),
      pause: fc.oneof(fc.nat(2_500_000), fc.nat(150_000_000)),
    });
    fc.assert(
      fc.property(fc.array(step, { minLength: 5, maxLength: 30 }), (steps) => {
        const { worker, clock } = workers(4, byHeader(hot));
        const reference = new Reference(hot);
        for (const { worker: index, calls, pause } of steps) {
          for (let i = 0; i < calls; i++) {
            if (call(worker(index)).passed) expect(reference.conforms("k", clock.now)).toBe(true);
            clock.now += 1000n;
          }
          clock.now += BigInt(pause);
        }
      }),
      { numRuns: 40 },
    );
  });

  test("waste little: under full load from four workers nearly all of the limit is used", () => {
    const { worker, clock } = workers(4, byHeader(hot));
    let passed = 0;
    for (let i = 0; i < 20_000; i++) {
      if (call(worker(i % 4)).passed) passed++;
      clock.now += 50_000n;
    }
    expect(passed).toBeLessThanOrEqual(1280 + 10_000);
    expect(passed).toBeGreaterThanOrEqual((1280 + 10_000) * 0.99);
  });
});

describe("a table that is full", () => {
  test("may tighten a limit, and never loosens one", () => {
    const rate: Rate = { count: 1, periodMs: 1000, burst: 3 };
    const step = fc.record({ key: fc.nat(15), worker: fc.nat(1), pause: fc.nat(200) });
    fc.assert(
      fc.property(fc.array(step, { minLength: 50, maxLength: 200 }), (steps) => {
        const { worker, clock } = workers(2, byHeader(rate, { slots: 8 }));
        const reference = new Reference(rate);
        for (const { key, worker: index, pause } of steps) {
          if (call(worker(index), `k${key}`).passed) expect(reference.conforms(`k${key}`, clock.now)).toBe(true);
          clock.now += BigInt(pause) * MILLISECOND;
        }
      }),
      { numRuns: 60 },
    );
  });

  test("does not touch keys that have a place, nor grow", () => {
    const rate: Rate = { count: 60, periodMs: 60_000, burst: 60 };
    const { worker, shared } = workers(1, byHeader(rate, { slots: 1024 }));
    expect(call(worker(0), "honest").passed).toBe(true);
    for (let i = 0; i < 65_000; i++) call(worker(0), `forged-${i}`);
    expect(shared.values.size).toBeLessThanOrEqual(129);
    expect(call(worker(0), "honest").properties["sluice.ratelimit"]).toBe('"limit";r=58;t=1');
  });
});
