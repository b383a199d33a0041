import { evaluate, Truth } from "../../lib/predicate";
import { at } from "../../lib/region";
import { decided, setDecided, traceIdLow, UNDECIDED } from "../../lib/trace-context";
import { count } from "../../proxy-wasm/metrics";
import { takeOne } from "./cap";
import { Rule, TracingPolicy } from "./policy";

// Whether a trace is recorded, as it is known with its request. By the id of the trace alone, so that all who ask for one ratio decide the same
// (OpenTelemetry, "TraceState: Probability Sampling": randomness R in the last 56 bits, recorded if R is not below the threshold).

const RANDOMNESS: u64 = ((<u64>1) << 56) - 1;
const WHOLE: u64 = (<u64>1) << 56;
const MILLION: u64 = 1000000;

/** The threshold for a ratio in parts of a million. */
export function thresholdOf(ratio: i64): u64 {
  const refused = MILLION - <u64>ratio;
  return (WHOLE / MILLION) * refused + ((WHOLE % MILLION) * refused) / MILLION;
}

/** Whether the policy, and no caller, is to decide on the trace at hand. */
export function isOpen(policy: TracingPolicy): bool {
  return policy.followsCaller === 0 || decided() === UNDECIDED;
}

/** Decides, if that is open. */
export function decide(policy: TracingPolicy): void {
  if (isOpen(policy)) setDecided((traceIdLow() & RANDOMNESS) >= threshold(policy));
}

function threshold(policy: TracingPolicy): u64 {
  for (let i = 0; i < policy.ruleCount; i++) {
    const rule = at<Rule>(policy.rules, i);
    if (evaluate(rule.when) === Truth.True) return rule.threshold;
  }
  return policy.threshold;
}

/**
 * Holds a decision to record, whoever made it, to what may be recorded in a second.
 *
 * @param now of the clock that never goes back
 */
export function holdToCap(policy: TracingPolicy, now: u64): void {
  if (decided() !== 1) return;
  if (takeOne(policy.cap, now)) {
    count(policy.sampled);
    return;
  }
  setDecided(false);
  count(policy.capped);
}
