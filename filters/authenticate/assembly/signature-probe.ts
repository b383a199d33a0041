// Entry point of the tests: signatures over texts that are no tokens, judged as those of tokens are, in whatever host this runs. It is not shipped.

import { BASE64_STANDARD, base64Decode } from "../../lib/base64";
import { HMAC_KEY_BYTES, HmacHash, hmacInit, hmacKey, hmacMatches, hmacUpdate } from "../../lib/hmac";
import { jsonParse } from "../../lib/json";
import { JSON_NODE_BYTES } from "../../lib/json-tape";
import { Jwk } from "../../lib/jwk";
import { jwksSpaceBytes, readJwks } from "../../lib/jwks";
import { Jws } from "../../lib/jws";
import { JwsAlgorithm } from "../../lib/jws-algorithm";
import { JwtRefusal } from "../../lib/jwt-refusal";
import { arenaMark, arenaRewind, arenaTake, arenaTakeZeroed, at } from "../../lib/region";
import { compose, composedLength, composedStart, putByte, putLiteral } from "../../lib/text";
import { readConfiguration } from "../../proxy-wasm/configuration";
import { log } from "../../proxy-wasm/log";
import { beginCallback } from "../../proxy-wasm/memory";
import { LogLevel } from "../../proxy-wasm/status";
import { JwtKeys } from "./jwt-keys";
import { signatureRefusal } from "./jwt-signature";

export { malloc } from "../../proxy-wasm/memory";

/** What the configuration has for each signature, in base64: this, and then the bytes of what it counts, one behind the other. */
@unmanaged
class Vector {
  algorithm: i32 = 0;
  /** A set of JSON Web Keys; of HMAC, the secret, which may be shorter than one of tokens. */
  keyLength: i32 = 0;
  textLength: i32 = 0;
  signatureLength: i32 = 0;
}

const NODES: i32 = 64;
const DEPTH: i32 = 8;
const NO: u8 = 0x30;
const YES: u8 = 0x31;
/** More than there are, and the words before them. */
const MOST_VERDICTS: i32 = 4096;

export function proxy_abi_version_0_2_1(): void {}

export function proxy_on_context_create(_context: u32, _parent: u32): void {}

/** Writes `verified` and a digit for each signature: 1 for one that is right. */
export function proxy_on_configure(_root: u32, size: u32): u32 {
  beginCallback();
  const source = readConfiguration(<i32>size);
  const length = source === 0 ? -1 : base64Decode(source, <i32>size, source, BASE64_STANDARD, true);
  if (length < 0) return 0;
  compose(MOST_VERDICTS);
  putLiteral("verified ");
  arenaMark();
  const end = source + <usize>length;
  const head = offsetof<Vector>();
  for (let place = source; place + head <= end; ) {
    const vector = at<Vector>(place, 0);
    putByte(isRight(vector, place + head) ? YES : NO);
    place += head + <usize>(vector.keyLength + vector.textLength + vector.signatureLength);
    arenaRewind();
  }
  return log(LogLevel.Info, composedStart(), composedLength()) ? 1 : 0;
}

function isRight(vector: Vector, key: usize): bool {
  const text = key + <usize>vector.keyLength;
  const signature = text + <usize>vector.textLength;
  switch (vector.algorithm) {
    case JwsAlgorithm.HS256:
      return isTagged(HmacHash.Sha256, vector, key, text, signature);
    case JwsAlgorithm.HS384:
      return isTagged(HmacHash.Sha384, vector, key, text, signature);
    case JwsAlgorithm.HS512:
      return isTagged(HmacHash.Sha512, vector, key, text, signature);
    default:
      return isSigned(vector, key, text, signature);
  }
}

function isTagged(hash: HmacHash, vector: Vector, secret: usize, text: usize, tag: usize): bool {
  const key = arenaTake(HMAC_KEY_BYTES);
  if (key === 0) return false;
  hmacKey(hash, secret, vector.keyLength, key);
  hmacInit(key);
  hmacUpdate(text, vector.textLength);
  return hmacMatches(tag, vector.signatureLength);
}

/** As `signatureRefusal` judges a token whose key is the only one. */
function isSigned(vector: Vector, document: usize, text: usize, signature: usize): bool {
  const tape = arenaTake(NODES * JSON_NODE_BYTES);
  const space = arenaTake(<usize>jwksSpaceBytes(vector.keyLength));
  const list = arenaTakeZeroed(offsetof<Jwk>());
  const record = arenaTakeZeroed(offsetof<Jws>());
  const own = arenaTakeZeroed(offsetof<JwtKeys>());
  if (tape === 0 || space === 0 || list === 0 || record === 0 || own === 0) return false;
  if (jsonParse(document, vector.keyLength, tape, NODES, DEPTH) < 0) return false;
  const keys = at<JwtKeys>(own, 0);
  keys.list = list;
  keys.count = readJwks(tape, list, 1, space);
  if (keys.count !== 1) return false;
  const jws = at<Jws>(record, 0);
  jws.algorithm = vector.algorithm;
  jws.signed = text;
  jws.signedLength = vector.textLength;
  jws.signature = signature;
  jws.signatureLength = vector.signatureLength;
  return signatureRefusal(keys, jws) === JwtRefusal.None;
}
