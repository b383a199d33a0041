import { attribute, Presence } from "../../lib/attributes";
import { isWord } from "../../lib/bytes";
import {
  arrayOf,
  firstElement,
  integerAt,
  integerOf,
  keepString,
  NOWHERE,
  nextElement,
  objectOf,
  refuse,
  requiredMember,
  stringIs,
  stringLength,
  stringOf,
  stringStart,
} from "../../lib/document";
import { hmacInit, hmacMatches, hmacUpdate } from "../../lib/hmac";
import {
  Component,
  component,
  componentKind,
  covers,
  HTTP_SIGNATURE_SPACE_BYTES,
  HttpSignature,
  httpSignatureTimesHold,
  isComponentName,
  NO_TIME,
  readHttpSignature,
} from "../../lib/http-signature";
import { Interest, wantHeader } from "../../lib/interest";
import { addressOf, arenaTake, at, keepPointers, keepRecord, none, pointerAt, setPointer } from "../../lib/region";
import { beginSignatureBase, endSignatureBase, putDerived, putField, SignedRequest } from "../../lib/signature-base";
import { SignatureRefusal } from "../../lib/signature-refusal";
import { composedLength, composedStart, keepLiteral, Text } from "../../lib/text";
import { unixTime } from "../../proxy-wasm/clock";
import { fieldLength, fieldStart, findField, findFieldNamed } from "../../proxy-wasm/headers";
import { findConsumer } from "./finding";
import { findHmacKey, HmacKeys, hmacKeyAt, ownerOfHmacKey } from "./hmac-keys";
import { Method, MethodKind } from "./method";
import { Nonce, nonceSetsKey, takeNonce } from "./nonces";
import { Outcome } from "./outcome";

// HTTP message signatures (RFC 9421) with HMAC and SHA-256. What is signed is the request as Envoy has it after it normalised the path: where a client
// signed something else, the signature is wrong.

const MOST_REQUIRED: i32 = 32;
/** A day. */
const LONGEST_AGE: i64 = 86400;
const MOST_NONCES: i64 = 1048576;
/** How far ahead the clock of a client may be, in seconds. */
const SKEW: i64 = 5;
/** As large as the headers that Envoy takes, and names and signs between them. */
const BASE_BYTES: i32 = 128 << 10;

// "hmac-sha256", its length in front.
const HMAC_SHA256: usize = memory.data<u8>([11, 0x68, 0x6d, 0x61, 0x63, 0x2d, 0x73, 0x68, 0x61, 0x32, 0x35, 0x36]);

@unmanaged
class HmacMethod {
  /** Addresses of Text. */
  required: usize = 0;
  requiredCount: i32 = 0;
  /** Seconds. */
  maxAge: i64 = 0;
  /** 0: the same signature may come again and again. */
  nonces: i32 = 0;
  noncesKey: Text = none<Text>();
  /** 1: the digest of a body is signed, with which somebody behind the guard has to compare it. */
  signsBody: i32 = 0;
  methodName: Text = none<Text>();
  schemeName: Text = none<Text>();
  authorityName: Text = none<Text>();
  pathName: Text = none<Text>();
}

/** Reads an `hmac`; false, and a problem noted, if it is wrong. */
export function readHmac(node: i32, method: Method, interest: Interest): bool {
  if (!objectOf(node, "components maxAge nonces")) return false;
  const components = requiredMember(node, "components");
  const maxAge = requiredMember(node, "maxAge");
  const nonces = requiredMember(node, "nonces");
  if (components === NOWHERE || maxAge === NOWHERE || nonces === NOWHERE) return false;
  if (!integerOf(maxAge, 1, LONGEST_AGE) || !integerOf(nonces, 0, MOST_NONCES)) return false;
  const own = keepRecord<HmacMethod>();
  if (!readComponents(components, own)) return false;
  own.maxAge = integerAt(maxAge);
  own.nonces = <i32>integerAt(nonces);
  own.noncesKey = nonceSetsKey(own.nonces);
  own.methodName = keepLiteral(":method");
  own.schemeName = keepLiteral("x-forwarded-proto");
  own.authorityName = keepLiteral(":authority");
  own.pathName = keepLiteral(":path");
  method.kind = MethodKind.Hmac;
  method.name = keepLiteral("hmac");
  method.header = keepLiteral("signature-input");
  method.slot = wantHeader(interest, method.header.start, method.header.length);
  method.secondHeader = keepLiteral("signature");
  method.secondSlot = wantHeader(interest, method.secondHeader.start, method.secondHeader.length);
  method.own = addressOf(own);
  return (method.slot >= 0 && method.secondSlot >= 0) || refuse(node, "needs one header too many");
}

function readComponents(list: i32, own: HmacMethod): bool {
  const count = arrayOf(list, 1, MOST_REQUIRED);
  if (count < 0) return false;
  own.required = keepPointers(count);
  if (own.required === 0) return refuse(list, "needs more memory than the module may have");
  for (let node = firstElement(list); node !== NOWHERE; node = nextElement(list, node)) {
    if (!stringOf(node, 1, 64)) return false;
    if (stringIs(node, "content-digest")) own.signsBody = 1;
    if (!isComponentName(stringStart(node), stringLength(node))) {
      return refuse(
        node,
        "must be a header in small letters or one of @method @target-uri @authority @scheme @request-target @path @query",
      );
    }
    setPointer(own.required, own.requiredCount, keepString(node));
    own.requiredCount++;
  }
  return true;
}

/** Whether what a method finds good says something of a body. */
export function signsBody(method: Method): bool {
  return method.kind === MethodKind.Hmac && at<HmacMethod>(method.own, 0).signsBody !== 0;
}

export function hasHmac(method: Method): bool {
  return (
    attribute(method.slot).presence !== Presence.Absent || attribute(method.secondSlot).presence !== Presence.Absent
  );
}

export function verifyHmac(method: Method, keys: HmacKeys): Outcome {
  const own = at<HmacMethod>(method.own, 0);
  const input = attribute(method.slot);
  const field = attribute(method.secondSlot);
  if (input.presence === Presence.Ambiguous || field.presence === Presence.Ambiguous)
    return Outcome.DuplicateCredential;
  if (input.presence === Presence.Absent || field.presence === Presence.Absent) return Outcome.MalformedCredential;
  const record = arenaTake(offsetof<HttpSignature>());
  const space = arenaTake(HTTP_SIGNATURE_SPACE_BYTES);
  if (record === 0 || space === 0) return Outcome.Unavailable;
  const signature = at<HttpSignature>(record, 0);
  const refusal = readHttpSignature(input.start, input.length, field.start, field.length, 0, 0, space, signature);
  if (refusal === SignatureRefusal.Label) return Outcome.DuplicateCredential;
  if (refusal !== SignatureRefusal.None || !isOfThisKind(signature, own)) return Outcome.MalformedCredential;
  if (!coversAll(signature, own)) return Outcome.UncoveredComponent;
  const now = unixTime() / 1000;
  if (now <= 0) return Outcome.Unavailable;
  if (signature.created === NO_TIME) return Outcome.MalformedCredential;
  if (httpSignatureTimesHold(signature, now, own.maxAge, SKEW) !== SignatureRefusal.None)
    return Outcome.ExpiredCredential;
  if (!writeBase(signature, own)) return Outcome.MalformedCredential;
  const index = findHmacKey(keys, signature.keyId, signature.keyIdLength);
  hmacInit(hmacKeyAt(keys, index));
  hmacUpdate(composedStart(), composedLength());
  const matches = hmacMatches(signature.signature, signature.signatureLength);
  if (!matches || index < 0) return Outcome.UnknownCredential;
  const outcome = takeOnce(signature, own, keys, now);
  if (outcome === Outcome.Authenticated) findConsumer(ownerOfHmacKey(keys, index), method.name);
  return outcome;
}

/** Whether it names a key and, where one is needed, a nonce, and no other algorithm. */
function isOfThisKind(signature: HttpSignature, own: HmacMethod): bool {
  if (signature.keyId === 0) return false;
  if (signature.algorithm !== 0 && !isWord(signature.algorithm, signature.algorithmLength, HMAC_SHA256)) return false;
  return own.nonces === 0 || (signature.nonce !== 0 && signature.nonceLength > 0);
}

function coversAll(signature: HttpSignature, own: HmacMethod): bool {
  for (let i = 0; i < own.requiredCount; i++) {
    const name = pointerAt<Text>(own.required, i);
    if (!covers(signature, name.start, name.length)) return false;
  }
  return true;
}

/** Composes what must have been signed; false if the request has not each of the covered components, and once. */
function writeBase(signature: HttpSignature, own: HmacMethod): bool {
  const record = arenaTake(offsetof<SignedRequest>());
  if (record === 0) return false;
  const request = at<SignedRequest>(record, 0);
  request.method = fieldOnce(own.methodName);
  request.methodLength = valueLength;
  request.scheme = fieldOnce(own.schemeName);
  request.schemeLength = valueLength;
  request.authority = fieldOnce(own.authorityName);
  request.authorityLength = valueLength;
  request.target = fieldOnce(own.pathName);
  request.targetLength = valueLength;
  beginSignatureBase(BASE_BYTES);
  for (let i = 0; i < signature.count; i++) {
    if (componentKind(signature, i) !== Component.Field) {
      if (!putDerived(signature, i, request)) return false;
      continue;
    }
    const name = component(signature, i);
    if (findFieldNamed(name.start, name.length) !== 1) return false;
    if (!putField(signature, i, fieldStart(), fieldLength())) return false;
  }
  return endSignatureBase(signature);
}

let valueLength: i32 = 0;

/** The value of a header that is there once; else it is empty, which nothing derived can be. */
function fieldOnce(name: Text): usize {
  const isOnly = findField(name) === 1;
  valueLength = isOnly ? fieldLength() : 0;
  return isOnly ? fieldStart() : 0;
}

function takeOnce(signature: HttpSignature, own: HmacMethod, keys: HmacKeys, now: i64): Outcome {
  if (own.nonces === 0) return Outcome.Authenticated;
  const taken = takeNonce(
    own.noncesKey,
    own.nonces,
    keys.common,
    signature.keyId,
    signature.keyIdLength,
    signature.nonce,
    signature.nonceLength,
    now,
    signature.created + own.maxAge,
  );
  if (taken === Nonce.Used) return Outcome.ReplayedCredential;
  return taken === Nonce.Fresh ? Outcome.Authenticated : Outcome.Unavailable;
}
