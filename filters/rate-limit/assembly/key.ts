import { attribute, isPresent, Slot } from "../../lib/attributes";
import { at, exists } from "../../lib/region";
import { sipHashFinal, sipHashInit, sipHashUpdate, sipHashUpdateU64 } from "../../lib/siphash";
import { Text, textIs } from "../../lib/text";
import { partSlot, Rate, RateLimitPolicy } from "./policy";

// Which bucket a call falls in: a keyed hash of policy, route, tier of the rate and the parts of the key. The hash key is random, and the same in all
// workers: nobody outside can make two callers collide.

let seed0: u64 = 0;
let seed1: u64 = 0;

/** Sets the secret that all workers share; before any step is made. */
export function seedKeys(k0: u64, k1: u64): void {
  seed0 = k0;
  seed1 = k1;
}

/** One half of the hash key for a policy on a route. */
export function stepKey(policy: Text, route: Text, half: u64): u64 {
  sipHashInit(seed0, seed1 ^ half, 2, 4);
  hashBytes(policy.start, policy.length);
  hashBytes(route.start, route.length);
  return sipHashFinal();
}

/** The rate for the caller's tier. */
export function rateOf(policy: RateLimitPolicy): Rate {
  const last = policy.rateCount - 1;
  if (last > 0 && isPresent(Slot.Tier)) {
    const tier = attribute(Slot.Tier);
    for (let i = 0; i < last; i++) {
      const rate = at<Rate>(policy.rates, i);
      if (textIs(rate.tier, tier.start, tier.length)) return rate;
    }
  }
  return at<Rate>(policy.rates, last);
}

/**
 * The key of the bucket, never 0. Each part has its length in front; a part that is missing, empty or sent twice is "none", so that calls
 * without it share one bucket rather than have no limit.
 */
export function bucketKey(policy: RateLimitPolicy, rate: Rate, k0: u64, k1: u64): u64 {
  sipHashInit(k0, k1, 2, 4);
  if (exists(rate.tier)) hashBytes(rate.tier.start, rate.tier.length);
  else sipHashUpdateU64(0);
  for (let i = 0; i < policy.partCount; i++) {
    const slot = partSlot(policy, i);
    const part = attribute(slot);
    if (isPresent(slot) && part.length > 0) hashBytes(part.start, part.length);
    else sipHashUpdateU64(0);
  }
  const key = sipHashFinal();
  return key === 0 ? 1 : key;
}

function hashBytes(start: usize, length: i32): void {
  sipHashUpdateU64(<u64>length);
  sipHashUpdate(start, length);
}
