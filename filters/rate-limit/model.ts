import { written } from "../../compiler/expression/attributes.js";
import { evaluate } from "../../compiler/expression/evaluate.js";
import type { Expression } from "../../compiler/expression/expression.js";
import type { Rate } from "../../compiler/policy/rate.js";
import type { Reason, RequestView, Verdict } from "../../compiler/request/verdict.js";
import type { Cost } from "./cost.js";
import { isByTier, mostAtOnce, type Rates, rateOf, windowsText } from "./rates.js";
import type { Settings } from "./settings.js";

/** What a limit counts, and by what: the rates of each gateway, and those of all together with the service that counts for them. */
interface Limit {
  keys: readonly Expression[];
  own: Rates | undefined;
  all: Rates | undefined;
  service: string | undefined;
  cost: Cost;
  spec: Pick<Settings, "inFlight" | "penalize" | "shared">;
}

/** What a limit does with a request: which bucket, which rate, what it costs. How full the bucket is, only a running gateway knows. */
export function modelOf(limit: Limit): (view: RequestView) => Verdict {
  const { keys, own, all, service, cost, spec } = limit;
  const { inFlight, penalize, shared } = spec;
  return (view) => {
    const known = view.attribute("auth.tier", undefined);
    const tier = typeof known === "string" ? known : "";
    const [local, global] = [own && chosen(own, tier), all && chosen(all, tier)];
    const counted = shared ? "counted on all routes with this policy" : `counted on route ${view.route}`;
    const windows = [...(local?.windows ?? []), ...(global?.windows ?? [])];
    const reasons: Reason[] = [
      ...(local === undefined ? [] : [{ text: local.reason }]),
      ...(global === undefined ? [] : [{ text: `${global.reason} of all gateways together, which ${service} counts` }]),
      ...(windows.length === 0 ? [] : costReason(cost, windows, view)),
      ...(inFlight === undefined ? [] : [{ text: `at most ${inFlight} in flight at once` }]),
      { text: `${counted}${keys.length === 0 ? ", all calls together" : ", by"}` },
      ...keys.map((key) => part(key, view)),
    ];
    // The module says nothing of what another one counts.
    const decision = local === undefined && global !== undefined ? {} : { decision: " allowed within-quota" };
    const base = { outcome: "counted" as const, ...decision, status: 429, reasons };
    if (windows.length === 0) return { ...base, summary: `counts 1 of ${inFlight} in flight; 429 beyond them` };
    const calls = callsOf(cost, windows, view);
    if (calls > mostAtOnce(windows))
      return {
        ...base,
        outcome: "denied",
        decision: " denied quota-exceeded",
        summary: `429: costs ${calls}, and at most ${mostAtOnce(windows)} may be spent at once`,
      };
    const of = [
      ...(local === undefined ? [] : [windowsText(local.windows)]),
      ...(global === undefined ? [] : [`${windowsText(global.windows)} of all gateways`]),
    ];
    const price = penalize ? ", which costs as much" : "";
    return { ...base, summary: `counts ${calls} of ${of.join(", then of ")}; 429 once they are used up${price}` };
  };
}

function chosen(rates: Rates, tier: string): { windows: readonly Rate[]; reason: string } {
  const { windows, isOwn } = rateOf(rates, tier);
  const which = isByTier(rates) ? (isOwn ? `the rate of tier ${tier}` : "the default rate") : "the rate";
  return { windows, reason: `${which} is ${windowsText(windows)}` };
}

/** What the module takes for a call; what is unknown is as much as any call that passes. */
function callsOf(cost: Cost, windows: readonly Rate[], view: RequestView): number {
  if (typeof cost.of === "number") return cost.of;
  const value = evaluate(cost.of.tree, view.attribute);
  return typeof value === "number" ? Math.max(1, value) : mostAtOnce(windows);
}

function costReason(cost: Cost, windows: readonly Rate[], view: RequestView): Reason[] {
  const { of, answer } = cost;
  const more = answer === undefined ? [] : [{ text: `and what the answer says: ${answer.text}`, origin: answer.span }];
  if (typeof of === "number") return more;
  const value = evaluate(of.tree, view.attribute);
  const calls = callsOf(cost, windows, view);
  const text = typeof value === "number" ? `costs ${calls}` : `costs ${calls}, the most, as it cannot be known`;
  return [{ text: `${text}: ${of.text}`, origin: of.span }, ...more];
}

function part(key: Expression, view: RequestView): Reason {
  const [use] = key.attributes;
  const value = evaluate(key.tree, view.attribute);
  const none = value === undefined || value === "" ? "; calls without it share one bucket" : "";
  const text =
    use === undefined ? key.text : `${written(use.name, use.argument)} = ${view.show(use.name, use.argument)}`;
  return { text: `${text}${none}`, origin: key.span };
}
