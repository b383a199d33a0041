import { ClaimHeaders, clearClaimHeaders } from "../authenticate/assembly/claim-headers";
import { Consumer } from "../authenticate/assembly/consumers";
import { signsBody } from "../authenticate/assembly/hmac";
import { introspectedHeadersOf } from "../authenticate/assembly/introspect";
import { claimHeadersOf } from "../authenticate/assembly/jwt";
import { Method, MethodKind } from "../authenticate/assembly/method";
import { AuthenticatePolicy } from "../authenticate/assembly/policy";
import { attribute, Presence } from "../lib/attributes";
import { Interest, wantHeader } from "../lib/interest";
import { at, exists, keepPointers, keepRecord, none, pointerAt, setPointer } from "../lib/region";
import { keepLiteral, Text } from "../lib/text";
import { removeRequestHeader, replaceRequestHeader } from "../proxy-wasm/headers";
import { writeRemains } from "./remains";

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
  /** Where keys may stand among other things. */
  path: Text = none<Text>();
  cookie: Text = none<Text>();
  /** How many methods tell claims. */
  claimCount: i32 = 0;
  /** Array of addresses of ClaimHeaders. */
  claims: usize = 0;
}

/** The most methods that tell claims, of all policies. */
const MOST_CLAIMS: i32 = 1024;

/** The headers, with slots in the interest to see whether a client sent them. */
export function newIdentityHeaders(interest: Interest): IdentityHeaders {
  const headers = keepRecord<IdentityHeaders>();
  headers.consumer = keepLiteral("x-consumer");
  headers.consumerSlot = wantHeader(interest, headers.consumer.start, headers.consumer.length);
  headers.tier = keepLiteral("x-consumer-tier");
  headers.tierSlot = wantHeader(interest, headers.tier.start, headers.tier.length);
  headers.groups = keepLiteral("x-consumer-groups");
  headers.groupsSlot = wantHeader(interest, headers.groups.start, headers.groups.length);
  headers.path = keepLiteral(":path");
  headers.cookie = keepLiteral("cookie");
  const complete = headers.consumerSlot >= 0 && headers.tierSlot >= 0 && headers.groupsSlot >= 0;
  return complete ? headers : none<IdentityHeaders>();
}

/** Adds the headers by which the methods of a policy tell claims; false if there are too many. */
export function addClaimHeaders(headers: IdentityHeaders, policy: AuthenticatePolicy): bool {
  if (headers.claims === 0) headers.claims = keepPointers(MOST_CLAIMS);
  for (let i = 0; i < policy.methodCount; i++) {
    const method = at<Method>(policy.methods, i);
    const introspects = method.kind === MethodKind.Introspect;
    if (method.kind !== MethodKind.Jwt && !introspects) continue;
    if (headers.claims === 0 || headers.claimCount === MOST_CLAIMS) return false;
    setPointer(
      headers.claims,
      headers.claimCount++,
      introspects ? introspectedHeadersOf(method) : claimHeadersOf(method),
    );
  }
  return true;
}

/** Whether a policy takes signatures for what bodies are. */
export function signsBodies(policy: AuthenticatePolicy): bool {
  for (let i = 0; i < policy.methodCount; i++) {
    if (signsBody(at<Method>(policy.methods, i))) return true;
  }
  return false;
}

/** Removes what a client sent, from the request and from what conditions can see; false if the host does not. */
export function clearIdentity(headers: IdentityHeaders): bool {
  for (let i = 0; i < headers.claimCount; i++) {
    if (!clearClaimHeaders(pointerAt<ClaimHeaders>(headers.claims, i))) return false;
  }
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
export function removeCredentials(headers: IdentityHeaders, policy: AuthenticatePolicy): bool {
  for (let i = 0; i < policy.methodCount; i++) {
    const method = at<Method>(policy.methods, i);
    if (!removeSent(method.header, method.slot) || !removeSent(method.secondHeader, method.secondSlot)) return false;
  }
  return writeRemains(policy, headers.path, headers.cookie);
}

function removeSent(name: Text, slot: i32): bool {
  return !exists(name) || attribute(slot).presence === Presence.Absent || removeRequestHeader(name);
}
