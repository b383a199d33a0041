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
import { costMembers, planCost } from "./cost.js";
import { lintOf } from "./lint.js";
import { modelOf } from "./model.js";
import { inModule } from "./module.js";
import { planRates, rateMember } from "./rates.js";
import { type Settings, settings } from "./settings.js";

const IETF_HEADERS: ResultHeader[] = [
  { name: "ratelimit", property: "ratelimit" },
  { name: "ratelimit-policy", property: "ratelimit-policy" },
];

const X_HEADERS: ResultHeader[] = ["limit", "remaining", "reset"].map((value) => ({
  name: `x-ratelimit-${value}`,
  property: `x-ratelimit-${value}`,
  told: "x-ratelimit",
}));

export const rateLimit = defineKind({
  name: "rateLimit",
  summary: "counts calls by a key and answers 429 beyond a rate",
  schema: settings,
  inModule,
  plan(spec, context) {
    const keys = planKeys(spec.key, context);
    if (!limitsSomething(spec, context)) return undefined;
    const rates = spec.rate === undefined ? undefined : planRates(spec.rate, context);
    const cost = planCost(spec.cost, rates, context);
    if (keys.length !== spec.key.length || cost === undefined) return undefined;
    if (spec.rate !== undefined && rates === undefined) return undefined;
    const byTier = Object.entries(rates?.tiers ?? {});
    const read = typeof cost.of === "number" ? keys : [...keys, cost.of];
    const tierRead = { attribute: "auth.tier", origin: context.place(["rate"], "key") };
    warn(spec, keys, context);
    return {
      phase: byTier.length > 0 || read.some(needsIdentity) ? "limit-by-identity" : "limit",
      provides: [],
      requires: [...read.flatMap(requirementsOf), ...(byTier.length > 0 ? [tierRead] : [])],
      readsHeaders: read.flatMap(headersOf),
      readsNamed: read.flatMap(namedOf),
      config: {
        key: keys.map((key) => key.lower()),
        ...(byTier.length > 0
          ? { rates: byTier.map(([tier, windows]): JsonObject => ({ tier, ...rateMember(windows) })) }
          : {}),
        ...(rates === undefined ? {} : { default: rateMember(rates.fallback) }),
        ...(spec.inFlight === undefined ? {} : { inFlight: spec.inFlight }),
        ...costMembers(cost),
        ...(spec.penalize ? { penalize: true } : {}),
        ...(spec.shared ? { shared: true } : {}),
        headers: [...new Set(spec.headers)].toSorted(),
        ...(spec.jitter === undefined ? {} : { jitter: spec.jitter / 1_000 }),
        slots: spec.store.slots,
      },
      removeRequestHeaders: [],
      requestHeaders: [],
      responseHeaders: [
        ...(spec.headers.includes("ietf") ? IETF_HEADERS : []),
        ...(spec.headers.includes("x-ratelimit") ? X_HEADERS : []),
      ],
      ...(spec.inFlight === undefined ? {} : { followsStreams: true }),
      ...(cost.answer === undefined ? {} : { readsAnswers: true }),
      decide: modelOf({ keys, rates, cost, inFlight: spec.inFlight, penalizes: spec.penalize, shared: spec.shared }),
      lint: lintOf(context, "rateLimit"),
    };
  },
});

function planKeys(texts: readonly string[], context: PolicyContext): Expression[] {
  return texts.flatMap((text, index) => {
    const path = ["key", index];
    const { key, diagnostics } = checkKey(text, context.node(path), context.place(path));
    for (const diagnostic of diagnostics) context.report(diagnostic);
    return key === undefined ? [] : [key];
  });
}

function limitsSomething(spec: Settings, context: PolicyContext): boolean {
  if (spec.rate !== undefined || spec.inFlight !== undefined) return true;
  // One that does not fit the schema has a finding of its own.
  if (context.node(["rate"]) === undefined && context.node(["inFlight"]) === undefined)
    context.report(diagnose("SL0481", { policy: context.policy }, context.place([], "key")));
  return false;
}

/** Says what of a limit does nothing. */
function warn(spec: Settings, keys: readonly Expression[], context: PolicyContext): void {
  const byRoute = keys.findIndex((key) => key.attributes.some(({ name }) => name === "route.name"));
  if (spec.shared && byRoute >= 0)
    context.report(diagnose("SL0479", { policy: context.policy }, context.place(["key", byRoute])));
  for (const key of ["cost", "penalize"] as const)
    if (spec.rate === undefined && context.node([key]) !== undefined)
      context.report(diagnose("SL0482", { key, policy: context.policy }, context.place([key], "key")));
  if (spec.jitter !== undefined && !spec.headers.includes("retry-after"))
    context.report(diagnose("SL0480", { policy: context.policy }, context.place(["jitter"], "key")));
}
