import { beforeAll, describe, expect, test } from "vitest";
import { byteTextOf } from "../../compiler/host/byte-text.js";
import { type CompiledModule, loadModule, ModuleVm, SharedData } from "../../test/support/module-host.js";
import { configurationOf, type Policy } from "../../test/support/module-policies.js";

let guard: CompiledModule;
beforeAll(async () => {
  guard = await loadModule("guard");
});

const SECOND = 1_000_000_000n;
const units = ["int", ["get", "response.headers", "x-units"]];
const tenAMinute = { count: 10, periodMs: 60_000, burst: 10 };

const charging = (more: Readonly<Record<string, unknown>> = {}): Policy => ({
  name: "limit",
  rateLimit: {
    key: [["get", "request.headers", "x-key"]],
    default: tenAMinute,
    answerCost: units,
    headers: ["ietf", "retry-after"],
    ...more,
  },
});

/** Workers of one process. */
function process(policies: readonly Policy[], failing = new Map<string, number>()) {
  const shared = new SharedData();
  const clock = { now: 1_000_000n * SECOND };
  const start = () => {
    const vm = new ModuleVm(guard, { shared, clock, failing });
    if (!vm.configure(configurationOf(policies))) throw new Error(vm.lastError);
    return vm;
  };
  return { clock, start };
}

type Pair = readonly [string, string];

/** One call from its request to its end; an answer of a service follows unless it is refused. */
function call(vm: ModuleVm, answer: readonly Pair[] | "none" = [], status = "200") {
  const stream = vm.open({ "xds.route_name": "r" });
  stream.requestHeaders([["x-key", "k"]], true);
  const refused = stream.localReply !== undefined;
  if (!refused && answer !== "none") stream.responseHeaders([[":status", status], ...answer], true);
  const field = stream.filterState.get("sluice.ratelimit");
  const told = field === undefined ? new Map(stream.localReply?.headers).get("ratelimit") : byteTextOf(field);
  const retry = new Map(stream.localReply?.headers).get("retry-after");
  stream.finish();
  return { passed: !refused, left: Number(/;r=(\d+)/.exec(told ?? "")?.[1]), told, retry };
}

describe("a cost that the answer says", () => {
  test("is charged beside that of the request, when the answer begins", () => {
    const { start } = process([charging({ cost: 2 })]);
    const vm = start();
    expect(call(vm, [["x-units", "3"]]).left).toBe(8);
    expect(call(vm).left).toBe(3);
    expect(call(vm).left).toBe(1);
    expect(call(vm).passed).toBe(false);
  });

  test("may make a bucket owe, for all workers, and then nobody passes until it is paid", () => {
    const { start, clock } = process([charging()]);
    const [one, two] = [start(), start()];
    expect(call(one, [["x-units", "29"]])).toMatchObject({ passed: true, left: 9 });
    // Thirty calls of six seconds, of which ten are the burst; one more has to fit.
    expect(call(two)).toMatchObject({ passed: false, retry: "126", told: '"limit";r=0;t=126' });
    clock.now += 126n * SECOND - 1n;
    expect(call(two).passed).toBe(false);
    clock.now += 1n;
    expect([call(two).passed, call(one).passed]).toEqual([true, false]);
  });

  test("never fills a bucket: less than one, and what cannot be known, is nothing", () => {
    const { start } = process([charging()]);
    const vm = start();
    const ways: (readonly Pair[])[] = [
      [["x-units", "0"]],
      [["x-units", "-1000000"]],
      [["x-units", "many"]],
      [["x-units", ""]],
      [["x-units", "99999999999999999999"]],
      [
        ["x-units", "5"],
        ["x-units", "5"],
      ],
      [],
    ];
    for (const [index, way] of ways.entries()) expect(call(vm, way).left).toBe(9 - index);
    expect(call(vm, "none").left).toBe(2);
    expect(call(vm).left).toBe(1);
  });

  test("has a bound, so that the largest number is a long debt and no short one", () => {
    for (const most of ["1000000000", "9007199254740991"]) {
      const { start, clock } = process([
        charging({ default: { windows: [tenAMinute, { count: 1, periodMs: 2_678_400_000, burst: 5 }] } }),
      ]);
      const vm = start();
      for (let times = 0; times < 3; times++) call(vm, [["x-units", most]]);
      clock.now += 86_400n * 365n * SECOND;
      const refused = call(vm);
      expect(refused.passed).toBe(false);
      expect(refused.retry).toMatch(/^[1-9][0-9]*$/);
    }
  });

  test("is charged in every window, and in shadow too", () => {
    const windows = [tenAMinute, { count: 100, periodMs: 3_600_000, burst: 100 }];
    const { start } = process([charging({ default: { windows } }), { ...charging(), name: "trial", mode: "shadow" }]);
    const vm = start();
    call(vm, [["x-units", "4"]]);
    expect(call(vm).told).toBe('"limit/60s";r=4;t=6, "limit/3600s";r=94;t=36');
    expect(vm.metrics.get("sluice.rate-limit.trial.shadow")).toBe(0);
    call(vm, [["x-units", "9"]]);
    call(vm);
    expect(vm.metrics.get("sluice.rate-limit.trial.shadow")).toBe(1);
  });

  test("may read the status, which a service that fails has too", () => {
    const answerCost = ["?:", [">=", ["get", "response.status"], 500], 5, 0];
    const { start } = process([charging({ answerCost })]);
    const vm = start();
    call(vm, [], "204");
    call(vm, [], "503");
    expect(call(vm).left).toBe(2);
  });

  test("is charged once, and a stream that is gone without an answer leaves nothing behind", () => {
    const { start, clock } = process([charging()]);
    const vm = start();
    for (let round = 0; round < 70_000; round++) {
      if (round % 1000 === 0) clock.now += 60n * SECOND;
      vm.send({ context: round + 5, route: "r", headers: [["x-key", `k${round}`]] });
      vm.release(round + 5);
    }
    expect(vm.metrics.get("sluice.rate-limit.limit.error")).toBe(0);
    expect(vm.pages).toBeLessThan(200);
  });

  test("is not charged where the host does not count, and the answer goes on", () => {
    const failing = new Map<string, number>();
    const { start } = process([charging()], failing);
    const vm = start();
    call(vm);
    for (const name of ["proxy_get_shared_data", "proxy_set_shared_data", "clock_time_get"]) {
      failing.set(name, 10);
      expect(call(vm, [["x-units", "3"]]).passed).toBe(true);
      failing.clear();
    }
    expect(call(vm).left).toBe(8);
  });
});

test("a module that only counts reads headers of answers by names of any length", async () => {
  const alone = await loadModule("rate-limit");
  for (let length = 1; length <= 64; length++) {
    const name = "x".repeat(length);
    const vm = new ModuleVm(alone);
    const answerCost = ["int", ["get", "response.headers", name]];
    expect(vm.configure(configurationOf([charging({ key: [], answerCost })], { consumers: [] })), vm.lastError).toBe(
      true,
    );
    expect(call(vm, [[name, "3"]]).left).toBe(9);
    expect(call(vm).left).toBe(5);
  }
});

test("a module takes such a cost only of what an answer has when it begins", () => {
  const refusal = (answerCost: unknown) => {
    const vm = new ModuleVm(guard);
    return vm.configure(configurationOf([charging({ answerCost })])) ? undefined : vm.lastError;
  };
  expect(refusal(7)).toBeUndefined();
  expect(refusal(["get", "response.duration"])).toContain("is not known when an answer begins");
  expect(refusal(["get", "request.size"])).toContain("is not known when an answer begins");
  expect(refusal(["==", ["get", "response.status"], 200])).toContain("must be an integer");
  expect(refusal(["?:", ["noted", 0], 1, 2])).toBeDefined();
});
