import { attribute, Presence } from "../../lib/attributes";
import { bytesEqualLower } from "../../lib/bytes";

// Tokens in `Authorization: Bearer` (RFC 6750, section 2.1), and nowhere else.

// "bearer "
const SCHEME: usize = memory.data<u8>([0x62, 0x65, 0x61, 0x72, 0x65, 0x72, 0x20]);
const SCHEME_LENGTH: i32 = 7;

/** Whether the header has a credential of this scheme, whose name has no case (RFC 9110, section 11.1). */
export function hasBearer(slot: i32): bool {
  const header = attribute(slot);
  if (header.presence !== Presence.Present) return false;
  const length = min(header.length, SCHEME_LENGTH);
  // Without a token, the space at the end is gone.
  return length >= SCHEME_LENGTH - 1 && bytesEqualLower(header.start, SCHEME, length);
}

export function bearerStart(slot: i32): usize {
  return attribute(slot).start + SCHEME_LENGTH;
}

/** Not positive if there is no token. */
export function bearerLength(slot: i32): i32 {
  return attribute(slot).length - SCHEME_LENGTH;
}
