import { attribute, Presence } from "./attributes";
import { Interest, makeAmbiguous, Names, slotOf } from "./interest";
import { isEncoded, percentDecode, percentDecodedLength, setDecoded } from "./percent";
import { arenaTake } from "./region";
import { queryLength, queryStart } from "./request-head";
import { utf8Valid } from "./utf8";

// `request.query`: parameters separated by `&`, a name before the first `=`, percent-encoding and `+` (WHATWG URL,
// application/x-www-form-urlencoded parsing; but what that repairs is ambiguous here, since servers repair it in different ways).

/** A name that cannot be decoded. */
export const MALFORMED: i32 = -2;

/** Sets the parameters that are wanted. The headers have been read. */
export function readQuery(interest: Interest): void {
  let start = queryStart();
  const end = start + <usize>queryLength();
  while (start < end) {
    let stop = start;
    let equals: usize = 0;
    while (stop < end) {
      const byte = load<u8>(stop);
      if (byte === 0x26) break;
      if (byte === 0x3d && equals === 0) equals = stop;
      stop++;
    }
    if (!offerParameter(interest, start, equals === 0 ? stop : equals, stop)) return;
    start = stop + 1;
  }
}

/** False if no parameter can be trusted: a name that cannot be decoded may be any name to the server. */
function offerParameter(interest: Interest, start: usize, nameEnd: usize, end: usize): bool {
  const slot = parameterSlot(interest, start, <i32>(nameEnd - start));
  if (slot === MALFORMED) {
    makeAmbiguous(interest, Names.Query);
    return false;
  }
  if (slot < 0) return true;
  const value = nameEnd < end ? nameEnd + 1 : end;
  const target = attribute(slot);
  if (target.presence === Presence.Absent) setDecoded(slot, value, <i32>(end - value), true);
  else target.presence = Presence.Ambiguous;
  return true;
}

/** The slot of a parameter by its name as it was sent; MALFORMED, or -1 if nobody wants it. */
export function parameterSlot(interest: Interest, start: usize, length: i32): i32 {
  let name = start;
  let bytes = length;
  if (isEncoded(start, length, true)) {
    bytes = percentDecodedLength(start, length);
    name = bytes < 0 ? 0 : arenaTake(<usize>bytes);
    if (name === 0) return MALFORMED;
    percentDecode(start, length, name, true);
  }
  const slot = slotOf(interest, Names.Query, name, bytes);
  return slot >= 0 || utf8Valid(name, bytes) ? slot : MALFORMED;
}
