import { attribute, isPresent, Slot } from "../../lib/attributes";
import { beginKey, endKey, keyOfNames, putNoPart, putPart } from "../../lib/bucket-key";
import { at, exists } from "../../lib/region";
import { findName } from "../../lib/table";
import { Text, textIs } from "../../lib/text";
import { partSlot, RateLimitPolicy } from "./policy";
import { Rate } from "./rate";

// Which bucket a call falls in: by policy, route, tier of the rate and the parts of the key.

/** One half of the hash key for a policy on a route; where routes share a count, its own name stands for all of them. */
export function stepKey(policy: RateLimitPolicy, route: Text, half: u64): u64 {
  return keyOfNames(policy.name, policy.shared !== 0 ? policy.name : route, half);
}

/** The rate for the caller's tier. */
export function rateOf(policy: RateLimitPolicy): Rate {
  const last = policy.rateCount - 1;
  if (last > 0 && isPresent(Slot.Tier)) {
    const tier = attribute(Slot.Tier);
    if (exists(policy.tiers)) {
      const found = findName(policy.tiers, tier.start, tier.length);
      return at<Rate>(policy.rates, found < 0 ? last : found);
    }
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
  beginKey(k0, k1);
  if (exists(rate.tier)) putPart(rate.tier.start, rate.tier.length);
  else putNoPart();
  return endOfKey(policy);
}

/** The same of calls in flight, which callers of all tiers have alike. */
export function flightKey(policy: RateLimitPolicy, k0: u64, k1: u64): u64 {
  beginKey(k0, k1);
  return endOfKey(policy);
}

function endOfKey(policy: RateLimitPolicy): u64 {
  for (let i = 0; i < policy.partCount; i++) {
    const slot = partSlot(policy, i);
    const part = attribute(slot);
    if (isPresent(slot) && part.length > 0) putPart(part.start, part.length);
    else putNoPart();
  }
  return endKey();
}
