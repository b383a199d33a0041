import { callsLeft, conforms, untilNext } from "../../lib/gcra";
import { none } from "../../lib/region";
import { currentSet, currentVersion, LimitSet, readSet, setTime, timeOf, writeSet } from "../../proxy-wasm/buckets";
import { Status } from "../../proxy-wasm/status";
import { bucketKey, rateOf } from "./key";
import { covers, hold, leaseOf, spend, unspend } from "./lease";
import { Rate, RateLimitPolicy } from "./policy";

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
const ATTEMPTS: i32 = 32;

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
  /** Calls to be put in the books at once: 1, or a lease. */
  calls: u64 = 0;
  /** Calls left after this one. */
  left: u64 = 0;
  /** Nanoseconds until there is one more. */
  wait: u64 = 0;
}

/** Reads where the limit stands, without changing it. */
export function look(claim: Claim, policy: RateLimitPolicy, k0: u64, k1: u64, now: u64): void {
  const rate = rateOf(policy);
  claim.policy = policy;
  claim.rate = rate;
  claim.key = bucketKey(policy, rate, k0, k1);
  claim.allowed = 1;
  claim.left = 0;
  claim.wait = rate.interval;
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
  lookInBucket(claim, now);
}

function setNumber(claim: Claim): u32 {
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
  // Under one rate a debt never exceeds the tolerance; one from a stricter rate before is not held against the caller.
  claim.start = min(max(timeOf(claim.set, claim.key, now), now), now + rate.tolerance);
  claim.allowed = conforms(claim.start, now, rate.interval, rate.tolerance) ? 1 : 0;
  const before = callsLeft(claim.start, now, rate.interval, rate.tolerance);
  // Small steps when little is left, so that the last calls are given out one by one.
  claim.calls = max(<u64>1, min(<u64>rate.lease, before >> 3));
  const end = claim.allowed !== 0 ? claim.start + claim.calls * rate.interval : claim.start;
  claim.left = callsLeft(end, now, rate.interval, rate.tolerance);
  claim.wait = untilNext(end, now, rate.interval, rate.tolerance);
}

/** Books the call. False if another worker took what was left in the meantime. */
export function commit(claim: Claim, now: u64): bool {
  const rate = claim.rate;
  if (claim.means === Means.Lease) {
    spend(leaseOf(claim.key), now, rate.interval);
    return true;
  }
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    if (claim.means === Means.Failed) return true;
    if (claim.allowed === 0) return false;
    const end = claim.start + claim.calls * rate.interval;
    setTime(claim.set, claim.key, now, end);
    const status = writeSet(claim.policy.setKey, setNumber(claim), claim.set, claim.version);
    if (status === Status.Ok) {
      if (claim.calls > 1) hold(claim.key, claim.start, end, now, rate.interval, claim.left);
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
  if (claim.means === Means.Lease || claim.calls > 1) {
    unspend(leaseOf(claim.key), claim.key, rate.interval);
    return;
  }
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    if (!readSet(claim.policy.setKey, setNumber(claim))) return;
    const set = currentSet();
    const time = timeOf(set, claim.key, now);
    if (time < now + rate.interval) return;
    setTime(set, claim.key, now, time - rate.interval);
    if (writeSet(claim.policy.setKey, setNumber(claim), set, currentVersion()) !== Status.CasMismatch) return;
  }
}
