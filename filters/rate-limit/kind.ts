import { z } from "zod";
import { diagnose } from "../../compiler/diagnostics/diagnostic.js";
import {
  checkKey,
  type Expression,
  headersOf,
  namedOf,
  needsIdentity,
  requirementsOf,
} from "../../compiler/expression/expression.js";
import type { JsonObject, ResultHeader } from "../../compiler/plan/plan.js";
import { defineKind, type PolicyContext } from "../../compiler/policy/kind.js";
import { type Rate, rate } from "../../compiler/policy/rate.js";
import { name } from "../../compiler/policy/values.js";
import type { Path } from "../../compiler/syntax/document.js";
import { globalKeys, planGlobal, unfitKeys } from "./global.js";
import { lintOf } from "./lint.js";
import { modelOf } from "./model.js";
import { inModule } from "./module.js";

/** As many as the module tells apart. */
const MOST_TIERS = 64;

const rates = z.union([
  rate,
  z
    .record(name, rate.describe("Rate of the callers of this tier; `default` is that of everybody else."))
    .refine((rates) => Object.keys(rates).length <= MOST_TIERS, `at most ${MOST_TIERS} tiers`)
    .meta({ maxProperties: MOST_TIERS, required: ["default"] }),
]);

const schema = z
  .strictObject({
    key: z
      .array(z.string().max(1024))
      .max(8)
      .default([])
      .describe("Attributes that calls are counted by; none: one bucket per route.")
      .meta({ examples: [["auth.consumer"], ["source.ip", "request.method"]] }),
    rate: rates
      .optional()
      .describe(
        "Calls per period, such as `100/minute`, `10/second burst 20` or `100 per 15s`; or a rate for each tier of consumers. `burst` is how many may come at once. Required, unless `scope` has rates.",
      )
      .meta({ examples: ["100/minute", { gold: "1000/second", default: "60/minute" }] }),
    scope: z
      .union([
        z.enum(["local", "global"]),
        z
          .strictObject({
            local: rates.describe("What each gateway lets pass, before anybody is asked."),
            global: rates.describe("What all gateways together let pass."),
          })
          .describe("A rate of each gateway in front of one of all together, in place of `rate`."),
      ])
      .default("local")
      .describe("Whose calls `rate` counts: those of each gateway by itself, or of all gateways together.")
      .meta({ examples: ["global", { local: "20/second", global: "1000/day" }] }),
    ...globalKeys,
    headers: z
      .array(z.enum(["ietf", "retry-after", "x-ratelimit"]))
      .max(3)
      .default(["ietf", "retry-after"])
      .describe(
        "What clients are told: `ietf` writes RateLimit and RateLimit-Policy, `retry-after` writes Retry-After on 429; `x-ratelimit`, of `scope: global` only, writes X-RateLimit-Limit, -Remaining and -Reset.",
      ),
    store: z
      .strictObject({
        slots: z
          .int()
          .min(1024)
          .max(1_048_576)
          .refine((slots) => Number.isInteger(Math.log2(slots)), "a power of two, such as 1024, 65536 or 1048576")
          .default(65_536)
          .describe("How many keys are counted at once: a power of two."),
      })
      .default({ slots: 65_536 })
      .describe("The table that holds the counters."),
  })
  .describe("How often.");

type Spec = z.output<typeof schema>;

const IETF_HEADERS: ResultHeader[] = [
  { name: "ratelimit", property: "ratelimit" },
  { name: "ratelimit-policy", property: "ratelimit-policy" },
];

export const rateLimit = defineKind({
  name: "rateLimit",
  summary: "counts calls by a key and answers 429 beyond a rate",
  schema,
  inModule,
  plan(spec, context) {
    const keys = planKey(spec, context);
    const scopes = scopesOf(spec, context);
    const own = scopes?.local && planRates(scopes.local, context);
    const all = scopes?.global && planRates(scopes.global, context);
    const hasLocal = scopes?.local !== undefined;
    const native = all && planGlobal(spec, { keys, rates: all, path: scopes?.global?.path ?? [], hasLocal }, context);
    const isFit = scopes === undefined || unfitKeys(spec, scopes, context);
    const isPlanned = (scopes?.local === undefined || own) && (scopes?.global === undefined || native);
    if (scopes === undefined || keys.length !== spec.key.length || !isFit || !isPlanned) return undefined;
    const isByCaller = [own, all].some((one) => one?.byTier) || keys.some(needsIdentity);
    const told = spec.headers.flatMap((header) =>
      // Of two limits clients are told the one of all gateways.
      header === "x-ratelimit" || (header === "ietf" && native !== undefined) ? [] : [header],
    );
    return {
      phase: own === undefined ? "limit-of-all" : isByCaller ? "limit-by-identity" : "limit",
      provides: [],
      requires: [...keys.flatMap(requirementsOf), ...tiersRequired(own, context), ...tiersRequired(all, context)],
      readsHeaders: keys.flatMap(headersOf),
      readsNamed: keys.flatMap(namedOf),
      config: own === undefined ? {} : configOf(spec, keys, own, told),
      ...(native === undefined
        ? {}
        : { native, asks: [{ service: native.service, origin: context.place(["service"]) }] }),
      removeRequestHeaders: [],
      requestHeaders: [],
      responseHeaders: own !== undefined && told.includes("ietf") ? IETF_HEADERS : [],
      decide: modelOf(keys, { own, all, service: native?.service }),
      lint: lintOf(context, "rateLimit", { keys, isLocal: native === undefined }),
    };
  },
});

function planKey(spec: Spec, context: PolicyContext): Expression[] {
  return spec.key.flatMap((text, index) => {
    const path = ["key", index];
    const { key, diagnostics } = checkKey(text, context.node(path), context.place(path));
    for (const diagnostic of diagnostics) context.report(diagnostic);
    return key ?? [];
  });
}

/** Rates as they are written, and where. */
interface Written {
  rates: Rate | Record<string, Rate>;
  path: Path;
}

/** What each gateway counts, and what all of them do: at least one of the two. Nothing after an error was reported. */
function scopesOf({ rate, scope }: Spec, context: PolicyContext): { local?: Written; global?: Written } | undefined {
  const isWritten = context.node(["rate"]) !== undefined;
  const isMap = typeof scope !== "string";
  const node = context.node(["scope"]);
  // What does not fit the schema has a finding of its own, and stands for nothing.
  if (node !== undefined && (isMap ? node.kind !== "map" : node.kind !== "scalar" || node.value !== scope))
    return undefined;
  if (isMap === isWritten) {
    const what = isMap ? "has rates in `scope` and a `rate` beside them" : "has no `rate`";
    context.report(diagnose("SL0456", { policy: context.policy, what }, context.place(isMap ? ["rate"] : [], "key")));
    return undefined;
  }
  if (isMap)
    return {
      local: { rates: scope.local, path: ["scope", "local"] },
      global: { rates: scope.global, path: ["scope", "global"] },
    };
  return rate === undefined ? undefined : { [scope]: { rates: rate, path: ["rate"] } };
}

function configOf(spec: Spec, keys: readonly Expression[], rates: Rates, headers: readonly string[]): JsonObject {
  return {
    key: keys.map((key) => key.lower()),
    ...(rates.byTier ? { rates: rates.tiers.map(({ tier, rate }): JsonObject => ({ tier, ...limit(rate) })) } : {}),
    default: limit(rates.fallback),
    headers: [...new Set(headers)].toSorted(),
    slots: spec.store.slots,
  };
}

/** Rates that are sound. */
export interface Rates {
  byTier: boolean;
  tiers: readonly { tier: string; rate: Rate }[];
  fallback: Rate;
  path: Path;
}

function tiersRequired(rates: Rates | undefined, context: PolicyContext) {
  return rates?.byTier ? [{ attribute: "auth.tier", origin: context.place(rates.path, "key") }] : [];
}

function planRates({ rates, path }: Written, context: PolicyContext): Rates | undefined {
  if (isRate(rates)) return { byTier: false, tiers: [], fallback: rates, path };
  const { default: fallback, ...tiers } = rates;
  if (fallback === undefined) {
    // One that does not fit the schema has a finding of its own.
    if (context.node([...path, "default"]) === undefined)
      context.report(diagnose("SL0414", {}, context.place(path, "key")));
    return undefined;
  }
  const known = new Set(Object.values(context.gateway.consumers).flatMap((consumer) => consumer.tier ?? []));
  const unknown = Object.keys(tiers).filter((tier) => !known.has(tier));
  for (const tier of unknown)
    context.report(
      diagnose(
        "SL0415",
        { tier, known: [...known].toSorted().join(", ") || "none" },
        context.place([...path, tier], "key"),
      ),
    );
  if (unknown.length > 0) return undefined;
  return { byTier: true, tiers: Object.entries(tiers).map(([tier, rate]) => ({ tier, rate })), fallback, path };
}

function isRate(spec: Rate | Record<string, Rate>): spec is Rate {
  return typeof spec.count === "number";
}

function limit(rate: Rate): JsonObject {
  return { count: rate.count, periodMs: rate.periodMs, burst: rate.burst };
}
