import { attributeNeeds, attributePlace, attributeShape, readAttribute, Shape } from "../../lib/attribute-reader";
import {
  arrayOf,
  firstElement,
  integerAt,
  integerOf,
  isArray,
  isBoolean,
  isTrue,
  member,
  NOWHERE,
  nextElement,
  objectOf,
  refuse,
  requiredMember,
  stringIs,
} from "../../lib/document";
import { Interest } from "../../lib/interest";
import { Program } from "../../lib/predicate-program";
import { at, exists, keepRecord, keepRecords, none } from "../../lib/region";
import { NameTable } from "../../lib/table";
import { compose, keepComposed, putByte, putDecimal, putLiteral, putText, Text } from "../../lib/text";
import { LocalResponse } from "../../proxy-wasm/local-response";
import { Counters, defineCounters } from "../../proxy-wasm/metrics";
import { prepareVm } from "../../proxy-wasm/vms";
import { crowdedDenial, decisionOf, quotaDenial, storeFailure } from "./answer";
import { readAnswerCost } from "./answer-cost";
import { readCost } from "./cost";
import { prepareHolds } from "./holds";
import { LONGEST_DEBT, Rate, readRates, windowOf } from "./rate";

const MOST_PARTS: i32 = 8;
const MOST_SLOTS: i64 = 1048576;
const DEFAULT_SLOTS: i64 = 65536;
/** An hour. */
const LONGEST_JITTER: i64 = 3600;
const MOST_IN_FLIGHT: i64 = 1000000;

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
  /** The numbers of rates by tier, where there are many. */
  tiers: NameTable = none<NameTable>();
  /** The most windows of a rate. */
  width: i32 = 0;
  /** What a call costs, unless an expression says so. */
  cost: u64 = 0;
  costs: Program = none<Program>();
  /** What an answer says that its call costs more, and where its headers are noted; there if it is asked. */
  answerCosts: Program = none<Program>();
  interest: Interest = none<Interest>();
  setMask: u32 = 0;
  /** Key of a set in shared data; its last four bytes are the number of the set. */
  setKey: Text = none<Text>();
  /** The most calls in flight; 0 for any number. */
  inFlight: u32 = 0;
  flightMask: u32 = 0;
  /** As `setKey`. */
  flightKey: Text = none<Text>();
  /** Answers a call for which there is no room in flight, and what is said of it. */
  crowdedDenial: LocalResponse = none<LocalResponse>();
  crowded: Text = none<Text>();
  /** 1: one count for all routes. */
  shared: i32 = 0;
  /** 1: calls that are refused cost too. */
  penalizes: i32 = 0;
  /** 1: what clients are told. */
  tellsLimit: i32 = 0;
  tellsRetry: i32 = 0;
  tellsX: i32 = 0;
  /** The most seconds that Retry-After is longer by chance. */
  jitter: u32 = 0;
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

/** A rate of a policy, by its number; the last is the default. */
export function rateAt(policy: RateLimitPolicy, index: i32): Rate {
  return at<Rate>(policy.rates, index);
}

/** Reads `rateLimit` of a policy; false, and a problem noted, if it is wrong. */
export function readRateLimit(node: i32, name: Text, policy: RateLimitPolicy, interest: Interest): bool {
  if (!objectOf(node, "key rates default cost answerCost inFlight penalize shared headers jitter slots")) return false;
  policy.name = name;
  policy.denial = quotaDenial(name, name);
  policy.admitted = decisionOf(name, " allowed within-quota");
  policy.denied = decisionOf(name, " denied quota-exceeded");
  const key = requiredMember(node, "key");
  if (key === NOWHERE || !readKey(key, policy, interest)) return false;
  const inFlight = member(node, "inFlight");
  if (inFlight !== NOWHERE && !readInFlight(inFlight, policy)) return false;
  if (!readRates(node, policy)) return false;
  policy.cost = 1;
  const cost = member(node, "cost");
  if (cost !== NOWHERE && !readCost(cost, policy, interest)) return false;
  const answerCost = member(node, "answerCost");
  if (answerCost !== NOWHERE && !readAnswerCost(answerCost, policy, interest)) return false;
  if (!readSwitches(node, policy)) return false;
  const headers = member(node, "headers");
  if (headers !== NOWHERE && !readHeaders(headers, policy)) return false;
  const jitter = member(node, "jitter");
  if (jitter !== NOWHERE && !integerOf(jitter, 1, LONGEST_JITTER)) return false;
  policy.jitter = jitter === NOWHERE ? 0 : <u32>integerAt(jitter);
  const slots = member(node, "slots");
  if (slots !== NOWHERE && !integerOf(slots, 8, MOST_SLOTS)) return false;
  const count = slots === NOWHERE ? DEFAULT_SLOTS : integerAt(slots);
  if ((count & (count - 1)) !== 0) return refuse(slots, "must be a power of two");
  policy.setMask = <u32>(count >> 3) - 1;
  policy.setKey = setKeyOf("sluice.limit.1/", name, <u64>count, policy.width);
  policy.flightMask = max<u32>(1, <u32>(count >> 4)) - 1;
  policy.flightKey = setKeyOf("sluice.flight.1/", name, <u64>count, 1);
  policy.counters = keepRecord<Counters>();
  return defineCounters(policy.counters, "rate-limit", name) || refuse(node, "the host defines no counter");
}

/** Sets of another shape have another name: counts of an earlier configuration may still be there. */
function setKeyOf(table: string, name: Text, slots: u64, width: i32): Text {
  compose(128);
  putLiteral(table);
  putText(name);
  putByte(0x2f);
  putDecimal(slots);
  if (width > 1) {
    putByte(0x78);
    putDecimal(<u64>width);
  }
  putLiteral("/....");
  return keepComposed();
}

let countsFlights: bool = false;

/** Whether a policy of this VM limits calls in flight: then streams are to be followed to their ends, and others told that the VM is alive. */
export function hasFlights(): bool {
  return countsFlights;
}

function readInFlight(node: i32, policy: RateLimitPolicy): bool {
  if (!integerOf(node, 1, MOST_IN_FLIGHT)) return false;
  if (!prepareHolds()) return refuse(node, "needs more memory than the module may have");
  if (!prepareVm()) return refuse(node, "needs random bytes, which the host does not give");
  countsFlights = true;
  policy.inFlight = <u32>integerAt(node);
  policy.crowdedDenial = crowdedDenial(policy.denial);
  policy.crowded = decisionOf(policy.name, " denied too-many-in-flight");
  return true;
}

function readSwitches(node: i32, policy: RateLimitPolicy): bool {
  const penalize = member(node, "penalize");
  const shared = member(node, "shared");
  if (penalize !== NOWHERE && !isBoolean(penalize)) return refuse(penalize, "must be true or false");
  if (shared !== NOWHERE && !isBoolean(shared)) return refuse(shared, "must be true or false");
  policy.penalizes = penalize !== NOWHERE && isTrue(penalize) ? 1 : 0;
  policy.shared = shared !== NOWHERE && isTrue(shared) ? 1 : 0;
  // A lease is of calls that cost one each, in one window, and of those that pass.
  if (policy.penalizes !== 0 || policy.cost !== 1 || exists(policy.costs) || policy.width > 1) {
    for (let i = 0; i < policy.rateCount; i++) rateAt(policy, i).lease = 1;
  }
  if (exists(policy.answerCosts)) {
    for (let i = 0; i < policy.rateCount; i++) letOwe(rateAt(policy, i));
  }
  return true;
}

/** What is charged after the fact may be more than there is. */
function letOwe(rate: Rate): void {
  rate.lease = 1;
  for (let i = 0; i <= rate.moreCount; i++) windowOf(rate, i).ceiling = LONGEST_DEBT;
}

/** Puts a policy in shadow. */
export function rehearseLimit(policy: RateLimitPolicy): void {
  policy.shadow = 1;
  policy.tellsLimit = 0;
  policy.tellsX = 0;
}

/** Makes a policy refuse calls that it cannot count, instead of letting them pass. */
export function denyOnError(policy: RateLimitPolicy): void {
  policy.unavailable = storeFailure(policy.denial);
  policy.uncounted = decisionOf(policy.name, " denied store-failure");
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

function readHeaders(list: i32, policy: RateLimitPolicy): bool {
  if (arrayOf(list, 0, 3) < 0) return false;
  for (let node = firstElement(list); node !== NOWHERE; node = nextElement(list, node)) {
    if (stringIs(node, "ietf") && policy.tellsLimit === 0) policy.tellsLimit = 1;
    else if (stringIs(node, "retry-after") && policy.tellsRetry === 0) policy.tellsRetry = 1;
    else if (stringIs(node, "x-ratelimit") && policy.tellsX === 0) policy.tellsX = 1;
    else return refuse(node, 'must be "ietf", "retry-after" or "x-ratelimit", each once');
  }
  return true;
}
