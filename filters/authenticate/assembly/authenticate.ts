import { attribute, Presence, Slot, setAttribute, setGroups } from "../../lib/attributes";
import { at, exists, none } from "../../lib/region";
import { hasByte, Text } from "../../lib/text";
import { Consumer, LONGEST_KEY } from "./consumers";
import { consumerOfKey, KeyTable } from "./keys";
import { AuthenticatePolicy, Method } from "./policy";

// Who is calling. The outcome of the last call is in `consumer` and `authenticateDecision`.

const METHOD_NAME: usize = memory.data<u8>([0x61, 0x70, 0x69, 0x4b, 0x65, 0x79]);

let consumer: Consumer = none<Consumer>();
let reason: Text = none<Text>();

/** The caller that was recognised in this request; the missing record if none was. */
export function recognisedConsumer(): Consumer {
  return consumer;
}

export function forgetConsumer(): void {
  consumer = none<Consumer>();
}

/** What to say of the last call of `authenticate`. */
export function authenticateDecision(): Text {
  return reason;
}

/**
 * Whether the request may go on.
 * @param identifies whether whoever is recognised becomes the caller, with the auth attributes; else it stays unknown
 */
export function authenticate(policy: AuthenticatePolicy, keys: KeyTable, identifies: bool): bool {
  const allowed = judge(policy, keys);
  if (identifies && exists(found)) recognise(found);
  return allowed;
}

/** Whose credential the last call of `judge` found; the missing record if it found none. */
let found: Consumer = none<Consumer>();

function judge(policy: AuthenticatePolicy, keys: KeyTable): bool {
  found = none<Consumer>();
  let slot = -1;
  for (let i = 0; i < policy.methodCount; i++) {
    const candidate = at<Method>(policy.methods, i).slot;
    if (attribute(candidate).presence === Presence.Absent) continue;
    if (slot >= 0) return deny(policy.severalCredentials);
    slot = candidate;
  }
  if (slot < 0) {
    if (policy.optional === 0) return deny(policy.noCredential);
    reason = policy.anonymous;
    return true;
  }
  const credential = attribute(slot);
  if (credential.presence === Presence.Ambiguous) return deny(policy.duplicateCredential);
  if (credential.length === 0 || credential.length > LONGEST_KEY) return deny(policy.malformedCredential);
  // Proxies join repeated headers with commas (RFC 9110 5.3).
  if (hasByte(credential.start, credential.length, 0x2c)) return deny(policy.duplicateCredential);
  found = consumerOfKey(keys, credential.start, credential.length);
  if (!exists(found)) return deny(policy.unknownCredential);
  reason = policy.authenticated;
  return true;
}

function deny(why: Text): bool {
  reason = why;
  return false;
}

function recognise(caller: Consumer): void {
  consumer = caller;
  setAttribute(Slot.Consumer, caller.name.start, caller.name.length);
  setAttribute(Slot.AuthMethod, METHOD_NAME, 6);
  if (exists(caller.tier)) setAttribute(Slot.Tier, caller.tier.start, caller.tier.length);
  setGroups(caller.groups, caller.groupCount);
}
