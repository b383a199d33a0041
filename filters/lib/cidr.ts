import { decimalInteger } from "./json-number";
import { at } from "./region";

// Ranges of addresses: IPv4 as four decimal numbers, IPv6 as RFC 4291 section 2.2 writes it, without a zone.
// An IPv4 address in IPv6 (`::ffff:192.0.2.1`, RFC 4291 section 2.5.5.2) is that IPv4 address.

const IPV4: i32 = 4;
const IPV6: i32 = 6;
const MAPPED: u64 = 0xffff;

/** Addresses of one family whose first `bits` bits are those of `high` and `low`. An IPv4 address is the last four bytes of `low`. */
@unmanaged
export class AddressRange {
  family: i32 = 0;
  bits: i32 = 0;
  high: u64 = 0;
  low: u64 = 0;
}

const ADDRESS: usize = memory.data(24, 8);
const GROUPS: usize = memory.data(8 * 4, 8);

/** Whether a text is an address that is in a range; -1 if it is no address. */
export function rangeHolds(range: AddressRange, start: usize, length: i32): i32 {
  const address = at<AddressRange>(ADDRESS, 0);
  if (!readAddress(start, length, address)) return -1;
  if (address.family !== range.family) return 0;
  const high = (address.high ^ range.high) & highMask(range);
  const low = (address.low ^ range.low) & lowMask(range);
  return (high | low) === 0 ? 1 : 0;
}

/**
 * What one client has of addresses: an IPv4 address, or the network of an IPv6 address (RFC 4291, section 2.5.4), as it may take any of the 2^64 in it.
 * Where its eight bytes are, until the next call; 0 if the text is no address.
 */
export function networkOf(start: usize, length: i32): usize {
  const address = at<AddressRange>(ADDRESS, 0);
  if (!readAddress(start, length, address)) return 0;
  return ADDRESS + (address.family === IPV6 ? offsetof<AddressRange>("high") : offsetof<AddressRange>("low"));
}

function highMask(range: AddressRange): u64 {
  return range.family === IPV4 ? 0 : maskOf(min(64, range.bits));
}

function lowMask(range: AddressRange): u64 {
  return range.family === IPV4 ? maskOf(range.bits) >> 32 : maskOf(max(0, range.bits - 64));
}

/** The upper bits of a word, 0 to 64 of them. */
function maskOf(bits: i32): u64 {
  const rest: u64 = 64 - bits;
  return bits === 0 ? 0 : u64.MAX_VALUE << rest;
}

/** Reads `address/bits`, where all further bits are zero; false if it is anything else. */
export function readRange(start: usize, length: i32, range: AddressRange): bool {
  let slash = length - 1;
  while (slash > 0 && load<u8>(start + <usize>slash) !== 0x2f) slash--;
  if (slash <= 0 || !readAddress(start, slash, range)) return false;
  const wide = hasColon(start, slash);
  let bits = smallNumber(start + <usize>slash + 1, length - slash - 1, 3);
  if (bits < 0 || bits > (wide ? 128 : 32)) return false;
  if (wide && range.family === IPV4) bits -= 96;
  if (bits < 0) return false;
  range.bits = bits;
  return ((range.high & ~highMask(range)) | (range.low & ~lowMask(range))) === 0;
}

/** Reads an address into `family`, `high` and `low`; false if the text is none. */
function readAddress(start: usize, length: i32, into: AddressRange): bool {
  into.high = 0;
  if (!hasColon(start, length)) {
    const address = ipv4(start, length);
    into.family = IPV4;
    into.low = <u64>address;
    return address >= 0;
  }
  if (!ipv6(start, length)) return false;
  into.high = wordOf(0);
  into.low = wordOf(4);
  into.family = IPV6;
  if (into.high === 0 && into.low >> 32 === MAPPED) {
    into.family = IPV4;
    into.low &= 0xffffffff;
  }
  return true;
}

function hasColon(start: usize, length: i32): bool {
  for (let i = 0; i < length; i++) {
    if (load<u8>(start + <usize>i) === 0x3a) return true;
  }
  return false;
}

/** Four numbers up to 255 without leading zeros, which some read as octal; -1 for anything else. */
function ipv4(start: usize, length: i32): i64 {
  let address: i64 = 0;
  let parts = 0;
  let from = 0;
  for (let i = 0; i <= length; i++) {
    if (i < length && load<u8>(start + <usize>i) !== 0x2e) continue;
    const part = smallNumber(start + <usize>from, i - from, 3);
    if (part < 0 || part > 255 || ++parts > 4) return -1;
    address = (address << 8) | <i64>part;
    from = i + 1;
  }
  return parts === 4 ? address : -1;
}

/** A decimal number of at most `most` digits without leading zeros, or -1. */
function smallNumber(start: usize, length: i32, most: i32): i32 {
  if (length < 1 || length > most || (length > 1 && load<u8>(start) === 0x30)) return -1;
  for (let i = 0; i < length; i++) {
    if (<u32>load<u8>(start + <usize>i) - 0x30 > 9) return -1;
  }
  return <i32>decimalInteger(start, length);
}

// ---- IPv6: eight groups of 16 bits in GROUPS; `::` stands for one group of zeros or more

function group(index: i32): usize {
  return GROUPS + ((<usize>index) << 2);
}

function wordOf(first: i32): u64 {
  let word: u64 = 0;
  for (let i = first; i < first + 4; i++) word = (word << 16) | <u64>load<u32>(group(i));
  return word;
}

function ipv6(start: usize, length: i32): bool {
  if (length < 2 || length > 45) return false;
  let count = 0;
  let gap = -1;
  let i = 0;
  if (startsWithColons(start, length, 0)) {
    gap = 0;
    i = 2;
  }
  while (i < length) {
    if (count === 8) return false;
    let end = i;
    while (end < length && load<u8>(start + <usize>end) !== 0x3a) end++;
    const groups = readGroup(start + <usize>i, end - i, count, end === length);
    if (groups === 0) return false;
    count += groups;
    if (end === length) return placeGroups(count, gap);
    if (startsWithColons(start, length, end)) {
      if (gap >= 0) return false;
      gap = count;
      i = end + 2;
    } else {
      i = end + 1;
      if (i === length) return false;
    }
  }
  return placeGroups(count, gap);
}

function startsWithColons(start: usize, length: i32, index: i32): bool {
  return index + 1 < length && load<u16>(start + <usize>index) === 0x3a3a;
}

/** Reads one group, or at the end an IPv4 address, which is two. The number of groups; 0 if it is neither. */
function readGroup(start: usize, length: i32, index: i32, isLast: bool): i32 {
  if (isLast && index <= 6 && length >= 7) {
    const address = ipv4(start, length);
    if (address < 0) return 0;
    store<u32>(group(index), <u32>(address >> 16));
    store<u32>(group(index + 1), <u32>(address & 0xffff));
    return 2;
  }
  if (length < 1 || length > 4) return 0;
  let value: u32 = 0;
  for (let i = 0; i < length; i++) {
    const byte = <u32>load<u8>(start + <usize>i);
    const letter = (byte | 0x20) - 0x61;
    if (byte - 0x30 < 10) value = (value << 4) | (byte - 0x30);
    else if (letter < 6) value = (value << 4) | (letter + 10);
    else return 0;
  }
  store<u32>(group(index), value);
  return 1;
}

/** Moves the groups after the gap to the end. */
function placeGroups(count: i32, gap: i32): bool {
  if (gap < 0) return count === 8;
  const missing = 8 - count;
  if (missing < 1) return false;
  const behind = count - gap;
  memory.copy(group(gap + missing), group(gap), (<usize>behind) << 2);
  memory.fill(group(gap), 0, (<usize>missing) << 2);
  return true;
}
