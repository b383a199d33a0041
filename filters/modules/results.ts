import { Consumer } from "../authenticate/assembly/consumers";
import { exists, none } from "../lib/region";
import { composedLength, composedStart, keepLiteral, Text } from "../lib/text";
import { setProperty } from "../proxy-wasm/properties";
import { composeX, XField } from "../rate-limit/assembly/tell";

// What the module found out, as filter state of the stream: Envoy writes headers and logs from it. Filter state that is not set leaves out what is written
// from it, so absent values are not set.

/** Results that somebody reads on a route when a request passes; each costs a host call. A denial is always told. */
export enum Told {
  Consumer = 1,
  Tier = 2,
  Groups = 4,
  Decision = 8,
  Limit = 16,
  LimitPolicy = 32,
  Shadow = 64,
  /** All of a token that headers say. */
  Claims = 128,
  /** What remains of the path, or of the cookies, without keys: Envoy writes it in their place. */
  Path = 256,
  Cookie = 512,
  /** Three values for the three X-RateLimit fields. */
  XLimit = 1024,
  All = 2047,
}

/** Of a trace, which only a request that passes carries on: bits of Carried, so far up. */
export const CARRIED_BITS: i32 = 11;

export let consumerKey: Text = none<Text>();
export let tierKey: Text = none<Text>();
export let groupsKey: Text = none<Text>();
let decisionKey: Text = none<Text>();
let limitKey: Text = none<Text>();
let limitPolicyKey: Text = none<Text>();
let xLimitKey: Text = none<Text>();
let xRemainingKey: Text = none<Text>();
let xResetKey: Text = none<Text>();
let shadowKey: Text = none<Text>();
let pathKey: Text = none<Text>();
let cookieKey: Text = none<Text>();

/** Makes the names; once for a VM. */
export function prepareResults(): void {
  consumerKey = keepLiteral("sluice.consumer");
  tierKey = keepLiteral("sluice.tier");
  groupsKey = keepLiteral("sluice.groups");
  decisionKey = keepLiteral("sluice.decision");
  limitKey = keepLiteral("sluice.ratelimit");
  limitPolicyKey = keepLiteral("sluice.ratelimit-policy");
  shadowKey = keepLiteral("sluice.shadow");
  pathKey = keepLiteral("sluice.path");
  cookieKey = keepLiteral("sluice.cookie");
  if (!RATE_LIMIT) return;
  xLimitKey = keepLiteral("sluice.x-ratelimit-limit");
  xRemainingKey = keepLiteral("sluice.x-ratelimit-remaining");
  xResetKey = keepLiteral("sluice.x-ratelimit-reset");
}

function tell(key: Text, value: Text): bool {
  return setProperty(key.start, key.length, value.start, value.length);
}

export function tellConsumer(consumer: Consumer, told: i32): bool {
  if ((told & Told.Consumer) !== 0 && !tell(consumerKey, consumer.name)) return false;
  if ((told & Told.Tier) !== 0 && exists(consumer.tier) && !tell(tierKey, consumer.tier)) return false;
  return (told & Told.Groups) === 0 || consumer.groupCount === 0 || tell(groupsKey, consumer.groupsJoined);
}

export function tellDecision(decision: Text): bool {
  return tell(decisionKey, decision);
}

/** The same, of bytes. */
export function tellDecisionBytes(decision: usize, length: i32): bool {
  return setProperty(decisionKey.start, decisionKey.length, decision, length);
}

export function tellShadow(decision: Text): bool {
  return tell(shadowKey, decision);
}

export function tellLimit(limit: usize, length: i32): bool {
  return setProperty(limitKey.start, limitKey.length, limit, length);
}

export function tellLimitPolicy(policy: usize, length: i32): bool {
  return setProperty(limitPolicyKey.start, limitPolicyKey.length, policy, length);
}

export function tellPath(path: usize, length: i32): bool {
  return setProperty(pathKey.start, pathKey.length, path, length);
}

export function tellCookie(cookie: usize, length: i32): bool {
  return setProperty(cookieKey.start, cookieKey.length, cookie, length);
}

/** The X-RateLimit fields. */
export function tellXLimit(): bool {
  return tellX(xLimitKey, XField.Limit) && tellX(xRemainingKey, XField.Remaining) && tellX(xResetKey, XField.Reset);
}

function tellX(key: Text, field: XField): bool {
  return !composeX(field) || setProperty(key.start, key.length, composedStart(), composedLength());
}
