import { attribute, Presence, setAttribute } from "./attributes";
import { bytesEqual } from "./bytes";
import { decimalCell, readDecimal } from "./decimal";
import { Interest, Names, wantedAt } from "./interest";
import {
  JSON_ARRAY,
  JSON_NULL,
  JSON_NUMBER,
  JSON_OBJECT,
  JSON_STRING,
  jsonLength,
  jsonMember,
  jsonNext,
  jsonStart,
  jsonType,
} from "./json-tape";
import { JwtRefusal } from "./jwt-refusal";
import { arenaTake, at, exists, setPointer } from "./region";
import { textInArena } from "./text";

// What the payload of a token claims (RFC 7519, section 4). `tape` is the payload of a token that was read, `node` a node of it.

/** No node: the claim is not there. Node 0 is the payload itself. */
export const NO_CLAIM: i32 = 0;

/** The last second of the year 9999. */
const LATEST: i64 = 253402300799;
const LATEST_DIGITS: i32 = 12;
/** No time at all. */
const NO_TIME: i64 = -1;

const SPACE: u32 = 0x20;
/** Between the names of a path in a configuration. */
const SEPARATOR: u8 = 0x20;
/** The longest list that is looked into. */
const MOST_ELEMENTS: i32 = 256;
const POINT: u32 = 0x2e;

/** The registered claims, and those of scopes. */
@unmanaged
export class JwtClaims {
  // Seconds since 1970; 0 if there is no such claim, which for both is the same as one that has long been true.
  notBefore: i64 = 0;
  issuedAt: i64 = 0;
  expires: i64 = 0;
  // Nodes, or NO_CLAIM.
  issuer: i32 = 0;
  subject: i32 = 0;
  audience: i32 = 0;
  id: i32 = 0;
  /** Scopes with spaces between them (RFC 8693, section 4.2), or a list of them; some issuers call it `scp`. */
  scope: i32 = 0;
  scp: i32 = 0;
}

/** Some bytes of a payload. */
@unmanaged
export class Slice {
  start: usize = 0;
  length: i32 = 0;
}

// Names as they are read from memory.
const EXP: u32 = 0x707865;
const NBF: u32 = 0x66626e;
const IAT: u32 = 0x746169;
const ISS: u32 = 0x737369;
const SUB: u32 = 0x627573;
const AUD: u32 = 0x647561;
const JTI: u32 = 0x69746a;
const SCP: u32 = 0x706373;
const SCOP: u32 = 0x706f6373;

/** Reads the claims that have a meaning of their own; a claim that is there is of its type, `null` is none. */
export function readJwtClaims(tape: usize, claims: JwtClaims): JwtRefusal {
  claims.notBefore = 0;
  claims.issuedAt = 0;
  claims.expires = NO_TIME;
  claims.issuer = NO_CLAIM;
  claims.subject = NO_CLAIM;
  claims.audience = NO_CLAIM;
  claims.id = NO_CLAIM;
  claims.scope = NO_CLAIM;
  claims.scp = NO_CLAIM;
  let name = 1;
  for (let left = jsonLength(tape, 0); left > 0; left--) {
    if (!readClaim(tape, name, claims)) return JwtRefusal.Claim;
    name = jsonNext(tape, name + 1);
  }
  return claims.expires === NO_TIME ? JwtRefusal.NoExpiry : JwtRefusal.None;
}

function readClaim(tape: usize, name: i32, claims: JwtClaims): bool {
  const start = jsonStart(tape, name);
  const length = jsonLength(tape, name);
  const value = name + 1;
  if (length === 5 && load<u32>(start) === SCOP && load<u8>(start, 4) === 0x65) {
    claims.scope = value;
    return isTextOrTexts(tape, value);
  }
  if (length !== 3) return true;
  switch (<u32>load<u16>(start) | ((<u32>load<u8>(start, 2)) << 16)) {
    case EXP:
      // A token is good before this moment (4.1.4): what is left of a second is not.
      claims.expires = secondsOf(tape, value, false);
      return claims.expires !== NO_TIME;
    case NBF:
      claims.notBefore = secondsOf(tape, value, true);
      return claims.notBefore !== NO_TIME;
    case IAT:
      claims.issuedAt = secondsOf(tape, value, true);
      return claims.issuedAt !== NO_TIME;
    case ISS:
      claims.issuer = value;
      return jsonType(tape, value) === JSON_STRING;
    case SUB:
      claims.subject = value;
      return jsonType(tape, value) === JSON_STRING;
    case JTI:
      claims.id = value;
      return jsonType(tape, value) === JSON_STRING;
    case AUD:
      claims.audience = value;
      return isTextOrTexts(tape, value);
    case SCP:
      claims.scp = value;
      return isTextOrTexts(tape, value);
    default:
      return true;
  }
}

/** Whether a node is a string or an array of strings, which may be empty. */
function isTextOrTexts(tape: usize, node: i32): bool {
  if (jsonType(tape, node) === JSON_STRING) return true;
  if (jsonType(tape, node) !== JSON_ARRAY) return false;
  const end = jsonNext(tape, node);
  for (let element = node + 1; element < end; element = jsonNext(tape, element)) {
    if (jsonType(tape, element) !== JSON_STRING) return false;
  }
  return true;
}

/**
 * A NumericDate (RFC 7519, section 2): whole seconds of a number however it is written, a fraction taken down or up; NO_TIME for what is no number, below 0
 * or after the year 9999. That is where milliseconds end up that someone took for seconds.
 */
function secondsOf(tape: usize, node: i32, up: bool): i64 {
  if (jsonType(tape, node) !== JSON_NUMBER) return NO_TIME;
  const number = decimalCell(0);
  if (!readDecimal(jsonStart(tape, node), jsonLength(tape, node), true, number)) return NO_TIME;
  if (number.first === 0) return 0;
  if (number.negative || number.scale > LATEST_DIGITS) return NO_TIME;
  let cursor = number.first;
  let seconds: i64 = 0;
  for (let place = 0; place < number.scale; place++) {
    seconds *= 10;
    if (cursor === number.last) continue;
    if (load<u8>(cursor) === POINT) cursor++;
    seconds += <i64>load<u8>(cursor++) - 0x30;
  }
  if (up && cursor < number.last) seconds++;
  return seconds > LATEST ? NO_TIME : seconds;
}

/**
 * Whether a token is good at a moment, in seconds since 1970; clocks may differ by `skew` seconds. With fractions cut off, Envoy's `jwt_authn` takes a
 * token for the second in which it ends, which RFC 7519, section 4.1.4 does not; and it never looks at `iat`.
 */
export function jwtTimesHold(claims: JwtClaims, now: i64, skew: i64): JwtRefusal {
  if (claims.expires + skew <= now) return JwtRefusal.Expired;
  if (claims.notBefore > now + skew) return JwtRefusal.NotYetValid;
  return claims.issuedAt > now + skew ? JwtRefusal.IssuedAhead : JwtRefusal.None;
}

/** Whether a text is the audience, or one of them, byte for byte. No audience is nobody's. */
export function jwtIsFor(tape: usize, claims: JwtClaims, start: usize, length: i32): bool {
  const node = claims.audience;
  if (node === NO_CLAIM) return false;
  if (jsonType(tape, node) === JSON_STRING) return claimIs(tape, node, start, length);
  const end = jsonNext(tape, node);
  for (let element = node + 1; element < end; element = jsonNext(tape, element)) {
    if (claimIs(tape, element, start, length)) return true;
  }
  return false;
}

/** Whether a claim is there, and this string. */
export function claimIs(tape: usize, node: i32, start: usize, length: i32): bool {
  if (node === NO_CLAIM || jsonType(tape, node) !== JSON_STRING || jsonLength(tape, node) !== length) return false;
  return bytesEqual(jsonStart(tape, node), start, length);
}

/** The claim at a path of names with `separator` between them, such as `realm_access.roles`; NO_CLAIM if there is none. */
export function claimAt(tape: usize, path: usize, length: i32, separator: u8): i32 {
  const end = path + <usize>length;
  let node = 0;
  for (let name = path; name <= end; ) {
    let nameEnd = name;
    while (nameEnd < end && load<u8>(nameEnd) !== separator) nameEnd++;
    if (jsonType(tape, node) !== JSON_OBJECT) return NO_CLAIM;
    node = jsonMember(tape, node, name, <i32>(nameEnd - name));
    if (node < 0) return NO_CLAIM;
    name = nameEnd + 1;
  }
  return node;
}

/** Puts a string, or each string of an array, into `slices`; returns how many. -1 for anything else, and for more than `most`. */
export function claimTexts(tape: usize, node: i32, slices: usize, most: i32): i32 {
  if (node === NO_CLAIM || !isTextOrTexts(tape, node)) return -1;
  if (jsonType(tape, node) === JSON_STRING)
    return addSlice(slices, 0, most, jsonStart(tape, node), jsonLength(tape, node));
  if (jsonLength(tape, node) > most) return -1;
  let count = 0;
  const end = jsonNext(tape, node);
  for (let element = node + 1; element < end; element = jsonNext(tape, element)) {
    count = addSlice(slices, count, most, jsonStart(tape, element), jsonLength(tape, element));
  }
  return count;
}

/** Sets what a configuration wants of a payload: texts as they are in headers, and lists. What has no such value is there, and not known. */
export function setClaims(interest: Interest, tape: usize): void {
  for (let i = 0; i < interest.count; i++) {
    const wanted = wantedAt(interest, i);
    const isList = wanted.kind === Names.ClaimList;
    if (wanted.kind !== Names.Claim && !isList) continue;
    const node = claimAt(tape, wanted.name, wanted.length, SEPARATOR);
    if (node === NO_CLAIM || jsonType(tape, node) === JSON_NULL) continue;
    if (isList) setClaimList(wanted.slot, tape, node);
    else if (jsonType(tape, node) === JSON_OBJECT || jsonType(tape, node) === JSON_ARRAY)
      attribute(wanted.slot).presence = Presence.Ambiguous;
    else setAttribute(wanted.slot, jsonStart(tape, node), jsonLength(tape, node));
  }
}

function setClaimList(slot: i32, tape: usize, node: i32): void {
  const slices = arenaTake(<usize>MOST_ELEMENTS * offsetof<Slice>());
  const count = slices === 0 ? -1 : claimTexts(tape, node, slices, MOST_ELEMENTS);
  const list = count < 0 ? 0 : textsOf(slices, count);
  if (list !== 0) setAttribute(slot, list, count);
  else attribute(slot).presence = Presence.Ambiguous;
}

/** Puts the scopes of a token into `slices`: the words of a string, the elements of an array. Returns how many, or -1 for more than `most`. */
export function jwtScopes(tape: usize, claims: JwtClaims, slices: usize, most: i32): i32 {
  const count = addScopes(tape, claims.scope, slices, 0, most);
  return count < 0 ? -1 : addScopes(tape, claims.scp, slices, count, most);
}

function addScopes(tape: usize, node: i32, slices: usize, before: i32, most: i32): i32 {
  if (node === NO_CLAIM) return before;
  if (jsonType(tape, node) === JSON_ARRAY) {
    const added = claimTexts(tape, node, slices + <usize>before * offsetof<Slice>(), most - before);
    return added < 0 ? -1 : before + added;
  }
  let count = before;
  const end = jsonStart(tape, node) + <usize>jsonLength(tape, node);
  for (let word = jsonStart(tape, node); word < end && count >= 0; ) {
    let wordEnd = word;
    while (wordEnd < end && load<u8>(wordEnd) !== SPACE) wordEnd++;
    if (wordEnd > word) count = addSlice(slices, count, most, word, <i32>(wordEnd - word));
    word = wordEnd + 1;
  }
  return count;
}

/** One more than `count`, or -1 if there is no room. */
function addSlice(slices: usize, count: i32, most: i32, start: usize, length: i32): i32 {
  if (count >= most) return -1;
  const slice = at<Slice>(slices, count);
  slice.start = start;
  slice.length = length;
  return count + 1;
}

/** The texts of `count` slices, as a list of addresses of Text in the arena; 0 without memory. */
export function textsOf(slices: usize, count: i32): usize {
  const list = arenaTake((<usize>(count + 1)) << 2);
  if (list === 0) return 0;
  for (let i = 0; i < count; i++) {
    const slice = at<Slice>(slices, i);
    const text = textInArena(slice.start, slice.length);
    if (!exists(text)) return 0;
    setPointer(list, i, text);
  }
  return list;
}
