import { beforeAll, describe, expect, test } from "vitest";
import { type CompiledModule, loadModule, ModuleVm } from "../../test/support/module-host.js";
import { allowing, configurationOf, limiting, partnersOnly } from "../../test/support/module-policies.js";

let guard: CompiledModule;
let auth: CompiledModule;
beforeAll(async () => {
  guard = await loadModule("guard");
  auth = await loadModule("auth");
});

type Headers = [string, string][];
const acme: Headers = [["x-api-key", "acme-key"]];

function vmWith(configuration: unknown, module = guard): ModuleVm {
  const vm = new ModuleVm(module);
  if (!vm.configure(configuration)) throw new Error(vm.lastError);
  return vm;
}

describe("routes", () => {
  const denied = {
    status: 403,
    grpcStatus: 7,
    details: "sluice:unknown-route",
    body: '{"type":"about:blank","title":"Forbidden","status":403}',
    headers: [["content-type", "application/problem+json"]],
  };

  test("that are not listed are denied, and so is a request without route", () => {
    const vm = vmWith(configurationOf([]));
    for (const request of [{ route: "x" }, { route: "" }, {}, { route: "rr" }]) {
      const outcome = vm.send(request);
      expect(outcome.reply).toEqual(denied);
      expect(outcome.properties).toEqual({ "sluice.decision": "sluice denied unknown-route" });
    }
    expect(vm.send({ route: "r" }).properties).toEqual({ "sluice.decision": "sluice allowed no-policy" });
  });

  test("are not asked for where one pipeline holds for all", () => {
    const vm = vmWith(configurationOf([partnersOnly], { routes: [{ name: "*", run: ["partners-only"] }] }));
    const outcome = vm.send({ route: "any", headers: acme });
    expect(outcome.passed).toBe(true);
    expect(outcome.calls).not.toContain("proxy_get_property");
  });

  test("are counted by the name that the one for all has, or all together", () => {
    const limit = limiting("limit", { count: 2, periodMs: 60_000, burst: 2 }, { key: [["get", "request.host"]] });
    const route = { name: "*", run: ["limit"] };
    const vm = vmWith(configurationOf([limit], { routes: [{ name: "b", run: ["limit"] }] }));
    const passes = (name: string) => vm.send({ route: name }).passed;
    expect([passes("b"), passes("b"), passes("b")]).toEqual([true, true, false]);
    expect(vm.configure(configurationOf([limit], { routes: [{ ...route, as: "b" }] }))).toBe(true);
    expect([passes("b"), passes("any")]).toEqual([false, false]);
    expect(vm.configure(configurationOf([limit], { routes: [{ ...route, as: "c" }] }))).toBe(true);
    expect([passes("b"), passes("any"), passes("b")]).toEqual([true, true, false]);
  });

  test("are asked for even so where a condition reads their name", () => {
    const policy = allowing(["==", ["get", "route.name"], "any"]);
    const vm = vmWith(configurationOf([policy], { routes: [{ name: "*", run: ["rules"] }] }));
    expect(vm.send({ route: "any" }).passed).toBe(true);
    expect(vm.send({ route: "other" }).passed).toBe(false);
    expect(vm.send({}).passed).toBe(false);
  });

  test("have further names where somebody else chooses them, and are known by their own", () => {
    const byName = allowing(["==", ["get", "route.name"], "orders"]);
    const vm = vmWith(
      configurationOf(
        [limiting("limit", { count: 2, periodMs: 60_000, burst: 2 }, { key: [["get", "route.name"]] }), byName],
        {
          routes: [
            { name: "orders", names: ["httproute/shop/orders/rule/0/match/0/*", "b"], run: ["limit", "rules"] },
            { name: "other", run: ["rules"] },
          ],
        },
      ),
    );
    expect(vm.send({ route: "httproute/shop/orders/rule/0/match/0/*" }).passed).toBe(true);
    expect(vm.send({ route: "b" }).passed).toBe(true);
    // They share what is counted, and what is said of it.
    expect(vm.send({ route: "orders" }).reply?.status).toBe(429);
    expect(vm.send({ route: "b" }).reply?.status).toBe(429);
    expect(vm.send({ route: "other" }).reply?.status).toBe(403);
    expect(vm.send({ route: "c" }).reply).toEqual(denied);
    const counted = [...vm.metrics].filter(([name]) => name.startsWith("sluice_denials."));
    expect(Object.fromEntries(counted)).toEqual({
      "sluice_denials.limit.quota-exceeded.orders": 2,
      "sluice_denials.rules.otherwise.other": 1,
      "sluice_denials.sluice.unknown-route.c": 1,
    });
  });

  test.each([
    [[{ name: "a", names: [], run: [] }], "must not be empty"],
    [[{ name: "a", names: ["b", "b"], run: [] }], 'there already is a route "b"'],
    [
      [
        { name: "a", names: ["b"], run: [] },
        { name: "b", run: [] },
      ],
      'there already is a route "b"',
    ],
    [[{ name: "a", names: ["*"], run: [] }], "is no name of one route"],
    [[{ name: "*", names: ["b"], run: [] }], "may not stand beside `*`"],
    [[{ name: "a", as: "b", run: [] }], "may stand beside `*` only"],
    [[{ name: "*", as: "", run: [] }], "is too short"],
    [[{ name: "a", names: "b", run: [] }], "must be a list"],
    [[{ name: "a", names: [""], run: [] }], "is too short"],
  ])("with names that are none or taken are refused: %j", (routes, message) => {
    const vm = new ModuleVm(guard);
    expect(vm.configure(configurationOf([], { routes }))).toBe(false);
    expect(vm.lastError).toContain(message);
  });
});

describe("roots", () => {
  const open = configurationOf([]);
  const closed = configurationOf([partnersOnly]);

  test("serve without being told apart while there is one, and the last configuration counts", () => {
    const vm = vmWith(closed);
    expect(vm.send({ route: "r" }).passed).toBe(false);
    expect(vm.configure(open)).toBe(true);
    expect(vm.send({ route: "r" }).passed).toBe(true);
  });

  test("that come to nothing in a VM that serves already are denied, and the others go on", () => {
    const vm = vmWith(open);
    expect([vm.configure("{}", 2), vm.lastError]).toEqual([
      true,
      "sluice: the configuration cannot be used in this VM; every request is denied",
    ]);
    vm.createContext(8, 1);
    vm.createContext(9, 2);
    expect(vm.send({ route: "r", context: 8 }).passed).toBe(true);
    expect(vm.send({ route: "r", context: 9 }).reply?.status).toBe(503);
  });

  test("beyond those that a VM has room for are denied", () => {
    const vm = vmWith(open);
    for (let root = 2; root <= 1024; root++) vm.configure(open, root);
    expect([vm.configure(open, 1025), vm.lastError]).toEqual([
      true,
      "sluice: there are too many roots in this VM; every request is denied",
    ]);
    vm.createContext(2000, 1024);
    vm.createContext(2001, 1025);
    expect(vm.send({ route: "r", context: 2000 }).passed).toBe(true);
    expect(vm.send({ route: "r", context: 2001 }).reply?.status).toBe(503);
  });

  test("are denied, never guessed, where there are two and a stream belongs to neither", () => {
    const vm = vmWith(open);
    expect(vm.configure(closed, 2)).toBe(true);
    const stray = vm.send({ route: "r", context: 7 });
    expect(stray.reply?.status).toBe(503);
    expect(stray.reply?.details).toBe("sluice:unknown-root");
    vm.createContext(8, 1);
    vm.createContext(9, 2);
    vm.createContext(10, 3);
    expect(vm.send({ route: "r", context: 8 }).passed).toBe(true);
    expect(vm.send({ route: "r", context: 9 }).reply?.status).toBe(401);
    expect(vm.send({ route: "r", context: 10 }).reply?.status).toBe(503);
  });

  test("of streams are told apart among thousands, and an old note is not taken for a new one", () => {
    const vm = vmWith(open);
    expect(vm.configure(closed, 2)).toBe(true);
    for (let context = 1000; context < 9000; context++) vm.createContext(context, context % 2 === 0 ? 1 : 2);
    expect(vm.send({ route: "r", context: 1000 }).passed).toBe(true);
    expect(vm.send({ route: "r", context: 8999 }).reply?.status).toBe(401);
    vm.createContext(1000 + 8192, 2);
    expect(vm.send({ route: "r", context: 1000 }).reply?.status).toBe(503);
  });

  test("without any configuration deny", () => {
    expect(new ModuleVm(guard).send({ route: "r" }).reply?.status).toBe(503);
  });
});

describe("a host that fails", () => {
  test.each(["proxy_get_header_map_pairs", "proxy_set_property"])("at %s does not open the door", (name) => {
    const vm = new ModuleVm(guard, { failing: new Map([[name, 10]]) });
    expect(vm.configure(configurationOf([partnersOnly]))).toBe(true);
    expect(vm.send({ route: "r", headers: acme }).reply?.status).toBe(503);
  });

  test("at proxy_get_property leaves the route unknown", () => {
    const vm = new ModuleVm(guard, { failing: new Map([["proxy_get_property", 10]]) });
    expect(vm.configure(configurationOf([]))).toBe(true);
    expect(vm.send({ route: "r" }).reply?.status).toBe(403);
  });
});

describe("a module on its own (results: headers)", () => {
  const lone = configurationOf([partnersOnly], {
    results: "headers",
    routes: [
      { name: "r", run: ["partners-only"] },
      { name: "open", run: [] },
    ],
  });
  const forged: Headers = [
    ["x-consumer", "root"],
    ["x-consumer-tier", "gold"],
    ["x-consumer-groups", "a"],
    ["x", "y"],
  ];

  test("tells the upstream who calls, and removes the credential", () => {
    const outcome = vmWith(lone, auth).send({ route: "r", headers: [...forged, ...acme] });
    expect(outcome.headers).toEqual([
      ["x", "y"],
      ["x-consumer", "acme"],
      ["x-consumer-tier", "gold"],
      ["x-consumer-groups", "partners,eu"],
    ]);
    expect(outcome.properties["sluice.consumer"]).toBe("acme");
  });

  test("removes identities that a client made up, on open routes too", () => {
    const vm = vmWith(lone, auth);
    expect(vm.send({ route: "open", headers: forged }).headers).toEqual([["x", "y"]]);
    expect(vm.send({ route: "open", headers: [...forged, ...forged] }).headers).toEqual([
      ["x", "y"],
      ["x", "y"],
    ]);
    expect(vm.send({ route: "open", headers: [["x", "y"]] }).calls).not.toContain("proxy_remove_header_map_value");
  });

  test("hides made-up identities from conditions", () => {
    const policy = allowing(["==", ["get", "request.headers", "x-consumer"], "root"]);
    const vm = vmWith(configurationOf([policy], { results: "headers" }), auth);
    expect(vm.send({ route: "r", headers: forged }).passed).toBe(false);
  });
});

describe("what a request costs", () => {
  test("is six calls of the host for a caller that may pass, and two for a limit that holds a lease", () => {
    const free = vmWith(configurationOf([partnersOnly, allowing(["==", ["get", "auth.consumer"], "globex"])]));
    const headers: Headers = [["x-api-key", "globex-key"]];
    free.send({ route: "r", headers });
    expect(free.send({ route: "r", headers }).calls).toEqual([
      "proxy_get_property",
      "proxy_get_header_map_pairs",
      "proxy_increment_metric",
      "proxy_increment_metric",
      "proxy_set_property",
      "proxy_set_property",
    ]);
    const rate = { count: 100_000, periodMs: 1000, burst: 100_000 };
    const limited = vmWith(configurationOf([partnersOnly, limiting("limit", rate, { headers: [] })]));
    limited.send({ route: "r", headers });
    expect(limited.send({ route: "r", headers }).calls).toEqual([
      "proxy_get_property",
      "proxy_get_header_map_pairs",
      "proxy_increment_metric",
      "clock_time_get",
      "proxy_increment_metric",
      "proxy_set_property",
      "proxy_set_property",
    ]);
  });

  test("does not grow by what other routes read", () => {
    const has = (...path: string[]) => ["has", ["get", ...path]];
    const attributes = {
      query: has("request.query", "x"),
      cookies: has("request.cookies", "x"),
      params: has("route.params", "x"),
      time: ["<", 0, ["get", "request.time"]],
      protocol: has("request.protocol"),
      source: has("source.port"),
    };
    const policies = Object.entries(attributes).map(([name, allow]) => ({
      name,
      authorize: { rules: [{ name: "if", allow }], otherwise: "deny" },
    }));
    const routes = [
      { name: "none", run: [] },
      ...policies.map(({ name }) => ({ name, run: [name], params: { x: 0 }, tell: [] })),
    ];
    const vm = vmWith(configurationOf(policies, { routes }));
    const headers: Headers = [
      [":path", "/a?x"],
      ["cookie", "x="],
    ];
    const calls = (route: string) => {
      const outcome = vm.send({ route, headers, protocol: "HTTP/2", source: "192.0.2.1:80" });
      expect(outcome.passed).toBe(true);
      return outcome.calls.filter((name) => name !== "proxy_increment_metric" && name !== "proxy_set_property");
    };
    expect(calls("none")).toEqual(["proxy_get_property"]);
    for (const name of ["query", "cookies", "params"])
      expect(calls(name)).toEqual(["proxy_get_property", "proxy_get_header_map_pairs"]);
    expect(calls("time")).toEqual(["proxy_get_property", "clock_time_get"]);
    expect(calls("protocol")).toEqual(["proxy_get_property", "proxy_get_property"]);
    expect(calls("source")).toEqual(["proxy_get_property", "proxy_get_property"]);
  });
});

describe("what a route tells", () => {
  const limit = limiting("limit", { count: 5, periodMs: 60_000, burst: 5 });
  const telling = (tell: unknown) =>
    configurationOf([partnersOnly, limit], { routes: [{ name: "r", run: ["partners-only", "limit"], tell }] });

  test("is what is listed when a request passes, and who was denied in any case", () => {
    const vm = vmWith(telling(["consumer", "ratelimit"]));
    const passed = vm.send({ route: "r", headers: acme });
    expect(Object.keys(passed.properties).toSorted()).toEqual(["sluice.consumer", "sluice.ratelimit"]);
    for (let i = 0; i < 4; i++) vm.send({ route: "r", headers: acme });
    expect(vm.send({ route: "r", headers: acme }).properties).toEqual({
      "sluice.consumer": "acme",
      "sluice.tier": "gold",
      "sluice.groups": "partners,eu",
      "sluice.decision": "limit denied quota-exceeded",
    });
    expect(vm.send({ route: "r" }).properties).toEqual({ "sluice.decision": "partners-only denied no-credential" });
    expect(vmWith(telling([])).send({ route: "r", headers: acme }).properties).toEqual({});
  });

  test("is refused if it is no result, or one twice", () => {
    for (const tell of [["password"], ["tier", "tier"], "tier", [1]]) {
      const vm = new ModuleVm(guard);
      expect(vm.configure(telling(tell)), JSON.stringify(tell)).toBe(false);
      expect(vm.lastError).toContain("routes[0].tell");
    }
  });
});
