import { attribute, Presence, Slot } from "../../lib/attributes";
import { byteFrom } from "../../lib/bytes";
import { cookieSlot } from "../../lib/cookies";
import { afterSpace, beforeSpace } from "../../lib/field-space";
import { parameterSlot } from "../../lib/query";
import { at } from "../../lib/region";
import { queryLength, queryStart } from "../../lib/request-head";
import { compose, composed, composedLength, put, putByte } from "../../lib/text";
import { Method, Place } from "./method";
import { AuthenticatePolicy } from "./policy";

// What remains of the path and of the cookies of a request without the keys in them. Names are compared as they were when the keys were looked for, so
// decoded; whatever is left keeps its bytes and its order. What was composed is the result.

const AMPERSAND: u8 = 0x26;
const SEMICOLON: u8 = 0x3b;
const EQUALS: u8 = 0x3d;

export enum Remains {
  /** There is nothing to be left out. */
  All = 0,
  /** What was composed. */
  Some = 1,
  /** Nothing. */
  None = 2,
  /** There is no memory to say so. */
  Unknown = 3,
}

/** What remains of the path without the keys of a policy in its query. */
export function pathWithoutKeys(policy: AuthenticatePolicy): Remains {
  if (!isSent(policy, Place.Query)) return Remains.All;
  const path = attribute(Slot.Path);
  const first = queryStart();
  const end = first + <usize>queryLength();
  compose(path.length + queryLength() + 1);
  put(path.start, path.length);
  let isFirst = true;
  let start = first;
  // A parameter after the last ampersand is one too, if it is empty.
  while (start <= end) {
    const stop = byteFrom(start, end, AMPERSAND);
    const slot = parameterSlot(policy.interest, start, <i32>(byteFrom(start, stop, EQUALS) - start));
    if (!isKey(policy, Place.Query, slot)) {
      putByte(isFirst ? 0x3f : AMPERSAND);
      put(start, <i32>(stop - start));
      isFirst = false;
    }
    start = stop + 1;
  }
  return composed() ? Remains.Some : Remains.Unknown;
}

/**
 * What remains of the cookies without the keys of a policy: All only if none was sent. Nobody can tell what is in two lines of cookies, which no
 * browser sends (RFC 6265, section 5.4): nothing remains of them.
 */
export function cookiesWithoutKeys(policy: AuthenticatePolicy): Remains {
  const header = attribute(policy.interest.cookie);
  if (header.presence === Presence.Absent) return Remains.All;
  if (header.presence === Presence.Ambiguous) return Remains.None;
  const end = header.start + <usize>header.length;
  compose(header.length << 1);
  let start = header.start;
  while (start < end) {
    const stop = byteFrom(start, end, SEMICOLON);
    const from = afterSpace(start, stop);
    const to = beforeSpace(from, stop);
    const slot = cookieSlot(policy.interest, from, beforeSpace(from, byteFrom(from, to, EQUALS)));
    if (from < to && !isKey(policy, Place.Cookie, slot)) {
      if (composedLength() > 0) {
        putByte(SEMICOLON);
        putByte(0x20);
      }
      put(from, <i32>(to - from));
    }
    start = stop + 1;
  }
  if (!composed()) return Remains.Unknown;
  return composedLength() > 0 ? Remains.Some : Remains.None;
}

/** Whether a policy looks for keys in a place. */
export function looksIn(policy: AuthenticatePolicy, place: i32): bool {
  for (let i = 0; i < policy.methodCount; i++) {
    if (at<Method>(policy.methods, i).place === place) return true;
  }
  return false;
}

/** Whether the request at hand may have a key of a policy in a place. */
export function isSent(policy: AuthenticatePolicy, place: i32): bool {
  for (let i = 0; i < policy.methodCount; i++) {
    const method = at<Method>(policy.methods, i);
    if (method.place === place && attribute(method.slot).presence !== Presence.Absent) return true;
  }
  return false;
}

function isKey(policy: AuthenticatePolicy, place: i32, slot: i32): bool {
  if (slot < 0) return false;
  for (let i = 0; i < policy.methodCount; i++) {
    const method = at<Method>(policy.methods, i);
    if (method.place === place && method.slot === slot) return true;
  }
  return false;
}
