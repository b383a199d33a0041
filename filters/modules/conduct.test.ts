import { beforeAll, describe, expect, test } from "vitest";
import {
  type CompiledModule,
  type HostOptions,
  loadModule,
  ModuleVm,
  SharedData,
} from "../../test/support/module-host.js";
import { allowing, configurationOf, limiting, type Policy, partnersOnly } from "../../test/support/module-policies.js";

// `mode`, `when` and `onError` beside the kinds of policies.

let guard: CompiledModule;
let auth: CompiledModule;
beforeAll(async () => {
  guard = await loadModule("guard");
  auth = await loadModule("auth");
});

type Headers = [string, string][];
const acme: Headers = [["x-api-key", "acme-key"]];

function vmWith(policies: readonly Policy[], options: HostOptions = {}, more = {}, module = guard): ModuleVm {
  const vm = new ModuleVm(module, options);
  if (!vm.configure(configurationOf(policies, more))) throw new Error(vm.lastError);
  return vm;
}

const get = (method: string, headers: Headers = []) => ({
  route: "r",
  headers: [[":method", method], ...headers] satisfies Headers,
});

const one = { count: 1, periodMs: 60_000, burst: 1 };
const byNobody = { key: [] };
const isGet = ["==", ["get", "request.method"], "GET"];
const isTried = ["==", ["get", "request.headers", "x-try"], "1"];
const unknown = {
  ...get("GET"),
  headers: [
    [":method", "GET"],
    ["x-try", "1"],
    ["x-try", "1"],
  ] satisfies Headers,
};

const shadow = (policy: Policy): Policy => ({ ...policy, mode: "shadow" });
const when = (policy: Policy, condition: unknown): Policy => ({ ...policy, when: condition });
const closing = (policy: Policy): Policy => ({ ...policy, onError: "deny" });

describe("in shadow", () => {
  test("authenticate lets everybody pass as nobody, and tells whom it would deny", () => {
    const known = allowing(["has", ["get", "auth.consumer"]]);
    const vm = vmWith([shadow(partnersOnly)]);
    expect(vm.send(get("GET"))).toMatchObject({
      passed: true,
      properties: {
        "sluice.decision": "sluice allowed no-policy",
        "sluice.shadow": "partners-only denied no-credential",
      },
    });
    expect(vm.send(get("GET", acme)).properties).toEqual({ "sluice.decision": "sluice allowed no-policy" });
    expect(Object.fromEntries(vm.metrics)).toEqual({
      "sluice.authenticate.partners-only.allowed": 1,
      "sluice.authenticate.partners-only.denied": 0,
      "sluice.authenticate.partners-only.error": 0,
      "sluice.authenticate.partners-only.shadow": 1,
    });
    expect(vmWith([shadow(partnersOnly), known]).send(get("GET", acme)).reply?.status).toBe(403);
  });

  test("authorize lets pass what it would deny, after an enforced policy decided", () => {
    const vm = vmWith([partnersOnly, shadow(allowing(isGet))]);
    expect(vm.send(get("PUT", acme)).properties).toEqual({
      "sluice.consumer": "acme",
      "sluice.tier": "gold",
      "sluice.groups": "partners,eu",
      "sluice.decision": "partners-only allowed authenticated",
      "sluice.shadow": "rules denied otherwise",
    });
    expect(vm.send(get("GET", acme)).properties).not.toHaveProperty("sluice.shadow");
    expect(vm.metrics.get("sluice.authorize.rules.shadow")).toBe(1);
    expect(vm.metrics.get("sluice.authorize.rules.allowed")).toBe(1);
    expect(vm.metrics.get("sluice.authorize.rules.denied")).toBe(0);
  });

  test("the first policy that would deny is told, also with the denial of an enforced one", () => {
    const later = { ...allowing(isGet), name: "later" };
    const vm = vmWith([shadow(allowing(isTried)), shadow({ ...later, name: "third" }), later]);
    const refused = vm.send(get("PUT"));
    expect(refused.reply?.status).toBe(403);
    expect(refused.properties).toEqual({
      "sluice.decision": "later denied otherwise",
      "sluice.shadow": "rules denied otherwise",
    });
  });

  test("a limit takes from its bucket, never refuses, and tells clients nothing", () => {
    const vm = vmWith([shadow(limiting("tries", { ...one, count: 2, burst: 2 }, byNobody))]);
    const told = Array.from({ length: 4 }, () => vm.send(get("GET")).properties);
    const passed = { "sluice.decision": "sluice allowed no-policy" };
    const over = { ...passed, "sluice.shadow": "tries denied quota-exceeded" };
    expect(told).toEqual([passed, passed, over, over]);
    expect(vm.metrics.get("sluice.rate-limit.tries.allowed")).toBe(2);
    expect(vm.metrics.get("sluice.rate-limit.tries.shadow")).toBe(2);
    expect(vm.metrics.get("sluice.rate-limit.tries.denied")).toBe(0);
  });

  test("a limit beside an enforced one neither takes its place nor gives anything back", () => {
    const clock = { now: 1_000_000_000_000_000n };
    const tries = shadow(limiting("tries", one, byNobody));
    const real = limiting("real", { ...one, count: 3, burst: 3 }, byNobody);
    const vm = vmWith([tries, real], { clock });
    expect(vm.send(get("GET")).properties["sluice.ratelimit"]).toBe('"real";r=2;t=20');
    expect(vm.send(get("GET")).properties).toMatchObject({
      "sluice.decision": "real allowed within-quota",
      "sluice.shadow": "tries denied quota-exceeded",
      "sluice.ratelimit": '"real";r=1;t=20',
    });
    vm.send(get("GET"));
    const refused = vm.send(get("GET"));
    expect(refused.reply?.details).toBe("sluice:real");
    expect(refused.properties).toEqual({
      "sluice.decision": "real denied quota-exceeded",
      "sluice.shadow": "tries denied quota-exceeded",
    });
    // Had a refusal given anything back to the limit in shadow, it would have room now.
    expect(vm.metrics.get("sluice.rate-limit.tries.shadow")).toBe(3);
    clock.now += 20_000_000_000n;
    expect(vm.send(get("GET")).properties["sluice.shadow"]).toBe("tries denied quota-exceeded");
  });

  test("a call that an enforced limit refuses costs nothing in one in shadow", () => {
    const clock = { now: 1_000_000_000_000_000n };
    const tries = shadow(limiting("tries", { ...one, count: 2, burst: 2 }, byNobody));
    const real = limiting("real", { ...one, periodMs: 1000 }, byNobody);
    const vm = vmWith([tries, real], { clock });
    for (let call = 0; call < 5; call++) vm.send(get("GET"));
    clock.now += 1_000_000_000n;
    expect(vm.send(get("GET")).properties).not.toHaveProperty("sluice.shadow");
    clock.now += 1_000_000_000n;
    expect(vm.send(get("GET")).properties["sluice.shadow"]).toBe("tries denied quota-exceeded");
  });

  test("a limit whose last call another worker takes in between lets pass as well", () => {
    const shared = new SharedData();
    const policies = [
      limiting("real", { ...one, count: 9, burst: 9 }, byNobody),
      shadow(limiting("tries", one, byNobody)),
    ];
    const [first, second] = [vmWith(policies, { shared }), vmWith(policies, { shared })];
    let intrude = true;
    shared.beforeWrite = (key) => {
      if (!intrude || !key.includes("tries")) return;
      intrude = false;
      second.send(get("GET"));
    };
    expect(first.send(get("GET")).properties["sluice.shadow"]).toBe("tries denied quota-exceeded");
    expect(first.metrics.get("sluice.rate-limit.real.allowed")).toBe(1);
    expect(first.metrics.get("sluice.rate-limit.tries.allowed")).toBe(0);
    expect(first.send(get("GET")).properties["sluice.ratelimit"]).toMatch(/^"real";r=6;/);
  });

  test("is told only where somebody reads it, and passes where the host does not take it", () => {
    const routes = [{ name: "r", run: ["partners-only"], tell: ["decision"] }];
    expect(vmWith([shadow(partnersOnly)], {}, { routes }).send(get("GET")).properties).toEqual({
      "sluice.decision": "sluice allowed no-policy",
    });
    const failing = new Map([["proxy_set_property", 10]]);
    const told = [{ name: "r", run: ["partners-only"], tell: ["shadow"] }];
    expect(vmWith([shadow(partnersOnly)], { failing }, { routes: told }).send(get("GET")).passed).toBe(true);
  });

  test("a module on its own clears what a client says of itself, and leaves the credential", () => {
    const vm = vmWith([shadow(partnersOnly)], {}, { results: "headers" }, auth);
    const sent = vm.send(get("GET", [...acme, ["x-consumer", "root"]]));
    expect(sent.passed).toBe(true);
    expect(sent.headers).toEqual([[":method", "GET"], ...acme]);
  });
});

describe("with a condition", () => {
  test("authenticate and authorize apply where it is true or unknown", () => {
    for (const policy of [partnersOnly, allowing(["==", ["get", "request.method"], "PUT"])]) {
      const vm = vmWith([when(policy, isTried)]);
      expect(vm.send(get("GET", [["x-try", "1"]])).passed).toBe(false);
      expect(vm.send(unknown).passed).toBe(false);
      expect(vm.send(get("GET")).passed).toBe(false);
      expect(vm.send(get("GET", [["x-try", "0"]]))).toMatchObject({
        passed: true,
        properties: { "sluice.decision": "sluice allowed no-policy" },
      });
    }
  });

  test("whoever calls is unknown where authenticate does not apply", () => {
    const vm = vmWith([
      when(partnersOnly, ["!=", ["get", "request.method"], "GET"]),
      allowing(["has", ["get", "auth.consumer"]]),
    ]);
    expect(vm.send(get("GET", acme)).reply?.status).toBe(403);
    expect(vm.send(get("PUT", acme)).passed).toBe(true);
    expect(vm.send(get("GET", acme)).properties).not.toHaveProperty("sluice.consumer");
  });

  test("a limit applies where it is true, and alone of those beside it", () => {
    const limited = when(limiting("some", one, byNobody), isTried);
    const vm = vmWith([limited, limiting("all", { ...one, count: 9, burst: 9 }, byNobody)]);
    const tried = get("GET", [["x-try", "1"]]);
    expect(vm.send(tried).properties["sluice.ratelimit"]).toBe('"some";r=0;t=60, "all";r=8;t=7');
    for (const request of [get("GET"), unknown, get("GET", [["x-try", "0"]])])
      expect(vm.send(request).properties["sluice.ratelimit"]).toMatch(/^"all";r=[765];t=[0-9]+$/);
    expect(vm.send(tried).reply?.details).toBe("sluice:some");
  });

  test("a limit that no call of a phase meets says nothing", () => {
    const vm = vmWith([when(limiting("some", one, byNobody), isTried)]);
    expect(vm.send(get("GET")).properties).toEqual({ "sluice.decision": "sluice allowed no-policy" });
  });

  test("a limit may ask who calls", () => {
    const isGold = ["==", ["get", "auth.tier"], "gold"];
    const vm = vmWith([partnersOnly, when(limiting("gold", one, byNobody), isGold)]);
    expect(vm.send(get("GET", acme)).passed).toBe(true);
    expect(vm.send(get("GET", acme)).reply?.status).toBe(429);
    expect(vm.send(get("GET", [["x-api-key", "globex-key"]])).passed).toBe(true);
  });

  test("stands beside a policy in shadow too", () => {
    const vm = vmWith([shadow(when(allowing(isTried), ["==", ["get", "request.method"], "PUT"]))]);
    expect(vm.send(get("GET")).properties).not.toHaveProperty("sluice.shadow");
    expect(vm.send(get("PUT")).properties["sluice.shadow"]).toBe("rules denied otherwise");
  });

  test("a module on its own removes the credential also where authenticate does not apply", () => {
    const vm = vmWith([when(partnersOnly, ["!", isGet])], {}, { results: "headers" }, auth);
    expect(vm.send(get("GET", acme)).headers).toEqual([[":method", "GET"]]);
  });
});

describe("on an error", () => {
  const failures = ["proxy_get_shared_data", "proxy_set_shared_data", "clock_time_get"];

  test.each(failures)("a limit that denies answers 503 when %s fails", (name) => {
    const failing = new Map<string, number>();
    const vm = vmWith([closing(limiting("strict", one, byNobody))], { failing });
    failing.set(name, 10);
    const refused = vm.send(get("GET"));
    expect(refused.reply).toEqual({
      status: 503,
      grpcStatus: 14,
      details: "sluice:strict",
      body: '{"type":"about:blank","title":"Service Unavailable","status":503}',
      headers: [["content-type", "application/problem+json"]],
    });
    expect(refused.properties).toEqual({ "sluice.decision": "strict denied store-failure" });
    expect(vm.metrics.get("sluice.rate-limit.strict.error")).toBe(1);
    failing.clear();
    expect(vm.send(get("GET")).passed).toBe(true);
    expect(vm.send(get("GET")).reply?.status).toBe(429);
  });

  test("a limit that denies does so when every race is lost, and only what was booked before is given back", () => {
    const shared = new SharedData();
    const tries = shadow(limiting("tries", one, byNobody));
    const wide = limiting("wide", { ...one, count: 3, burst: 3 }, byNobody);
    const strict = closing(limiting("strict", { ...one, count: 9, burst: 9 }, byNobody));
    const vm = vmWith([tries, wide, strict], { shared });
    expect(vm.send(get("GET")).properties["sluice.ratelimit"]).toMatch(/^"wide";r=2;.* "strict";r=8;/);
    let losing = true;
    shared.beforeWrite = (key) => {
      const present = shared.values.get(key);
      if (losing && key.includes("strict") && present !== undefined)
        shared.values.set(key, { ...present, version: present.version + 1000 });
    };
    for (let call = 0; call < 5; call++)
      expect(vm.send(get("GET")).properties["sluice.decision"]).toBe("strict denied store-failure");
    losing = false;
    const passed = vm.send(get("GET")).properties;
    expect(passed["sluice.ratelimit"]).toMatch(/^"wide";r=1;.* "strict";r=7;/);
    expect(passed["sluice.shadow"]).toBe("tries denied quota-exceeded");
  });

  test("a limit that allows, as one that says nothing, lets pass; but not beside one that denies", () => {
    const failing = new Map<string, number>();
    const open = { ...limiting("open", one, byNobody), onError: "allow" };
    const alone = vmWith([open], { failing });
    const beside = vmWith([open, closing(limiting("strict", one, byNobody))], { failing });
    failing.set("proxy_get_shared_data", 10);
    expect([alone.send(get("GET")).passed, alone.send(get("GET")).passed]).toEqual([true, true]);
    expect(beside.send(get("GET")).reply?.details).toBe("sluice:strict");
  });

  test("one in shadow tells that it would deny", () => {
    const failing = new Map<string, number>();
    const vm = vmWith([shadow(closing(limiting("strict", one, byNobody)))], { failing });
    failing.set("proxy_get_shared_data", 10);
    expect(vm.send(get("GET"))).toMatchObject({
      passed: true,
      properties: { "sluice.shadow": "strict denied store-failure" },
    });
    expect(vm.metrics.get("sluice.rate-limit.strict.shadow")).toBe(1);
    expect(vm.metrics.get("sluice.rate-limit.strict.error")).toBe(1);
  });

  test("a limit that is used up answers before one that cannot count", () => {
    const failing = new Map<string, number>();
    const shared = new SharedData();
    const vm = vmWith([limiting("real", one, byNobody), closing(limiting("strict", one, { ...byNobody, slots: 8 }))], {
      failing,
      shared,
    });
    expect(vm.send(get("GET")).passed).toBe(true);
    for (const [key, value] of shared.values)
      if (key.includes("strict")) shared.values.set(key, { ...value, bytes: new Uint8Array(3) });
    expect(vm.send(get("GET")).reply?.status).toBe(429);
  });
});

describe("the configuration", () => {
  const limit = limiting("limit", one, byNobody);
  const refusals: [string, Policy[], string][] = [
    ["another mode", [{ ...partnersOnly, mode: "off" }], 'policies[0].mode: must be "enforce" or "shadow"'],
    ["a condition that is none", [when(partnersOnly, "x")], "policies[0].when: must be a condition"],
    [
      "a condition that asks whom it is to find out",
      [when(partnersOnly, ["has", ["get", "auth.tier"]])],
      "policies[0].when: asks who calls, which this policy is to find out",
    ],
    [
      "a limit whose condition asks who calls too early",
      [when(limit, ["has", ["get", "auth.tier"]]), partnersOnly],
      "routes[0].run[0]: counts by who calls, and no authenticate comes before it",
    ],
    [
      "authenticate that opens",
      [{ ...partnersOnly, onError: "allow" }],
      'policies[0].onError: must be "deny": what keeps callers out never opens',
    ],
    ["something else on errors", [{ ...limit, onError: "ask" }], 'policies[0].onError: must be "deny" or "allow"'],
    ["a mode that is no text", [{ ...limit, mode: 1 }], 'policies[0].mode: must be "enforce" or "shadow"'],
  ];

  test.each(refusals)("is refused for %s", (_, policies, message) => {
    const vm = new ModuleVm(guard);
    expect(vm.configure(configurationOf(policies))).toBe(false);
    expect(vm.lastError).toBe(`sluice: ${message}`);
  });

  test("takes what holds by itself, and then defines no counter more", () => {
    const vm = vmWith([{ ...partnersOnly, mode: "enforce", onError: "deny" }]);
    expect([...vm.metrics.keys()]).not.toContain("sluice.authenticate.partners-only.shadow");
    expect(vm.send(get("GET")).reply?.status).toBe(401);
  });

  test("costs a request a call more only where a policy in shadow would deny it", () => {
    const told = (headers: Headers) => vmWith([shadow(partnersOnly)]).send(get("GET", headers)).calls;
    const sets = (calls: readonly string[]) => calls.filter((name) => name === "proxy_set_property").length;
    expect([sets(told(acme)), sets(told([]))]).toEqual([1, 2]);
  });
});
