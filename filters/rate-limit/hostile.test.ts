import { beforeAll, describe, expect, test } from "vitest";
import { BareLimit, SharedTable } from "../../test/support/bare-limit.js";
import { type CompiledModule, loadModule, ModuleVm } from "../../test/support/module-host.js";
import { configurationOf, limiting } from "../../test/support/module-policies.js";

// Rows 59 to 65 of the hostile inputs: keys without end, clocks that jump, limits at the edges of what can be said.

let guard: CompiledModule;
beforeAll(async () => {
  guard = await loadModule("guard");
});

const SECOND = 1_000_000_000n;

/** A single policy on every route, by the address of the caller. */
const byAddress = (body: Readonly<Record<string, unknown>>) => ({
  version: 1,
  results: "filterState",
  consumers: [],
  policies: [{ name: "limit", rateLimit: { key: [["get", "source.ip"]], ...body } }],
  routes: [{ name: "*", run: ["limit"], tell: [] }],
});

/** An IPv6 address for each number. */
const addressOf = (index: number) =>
  `[2001:db8:${(index >>> 16).toString(16)}:${(index & 0xffff).toString(16)}::1]:4711`;

describe("ten million distinct keys", () => {
  const SLOTS = 65_536;
  const KEYS = 10_000_000;

  test("fill a fixed number of places, none of them is without a limit, and none takes the place of another", async () => {
    const table = new SharedTable();
    const burst = 2;
    const body = { default: { count: 2, periodMs: 86_400_000, burst }, slots: SLOTS };
    const worker = await BareLimit.start(byAddress(body), table);
    const honest = Array.from({ length: 500 }, (_, index) => addressOf(KEYS + index));
    for (const address of honest) expect(worker.call(address)).toBe(true);
    let passed = 0;
    for (let index = 0; index < KEYS / 2; index++) if (worker.call(addressOf(index))) passed++;
    const [bytes, memory] = [table.size, worker.memoryBytes];
    for (let index = KEYS / 2; index < KEYS; index++) if (worker.call(addressOf(index))) passed++;

    // One value for each set and one for the seed of the hash.
    expect(table.values.size).toBeLessThanOrEqual(SLOTS / 8 + 1);
    expect(table.size).toBe(bytes);
    expect(table.size).toBeLessThan(2 * 1024 * 1024);
    expect(worker.memoryBytes).toBe(memory);
    // A place for each, and a bucket that those without one share in each set.
    expect(passed).toBeLessThanOrEqual(SLOTS + (SLOTS / 8) * burst);
    for (const address of honest) {
      expect(worker.call(address)).toBe(true);
      expect(worker.call(address)).toBe(false);
    }
    for (let index = 0; index < KEYS; index += 9973) {
      let more = 0;
      for (let n = 0; n < 10; n++) if (worker.call(addressOf(index))) more++;
      expect(more).toBeLessThan(burst);
    }
  }, 600_000);

  test("do so of several windows too", async () => {
    const table = new SharedTable();
    const windows = [
      { count: 100, periodMs: 1000, burst: 3 },
      { count: 4, periodMs: 86_400_000, burst: 4 },
    ];
    const worker = await BareLimit.start(byAddress({ default: { windows }, slots: 1024, penalize: true }), table);
    expect(worker.call(addressOf(2_000_000))).toBe(true);
    let passed = 0;
    for (let index = 0; index < 1_000_000; index++) {
      worker.now += 1000;
      if (worker.call(addressOf(index))) passed++;
    }
    expect(table.values.size).toBeLessThanOrEqual(1024 / 8 + 1);
    expect(passed).toBeLessThanOrEqual(1024 + (1024 / 8) * 4);
    const more = Array.from({ length: 10 }, () => worker.call(addressOf(2_000_000)));
    expect(more.filter((one) => one)).toHaveLength(3);
  }, 120_000);
});

const header = (name: string) => ["get", "request.headers", name];

describe("a wall clock", () => {
  test.each([
    ["an hour back", -3600n * SECOND],
    ["an hour on", 3600n * SECOND],
    ["back to 1970", -1_700_000_000n * SECOND],
  ])("that jumps %s gives nobody a burst and freezes nobody", (_what, jump) => {
    const clock = { now: 1_000_000n * SECOND };
    const wallClock = { now: 1_764_000_000n * SECOND };
    const vm = new ModuleVm(guard, { clock, wallClock });
    const rate = { count: 2, periodMs: 2000, burst: 2 };
    const windows = [rate, { count: 100, periodMs: 60_000, burst: 100 }];
    const policies = [
      limiting("one", rate, { key: [header("x-key")] }),
      limiting("two", rate, { key: [header("x-key")], default: { windows }, penalize: true, cost: 1 }),
    ];
    expect(vm.configure(configurationOf(policies))).toBe(true);
    const call = () => vm.send({ route: "r", headers: [["x-key", "k"]] }).passed;
    expect([call(), call(), call()]).toEqual([true, true, false]);
    wallClock.now += jump;
    expect(call()).toBe(false);
    clock.now += SECOND;
    expect([call(), call()]).toEqual([true, false]);
    clock.now += 2n * SECOND;
    expect([call(), call(), call()]).toEqual([true, true, false]);
  });

  test("that stands still does not matter either, nor one that fails", () => {
    for (const now of [1_764_000_000n * SECOND, 0n]) {
      const clock = { now: 1_000_000n * SECOND };
      const vm = new ModuleVm(guard, { clock, wallClock: { now } });
      const limit = limiting("one", { count: 1, periodMs: 1000, burst: 1 }, { key: [] });
      expect(vm.configure(configurationOf([limit]))).toBe(true);
      expect([vm.send({ route: "r" }).passed, vm.send({ route: "r" }).passed]).toEqual([true, false]);
      clock.now += SECOND;
      expect(vm.send({ route: "r" }).passed).toBe(true);
    }
  });
});

describe("limits at the edges", () => {
  const MONTH = 2_678_400_000;
  const start = (rate: unknown, more: Readonly<Record<string, unknown>> = {}) => {
    const clock = { now: 1_000_000n * SECOND };
    const vm = new ModuleVm(guard, { clock });
    const body = { key: [], default: rate, headers: ["ietf", "retry-after", "x-ratelimit"], ...more };
    if (!vm.configure(configurationOf([{ name: "edge", rateLimit: body }]))) throw new Error(vm.lastError);
    const call = () => {
      const { passed, reply } = vm.send({ route: "r" });
      return { passed, headers: Object.fromEntries(reply?.headers ?? []) };
    };
    return { clock, call };
  };
  const INTEGER = /^[1-9][0-9]*$/;

  test("of one call in 31 days keep to the nanosecond, and tell whole seconds", () => {
    const { clock, call } = start({ count: 1, periodMs: MONTH, burst: 1 });
    expect(call().passed).toBe(true);
    const { headers } = call();
    expect(headers).toMatchObject({ "retry-after": "2678400", "x-ratelimit-reset": "2678400" });
    clock.now += 2_678_400n * SECOND - 1n;
    const late = call();
    expect([late.passed, late.headers["retry-after"]]).toEqual([false, "1"]);
    clock.now += 1n;
    expect(call().passed).toBe(true);
  });

  test("of a thousand million calls count to the call, whatever one costs", () => {
    const { call } = start({ count: 1_000_000_000, periodMs: MONTH, burst: 300_000_000 }, { cost: 100_000_000 });
    expect([call(), call(), call(), call()].map(({ passed }) => passed)).toEqual([true, true, true, false]);
    expect(call().headers["retry-after"]).toMatch(INTEGER);
  });

  test("of a million calls a second hold, and tell one second", () => {
    const { clock, call } = start({ count: 1_000_000, periodMs: 1000, burst: 1 });
    expect([call().passed, call().headers["retry-after"]]).toEqual([true, "1"]);
    clock.now += 1000n;
    expect(call().passed).toBe(true);
  });

  test.each([
    ["count", 0],
    ["count", 2 ** 31],
    ["burst", 0],
    ["periodMs", MONTH + 1],
  ])("beyond what is counted exactly are refused: %s %d", (member, value) => {
    const rate = { count: 1, periodMs: 1000, burst: 1, [member]: value };
    expect(() => start(rate)).toThrow(`rateLimit.default.${member}`);
    expect(() => start({ windows: [{ count: 1, periodMs: 5000, burst: 1 }, rate] })).toThrow(`windows[1].${member}`);
  });
});

describe("a key", () => {
  test("in parts that are missing, empty or sent twice is that of a count that all such calls share, whatever they cost", () => {
    const clock = { now: 1_000_000n * SECOND };
    const vm = new ModuleVm(guard, { clock });
    const windows = [
      { count: 6, periodMs: 60_000, burst: 6 },
      { count: 6, periodMs: 3_600_000, burst: 6 },
    ];
    const body = { key: [header("x-key")], default: { windows }, cost: 2, shared: true };
    expect(vm.configure(configurationOf([{ name: "limit", rateLimit: body }]))).toBe(true);
    const ways: [string, string][][] = [
      [],
      [["x-key", ""]],
      [
        ["x-key", "a"],
        ["x-key", "b"],
      ],
      [
        ["x-key", "a"],
        ["x-key", "a"],
      ],
    ];
    expect(ways.map((headers) => vm.send({ route: "r", headers }).passed)).toEqual([true, true, true, false]);
    expect(vm.send({ route: "r", headers: [["x-key", "a"]] }).passed).toBe(true);
  });
});
