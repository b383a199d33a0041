import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { BareLimit, SharedTable } from "../../test/support/bare-limit.js";
import { LimitModel, type LimitSpec, type ModelCall, type Window } from "../../test/support/limit-model.js";
import { type CompiledModule, loadModule, ModuleVm, SharedData } from "../../test/support/module-host.js";
import { configurationOf } from "../../test/support/module-policies.js";

// Limits of every sort against the textbook, in a time that the test makes: more than a million calls, from two workers.

let guard: CompiledModule;
beforeAll(async () => {
  guard = await loadModule("guard");
});

const SECOND = 1_000_000_000n;
const COST = "x-cost";
const TIERS = ["gold", "silver"] as const;

/** Small bursts: of larger ones a worker may borrow, and then others are told less than there is. */
const windowOf = (periodMs: number): fc.Arbitrary<Window> =>
  fc.record({
    count: fc.integer({ min: 1, max: 40 }),
    periodMs: fc.constant(periodMs),
    burst: fc.integer({ min: 1, max: 100 }),
  });
const windows = fc
  .uniqueArray(fc.constantFrom(1000, 5000, 60_000, 86_400_000), { minLength: 1, maxLength: 4 })
  .chain((periods) => fc.tuple(...periods.map(windowOf)));

/** A limit, and whether a header says what its calls cost. */
interface Drawn extends LimitSpec {
  readonly cost: number | "header";
}

const limits: fc.Arbitrary<readonly Drawn[]> = fc
  .array(
    fc.record({
      windows,
      tiers: fc.oneof(
        { weight: 2, arbitrary: fc.constant({}) },
        fc.record({ gold: windows, silver: windows }, { requiredKeys: [] }),
      ),
      penalize: fc.boolean(),
      shared: fc.boolean(),
      cost: fc.oneof(fc.constant(1), fc.integer({ min: 2, max: 8 }), fc.constant("header" as const)),
    }),
    { minLength: 1, maxLength: 3 },
  )
  .map((all) => all.map((one, index) => ({ ...one, name: `l${index}` })));

function member(all: readonly Window[]): Record<string, unknown> {
  return all.length === 1 ? { ...all[0] } : { windows: all };
}

function policyOf({ name, windows: all, tiers = {}, penalize, shared, cost }: Drawn) {
  const rates = Object.entries(tiers).flatMap(([tier, own]) => (own === undefined ? [] : [{ tier, ...member(own) }]));
  const rateLimit = {
    key: [["get", "request.headers", "x-key"]],
    ...(rates.length > 0 ? { rates } : {}),
    default: member(all),
    ...(cost === "header" ? { cost: ["int", ["get", "request.headers", COST]] } : { cost }),
    penalize,
    shared,
    headers: ["ietf", "retry-after"],
  };
  return { name, rateLimit };
}

const known = {
  name: "known",
  authenticate: { realm: "shop", anyOf: [{ apiKey: { header: "x-api-key" } }], optional: true },
};
const consumers = TIERS.map((tier) => ({
  name: tier,
  tier,
  credentials: [{ apiKey: `env:KEY_OF_${tier.toUpperCase()}` }],
}));

/** A generator of numbers that is quick, and the same in each run (xorshift). */
function numbers(seed: number): (below: number) => number {
  let state = seed | 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

/** Costs as clients say them, and what is made of them. */
const SAID: readonly (readonly [text: string | undefined, cost: number | undefined])[] = [
  ["1", 1],
  ["3", 3],
  ["40", 40],
  ["0", 0],
  ["-7", -7],
  ["9007199254740991", 9_007_199_254_740_991],
  ["9007199254740992", undefined],
  ["1.5", undefined],
  ["many", undefined],
  ["", undefined],
  [undefined, undefined],
];

describe("the limits of a phase", () => {
  test("decide as the textbook does, call by call, over all workers, and tell what is left and when to come again", () => {
    let calls = 0;
    fc.assert(
      fc.property(limits, fc.integer(), (drawn, seed) => {
        const shared = new SharedData();
        const clock = { now: 1_000_000n * SECOND };
        const environment = { KEY_OF_GOLD: "gold-key", KEY_OF_SILVER: "silver-key" };
        const names = drawn.map(({ name }) => name);
        const routes = ["a", "b"].map((name) => ({ name, run: ["known", ...names] }));
        const configuration = configurationOf([known, ...drawn.map(policyOf)], { consumers, routes });
        const workers = [0, 1].map(() => new ModuleVm(guard, { shared, clock, environment }));
        for (const worker of workers) if (!worker.configure(configuration)) throw new Error(worker.lastError);
        const model = new LimitModel(drawn);
        const next = numbers(seed);
        for (let step = 0; step < 4000; step++, calls++) {
          const [said, cost] = SAID[next(4) === 0 ? next(SAID.length) : next(2)] ?? [];
          const tier = TIERS[next(4)];
          const call: ModelCall = {
            route: next(2) === 0 ? "a" : "b",
            key: `k${next(3)}`,
            ...(tier === undefined ? {} : { tier }),
            costs: Object.fromEntries(drawn.map((one) => [one.name, one.cost === "header" ? cost : one.cost])),
          };
          const outcome = workers[next(2)]?.send({
            route: call.route,
            headers: [
              ["x-key", call.key],
              ...(said === undefined ? [] : [[COST, said] as const]),
              ...(tier === undefined ? [] : [["x-api-key", `${tier}-key`] as const]),
            ],
          });
          const answer = model.call(call, clock.now);
          if (outcome?.passed !== answer.passed)
            throw new Error(`call ${step} ${JSON.stringify(call)} passed: ${outcome?.passed}, not ${answer.passed}`);
          if (step % 7 === 0) {
            const headers = new Map(outcome.reply?.headers);
            const field = outcome.properties["sluice.ratelimit"] ?? headers.get("ratelimit") ?? "";
            const left = [...field.matchAll(/;r=(\d+)/g)].map(([, count]) => Number(count));
            expect(left).toEqual(leftOf(drawn, answer.left, tier));
            if (!answer.passed)
              expect(Number(headers.get("retry-after"))).toBe(Math.max(1, Math.ceil(Number(answer.retry) / 1e9)));
          }
          // Mostly little, sometimes so long that buckets are full again.
          clock.now += BigInt(next(50) === 0 ? next(100_000) : next(400)) * 1_000_000n;
        }
      }),
      { numRuns: 20 },
    );
    expect(calls).toBe(80_000);
  });
});

describe("a limit by address", () => {
  test("decides as the textbook does over a million calls", async () => {
    let calls = 0;
    const alone = limits.filter((drawn) => drawn.every(({ cost }) => cost !== "header"));
    await fc.assert(
      fc.asyncProperty(alone, fc.integer(), async (drawn, seed) => {
        const policies = drawn.map(({ tiers: _, ...one }) => ({ ...one }));
        const table = new SharedTable();
        const configuration = {
          version: 1,
          results: "filterState",
          consumers: [],
          policies: policies.map((one) => {
            const { name, rateLimit } = policyOf(one);
            return { name, rateLimit: { ...rateLimit, key: [["get", "source.ip"]], headers: [] } };
          }),
          routes: [{ name: "*", run: policies.map(({ name }) => name), tell: [] }],
        };
        const workers = [await BareLimit.start(configuration, table), await BareLimit.start(configuration, table)];
        const model = new LimitModel(policies);
        const costs = Object.fromEntries(policies.map(({ name, cost }) => [name, Number(cost)]));
        const next = numbers(seed);
        let now = 1_000_000_000;
        for (let step = 0; step < 25_000; step++, calls++) {
          const key = `192.0.2.${next(5)}`;
          const worker = workers[next(2)];
          if (worker === undefined) throw new Error("there are two workers");
          worker.now = now;
          const passed = worker.call(`${key}:4711`);
          const answer = model.call({ route: "*", key, costs }, BigInt(now));
          if (passed !== answer.passed)
            throw new Error(`call ${step} of ${key} passed: ${passed}, not ${answer.passed}`);
          now += (next(50) === 0 ? next(100_000) : next(400)) * 1_000_000;
        }
      }),
      { numRuns: 40 },
    );
    expect(calls).toBe(1_000_000);
  }, 180_000);
});

/** What the RateLimit field says: never more than the count of a window. */
function leftOf(
  drawn: readonly Drawn[],
  left: ReadonlyMap<string, readonly bigint[]>,
  tier: string | undefined,
): number[] {
  return drawn.flatMap(({ name, windows: all, tiers = {} }) => {
    const own = (tier === undefined ? undefined : tiers[tier]) ?? all;
    return own.map(({ count }, index) => Math.min(count, Number(left.get(name)?.[index] ?? 0n)));
  });
}
