import { BASE64_URL, base64Decode } from "./base64";
import { isWord } from "./bytes";
import { Curve } from "./ecdsa";
import {
  JSON_ARRAY,
  JSON_OBJECT,
  JSON_STRING,
  jsonLength,
  jsonMember,
  jsonNext,
  jsonStart,
  jsonType,
} from "./json-tape";
import { JwkRefusal } from "./jwk-refusal";
import { JWS_MOST_KID_BYTES } from "./jws";
import { JwsAlgorithm, jwsAlgorithmOf } from "./jws-algorithm";
import { ecPoint, isCoordinate, RSA_MOST_BITS, refusalOfRsa, SPKI_MOST_BYTES, writeEcKey, writeRsaKey } from "./spki";

// JSON Web Keys (RFC 7517, RFC 7518 section 6) that verify signatures: RSA, EC with P-256 or P-384, and secrets of HMAC. Read when a set of keys is loaded,
// never on a request.

export enum KeyType {
  Unknown = 0,
  Rsa = 1,
  Ec = 2,
  Secret = 3,
}

/** A key that was read. */
@unmanaged
export class Jwk {
  type: i32 = 0;
  /** The only algorithm that it may be used with; Unknown if any of its type. The curve of an EC key leaves one. */
  algorithm: i32 = 0;
  /** Of an EC key. */
  curve: i32 = 0;
  /** In the document; address 0 if there is none. */
  kid: usize = 0;
  kidLength: i32 = 0;
  /** SubjectPublicKeyInfo in DER, or the bytes of a secret; address 0 if it cannot be used. */
  key: usize = 0;
  keyLength: i32 = 0;
}

/** Bytes that a key is read to, at most: a text of this key, decoded, and what is put around it. */
export const JWK_MOST_BYTES: i32 = SPKI_MOST_BYTES;

// The numbers of an RSA key before they are written as one, and a group of base64 that may hang over.
const MODULUS: usize = memory.data(RSA_MOST_BITS / 8 + 4, 8);
const EXPONENT_ROOM: i32 = 8;
const EXPONENT: usize = memory.data(EXPONENT_ROOM + 4, 8);
const MOST_SECRET_BYTES: i32 = 1024;

// Words with their lengths in front.
const KTY: usize = memory.data<u8>([3, 0x6b, 0x74, 0x79]);
const USE: usize = memory.data<u8>([3, 0x75, 0x73, 0x65]);
const KEY_OPS: usize = memory.data<u8>([7, 0x6b, 0x65, 0x79, 0x5f, 0x6f, 0x70, 0x73]);
const ALG: usize = memory.data<u8>([3, 0x61, 0x6c, 0x67]);
const KID: usize = memory.data<u8>([3, 0x6b, 0x69, 0x64]);
const CRV: usize = memory.data<u8>([3, 0x63, 0x72, 0x76]);
const N: usize = memory.data<u8>([1, 0x6e]);
const E: usize = memory.data<u8>([1, 0x65]);
const X: usize = memory.data<u8>([1, 0x78]);
const Y: usize = memory.data<u8>([1, 0x79]);
const K: usize = memory.data<u8>([1, 0x6b]);
const D: usize = memory.data<u8>([1, 0x64]);
const RSA: usize = memory.data<u8>([3, 0x52, 0x53, 0x41]);
const EC: usize = memory.data<u8>([2, 0x45, 0x43]);
const OCT: usize = memory.data<u8>([3, 0x6f, 0x63, 0x74]);
const SIG: usize = memory.data<u8>([3, 0x73, 0x69, 0x67]);
const VERIFY: usize = memory.data<u8>([6, 0x76, 0x65, 0x72, 0x69, 0x66, 0x79]);
const P_256: usize = memory.data<u8>([5, 0x50, 0x2d, 0x32, 0x35, 0x36]);
const P_384: usize = memory.data<u8>([5, 0x50, 0x2d, 0x33, 0x38, 0x34]);

/** No member; the value of one is never the first node. */
const NOTHING: i32 = -1;
const TOO_LONG: i32 = -2;

/** Reads the key at a node of a document; what it is made of goes to `target`, which has JWK_MOST_BYTES bytes. */
export function readJwk(tape: usize, node: i32, target: usize, jwk: Jwk): JwkRefusal {
  jwk.key = 0;
  jwk.keyLength = 0;
  jwk.curve = 0;
  if (jsonType(tape, node) !== JSON_OBJECT) return JwkRefusal.Type;
  jwk.type = typeOf(tape, memberOf(tape, node, KTY));
  if (jwk.type === KeyType.Unknown) return JwkRefusal.Type;
  if (!verifies(tape, node)) return JwkRefusal.Use;
  if (!readAlgorithm(tape, node, jwk)) return JwkRefusal.Algorithm;
  if (!readKid(tape, node, jwk)) return JwkRefusal.Kid;
  const refusal = readParts(tape, node, target, jwk);
  if (refusal === JwkRefusal.None) jwk.key = target;
  return refusal;
}

function readParts(tape: usize, node: i32, target: usize, jwk: Jwk): JwkRefusal {
  if (jwk.type !== KeyType.Secret && memberOf(tape, node, D) !== NOTHING) return JwkRefusal.Private;
  if (jwk.type === KeyType.Rsa) return readRsa(tape, node, target, jwk);
  return jwk.type === KeyType.Ec ? readEc(tape, node, target, jwk) : readSecret(tape, node, target, jwk);
}

function memberOf(tape: usize, node: i32, word: usize): i32 {
  return jsonMember(tape, node, word + 1, load<u8>(word));
}

function saysWord(tape: usize, node: i32, word: usize): bool {
  return jsonType(tape, node) === JSON_STRING && isWord(jsonStart(tape, node), jsonLength(tape, node), word);
}

function typeOf(tape: usize, kty: i32): KeyType {
  if (kty === NOTHING) return KeyType.Unknown;
  if (saysWord(tape, kty, RSA)) return KeyType.Rsa;
  if (saysWord(tape, kty, EC)) return KeyType.Ec;
  return saysWord(tape, kty, OCT) ? KeyType.Secret : KeyType.Unknown;
}

/** Whether neither `use` nor `key_ops` says otherwise (RFC 7517, sections 4.2 and 4.3). */
function verifies(tape: usize, node: i32): bool {
  const use = memberOf(tape, node, USE);
  if (use !== NOTHING && !saysWord(tape, use, SIG)) return false;
  const operations = memberOf(tape, node, KEY_OPS);
  if (operations === NOTHING) return true;
  if (jsonType(tape, operations) !== JSON_ARRAY) return false;
  const end = jsonNext(tape, operations);
  for (let operation = operations + 1; operation < end; operation = jsonNext(tape, operation)) {
    if (saysWord(tape, operation, VERIFY)) return true;
  }
  return false;
}

function readKid(tape: usize, node: i32, jwk: Jwk): bool {
  jwk.kid = 0;
  jwk.kidLength = 0;
  const kid = memberOf(tape, node, KID);
  if (kid === NOTHING) return true;
  if (jsonType(tape, kid) !== JSON_STRING || jsonLength(tape, kid) > JWS_MOST_KID_BYTES) return false;
  jwk.kid = jsonStart(tape, kid);
  jwk.kidLength = jsonLength(tape, kid);
  return true;
}

/** `alg`, if there is one, is of ours and of the type of the key. */
function readAlgorithm(tape: usize, node: i32, jwk: Jwk): bool {
  jwk.algorithm = JwsAlgorithm.Unknown;
  const alg = memberOf(tape, node, ALG);
  if (alg === NOTHING) return true;
  if (jsonType(tape, alg) !== JSON_STRING) return false;
  jwk.algorithm = jwsAlgorithmOf(jsonStart(tape, alg), jsonLength(tape, alg));
  return keyTypeFor(jwk.algorithm) === jwk.type;
}

/** The type of the keys that an algorithm is used with. */
function keyTypeFor(algorithm: JwsAlgorithm): KeyType {
  switch (algorithm) {
    case JwsAlgorithm.HS256:
    case JwsAlgorithm.HS384:
    case JwsAlgorithm.HS512:
      return KeyType.Secret;
    case JwsAlgorithm.RS256:
    case JwsAlgorithm.RS384:
    case JwsAlgorithm.RS512:
      return KeyType.Rsa;
    case JwsAlgorithm.ES256:
    case JwsAlgorithm.ES384:
      return KeyType.Ec;
    default:
      return KeyType.Unknown;
  }
}

/** Decodes a member in base64url; returns its bytes, NOTHING if there is none or it is something else, or TOO_LONG. */
function decodeMember(tape: usize, node: i32, word: usize, target: usize, most: i32): i32 {
  const value = memberOf(tape, node, word);
  if (value === NOTHING || jsonType(tape, value) !== JSON_STRING) return NOTHING;
  const length = jsonLength(tape, value);
  if (length / 4 > most / 3) return TOO_LONG;
  return base64Decode(jsonStart(tape, value), length, target, BASE64_URL, false);
}

function readRsa(tape: usize, node: i32, target: usize, jwk: Jwk): JwkRefusal {
  const modulusLength = decodeMember(tape, node, N, MODULUS, RSA_MOST_BITS / 8);
  if (modulusLength === NOTHING) return JwkRefusal.Member;
  const exponentLength = decodeMember(tape, node, E, EXPONENT, EXPONENT_ROOM);
  if (exponentLength === NOTHING) return JwkRefusal.Member;
  const refusal = refusalOfRsa(MODULUS, modulusLength, EXPONENT, exponentLength);
  if (refusal !== JwkRefusal.None) return refusal;
  jwk.keyLength = writeRsaKey(MODULUS, modulusLength, EXPONENT, exponentLength, target);
  return JwkRefusal.None;
}

function readEc(tape: usize, node: i32, target: usize, jwk: Jwk): JwkRefusal {
  const crv = memberOf(tape, node, CRV);
  if (crv === NOTHING) return JwkRefusal.Member;
  const isP256 = saysWord(tape, crv, P_256);
  if (!isP256 && !saysWord(tape, crv, P_384)) return JwkRefusal.Type;
  const curve = isP256 ? Curve.P256 : Curve.P384;
  const algorithm = isP256 ? JwsAlgorithm.ES256 : JwsAlgorithm.ES384;
  if (jwk.algorithm !== JwsAlgorithm.Unknown && jwk.algorithm !== algorithm) return JwkRefusal.Algorithm;
  jwk.algorithm = algorithm;
  jwk.curve = curve;
  const x = ecPoint(curve, target);
  const y = x + <usize>curve;
  // Whole coordinates, with the zeros before them (RFC 7518, section 6.2.1.2).
  if (decodeMember(tape, node, X, x, curve) !== curve || decodeMember(tape, node, Y, y, curve) !== curve)
    return JwkRefusal.Point;
  if (!isCoordinate(curve, x) || !isCoordinate(curve, y)) return JwkRefusal.Point;
  jwk.keyLength = writeEcKey(curve, target);
  return JwkRefusal.None;
}

function readSecret(tape: usize, node: i32, target: usize, jwk: Jwk): JwkRefusal {
  const length = decodeMember(tape, node, K, target, MOST_SECRET_BYTES);
  if (length === NOTHING) return JwkRefusal.Member;
  if (length < leastSecretBytes(jwk.algorithm)) return JwkRefusal.Size;
  jwk.keyLength = length;
  return JwkRefusal.None;
}

/** A secret is at least as long as the tags that it makes (RFC 7518, section 3.2); of no algorithm yet, as the shortest of them. */
export function leastSecretBytes(algorithm: JwsAlgorithm): i32 {
  if (algorithm === JwsAlgorithm.HS384) return 48;
  return algorithm === JwsAlgorithm.HS512 ? 64 : 32;
}

/** Whether a key that can be used may verify what was signed by an algorithm. */
export function jwkFits(jwk: Jwk, algorithm: JwsAlgorithm): bool {
  if (jwk.algorithm !== JwsAlgorithm.Unknown) return jwk.algorithm === algorithm;
  if (jwk.type !== keyTypeFor(algorithm)) return false;
  return jwk.type !== KeyType.Secret || jwk.keyLength >= leastSecretBytes(algorithm);
}
