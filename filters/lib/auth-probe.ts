// Entry point of the tests: what authentication is made of, as a module of its own. It is not shipped.

import { JwtRefusal, wordOfJwtRefusal } from "./jwt-refusal";

export * from "./hmac";
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
  const word = wordOfJwtRefusal(refusal);
  for (let i = 0; i < word.length; i++) store<u8>(target + i, <u8>word.charCodeAt(i));
  return word.length;
}
