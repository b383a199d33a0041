import * as fc from "fast-check";
import type { Value } from "../../compiler/syntax/document.js";
import { digestOf } from "../support/module-policies.js";
import { type GuardName, isBodyName, type ModuleName } from "../support/module-schema.js";
import { bodyDocuments, soapChanges } from "../support/soap-documents.js";
import { TOKEN_KEYS } from "../support/token-keys.js";
import { CALLERS, early, tail, told } from "./module-predicates.js";
import { type Mutation, mutated, mutationsWith } from "./mutation.js";

// Random configurations of modules, most of them right, and random changes of them.

/** Some of the members. */
const some = <T>(members: { [Key in keyof T]: fc.Arbitrary<T[Key]> }) => fc.record(members, { requiredKeys: [] });

const rate = fc.record({
  count: fc.integer({ min: 1, max: 1000 }),
  periodMs: fc.constantFrom(1000, 60_000, 2_678_400_000),
  burst: fc.integer({ min: 1, max: 1000 }),
});

const kid = fc.constantFrom("a", "é", "2026-01");
const rsaKey = some({ kid, alg: fc.constantFrom("RS256", "RS384", "RS512") }).map(
  (more): Value => ({ ...TOKEN_KEYS.rsa.jwk, ...more }),
);
const ecKey = some({ kid, alg: fc.constant("ES256") }).map((more): Value => ({ ...TOKEN_KEYS.ec.jwk, ...more }));
const secretKey = fc
  .tuple(some({ kid }), fc.constantFrom("HS256", "HS384", "HS512"), fc.constantFrom("k", "secret"))
  .map(([more, alg, form]): Value => ({ kty: "oct", alg, [form]: "env:TOKEN_KEY", ...more }));

const token = fc
  .tuple(
    fc.array(fc.oneof(rsaKey, ecKey, secretKey), { minLength: 1, maxLength: 3 }),
    fc.uniqueArray(fc.constantFrom("RS256", "ES384", "HS512"), { minLength: 1 }),
    some({
      skew: fc.constantFrom(0, 60),
      consumer: fc.constantFrom("azp", "a b"),
      claimsToHeaders: fc.uniqueArray(
        fc.record({ claim: fc.constantFrom("sub", "a b"), header: fc.constantFrom("x-user", "x-roles") }),
        { selector: ({ header }) => header },
      ),
      cache: fc.constantFrom(0, 1, 64),
    }),
  )
  .map(
    ([keys, algorithms, more]): Value => ({
      jwt: { issuer: "https://id.example.com/", audiences: ["orders"], algorithms, keys, ...more },
    }),
  );

/** The same with keys of a service. */
const remoteToken = fc
  .tuple(
    fc.uniqueArray(fc.constantFrom("RS256", "ES384"), { minLength: 1 }),
    fc.record({
      cluster: fc.constantFrom("idp", "outbound|443||id.example.com"),
      authority: fc.constantFrom("id.example.com", "[::1]:8443"),
      path: fc.constantFrom("/jwks", "/keys?p=a"),
      refreshMs: fc.constantFrom(10_000, 86_400_000),
      maxStaleMs: fc.constantFrom(86_400_001, 604_800_000),
    }),
  )
  .map(
    ([algorithms, jwks]): Value => ({
      jwt: { issuer: "https://id.example.com/", audiences: ["orders"], algorithms, jwks },
    }),
  );

/** Operations that have an integer. */
const COSTS: readonly Value[] = [
  ["get", "request.size"],
  ["int", ["get", "request.headers", "x-units"]],
  ["size", ["get", "request.path"]],
  ["?:", ["==", ["get", "request.method"], "GET"], 1, ["get", "source.port"]],
];
const ANSWER_COSTS: readonly Value[] = [
  3,
  ["get", "response.status"],
  ["int", ["get", "response.headers", "x-rows"]],
  ["?:", ["has", ["get", "response.headers", "x-rows"]], 1, 0],
];
/** One window, or several of different periods. */
const rates = fc.oneof(
  rate,
  fc.tuple(rate, rate).map(([one, other]): { [key: string]: Value } => ({
    windows: [
      { ...one, periodMs: 60_000 },
      { ...other, periodMs: 3_600_000 },
    ],
  })),
);

const HEADERS = ["x-api-key", "authorization", "x_key.1"] as const;
const mode = fc.constantFrom("enforce", "shadow");

/** Policies of a module that may stand in one list, and the order that they run in. */
function policiesOf(module: GuardName): fc.Arbitrary<{ name: string; [key: string]: Value }[]> {
  const { condition, attribute } = CALLERS[module];
  const authenticate = fc
    .tuple(
      some({ mode, when: early.condition, onError: fc.constant("deny") }),
      fc.uniqueArray(fc.constantFrom(...HEADERS), { minLength: 1 }),
      some({ optional: fc.boolean() }),
      fc.array(fc.oneof(token, remoteToken), { maxLength: 1 }),
    )
    .map(([beside, headers, more, tokens]) => {
      const anyOf: Value[] = headers.map((header) => ({ apiKey: { header } }));
      return { name: "known", ...beside, authenticate: { realm: "a shop", anyOf: [...anyOf, ...tokens], ...more } };
    });
  const rule = fc.tuple(fc.constantFrom("allow", "deny"), condition);
  const authorize = fc
    .tuple(
      some({ mode, when: condition, onError: fc.constant("deny") }),
      fc.array(rule, { maxLength: 3 }),
      fc.constantFrom("allow", "deny"),
    )
    .map(([beside, rules, otherwise]) => ({
      name: "rules",
      ...beside,
      authorize: {
        rules: rules.map(([effect, predicate], index) => ({ name: `rule-${index}`, [effect]: predicate })),
        otherwise,
      },
    }));
  const rateLimit = fc
    .tuple(
      some({ mode, when: condition, onError: fc.constantFrom("allow", "deny") }),
      fc.record(
        {
          key: fc.array(attribute, { maxLength: 3 }),
          default: rates,
          rates: fc.uniqueArray(
            fc.tuple(fc.constantFrom("gold", "free"), rates).map(([tier, one]) => ({ tier, ...one })),
            { selector: ({ tier }) => tier },
          ),
          cost: fc.oneof(fc.constantFrom<Value>(1, 7, 1_000_000_000), fc.constantFrom<Value>(...COSTS)),
          answerCost: fc.constantFrom<Value>(...ANSWER_COSTS),
          inFlight: fc.constantFrom(1, 1_000_000),
          penalize: fc.boolean(),
          shared: fc.boolean(),
          headers: fc.uniqueArray(fc.constantFrom("ietf", "retry-after", "x-ratelimit")),
          jitter: fc.constantFrom(1, 3600),
          slots: fc.constantFrom(8, 1024, 1_048_576),
        },
        { requiredKeys: ["key", "default"] },
      ),
    )
    .map(([beside, body]) => ({ name: "limit", ...beside, rateLimit: body }));
  switch (module) {
    case "guard":
      return fc.tuple(tracingOf(condition), authenticate, authorize, rateLimit).map((all) => [...all]);
    case "tracing":
      return fc.tuple(tracingOf(condition)).map((all) => [...all]);
    case "auth":
      return fc.tuple(authenticate, authorize).map((all) => [...all]);
    case "rate-limit":
      return fc.tuple(rateLimit).map((all) => [...all]);
  }
}

const ratio = fc.constantFrom(0, 1, 100_000, 1_000_000);

function tracingOf(condition: fc.Arbitrary<Value>): fc.Arbitrary<{ name: string; [key: string]: Value }> {
  const propagate = fc.uniqueArray(fc.constantFrom("w3c", "b3", "b3multi", "jaeger"), { minLength: 1 });
  const always = fc
    .array(told.condition, { maxLength: 3 })
    .chain((noted) => tail(noted.length).map((when): Value => ({ noted, when })));
  const more = some({
    parent: fc.boolean(),
    baggage: fc.boolean(),
    rules: fc.array(fc.record({ when: condition, ratio }), { maxLength: 3 }),
    always,
    tags: fc.uniqueArray(fc.record({ name: fc.constantFrom("customer", "a.b", "A_-1"), value: told.value }), {
      selector: ({ name }) => name,
    }),
    redact: fc.uniqueArray(fc.constantFrom("url.path", "client.address", "sluice.decision")),
    perSecond: fc.constantFrom(1, 100, 100_000),
  });
  return fc.tuple(propagate, ratio, more, fc.boolean()).map(([forms, share, rest, exports]) => ({
    name: "trace",
    tracing: {
      propagate: forms,
      ratio: share,
      ...(exports ? { perSecond: 7 } : {}),
      ...rest,
      ...(exports ? { export: 0 } : {}),
    },
  }));
}

const exporters = fc.array(
  fc.record({
    cluster: fc.constantFrom("collector", "a.b:own"),
    authority: fc.constantFrom("collector", "otlp.example.com:4318"),
    path: fc.constantFrom("/", "/api/v2/spans"),
    format: fc.constantFrom("zipkin", "otlp"),
    service: fc.constantFrom("shop", 'a "shop"'),
  }),
  { minLength: 1, maxLength: 2 },
);

const consumers = fc.uniqueArray(
  fc
    .tuple(
      fc.constantFrom("acme", "globex", "a/b;c"),
      some({ tier: fc.constant("gold"), groups: fc.array(fc.constantFrom("a", "b")) }),
      fc.boolean(),
    )
    .map(([name, more, keyed]) => ({
      name,
      ...more,
      credentials: keyed ? [{ apiKey: digestOf(name) }, { jwt: { subject: name } }] : [],
    })),
  { selector: ({ name }) => name },
);

const RESULTS = [
  ...["consumer", "tier", "groups", "decision", "ratelimit", "ratelimit-policy", "shadow", "claims"],
] as const;
const params = fc.dictionary(fc.constantFrom("id", "", "a b"), fc.nat(1023));
const tell = fc.uniqueArray(fc.constantFrom(...RESULTS));
const besideRun = some({ tell, params });
const besideTracing = some({
  tell: fc.uniqueArray(fc.constantFrom(...RESULTS, "traceparent", "tracestate", "b3-multi", "trace-id")),
  params,
  pattern: fc.constantFrom("/orders/{id}", "é"),
});

/** Modules that trace, and those that know who calls. */
const TRACES: readonly GuardName[] = ["guard", "tracing"];
const KNOWS: readonly GuardName[] = ["guard", "auth"];

/** A configuration that the module takes. */
export function documentsOf(module: ModuleName): fc.Arbitrary<Value> {
  if (isBodyName(module)) return bodyDocuments(module === "soap");
  return fc
    .tuple(
      policiesOf(module),
      consumers,
      fc.constantFrom("filterState", "headers"),
      fc.uniqueArray(fc.constantFrom("orders", "*", "é"), { minLength: 1 }),
      TRACES.includes(module) ? besideTracing : besideRun,
      exporters,
    )
    .map(([policies, callers, results, names, more, to]): Value => {
      const alone = names.includes("*") ? ["*"] : names;
      const run = policies.map(({ name }) => name);
      return {
        version: 1,
        results: module === "auth" || module === "tracing" ? results : "filterState",
        consumers: KNOWS.includes(module) ? callers : [],
        ...(TRACES.includes(module) ? { exporters: to } : {}),
        policies,
        routes: alone.map((name, index) => ({ name, run: index === 0 ? run : [], ...more })),
      };
    });
}

/** Values that are right somewhere in some configuration, and a few that are right nowhere. */
const VALUES: readonly Value[] = [
  ...["", "a", "orders", "*", "limit", "rules", "known", "gold", "allow", "deny", "enforce", "shadow", "off", "é", "A"],
  ...[
    "filterState",
    "headers",
    "ietf",
    "retry-after",
    "consumer",
    "env:ACME_KEY",
    "env:NONE",
    "sha256:00",
    "x-api-key",
  ],
  ...["get", "list", "has", "==", "&&", "in", "?:", "size", "matches", "10.0.0.0/8", "10.0.0.1/8", "/8", "AAAA", "A,b"],
  ...["request.method", "request.size", "auth.groups", "auth.tier", "auth.method", "request.headers", "route.params"],
  ...["x".repeat(63), "x".repeat(64), "x".repeat(256), "x".repeat(257), "a b", "a\nb", "a-", 'a"b', digestOf("other")],
  ...[0, 1, -1, 1.5, 2, 8, 9, 1023, 1024, 1e9, 1e9 + 1, 2 ** 53, true, false, null, [], {}],
  ...[["get", "auth.consumer"], ["get", "request.time"], ["get", "auth.scopes"], ["list", 1, "a"], ["list"], ["get"]],
  { name: "limit", rateLimit: { key: [], default: { count: 1, periodMs: 1000, burst: 1 } } },
  { name: "more", authenticate: { realm: "r", anyOf: [{ apiKey: { header: "x" } }] } },
  { name: "orders", run: [] },
  { count: 1, periodMs: 1, burst: 1 },
  ...[
    "w3c",
    "b3",
    "jaeger",
    "zipkin",
    "otlp",
    "url.path",
    "http.route",
    "trace-id",
    "/",
    1_000_000,
    1_000_001,
    100_000,
  ],
  ...[
    ["noted", 0],
    ["noted", 16],
    ["get", "response.status"],
    ["get", "response.headers", "x-a"],
    ["get", "soap.operation"],
  ],
  { when: true, ratio: 0 },
  { noted: [], when: false },
  { name: "a", value: 1 },
];

const KEYS: readonly string[] = [
  ...[
    "version",
    "results",
    "consumers",
    "policies",
    "routes",
    "name",
    "mode",
    "when",
    "onError",
    "authenticate",
    "run",
  ],
  ...["authorize", "rateLimit", "realm", "anyOf", "optional", "forward", "rules", "otherwise", "allow", "deny", "key"],
  ...["windows", "cost", "answerCost", "inFlight", "penalize", "shared", "jitter"],
  ...[
    "rates",
    "default",
    "headers",
    "slots",
    "tier",
    "groups",
    "credentials",
    "apiKey",
    "tell",
    "params",
    "id",
    "extra",
  ],
  ...["tracing", "propagate", "ratio", "perSecond", "parent", "always", "noted", "tags", "value", "redact", "baggage"],
  ...["export", "exporters", "cluster", "authority", "path", "format", "service", "pattern"],
];

const documentChanges: fc.Arbitrary<Mutation[]> = mutationsWith(VALUES, KEYS);

/** Changes of a configuration of a module. */
export function changesOf(module: ModuleName): fc.Arbitrary<Mutation[]> {
  return isBodyName(module) ? soapChanges : documentChanges;
}

/** Parts of predicates of every type, right ones and wrong ones. */
const PARTS: readonly Value[] = [
  ...[true, false, "", "a", "10.0.0.0/8", 0, -1, 1.5, null, {}, [], ["get"], ["list"], ["list", "a"], ["list", 1]],
  ...["==", "!=", "<", ">=", "in", "startsWith", "size", "lowerAscii", "int", "string", "cidr", "has", "!", "&&", "||"],
  ...["?:", "get", "list", "auth.tier", "auth.groups", "auth.scopes", "request.time", "request.headers", "x-a", "X"],
  ...[
    ["get", "request.method"],
    ["get", "source.port"],
    ["get", "auth.groups"],
    ["get", "auth.method"],
    ["get", "request.query", "id"],
    ["get", "request.path", "id"],
    ["==", 1, 2],
    ["lowerAscii", "a"],
    ["size", "a"],
    ["has", ["get", "request.size"]],
    ["string", true],
    ["?:", true, 1, "a"],
    ["list", "a", 1],
  ],
];

/** A predicate of a module with some of its parts changed. */
export function changedPredicatesOf(module: GuardName): fc.Arbitrary<Value> {
  return fc
    .tuple(CALLERS[module].condition, mutationsWith(PARTS, ["a"]))
    .map(([condition, changes]) => mutated(condition, changes));
}
