import { Needs } from "../lib/attributes";
import { member, NOWHERE, refuse, stringIs } from "../lib/document";
import { Interest } from "../lib/interest";
import { evaluate, Truth } from "../lib/predicate";
import { readPredicate } from "../lib/predicate-reader";
import { exists } from "../lib/region";
import { defineShadowCounter } from "../proxy-wasm/metrics";
import { denyOnError, rehearseLimit } from "../rate-limit/assembly/policy";
import { counterWord, Kind, Policy } from "./kinds";

// What stands beside the kind of a policy: `mode`, `when` and `onError`.

/** Reads it into a policy whose kind has been read; false, and a problem noted, if it is wrong. */
export function readConduct(node: i32, policy: Policy, interest: Interest): bool {
  if (TRACING && policy.kind === Kind.Tracing) return standsAlone(node);
  return (
    readMode(member(node, "mode"), policy) &&
    readWhen(member(node, "when"), policy, interest) &&
    readOnError(member(node, "onError"), policy)
  );
}

/** What only looks on decides nothing, so there is nothing to rehearse, to restrict or to fail. */
function standsAlone(node: i32): bool {
  const mode = member(node, "mode");
  const when = member(node, "when");
  const onError = member(node, "onError");
  if (mode !== NOWHERE) return refuse(mode, "is not for a policy of this kind");
  if (when !== NOWHERE) return refuse(when, "is not for a policy of this kind");
  return onError === NOWHERE || refuse(onError, "is not for a policy of this kind");
}

function readMode(node: i32, policy: Policy): bool {
  if (node === NOWHERE || stringIs(node, "enforce")) return true;
  if (!stringIs(node, "shadow")) return refuse(node, 'must be "enforce" or "shadow"');
  policy.shadow = 1;
  if (RATE_LIMIT && policy.kind === Kind.RateLimit) rehearseLimit(policy.rateLimit);
  const defined = defineShadowCounter(policy.counters, counterWord(policy.kind), policy.name);
  return defined || refuse(node, "the host defines no counter");
}

function readWhen(node: i32, policy: Policy, interest: Interest): bool {
  if (node === NOWHERE) return true;
  policy.when = readPredicate(node, interest);
  if (!exists(policy.when)) return false;
  const early = policy.kind === Kind.Authenticate && (policy.when.needs & Needs.Identity) !== 0;
  return !early || refuse(node, "asks who calls, which this policy is to find out");
}

function readOnError(node: i32, policy: Policy): bool {
  if (node === NOWHERE) return true;
  const denies = stringIs(node, "deny");
  if (RATE_LIMIT && policy.kind === Kind.RateLimit) {
    if (denies) denyOnError(policy.rateLimit);
    return denies || stringIs(node, "allow") || refuse(node, 'must be "deny" or "allow"');
  }
  return denies || refuse(node, 'must be "deny": what keeps callers out never opens');
}

/** What must be read of a request for a policy; bits of Needs. */
export function needsOf(policy: Policy): i32 {
  return exists(policy.when) ? policy.needs | policy.when.needs : policy.needs;
}

/** Whether a policy applies to the request at hand: one that keeps callers out also where that cannot be known. */
export function applies(policy: Policy): bool {
  if (!exists(policy.when)) return true;
  const truth = evaluate(policy.when);
  return truth === Truth.True || (truth === Truth.Unknown && policy.kind !== Kind.RateLimit);
}
