import { lowerAscii } from "./bytes";
import { at, keep, keepRecords, none } from "./region";
import { hasByte, Text } from "./text";

// What is known of the request at hand, as slices of memory that live until the callback returns. One request
// at a time. A slot is filled before it is read or cleared at the start, so nothing leaks from one request to the next.

/** The attributes that every configuration has; headers that a configuration reads follow from FirstHeader on. */
export enum Slot {
  Method = 0,
  Path = 1,
  Host = 2,
  Scheme = 3,
  SourceIp = 4,
  Consumer = 5,
  Tier = 6,
  AuthMethod = 7,
  RouteName = 8,
  FirstHeader = 9,
}

export enum Presence {
  Absent = 0,
  Present = 1,
  /** Sent more than once: no single value can be trusted. */
  Ambiguous = 2,
}

const MOST_HEADERS: i32 = 256;
const MOST_SLOTS: i32 = <i32>Slot.FirstHeader + MOST_HEADERS;

@unmanaged
export class Attribute {
  presence: i32 = 0;
  length: i32 = 0;
  start: usize = 0;
}

const SLOTS: usize = memory.data(MOST_SLOTS * 12, 8);

export function attribute(slot: i32): Attribute {
  return at<Attribute>(SLOTS, slot);
}

export function isPresent(slot: i32): bool {
  return attribute(slot).presence === Presence.Present;
}

export function setAttribute(slot: i32, start: usize, length: i32): void {
  const target = attribute(slot);
  target.presence = Presence.Present;
  target.start = start;
  target.length = length;
}

/** Makes every attribute of a new request absent. */
export function clearAttributes(interest: Interest): void {
  const count = <i32>Slot.FirstHeader + interest.headers;
  for (let slot = 0; slot < count; slot++) attribute(slot).presence = Presence.Absent;
  groupCount = 0;
  groupsKnown = false;
}

// ---- auth.groups, the one list

let groups: usize = 0;
let groupCount: i32 = 0;
let groupsKnown: bool = false;

/** @param list array of addresses of Text, which stays in place while the request is judged */
export function setGroups(list: usize, count: i32): void {
  groups = list;
  groupCount = count;
  groupsKnown = true;
}

/** Whether the caller's groups are known; a known caller may have none. */
export function hasGroups(): bool {
  return groupsKnown;
}

export function groupsLength(): i32 {
  return groupCount;
}

export function groupAt(index: i32): Text {
  return changetype<Text>(<usize>load<u32>(groups + ((<usize>index) << 2)));
}

// ---- which headers a configuration wants

/** A header name with the slot its value goes to; a chain per name length. The name is padded with zeros to 8 bytes. */
@unmanaged
class Wanted {
  name: usize = 0;
  length: i32 = 0;
  slot: i32 = 0;
  next: i32 = 0;
}

const LONGEST_NAME: i32 = 64;

@unmanaged
export class Interest {
  /** Number of header slots in use. */
  headers: i32 = 0;
  count: i32 = 0;
  wanted: usize = 0;
  /** For each length the one-based index of the first wanted name, 0 for none. */
  heads: usize = 0;
}

/** An interest in the four pseudo-headers that are attributes; the missing record without memory. */
export function newInterest(): Interest {
  const interest = changetype<Interest>(keepRecords<Interest>(1));
  const wanted = keepRecords<Wanted>(MOST_HEADERS + 4);
  const heads = keep((<usize>LONGEST_NAME + 1) * 4);
  if (changetype<usize>(interest) === 0 || wanted === 0 || heads === 0) return none<Interest>();
  interest.wanted = wanted;
  interest.heads = heads;
  return interest;
}

/** The slot of a header name that is in the table, or -1. */
function slotOf(interest: Interest, start: usize, length: i32): i32 {
  let index = load<i32>(interest.heads + ((<usize>length) << 2));
  while (index !== 0) {
    const wanted = at<Wanted>(interest.wanted, index - 1);
    if (sameName(wanted.name, start, length)) return wanted.slot;
    index = wanted.next;
  }
  return -1;
}

/** Compares a padded name with bytes that may be followed by up to 7 readable bytes of something else. */
function sameName(padded: usize, start: usize, length: i32): bool {
  let i = 0;
  for (; i + 8 <= length; i += 8) {
    if (load<u64>(padded + i) !== load<u64>(start + i)) return false;
  }
  const rest = length - i;
  if (rest === 0) return true;
  const mask = ((<u64>1) << ((<u64>rest) << 3)) - 1;
  return load<u64>(padded + i) === (load<u64>(start + i) & mask);
}

/** Adds a name; its slot, or -1 if the table or memory is full or the name too long. */
export function want(interest: Interest, start: usize, length: i32, slot: i32): i32 {
  if (length > LONGEST_NAME || length === 0) return -1;
  const known = slotOf(interest, start, length);
  if (known >= 0) return known;
  const isHeader = slot < 0;
  if (isHeader && interest.headers === MOST_HEADERS) return -1;
  if (!isHeader && interest.count - interest.headers === 4) return -1;
  const name = keep((<usize>length + 7) & ~7);
  if (name === 0) return -1;
  memory.copy(name, start, <usize>length);
  const wanted = at<Wanted>(interest.wanted, interest.count++);
  wanted.name = name;
  wanted.length = length;
  wanted.slot = isHeader ? <i32>Slot.FirstHeader + interest.headers++ : slot;
  const head = interest.heads + ((<usize>length) << 2);
  wanted.next = load<i32>(head);
  store<i32>(head, interest.count);
  return wanted.slot;
}

/** Adds a header by its lower-case name: its slot, or -1. */
export function wantHeader(interest: Interest, start: usize, length: i32): i32 {
  return want(interest, start, length, -1);
}

/** Takes note of one header of the request. Up to 7 bytes past the name must be readable. */
export function offerHeader(interest: Interest, name: usize, nameLength: i32, value: usize, valueLength: i32): void {
  if (nameLength > LONGEST_NAME || nameLength === 0) return;
  const slot = slotOf(interest, name, nameLength);
  if (slot < 0) return;
  const target = attribute(slot);
  target.presence = target.presence === Presence.Absent ? Presence.Present : Presence.Ambiguous;
  target.start = value;
  target.length = valueLength;
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
    path.length = end;
  }
  const host = attribute(Slot.Host);
  if (host.presence !== Presence.Present) return;
  lowerAscii(host.start, host.length, host.start);
  host.length = lengthWithoutPort(host.start, host.length);
  if (isAmbiguousHost(host.start, host.length)) host.presence = Presence.Ambiguous;
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
