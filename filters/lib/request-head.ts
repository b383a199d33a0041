import { attribute, offerAttribute, Presence, Slot } from "./attributes";
import { lowerAscii } from "./bytes";
import { Interest, Names, slotOf } from "./interest";
import { hasByte } from "./text";

// What the header fields of a request say, as attributes.

let query: usize = 0;
let queryBytes: i32 = 0;

/** To be called before the first header. */
export function beginHeaders(): void {
  queryBytes = 0;
}

/** Takes note of one header of the request. Up to 7 bytes past the name must be readable. */
export function offerHeader(interest: Interest, name: usize, nameLength: i32, value: usize, valueLength: i32): void {
  const slot = slotOf(interest, Names.Header, name, nameLength);
  if (slot >= 0) offerAttribute(slot, value, valueLength);
}

/**
 * After the last header: `request.path` ends before the query. `request.host` is the name that Envoy chose the virtual host by: in
 * lower case, without the port. A host that servers read in different ways is ambiguous: two names (Envoy joins two Host lines with a
 * comma), a dot at the end, two ports.
 */
export function finishHeaders(): void {
  const path = attribute(Slot.Path);
  if (path.presence === Presence.Present) {
    let end = 0;
    while (end < path.length && load<u8>(path.start + <usize>end) !== 0x3f) end++;
    query = path.start + <usize>end + 1;
    queryBytes = max(0, path.length - end - 1);
    path.length = end;
  }
  const host = attribute(Slot.Host);
  if (host.presence !== Presence.Present) return;
  lowerAscii(host.start, host.length, host.start);
  host.length = lengthWithoutPort(host.start, host.length);
  if (isAmbiguousHost(host.start, host.length)) host.presence = Presence.Ambiguous;
}

/** What follows the first `?` of the path; empty if nothing does, or if nobody wanted the path. */
export function queryStart(): usize {
  return query;
}

export function queryLength(): i32 {
  return queryBytes;
}

/** The port follows the last colon, unless that one is inside the brackets of an IPv6 address. */
function lengthWithoutPort(start: usize, length: i32): i32 {
  for (let i = length - 1; i > 0; i--) {
    const byte = load<u8>(start + <usize>i);
    if (byte === 0x3a) return i;
    if (byte === 0x5d) return length;
  }
  return length;
}

function isAmbiguousHost(start: usize, length: i32): bool {
  if (length === 0 || load<u8>(start + <usize>length - 1) === 0x2e) return true;
  if (hasByte(start, length, 0x2c)) return true;
  return load<u8>(start) !== 0x5b && hasByte(start, length, 0x3a);
}
