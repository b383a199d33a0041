import { diagnose } from "../../compiler/diagnostics/diagnostic.js";
import {
  checkKey,
  type Expression,
  headersOf,
  namedOf,
  needsIdentity,
  requirementsOf,
} from "../../compiler/expression/expression.js";
import type { ResultHeader } from "../../compiler/plan/plan.js";
import { defineKind, type PolicyContext } from "../../compiler/policy/kind.js";
import { configOf } from "./config.js";
import { planCost } from "./cost.js";
import { planGlobal } from "./global.js";
import { lintOf } from "./lint.js";
import { modelOf } from "./model.js";
import { inModule } from "./module.js";
import { isByTier, planRates, type Rates } from "./rates.js";
import { fitsScopes, type Scopes, scopesOf } from "./scopes.js";
import { type Settings, settings } from "./settings.js";

const LIMIT_HEADER: ResultHeader = { name: "ratelimit", property: "ratelimit" };

/** What the limit is, which only tiers have depend on who calls. */
function limitPolicyHeader(policy: string, rates: Rates | undefined): ResultHeader {
  const header = { name: "ratelimit-policy", property: "ratelimit-policy" };
  if (rates === undefined || isByTier(rates)) return header;
  const windows = rates.fallback.map(({ count, periodMs }) => {
    const seconds = Math.ceil(periodMs / 1_000);
    const name = rates.fallback.length === 1 ? policy : `${policy}/${seconds}s`;
    return `"${name}";q=${count};w=${seconds}`;
  });
  return { ...header, constant: windows.join(", ") };
}

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
    const scopes = scopesOf(spec, context);
    if (scopes === undefined) return undefined;
    const isFit = fitsScopes(spec, scopes, context);
    const own = scopes.local && planRates(scopes.local, context);
    const all = scopes.global && planRates(scopes.global, context);
    const cost = planCost(
      spec.cost,
      [own, all].flatMap((rates) => rates ?? []),
      context,
    );
    const calls = typeof cost?.of === "number" ? cost.of : 1;
    const native = all && planGlobal(spec, { keys, rates: all, calls, hasLocal: own !== undefined }, context);
    const isPlanned = (scopes.local === undefined || own) && (scopes.global === undefined || native);
    if (keys.length !== spec.key.length || cost === undefined || !isFit || !isPlanned) return undefined;
    const byTier = [own, all].flatMap((rates) => (isByTier(rates) ? (rates ?? []) : []));
    const read = typeof cost.of === "number" ? keys : [...keys, cost.of];
    const isInModule = native === undefined || own !== undefined;
    // Of two limits clients are told the one of all gateways.
    const told = spec.headers.filter((header) => header === "retry-after" || native === undefined);
    warn(spec, scopes, keys, context);
    return {
      phase: !isInModule
        ? "limit-of-all"
        : byTier.length > 0 || read.some(needsIdentity)
          ? "limit-by-identity"
          : "limit",
      provides: [],
      requires: [...read.flatMap(requirementsOf), ...byTier.map((rates) => tierRead(rates, context))],
      readsHeaders: read.flatMap(headersOf),
      readsNamed: read.flatMap(namedOf),
      config: isInModule ? configOf(spec, { keys, rates: own, cost, headers: told }) : {},
      ...(native === undefined
        ? {}
        : { native, asks: [{ service: native.service, origin: context.place(["service"]) }] }),
      removeRequestHeaders: [],
      requestHeaders: [],
      responseHeaders: [
        ...(isInModule && told.includes("ietf") ? [LIMIT_HEADER, limitPolicyHeader(context.policy, own)] : []),
        ...(isInModule && told.includes("x-ratelimit") ? X_HEADERS : []),
      ],
      ...(spec.inFlight === undefined ? {} : { followsStreams: true }),
      ...(cost.answer === undefined ? {} : { readsAnswers: true }),
      decide: modelOf({ keys, own, all, service: native?.service, cost, spec }),
      lint: lintOf(context, "rateLimit", { keys, isLocal: native === undefined }),
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

function tierRead({ path }: Rates, context: PolicyContext) {
  return { attribute: "auth.tier", origin: context.place(path, "key") };
}

/** Says what of a limit does nothing. */
function warn(spec: Settings, { local, global }: Scopes, keys: readonly Expression[], context: PolicyContext): void {
  const byRoute = keys.findIndex((key) => key.attributes.some(({ name }) => name === "route.name"));
  if (spec.shared && byRoute >= 0)
    context.report(diagnose("SL0479", { policy: context.policy }, context.place(["key", byRoute])));
  for (const key of ["cost", "penalize"] as const)
    if (local === undefined && global === undefined && context.node([key]) !== undefined)
      context.report(diagnose("SL0482", { key, policy: context.policy }, context.place([key], "key")));
  if (spec.jitter !== undefined && !spec.headers.includes("retry-after"))
    context.report(diagnose("SL0480", { policy: context.policy }, context.place(["jitter"], "key")));
}
