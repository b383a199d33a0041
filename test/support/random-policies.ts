import { createHash } from "node:crypto";
import fc from "fast-check";
import { authenticateBody, credentialsOf, OF_ACME, OF_GLOBEX } from "./random-credentials.js";
import { randomExpression } from "./random-expressions.js";
import { pages, withVersions } from "./random-forwarding.js";
import { headOf } from "./random-head.js";
import { COUNTER, forTiers, globalLimitBody, rateLimitBody, tiersOf } from "./random-limits.js";
import {
  askable,
  bodyLimitBody,
  compressBody,
  corsBody,
  externalAuthBody,
  faultBody,
  headersBody,
  ipAccessBody,
  someOf,
} from "./random-native.js";
import { asksWhoCalls, compose, PLACES, type RandomPolicy } from "./random-places.js";
import { hashed, shedding, unhashed } from "./random-resilience.js";
import { randomRoutes, SERVICES } from "./random-routes.js";
import { withSidecar } from "./random-sidecar.js";
import { tracingBody, withOneTracer } from "./random-tracing.js";
import { withListenerTransport, withName, withServiceTransport } from "./random-transport.js";

// Policy files as data, over few names, paths and words, so that their parts meet. Limits are slow and time-outs are long: how
// fast requests follow one another cannot matter.

export interface RandomFile {
  readonly apiVersion: "sluice/v1";
  readonly kind: "Gateway";
  readonly name: string;
  readonly listeners: Readonly<Record<string, unknown>>;
  readonly services: Readonly<Record<string, unknown>>;
  readonly consumers: Readonly<Record<string, unknown>>;
  readonly policies: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly mandatory?: { readonly apply: readonly string[] };
  readonly defaults?: { readonly apply: readonly string[] };
  readonly routes: readonly Readonly<Record<string, unknown>>[];
  readonly [other: string]: unknown;
}

/** Keys that stand in the files as digests. */
export const DIGESTED_KEYS = ["digested-key-of-acme", "digested-key-of-initech"] as const;
const ACME_DIGEST = digestOf(DIGESTED_KEYS[0]);
const INITECH_DIGEST = digestOf(DIGESTED_KEYS[1]);

const TIERS = ["gold", "free", "a"] as const;
const GROUPS = ["partners", "a", "b", "ab"] as const;

const listeners = fc
  .array(
    fc.record(
      {
        address: fc.constantFrom("127.0.0.1:0", "[::1]:0"),
        trustedHops: fc.constantFrom(0, 1, 2),
        escapedSlashes: fc.constantFrom("reject", "unescape", "keep"),
        headerUnderscores: fc.constantFrom("reject", "drop", "allow"),
        decisionHeader: fc.boolean(),
        errors: fc.oneof({ weight: 1, arbitrary: pages }, { weight: 3, arbitrary: fc.constant(undefined) }),
      },
      { requiredKeys: ["address"] },
    ),
    { minLength: 1, maxLength: 2 },
  )
  .map(([first, second]) => ({ public: first, ...(second === undefined ? {} : { inside: second }) }));

const placed = fc.oneof(
  { weight: 3, arbitrary: fc.constant({ endpoints: ["127.0.0.1:9001", "[::1]:9001"] }) },
  fc.constantFrom({ minEndpoints: 2 }, { evenly: true }, {}).map((zoneAware) => ({
    zones: { "eu-1a": ["127.0.0.1:9001"], "eu-1b": ["[::1]:9001"] },
    zoneAware,
  })),
);

const services = fc.record({
  [SERVICES[0]]: fc.tuple(unhashed, fc.boolean(), placed).map(([asked, hasOther, where]) => ({
    ...where,
    ...asked,
    ...(hasOther ? { failover: [SERVICES[1]] } : {}),
  })),
  [SERVICES[1]]: fc
    .tuple(
      fc.oneof(
        fc.record(
          { dns: fc.constant("beta.internal:8080"), connectTimeout: fc.constantFrom("3s", "1m") },
          { requiredKeys: ["dns"] },
        ),
        fc.constantFrom("one", "two").map((active) => ({
          versions: {
            one: { dns: "beta.internal:8080" },
            two: active === "one" ? { endpoints: ["127.0.0.1:9001"] } : { zones: { "eu-1a": ["127.0.0.1:9001"] } },
          },
          active,
        })),
      ),
      fc.oneof(unhashed, hashed),
    )
    .map(([there, asked]) => ({ ...there, ...asked })),
});

const consumer = (keys: readonly string[], required: number, more: Parameters<typeof credentialsOf>[2] = []) =>
  fc.record(
    {
      tier: fc.constantFrom(...TIERS),
      groups: someOf(GROUPS),
      credentials: credentialsOf(keys, required, more),
    },
    { requiredKeys: required > 0 ? ["credentials"] : [] },
  );

const consumers = fc.record(
  {
    acme: consumer(["env:ACME_KEY", "env:ACME_NEXT_KEY", ACME_DIGEST], 1, OF_ACME),
    globex: consumer(["env:GLOBEX_KEY"], 1, OF_GLOBEX),
    initech: consumer([INITECH_DIGEST], 0),
  },
  { requiredKeys: ["acme"] },
);

/** Conditions as people write them. Those on the time hold today and tomorrow. */
const CONDITIONS = [
  'request.method == "GET"',
  'request.method in ["GET", "HEAD", "OPTIONS"]',
  'request.path.startsWith("/a")',
  'request.host == "api.example.com"',
  'request.host.endsWith(".example.com")',
  'request.scheme == "https"',
  'request.headers["x-x"] == "a"',
  'has(request.headers["x-y"])',
  '"x" in request.query',
  'request.query["x"] == "a"',
  'request.cookies["y"] != "b"',
  "request.size > 2",
  "request.size == 0",
  'request.protocol == "HTTP/1.1"',
  "has(request.id)",
  'request.time > timestamp("2020-01-01T00:00:00Z")',
  'request.time > timestamp("2099-01-01T00:00:00Z")',
  'source.ip == "127.0.0.2"',
  'cidr(source.ip, "127.0.0.0/24")',
  '!cidr(source.ip, "10.0.0.0/8")',
  "source.port > 0",
  'route.name == "r0"',
  'route.params.x == "a"',
  "route.params.y in auth.groups",
  'auth.tier == "gold"',
  'auth.consumer == "acme"',
  'auth.method == "apiKey"',
  '"partners" in auth.groups',
  'request.path.matches("^/a/[0-9]+$")',
] as const;

/** What the two hosts cannot have alike: a random id, the port of a client, the time between two moments of one year. */
const UNLIKE = /request\.id|source\.port|timestamp/;

const condition = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...CONDITIONS) },
  fc
    .tuple(fc.constantFrom(" && ", " || "), fc.constantFrom(...CONDITIONS), fc.constantFrom(...CONDITIONS))
    .map(([operator, a, b]) => `${a}${operator}!(${b})`),
  { weight: 2, arbitrary: randomExpression.bool.map(({ text }) => text).filter((text) => !UNLIKE.test(text)) },
);

const conditionForStrangers = condition.filter((text) => !asksWhoCalls(text));

const description = fc.constantFrom("As agreed.", "50% of it: {x} \u00e4");
const mode = fc.constantFrom("enforce", "shadow", "shadow", "off");

/** A body under the name of its kind, with what stands beside it. */
function policyOf(
  kind: RandomPolicy["kind"],
  body: fc.Arbitrary<unknown>,
  beside: { [key: string]: fc.Arbitrary<unknown> },
): fc.Arbitrary<Omit<RandomPolicy, "name">> {
  // Most stand alone: else nearly every policy would be in shadow, off, or for some requests only.
  return fc
    .tuple(body, fc.boolean(), fc.record({ description, ...beside }, { requiredKeys: [] }))
    .map(([content, plain, more]) => ({ kind, spec: { ...(plain ? {} : more), [kind]: content } }));
}

const authenticate = policyOf("authenticate", authenticateBody, {
  mode,
  when: conditionForStrangers,
  onError: fc.constant("deny"),
});

const rules = fc
  .array(fc.tuple(fc.constantFrom("allow", "allow", "deny"), condition), { minLength: 1, maxLength: 4 })
  .map((all) => all.map(([effect, text], index) => ({ name: `rule-${index}`, [effect]: text })));

const authorize = policyOf(
  "authorize",
  fc.record({ rules, otherwise: fc.constantFrom("deny", "allow") }, { requiredKeys: ["rules"] }),
  { mode, when: condition, onError: fc.constant("deny") },
);

const offOrOn = { mode: fc.constantFrom("enforce", "off") };
const cors = policyOf("cors", corsBody, offOrOn);
const ipAccess = policyOf("ipAccess", ipAccessBody, offOrOn);
const bodyLimit = policyOf("bodyLimit", bodyLimitBody, offOrOn);
const compress = policyOf("compress", compressBody, offOrOn);
const externalAuth = policyOf("externalAuth", externalAuthBody, offOrOn);
const fault = policyOf("fault", faultBody, offOrOn);
const headers = policyOf("headers", headersBody, offOrOn);
const tracing = policyOf("tracing", tracingBody, offOrOn);

const rateLimit = policyOf("rateLimit", rateLimitBody, {
  mode,
  when: condition,
  onError: fc.constantFrom("deny", "allow"),
});
const globalLimit = policyOf("rateLimit", globalLimitBody, { mode, onError: fc.constantFrom("deny", "allow") });

const policies = fc
  .array(
    fc.oneof(
      { weight: 3, arbitrary: authenticate },
      { weight: 4, arbitrary: authorize },
      { weight: 2, arbitrary: cors },
      { weight: 1, arbitrary: bodyLimit },
      { weight: 1, arbitrary: compress },
      { weight: 1, arbitrary: externalAuth },
      { weight: 1, arbitrary: fault },
      { weight: 2, arbitrary: headers },
      { weight: 1, arbitrary: ipAccess },
      { weight: 3, arbitrary: rateLimit },
      { weight: 1, arbitrary: globalLimit },
      { weight: 2, arbitrary: tracing },
    ),
    { maxLength: 8 },
  )
  .map((all) =>
    withOneTracer(
      all.map((policy, index): RandomPolicy => ({ ...policy, name: `p${index}-${policy.kind.toLowerCase()}` })),
    ),
  );

export const randomPolicy: fc.Arbitrary<RandomFile> = fc
  .record({
    head: headOf(description),
    listeners,
    services,
    consumers,
    policies,
    places: fc.array(fc.constantFrom(...PLACES), { minLength: 8, maxLength: 8 }),
    routes: randomRoutes,
    shed: fc.tuple(shedding, shedding),
    /** Bits that choose which policies a route has of those that it could have. */
    choices: fc.array(fc.nat({ max: 0xffff }), { minLength: 12, maxLength: 12 }),
  })
  .map((raw): RandomFile => {
    const drawn = { ...raw, policies: raw.policies.map((policy) => forTiers(policy, tiersOf(raw.consumers))) };
    const transported = {
      ...drawn.services,
      [SERVICES[0]]: withServiceTransport(drawn.services[SERVICES[0]], drawn.choices),
      [SERVICES[1]]: withName(drawn.services[SERVICES[1]]),
    };
    const composed = compose(drawn);
    const [ofFirst, ofSecond] = leadToBoth(composed.routes) ? [{}, {}] : drawn.shed;
    const services = {
      [SERVICES[0]]: { ...transported[SERVICES[0]], ...ofFirst },
      [SERVICES[1]]: { ...transported[SERVICES[1]], ...ofSecond },
      ...(JSON.stringify(drawn.policies).includes(`"service":"${COUNTER}"`)
        ? { [COUNTER]: { endpoints: ["127.0.0.1:9003"], protocol: "grpc" } }
        : {}),
    };
    return withSidecar({
      apiVersion: "sluice/v1",
      kind: "Gateway",
      name: "random",
      ...drawn.head,
      listeners: Object.fromEntries(
        Object.entries(drawn.listeners).map(([name, one]) => [name, withListenerTransport({ ...one })]),
      ),
      services,
      consumers: drawn.consumers,
      policies: Object.fromEntries(
        drawn.policies.map(({ name, spec }) => [name, askable(spec, transported[SERVICES[0]])]),
      ),
      ...composed,
      routes: withVersions(composed.routes, SERVICES[1], drawn.services[SERVICES[1]]),
    });
  });

/** Whether some route chooses between services: they have no limits of their own then. */
function leadToBoth(routes: readonly Readonly<Record<string, unknown>>[]): boolean {
  return routes.some(({ to, callers }) => {
    const text = JSON.stringify([to, callers]);
    return SERVICES.every((name) => text.includes(`"${name}"`));
  });
}

function digestOf(key: string): string {
  return `sha256:${createHash("sha256").update(key).digest("hex")}`;
}
