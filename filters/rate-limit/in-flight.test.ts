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
import { configurationOf, type Policy } from "../../test/support/module-policies.js";

let guard: CompiledModule;
beforeAll(async () => {
  guard = await loadModule("guard");
});

const SECOND = 1_000_000_000n;

/** Workers of one process; each VM that is started is another one, as after a trap or a new configuration. */
function process(configuration: unknown, options: HostOptions = {}) {
  const shared = new SharedData();
  const clock = { now: 1_000_000n * SECOND };
  const start = () => {
    const vm = new ModuleVm(guard, { shared, clock, ...options });
    if (!vm.configure(configuration)) throw new Error(vm.lastError);
    return vm;
  };
  return { shared, clock, start };
}

const key = [["get", "request.headers", "x-key"]];
const atOnce = (inFlight: number, more: Readonly<Record<string, unknown>> = {}): Policy => ({
  name: "few",
  rateLimit: { key, inFlight, headers: ["retry-after"], ...more },
});

let streams = 1000;

/** A call of a stream of its own, which lasts until it is released. */
function begin(vm: ModuleVm, value = "k", route = "r"): { context: number; passed: boolean; outcome: Outcome } {
  const context = ++streams;
  const outcome = vm.send({ context, route, headers: [["x-key", value]] });
  return { context, passed: outcome.passed, outcome };
}

describe("a limit on calls in flight", () => {
  test("lets so many be under way at once, by key and over all workers", () => {
    const { start } = process(configurationOf([atOnce(3)]));
    const [one, two] = [start(), start()];
    const first = begin(one);
    expect([first, begin(two), begin(one)].map(({ passed }) => passed)).toEqual([true, true, true]);
    const refused = begin(two).outcome;
    expect(refused.reply).toMatchObject({
      status: 429,
      grpcStatus: 8,
      details: "sluice:few",
      body: '{"type":"about:blank","title":"Too Many Requests","status":429}',
    });
    expect(refused.reply?.headers).toContainEqual(["retry-after", "1"]);
    expect(refused.properties["sluice.decision"]).toBe("few denied too-many-in-flight");
    expect(begin(two, "other").passed).toBe(true);
    one.release(first.context);
    expect(begin(two).passed).toBe(true);
    expect(begin(one).passed).toBe(false);
    expect(Object.fromEntries(two.metrics)).toMatchObject({
      "sluice.rate-limit.few.allowed": 3,
      "sluice.rate-limit.few.denied": 1,
    });
  });

  test("gives a place back once, whatever is told of the stream, and none for a stream that had none", () => {
    const { start } = process(configurationOf([atOnce(1)]));
    const vm = start();
    const first = begin(vm);
    const refused = begin(vm);
    vm.release(refused.context);
    expect(begin(vm).passed).toBe(false);
    vm.release(first.context);
    vm.release(first.context);
    vm.release(4711);
    expect([begin(vm).passed, begin(vm).passed]).toEqual([true, false]);
  });

  test("counts with a rate beside it, and what the rate refuses is not in flight", () => {
    const rate = { count: 2, periodMs: 60_000, burst: 2 };
    const { start, clock } = process(configurationOf([atOnce(2, { default: rate })]));
    const vm = start();
    const [first] = [begin(vm), begin(vm)];
    expect(begin(vm).outcome.properties["sluice.decision"]).toBe("few denied quota-exceeded");
    clock.now += 30n * SECOND;
    expect(begin(vm).outcome.properties["sluice.decision"]).toBe("few denied too-many-in-flight");
    vm.release(first.context);
    // The call that was refused for being one too many at once has cost nothing.
    expect(begin(vm).passed).toBe(true);
    expect(begin(vm).outcome.properties["sluice.decision"]).toBe("few denied quota-exceeded");
  });

  test("of several takes all places or none", () => {
    const wide = { ...atOnce(5), name: "wide" };
    const { start } = process(configurationOf([wide, atOnce(1)]));
    const vm = start();
    expect(begin(vm).passed).toBe(true);
    for (let i = 0; i < 20; i++) expect(begin(vm).outcome.reply?.details).toBe("sluice:few");
  });

  test("counts each route alone unless it is shared", () => {
    const routes = ["a", "b"].map((name) => ({ name, run: ["few"] }));
    const alone = process(configurationOf([atOnce(1)], { routes })).start();
    expect([begin(alone, "k", "a").passed, begin(alone, "k", "b").passed]).toEqual([true, true]);
    const together = process(configurationOf([atOnce(1, { shared: true })], { routes })).start();
    expect([begin(together, "k", "a").passed, begin(together, "k", "b").passed]).toEqual([true, false]);
  });

  test("in shadow refuses nobody, and tells", () => {
    const { start } = process(configurationOf([{ ...atOnce(1), mode: "shadow" }]));
    const vm = start();
    expect(begin(vm).outcome.properties["sluice.shadow"]).toBeUndefined();
    expect(begin(vm).outcome.properties["sluice.shadow"]).toBe("few denied too-many-in-flight");
  });
});

describe("a VM that dies", () => {
  test("holds its places for five seconds, and no longer", () => {
    const { start, clock } = process(configurationOf([atOnce(2)]));
    const [dying, living] = [start(), start()];
    expect([begin(dying).passed, begin(dying).passed, begin(living).passed]).toEqual([true, true, false]);
    for (let second = 0; second < 5; second++) {
      clock.now += SECOND;
      living.tick();
      expect(begin(living).passed).toBe(false);
    }
    clock.now += 1n;
    const reloaded = start();
    expect([begin(reloaded).passed, begin(living).passed, begin(living).passed]).toEqual([true, true, false]);
  });

  test("does not take those of others with it, which only beat", () => {
    const { start, clock } = process(configurationOf([atOnce(2)]));
    const [one, two] = [start(), start()];
    const held = begin(one);
    expect(begin(two).passed).toBe(true);
    for (let second = 0; second < 60; second++) {
      clock.now += SECOND;
      one.tick();
    }
    expect([begin(one).passed, begin(one).passed]).toEqual([true, false]);
    one.release(held.context);
    expect(begin(one).passed).toBe(true);
  });

  test("and one that was only asleep tells its calls again", () => {
    const { start, clock } = process(configurationOf([atOnce(2)]));
    const [asleep, awake] = [start(), start()];
    const held = begin(asleep);
    clock.now += 60n * SECOND;
    expect([begin(awake).passed, begin(awake).passed, begin(awake).passed]).toEqual([true, true, false]);
    asleep.tick();
    awake.tick();
    asleep.release(held.context);
    expect(begin(asleep).passed).toBe(false);
  });

  test("may be replaced without end", () => {
    const { start, clock, shared } = process(configurationOf([atOnce(1)]));
    for (let generation = 0; generation < 400; generation++) {
      expect(begin(start()).passed).toBe(true);
      clock.now += 5n * SECOND + 1n;
    }
    expect([...shared.values.keys()].filter((name) => !name.startsWith("sluice.seed"))).toHaveLength(2);
  });
});

describe("where the host fails", () => {
  const setting = (onError?: string) => {
    const failing = new Map<string, number>();
    const { start } = process(configurationOf([{ ...atOnce(1), ...(onError === undefined ? {} : { onError }) }]), {
      failing,
    });
    return { vm: start(), failing };
  };

  test("calls pass, and are counted as errors", () => {
    const { vm, failing } = setting();
    failing.set("proxy_get_shared_data", 10);
    expect([begin(vm).passed, begin(vm).passed]).toEqual([true, true]);
    expect(vm.metrics.get("sluice.rate-limit.few.error")).toBe(2);
    failing.clear();
    expect([begin(vm).passed, begin(vm).passed]).toEqual([true, false]);
  });

  test("or are refused, where the policy says so", () => {
    const { vm, failing } = setting("deny");
    failing.set("proxy_set_shared_data", 10);
    expect(begin(vm).outcome.reply?.status).toBe(503);
  });

  test("a place that could not be given back is given back with the next beat", () => {
    const { vm, failing } = setting();
    const held = begin(vm);
    failing.set("proxy_set_shared_data", 10);
    vm.release(held.context);
    failing.clear();
    vm.tick();
    expect([begin(vm).passed, begin(vm).passed]).toEqual([true, false]);
  });
});

test("any number of workers, beginnings and ends in any order keep to the limit, and lose no place", () => {
  const step = fc.record({ worker: fc.nat(2), key: fc.nat(2), end: fc.boolean(), which: fc.nat(50), dies: fc.nat(60) });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 4 }), fc.array(step, { minLength: 50, maxLength: 300 }), (most, steps) => {
      const { start, clock } = process(configurationOf([atOnce(most)]));
      const vms = [start(), start(), start()];
      let open: { worker: number; key: number; context: number }[] = [];
      for (const { worker, key: number, end, which, dies } of steps) {
        const vm = vms[worker];
        if (vm === undefined) throw new Error("there are three workers");
        if (dies === 0) {
          open = open.filter((one) => one.worker !== worker);
          vms[worker] = start();
          for (let second = 0; second < 6; second++) {
            clock.now += SECOND;
            for (const one of vms) one.tick();
          }
        } else if (end && open.length > 0) {
          const [ended] = open.splice(which % open.length, 1);
          if (ended !== undefined) vms[ended.worker]?.release(ended.context);
        } else {
          const { context, passed } = begin(vm, `k${number}`);
          expect(passed).toBe(open.filter((one) => one.key === number).length < most);
          if (passed) open.push({ worker, key: number, context });
        }
        clock.now += SECOND / 10n;
        for (const one of vms) one.tick();
      }
    }),
    { numRuns: 60 },
  );
});

test("a worker that comes between reading and writing does not make it one too many", () => {
  const { start, shared } = process(configurationOf([atOnce(2)]));
  const [one, two] = [start(), start()];
  begin(one);
  const passed: boolean[] = [];
  let intruders = 1;
  shared.beforeWrite = (name) => {
    if (name.includes("flight") && intruders-- > 0) passed.push(begin(two).passed);
  };
  passed.push(begin(one).passed);
  expect(passed).toEqual([true, false]);
});
