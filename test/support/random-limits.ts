import fc from "fast-check";
import { someOf } from "./random-native.js";
import type { RandomPolicy } from "./random-places.js";

// Limits of each gateway, and of all together, for random policies.

/** The service that counts for all gateways, where one does. */
export const COUNTER = "counter";

const KEYS = [
  "source.ip",
  "request.method",
  "request.path",
  "request.host",
  'request.headers["x-x"]',
  'request.query["x"]',
  'request.cookies["y"]',
  "auth.consumer",
  "auth.tier",
  "route.name",
  "route.params.x",
] as const;

/** Those of them that Envoy can tell a service. */
const COUNTED_KEYS = KEYS.filter((key) => !/host|query|cookies|params/.test(key));

/** A new call is let in after several minutes at the least. */
const RATES = [
  "1/hour",
  "3/hour",
  "2/day burst 1",
  "4/day",
  "2 per 3600s",
  "2 per 90m burst 5",
  "3 per 2h",
  "1 per 1d",
];
const rate = fc.constantFrom(...RATES);
/** No two of one period. */
const severalRates = fc.uniqueArray(fc.constantFrom("3/hour", "4/day", "2 per 90m burst 5", "3 per 2h"), {
  minLength: 1,
  maxLength: 3,
});
/** Numbers that no burst is smaller than, and what is decided on each request. */
const cost = fc.constantFrom(
  1,
  'request.method == "GET" ? 1 : 2',
  'int(request.headers["x-x"])',
  "size(request.path)",
  "request.size",
  'auth.tier == "gold" ? 1 : 3',
  { response: 'int(response.headers["x-x"])' },
  { request: "size(request.path)", response: "response.status >= 400 ? 2 : 0" },
);

/** What waits by chance is told to nobody, or two hosts would not say the same. */
function withoutChance<Body extends { jitter?: string }>(body: Body): Body | (Body & { headers: string[] }) {
  return body.jitter === undefined ? body : { ...body, headers: ["ietf"] };
}

export const rateLimitBody = fc
  .record(
    {
      key: fc.uniqueArray(fc.constantFrom(...KEYS), { maxLength: 3 }),
      rate: fc.oneof(
        { weight: 2, arbitrary: rate },
        severalRates,
        fc.record({ default: rate, gold: rate, free: severalRates, a: rate }, { requiredKeys: ["default"] }),
      ),
      cost,
      penalize: fc.boolean(),
      shared: fc.boolean(),
      // So many that how fast answers come cannot matter.
      inFlight: fc.constant(1_000),
      headers: someOf(["ietf", "retry-after", "x-ratelimit"]),
      jitter: fc.constantFrom("1s", "1h"),
      store: fc.constantFrom({ slots: 1_024 }, { slots: 4_096 }),
      scope: fc.constant("local"),
    },
    { requiredKeys: ["rate"] },
  )
  .map(withoutChance);

const byTier = (one: fc.Arbitrary<string | string[]>) =>
  fc.oneof({ weight: 2, arbitrary: one }, fc.record({ default: one, gold: one }, { requiredKeys: ["default"] }));

/** A service counts for all gateways. Here it is there, and quick enough even on a busy machine. */
export const globalLimitBody = fc
  .record(
    {
      key: fc.uniqueArray(fc.constantFrom(...COUNTED_KEYS), { maxLength: 3 }),
      rate: byTier(
        fc.oneof(
          { weight: 2, arbitrary: fc.constantFrom("2/hour", "3/hour", "4/day", "2 per 7d", "3 per 30d") },
          fc.constant(["2/hour", "3/day"]).map((windows) => [...windows]),
        ),
      ),
      local: byTier(fc.oneof({ weight: 2, arbitrary: rate }, severalRates)),
      isBoth: fc.boolean(),
      cost: fc.constantFrom(1, 2),
      shared: fc.boolean(),
      timeout: fc.constantFrom("5s", "10s"),
      headers: someOf(["ietf", "retry-after", "x-ratelimit"]),
      service: fc.constant(COUNTER),
    },
    { requiredKeys: ["rate", "local", "isBoth", "cost", "service", "timeout"] },
  )
  .map(({ isBoth, local, rate, cost, ...rest }) =>
    // Some bursts of a gateway are of one call.
    isBoth ? { ...rest, scope: { local, global: rate } } : { ...rest, rate, cost, scope: "global" },
  );

type Consumers = Readonly<Record<string, { readonly tier?: string | undefined } | undefined>>;

export function tiersOf(consumers: Consumers): string[] {
  return Object.values(consumers).flatMap((one) => one?.tier ?? []);
}

/** A limit has rates for tiers that somebody has. */
export function forTiers({ kind, spec, name }: RandomPolicy, tiers: readonly string[]): RandomPolicy {
  const body = spec.rateLimit;
  if (typeof body !== "object" || body === null) return { kind, spec, name };
  const known = (rate: unknown) =>
    typeof rate !== "object" || rate === null || Array.isArray(rate)
      ? rate
      : Object.fromEntries(Object.entries(rate).filter(([tier]) => tier === "default" || tiers.includes(tier)));
  const rate = "rate" in body ? { rate: known(body.rate) } : {};
  const scope =
    "scope" in body && typeof body.scope === "object" && body.scope !== null
      ? { scope: Object.fromEntries(Object.entries(body.scope).map(([key, value]) => [key, known(value)])) }
      : {};
  return { kind, name, spec: { ...spec, rateLimit: { ...body, ...rate, ...scope } } };
}
