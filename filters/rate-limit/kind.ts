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
import type { Json, JsonObject, ResultHeader } from "../../compiler/plan/plan.js";
import { defineKind, type PolicyContext } from "../../compiler/policy/kind.js";
import { type Rate, rate } from "../../compiler/policy/rate.js";
import { name } from "../../compiler/policy/values.js";
import { lintOf } from "./lint.js";
import { modelOf } from "./model.js";
import { inModule } from "./module.js";

/** As many as the module tells apart. */
const MOST_TIERS = 64;

const schema = z
  .strictObject({
    key: z
      .array(z.string().max(1024))
      .max(8)
      .default([])
      .describe("Attributes that calls are counted by; none: one bucket per route.")
      .meta({ examples: [["auth.consumer"], ["source.ip", "request.method"]] }),
    rate: z
      .union([
        rate,
        z
          .record(name, rate.describe("Rate of the callers of this tier; `default` is that of everybody else."))
          .refine((rates) => Object.keys(rates).length <= MOST_TIERS, `at most ${MOST_TIERS} tiers`)
          .meta({ maxProperties: MOST_TIERS, required: ["default"] }),
      ])
      .describe(
        "Calls per period, such as `100/minute`, `10/second burst 20` or `100 per 15s`; or a rate for each tier of consumers. `burst` is how many may come at once.",
      )
      .meta({ examples: ["100/minute", { gold: "1000/second", default: "60/minute" }] }),
    headers: z
      .array(z.enum(["ietf", "retry-after"]))
      .max(2)
      .default(["ietf", "retry-after"])
      .describe(
        "What clients are told: `ietf` writes RateLimit and RateLimit-Policy, `retry-after` writes Retry-After on 429.",
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

const IETF_HEADERS: ResultHeader[] = [
  { name: "ratelimit", property: "ratelimit" },
  { name: "ratelimit-policy", property: "ratelimit-policy" },
];

export const rateLimit = defineKind({
  name: "rateLimit",
  summary: "counts calls by a key and answers 429 beyond a rate",
  schema,
  inModule,
  partial: schema.extend({ rate: schema.shape.rate.prefault("1/second") }),
  plan(spec, context) {
    const keys: Json[] = [];
    const counted: Expression[] = [];
    const readsHeaders: string[] = [];
    const requires: { attribute: string; origin: ReturnType<PolicyContext["place"]> }[] = [];
    for (const [index, text] of spec.key.entries()) {
      const path = ["key", index];
      const { key, diagnostics } = checkKey(text, context.node(path), context.place(path));
      for (const diagnostic of diagnostics) context.report(diagnostic);
      if (key === undefined) continue;
      keys.push(key.lower());
      counted.push(key);
      readsHeaders.push(...headersOf(key));
      requires.push(...requirementsOf(key));
    }
    const rates = planRates(spec.rate, context);
    if (keys.length !== spec.key.length || rates === undefined) return undefined;
    if (rates.byTier) requires.push({ attribute: "auth.tier", origin: context.place(["rate"], "key") });
    return {
      phase: rates.byTier || counted.some(needsIdentity) ? "limit-by-identity" : "limit",
      provides: [],
      requires,
      readsHeaders,
      readsNamed: counted.flatMap(namedOf),
      config: {
        key: keys,
        ...(rates.byTier ? { rates: rates.tiers } : {}),
        default: limit(rates.fallback),
        headers: [...new Set(spec.headers)].toSorted(),
        slots: spec.store.slots,
      },
      removeRequestHeaders: [],
      requestHeaders: [],
      responseHeaders: spec.headers.includes("ietf") ? IETF_HEADERS : [],
      decide: modelOf(counted, isRate(spec.rate) ? {} : spec.rate, rates.fallback),
      lint: lintOf(context, "rateLimit"),
    };
  },
});

type Rates = { byTier: false; fallback: Rate } | { byTier: true; tiers: JsonObject[]; fallback: Rate };

function planRates(spec: Rate | Record<string, Rate>, context: PolicyContext): Rates | undefined {
  if (isRate(spec)) return { byTier: false, fallback: spec };
  const { default: fallback, ...tiers } = spec;
  if (fallback === undefined) {
    // One that does not fit the schema has a finding of its own.
    if (context.node(["rate", "default"]) === undefined)
      context.report(diagnose("SL0414", {}, context.place(["rate"], "key")));
    return undefined;
  }
  const known = new Set(Object.values(context.gateway.consumers).flatMap((consumer) => consumer.tier ?? []));
  let sound = true;
  for (const tier of Object.keys(tiers))
    if (!known.has(tier)) {
      context.report(
        diagnose(
          "SL0415",
          { tier, known: [...known].toSorted().join(", ") || "none" },
          context.place(["rate", tier], "key"),
        ),
      );
      sound = false;
    }
  if (!sound) return undefined;
  const byTier = Object.entries(tiers).map(([tier, value]): JsonObject => ({ tier, ...limit(value) }));
  return { byTier: true, tiers: byTier, fallback };
}

function isRate(spec: Rate | Record<string, Rate>): spec is Rate {
  return typeof spec.count === "number";
}

function limit(rate: Rate): JsonObject {
  return { count: rate.count, periodMs: rate.periodMs, burst: rate.burst };
}
