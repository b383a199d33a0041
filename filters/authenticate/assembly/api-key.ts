import { headerNameOf } from "../../lib/attribute-reader";
import { attribute, Presence } from "../../lib/attributes";
import { keepString, NOWHERE, objectOf, refuse, requiredMember, stringLength, stringStart } from "../../lib/document";
import { Interest, wantHeader } from "../../lib/interest";
import { exists } from "../../lib/region";
import { hasByte, keepLiteral } from "../../lib/text";
import { LONGEST_KEY } from "./consumers";
import { findConsumer } from "./finding";
import { consumerOfKey, KeyTable } from "./key-table";
import { Method, MethodKind } from "./method";
import { Outcome } from "./outcome";

// A key in a header, known by its digest.

/** Reads an `apiKey`; false, and a problem noted, if it is wrong. */
export function readApiKey(node: i32, method: Method, interest: Interest): bool {
  if (!objectOf(node, "header")) return false;
  const header = requiredMember(node, "header");
  if (header === NOWHERE || !headerNameOf(header)) return false;
  method.kind = MethodKind.ApiKey;
  method.name = keepLiteral("apiKey");
  method.slot = wantHeader(interest, stringStart(header), stringLength(header));
  if (method.slot < 0) return refuse(header, "is one header too many");
  method.header = keepString(header);
  return true;
}

export function hasApiKey(method: Method): bool {
  return attribute(method.slot).presence !== Presence.Absent;
}

export function verifyApiKey(method: Method, keys: KeyTable): Outcome {
  const key = attribute(method.slot);
  if (key.presence === Presence.Ambiguous) return Outcome.DuplicateCredential;
  if (key.length === 0 || key.length > LONGEST_KEY) return Outcome.MalformedCredential;
  // Proxies join repeated headers with commas (RFC 9110 5.3).
  if (hasByte(key.start, key.length, 0x2c)) return Outcome.DuplicateCredential;
  const consumer = consumerOfKey(keys, key.start, key.length);
  if (!exists(consumer)) return Outcome.UnknownCredential;
  findConsumer(consumer, method.name);
  return Outcome.Authenticated;
}
