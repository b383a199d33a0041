import { written } from "../../compiler/expression/attributes.js";
import { evaluate } from "../../compiler/expression/evaluate.js";
import type { Expression } from "../../compiler/expression/expression.js";
import type { Rate } from "../../compiler/policy/rate.js";
import type { Reason, RequestView, Verdict } from "../../compiler/request/verdict.js";
import { rateText } from "./rate-text.js";

interface Rates {
  byTier: boolean;
  tiers: readonly { tier: string; rate: Rate }[];
  fallback: Rate;
}

/** The rates of each gateway, and those of all together with the service that counts for them: one of the two at least. */
interface Scopes {
  own?: Rates | undefined;
  all?: Rates | undefined;
  service?: string | undefined;
}

/** What a limit does with a request: which bucket, which rate. How full the bucket is, only a running gateway knows. */
export function modelOf(keys: readonly Expression[], { own, all, service }: Scopes): (view: RequestView) => Verdict {
  return (view) => {
    const known = view.attribute("auth.tier", undefined);
    const tier = typeof known === "string" ? known : "";
    const [local, global] = [own && chosen(own, tier), all && chosen(all, tier)];
    const counted = [
      ...(local === undefined ? [] : [rateText(local.rate)]),
      ...(global === undefined ? [] : [`${rateText(global.rate)} of all gateways`]),
    ];
    return {
      outcome: "counted",
      // The module says nothing of what another one counts.
      ...(local === undefined ? {} : { decision: " allowed within-quota" }),
      summary: `counts 1 of ${counted.join(", then of ")}; 429 once they are used up`,
      status: 429,
      reasons: [
        ...(local === undefined ? [] : [{ text: local.reason }]),
        ...(global === undefined
          ? []
          : [{ text: `${global.reason} of all gateways together, which ${service} counts` }]),
        { text: `counted on route ${view.route}${keys.length === 0 ? ", all calls together" : ", by"}` },
        ...keys.map((key) => part(key, view)),
      ],
    };
  };
}

function chosen({ byTier, tiers, fallback }: Rates, tier: string): { rate: Rate; reason: string } {
  const own = tiers.find((one) => one.tier === tier)?.rate;
  const rate = own ?? fallback;
  const which = byTier ? (own === undefined ? "the default rate" : `the rate of tier ${tier}`) : "the rate";
  return { rate, reason: `${which} is ${rateText(rate)}` };
}

function part(key: Expression, view: RequestView): Reason {
  const [use] = key.attributes;
  const value = evaluate(key.tree, view.attribute);
  const none = value === undefined || value === "" ? "; calls without it share one bucket" : "";
  const text =
    use === undefined ? key.text : `${written(use.name, use.argument)} = ${view.show(use.name, use.argument)}`;
  return { text: `${text}${none}`, origin: key.span };
}
