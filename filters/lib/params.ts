import { attribute, Presence, Slot } from "./attributes";
import { Interest, Names, slotOf } from "./interest";
import { setDecoded } from "./percent";
import { at } from "./region";

/** A segment of the path that a route gives a name. */
@unmanaged
export class Param {
  slot: i32 = 0;
  /** Zero-based, after the leading slash. */
  segment: i32 = 0;
}

/** The slot of a parameter that something reads, or -1. Up to 7 bytes past the name must be readable. */
export function paramSlot(interest: Interest, start: usize, length: i32): i32 {
  return slotOf(interest, Names.Param, start, length);
}

/** Sets `route.params` from the path. The headers have been read. */
export function readParams(params: usize, count: i32): void {
  const path = attribute(Slot.Path);
  if (path.presence !== Presence.Present || path.length === 0 || load<u8>(path.start) !== 0x2f) return;
  for (let i = 0; i < count; i++) {
    const param = at<Param>(params, i);
    setSegment(param.slot, param.segment, path.start + 1, path.start + <usize>path.length);
  }
}

function setSegment(slot: i32, segment: i32, from: usize, end: usize): void {
  let start = from;
  for (let skipped = 0; skipped < segment; skipped++) {
    start = segmentEnd(start, end);
    if (start === end) return;
    start++;
  }
  setDecoded(slot, start, <i32>(segmentEnd(start, end) - start), false);
}

function segmentEnd(from: usize, end: usize): usize {
  let position = from;
  while (position < end && load<u8>(position) !== 0x2f) position++;
  return position;
}
