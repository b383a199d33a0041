import { TIER_NEEDS } from "../../lib/attribute-reader";
import {
  arrayOf,
  firstElement,
  identityOf,
  integerAt,
  integerOf,
  keepString,
  member,
  NOWHERE,
  nextElement,
  objectOf,
  refuse,
  requiredMember,
} from "../../lib/document";
import { secondsFor } from "../../lib/gcra";
import { at, exists, keepRecords, none } from "../../lib/region";
import { addName, newNameTable } from "../../lib/table";
import { compose, keepComposed, putByte, putDecimal, putLiteral, putText, sameText, Text } from "../../lib/text";
import { LocalResponse } from "../../proxy-wasm/local-response";
import { quotaDenial } from "./answer";
import { RateLimitPolicy } from "./policy";

const MOST_RATES: i32 = 1024;
/** Of more than these the one of a tier is looked up in a table: to compare a few is quicker. */
const MOST_COMPARED: i32 = 8;
/** The most windows of one rate. */
export const MOST_WINDOWS: i32 = 4;
const MOST_CALLS: i64 = 1000000000;
/** 31 days. */
const LONGEST_PERIOD: i64 = 2678400000;
/** A million calls a second. */
const SHORTEST_INTERVAL: u64 = 1000;
/** So that sums of times stay below 2^63. */
export const LONGEST_DEBT: u64 = 1 << 61;
/** A lease is at most what ten milliseconds give, and a 64th of the burst. */
const LEASE_TIME: u64 = 10000000;
const LEASE_SHARE: u64 = 64;

/** How often, for callers of one tier, or of any other if the tier is missing. */
@unmanaged
export class Rate {
  tier: Text = none<Text>();
  /** The largest lease, in calls; 1 means none. */
  lease: u32 = 0;
  interval: u64 = 0;
  tolerance: u64 = 0;
  /** The longest debt: the tolerance, unless answers are charged after the fact. */
  ceiling: u64 = 0;
  count: u64 = 0;
  burst: u64 = 0;
  /** What clients know it by: the policy, or one window of it. */
  name: Text = none<Text>();
  /** `"<name>";q=<count>;w=<seconds>` */
  policyField: Text = none<Text>();
  denial: LocalResponse = none<LocalResponse>();
  /** Further windows that must hold too, an array of Rate, and how many they are. */
  more: usize = 0;
  moreCount: i32 = 0;
}

/** A window of a rate, by its number. */
export function windowOf(rate: Rate, index: i32): Rate {
  return index === 0 ? rate : at<Rate>(rate.more, index - 1);
}

/** The most that a call may cost of all windows of a rate. */
export function mostAtOnce(rate: Rate): u64 {
  let most = rate.burst;
  for (let i = 1; i <= rate.moreCount; i++) most = min(most, windowOf(rate, i).burst);
  return most;
}

/** Reads `rates` and `default` of a policy; false, and a problem noted, if they are wrong. */
export function readRates(node: i32, policy: RateLimitPolicy): bool {
  policy.width = 1;
  const fallback = member(node, "default");
  // Only what limits calls in flight may do without.
  if (fallback === NOWHERE && policy.inFlight !== 0 && member(node, "rates") === NOWHERE) return true;
  if (fallback === NOWHERE) return requiredMember(node, "default") !== NOWHERE;
  const list = member(node, "rates");
  const count = list === NOWHERE ? 0 : arrayOf(list, 0, MOST_RATES);
  if (count < 0) return false;
  policy.rates = keepRecords<Rate>(count + 1);
  if (policy.rates === 0) return refuse(node, "needs more memory than the module may have");
  if (count > 0) {
    policy.needs |= TIER_NEEDS;
    if (count > MOST_COMPARED) {
      policy.tiers = newNameTable(count, true);
      if (!exists(policy.tiers)) return refuse(node, "needs more memory than the module may have");
    }
    for (let item = firstElement(list); item !== NOWHERE; item = nextElement(list, item)) {
      if (!objectOf(item, "tier count periodMs burst windows")) return false;
      const tier = requiredMember(item, "tier");
      if (tier === NOWHERE || !identityOf(tier)) return false;
      const rate = at<Rate>(policy.rates, policy.rateCount);
      rate.tier = keepString(tier);
      if (hasRate(policy, rate.tier)) return refuse(tier, "has a rate already");
      if (!readRate(item, policy, rate)) return false;
      policy.rateCount++;
    }
  }
  if (!objectOf(fallback, "count periodMs burst windows")) return false;
  return readRate(fallback, policy, at<Rate>(policy.rates, policy.rateCount++));
}

/** Whether a tier has a rate; the next one is noted as its. */
function hasRate(policy: RateLimitPolicy, tier: Text): bool {
  if (exists(policy.tiers)) return !addName(policy.tiers, tier, policy.rateCount);
  for (let i = 0; i < policy.rateCount; i++) {
    if (sameText(at<Rate>(policy.rates, i).tier, tier)) return true;
  }
  return false;
}

/** One window, or a list of several. */
function readRate(node: i32, policy: RateLimitPolicy, rate: Rate): bool {
  const windows = member(node, "windows");
  if (windows === NOWHERE) return readWindow(node, policy, rate, false);
  if (member(node, "count") !== NOWHERE || member(node, "periodMs") !== NOWHERE || member(node, "burst") !== NOWHERE)
    return refuse(windows, "stands beside what belongs into one of them");
  const count = arrayOf(windows, 2, MOST_WINDOWS);
  if (count < 0) return false;
  policy.width = max(policy.width, count);
  rate.more = keepRecords<Rate>(count - 1);
  if (rate.more === 0) return refuse(windows, "needs more memory than the module may have");
  let index = 0;
  for (let item = firstElement(windows); item !== NOWHERE; item = nextElement(windows, item)) {
    if (!objectOf(item, "count periodMs burst")) return false;
    const window = windowOf(rate, index);
    if (!readWindow(item, policy, window, true)) return false;
    for (let i = 0; i < index; i++) {
      if (sameText(windowOf(rate, i).name, window.name)) return refuse(item, "is a second window of the same period");
    }
    index++;
  }
  rate.moreCount = count - 1;
  return true;
}

function readWindow(node: i32, policy: RateLimitPolicy, rate: Rate, isOneOfSeveral: bool): bool {
  const count = requiredMember(node, "count");
  const period = requiredMember(node, "periodMs");
  const burst = requiredMember(node, "burst");
  if (count === NOWHERE || period === NOWHERE || burst === NOWHERE) return false;
  if (!integerOf(count, 1, MOST_CALLS) || !integerOf(period, 1, LONGEST_PERIOD)) return false;
  if (!integerOf(burst, 1, MOST_CALLS)) return false;
  const calls = <u64>integerAt(count);
  const nanoseconds = <u64>integerAt(period) * 1000000;
  const atOnce = <u64>integerAt(burst);
  rate.interval = (nanoseconds + calls - 1) / calls;
  if (nanoseconds / calls < SHORTEST_INTERVAL) return refuse(count, "is more than a million a second");
  if (atOnce > LONGEST_DEBT / rate.interval) return refuse(burst, "is too large for this rate");
  rate.tolerance = atOnce * rate.interval;
  rate.ceiling = rate.tolerance;
  rate.count = calls;
  rate.burst = atOnce;
  // All windows of a caller are booked in one write, for which nothing is lent.
  const lent = isOneOfSeveral ? <u64>1 : min(atOnce / LEASE_SHARE, LEASE_TIME / rate.interval);
  rate.lease = <u32>max(<u64>1, lent);
  rate.name = isOneOfSeveral ? windowName(policy.name, secondsFor(nanoseconds)) : policy.name;
  rate.denial = isOneOfSeveral ? quotaDenial(policy.name, rate.name) : policy.denial;
  compose(192);
  putByte(0x22);
  putText(rate.name);
  putLiteral('";q=');
  putDecimal(calls);
  putLiteral(";w=");
  putDecimal(secondsFor(nanoseconds));
  rate.policyField = keepComposed();
  return true;
}

/** `<policy>/<seconds>s` */
function windowName(policy: Text, seconds: u64): Text {
  compose(96);
  putText(policy);
  putByte(0x2f);
  putDecimal(seconds);
  putByte(0x73);
  return keepComposed();
}
