import { attribute, offerAttribute, Presence, Slot } from "./attributes";
import { lowerAscii } from "./bytes";
import { hostNameLength } from "./host-name";
import { Interest, Names, slotOf } from "./interest";

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
 * lower case, without the port; ambiguous where a service may read another one. So is `request.scheme`, which a trusted hop may write as it
 * likes: a service may take `HTTP`, or the first of two, for what it resembles.
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
  const scheme = attribute(Slot.Scheme);
  if (scheme.presence === Presence.Present && !isScheme(scheme.start, scheme.length))
    scheme.presence = Presence.Ambiguous;
  const host = attribute(Slot.Host);
  if (host.presence !== Presence.Present) return;
  lowerAscii(host.start, host.length, host.start);
  host.length = hostNameLength(host.start, host.length);
  if (host.length === 0) host.presence = Presence.Ambiguous;
}

/** `http` or `https`, byte for byte. */
function isScheme(start: usize, length: i32): bool {
  if (length !== 4 && length !== 5) return false;
  return load<u32>(start) === 0x70747468 && (length === 4 || load<u8>(start, 4) === 0x73);
}

/** What follows the first `?` of the path; empty if nothing does, or if nobody wanted the path. */
export function queryStart(): usize {
  return query;
}

export function queryLength(): i32 {
  return queryBytes;
}
