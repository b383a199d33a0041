import { BASE64_STANDARD, base64Decode } from "./base64";
import { bytesEqual, isWord } from "./bytes";
import { NO_INTEGER, naturalOfText } from "./integer";
import { at } from "./region";
import { SignatureRefusal } from "./signature-refusal";
import {
  isTokenCharacter,
  readDictionary,
  SF_BYTES,
  SF_INNER_LIST,
  SF_INTEGER,
  SF_NODE_BYTES,
  SF_STRING,
  SfNode,
} from "./structured-fields";
import { hasByte } from "./text";

// HTTP Message Signatures (RFC 9421) of requests: what `Signature-Input` and `Signature` say of one of them. Nothing of it may be believed before the
// signature was verified, over the base that signature-base.ts writes.
//
// No component with parameters is taken: `req` and `tr` have no meaning here (2.4, 2.1.4), and the others ask for another form of a value than the one that
// the service behind will read.

/** What a covered component is. */
export enum Component {
  Field = 0,
  Method = 1,
  TargetUri = 2,
  Authority = 3,
  Scheme = 4,
  RequestTarget = 5,
  Path = 6,
  Query = 7,
}

/** The most covered components, and the longest text of a parameter. */
export const MOST_COMPONENTS: i32 = 64;
export const MOST_PARAMETER_BYTES: i32 = 256;

const NODES: i32 = 256;
/** The longest signature, before it was decoded: that of an RSA key of 4096 bits. */
const MOST_SIGNATURE_BYTES: i32 = 684;

/** Bytes of the space that a signature is read into. */
export const HTTP_SIGNATURE_SPACE_BYTES: i32 = 2 * NODES * SF_NODE_BYTES + MOST_SIGNATURE_BYTES;

/** No `created`, or no `expires`. */
export const NO_TIME: i64 = -1;

/** A signature that was read. What it points to stays good as long as the two fields and the space that it was read into. */
@unmanaged
export class HttpSignature {
  /** Seconds since 1970, or NO_TIME. */
  created: i64 = 0;
  expires: i64 = 0;
  /** Of `Signature-Input`, and its inner list: the covered components are the `count` nodes that follow it. */
  tape: usize = 0;
  list: i32 = 0;
  count: i32 = 0;
  // Address 0 if there is none.
  keyId: usize = 0;
  keyIdLength: i32 = 0;
  algorithm: usize = 0;
  algorithmLength: i32 = 0;
  nonce: usize = 0;
  nonceLength: i32 = 0;
  tag: usize = 0;
  tagLength: i32 = 0;
  signature: usize = 0;
  signatureLength: i32 = 0;
}

// Words with their lengths in front.
const METHOD: usize = memory.data<u8>([7, 0x40, 0x6d, 0x65, 0x74, 0x68, 0x6f, 0x64]);
const TARGET_URI: usize = memory.data<u8>([11, 0x40, 0x74, 0x61, 0x72, 0x67, 0x65, 0x74, 0x2d, 0x75, 0x72, 0x69]);
const AUTHORITY: usize = memory.data<u8>([10, 0x40, 0x61, 0x75, 0x74, 0x68, 0x6f, 0x72, 0x69, 0x74, 0x79]);
const SCHEME: usize = memory.data<u8>([7, 0x40, 0x73, 0x63, 0x68, 0x65, 0x6d, 0x65]);
const REQUEST_TARGET: usize = memory.data<u8>([
  15, 0x40, 0x72, 0x65, 0x71, 0x75, 0x65, 0x73, 0x74, 0x2d, 0x74, 0x61, 0x72, 0x67, 0x65, 0x74,
]);
const PATH: usize = memory.data<u8>([5, 0x40, 0x70, 0x61, 0x74, 0x68]);
const QUERY: usize = memory.data<u8>([6, 0x40, 0x71, 0x75, 0x65, 0x72, 0x79]);
const CREATED: usize = memory.data<u8>([7, 0x63, 0x72, 0x65, 0x61, 0x74, 0x65, 0x64]);
const EXPIRES: usize = memory.data<u8>([7, 0x65, 0x78, 0x70, 0x69, 0x72, 0x65, 0x73]);
const NONCE: usize = memory.data<u8>([5, 0x6e, 0x6f, 0x6e, 0x63, 0x65]);
const ALG: usize = memory.data<u8>([3, 0x61, 0x6c, 0x67]);
const KEY_ID: usize = memory.data<u8>([5, 0x6b, 0x65, 0x79, 0x69, 0x64]);
const TAG: usize = memory.data<u8>([3, 0x74, 0x61, 0x67]);

const BACKSLASH: u8 = 0x5c;
const AT: u32 = 0x40;
/** No node, and several. */
const NOWHERE: i32 = -1;
const TWICE: i32 = -2;
const UNKNOWN: i32 = -1;

/**
 * Reads the signature with a label, or, for a label of length 0, the only one. The fields are their whole values.
 * @param space has HTTP_SIGNATURE_SPACE_BYTES bytes and is aligned to 8
 */
export function readHttpSignature(
  input: usize,
  inputLength: i32,
  signatures: usize,
  signaturesLength: i32,
  label: usize,
  labelLength: i32,
  space: usize,
  into: HttpSignature,
): SignatureRefusal {
  const nodes = readDictionary(input, inputLength, space, NODES);
  if (nodes < 0) return SignatureRefusal.Input;
  const key = labelLength > 0 ? memberOf(space, nodes, label, labelLength) : onlyMember(space, nodes);
  if (key === TWICE && labelLength > 0) return SignatureRefusal.Input;
  if (key < 0) return SignatureRefusal.Label;
  into.tape = space;
  into.list = key + 1;
  const list = at<SfNode>(space, key + 1);
  if (list.type !== SF_INNER_LIST) return SignatureRefusal.Input;
  into.count = list.length;
  if (!areComponents(into)) return SignatureRefusal.Component;
  if (!readParameters(into)) return SignatureRefusal.Parameter;
  return readSignature(signatures, signaturesLength, at<SfNode>(space, key), into)
    ? SignatureRefusal.None
    : SignatureRefusal.Signature;
}

/** The key of the member with a name; NOWHERE or TWICE. */
function memberOf(tape: usize, nodes: i32, name: usize, length: i32): i32 {
  let found = NOWHERE;
  for (let key = 0; key < nodes; key = at<SfNode>(tape, key).next) {
    const node = at<SfNode>(tape, key);
    if (node.length !== length || !bytesEqual(node.start, name, length)) continue;
    if (found !== NOWHERE) return TWICE;
    found = key;
  }
  return found;
}

function onlyMember(tape: usize, nodes: i32): i32 {
  if (nodes === 0) return NOWHERE;
  return at<SfNode>(tape, 0).next === nodes ? 0 : TWICE;
}

/** Whether the items of the list are names of components, without parameters, none twice (RFC 9421, section 2). */
function areComponents(signature: HttpSignature): bool {
  if (signature.count > MOST_COMPONENTS) return false;
  for (let i = 0; i < signature.count; i++) {
    const node = component(signature, i);
    // The next item follows at once if this one has no parameters.
    if (node.type !== SF_STRING || node.next !== signature.list + 2 + i) return false;
    if (kindOf(node.start, node.length) === UNKNOWN) return false;
    for (let before = 0; before < i; before++) {
      if (sameName(component(signature, before), node)) return false;
    }
  }
  return true;
}

function sameName(a: SfNode, b: SfNode): bool {
  return a.length === b.length && bytesEqual(a.start, b.start, a.length);
}

/** The name of a covered component, below `count`. */
export function component(signature: HttpSignature, index: i32): SfNode {
  return at<SfNode>(signature.tape, signature.list + 1 + index);
}

/** What the covered component at an index below `count` is. */
export function componentKind(signature: HttpSignature, index: i32): Component {
  const name = component(signature, index);
  return kindOf(name.start, name.length);
}

/** Whether a name is one of a component that a signature may cover. */
export function isComponentName(start: usize, length: i32): bool {
  return kindOf(start, length) !== UNKNOWN;
}

/** A Component, or UNKNOWN. `@status` is none of a request (2.2.9), `@query-param` has a parameter, `@signature-params` is never covered (2.3). */
function kindOf(start: usize, length: i32): i32 {
  if (length === 0) return UNKNOWN;
  if (load<u8>(start) !== AT) return isFieldName(start, length) ? Component.Field : UNKNOWN;
  if (isWord(start, length, METHOD)) return Component.Method;
  if (isWord(start, length, TARGET_URI)) return Component.TargetUri;
  if (isWord(start, length, AUTHORITY)) return Component.Authority;
  if (isWord(start, length, SCHEME)) return Component.Scheme;
  if (isWord(start, length, REQUEST_TARGET)) return Component.RequestTarget;
  if (isWord(start, length, PATH)) return Component.Path;
  return isWord(start, length, QUERY) ? Component.Query : UNKNOWN;
}

/** A field name (RFC 9110, section 5.1) in small letters (RFC 9421, section 2.1). */
function isFieldName(start: usize, length: i32): bool {
  for (let i = 0; i < length; i++) {
    const byte = <u32>load<u8>(start + <usize>i);
    if (!isTokenCharacter(byte) || byte - 0x41 < 26) return false;
  }
  return true;
}

/** Whether a component is covered. */
export function covers(signature: HttpSignature, name: usize, length: i32): bool {
  for (let i = 0; i < signature.count; i++) {
    const covered = component(signature, i);
    if (covered.length === length && bytesEqual(covered.start, name, length)) return true;
  }
  return false;
}

/** Reads the parameters of the list (2.3). Others than these may be there; they are signed, too. */
function readParameters(signature: HttpSignature): bool {
  signature.created = NO_TIME;
  signature.expires = NO_TIME;
  signature.keyId = 0;
  signature.algorithm = 0;
  signature.nonce = 0;
  signature.tag = 0;
  const from = signature.list + 1 + signature.count;
  const to = at<SfNode>(signature.tape, signature.list).next;
  for (let key = from; key < to; key += 2) {
    for (let before = from; before < key; before += 2) {
      if (sameName(at<SfNode>(signature.tape, before), at<SfNode>(signature.tape, key))) return false;
    }
    if (!readParameter(at<SfNode>(signature.tape, key), at<SfNode>(signature.tape, key + 1), signature)) return false;
  }
  return true;
}

function readParameter(name: SfNode, value: SfNode, signature: HttpSignature): bool {
  if (isWord(name.start, name.length, CREATED)) {
    signature.created = secondsOf(value);
    return signature.created !== NO_TIME;
  }
  if (isWord(name.start, name.length, EXPIRES)) {
    signature.expires = secondsOf(value);
    return signature.expires !== NO_TIME;
  }
  if (isWord(name.start, name.length, KEY_ID)) {
    signature.keyId = value.start;
    signature.keyIdLength = value.length;
    return isPlainText(value);
  }
  if (isWord(name.start, name.length, ALG)) {
    signature.algorithm = value.start;
    signature.algorithmLength = value.length;
    return isPlainText(value);
  }
  if (isWord(name.start, name.length, NONCE)) {
    signature.nonce = value.start;
    signature.nonceLength = value.length;
    return isPlainText(value);
  }
  if (isWord(name.start, name.length, TAG)) {
    signature.tag = value.start;
    signature.tagLength = value.length;
    return isPlainText(value);
  }
  return true;
}

/** Seconds since 1970, or NO_TIME. */
function secondsOf(value: SfNode): i64 {
  if (value.type !== SF_INTEGER) return NO_TIME;
  const seconds = naturalOfText(value.start, value.length);
  return seconds === NO_INTEGER ? NO_TIME : seconds;
}

/** Whether a value is a string that stands for itself: without escapes, so that it can be compared where it is. */
function isPlainText(value: SfNode): bool {
  if (value.type !== SF_STRING || value.length > MOST_PARAMETER_BYTES) return false;
  return !hasByte(value.start, value.length, BACKSLASH);
}

/** Reads the signature with the name of `label`, without parameters: those would not be signed. */
function readSignature(field: usize, length: i32, label: SfNode, into: HttpSignature): bool {
  const tape = into.tape + <usize>(NODES * SF_NODE_BYTES);
  const nodes = readDictionary(field, length, tape, NODES);
  if (nodes < 0) return false;
  const key = memberOf(tape, nodes, label.start, label.length);
  if (key < 0) return false;
  const value = at<SfNode>(tape, key + 1);
  if (value.type !== SF_BYTES || value.next !== key + 2 || value.length > MOST_SIGNATURE_BYTES) return false;
  into.signature = tape + <usize>(NODES * SF_NODE_BYTES);
  into.signatureLength = base64Decode(value.start, value.length, into.signature, BASE64_STANDARD, true);
  return into.signatureLength >= 0;
}

/**
 * Whether a signature is good at a moment, in seconds since 1970: not made more than `maxAge` seconds before it, nor more than `skew` after it, and not
 * expired.
 */
export function httpSignatureTimesHold(signature: HttpSignature, now: i64, maxAge: i64, skew: i64): SignatureRefusal {
  if (signature.created === NO_TIME) return SignatureRefusal.NotDated;
  if (signature.created + maxAge < now) return SignatureRefusal.TooOld;
  if (signature.created > now + skew) return SignatureRefusal.CreatedAhead;
  if (signature.expires !== NO_TIME && signature.expires + skew <= now) return SignatureRefusal.Expired;
  return SignatureRefusal.None;
}
