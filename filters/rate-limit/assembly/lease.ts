import { at } from "../../lib/region";

// A lease is a stretch of a bucket's time axis that a worker has put in its books: [next, end). Each call spends one interval of
// it, from `next` or from now on, whichever is later. So every call that is let pass has its own interval, no two
// overlap, none begins before its call, and none ends later than a burst after it: the limit holds to the call over all workers and
// over every window. What is not spent in its time lapses, and comes back as the bucket refills.

const LEASES: i32 = 1024;

/** The longest life of a lease, in nanoseconds: what it says of the bucket must not get old. */
export const LONGEST_LEASE: u64 = 100000000;

@unmanaged
export class Lease {
  key: u64 = 0;
  next: u64 = 0;
  end: u64 = 0;
  until: u64 = 0;
  /** Calls left in the bucket when the lease was taken, all of the lease counted as spent. */
  left: u64 = 0;
}

// One place for each hash: a second key of the same place takes it, and the first lease lapses.
const PLACES: usize = memory.data(LEASES * 40, 8);

/** The lease that is or would be held for a key. */
export function leaseOf(key: u64): Lease {
  return at<Lease>(PLACES, <i32>(key >> 20) & (LEASES - 1));
}

/** Whether a lease covers one more call of a key. */
export function covers(lease: Lease, key: u64, now: u64, interval: u64): bool {
  return lease.key === key && now < lease.until && max(lease.next, now) + interval <= lease.end;
}

export function spend(lease: Lease, now: u64, interval: u64): void {
  lease.next = max(lease.next, now) + interval;
}

/** Takes back the last `spend`, if the lease is still there. */
export function unspend(lease: Lease, key: u64, interval: u64): void {
  if (lease.key === key) lease.next -= interval;
}

/** Holds the stretch from `start` to `end`, of which the first interval is spent. */
export function hold(key: u64, start: u64, end: u64, now: u64, interval: u64, left: u64): void {
  const lease = leaseOf(key);
  lease.key = key;
  lease.next = start + interval;
  lease.end = end;
  lease.until = now + LONGEST_LEASE;
  lease.left = left;
}
