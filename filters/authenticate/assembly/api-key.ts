import { attributeNeeds, attributePlace, headerNameOf, namedOf } from "../../lib/attribute-reader";
import { attribute, Presence } from "../../lib/attributes";
import {
  keepString,
  memberValue,
  NOWHERE,
  objectOf,
  onlyMember,
  refuse,
  stringIs,
  stringLength,
  stringStart,
} from "../../lib/document";
import { Interest, Names, wantHeader } from "../../lib/interest";
import { exists } from "../../lib/region";
import { hasByte, keepLiteral } from "../../lib/text";
import { LONGEST_KEY } from "./consumers";
import { findConsumer } from "./finding";
import { consumerOfKey, KeyTable } from "./key-table";
import { Method, MethodKind, Place } from "./method";
import { Outcome } from "./outcome";

// A key in a header, a parameter of the query or a cookie, known by its digest.

/** Reads an `apiKey`; false, and a problem noted, if it is wrong. */
export function readApiKey(node: i32, method: Method, interest: Interest): bool {
  if (!objectOf(node, "header query cookie")) return false;
  const place = onlyMember(node);
  if (place === NOWHERE) return false;
  method.kind = MethodKind.ApiKey;
  method.name = keepLiteral("apiKey");
  const name = memberValue(place);
  if (stringIs(place, "header")) return readHeader(name, method, interest);
  const isCookie = stringIs(place, "cookie");
  if (!namedOf(node, name, interest, isCookie ? Names.Cookie : Names.Query)) return false;
  method.place = isCookie ? Place.Cookie : Place.Query;
  method.slot = attributePlace();
  method.needs = attributeNeeds();
  return true;
}

function readHeader(name: i32, method: Method, interest: Interest): bool {
  if (!headerNameOf(name)) return false;
  method.slot = wantHeader(interest, stringStart(name), stringLength(name));
  if (method.slot < 0) return refuse(name, "is one header too many");
  method.header = keepString(name);
  return true;
}

/** A value that can be read in several ways is there: nobody could say that it is no key. */
export function hasApiKey(method: Method): bool {
  return attribute(method.slot).presence !== Presence.Absent;
}

export function verifyApiKey(method: Method, keys: KeyTable): Outcome {
  const key = attribute(method.slot);
  if (key.presence === Presence.Ambiguous) return Outcome.DuplicateCredential;
  if (key.length === 0 || key.length > LONGEST_KEY) return Outcome.MalformedCredential;
  // Proxies join repeated headers with commas (RFC 9110 5.3).
  if (method.place === Place.Header && hasByte(key.start, key.length, 0x2c)) return Outcome.DuplicateCredential;
  const consumer = consumerOfKey(keys, key.start, key.length);
  if (!exists(consumer)) return Outcome.UnknownCredential;
  findConsumer(consumer, method.name);
  return Outcome.Authenticated;
}
