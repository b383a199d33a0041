import { bytesEqual } from "./bytes";

// Where a text occurs in another. Both may come from a request, so the time is linear in their lengths whatever they are:
// the two-way algorithm of Crochemore and Perrin, Two-way string-matching, J. ACM 38(3), 1991. It needs no memory.

/** Up to here, trying every place is faster, and costs at most this many comparisons of words a place. */
const SHORT: i32 = 64;

/** Whether `needle` occurs in `text`. The empty text occurs in every text. */
export function occursIn(text: usize, length: i32, needle: usize, needleLength: i32): bool {
  if (needleLength > length) return false;
  if (needleLength === 0) return true;
  return needleLength <= SHORT
    ? tryEveryPlace(text, length, needle, needleLength)
    : twoWay(text, length, needle, needleLength);
}

function tryEveryPlace(text: usize, length: i32, needle: usize, needleLength: i32): bool {
  const first = load<u8>(needle);
  const last = length - needleLength;
  for (let i = 0; i <= last; i++) {
    if (load<u8>(text + <usize>i) !== first) continue;
    if (bytesEqual(text + <usize>i, needle, needleLength)) return true;
  }
  return false;
}

/** Period of the suffix that `maximalSuffix` found last. */
let period: i32 = 0;

/** Where the greatest suffix begins, in the order of bytes or in the reversed order. */
function maximalSuffix(needle: usize, length: i32, reversed: bool): i32 {
  let suffix = -1;
  let candidate = 0;
  let offset = 1;
  period = 1;
  while (candidate + offset < length) {
    const a = load<u8>(needle + <usize>(candidate + offset));
    const b = load<u8>(needle + <usize>(suffix + offset));
    if (a === b) {
      if (offset !== period) {
        offset++;
      } else {
        candidate += period;
        offset = 1;
      }
    } else if (a < b !== reversed) {
      candidate += offset;
      offset = 1;
      period = candidate - suffix;
    } else {
      suffix = candidate;
      candidate = suffix + 1;
      offset = 1;
      period = 1;
    }
  }
  return suffix + 1;
}

function twoWay(text: usize, length: i32, needle: usize, needleLength: i32): bool {
  // The needle is cut where its local period is its period (the critical factorisation).
  let cut = maximalSuffix(needle, needleLength, false);
  let shift = period;
  const reversedCut = maximalSuffix(needle, needleLength, true);
  if (reversedCut > cut) {
    cut = reversedCut;
    shift = period;
  }
  const isPeriodic = bytesEqual(needle, needle + <usize>shift, cut);
  if (!isPeriodic) shift = max(cut, needleLength - cut) + 1;
  let place = 0;
  // How much of the needle is known to match at this place, from the place before; only a periodic needle remembers.
  let known = 0;
  while (place <= length - needleLength) {
    let right = max(cut, known);
    while (right < needleLength && sameByte(needle, right, text, place)) right++;
    if (right < needleLength) {
      place += right - cut + 1;
      known = 0;
      continue;
    }
    let left = cut;
    while (left > known && sameByte(needle, left - 1, text, place)) left--;
    if (left <= known) return true;
    place += shift;
    known = isPeriodic ? needleLength - shift : 0;
  }
  return false;
}

function sameByte(needle: usize, index: i32, text: usize, place: i32): bool {
  return load<u8>(needle + <usize>index) === load<u8>(text + <usize>(place + index));
}
