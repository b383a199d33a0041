import { written } from "../../compiler/expression/attributes.js";
import { evaluate } from "../../compiler/expression/evaluate.js";
import type { Expression } from "../../compiler/expression/expression.js";
import type { Rate } from "../../compiler/policy/rate.js";
import type { Reason, RequestView, Verdict } from "../../compiler/request/verdict.js";
import type { Cost } from "./cost.js";
import { mostAtOnce, type Rates, windowsText } from "./rates.js";

/** What a limit counts, and by what. */
interface Limit {
  keys: readonly Expression[];
  rates: Rates | undefined;
  inFlight: number | undefined;
  cost: Cost;
  penalizes: boolean;
  shared: boolean;
}

/** What a limit does with a request: which bucket, which rate, what it costs. How full the bucket is, only a running gateway knows. */
export function modelOf(limit: Limit): (view: RequestView) => Verdict {
  const { keys, rates, inFlight, cost, penalizes, shared } = limit;
  return (view) => {
    const counted = shared ? "counted on all routes with this policy" : `counted on route ${view.route}`;
    const crowd = inFlight === undefined ? [] : [{ text: `at most ${inFlight} in flight at once` }];
    const where: Reason[] = [
      { text: `${counted}${keys.length === 0 ? ", all calls together" : ", by"}` },
      ...keys.map((key) => part(key, view)),
    ];
    if (rates === undefined)
      return {
        outcome: "counted",
        decision: " allowed within-quota",
        summary: `counts 1 of ${inFlight} in flight; 429 beyond them`,
        status: 429,
        reasons: [...crowd, ...where],
      };
    const known = view.attribute("auth.tier", undefined);
    const tier = typeof known === "string" ? known : "";
    const own = Object.hasOwn(rates.tiers, tier) ? rates.tiers[tier] : undefined;
    const windows = own ?? rates.fallback;
    const chosen =
      Object.keys(rates.tiers).length === 0
        ? "the rate"
        : own === undefined
          ? "the default rate"
          : `the rate of tier ${tier}`;
    const reasons = [
      { text: `${chosen} is ${windowsText(windows)}` },
      ...costReason(cost, windows, view),
      ...crowd,
      ...where,
    ];
    const calls = callsOf(cost, windows, view);
    if (calls > mostAtOnce(windows))
      return {
        outcome: "denied",
        decision: " denied quota-exceeded",
        summary: `429: costs ${calls}, and at most ${mostAtOnce(windows)} may be spent at once`,
        status: 429,
        reasons,
      };
    return {
      outcome: "counted",
      decision: " allowed within-quota",
      summary: `counts ${calls} of ${windowsText(windows)}; 429 once they are used up${penalizes ? ", which costs as much" : ""}`,
      status: 429,
      reasons,
    };
  };
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
