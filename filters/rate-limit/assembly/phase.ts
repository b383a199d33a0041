import { secondsFor } from "../../lib/gcra";
import { at, exists, none } from "../../lib/region";
import {
  compose,
  composed,
  composedLength,
  composedStart,
  keepLiteral,
  put,
  putByte,
  putDecimal,
  putText,
  Text,
} from "../../lib/text";
import { monotonicTime } from "../../proxy-wasm/clock";
import { addPair, beginPairs, pairsLength, writePairs } from "../../proxy-wasm/headers";
import { respond, respondWith } from "../../proxy-wasm/local-response";
import { count } from "../../proxy-wasm/metrics";
import { Claim, commit, giveBack, look, Means } from "./claim";
import { RateLimitPolicy } from "./policy";

// Limits that stand beside each other in a pipeline: all are read, then all decide, then all are booked, or none.

/** The most limits that may stand beside each other. */
export const MOST_LIMITS: i32 = 16;

const CLAIMS: usize = memory.data(MOST_LIMITS * 80, 8);

let claims: i32 = 0;
let now: u64 = 0;
let refused: Claim = none<Claim>();
/** Whether `refused` could not be counted, rather than being one call too many. */
let uncounted: bool = false;
/** What to say of the first limit in shadow that would have refused; the missing record if none would. */
let shadowed: Text = none<Text>();

// What the `RateLimit` and `RateLimit-Policy` fields of this request will say; in the arena.
let limitStart: usize = 0;
let limitLength: i32 = 0;
let policyStart: usize = 0;
let policyLength: i32 = 0;

let contentType: Text = none<Text>();
let problemJson: Text = none<Text>();
let retryAfter: Text = none<Text>();
let limitName: Text = none<Text>();
let limitPolicyName: Text = none<Text>();

/** Makes the constants of all limits; once for a VM. */
export function prepareLimits(): void {
  contentType = keepLiteral("content-type");
  problemJson = keepLiteral("application/problem+json");
  retryAfter = keepLiteral("retry-after");
  limitName = keepLiteral("ratelimit");
  limitPolicyName = keepLiteral("ratelimit-policy");
}

/** To be called before the first limit of a request. */
export function beginLimits(): void {
  now = 0;
  limitLength = 0;
  policyLength = 0;
}

/** To be called before the first of limits that stand beside each other. */
export function beginPhase(): void {
  claims = 0;
  shadowed = none<Text>();
  if (now === 0) now = monotonicTime();
}

/** Adds a limit to the phase: reads where it stands. There are at most MOST_LIMITS. */
export function addLimit(policy: RateLimitPolicy, k0: u64, k1: u64): void {
  if (claims < MOST_LIMITS) look(at<Claim>(CLAIMS, claims++), policy, k0, k1, now);
}

/** Whether all enforced limits of the phase let the call pass; if so it is booked in all that have room for it. */
export function admit(): bool {
  const passed = decide() && book();
  tell(passed);
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
    if (!found || claim.wait > refused.wait) refused = claim;
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

function countBooked(): void {
  for (let i = 0; i < claims; i++) {
    const claim = at<Claim>(CLAIMS, i);
    if (claim.allowed === 0) continue;
    const counters = claim.policy.counters;
    count(claim.means === Means.Failed ? counters.error : counters.allowed);
  }
}

// ---- what the client is told

function tell(passed: bool): void {
  let needed = 0;
  for (let i = 0; i < claims; i++) {
    const claim = at<Claim>(CLAIMS, i);
    if (claim.policy.tellsLimit !== 0) needed += claim.rate.policyField.length + 64;
  }
  if (needed === 0) return;
  compose(limitLength + needed);
  put(limitStart, limitLength);
  for (let i = 0; i < claims; i++) tellLimit(at<Claim>(CLAIMS, i), passed);
  if (!composed()) return;
  const start = composedStart();
  const length = composedLength();
  compose(policyLength + needed);
  put(policyStart, policyLength);
  for (let i = 0; i < claims; i++) {
    const claim = at<Claim>(CLAIMS, i);
    if (claim.policy.tellsLimit === 0) continue;
    separate();
    putText(claim.rate.policyField);
  }
  if (!composed()) return;
  limitStart = start;
  limitLength = length;
  policyStart = composedStart();
  policyLength = composedLength();
}

function separate(): void {
  if (composedLength() === 0) return;
  putByte(0x2c);
  putByte(0x20);
}

/** Adds `"<policy>";r=<left>;t=<seconds until there is one more, 0 if none is missing>`. */
function tellLimit(claim: Claim, passed: bool): void {
  if (claim.policy.tellsLimit === 0) return;
  const booked = passed || claim.allowed === 0 || claim.means !== Means.Bucket;
  const left = min(booked ? claim.left : claim.left + claim.calls, claim.rate.count);
  separate();
  putByte(0x22);
  putText(claim.policy.name);
  putByte(0x22);
  putByte(0x3b);
  putByte(0x72);
  putByte(0x3d);
  putDecimal(left);
  putByte(0x3b);
  putByte(0x74);
  putByte(0x3d);
  putDecimal(left === claim.rate.count ? 0 : max(<u64>1, secondsFor(claim.wait)));
}

/** Answers a call that the last `admit` refused; whether the host took it. */
export function respondRefused(): bool {
  const policy = refused.policy;
  if (uncounted) return respond(policy.unavailable);
  if (policy.tellsRetry === 0 && limitLength === 0) return respond(policy.denial);
  beginPairs();
  addPair(contentType, problemJson.start, problemJson.length);
  if (policy.tellsRetry !== 0) {
    compose(24);
    putDecimal(max(<u64>1, secondsFor(refused.wait)));
    if (composed()) addPair(retryAfter, composedStart(), composedLength());
  }
  // Envoy adds a route's response headers to this answer only where the route leads to a service.
  if (limitLength > 0) {
    addPair(limitName, limitStart, limitLength);
    addPair(limitPolicyName, policyStart, policyLength);
  }
  const pairs = writePairs();
  return pairs === 0 ? respond(policy.denial) : respondWith(policy.denial, pairs, pairsLength());
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

/** Makes what the fields say so far of a request that waited that of the one at hand. */
export function restoreFields(limit: usize, limitBytes: i32, policy: usize, policyBytes: i32): void {
  limitStart = limit;
  limitLength = limitBytes;
  policyStart = policy;
  policyLength = policyBytes;
}

export function limitFieldStart(): usize {
  return limitStart;
}

export function limitFieldLength(): i32 {
  return limitLength;
}

export function policyFieldStart(): usize {
  return policyStart;
}

export function policyFieldLength(): i32 {
  return policyLength;
}
