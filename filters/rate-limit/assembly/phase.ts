import { secondsFor } from "../../lib/gcra";
import { arenaTake, at, exists, none } from "../../lib/region";
import { compose, composed, composedLength, composedStart, keepLiteral, putDecimal, Text } from "../../lib/text";
import { monotonicTime } from "../../proxy-wasm/clock";
import { Departure } from "../../proxy-wasm/flights";
import { addPair, beginPairs, pairsLength, writePairs } from "../../proxy-wasm/headers";
import { respond, respondWith } from "../../proxy-wasm/local-response";
import { count } from "../../proxy-wasm/metrics";
import { fillRandom } from "../../proxy-wasm/random";
import { Claim, charge, commit, giveBack, look, Means } from "./claim";
import { addDebit, hasDebits } from "./debits";
import { givePlace, takePlace } from "./in-flight";
import { flightKey } from "./key";
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

const CLAIMS: usize = memory.data(MOST_LIMITS * 96, 8);
const WINDOWS: usize = memory.data(MOST_LIMITS * 4 * 24, 8);

/** A limit on calls in flight. */
@unmanaged
class Flight {
  policy: RateLimitPolicy = none<RateLimitPolicy>();
  /** 1: the call has taken its place. */
  taken: i32 = 0;
  key: u64 = 0;
}

const FLIGHTS: usize = memory.data(MOST_LIMITS * 16, 8);

/** Why a call is refused. */
enum Refusal {
  Quota = 0,
  Crowded = 1,
  /** It cannot be counted. */
  Uncounted = 2,
}

let stream: u32 = 0;
let claims: i32 = 0;
let flights: i32 = 0;
let now: u64 = 0;
let refusal: Refusal = Refusal.Quota;
/** The policy that refuses; with Refusal.Quota `refused` has more to say. */
let refusing: RateLimitPolicy = none<RateLimitPolicy>();
let refused: Claim = none<Claim>();
/** What to say of a call that passes: of the last limit that is enforced. */
let admitted: Text = none<Text>();
/** Nanoseconds until none of the limits that refused, or were charged for it, would. */
let retry: u64 = 0;
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

/**
 * To be called before the first limit of a request.
 *
 * @param context the number of its stream
 */
export function beginLimits(context: u32): void {
  stream = context;
  now = 0;
  beginTelling();
}

/** To be called before the first of limits that stand beside each other. */
export function beginPhase(): void {
  claims = 0;
  flights = 0;
  admitted = none<Text>();
  shadowed = none<Text>();
  if (now === 0) now = monotonicTime();
}

/** Adds a limit to the phase: reads where it stands. There are at most MOST_LIMITS. */
export function addLimit(policy: RateLimitPolicy, k0: u64, k1: u64): void {
  if (claims === MOST_LIMITS || flights === MOST_LIMITS) return;
  if (policy.shadow === 0) admitted = policy.admitted;
  if (policy.inFlight !== 0) {
    const flight = at<Flight>(FLIGHTS, flights++);
    flight.policy = policy;
    flight.taken = 0;
    flight.key = flightKey(policy, k0, k1);
  }
  if (policy.rateCount === 0) return;
  const windows = WINDOWS + <usize>(claims * MOST_WINDOWS) * offsetof<WindowState>();
  look(at<Claim>(CLAIMS, claims++), policy, k0, k1, now, windows);
}

/** Whether all enforced limits of the phase let the call pass; if so it is booked in all that have room for it. */
export function admit(): bool {
  const passed = decide() && takePlaces() && book();
  penalise(passed);
  if (passed && hasDebits()) noteDebits();
  tellPhase(CLAIMS, claims, passed);
  return passed;
}

/** Finds a limit that refuses: that which the caller waits longest for, else one that cannot count. */
function decide(): bool {
  let found = false;
  let broken = none<RateLimitPolicy>();
  refusal = Refusal.Quota;
  for (let i = 0; i < claims; i++) {
    const claim = at<Claim>(CLAIMS, i);
    if (claim.means === Means.Failed) {
      if (closes(claim.policy)) broken = claim.policy;
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
  if (found) {
    refusing = refused.policy;
    return false;
  }
  return !exists(broken) || refuseUncounted(broken);
}

/** Whether a limit that failed refuses the call. */
function closes(policy: RateLimitPolicy): bool {
  if (!exists(policy.unavailable)) return false;
  if (policy.shadow === 0) return true;
  noteShadow(policy, policy.uncounted);
  return false;
}

function refuseUncounted(policy: RateLimitPolicy): bool {
  count(policy.counters.error);
  refusing = policy;
  refusal = Refusal.Uncounted;
  return false;
}

/** Takes the places of a call in flight, of all limits or of none. */
function takePlaces(): bool {
  for (let i = 0; i < flights; i++) {
    const flight = at<Flight>(FLIGHTS, i);
    const policy = flight.policy;
    const departure = takePlace(stream, policy, flight.key, now);
    if (departure === Departure.Taken) {
      flight.taken = 1;
      continue;
    }
    if (departure === Departure.Failed) {
      if (!closes(policy)) {
        count(policy.counters.error);
        continue;
      }
      givePlaces();
      return refuseUncounted(policy);
    }
    if (policy.shadow !== 0) {
      noteShadow(policy, policy.crowded);
      continue;
    }
    givePlaces();
    count(policy.counters.denied);
    refusing = policy;
    refusal = Refusal.Crowded;
    return false;
  }
  return true;
}

/** Gives back the places that the call has taken so far. */
function givePlaces(): void {
  for (let i = 0; i < flights; i++) {
    if (at<Flight>(FLIGHTS, i).taken !== 0) givePlace(stream, now);
  }
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
      if (claim.means !== Means.Failed || !closes(claim.policy)) continue;
      takeBack(i);
      return refuseUncounted(claim.policy);
    }
    if (claim.policy.shadow !== 0) {
      noteShadow(claim.policy, claim.policy.denied);
      continue;
    }
    takeBack(i);
    count(claim.policy.counters.denied);
    refused = claim;
    refusing = claim.policy;
    return false;
  }
  countBooked();
  return true;
}

/** Takes back the call where it was booked: in the limits before one, and in flight. */
function takeBack(end: i32): void {
  givePlaces();
  for (let i = 0; i < end; i++) giveBack(at<Claim>(CLAIMS, i), now);
}

/** Charges a call that was refused, or would have been, where such calls cost too. Then it may be another limit that the caller waits longest for. */
function penalise(passed: bool): void {
  retry = !passed && refusal === Refusal.Quota ? refused.retry : 0;
  for (let i = 0; i < claims; i++) {
    const claim = at<Claim>(CLAIMS, i);
    if (claim.policy.penalizes === 0 || (passed && claim.allowed !== 0)) continue;
    charge(claim, now);
    if (claim.policy.shadow !== 0) continue;
    if (!passed && refusal === Refusal.Quota && claim.allowed === 0 && claim.retry > refused.retry) {
      refused = claim;
      refusing = claim.policy;
    }
    retry = max(retry, claim.retry);
  }
}

/** Notes of which limits the answer will say more. */
function noteDebits(): void {
  for (let i = 0; i < claims; i++) {
    const claim = at<Claim>(CLAIMS, i);
    const policy = claim.policy;
    if (!exists(policy.answerCosts) || claim.allowed === 0 || claim.means === Means.Failed) continue;
    if (!addDebit(stream, policy, claim.rate, claim.key)) count(policy.counters.error);
  }
}

function countBooked(): void {
  for (let i = 0; i < claims; i++) {
    const claim = at<Claim>(CLAIMS, i);
    if (claim.allowed === 0) continue;
    const counters = claim.policy.counters;
    count(claim.means === Means.Failed ? counters.error : counters.allowed);
  }
  for (let i = 0; i < flights; i++) {
    const flight = at<Flight>(FLIGHTS, i);
    if (flight.taken !== 0 && flight.policy.rateCount === 0) count(flight.policy.counters.allowed);
  }
}

/**
 * Answers a call that the last `admit` refused; whether the host took it.
 *
 * @param saysPolicy false if the route itself writes what the limits are
 */
export function respondRefused(saysPolicy: bool): bool {
  const policy = refusing;
  if (refusal === Refusal.Uncounted) return respond(policy.unavailable);
  const denial = refusal === Refusal.Crowded ? policy.crowdedDenial : refused.refusing.denial;
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
    if (saysPolicy) addPair(limitPolicyName, policyFieldStart(), policyFieldLength());
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
  return admitted;
}

/** What the first limit in shadow would have said, had it refused the call in the last `admit`; or the missing record. */
export function shadowedDecision(): Text {
  return shadowed;
}

/** What to say of a call that the last `admit` refused. */
export function refusedDecision(): Text {
  if (refusal === Refusal.Uncounted) return refusing.uncounted;
  return refusal === Refusal.Crowded ? refusing.crowded : refusing.denied;
}
