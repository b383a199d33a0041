import { evaluate, Truth } from "../../lib/predicate";
import { at, none } from "../../lib/region";
import { Text } from "../../lib/text";
import { AuthorizePolicy, Rule } from "./policy";

let reason: Text = none<Text>();

/** What to say of the last call of `authorize`. */
export function authorizeDecision(): Text {
  return reason;
}

/** Whether the request may go on, by the first rule that matches. */
export function authorize(policy: AuthorizePolicy): bool {
  for (let i = 0; i < policy.ruleCount; i++) {
    const rule = at<Rule>(policy.rules, i);
    const truth = evaluate(rule.condition);
    if (truth === Truth.True || (truth === Truth.Unknown && rule.allows === 0)) {
      reason = rule.decision;
      return rule.allows !== 0;
    }
  }
  reason = policy.otherwiseDecision;
  return policy.otherwiseAllows !== 0;
}
