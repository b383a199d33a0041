// Entry point of the tests: what authentication is made of, as a module of its own. It is not shipped.

import { JwkRefusal, wordOfJwkRefusal } from "./jwk-refusal";
import { JwtRefusal, wordOfJwtRefusal } from "./jwt-refusal";

export { ecdsaToDer } from "./ecdsa";
export * from "./hmac";
export { jsonParse } from "./json";
export { readJwk } from "./jwk";
export { findJwk, jwksPassedOver, jwksSpaceBytes, readJwks } from "./jwks";
export { jwsHmacMatches, jwsSpaceBytes, readJws, readJwsPayload } from "./jws";
export { claimAt, claimTexts, jwtIsFor, jwtScopes, jwtTimesHold, readJwtClaims } from "./jwt";
export * from "./pbkdf2";
export * from "./sha512";

/** First address that no static data of the library uses. */
export function heapBase(): usize {
  return __heap_base;
}

/** Writes the word for a reason; returns its length. Strings do not leave a module. */
export function writeJwtRefusal(refusal: JwtRefusal, target: usize): i32 {
  return writeWord(wordOfJwtRefusal(refusal), target);
}

export function writeJwkRefusal(refusal: JwkRefusal, target: usize): i32 {
  return writeWord(wordOfJwkRefusal(refusal), target);
}

function writeWord(word: string, target: usize): i32 {
  for (let i = 0; i < word.length; i++) store<u8>(target + i, <u8>word.charCodeAt(i));
  return word.length;
}
