import { attribute, Presence, Slot, setAttribute } from "./attributes";
import { Interest } from "./interest";

// `request.size`: what Content-Length says. A request that ends with its headers has no body, whether or not it says so (RFC 9112 section
// 6.3, RFC 9113 section 8.1); of one in chunks nothing is known.

const NONE: usize = memory.data<u8>([0x30, 0, 0, 0, 0, 0, 0, 0]);

/** @param ends whether nothing follows the headers, which have been read */
export function readBodySize(interest: Interest, ends: bool): void {
  const told = attribute(interest.contentLength);
  if (told.presence === Presence.Present) setAttribute(Slot.Size, told.start, told.length);
  else if (told.presence === Presence.Ambiguous) attribute(Slot.Size).presence = Presence.Ambiguous;
  else if (ends) setAttribute(Slot.Size, NONE, 1);
}
