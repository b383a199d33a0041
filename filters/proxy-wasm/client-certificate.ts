import { attribute, Presence, Slot, setAttribute } from "../lib/attributes";
import { byteFrom, bytesEqual, isVisibleAscii, lowerAscii } from "../lib/bytes";
import { arenaTake } from "../lib/region";
import { propertyLength, propertyStart, readProperty } from "./properties";
import { Status } from "./status";

// `source.principal`: the one name in the certificate that the client of this connection proved to have. The listener verified it in the handshake.
//
// Envoy's attributes tell the first name of each sort only. A filter in front leaves all of them in filter state, joined by commas; a certificate
// has one name of a sort if both are the same. A comma in a name cannot pass one off for two, nor two for one.

// "connection" NUL "mtls"
const PRESENTED: usize = memory.data<u8>([
  0x63, 0x6f, 0x6e, 0x6e, 0x65, 0x63, 0x74, 0x69, 0x6f, 0x6e, 0, 0x6d, 0x74, 0x6c, 0x73,
]);
const PRESENTED_LENGTH: i32 = 15;

// "connection" NUL "uri_san_peer_certificate"
const FIRST_URI: usize = memory.data<u8>([
  0x63, 0x6f, 0x6e, 0x6e, 0x65, 0x63, 0x74, 0x69, 0x6f, 0x6e, 0, 0x75, 0x72, 0x69, 0x5f, 0x73, 0x61, 0x6e, 0x5f, 0x70,
  0x65, 0x65, 0x72, 0x5f, 0x63, 0x65, 0x72, 0x74, 0x69, 0x66, 0x69, 0x63, 0x61, 0x74, 0x65,
]);
const FIRST_URI_LENGTH: i32 = 35;

// "connection" NUL "dns_san_peer_certificate"
const FIRST_DNS: usize = memory.data<u8>([
  0x63, 0x6f, 0x6e, 0x6e, 0x65, 0x63, 0x74, 0x69, 0x6f, 0x6e, 0, 0x64, 0x6e, 0x73, 0x5f, 0x73, 0x61, 0x6e, 0x5f, 0x70,
  0x65, 0x65, 0x72, 0x5f, 0x63, 0x65, 0x72, 0x74, 0x69, 0x66, 0x69, 0x63, 0x61, 0x74, 0x65,
]);
const FIRST_DNS_LENGTH: i32 = 35;

// "filter_state" NUL "sluice.client-uris"
const ALL_URIS: usize = memory.data<u8>([
  0x66, 0x69, 0x6c, 0x74, 0x65, 0x72, 0x5f, 0x73, 0x74, 0x61, 0x74, 0x65, 0, 0x73, 0x6c, 0x75, 0x69, 0x63, 0x65, 0x2e,
  0x63, 0x6c, 0x69, 0x65, 0x6e, 0x74, 0x2d, 0x75, 0x72, 0x69, 0x73,
]);
const ALL_URIS_LENGTH: i32 = 31;

// "filter_state" NUL "sluice.client-names"
const ALL_DNS: usize = memory.data<u8>([
  0x66, 0x69, 0x6c, 0x74, 0x65, 0x72, 0x5f, 0x73, 0x74, 0x61, 0x74, 0x65, 0, 0x73, 0x6c, 0x75, 0x69, 0x63, 0x65, 0x2e,
  0x63, 0x6c, 0x69, 0x65, 0x6e, 0x74, 0x2d, 0x6e, 0x61, 0x6d, 0x65, 0x73,
]);
const ALL_DNS_LENGTH: i32 = 32;

const COLON: u32 = 0x3a;

/** The longest name that is looked at. */
const LONGEST_PRINCIPAL: i32 = 2048;

let first: usize = 0;
let firstLength: i32 = 0;

/**
 * Sets `source.principal`. Absent if the client has shown no certificate; ambiguous if its certificate has not exactly one URI, or, where it has no
 * URI, not exactly one DNS name. A URI has a colon in it and a DNS name has none, so neither passes for the other.
 */
export function readPrincipal(): void {
  const target = attribute(Slot.Principal);
  if (target.presence !== Presence.Absent) return;
  if (readProperty(PRESENTED, PRESENTED_LENGTH) !== Status.Ok) return;
  if (propertyLength() !== 1 || load<u8>(propertyStart()) === 0) return;
  target.presence = Presence.Ambiguous;
  if (readFirst(FIRST_URI, FIRST_URI_LENGTH)) {
    if (isOnly(ALL_URIS, ALL_URIS_LENGTH) && hasColon()) setAttribute(Slot.Principal, first, firstLength);
    return;
  }
  if (!readFirst(FIRST_DNS, FIRST_DNS_LENGTH) || !isOnly(ALL_DNS, ALL_DNS_LENGTH) || hasColon()) return;
  const lower = arenaTake(<usize>firstLength);
  if (lower === 0) return;
  lowerAscii(first, firstLength, lower);
  setAttribute(Slot.Principal, lower, firstLength);
}

/** Whether there is a name of a sort, good or bad. */
function readFirst(path: usize, pathLength: i32): bool {
  if (readProperty(path, pathLength) !== Status.Ok) return false;
  first = propertyStart();
  firstLength = propertyLength();
  return true;
}

/** Whether the first is all that there is, and one that can be told. */
function isOnly(path: usize, pathLength: i32): bool {
  if (firstLength === 0 || firstLength > LONGEST_PRINCIPAL || !isVisibleAscii(first, firstLength)) return false;
  if (readProperty(path, pathLength) !== Status.Ok || propertyLength() !== firstLength) return false;
  return bytesEqual(propertyStart(), first, firstLength);
}

function hasColon(): bool {
  const end = first + <usize>firstLength;
  return byteFrom(first, end, COLON) < end;
}
