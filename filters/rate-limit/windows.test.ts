import { beforeAll, describe, expect, test } from "vitest";
import {
  type CompiledModule,
  type HostOptions,
  loadModule,
  ModuleVm,
  type Outcome,
  SharedData,
} from "../../test/support/module-host.js";
import { configurationOf, limiting, type Policy } from "../../test/support/module-policies.js";

let guard: CompiledModule;
beforeAll(async () => {
  guard = await loadModule("guard");
});

const SECOND = 1_000_000_000n;

/** Workers of one process, with one clock and one table. */
function workers(count: number, configuration: unknown, options: HostOptions = {}) {
  const shared = new SharedData();
  const clock = { now: 1_000_000n * SECOND };
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

const tenASecond = { count: 10, periodMs: 1000, burst: 10 };
const twelveAMinute = { count: 12, periodMs: 60_000, burst: 12 };
const fiveAnHour = { count: 5, periodMs: 3_600_000, burst: 5 };

function limit(name: string, more: Readonly<Record<string, unknown>>): Policy {
  return limiting(name, tenASecond, { key: [["get", "request.headers", "x-key"]], ...more });
}

const call = (vm: ModuleVm, headers: readonly (readonly [string, string])[] = [], route = "r"): Outcome =>
  vm.send({ route, headers: [["x-key", "k"], ...headers] });

const headersOf = ({ reply }: Outcome) => Object.fromEntries(reply?.headers ?? []);

describe("several windows", () => {
  const both = limit("both", { default: { windows: [tenASecond, twelveAMinute] } });

  test("are told each by itself, and all hold", () => {
    const { worker, clock } = workers(1, configurationOf([both]));
    const first = call(worker(0)).properties;
    expect(first["sluice.ratelimit"]).toBe('"both/1s";r=9;t=1, "both/60s";r=11;t=5');
    expect(first["sluice.ratelimit-policy"]).toBe('"both/1s";q=10;w=1, "both/60s";q=12;w=60');
    for (let i = 0; i < 9; i++) expect(call(worker(0)).passed).toBe(true);
    const refused = call(worker(0));
    expect(headersOf(refused)).toMatchObject({
      "retry-after": "1",
      ratelimit: '"both/1s";r=0;t=1, "both/60s";r=2;t=5',
      "ratelimit-policy": '"both/1s";q=10;w=1, "both/60s";q=12;w=60',
    });
    expect(JSON.parse(refused.reply?.body ?? "")).toMatchObject({ "violated-policies": ["both/1s"] });
    clock.now += SECOND;
    for (let i = 0; i < 2; i++) expect(call(worker(0)).passed).toBe(true);
    const empty = call(worker(0));
    expect(JSON.parse(empty.reply?.body ?? "")).toMatchObject({ "violated-policies": ["both/60s"] });
    expect(headersOf(empty)).toMatchObject({ "retry-after": "4", ratelimit: '"both/1s";r=8;t=1, "both/60s";r=0;t=4' });
    expect(empty.properties["sluice.decision"]).toBe("both denied quota-exceeded");
  });

  test("tell the one that a caller waits longest for, when several are used up", () => {
    const { worker } = workers(
      1,
      configurationOf([limit("all", { default: { windows: [{ ...tenASecond, burst: 5 }, fiveAnHour] } })]),
    );
    for (let i = 0; i < 5; i++) expect(call(worker(0)).passed).toBe(true);
    const refused = call(worker(0));
    expect(JSON.parse(refused.reply?.body ?? "")).toMatchObject({ "violated-policies": ["all/3600s"] });
    expect(headersOf(refused)["retry-after"]).toBe("720");
  });

  test("are one value in shared data, read once and written once", () => {
    const { worker, shared } = workers(1, configurationOf([both]));
    const { calls } = call(worker(0));
    expect(calls.filter((name) => name.endsWith("_shared_data"))).toEqual([
      "proxy_get_shared_data",
      "proxy_set_shared_data",
    ]);
    expect([...shared.values.keys()].filter((key) => key.startsWith("sluice.limit"))).toHaveLength(1);
  });

  test("commit together: a worker that comes between leaves neither window booked twice nor once too little", () => {
    const { worker, shared } = workers(2, configurationOf([both]));
    let intruders = 1;
    shared.beforeWrite = () => {
      if (intruders-- > 0) expect(call(worker(1)).passed).toBe(true);
    };
    expect(call(worker(0)).properties["sluice.ratelimit"]).toBe('"both/1s";r=8;t=1, "both/60s";r=10;t=5');
  });

  test("are given back together when a limit beside them is lost to another worker", () => {
    const one = limit("one", { default: { count: 1, periodMs: 1000, burst: 1 } });
    const { worker, shared, clock } = workers(2, configurationOf([both, one]));
    let intruders = 1;
    shared.beforeWrite = (key) => {
      if (key.includes("/one/") && intruders-- > 0) expect(call(worker(1)).passed).toBe(true);
    };
    expect(call(worker(0)).reply?.details).toBe("sluice:one");
    clock.now += SECOND;
    expect(call(worker(0)).properties["sluice.ratelimit"]).toBe(
      '"both/1s";r=9;t=1, "both/60s";r=10;t=4, "one";r=0;t=1',
    );
  });

  test("share an overflow where a set is full, which may tighten a limit and never loosens one", () => {
    const { worker } = workers(
      1,
      configurationOf([limit("both", { default: { windows: [tenASecond, fiveAnHour] }, slots: 8 })]),
    );
    const of = (key: string): boolean => worker(0).send({ route: "r", headers: [["x-key", key]] }).passed;
    for (let i = 0; i < 8; i++) expect(of(`k${i}`)).toBe(true);
    let passed = 0;
    for (let i = 0; i < 100; i++) if (of(`forged-${i}`)) passed++;
    expect(passed).toBe(5);
    let honest = 0;
    for (let i = 0; i < 10; i++) if (of("k3")) honest++;
    expect(honest).toBe(4);
  });

  test("let a call pass, and count an error, when every race is lost or the host fails", () => {
    const failing = new Map<string, number>();
    const { worker } = workers(1, configurationOf([both]), { failing: new Map() });
    const { worker: broken } = workers(1, configurationOf([both]), { failing });
    expect(call(worker(0)).passed).toBe(true);
    failing.set("proxy_set_shared_data", 10);
    expect(call(broken(0)).passed).toBe(true);
    expect(broken(0).metrics.get("sluice.rate-limit.both.error")).toBe(1);
    failing.clear();
    failing.set("clock_time_get", 8);
    expect(call(broken(0)).properties["sluice.ratelimit"]).toBe('"both/1s";r=0;t=1, "both/60s";r=0;t=5');
  });
});

describe("a shared limit", () => {
  test("has one count for all routes that run it, and others have their own", () => {
    const routes = ["a", "b"].map((name) => ({ name, run: ["together", "alone"] }));
    const policies = [
      limit("together", { default: { count: 3, periodMs: 60_000, burst: 3 }, shared: true }),
      limit("alone", { default: { count: 2, periodMs: 60_000, burst: 2 } }),
    ];
    const { worker } = workers(2, configurationOf(policies, { routes }));
    const on = (index: number, route: string) => call(worker(index), [], route);
    expect(on(0, "a").properties["sluice.ratelimit"]).toBe('"together";r=2;t=20, "alone";r=1;t=30');
    expect(on(1, "b").properties["sluice.ratelimit"]).toBe('"together";r=1;t=20, "alone";r=1;t=30');
    expect(on(0, "b").passed).toBe(true);
    expect(on(1, "b").reply?.details).toBe("sluice:alone");
    expect(on(1, "a").reply?.details).toBe("sluice:together");
  });
});

describe("a cost", () => {
  const units = ["int", ["get", "request.headers", "x-units"]];
  const dear = (cost: unknown, more: Readonly<Record<string, unknown>> = {}) =>
    workers(
      1,
      configurationOf([limit("dear", { default: { count: 20, periodMs: 60_000, burst: 10 }, cost, ...more })]),
    );
  const left = (outcome: Outcome) =>
    Number(/r=(\d+)/.exec(outcome.properties["sluice.ratelimit"] ?? headersOf(outcome).ratelimit ?? "")?.[1]);

  test("is taken from what is left, and has to be there in full", () => {
    const { worker, clock } = dear(4);
    expect(left(call(worker(0)))).toBe(6);
    expect(left(call(worker(0)))).toBe(2);
    const refused = call(worker(0));
    expect(refused.passed).toBe(false);
    // Two calls are left, two more are needed, of three seconds each; one more is there after three.
    expect(headersOf(refused)).toMatchObject({ "retry-after": "6", ratelimit: '"dear";r=2;t=3' });
    clock.now += 6n * SECOND - 1n;
    expect(call(worker(0)).passed).toBe(false);
    clock.now += 1n;
    expect(left(call(worker(0)))).toBe(0);
  });

  test("is what the expression makes of the request, one at the least", () => {
    const { worker, clock } = dear(units);
    const taken = (value: string): number => {
      clock.now += 60n * SECOND;
      return 10 - left(call(worker(0), [["x-units", value]]));
    };
    expect(["1", "7", "10", "0", "-5", "00003"].map(taken)).toEqual([1, 7, 10, 1, 1, 3]);
  });

  test("that cannot be known is the most that a call may cost", () => {
    const { worker, clock } = dear(units);
    const ways: [string, string][][] = [
      [],
      [["x-units", ""]],
      [["x-units", "many"]],
      [["x-units", "1.0"]],
      [["x-units", "9007199254740992"]],
      [
        ["x-units", "1"],
        ["x-units", "1"],
      ],
    ];
    for (const way of ways) {
      clock.now += 60n * SECOND;
      expect(left(call(worker(0), way))).toBe(0);
      expect(call(worker(0), [["x-units", "1"]]).passed).toBe(false);
    }
  });

  test("beyond the burst is never let pass, whatever the number", () => {
    const { worker, clock } = dear(units);
    for (const value of ["11", "1000000000", "9007199254740991"]) {
      clock.now += 3600n * SECOND;
      const refused = call(worker(0), [["x-units", value]]);
      expect(headersOf(refused)["retry-after"]).toBe("1");
      expect(left(refused)).toBe(10);
    }
  });

  test("is that of the smallest burst, where it is unknown and there are several windows", () => {
    const { worker } = dear(units, { default: { windows: [{ count: 20, periodMs: 1000, burst: 20 }, twelveAMinute] } });
    const { properties } = call(worker(0));
    expect(properties["sluice.ratelimit"]).toBe('"dear/1s";r=8;t=1, "dear/60s";r=0;t=5');
  });

  test("reads the body's length, which a client cannot hide to pay less", () => {
    const { worker } = dear(["get", "request.size"], { default: { count: 1000, periodMs: 1000, burst: 1000 } });
    const send = (headers: [string, string][], ends = false) =>
      worker(0).send({ route: "r", headers: [["x-key", "k"], ...headers], ends });
    expect(left(send([["content-length", "300"]]))).toBe(700);
    expect(left(send([], true))).toBe(699);
    expect(send([["transfer-encoding", "chunked"]]).passed).toBe(false);
  });
});

describe("penalize", () => {
  const strict = (more: Readonly<Record<string, unknown>> = {}) =>
    limit("strict", { default: { count: 2, periodMs: 2000, burst: 2 }, penalize: true, ...more });

  test("makes refused calls cost: who does not wait gets nothing, and who waits is heard after one interval", () => {
    const { worker, clock } = workers(1, configurationOf([strict()]));
    expect([call(worker(0)).passed, call(worker(0)).passed]).toEqual([true, true]);
    for (let i = 0; i < 50; i++) {
      clock.now += (SECOND * 9n) / 10n;
      const refused = call(worker(0));
      expect(refused.passed).toBe(false);
      expect(headersOf(refused)).toMatchObject({ "retry-after": "1", ratelimit: '"strict";r=0;t=1' });
    }
    clock.now += SECOND;
    expect(call(worker(0)).passed).toBe(true);
  });

  test("never makes a debt larger than the burst", () => {
    const { worker, clock } = workers(2, configurationOf([strict({ cost: 2 })]));
    for (let i = 0; i < 1000; i++) call(worker(i % 2));
    clock.now += 2n * SECOND;
    expect(call(worker(0)).passed).toBe(true);
  });

  test("charges what a limit beside it refuses, and tells when both have room", () => {
    const once = limit("once", { default: { count: 1, periodMs: 1000, burst: 1 } });
    const { worker } = workers(1, configurationOf([strict(), once]));
    expect(call(worker(0)).properties["sluice.ratelimit"]).toBe('"strict";r=1;t=1, "once";r=0;t=1');
    const refused = call(worker(0));
    expect(refused.reply?.details).toBe("sluice:once");
    expect(headersOf(refused).ratelimit).toBe('"strict";r=0;t=1, "once";r=0;t=1');
    expect(call(worker(0)).properties["sluice.decision"]).toMatch(/^(strict|once) denied quota-exceeded$/);
  });

  test("charges every window", () => {
    const { worker, clock } = workers(1, configurationOf([strict({ default: { windows: [tenASecond, fiveAnHour] } })]));
    for (let i = 0; i < 20; i++) call(worker(0));
    clock.now += 720n * SECOND - 1n;
    expect(headersOf(call(worker(0))).ratelimit).toBe('"strict/1s";r=9;t=1, "strict/3600s";r=0;t=720');
  });
});

describe("X-RateLimit fields", () => {
  const told = (outcome: Outcome) => {
    const headers = { ...headersOf(outcome) };
    return ["limit", "remaining", "reset"].map(
      (name) => outcome.properties[`sluice.x-ratelimit-${name}`] ?? headers[`x-ratelimit-${name}`],
    );
  };

  test("tell the burst, what is left of it, and when there is more, of a call that passes and of one that does not", () => {
    const { worker } = workers(
      1,
      configurationOf([limit("one", { default: { count: 30, periodMs: 60_000, burst: 2 }, headers: ["x-ratelimit"] })]),
    );
    const passed = [call(worker(0)), call(worker(0))];
    expect(passed.map(told)).toEqual([
      ["2", "1", "0"],
      ["2", "0", "2"],
    ]);
    const refused = call(worker(0));
    expect(refused.reply?.headers).toEqual([
      ["content-type", "application/problem+json"],
      ["x-ratelimit-limit", "2"],
      ["x-ratelimit-remaining", "0"],
      ["x-ratelimit-reset", "2"],
    ]);
    expect(Object.keys(refused.properties)).toEqual(["sluice.decision"]);
  });

  test("stand beside all other fields of a refusal", () => {
    const headers = ["ietf", "retry-after", "x-ratelimit"];
    const { worker } = workers(1, configurationOf([limit("one", { default: { ...fiveAnHour, burst: 1 }, headers })]));
    call(worker(0));
    expect(call(worker(0)).reply?.headers.map(([name]) => name)).toEqual([
      "content-type",
      "retry-after",
      "ratelimit",
      "ratelimit-policy",
      "x-ratelimit-limit",
      "x-ratelimit-remaining",
      "x-ratelimit-reset",
    ]);
  });

  test("are those of the window with the fewest calls left, of all limits that tell them", () => {
    const several = limit("several", { default: { windows: [tenASecond, fiveAnHour] }, headers: ["x-ratelimit"] });
    const quiet = limit("quiet", { default: { count: 2, periodMs: 1000, burst: 2 }, headers: [] });
    const rehearsed = {
      ...limit("rehearsed", { default: { ...fiveAnHour, burst: 1 }, headers: ["x-ratelimit"] }),
      mode: "shadow",
    };
    const { worker } = workers(1, configurationOf([several, quiet, rehearsed]));
    expect(told(call(worker(0)))).toEqual(["5", "4", "0"]);
  });
});

describe("jitter", () => {
  const limited = configurationOf([limit("one", { default: { count: 1, periodMs: 5000, burst: 1 }, jitter: 9 })]);

  test("makes Retry-After longer by chance, and never shorter", () => {
    let byte = 0;
    const { worker } = workers(1, limited, { random: () => byte });
    call(worker(0));
    const seen = new Set<string | undefined>();
    for (byte = 0; byte < 256; byte++) seen.add(headersOf(call(worker(0)))["retry-after"]);
    expect([...seen].toSorted((a, b) => Number(a) - Number(b))).toEqual(
      Array.from({ length: 10 }, (_, index) => `${5 + index}`),
    );
  });

  test("is left out where the host has no random bytes", () => {
    const failing = new Map<string, number>();
    const { worker } = workers(1, limited, { failing });
    call(worker(0));
    failing.set("random_get", 8);
    expect(headersOf(call(worker(0)))["retry-after"]).toBe("5");
  });
});

describe("in shadow", () => {
  test("a limit of any sort takes from its buckets, refuses nobody and tells nothing", () => {
    const spec = {
      default: { windows: [tenASecond, fiveAnHour] },
      cost: 2,
      penalize: true,
      headers: ["ietf", "x-ratelimit"],
    };
    const { worker } = workers(1, configurationOf([{ ...limit("trial", spec), mode: "shadow" }]));
    const outcomes = [1, 2, 3].map(() => call(worker(0)));
    expect(outcomes.map(({ passed }) => passed)).toEqual([true, true, true]);
    expect(outcomes.map(({ properties }) => properties["sluice.shadow"])).toEqual([
      undefined,
      undefined,
      "trial denied quota-exceeded",
    ]);
    for (const { properties } of outcomes) expect(Object.keys(properties).join()).not.toContain("ratelimit");
  });

  test("and one whose condition does not hold costs nothing, whatever its cost would be", () => {
    const only = { ...limit("only", { cost: 10 }), when: ["==", ["get", "request.headers", "x-count"], "yes"] };
    const { worker } = workers(1, configurationOf([only]));
    for (let i = 0; i < 3; i++) expect(call(worker(0)).properties["sluice.ratelimit"]).toBeUndefined();
    expect(call(worker(0), [["x-count", "yes"]]).passed).toBe(true);
    expect(call(worker(0), [["x-count", "yes"]]).passed).toBe(false);
  });
});
