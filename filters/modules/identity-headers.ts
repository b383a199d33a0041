import { Consumer } from "../authenticate/assembly/consumers";
import { Method } from "../authenticate/assembly/method";
import { AuthenticatePolicy } from "../authenticate/assembly/policy";
import { attribute, Presence } from "../lib/attributes";
import { Interest, wantHeader } from "../lib/interest";
import { at, exists, keepRecord, none } from "../lib/region";
import { keepLiteral, Text } from "../lib/text";
import { removeRequestHeader, replaceRequestHeader } from "../proxy-wasm/headers";

// A module on its own tells the upstream who calls by request headers, which a client could send as well: they are removed from every request
// before anything else.

@unmanaged
export class IdentityHeaders {
  consumer: Text = none<Text>();
  consumerSlot: i32 = 0;
  tier: Text = none<Text>();
  tierSlot: i32 = 0;
  groups: Text = none<Text>();
  groupsSlot: i32 = 0;
}

/** The headers, with slots in the interest to see whether a client sent them. */
export function newIdentityHeaders(interest: Interest): IdentityHeaders {
  const headers = keepRecord<IdentityHeaders>();
  headers.consumer = keepLiteral("x-consumer");
  headers.consumerSlot = wantHeader(interest, headers.consumer.start, headers.consumer.length);
  headers.tier = keepLiteral("x-consumer-tier");
  headers.tierSlot = wantHeader(interest, headers.tier.start, headers.tier.length);
  headers.groups = keepLiteral("x-consumer-groups");
  headers.groupsSlot = wantHeader(interest, headers.groups.start, headers.groups.length);
  const complete = headers.consumerSlot >= 0 && headers.tierSlot >= 0 && headers.groupsSlot >= 0;
  return complete ? headers : none<IdentityHeaders>();
}

/** Removes what a client sent, from the request and from what conditions can see; false if the host does not. */
export function clearIdentity(headers: IdentityHeaders): bool {
  return (
    clear(headers.consumer, headers.consumerSlot) &&
    clear(headers.tier, headers.tierSlot) &&
    clear(headers.groups, headers.groupsSlot)
  );
}

function clear(name: Text, slot: i32): bool {
  const sent = attribute(slot);
  if (sent.presence === Presence.Absent) return true;
  sent.presence = Presence.Absent;
  return removeRequestHeader(name);
}

/** Tells the upstream who calls; false if the host does not take it. */
export function writeIdentity(headers: IdentityHeaders, consumer: Consumer): bool {
  if (!replaceRequestHeader(headers.consumer, consumer.name)) return false;
  if (exists(consumer.tier) && !replaceRequestHeader(headers.tier, consumer.tier)) return false;
  return consumer.groupCount === 0 || replaceRequestHeader(headers.groups, consumer.groupsJoined);
}

/** Removes the credentials of a policy that the client sent; false if the host does not. */
export function removeCredentials(policy: AuthenticatePolicy): bool {
  for (let i = 0; i < policy.methodCount; i++) {
    const method = at<Method>(policy.methods, i);
    if (!removeSent(method.header, method.slot) || !removeSent(method.secondHeader, method.secondSlot)) return false;
  }
  return true;
}

function removeSent(name: Text, slot: i32): bool {
  return !exists(name) || attribute(slot).presence === Presence.Absent || removeRequestHeader(name);
}
