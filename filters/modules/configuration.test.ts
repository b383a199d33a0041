import { beforeAll, describe, expect, test } from "vitest";
import { type CompiledModule, loadModule, ModuleVm } from "../../test/support/module-host.js";
import {
  allowing,
  configurationOf,
  consumers,
  digestOf,
  limiting,
  partnersOnly,
} from "../../test/support/module-policies.js";
import { faultBySchema, isBeyond } from "../../test/support/module-schema.js";

let guard: CompiledModule;
let auth: CompiledModule;
beforeAll(async () => {
  guard = await loadModule("guard");
  auth = await loadModule("auth");
});

const limit = limiting("limit", { count: 1, periodMs: 1000, burst: 1 });
const withConsumers = (list: unknown): unknown => configurationOf([partnersOnly], { consumers: list });
const withCredential = (apiKey: unknown): unknown => withConsumers([{ name: "a", credentials: [{ apiKey }] }]);
const withRate = (rate: unknown): unknown =>
  configurationOf([partnersOnly, { name: "limit", rateLimit: { key: [], default: rate } }]);
const withLimit = (more: Readonly<Record<string, unknown>>): unknown =>
  configurationOf([partnersOnly, limiting("limit", { count: 1, periodMs: 1000, burst: 1 }, more)]);
const withAuthenticate = (authenticate: unknown): unknown => configurationOf([{ name: "p", authenticate }]);
const withRoutes = (routes: unknown): unknown => configurationOf([partnersOnly, limit], { routes });
const rate = { count: 1, periodMs: 1000, burst: 1 };

const refusals: [string, unknown, string][] = [
  ["nothing", "", "there is no configuration"],
  ["no JSON", "{", "the configuration is not strict JSON, at byte 1"],
  ["a duplicate member", '{"version":1,"version":1}', "the configuration is not strict JSON, at byte 14"],
  ["no object", "[]", "must be an object"],
  ["an unknown member", configurationOf([], { extra: 1 }), "extra: is not known here"],
  ["a missing member", { version: 1 }, "results: is missing"],
  ["another version", configurationOf([], { version: 2 }), "version: is too large"],
  ["a version of another type", configurationOf([], { version: "1" }), "version: must be an integer"],
  ["other results", configurationOf([], { results: "both" }), 'results: must be "filterState" or "headers"'],
  [
    "a limit that cannot tell its results",
    configurationOf([partnersOnly, limit], { results: "headers" }),
    'results: must be "filterState" where there is a rateLimit',
  ],
  ["no routes", configurationOf([], { routes: [] }), "routes: must not be empty"],
  ["consumers that are no list", withConsumers({}), "consumers: must be a list"],
  ["a consumer without name", withConsumers([{ credentials: [] }]), "consumers[0].name: is missing"],
  ["a consumer without credentials", withConsumers([{ name: "a" }]), "consumers[0].credentials: is missing"],
  [
    "a consumer twice",
    withConsumers([consumers[0], { name: "acme", credentials: [] }]),
    'consumers[1].name: there already is a consumer "acme"',
  ],
  [
    "a name with a line break",
    withConsumers([{ name: "a\nb", credentials: [] }]),
    "consumers[0].name: must be visible ASCII",
  ],
  [
    "a tier with a comma",
    withConsumers([{ name: "a", tier: "x,y", credentials: [] }]),
    "consumers[0].tier: must not contain a comma",
  ],
  [
    "an empty group",
    withConsumers([{ name: "a", groups: [""], credentials: [] }]),
    "consumers[0].groups[0]: is too short",
  ],
  [
    "another credential",
    withConsumers([{ name: "a", credentials: [{ basic: 1 }] }]),
    "consumers[0].credentials[0].basic: must be an object",
  ],
  ["a literal key", withCredential("secret"), "consumers[0].credentials[0].apiKey: must begin with sha256: or env:"],
  [
    "a short digest",
    withCredential("sha256:00"),
    "consumers[0].credentials[0].apiKey: must have 64 lower-case hexadecimal digits after sha256:",
  ],
  [
    "an upper-case digest",
    withCredential(`sha256:${"A".repeat(64)}`),
    "consumers[0].credentials[0].apiKey: must have 64 lower-case hexadecimal digits after sha256:",
  ],
  [
    "a key of two consumers",
    withConsumers([
      { name: "a", credentials: [{ apiKey: digestOf("k") }] },
      { name: "b", credentials: [{ apiKey: digestOf("k") }] },
    ]),
    "consumers[1].credentials[0].apiKey: is a key that a consumer already has",
  ],
  [
    "an absent variable",
    withCredential("env:ABSENT"),
    'consumers[0].credentials[0].apiKey: the environment variable is not set, or not let through to the module: "env:ABSENT"',
  ],
  [
    "an empty variable",
    withCredential("env:EMPTY"),
    'consumers[0].credentials[0].apiKey: the environment variable is empty: "env:EMPTY"',
  ],
  [
    "a variable with a comma",
    withCredential("env:COMMA"),
    'consumers[0].credentials[0].apiKey: the environment variable must be visible ASCII without comma: "env:COMMA"',
  ],
  [
    "a variable with a space",
    withCredential("env:SPACE"),
    'consumers[0].credentials[0].apiKey: the environment variable must be visible ASCII without comma: "env:SPACE"',
  ],
  [
    "a variable that is too long",
    withCredential("env:LONG"),
    'consumers[0].credentials[0].apiKey: the environment variable is longer than 4096 bytes: "env:LONG"',
  ],
  [
    "a policy name",
    configurationOf([{ name: "Bad" }]),
    "policies[0].name: must be lower-case letters, digits and inner hyphens",
  ],
  [
    "a policy name that ends in a hyphen",
    configurationOf([{ name: "a-" }]),
    "policies[0].name: must be lower-case letters, digits and inner hyphens",
  ],
  ["a policy of no kind", configurationOf([{ name: "a" }]), "policies[0]: must be of one kind"],
  [
    "a policy of two kinds",
    configurationOf([{ ...partnersOnly, ...limit, name: "a" }]),
    "policies[0]: must be of one kind",
  ],
  [
    "a policy twice",
    configurationOf([partnersOnly, partnersOnly]),
    'policies[1]: there already is a policy "partners-only"',
  ],
  ["no realm", withAuthenticate({ anyOf: [] }), "policies[0].authenticate.realm: is missing"],
  [
    "a realm with a quote",
    withAuthenticate({ realm: 'a"b', anyOf: [] }),
    "policies[0].authenticate.realm: must be ASCII without quotes and backslashes",
  ],
  ["no method", withAuthenticate({ realm: "a", anyOf: [] }), "policies[0].authenticate.anyOf: must not be empty"],
  [
    "another method",
    withAuthenticate({ realm: "a", anyOf: [{ saml: {} }] }),
    "policies[0].authenticate.anyOf[0].saml: is not known here",
  ],
  [
    "an upper-case header",
    withAuthenticate({ realm: "a", anyOf: [{ apiKey: { header: "X" } }] }),
    "policies[0].authenticate.anyOf[0].apiKey.header: must be a header name in lower case",
  ],
  [
    "a header twice",
    withAuthenticate({ realm: "a", anyOf: [{ apiKey: { header: "x" } }, { apiKey: { header: "x" } }] }),
    "policies[0].authenticate.anyOf[1]: is listed twice",
  ],
  [
    "optional as text",
    withAuthenticate({ realm: "a", anyOf: [{ apiKey: { header: "x" } }], optional: "no" }),
    "policies[0].authenticate.optional: must be true or false",
  ],
  [
    "another otherwise",
    configurationOf([{ name: "a", authorize: { rules: [], otherwise: "maybe" } }]),
    'policies[0].authorize.otherwise: must be "allow" or "deny"',
  ],
  [
    "a rule with allow and deny",
    configurationOf([{ name: "a", authorize: { rules: [{ name: "r", allow: true, deny: true }], otherwise: "deny" } }]),
    "policies[0].authorize.rules[0]: must have either allow or deny",
  ],
  [
    "a rule name twice",
    configurationOf([
      {
        name: "a",
        authorize: {
          rules: [
            { name: "r", allow: true },
            { name: "r", deny: true },
          ],
          otherwise: "deny",
        },
      },
    ]),
    "policies[0].authorize.rules[1]: has the name of a rule before it",
  ],
  [
    "no default rate",
    configurationOf([partnersOnly, { name: "limit", rateLimit: { key: [] } }]),
    "policies[1].rateLimit.default: is missing",
  ],
  ["a count of 0", withRate({ ...rate, count: 0 }), "policies[1].rateLimit.default.count: is too small"],
  ["a burst of 0", withRate({ ...rate, burst: 0 }), "policies[1].rateLimit.default.burst: is too small"],
  ["a fraction", withRate({ ...rate, count: 1.5 }), "policies[1].rateLimit.default.count: must be an integer"],
  [
    "a period of 32 days",
    withRate({ ...rate, periodMs: 32 * 86400000 }),
    "policies[1].rateLimit.default.periodMs: is too large",
  ],
  [
    "over a million a second",
    withRate({ ...rate, count: 1000001 }),
    "policies[1].rateLimit.default.count: is more than a million a second",
  ],
  [
    "a burst of thousands of years",
    withRate({ count: 1, periodMs: 86400000, burst: 1000000000 }),
    "policies[1].rateLimit.default.burst: is too large for this rate",
  ],
  ["slots that are no power of two", withLimit({ slots: 100 }), "policies[1].rateLimit.slots: must be a power of two"],
  ["too many slots", withLimit({ slots: 2097152 }), "policies[1].rateLimit.slots: is too large"],
  [
    "unknown limit headers",
    withLimit({ headers: ["x-limits"] }),
    'policies[1].rateLimit.headers[0]: must be "ietf", "retry-after" or "x-ratelimit", each once',
  ],
  [
    "a tier twice",
    withLimit({
      rates: [
        { tier: "a", ...rate },
        { tier: "a", ...rate },
      ],
    }),
    "policies[1].rateLimit.rates[1].tier: has a rate already",
  ],
  ["a key that is a constant", withLimit({ key: ["get"] }), 'policies[1].rateLimit.key[0]: must be ["get", attribute]'],
  [
    "a key that is a number",
    withLimit({ key: [["get", "source.port"]] }),
    "policies[1].rateLimit.key[0]: is not a string",
  ],
  [
    "a segment that no path has",
    withRoutes([{ name: "r", run: [], params: { id: 1024 } }]),
    "routes[0].params.id: is too large",
  ],
  [
    "params that are a list",
    withRoutes([{ name: "r", run: [], params: ["id"] }]),
    "routes[0].params: must be an object",
  ],
  [
    "a key that is a list",
    withLimit({ key: [["get", "auth.groups"]] }),
    "policies[1].rateLimit.key[0]: is not a string",
  ],
  [
    "an unknown key",
    withLimit({ key: [["get", "auth.name"]] }),
    "policies[1].rateLimit.key[0][1]: is not a known attribute",
  ],
  [
    "an unknown policy",
    withRoutes([{ name: "r", run: ["partners-only", "x"] }]),
    'routes[0].run[1]: no policy is named "x"',
  ],
  [
    "a policy twice on a route",
    withRoutes([{ name: "r", run: ["partners-only", "partners-only"] }]),
    "routes[0].run[1]: is in this list already",
  ],
  [
    "a limit before who calls is known",
    withRoutes([{ name: "r", run: ["limit", "partners-only"] }]),
    "routes[0].run[0]: counts by who calls, and no authenticate comes before it",
  ],
  [
    "authorize before authenticate",
    configurationOf([allowing(true), partnersOnly]),
    "routes[0].run[1]: must come before authorize",
  ],
  [
    "two authenticates",
    configurationOf([partnersOnly, { ...partnersOnly, name: "again" }]),
    "routes[0].run[1]: is a second authenticate",
  ],
  [
    "a route twice",
    withRoutes([
      { name: "r", run: [] },
      { name: "r", run: [] },
    ]),
    'routes[1].name: there already is a route "r"',
  ],
  [
    "* beside another route",
    withRoutes([
      { name: "r", run: [] },
      { name: "*", run: [] },
    ]),
    "routes[1].name: may not stand beside other routes",
  ],
];

const environment = { EMPTY: "", COMMA: "a,b", SPACE: "a b", LONG: "x".repeat(4097), GOOD: "env-key" };

describe("the configuration", () => {
  test.each(refusals)("is refused for %s", (_name, configuration, message) => {
    const vm = new ModuleVm(guard, { environment });
    expect(vm.configure(configuration)).toBe(false);
    expect(vm.lastError).toBe(`sluice: ${message}`);
    expect(vm.lastError).not.toContain("xxxx");
  });

  const inJson = refusals.filter(([, configuration]) => typeof configuration === "object");

  test.each(inJson)("is refused by the schema for %s, unless no schema can see it", (_name, configuration, message) => {
    const document: unknown = JSON.parse(JSON.stringify(configuration));
    if (faultBySchema("guard", document) === undefined) expect(isBeyond(message), message).toBe(true);
  });

  test("takes keys from the environment, and leaves none of it in memory", () => {
    const vm = new ModuleVm(guard, { environment });
    expect(vm.configure(withCredential("env:GOOD"))).toBe(true);
    expect(vm.contains("env-key")).toBe(false);
    expect(vm.send({ route: "r", headers: [["x-api-key", "env-key"]] }).passed).toBe(true);
  });

  test("has no rate limit in auth.wasm", () => {
    const vm = new ModuleVm(auth);
    expect(vm.configure(configurationOf([partnersOnly, limit]))).toBe(false);
    expect(vm.lastError).toBe("sluice: policies[1].rateLimit: is not part of this module");
    expect(vm.configure(configurationOf([partnersOnly]))).toBe(true);
  });

  test("is refused, not trapped on, where it needs more memory than there is", () => {
    const vm = new ModuleVm(guard);
    expect(vm.configure(`[${"[],".repeat(3_000_000)}[]]`)).toBe(false);
    expect(vm.lastError).toBe("sluice: needs more memory than the module may have");
    expect(vm.configure(`"${"x".repeat(16 << 20)}"`)).toBe(false);
    expect(vm.lastError).toBe("sluice: the configuration is larger than 16 MiB");
    expect(vm.configure(configurationOf([partnersOnly]))).toBe(true);
  });

  test("denies everything where the host gives no random bytes: a worker that refuses would be left out", () => {
    const blind = new ModuleVm(guard, { failing: new Map([["random_get", 58]]) });
    expect(blind.configure(configurationOf([], { routes: [{ name: "r", run: [] }] }))).toBe(true);
    expect(blind.lastError).toBe("sluice: the host gives no random bytes or shared data; every request is denied");
    expect(blind.send({ route: "r" }).reply?.status).toBe(503);
  });

  test("is refused where the host takes no counters", () => {
    const mute = new ModuleVm(guard, { failing: new Map([["proxy_define_metric", 2]]) });
    expect(mute.configure(configurationOf([partnersOnly]))).toBe(false);
    expect(mute.lastError).toBe("sluice: policies[0].authenticate: the host defines no counter");
  });

  test("may have ten thousand consumers and routes", () => {
    const many = Array.from({ length: 10_000 }, (_, index) => ({
      name: `consumer-${index}`,
      tier: "gold",
      groups: ["partners"],
      credentials: [{ apiKey: digestOf(`key-${index}`) }],
    }));
    const routes = Array.from({ length: 10_000 }, (_, index) => ({
      name: `route-${index}`,
      run: ["partners-only", "limit"],
    }));
    const vm = new ModuleVm(guard);
    expect(vm.configure(configurationOf([partnersOnly, limit], { consumers: many, routes }))).toBe(true);
    const outcome = vm.send({ route: "route-9999", headers: [["x-api-key", "key-9999"]] });
    expect(outcome.passed).toBe(true);
    expect(outcome.properties["sluice.consumer"]).toBe("consumer-9999");
    expect(vm.send({ route: "route-10000", headers: [["x-api-key", "key-9999"]] }).reply?.status).toBe(403);
  });
});
