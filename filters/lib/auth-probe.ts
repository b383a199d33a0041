// Entry point of the tests: what authentication is made of, as a module of its own. It is not shipped.

import { JwkRefusal, wordOfJwkRefusal } from "./jwk-refusal";
import { JwtRefusal, wordOfJwtRefusal } from "./jwt-refusal";
import { SignatureRefusal, wordOfSignatureRefusal } from "./signature-refusal";
import { putInnerList, putItem } from "./structured-output";
import { compose, composed, composedLength } from "./text";

export { contentDigestHolds, readContentDigest } from "./content-digest";
export { ecdsaToDer } from "./ecdsa";
export * from "./hmac";
export { componentKind, covers, httpSignatureTimesHold, readHttpSignature } from "./http-signature";
export { jsonParse } from "./json";
export { readJwk } from "./jwk";
export { findJwk, jwksPassedOver, jwksSpaceBytes, readJwks } from "./jwks";
export { jwsHmacMatches, jwsSpaceBytes, readJws, readJwsPayload } from "./jws";
export { claimAt, claimIs, claimTexts, jwtIsFor, jwtScopes, jwtTimesHold, readJwtClaims } from "./jwt";
export * from "./pbkdf2";
export { arenaReset } from "./region";
export * from "./sha512";
export { beginSignatureBase, endSignatureBase, putDerived, putField } from "./signature-base";
export { readDictionary, readItem, readList } from "./structured-fields";
export { composedLength, composedStart } from "./text";

/** First address that no static data of the library uses. */
export function heapBase(): usize {
  return __heap_base;
}

/** Composes an item, or an inner list, in the form that it has when it is sent; returns its length. */
export function composeStructured(tape: usize, node: i32, isList: bool, capacity: i32): i32 {
  compose(capacity);
  if (isList) putInnerList(tape, node);
  else putItem(tape, node);
  return composed() ? composedLength() : -1;
}

/** Writes the word for a reason; returns its length. Strings do not leave a module. */
export function writeJwtRefusal(refusal: JwtRefusal, target: usize): i32 {
  return writeWord(wordOfJwtRefusal(refusal), target);
}

export function writeJwkRefusal(refusal: JwkRefusal, target: usize): i32 {
  return writeWord(wordOfJwkRefusal(refusal), target);
}

export function writeSignatureRefusal(refusal: SignatureRefusal, target: usize): i32 {
  return writeWord(wordOfSignatureRefusal(refusal), target);
}

function writeWord(word: string, target: usize): i32 {
  for (let i = 0; i < word.length; i++) store<u8>(target + i, <u8>word.charCodeAt(i));
  return word.length;
}
