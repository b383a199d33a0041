import {
  attributeNeeds,
  attributePlace,
  attributeShape,
  readAttribute,
  Shape,
  TIER_NEEDS,
} from "../../lib/attribute-reader";
import {
  arrayOf,
  firstElement,
  identityOf,
  integerAt,
  integerOf,
  isArray,
  keepString,
  member,
  NOWHERE,
  nextElement,
  objectOf,
  refuse,
  requiredMember,
  stringIs,
} from "../../lib/document";
import { secondsFor } from "../../lib/gcra";
import { Interest } from "../../lib/interest";
import { at, keepRecord, keepRecords, none } from "../../lib/region";
import {
  compose,
  keepComposed,
  keepLiteral,
  putByte,
  putDecimal,
  putLiteral,
  putText,
  sameText,
  Text,
} from "../../lib/text";
import { addPair, beginPairs, keepPairs } from "../../proxy-wasm/headers";
import { LocalResponse } from "../../proxy-wasm/local-response";
import { Counters, defineCounters } from "../../proxy-wasm/metrics";
import { GrpcStatus } from "../../proxy-wasm/status";

const MOST_PARTS: i32 = 8;
const MOST_RATES: i32 = 64;
const MOST_SLOTS: i64 = 1048576;
const DEFAULT_SLOTS: i64 = 65536;
const MOST_CALLS: i64 = 1000000000;
/** 31 days. */
const LONGEST_PERIOD: i64 = 2678400000;
/** A million calls a second. */
const SHORTEST_INTERVAL: u64 = 1000;
/** So that sums of times stay below 2^63. */
const LONGEST_TOLERANCE: u64 = 1 << 61;
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
  count: u64 = 0;
  /** `"<policy>";q=<count>;w=<seconds>` */
  policyField: Text = none<Text>();
}

@unmanaged
class KeyPart {
  slot: i32 = 0;
}

@unmanaged
export class RateLimitPolicy {
  name: Text = none<Text>();
  partCount: i32 = 0;
  /** Array of KeyPart. */
  parts: usize = 0;
  rateCount: i32 = 0;
  /** Array of Rate; the last is the default. */
  rates: usize = 0;
  setMask: u32 = 0;
  /** Key of a set in shared data; its last four bytes are the number of the set. */
  setKey: Text = none<Text>();
  tellsLimit: i32 = 0;
  tellsRetry: i32 = 0;
  counters: Counters = none<Counters>();
  denial: LocalResponse = none<LocalResponse>();
  admitted: Text = none<Text>();
  denied: Text = none<Text>();
  /** 1: takes from its buckets, but never refuses and tells clients nothing. */
  shadow: i32 = 0;
  /** There if calls are refused that cannot be counted, with what is said of them. */
  unavailable: LocalResponse = none<LocalResponse>();
  uncounted: Text = none<Text>();
  /** Bits of Needs. */
  needs: i32 = 0;
}

/** The slot of a part of the key. */
export function partSlot(policy: RateLimitPolicy, index: i32): i32 {
  return at<KeyPart>(policy.parts, index).slot;
}

/** Reads `rateLimit` of a policy; false, and a problem noted, if it is wrong. */
export function readRateLimit(node: i32, name: Text, policy: RateLimitPolicy, interest: Interest): bool {
  if (!objectOf(node, "key rates default headers slots")) return false;
  policy.name = name;
  const key = requiredMember(node, "key");
  if (key === NOWHERE || !readKey(key, policy, interest)) return false;
  if (!readRates(node, policy)) return false;
  const headers = member(node, "headers");
  if (headers !== NOWHERE && !readHeaders(headers, policy)) return false;
  const slots = member(node, "slots");
  if (slots !== NOWHERE && !integerOf(slots, 8, MOST_SLOTS)) return false;
  const count = slots === NOWHERE ? DEFAULT_SLOTS : integerAt(slots);
  if ((count & (count - 1)) !== 0) return refuse(slots, "must be a power of two");
  policy.setMask = <u32>(count >> 3) - 1;
  compose(128);
  putLiteral("sluice.limit.1/");
  putText(name);
  putByte(0x2f);
  putDecimal(<u64>count);
  putLiteral("/....");
  policy.setKey = keepComposed();
  policy.counters = keepRecord<Counters>();
  if (!defineCounters(policy.counters, "rate-limit", name)) return refuse(node, "the host defines no counter");
  fillDenial(policy);
  return true;
}

/** Puts a policy in shadow. */
export function rehearseLimit(policy: RateLimitPolicy): void {
  policy.shadow = 1;
  policy.tellsLimit = 0;
}

/** Makes a policy refuse calls that it cannot count, instead of letting them pass. */
export function denyOnError(policy: RateLimitPolicy): void {
  const answer = keepRecord<LocalResponse>();
  policy.unavailable = answer;
  answer.status = 503;
  answer.grpcStatus = GrpcStatus.Unavailable;
  answer.headers = policy.denial.headers;
  answer.details = policy.denial.details;
  answer.body = keepLiteral('{"type":"about:blank","title":"Service Unavailable","status":503}');
  compose(128);
  putText(policy.name);
  putLiteral(" denied store-failure");
  policy.uncounted = keepComposed();
}

function readKey(list: i32, policy: RateLimitPolicy, interest: Interest): bool {
  const count = arrayOf(list, 0, MOST_PARTS);
  if (count < 0) return false;
  policy.parts = keepRecords<KeyPart>(count);
  if (policy.parts === 0) return refuse(list, "needs more memory than the module may have");
  for (let node = firstElement(list); node !== NOWHERE; node = nextElement(list, node)) {
    if (!isArray(node)) return refuse(node, 'must be ["get", attribute]');
    if (!readAttribute(node, interest)) return false;
    if (attributeShape() !== Shape.String) return refuse(node, "is not a string");
    at<KeyPart>(policy.parts, policy.partCount++).slot = attributePlace();
    policy.needs |= attributeNeeds();
  }
  return true;
}

function readRates(node: i32, policy: RateLimitPolicy): bool {
  const fallback = requiredMember(node, "default");
  if (fallback === NOWHERE) return false;
  const list = member(node, "rates");
  const count = list === NOWHERE ? 0 : arrayOf(list, 0, MOST_RATES);
  if (count < 0) return false;
  policy.rates = keepRecords<Rate>(count + 1);
  if (policy.rates === 0) return refuse(node, "needs more memory than the module may have");
  if (count > 0) {
    policy.needs |= TIER_NEEDS;
    for (let item = firstElement(list); item !== NOWHERE; item = nextElement(list, item)) {
      if (!objectOf(item, "tier count periodMs burst")) return false;
      const tier = requiredMember(item, "tier");
      if (tier === NOWHERE || !identityOf(tier)) return false;
      const rate = at<Rate>(policy.rates, policy.rateCount);
      rate.tier = keepString(tier);
      for (let i = 0; i < policy.rateCount; i++) {
        if (sameText(at<Rate>(policy.rates, i).tier, rate.tier)) return refuse(tier, "has a rate already");
      }
      if (!readRate(item, policy, rate)) return false;
      policy.rateCount++;
    }
  }
  if (!objectOf(fallback, "count periodMs burst")) return false;
  return readRate(fallback, policy, at<Rate>(policy.rates, policy.rateCount++));
}

function readRate(node: i32, policy: RateLimitPolicy, rate: Rate): bool {
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
  if (atOnce > LONGEST_TOLERANCE / rate.interval) return refuse(burst, "is too large for this rate");
  rate.tolerance = atOnce * rate.interval;
  rate.count = calls;
  rate.lease = <u32>max(<u64>1, min(atOnce / LEASE_SHARE, LEASE_TIME / rate.interval));
  compose(128);
  putByte(0x22);
  putText(policy.name);
  putLiteral('";q=');
  putDecimal(calls);
  putLiteral(";w=");
  putDecimal(secondsFor(nanoseconds));
  rate.policyField = keepComposed();
  return true;
}

function readHeaders(list: i32, policy: RateLimitPolicy): bool {
  if (arrayOf(list, 0, 2) < 0) return false;
  for (let node = firstElement(list); node !== NOWHERE; node = nextElement(list, node)) {
    if (stringIs(node, "ietf") && policy.tellsLimit === 0) policy.tellsLimit = 1;
    else if (stringIs(node, "retry-after") && policy.tellsRetry === 0) policy.tellsRetry = 1;
    else return refuse(node, 'must be "ietf" or "retry-after", each once');
  }
  return true;
}

function fillDenial(policy: RateLimitPolicy): void {
  const denial = keepRecord<LocalResponse>();
  policy.denial = denial;
  denial.status = 429;
  denial.grpcStatus = GrpcStatus.ResourceExhausted;
  const contentType = keepLiteral("content-type");
  const problem = keepLiteral("application/problem+json");
  beginPairs();
  addPair(contentType, problem.start, problem.length);
  denial.headers = keepPairs();
  compose(384);
  putLiteral('{"type":"https://iana.org/assignments/http-problem-types#quota-exceeded",');
  putLiteral('"title":"Request cannot be satisfied as assigned quota has been exceeded",');
  putLiteral('"status":429,"violated-policies":["');
  putText(policy.name);
  putLiteral('"]}');
  denial.body = keepComposed();
  compose(80);
  putLiteral("sluice:");
  putText(policy.name);
  denial.details = keepComposed();
  compose(128);
  putText(policy.name);
  putLiteral(" allowed within-quota");
  policy.admitted = keepComposed();
  compose(128);
  putText(policy.name);
  putLiteral(" denied quota-exceeded");
  policy.denied = keepComposed();
}
