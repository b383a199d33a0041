import * as fc from "fast-check";
import type { Value } from "../../compiler/syntax/document.js";
import { digestOf } from "../support/module-policies.js";
import { type GuardName, isBodyName, type ModuleName } from "../support/module-schema.js";
import { bodyDocuments, soapChanges } from "../support/soap-documents.js";
import { type Mutation, mutated, mutationsWith } from "./mutation.js";

// Random configurations of modules, most of them right, and random changes of them.

type Grammar = Record<"condition" | "text" | "integer", Value>;

const NAMED = ["request.query", "request.cookies", "route.params"] as const;

/** Predicates, and attributes that are strings, over what the caller's module tells. */
function predicates(texts: readonly string[], lists: readonly string[]) {
  const get = (...path: string[]): Value => ["get", ...path];
  const attribute = fc.oneof(
    fc.constantFrom("request.method", "request.path", "source.ip", "route.name", ...texts).map((name) => get(name)),
    fc.constantFrom("x-a", "x_b.c", "cookie").map((name) => get("request.headers", name)),
    fc.tuple(fc.constantFrom(...NAMED), fc.constantFrom("id", "A~!", "%")).map(([name, key]) => get(name, key)),
  );
  const number = fc.constantFrom("request.size", "request.time", "source.port").map((name) => get(name));
  const ofLists = lists.map((name) => fc.constant(get(name)));
  const constantTexts = fc.array(fc.constantFrom("a", "", "é"), { maxLength: 3 }).map((all): Value => ["list", ...all]);
  const constantIntegers = fc.array(fc.integer(), { maxLength: 3 }).map((all): Value => ["list", ...all]);
  const { condition } = fc.letrec<Grammar>((tie) => {
    const condition = tie("condition");
    const text = tie("text");
    const integer = tie("integer");
    const form = (names: readonly string[], ...operands: fc.Arbitrary<Value>[]): fc.Arbitrary<Value> =>
      fc.tuple(fc.constantFrom(...names), ...operands).map((parts): Value => [...parts]);
    return {
      text: fc.oneof(
        { maxDepth: 3, depthIdentifier: "predicate" },
        fc.constantFrom<Value>("", "GET", "partners", "\u0000", "😀"),
        attribute,
        form(["lowerAscii"], text),
        form(["string"], fc.oneof(integer, condition)),
        form(["?:"], condition, text, text),
      ),
      integer: fc.oneof(
        { maxDepth: 3, depthIdentifier: "predicate" },
        fc.constantFrom<Value>(0, -1, Number.MAX_SAFE_INTEGER),
        number,
        form(["int"], text),
        form(["size"], fc.oneof(text, constantTexts, constantIntegers, ...ofLists)),
        form(["?:"], condition, integer, integer),
      ),
      condition: fc.oneof(
        { maxDepth: 3, depthIdentifier: "predicate" },
        fc.constantFrom<Value>(true, false),
        form(["==", "!=", "<", ">="], text, text),
        form(["==", "<=", ">"], integer, integer),
        form(["==", "!="], condition, condition),
        form(["startsWith", "endsWith", "contains"], text, text),
        form(["in"], text, constantTexts),
        form(["in"], integer, constantIntegers),
        ...ofLists.map((list) => form(["in"], text, list)),
        form(["cidr"], text, fc.constantFrom<Value>("10.0.0.0/8", "::/0", "2001:db8::/32")),
        form(["has"], fc.oneof(attribute, number, ...ofLists)),
        form(["!"], condition),
        form(["&&", "||"], condition, condition),
        form(["&&"], condition, condition, condition),
        form(["?:"], condition, condition, condition),
      ),
    };
  });
  return { condition, attribute };
}

/** Conditions at the end of a stream, of which so many were noted with its request. */
function tails(noted: number): fc.Arbitrary<Value> {
  const leaf = fc.oneof(
    fc
      .tuple(fc.constantFrom("<", ">=", "=="), fc.constantFrom("response.status", "response.duration"), fc.nat(600))
      .map(([operation, name, bound]): Value => [operation, ["get", name], bound]),
    fc.constant<Value>(["==", ["get", "response.headers", "x-a"], "b"]),
    fc.constant<Value>(["has", ["get", "response.headers", "x-a"]]),
    ...(noted === 0 ? [] : [fc.nat(noted - 1).map((index): Value => ["noted", index])]),
  );
  return fc.oneof(
    leaf,
    leaf.map((one): Value => ["!", one]),
    fc.tuple(fc.constantFrom("&&", "||"), leaf, leaf).map((parts): Value => [...parts]),
  );
}

const CALLERS: Readonly<Record<GuardName, ReturnType<typeof predicates>>> = {
  guard: predicates(["auth.consumer", "auth.tier", "auth.method", "auth.subject"], ["auth.groups", "auth.scopes"]),
  auth: predicates(["auth.consumer", "auth.tier", "auth.method", "auth.issuer"], ["auth.groups", "auth.scopes"]),
  "rate-limit": predicates(["auth.consumer", "auth.tier"], ["auth.groups"]),
  tracing: predicates(["auth.consumer", "auth.tier"], ["auth.groups"]),
};
const early = predicates([], []);

/** Some of the members. */
const some = <T>(members: { [Key in keyof T]: fc.Arbitrary<T[Key]> }) => fc.record(members, { requiredKeys: [] });

const rate = fc.record({
  count: fc.integer({ min: 1, max: 1000 }),
  periodMs: fc.constantFrom(1000, 60_000, 2_678_400_000),
  burst: fc.integer({ min: 1, max: 1000 }),
});

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
    )
    .map(([beside, headers, more]) => {
      const anyOf = headers.map((header) => ({ apiKey: { header } }));
      return { name: "known", ...beside, authenticate: { realm: "a shop", anyOf, ...more } };
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
          default: rate,
          rates: fc.uniqueArray(
            fc.tuple(fc.constantFrom("gold", "free"), rate).map(([tier, one]) => ({ tier, ...one })),
            { selector: ({ tier }) => tier },
          ),
          headers: fc.uniqueArray(fc.constantFrom("ietf", "retry-after")),
          slots: fc.constantFrom(8, 1024, 1_048_576),
        },
        { requiredKeys: ["key", "default"] },
      ),
    )
    .map(([beside, body]) => ({ name: "limit", ...beside, rateLimit: body }));
  const tracing = tracingOver(condition, attribute);
  switch (module) {
    case "guard":
      return fc.tuple(tracing, authenticate, authorize, rateLimit).map((all) => [...all]);
    case "auth":
      return fc.tuple(authenticate, authorize).map((all) => [...all]);
    case "rate-limit":
      return fc.tuple(rateLimit).map((all) => [...all]);
    case "tracing":
      return fc.tuple(tracing).map((all) => [...all]);
  }
}

/** A policy that traces, and sends to the first exporter if it sends. */
function tracingOver(condition: fc.Arbitrary<Value>, attribute: fc.Arbitrary<Value>) {
  const ratio = fc.constantFrom(0, 1, 500_000, 1_000_000);
  const always = fc
    .array(condition, { maxLength: 3 })
    .chain((noted) => fc.record({ noted: fc.constant(noted), when: tails(noted.length) }));
  return fc
    .tuple(
      fc.uniqueArray(fc.constantFrom("w3c", "b3", "b3multi", "jaeger"), { minLength: 1 }),
      ratio,
      fc.boolean(),
      some({
        parent: fc.boolean(),
        baggage: fc.boolean(),
        rules: fc.array(fc.record({ when: condition, ratio }), { maxLength: 2 }),
        always,
        tags: fc.uniqueArray(
          fc.record({ name: fc.constantFrom("a", "b.c", "D-e_1"), value: fc.oneof(condition, attribute) }),
          { selector: ({ name }) => name },
        ),
        redact: fc.uniqueArray(fc.constantFrom("url.path", "client.address", "sluice.decision")),
      }),
    )
    .map(([propagate, whole, sends, more]) => ({
      name: "trace",
      tracing: { propagate, ratio: whole, ...more, ...(sends ? { export: 0, perSecond: 100 } : {}) },
    }));
}

const exporter = fc.record({
  cluster: fc.constantFrom("collector", "a b"),
  authority: fc.constantFrom("collector", "[::1]:9411"),
  path: fc.constantFrom("/", "/api/v2/spans"),
  format: fc.constantFrom("zipkin", "otlp"),
  service: fc.constantFrom("shop", 'a "shop"'),
});
const exporters = fc.array(exporter, { minLength: 1, maxLength: 2 });

const consumers = fc.uniqueArray(
  fc
    .tuple(
      fc.constantFrom("acme", "globex", "a/b;c"),
      some({ tier: fc.constant("gold"), groups: fc.array(fc.constantFrom("a", "b")) }),
      fc.boolean(),
    )
    .map(([name, more, keyed]) => ({ name, ...more, credentials: keyed ? [{ apiKey: digestOf(name) }] : [] })),
  { selector: ({ name }) => name },
);

const told = fc.uniqueArray(
  fc.constantFrom("consumer", "tier", "groups", "decision", "ratelimit", "ratelimit-policy", "shadow"),
);
const params = fc.dictionary(fc.constantFrom("id", "", "a b"), fc.nat(1023));
const beside = some({ tell: told, params });
const toldOfTraces = fc.uniqueArray(
  fc.constantFrom(
    ...["consumer", "tier", "groups", "decision", "ratelimit", "ratelimit-policy", "shadow"],
    ...["traceparent", "tracestate", "baggage", "b3", "b3-multi", "uber-trace-id", "trace-id"],
  ),
);
const besideTraces = some({ tell: toldOfTraces, params, pattern: fc.constantFrom("/a/{id}", "é") });

/** A configuration that the module takes. */
export function documentsOf(module: ModuleName): fc.Arbitrary<Value> {
  if (isBodyName(module)) return bodyDocuments(module === "soap");
  return fc
    .tuple(
      policiesOf(module),
      consumers,
      fc.constantFrom("filterState", "headers"),
      fc.uniqueArray(fc.constantFrom("orders", "*", "é"), { minLength: 1 }),
      module === "guard" || module === "tracing" ? besideTraces : beside,
      exporters,
    )
    .map(([policies, callers, results, names, more, collectors]): Value => {
      const alone = names.includes("*") ? ["*"] : names;
      const run = policies.map(({ name }) => name);
      return {
        version: 1,
        results: module === "auth" || module === "tracing" ? results : "filterState",
        consumers: module === "rate-limit" || module === "tracing" ? [] : callers,
        ...(module === "guard" || module === "tracing" ? { exporters: collectors } : {}),
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
  ...[
    "w3c",
    "b3",
    "b3multi",
    "trace",
    "trace-id",
    "b3-multi",
    "zipkin",
    "otlp",
    "/a",
    "url.path",
    "url.query",
    "noted",
  ],
  ...["response.status", "soap.operation", 16, 100_000, 100_001, 1_000_001, ["noted", 0], ["get", "response.status"]],
  { name: "again", tracing: { propagate: ["w3c"], ratio: 1 } },
  { when: true, ratio: 0 },
  { count: 1, periodMs: 1, burst: 1 },
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
