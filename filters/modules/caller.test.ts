import { beforeAll, describe, expect, test } from "vitest";
import { type CompiledModule, loadModule, ModuleVm, type Request } from "../../test/support/module-host.js";
import { allowing, configurationOf, limiting, type Policy, partnersOnly } from "../../test/support/module-policies.js";
import { faultBySchema } from "../../test/support/module-schema.js";

// rate-limit.wasm on its own: who calls is what a module in front left in filter state.

let auth: CompiledModule;
let rateLimit: CompiledModule;
beforeAll(async () => {
  auth = await loadModule("auth");
  rateLimit = await loadModule("rate-limit");
});

const PROPERTY = "proxy_get_property";
const once = { count: 1, periodMs: 3_600_000, burst: 1 };

const loneConfiguration = (policies: readonly Policy[], more: Readonly<Record<string, unknown>> = {}) =>
  configurationOf(policies, { consumers: [], routes: [{ name: "*", run: policies.map(({ name }) => name) }], ...more });

function limiter(...policies: Policy[]): ModuleVm {
  const vm = new ModuleVm(rateLimit);
  expect(vm.configure(loneConfiguration(policies)), vm.lastError).toBe(true);
  return vm;
}

/** A request as a module in front leaves it. */
const from = (consumer?: string, tier?: string, groups?: string): Request => ({
  state: Object.fromEntries(
    [
      ["sluice.consumer", consumer],
      ["sluice.tier", tier],
      ["sluice.groups", groups],
    ].flatMap(([name, value]) => (name === undefined || value === undefined ? [] : [[name, value]])),
  ),
});

describe("a limit by consumer", () => {
  test("counts each caller that auth.wasm recognised apart", () => {
    const front = new ModuleVm(auth);
    expect(front.configure(configurationOf([partnersOnly], { results: "headers" }))).toBe(true);
    const vm = limiter(limiting("limit", once));
    const through = (key: string) => {
      const { properties } = front.send({ route: "r", headers: [["x-api-key", key]] });
      return vm.send({ state: properties }).passed;
    };
    expect(["acme-key", "acme-key", "globex-key", "globex-key"].map(through)).toEqual([true, false, true, false]);
  });

  test("gives all whom nobody recognised one bucket, whatever they claim", () => {
    const vm = limiter(limiting("limit", once));
    expect(vm.send({}).passed).toBe(true);
    const claims: Request[] = [
      { headers: [["x-consumer", "acme"]] },
      { headers: [["wasm.sluice.consumer", "acme"]] },
      { state: { "wasm.sluice.consumer": "acme", "x-consumer": "acme" } },
      { state: { "sluice.consumer": "" } },
    ];
    expect(claims.map((claim) => vm.send(claim).passed)).toEqual([false, false, false, false]);
    expect(vm.send(from("acme")).passed).toBe(true);
  });

  test("is told by nothing of the request before", () => {
    const vm = limiter(limiting("limit", once));
    expect(vm.send(from("acme")).passed).toBe(true);
    expect(vm.send({}).passed).toBe(true);
    expect(vm.send({}).passed).toBe(false);
  });

  test("refuses with 503 where the host does not say who calls", () => {
    const vm = new ModuleVm(rateLimit, { failing: new Map([[PROPERTY, 10]]) });
    expect(vm.configure(loneConfiguration([limiting("limit", once)]))).toBe(true);
    expect(vm.send(from("acme"))).toMatchObject({
      reply: { status: 503, details: "sluice:host-failure" },
      properties: { "sluice.decision": "sluice denied host-failure" },
    });
  });
});

describe("rates and conditions", () => {
  test("go by the tier that was left", () => {
    const vm = limiter(limiting("limit", once, { rates: [{ tier: "gold", count: 3, periodMs: 3_600_000, burst: 3 }] }));
    const passed = (caller: Request) => [1, 2, 3, 4].map(() => vm.send(caller).passed);
    expect(passed(from("acme", "gold"))).toEqual([true, true, true, false]);
    expect(passed(from("globex", "free"))).toEqual([true, false, false, false]);
    expect(passed(from("initech"))).toEqual([true, false, false, false]);
  });

  test.each([
    ["a group of several", from("acme", undefined, "partners,eu"), true],
    ["the only group", from("acme", undefined, "eu"), true],
    ["a longer name", from("acme", undefined, "europe"), false],
    ["no group", from("acme"), false],
    ["nobody", from(), false],
    ["64 groups", from("acme", undefined, `${"x,".repeat(63)}eu`), true],
    ["more groups than there may be", from("acme", undefined, `${"x,".repeat(64)}eu`), false],
  ])("see in the groups that were left: %s", (_what, caller, applies) => {
    const vm = limiter({ ...limiting("limit", once, { key: [] }), when: ["in", "eu", ["get", "auth.groups"]] });
    expect(vm.send(caller).passed).toBe(true);
    expect(vm.send(caller).passed).toBe(!applies);
  });

  test("know that a caller without groups is somebody", () => {
    const counts: [Request, boolean][] = [
      [from("acme"), true],
      [from(), false],
    ];
    for (const [caller, applies] of counts) {
      const vm = limiter({
        ...limiting("limit", once, { key: [] }),
        when: ["==", ["size", ["get", "auth.groups"]], 0],
      });
      expect(vm.send(caller).passed).toBe(true);
      expect(vm.send(caller).passed).toBe(!applies);
    }
  });
});

describe("what is asked of the host", () => {
  const ofProperties = (policy: Policy, caller = from("acme", "gold", "eu")) =>
    limiter(policy)
      .send(caller)
      .calls.filter((name) => name === PROPERTY).length;

  test("is what the policies read, once", () => {
    const rates = [{ tier: "gold", ...once }];
    expect(ofProperties(limiting("limit", once, { key: [] }))).toBe(0);
    expect(ofProperties(limiting("limit", once))).toBe(1);
    expect(ofProperties(limiting("limit", once, { rates }))).toBe(2);
    expect(ofProperties({ ...limiting("limit", once, { rates }), when: ["has", ["get", "auth.groups"]] })).toBe(3);
  });

  test("is neither headers nor environment for a limit by consumer: eight calls in all for one that passes", () => {
    const { calls } = limiter(limiting("limit", once)).send(from("acme"));
    expect(calls).toEqual([
      "proxy_get_property",
      "clock_time_get",
      "proxy_get_shared_data",
      "proxy_set_shared_data",
      "proxy_increment_metric",
      "proxy_set_property",
      "proxy_set_property",
      "proxy_set_property",
    ]);
  });
});

const refusals: [string, unknown, string][] = [
  [
    "consumers",
    loneConfiguration([], { consumers: [{ name: "a", credentials: [] }] }),
    "consumers: must be an empty list: this module looks at no credential",
  ],
  ["an authenticate", loneConfiguration([partnersOnly]), "policies[0].authenticate: is not part of this module"],
  ["an authorize", loneConfiguration([allowing(true)]), "policies[0].authorize: is not part of this module"],
  [
    "results as headers",
    loneConfiguration([], { results: "headers" }),
    'results: must be "filterState": this module writes no request header',
  ],
  ...["auth.method", "auth.subject", "auth.issuer"].map((name): [string, unknown, string] => [
    `a key of ${name}`,
    loneConfiguration([limiting("limit", once, { key: [["get", name]] })]),
    "policies[0].rateLimit.key[0][1]: is not handed on by the module that knows it",
  ]),
  [
    "a condition over scopes",
    loneConfiguration([{ ...limiting("limit", once), when: ["in", "a", ["get", "auth.scopes"]] }]),
    "policies[0].when[2][1]: is not handed on by the module that knows it",
  ],
  [
    "an attribute that is none",
    loneConfiguration([limiting("limit", once, { key: [["get", "auth.name"]] })]),
    "policies[0].rateLimit.key[0][1]: is not a known attribute",
  ],
];

test.each(refusals)("the configuration is refused for %s", (_name, configuration, message) => {
  const vm = new ModuleVm(rateLimit);
  expect(vm.configure(configuration)).toBe(false);
  expect(vm.lastError).toBe(`sluice: ${message}`);
  expect(faultBySchema("rate-limit", configuration)).toBeDefined();
});
