import { attribute, MOST_NAMED, Presence, Slot } from "./attributes";
import { at, keep, keepRecords, none } from "./region";

// The names that a configuration wants of a request: headers, query parameters, cookies, parameters of the route; and headers of its answer.

export enum Names {
  Header = 0,
  Query = 1,
  Cookie = 2,
  Param = 3,
  /** A header of the answer. */
  Answer = 4,
  /** A claim, as a text. */
  Claim = 5,
  /** A claim, as a list. */
  ClaimList = 6,
}

/** A name with the slot its value goes to; a chain per kind and length. The name is padded with zeros to 8 bytes. */
@unmanaged
export class Wanted {
  kind: i32 = 0;
  name: usize = 0;
  length: i32 = 0;
  slot: i32 = 0;
  next: i32 = 0;
}

export const LONGEST_NAME: i32 = 64;

/** Headers that have a slot of their own: they do not count as named. */
const MOST_FIXED: i32 = TRACING ? 24 : 8;
/** Of Names; claims are wanted by who knows callers, and headers of answers by who traces or counts. */
const CHAINS: i32 = (AUTH ? 7 : TRACING || RATE_LIMIT ? 5 : 4) * (LONGEST_NAME + 1);

@unmanaged
export class Interest {
  /** Number of named slots in use. */
  named: i32 = 0;
  count: i32 = 0;
  wanted: usize = 0;
  /** For each kind and length the one-based index of the first wanted name, 0 for none. */
  heads: usize = 0;
  /** The slot of the Cookie header. */
  cookie: i32 = 0;
  /** The slot of the Content-Length header. */
  contentLength: i32 = 0;
}

/** An interest in nothing yet; the missing record without memory. */
export function newInterest(): Interest {
  const interest = changetype<Interest>(keepRecords<Interest>(1));
  const wanted = keepRecords<Wanted>(MOST_NAMED + MOST_FIXED);
  const heads = keep(<usize>CHAINS * 4);
  if (changetype<usize>(interest) === 0 || wanted === 0 || heads === 0) return none<Interest>();
  interest.wanted = wanted;
  interest.heads = heads;
  interest.cookie = Slot.Cookie;
  interest.contentLength = Slot.ContentLength;
  return interest;
}

/** The name at an index below `count`. */
export function wantedAt(interest: Interest, index: i32): Wanted {
  return at<Wanted>(interest.wanted, index);
}

function headOf(interest: Interest, kind: i32, length: i32): usize {
  return interest.heads + ((<usize>(kind * (LONGEST_NAME + 1) + length)) << 2);
}

/** The slot of a name that is wanted, or -1. Up to 7 bytes past the name must be readable. */
export function slotOf(interest: Interest, kind: i32, start: usize, length: i32): i32 {
  if (length > LONGEST_NAME || length === 0) return -1;
  let index = load<i32>(headOf(interest, kind, length));
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

/** Adds a header that has a slot of its own. The slot its value goes to, which is another one if it is wanted by name already; or -1. */
export function wantFixed(interest: Interest, start: usize, length: i32, slot: i32): i32 {
  return want(interest, Names.Header, start, length, slot);
}

/** Adds a name: its slot, or -1 if the table or memory is full or the name too long. */
export function wantNamed(interest: Interest, kind: i32, start: usize, length: i32): i32 {
  return want(interest, kind, start, length, -1);
}

/** Adds a header by its lower-case name: its slot, or -1. */
export function wantHeader(interest: Interest, start: usize, length: i32): i32 {
  return want(interest, Names.Header, start, length, -1);
}

function want(interest: Interest, kind: i32, start: usize, length: i32, slot: i32): i32 {
  if (length > LONGEST_NAME || length === 0) return -1;
  const known = slotOf(interest, kind, start, length);
  if (known >= 0) return known;
  const isNamed = slot < 0;
  if (isNamed && interest.named === MOST_NAMED) return -1;
  if (!isNamed && interest.count - interest.named === MOST_FIXED) return -1;
  const name = keep((<usize>length + 7) & ~7);
  if (name === 0) return -1;
  memory.copy(name, start, <usize>length);
  const wanted = at<Wanted>(interest.wanted, interest.count++);
  wanted.kind = kind;
  wanted.name = name;
  wanted.length = length;
  wanted.slot = isNamed ? <i32>Slot.FirstNamed + interest.named++ : slot;
  const head = headOf(interest, kind, length);
  wanted.next = load<i32>(head);
  store<i32>(head, interest.count);
  return wanted.slot;
}

/** Makes every wanted value of a kind ambiguous. */
export function makeAmbiguous(interest: Interest, kind: i32): void {
  setPresence(interest, kind, Presence.Ambiguous);
}

/** Makes every wanted value of a kind absent. */
export function makeAbsent(interest: Interest, kind: i32): void {
  setPresence(interest, kind, Presence.Absent);
}

function setPresence(interest: Interest, kind: i32, presence: i32): void {
  for (let i = 0; i < interest.count; i++) {
    const wanted = at<Wanted>(interest.wanted, i);
    if (wanted.kind === kind) attribute(wanted.slot).presence = presence;
  }
}
