import { attribute, offerAttribute, Presence } from "./attributes";
import { afterSpace, beforeSpace, isFieldSpace } from "./field-space";
import { Interest, makeAmbiguous, Names, slotOf } from "./interest";

// `request.cookies`: `name=value` pairs separated by `;` and white space (RFC 6265 section 4.2.1), values as they were sent. What that
// grammar does not have and servers read in different ways is ambiguous: a wanted name twice, without `=`, or with white space beside it.

/** Sets the cookies that are wanted. The headers have been read. Envoy puts the crumbs of HTTP/2 (RFC 9113, 8.2.3) together. */
export function readCookies(interest: Interest): void {
  const header = attribute(interest.cookie);
  if (header.presence === Presence.Absent) return;
  if (header.presence === Presence.Ambiguous) {
    makeAmbiguous(interest, Names.Cookie);
    return;
  }
  let start = header.start;
  const end = start + <usize>header.length;
  while (start < end) {
    let stop = start;
    let equals: usize = 0;
    while (stop < end) {
      const byte = load<u8>(stop);
      if (byte === 0x3b) break;
      if (byte === 0x3d && equals === 0) equals = stop;
      stop++;
    }
    offerCookie(interest, start, equals, stop);
    start = stop + 1;
  }
}

/** @param equals address of the first `=`, or 0 */
function offerCookie(interest: Interest, from: usize, equals: usize, to: usize): void {
  const start = afterSpace(from, to);
  const end = beforeSpace(start, to);
  const nameEnd = equals === 0 ? end : equals;
  const trimmed = beforeSpace(start, nameEnd);
  const slot = cookieSlot(interest, start, trimmed);
  if (slot < 0) return;
  const value = equals === 0 ? end : equals + 1;
  if (equals === 0 || trimmed !== nameEnd || (value < end && isFieldSpace(load<u8>(value)))) {
    attribute(slot).presence = Presence.Ambiguous;
  } else {
    offerAttribute(slot, value, <i32>(max(value, end) - value));
  }
}

/** The slot of a cookie by its name, without white space around it; -1 if nobody wants it. */
export function cookieSlot(interest: Interest, start: usize, end: usize): i32 {
  return slotOf(interest, Names.Cookie, start, <i32>(end - start));
}
