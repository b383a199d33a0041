import { evaluate, Truth } from "../../lib/predicate";
import { at, none } from "../../lib/region";
import { Text } from "../../lib/text";
import { count } from "../../proxy-wasm/metrics";
import { AuthorizePolicy, Rule } from "./policy";

let reason: Text = none<Text>();

/** What to say of the last call of `authorize`. */
export function authorizeDecision(): Text {
  return reason;
}

/** Whether the request may go on, by the first rule that matches. */
export function authorize(policy: AuthorizePolicy): bool {
  const allowed = judge(policy);
  count(allowed ? policy.counters.allowed : policy.counters.denied);
  return allowed;
}

/** Whether the request might go on if the policy were enforced. */
export function rehearseAuthorize(policy: AuthorizePolicy): bool {
  const allowed = judge(policy);
  count(allowed ? policy.counters.allowed : policy.counters.shadow);
  return allowed;
}

function judge(policy: AuthorizePolicy): bool {
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
