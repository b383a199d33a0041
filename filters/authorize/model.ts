import type { Expression } from "../../compiler/expression/expression.js";
import { judge } from "../../compiler/request/reasons.js";
import type { Reason, RequestView, Truth, Verdict } from "../../compiler/request/verdict.js";

export interface ModelRule {
  name: string;
  effect: "allow" | "deny";
  condition: Expression;
}

/** What an authorize policy says of a request: `assembly/authorize.ts` in words, rule by rule up to the one that decides. */
export function modelOf(rules: readonly ModelRule[], otherwise: "allow" | "deny"): (view: RequestView) => Verdict {
  return (view) => {
    const reasons: Reason[] = [];
    for (const { name, effect, condition } of rules) {
      const { truth, because } = judge(condition, view);
      reasons.push({
        text: `rule ${name}: ${effect} ${condition.text}`,
        truth,
        origin: condition.span,
        ...(because.length === 0 ? {} : { because }),
      });
      if (fires(effect, truth)) return verdict(effect, `/${name}`, "rule", ofRule(name, effect, truth), reasons);
    }
    return verdict(otherwise, "", "otherwise", `no rule decides; otherwise: ${otherwise}`, reasons);
  };
}

function fires(effect: "allow" | "deny", truth: Truth): boolean {
  return truth === "true" || (truth === "unknown" && effect === "deny");
}

function ofRule(name: string, effect: "allow" | "deny", truth: Truth): string {
  const done = effect === "allow" ? "allows" : "denies";
  return `rule ${name} ${done} it${truth === "unknown" ? ", as it cannot be known to be false" : ""}`;
}

function verdict(effect: "allow" | "deny", rule: string, why: string, summary: string, reasons: Reason[]): Verdict {
  return effect === "allow"
    ? { outcome: "allowed", decision: `${rule} allowed ${why}`, summary, reasons }
    : { outcome: "denied", decision: `${rule} denied ${why}`, summary, status: 403, reasons };
}
