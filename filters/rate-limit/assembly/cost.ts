import { integerAt, integerOf, isInteger, refuse } from "../../lib/document";
import { Interest } from "../../lib/interest";
import { evaluateValue } from "../../lib/predicate";
import { Type } from "../../lib/predicate-emit";
import { expressionType, readExpression } from "../../lib/predicate-reader";
import { exists } from "../../lib/region";
import { RateLimitPolicy } from "./policy";
import { mostAtOnce, Rate } from "./rate";

// What a call costs: one, another number, or what an expression makes of the request. It costs one at the least. What cannot be known costs as
// much as any call that passes: to leave out what is counted never makes a call cheaper.

const MOST_COST: i64 = 1000000000;

/** Reads `cost` of a policy; false, and a problem noted, if it is wrong. */
export function readCost(node: i32, policy: RateLimitPolicy, interest: Interest): bool {
  if (isInteger(node)) {
    if (!integerOf(node, 1, MOST_COST)) return false;
    policy.cost = <u64>integerAt(node);
    return true;
  }
  policy.costs = readExpression(node, interest);
  if (!exists(policy.costs)) return false;
  if (expressionType() !== Type.Integer) return refuse(node, "must be an integer, or what has one as its value");
  policy.needs |= policy.costs.needs;
  return true;
}

/** What the call at hand costs. */
export function costOf(policy: RateLimitPolicy, rate: Rate): u64 {
  if (!exists(policy.costs)) return policy.cost;
  const value = evaluateValue(policy.costs);
  if (value.known === 0) return mostAtOnce(rate);
  return value.value < 1 ? 1 : <u64>value.value;
}
