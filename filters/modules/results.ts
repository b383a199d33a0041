import { Consumer } from "../authenticate/assembly/consumers";
import { exists, none } from "../lib/region";
import { keepLiteral, Text } from "../lib/text";
import { setProperty } from "../proxy-wasm/properties";

// What the module found out, as filter state of the stream: Envoy writes headers and logs from it. Filter state that is not set leaves out what is written
// from it, so absent values are not set.

let consumerKey: Text = none<Text>();
let tierKey: Text = none<Text>();
let groupsKey: Text = none<Text>();
let decisionKey: Text = none<Text>();
let limitKey: Text = none<Text>();
let limitPolicyKey: Text = none<Text>();

/** Makes the names; once for a VM. */
export function prepareResults(): void {
  consumerKey = keepLiteral("sluice.consumer");
  tierKey = keepLiteral("sluice.tier");
  groupsKey = keepLiteral("sluice.groups");
  decisionKey = keepLiteral("sluice.decision");
  limitKey = keepLiteral("sluice.ratelimit");
  limitPolicyKey = keepLiteral("sluice.ratelimit-policy");
}

function tell(key: Text, value: Text): bool {
  return setProperty(key.start, key.length, value.start, value.length);
}

export function tellConsumer(consumer: Consumer): bool {
  if (!tell(consumerKey, consumer.name)) return false;
  if (exists(consumer.tier) && !tell(tierKey, consumer.tier)) return false;
  return consumer.groupCount === 0 || tell(groupsKey, consumer.groupsJoined);
}

export function tellDecision(decision: Text): bool {
  return tell(decisionKey, decision);
}

export function tellLimits(limit: usize, limitLength: i32, policy: usize, policyLength: i32): bool {
  return (
    setProperty(limitKey.start, limitKey.length, limit, limitLength) &&
    setProperty(limitPolicyKey.start, limitPolicyKey.length, policy, policyLength)
  );
}
