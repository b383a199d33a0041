import { callsLeft, conforms, untilConforms, untilNext } from "../../lib/gcra";
import { none } from "../../lib/region";
import { currentSet, currentVersion, LimitSet, readSet, setTime, timeOf, writeSet } from "../../proxy-wasm/buckets";
import { Status } from "../../proxy-wasm/status";
import { costOf } from "./cost";
import { bucketKey, rateOf } from "./key";
import { covers, hold, leaseOf, spend, unspend } from "./lease";
import { RateLimitPolicy } from "./policy";
import { LONGEST_DEBT, Rate } from "./rate";
import { chargeRow, clearStates, commitRow, giveBackRow, lookInRow } from "./row-claim";

/** How a claim is paid. */
export enum Means {
  /** From a lease that this worker holds. */
  Lease = 0,
  /** From the bucket in shared data. */
  Bucket = 1,
  /** Not at all: the host failed, or every race was lost. The policy's `onError` holds. */
  Failed = 2,
}

// A race is lost to another worker that succeeded in the 1 us between our read and our write. Even in a tight loop, with 64 % lost, 32 lost in
// a row are one in a million; with real traffic between the calls it does not happen.
export const ATTEMPTS: i32 = 32;

/** What one limit says of the call at hand. */
@unmanaged
export class Claim {
  policy: RateLimitPolicy = none<RateLimitPolicy>();
  rate: Rate = none<Rate>();
  key: u64 = 0;
  means: i32 = 0;
  allowed: i32 = 0;
  set: LimitSet = none<LimitSet>();
  version: u32 = 0;
  /** Where the debt ends before this call: not earlier than now. */
  start: u64 = 0;
  /** What the call costs, in calls. */
  cost: u64 = 0;
  /** Calls to be put in the books at once: the cost, or a lease. */
  calls: u64 = 0;
  /** Calls left after this one. */
  left: u64 = 0;
  /** Nanoseconds until there is one more. */
  wait: u64 = 0;
  /** Of a call that is not allowed: nanoseconds until it would be, and the window that keeps it longest. */
  retry: u64 = 0;
  refusing: Rate = none<Rate>();
  /** Of several windows: array of WindowState. */
  windows: usize = 0;
  /** 1: it is charged after the fact, whatever is left. */
  owes: i32 = 0;
}

/** Reads where the limit stands, without changing it. `windows` is where the state of several may be noted. */
export function look(claim: Claim, policy: RateLimitPolicy, k0: u64, k1: u64, now: u64, windows: usize): void {
  const rate = rateOf(policy);
  claim.policy = policy;
  claim.rate = rate;
  claim.key = bucketKey(policy, rate, k0, k1);
  claim.cost = costOf(policy, rate);
  claim.windows = windows;
  claim.allowed = 1;
  claim.retry = 0;
  claim.left = 0;
  claim.wait = rate.interval;
  if (policy.width > 1) clearStates(claim);
  if (now === 0) {
    claim.means = Means.Failed;
    return;
  }
  const lease = leaseOf(claim.key);
  if (rate.lease > 1 && covers(lease, claim.key, now, rate.interval)) {
    claim.means = Means.Lease;
    claim.left = lease.left;
    return;
  }
  if (policy.width > 1) lookInRow(claim, now);
  else lookInBucket(claim, now);
}

export function setNumber(claim: Claim): u32 {
  return (<u32>claim.key ^ <u32>(claim.key >> 32)) & claim.policy.setMask;
}

function lookInBucket(claim: Claim, now: u64): void {
  const rate = claim.rate;
  if (!readSet(claim.policy.setKey, setNumber(claim))) {
    claim.means = Means.Failed;
    claim.allowed = 1;
    return;
  }
  claim.means = Means.Bucket;
  claim.set = currentSet();
  claim.version = currentVersion();
  // Under one rate a debt never exceeds the ceiling; one from a stricter rate before is not held against the caller.
  claim.start = min(max(timeOf(claim.set, claim.key, now), now), now + rate.ceiling);
  // Only what costs no more than the burst is multiplied: no product leaves 64 bits.
  const fits = claim.cost <= rate.burst;
  const need = fits ? claim.cost * rate.interval : rate.tolerance;
  claim.allowed = fits && conforms(claim.start, now, need, rate.tolerance) ? 1 : 0;
  const before = callsLeft(claim.start, now, rate.interval, rate.tolerance);
  // Small steps when little is left, so that the last calls are given out one by one.
  claim.calls = max(claim.cost, min(<u64>rate.lease, before >> 3));
  const end = claim.allowed !== 0 ? claim.start + claim.calls * rate.interval : claim.start;
  claim.left = callsLeft(end, now, rate.interval, rate.tolerance);
  claim.wait = untilNext(end, now, rate.interval, rate.tolerance);
  if (claim.allowed === 0) {
    claim.retry = untilConforms(claim.start, now, need, rate.tolerance);
    claim.refusing = rate;
  }
}

/** Books the call. False if another worker took what was left in the meantime. */
export function commit(claim: Claim, now: u64): bool {
  const rate = claim.rate;
  if (claim.means === Means.Lease) {
    spend(leaseOf(claim.key), now, rate.interval);
    return true;
  }
  if (claim.policy.width > 1) return commitRow(claim, now);
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    if (claim.means === Means.Failed) return true;
    if (claim.allowed === 0) return false;
    const end = claim.start + claim.calls * rate.interval;
    setTime(claim.set, claim.key, now, end);
    const status = writeSet(claim.policy.setKey, setNumber(claim), claim.set, claim.version);
    if (status === Status.Ok) {
      if (claim.calls > claim.cost) hold(claim.key, claim.start, end, now, rate.interval, claim.left);
      return true;
    }
    if (status !== Status.CasMismatch) break;
    lookInBucket(claim, now);
  }
  claim.means = Means.Failed;
  return true;
}

/**
 * Takes back a call that was booked, as a limit beside it refused. The rest of a lease stays in this worker. A worker that booked between
 * our write and this one gains at most the time between the two, some microseconds of refill.
 */
export function giveBack(claim: Claim, now: u64): void {
  const rate = claim.rate;
  if (claim.means === Means.Failed || claim.allowed === 0) return;
  if (claim.means === Means.Lease || claim.calls > claim.cost) {
    unspend(leaseOf(claim.key), claim.key, rate.interval);
    return;
  }
  if (claim.policy.width > 1) {
    giveBackRow(claim, now);
    return;
  }
  const paid = claim.calls * rate.interval;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    if (!readSet(claim.policy.setKey, setNumber(claim))) return;
    const set = currentSet();
    const time = timeOf(set, claim.key, now);
    if (time < now + paid) return;
    setTime(set, claim.key, now, time - paid);
    if (writeSet(claim.policy.setKey, setNumber(claim), set, currentVersion()) !== Status.CasMismatch) return;
  }
}

/** Makes a call that was refused cost what it would have, or what there was left of the burst: a debt is never larger. */
export function charge(claim: Claim, now: u64): void {
  if (claim.means === Means.Failed) return;
  if (claim.policy.width > 1) {
    chargeRow(claim, now);
    return;
  }
  const rate = claim.rate;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    if (!readSet(claim.policy.setKey, setNumber(claim))) return;
    const set = currentSet();
    const end = chargedUntil(max(timeOf(set, claim.key, now), now), claim, rate, now);
    setTime(set, claim.key, now, end);
    claim.left = callsLeft(end, now, rate.interval, rate.tolerance);
    claim.wait = untilNext(end, now, rate.interval, rate.tolerance);
    const need = min(claim.cost, rate.burst) * rate.interval;
    claim.retry = untilConforms(end, now, need, rate.tolerance);
    if (writeSet(claim.policy.setKey, setNumber(claim), set, currentVersion()) !== Status.CasMismatch) return;
  }
}

/** Until when a window is in debt, once the call is charged. */
export function chargedUntil(start: u64, claim: Claim, rate: Rate, now: u64): u64 {
  if (claim.owes !== 0)
    return min(start + min(claim.cost, LONGEST_DEBT / rate.interval) * rate.interval, now + LONGEST_DEBT);
  return max(start, min(start + min(claim.cost, rate.burst) * rate.interval, now + rate.tolerance));
}
