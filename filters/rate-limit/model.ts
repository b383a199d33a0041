import { written } from "../../compiler/expression/attributes.js";
import { evaluate } from "../../compiler/expression/evaluate.js";
import type { Expression } from "../../compiler/expression/expression.js";
import type { Rate } from "../../compiler/policy/rate.js";
import type { Reason, RequestView, Verdict } from "../../compiler/request/verdict.js";

/** What a limit does with a request: which bucket, which rate. How full the bucket is, only a running gateway knows. */
export function modelOf(
  keys: readonly Expression[],
  tiers: Readonly<Record<string, Rate>>,
  fallback: Rate,
): (view: RequestView) => Verdict {
  return (view) => {
    const known = view.attribute("auth.tier", undefined);
    const tier = typeof known === "string" ? known : "";
    const own = Object.hasOwn(tiers, tier) ? tiers[tier] : undefined;
    const rate = own ?? fallback;
    const chosen =
      Object.keys(tiers).length === 0
        ? "the rate"
        : own === undefined
          ? "the default rate"
          : `the rate of tier ${tier}`;
    return {
      outcome: "counted",
      decision: " allowed within-quota",
      summary: `counts 1 of ${rateText(rate)}; 429 once they are used up`,
      status: 429,
      reasons: [
        { text: `${chosen} is ${rateText(rate)}` },
        { text: `counted on route ${view.route}${keys.length === 0 ? ", all calls together" : ", by"}` },
        ...keys.map((key) => part(key, view)),
      ],
    };
  };
}

function part(key: Expression, view: RequestView): Reason {
  const [use] = key.attributes;
  const value = evaluate(key.tree, view.attribute);
  const none = value === undefined || value === "" ? "; calls without it share one bucket" : "";
  const text =
    use === undefined ? key.text : `${written(use.name, use.argument)} = ${view.show(use.name, use.argument)}`;
  return { text: `${text}${none}`, origin: key.span };
}

const PERIODS: Readonly<Record<number, string>> = { 1000: "second", 60000: "minute", 3600000: "hour", 86400000: "day" };

function rateText({ count, periodMs, burst }: Rate): string {
  const period = PERIODS[periodMs];
  const rate = period === undefined ? `${count} per ${periodMs / 1_000}s` : `${count}/${period}`;
  return burst === count ? rate : `${rate} burst ${burst}`;
}
