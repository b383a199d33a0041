import { beforeAll, describe, expect, test } from "vitest";
import { type CompiledModule, loadModule, ModuleVm, type Outcome } from "../../test/support/module-host.js";
import { allowing, configurationOf, type Policy, partnersOnly } from "../../test/support/module-policies.js";

let guard: CompiledModule;
beforeAll(async () => {
  guard = await loadModule("guard");
});

type Headers = [string, string][];
const acme: Headers = [["x-api-key", "acme-key"]];

function vmWith(configuration: unknown, module = guard): ModuleVm {
  const vm = new ModuleVm(module);
  if (!vm.configure(configuration)) throw new Error(vm.lastError);
  return vm;
}

const unauthorized = {
  status: 401,
  grpcStatus: 16,
  details: "sluice:partners-only",
  body: '{"type":"about:blank","title":"Unauthorized","status":401}',
  headers: [
    ["content-type", "application/problem+json"],
    ["www-authenticate", 'ApiKey realm="shop"'],
  ],
};

describe("authenticate", () => {
  test("lets a known key pass and says whose it is", () => {
    const outcome = vmWith(configurationOf([partnersOnly])).send({ route: "r", headers: acme });
    expect(outcome.passed).toBe(true);
    expect(outcome.properties).toEqual({
      "sluice.consumer": "acme",
      "sluice.tier": "gold",
      "sluice.groups": "partners,eu",
      "sluice.decision": "partners-only allowed authenticated",
    });
  });

  test("does not tell a tier or groups that a consumer has not", () => {
    const outcome = vmWith(configurationOf([partnersOnly])).send({
      route: "r",
      headers: [["x-api-key", "globex-key"]],
    });
    expect(outcome.properties).toEqual({
      "sluice.consumer": "globex",
      "sluice.decision": "partners-only allowed authenticated",
    });
  });

  const refused: [string, Headers, string][] = [
    ["no key", [], "no-credential"],
    ["an unknown key", [["x-api-key", "acme-kez"]], "unknown-credential"],
    ["a key twice", [...acme, ...acme], "duplicate-credential"],
    ["two keys", [...acme, ["x-api-key", "globex-key"]], "duplicate-credential"],
    ["keys joined by a comma", [["x-api-key", "acme-key,acme-key"]], "duplicate-credential"],
    ["an empty key", [["x-api-key", ""]], "malformed-credential"],
    ["a key of 4097 bytes", [["x-api-key", "x".repeat(4097)]], "malformed-credential"],
    ["a key of 4096 bytes", [["x-api-key", "x".repeat(4096)]], "unknown-credential"],
    ["a key with its digest", [["x-api-key", "sha256:00"]], "unknown-credential"],
    ["a key of odd bytes", [["x-api-key", "\xff\xfe\0"]], "unknown-credential"],
  ];
  test.each(refused)("turns away %s, with one answer for all", (_name, headers, reason) => {
    const outcome = vmWith(configurationOf([partnersOnly])).send({ route: "r", headers });
    expect(outcome.reply).toEqual(unauthorized);
    expect(outcome.properties).toEqual({ "sluice.decision": `partners-only denied ${reason}` });
  });

  test("counts denials by their reasons, those of rules by the name of the rule", () => {
    const rules = {
      name: "rules",
      authorize: { rules: [{ name: "writers", deny: ["==", ["get", "request.method"], "PUT"] }], otherwise: "deny" },
    };
    const vm = vmWith(configurationOf([partnersOnly, rules]));
    const get: Headers = [[":method", "GET"]];
    for (const headers of [
      get,
      get,
      [["x-api-key", "nobody"]],
      [...acme, [":method", "PUT"]],
      [...acme, ...get],
    ] satisfies Headers[])
      vm.send({ route: "r", headers });
    vm.send({ route: "other", headers: acme });
    const counted = [...vm.metrics].filter(([name]) => name.startsWith("sluice_denials."));
    expect(Object.fromEntries(counted)).toEqual({
      "sluice_denials.partners-only.no-credential.r": 2,
      "sluice_denials.partners-only.unknown-credential.r": 1,
      "sluice_denials.rules.writers.r": 1,
      "sluice_denials.rules.otherwise.r": 1,
      "sluice_denials.sluice.unknown-route.other": 1,
    });
  });

  test("counts denials by their routes as long as there is room, and then without", () => {
    const vm = vmWith(configurationOf([partnersOnly], { routes: [{ name: "*", run: ["partners-only"] }] }));
    for (let i = 0; i < 3_080; i++) vm.send({ route: `v1.r${i}`, headers: [] });
    vm.send({ route: "v1.r0", headers: [] });
    const counted = [...vm.metrics].filter(([name]) => name.startsWith("sluice_denials."));
    expect(counted).toHaveLength(3_073);
    expect(vm.metrics.get("sluice_denials.partners-only.no-credential.v1.r0")).toBe(2);
    expect(vm.metrics.get("sluice_denials.partners-only.no-credential")).toBe(8);
  });

  test("takes the first method whose header is there, and refuses two", () => {
    const two = {
      name: "partners-only",
      authenticate: { realm: "shop", anyOf: [{ apiKey: { header: "x-a" } }, { apiKey: { header: "x-b" } }] },
    };
    const vm = vmWith(configurationOf([two]));
    expect(vm.send({ route: "r", headers: [["x-b", "acme-key"]] }).passed).toBe(true);
    const both = vm.send({
      route: "r",
      headers: [
        ["x-a", "acme-key"],
        ["x-b", "acme-key"],
      ],
    });
    expect(both.properties["sluice.decision"]).toBe("partners-only denied several-credentials");
    expect(both.reply).toEqual(unauthorized);
  });

  test("lets nobody pass as anonymous where it is optional, but no bad key", () => {
    const optional = {
      name: "p",
      authenticate: { realm: "shop", anyOf: [{ apiKey: { header: "x-api-key" } }], optional: true },
    };
    const vm = vmWith(configurationOf([optional]));
    const nobody = vm.send({ route: "r", headers: [] });
    expect(nobody.passed).toBe(true);
    expect(nobody.properties).toEqual({ "sluice.decision": "p allowed anonymous" });
    expect(vm.send({ route: "r", headers: [["x-api-key", "bad"]] }).reply?.status).toBe(401);
  });

  test("keeps nothing of a request for the next", () => {
    const vm = vmWith(configurationOf([partnersOnly]));
    vm.send({ route: "r", headers: acme });
    expect(vm.send({ route: "r", headers: [] }).properties).toEqual({
      "sluice.decision": "partners-only denied no-credential",
    });
  });

  test("counts what it decided", () => {
    const vm = vmWith(configurationOf([partnersOnly]));
    vm.send({ route: "r", headers: acme });
    vm.send({ route: "r", headers: [] });
    vm.send({ route: "r", headers: [] });
    expect(Object.fromEntries(vm.metrics)).toEqual({
      "sluice.authenticate.partners-only.allowed": 1,
      "sluice.authenticate.partners-only.denied": 2,
      "sluice.authenticate.partners-only.error": 0,
      "sluice_denials.partners-only.no-credential.r": 2,
    });
  });
});

describe("authorize", () => {
  const rules = (list: unknown[], otherwise: string): Policy => ({
    name: "rules",
    authorize: { rules: list, otherwise },
  });
  const isGet = ["==", ["get", "request.method"], "GET"];
  const get: Headers = [[":method", "GET"]];

  test("takes the first rule that matches, and names it", () => {
    const list = [
      { name: "no-tea", deny: ["==", ["get", "request.path"], "/tea"] },
      { name: "get", allow: isGet },
    ];
    const vm = vmWith(configurationOf([rules(list, "deny")]));
    const outcome = (path: string, method: string): Outcome =>
      vm.send({
        route: "r",
        headers: [
          [":method", method],
          [":path", path],
        ],
      });
    expect(outcome("/coffee?x=/tea", "GET").properties["sluice.decision"]).toBe("rules/get allowed rule");
    const tea = outcome("/tea?with=milk", "GET");
    expect(tea.properties["sluice.decision"]).toBe("rules/no-tea denied rule");
    expect(tea.reply).toEqual({
      status: 403,
      grpcStatus: 7,
      details: "sluice:rules",
      body: '{"type":"about:blank","title":"Forbidden","status":403}',
      headers: [["content-type", "application/problem+json"]],
    });
    expect(outcome("/coffee", "PUT").properties["sluice.decision"]).toBe("rules denied otherwise");
  });

  test("lets pass what no rule matches, where it says so", () => {
    const vm = vmWith(configurationOf([rules([], "allow")]));
    expect(vm.send({ route: "r" }).properties["sluice.decision"]).toBe("rules allowed otherwise");
  });

  test("denies what it cannot know: deny is true or unknown, allow is true", () => {
    const missing = ["==", ["get", "request.headers", "x-a"], "1"];
    const deny = vmWith(configurationOf([rules([{ name: "d", deny: missing }], "allow")]));
    expect(deny.send({ route: "r", headers: get }).passed).toBe(false);
    expect(deny.send({ route: "r", headers: [["x-a", "2"]] }).passed).toBe(true);
    expect(
      deny.send({
        route: "r",
        headers: [
          ["x-a", "2"],
          ["x-a", "2"],
        ],
      }).passed,
    ).toBe(false);
    const allow = vmWith(configurationOf([allowing(["!", missing])]));
    expect(allow.send({ route: "r", headers: get }).passed).toBe(false);
    expect(allow.send({ route: "r", headers: [["x-a", "2"]] }).passed).toBe(true);
  });

  test("wants all of several to allow", () => {
    const vm = vmWith(
      configurationOf([
        { ...allowing(isGet), name: "one" },
        { ...allowing(["==", ["get", "request.host"], "h"]), name: "two" },
      ]),
    );
    expect(vm.send({ route: "r", headers: [...get, [":authority", "h"]] }).passed).toBe(true);
    expect(vm.send({ route: "r", headers: [...get, [":authority", "i"]] }).properties["sluice.decision"]).toBe(
      "two denied otherwise",
    );
  });

  const unknown = ["==", ["get", "request.headers", "absent"], "x"];
  const conditions: [unknown, boolean][] = [
    [true, true],
    [false, false],
    [["==", 1, 1], true],
    [["==", 1, 2], false],
    [["!=", "a", "b"], true],
    [["==", true, false], false],
    [["!", ["==", true, false]], true],
    [["==", ["==", 1, 1], true], true],
    [["startsWith", "abc", "ab"], true],
    [["startsWith", "ab", "abc"], false],
    [["startsWith", ["get", "request.path"], "/a/"], true],
    [["in", "b", ["list", "a", "b"]], true],
    [["in", "c", ["list", "a", "b"]], false],
    [["in", "c", ["list"]], false],
    [["in", ["get", "request.method"], ["list", "PUT", "GET"]], true],
    [["in", ["get", "request.headers", "absent"], ["list"]], false],
    [["!", ["in", ["get", "request.headers", "absent"], ["list"]]], false],
    [["in", "x", ["get", "auth.groups"]], false],
    [["!", ["in", "x", ["get", "auth.groups"]]], false],
    [["&&", true, true, true], true],
    [["&&", true, false, unknown], false],
    [["!", ["&&", true, false, unknown]], true],
    [["!", ["&&", true, unknown]], false],
    [["||", unknown, true], true],
    [["||", unknown, false], false],
    [["!", ["||", unknown, false]], false],
    [["!", ["||", false, false]], true],
    [["!", unknown], false],
    [["==", ["get", "source.ip"], "2001:db8::1"], true],
    [["==", ["get", "route.name"], "r"], true],
    [["==", ["get", "request.scheme"], "https"], true],
    [["==", ["get", "request.headers", "a-header-name-of-more-than-8"], "v"], true],
    [["==", ["get", "request.headers", "a-header-name-of-more-than-9"], "v"], false],
    [["==", ["get", "auth.consumer"], "acme"], false],
  ];
  test.each(["HTTP", "https,http", "ftp", "", "httpx", "http "])(
    "knows no scheme where a trusted hop says %j",
    (said) => {
      const isHttp = ["==", ["get", "request.scheme"], "http"];
      const headers: Headers = [
        [":method", "GET"],
        [":path", "/"],
        ["x-forwarded-proto", said],
      ];
      for (const condition of [isHttp, ["!", isHttp]])
        expect(vmWith(configurationOf([allowing(condition)])).send({ route: "r", headers }).passed).toBe(false);
    },
  );

  test.each(conditions)("finds %j %s", (condition, expected) => {
    const vm = vmWith(configurationOf([allowing(condition)]));
    const headers: Headers = [
      [":method", "GET"],
      [":path", "/a/b"],
      ["x-forwarded-proto", "https"],
      ["a-header-name-of-more-than-8", "v"],
    ];
    expect(vm.send({ route: "r", headers, source: "[2001:db8::1]:443" }).passed).toBe(expected);
  });

  test("sees who calls", () => {
    const condition = [
      "&&",
      ["==", ["get", "auth.consumer"], "acme"],
      ["==", ["get", "auth.tier"], "gold"],
      ["==", ["get", "auth.method"], "apiKey"],
      ["in", "eu", ["get", "auth.groups"]],
      ["!", ["in", "us", ["get", "auth.groups"]]],
    ];
    const vm = vmWith(configurationOf([partnersOnly, allowing(condition)]));
    expect(vm.send({ route: "r", headers: acme }).properties["sluice.decision"]).toBe("rules/rule allowed rule");
    expect(vm.send({ route: "r", headers: [["x-api-key", "globex-key"]] }).reply?.status).toBe(403);
  });

  test("reads the host in lower case and without its port, as Envoy chooses the virtual host", () => {
    const passes = (host: string, authority: string): boolean =>
      vmWith(configurationOf([allowing(["==", ["get", "request.host"], host])])).send({
        route: "r",
        headers: [[":authority", authority]],
      }).passed;
    expect(passes("admin.example.com", "Admin.EXAMPLE.com:8443")).toBe(true);
    expect(passes("admin.example.com", "admin.example.com")).toBe(true);
    expect(passes("[2001:db8::1]", "[2001:DB8::1]:443")).toBe(true);
    expect(passes("[2001:db8::1]", "[2001:db8::1]")).toBe(true);
    expect(passes("admin.example.com", "admin.example.com.evil:1")).toBe(false);
    expect(passes("", ":80")).toBe(false);
    for (const odd of [
      "admin.example.com.",
      "admin.example.com.:80",
      "admin.example.com:80:80",
      "admin.example.com,b",
    ]) {
      const vm = vmWith(configurationOf([allowing(["!=", ["get", "request.host"], "other"])]));
      expect(vm.send({ route: "r", headers: [[":authority", odd]] }).passed, odd).toBe(false);
    }
  });

  test("takes two hosts for none", () => {
    const vm = vmWith(configurationOf([allowing(["!=", ["get", "request.host"], "a"])]));
    expect(vm.send({ route: "r", headers: [[":authority", "b"]] }).passed).toBe(true);
    expect(vm.send({ route: "r", headers: [[":authority", "a,b"]] }).passed).toBe(false);
  });

  test("reads an IPv4 address without its port, and no address of a pipe", () => {
    const vm = vmWith(configurationOf([allowing(["==", ["get", "source.ip"], "192.0.2.1"])]));
    expect(vm.send({ route: "r", source: "192.0.2.1:5060" }).passed).toBe(true);
    expect(vm.send({ route: "r", source: "192.0.2.10:5060" }).passed).toBe(false);
    expect(vm.send({ route: "r", source: "/run/x:1" }).passed).toBe(false);
    expect(vm.send({ route: "r" }).passed).toBe(false);
  });
});

describe("requests by consumer", () => {
  const counted = (vm: ModuleVm) =>
    Object.fromEntries([...vm.metrics].filter(([name]) => name.startsWith("sluice_consumers.")));
  const rules: Policy = {
    name: "rules",
    authorize: { rules: [{ name: "get", allow: ["==", ["get", "request.method"], "GET"] }], otherwise: "deny" },
  };
  const send = (vm: ModuleVm, key: string, method: string) =>
    vm.send({
      route: "r",
      headers: [
        ["x-api-key", key],
        [":method", method],
      ],
    });

  test("are not counted unless the configuration says so", () => {
    const vm = vmWith(configurationOf([partnersOnly, rules]));
    send(vm, "acme-key", "GET");
    expect(counted(vm)).toEqual({});
  });

  test("are counted by name of as many as it says, and of all others together", () => {
    const vm = vmWith({ ...configurationOf([partnersOnly, rules]), countedConsumers: 1 });
    for (const [key, method] of [
      ["acme-key", "GET"],
      ["acme-key", "GET"],
      ["acme-key", "PUT"],
      ["globex-key", "GET"],
      ["globex-key", "PUT"],
      ["nobody", "GET"],
    ] as const)
      send(vm, key, method);
    expect(counted(vm)).toEqual({
      "sluice_consumers.acme.allowed": 2,
      "sluice_consumers.acme.denied": 1,
      "sluice_consumers._other.allowed": 1,
      "sluice_consumers._other.denied": 1,
    });
  });

  test.each([0, 1001, "all"])("%s is no number of them", (countedConsumers) => {
    const vm = new ModuleVm(guard);
    expect(vm.configure({ ...configurationOf([partnersOnly]), countedConsumers })).toBe(false);
    expect(vm.lastError).toContain("countedConsumers");
  });
});
