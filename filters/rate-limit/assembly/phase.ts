import { secondsFor } from "../../lib/gcra";
import { arenaTake, at, exists, none } from "../../lib/region";
import { compose, composed, composedLength, composedStart, keepLiteral, putDecimal, Text } from "../../lib/text";
import { monotonicTime } from "../../proxy-wasm/clock";
import { addPair, beginPairs, pairsLength, writePairs } from "../../proxy-wasm/headers";
import { respond, respondWith } from "../../proxy-wasm/local-response";
import { count } from "../../proxy-wasm/metrics";
import { fillRandom } from "../../proxy-wasm/random";
import { Claim, charge, commit, giveBack, look, Means } from "./claim";
import { RateLimitPolicy } from "./policy";
import { MOST_WINDOWS } from "./rate";
import { WindowState } from "./row-claim";
import {
  beginTelling,
  composeX,
  limitFieldLength,
  limitFieldStart,
  policyFieldLength,
  policyFieldStart,
  tellPhase,
  tellsXFields,
  XField,
} from "./tell";

// Limits that stand beside each other in a pipeline: all are read, then all decide, then all are booked, or none.

/** The most limits that may stand beside each other. */
export const MOST_LIMITS: i32 = 16;

const CLAIMS: usize = memory.data(MOST_LIMITS * 88, 8);
const WINDOWS: usize = memory.data(MOST_LIMITS * 4 * 24, 8);

let claims: i32 = 0;
let now: u64 = 0;
let refused: Claim = none<Claim>();
/** Nanoseconds until none of the limits that refused, or were charged for it, would. */
let retry: u64 = 0;
/** Whether `refused` could not be counted, rather than being one call too many. */
let uncounted: bool = false;
/** What to say of the first limit in shadow that would have refused; the missing record if none would. */
let shadowed: Text = none<Text>();

let contentType: Text = none<Text>();
let problemJson: Text = none<Text>();
let retryAfter: Text = none<Text>();
let limitName: Text = none<Text>();
let limitPolicyName: Text = none<Text>();
let xLimitName: Text = none<Text>();
let xRemainingName: Text = none<Text>();
let xResetName: Text = none<Text>();

/** Makes the constants of all limits; once for a VM. */
export function prepareLimits(): void {
  contentType = keepLiteral("content-type");
  problemJson = keepLiteral("application/problem+json");
  retryAfter = keepLiteral("retry-after");
  limitName = keepLiteral("ratelimit");
  limitPolicyName = keepLiteral("ratelimit-policy");
  xLimitName = keepLiteral("x-ratelimit-limit");
  xRemainingName = keepLiteral("x-ratelimit-remaining");
  xResetName = keepLiteral("x-ratelimit-reset");
}

/** To be called before the first limit of a request. */
export function beginLimits(): void {
  now = 0;
  beginTelling();
}

/** To be called before the first of limits that stand beside each other. */
export function beginPhase(): void {
  claims = 0;
  shadowed = none<Text>();
  if (now === 0) now = monotonicTime();
}

/** Adds a limit to the phase: reads where it stands. There are at most MOST_LIMITS. */
export function addLimit(policy: RateLimitPolicy, k0: u64, k1: u64): void {
  if (claims === MOST_LIMITS) return;
  const windows = WINDOWS + <usize>(claims * MOST_WINDOWS) * offsetof<WindowState>();
  look(at<Claim>(CLAIMS, claims++), policy, k0, k1, now, windows);
}

/** Whether all enforced limits of the phase let the call pass; if so it is booked in all that have room for it. */
export function admit(): bool {
  const passed = decide() && book();
  penalise(passed);
  tellPhase(CLAIMS, claims, passed);
  return passed;
}

/** Finds a limit that refuses: that which the caller waits longest for, else one that cannot count. */
function decide(): bool {
  let found = false;
  let broken = none<Claim>();
  uncounted = false;
  for (let i = 0; i < claims; i++) {
    const claim = at<Claim>(CLAIMS, i);
    if (claim.means === Means.Failed) {
      if (closes(claim)) broken = claim;
      continue;
    }
    if (claim.allowed !== 0) continue;
    if (claim.policy.shadow !== 0) {
      noteShadow(claim.policy, claim.policy.denied);
      continue;
    }
    count(claim.policy.counters.denied);
    if (!found || claim.retry > refused.retry) refused = claim;
    found = true;
  }
  if (found) return false;
  return !exists(broken) || refuseUncounted(broken);
}

/** Whether a limit that failed refuses the call. */
function closes(claim: Claim): bool {
  const policy = claim.policy;
  if (!exists(policy.unavailable)) return false;
  if (policy.shadow === 0) return true;
  noteShadow(policy, policy.uncounted);
  return false;
}

function refuseUncounted(claim: Claim): bool {
  count(claim.policy.counters.error);
  refused = claim;
  uncounted = true;
  return false;
}

function noteShadow(policy: RateLimitPolicy, decision: Text): void {
  count(policy.counters.shadow);
  if (!exists(shadowed)) shadowed = decision;
}

function book(): bool {
  for (let i = 0; i < claims; i++) {
    const claim = at<Claim>(CLAIMS, i);
    // One in shadow that has no room, or one that was let pass uncounted.
    if (claim.allowed === 0 || claim.means === Means.Failed) continue;
    if (commit(claim, now)) {
      if (claim.means !== Means.Failed || !closes(claim)) continue;
      takeBack(i);
      return refuseUncounted(claim);
    }
    if (claim.policy.shadow !== 0) {
      noteShadow(claim.policy, claim.policy.denied);
      continue;
    }
    takeBack(i);
    count(claim.policy.counters.denied);
    refused = claim;
    return false;
  }
  countBooked();
  return true;
}

/** Takes back the call where it was booked: in the limits before one. */
function takeBack(end: i32): void {
  for (let i = 0; i < end; i++) giveBack(at<Claim>(CLAIMS, i), now);
}

/** Charges a call that was refused, or would have been, where such calls cost too. Then it may be another limit that the caller waits longest for. */
function penalise(passed: bool): void {
  if (!passed) retry = refused.retry;
  for (let i = 0; i < claims; i++) {
    const claim = at<Claim>(CLAIMS, i);
    if (claim.policy.penalizes === 0 || (passed && claim.allowed !== 0)) continue;
    charge(claim, now);
    if (claim.policy.shadow !== 0) continue;
    if (!uncounted && claim.allowed === 0 && claim.retry > refused.retry) refused = claim;
    retry = max(retry, claim.retry);
  }
}

function countBooked(): void {
  for (let i = 0; i < claims; i++) {
    const claim = at<Claim>(CLAIMS, i);
    if (claim.allowed === 0) continue;
    const counters = claim.policy.counters;
    count(claim.means === Means.Failed ? counters.error : counters.allowed);
  }
}

/** Answers a call that the last `admit` refused; whether the host took it. */
export function respondRefused(): bool {
  const policy = refused.policy;
  if (uncounted) return respond(policy.unavailable);
  const denial = refused.refusing.denial;
  if (policy.tellsRetry === 0 && limitFieldLength() === 0 && !tellsXFields()) return respond(denial);
  beginPairs();
  addPair(contentType, problemJson.start, problemJson.length);
  if (policy.tellsRetry !== 0) {
    const seconds = retrySeconds(policy);
    compose(24);
    putDecimal(seconds);
    if (composed()) addPair(retryAfter, composedStart(), composedLength());
  }
  // Envoy adds a route's response headers to this answer only where the route leads to a service.
  if (limitFieldLength() > 0) {
    addPair(limitName, limitFieldStart(), limitFieldLength());
    addPair(limitPolicyName, policyFieldStart(), policyFieldLength());
  }
  if (tellsXFields()) {
    addX(xLimitName, XField.Limit);
    addX(xRemainingName, XField.Remaining);
    addX(xResetName, XField.Reset);
  }
  const pairs = writePairs();
  return pairs === 0 ? respond(denial) : respondWith(denial, pairs, pairsLength());
}

function addX(name: Text, field: XField): void {
  if (composeX(field)) addPair(name, composedStart(), composedLength());
}

/** When to come again: not before there is room, and later by chance where callers are to be spread. */
function retrySeconds(policy: RateLimitPolicy): u64 {
  const seconds = max(<u64>1, secondsFor(retry));
  if (policy.jitter === 0) return seconds;
  const chance = arenaTake(8);
  if (chance === 0 || !fillRandom(chance, 8)) return seconds;
  return seconds + (at<Chance>(chance, 0).value % (<u64>policy.jitter + 1));
}

@unmanaged
class Chance {
  value: u64 = 0;
}

/** What to say of a call that the last `admit` let pass; the missing record if no limit was enforced. */
export function admittedDecision(): Text {
  for (let i = claims - 1; i >= 0; i--) {
    const policy = at<Claim>(CLAIMS, i).policy;
    if (policy.shadow === 0) return policy.admitted;
  }
  return none<Text>();
}

/** What the first limit in shadow would have said, had it refused the call in the last `admit`; or the missing record. */
export function shadowedDecision(): Text {
  return shadowed;
}

/** What to say of a call that the last `admit` refused. */
export function refusedDecision(): Text {
  return uncounted ? refused.policy.uncounted : refused.policy.denied;
}
