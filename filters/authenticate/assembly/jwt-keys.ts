import { BASE64_URL, base64Decode } from "../../lib/base64";
import { wipeBytes } from "../../lib/bytes";
import {
  arrayOf,
  firstElement,
  keepString,
  member,
  NOWHERE,
  nextElement,
  objectOf,
  refuse,
  requiredMember,
  stringIs,
  stringLength,
  stringOf,
  stringStart,
  tape,
} from "../../lib/document";
import { HMAC_KEY_BYTES, HmacHash, hmacKey } from "../../lib/hmac";
import { JWK_MOST_BYTES, Jwk, KeyType, leastSecretBytes, readJwk } from "../../lib/jwk";
import { JwkRefusal } from "../../lib/jwk-refusal";
import { JWS_MOST_KID_BYTES } from "../../lib/jws";
import { JwsAlgorithm, jwsAlgorithmOf } from "../../lib/jws-algorithm";
import { arenaTake, at, keep, keepRecords } from "../../lib/region";
import { isLiteral, keepText } from "../../lib/text";
import { variableLength, variableOf } from "../../proxy-wasm/environment";

// The keys that tokens may be signed with: public ones as JSON Web Keys, secrets in the environment.

const MOST_KEYS: i32 = 64;

/** Keys of a method. */
@unmanaged
export class JwtKeys {
  count: i32 = 0;
  /** Array of Jwk. The `key` of a secret is what `hmacKey` prepared. */
  list: usize = 0;
  /** 0 while nobody knows them: those of a service before the first answer, or when the last good one is too old. */
  isKnown: i32 = 0;
  /** 1 once a token named a key that is not among them. */
  isMissed: i32 = 0;
}

/** Reads a list of keys; false, and a problem noted, if it is wrong. */
export function readKeys(list: i32, keys: JwtKeys): bool {
  const count = arrayOf(list, 1, MOST_KEYS);
  if (count < 0) return false;
  keys.isKnown = 1;
  keys.list = keepRecords<Jwk>(count);
  if (keys.list === 0) return refuse(list, "needs more memory than the module may have");
  for (let node = firstElement(list); node !== NOWHERE; node = nextElement(list, node)) {
    if (!readKey(node, at<Jwk>(keys.list, keys.count))) return false;
    keys.count++;
  }
  return true;
}

function readKey(node: i32, key: Jwk): bool {
  if (!objectOf(node, "kty kid alg n e crv x y k secret")) return false;
  const type = requiredMember(node, "kty");
  if (type === NOWHERE) return false;
  const isSecret = stringIs(type, "oct");
  if (stringIs(type, "RSA")) {
    if (!objectOf(node, "kty kid alg n e")) return false;
  } else if (stringIs(type, "EC")) {
    if (!objectOf(node, "kty kid alg crv x y")) return false;
  } else if (!isSecret) return refuse(type, "must be RSA, EC or oct");
  else if (!objectOf(node, "kty kid alg k secret")) return false;
  if (isSecret ? !readSecret(node, key) : !readPublicKey(node, key)) return false;
  return readKid(member(node, "kid"), key);
}

function readKid(kid: i32, key: Jwk): bool {
  key.kid = 0;
  key.kidLength = 0;
  if (kid === NOWHERE) return true;
  if (!stringOf(kid, 1, JWS_MOST_KID_BYTES)) return false;
  key.kid = keepString(kid).start;
  key.kidLength = stringLength(kid);
  return true;
}

function readPublicKey(node: i32, key: Jwk): bool {
  const target = arenaTake(JWK_MOST_BYTES);
  if (target === 0) return refuse(node, "needs more memory than the module may have");
  const refusal = readJwk(tape, node, target, key);
  if (refusal !== JwkRefusal.None) return refuseKey(node, refusal);
  key.key = keepText(target, key.keyLength).start;
  return true;
}

function refuseKey(node: i32, refusal: JwkRefusal): bool {
  switch (refusal) {
    case JwkRefusal.Algorithm:
      return refuse(node, "is a key whose algorithm is none that is verified here, or not one of its type");
    case JwkRefusal.Size:
      return refuse(node, "is a key with fewer bits than 2048, or more than 8192");
    case JwkRefusal.Exponent:
      return refuse(node, "is a key with another exponent than 3 and 65537");
    default:
      return refuse(node, "is a key that cannot be used: a part is missing, is no base64url, or is weak");
  }
}

/** A secret that a variable holds: `k` in base64url as a JSON Web Key has it, `secret` as it is. */
function readSecret(node: i32, key: Jwk): bool {
  const algorithm = requiredMember(node, "alg");
  if (algorithm === NOWHERE || !stringOf(algorithm, 5, 5)) return false;
  key.type = KeyType.Secret;
  key.algorithm = jwsAlgorithmOf(stringStart(algorithm), stringLength(algorithm));
  if (key.algorithm < JwsAlgorithm.HS256 || key.algorithm > JwsAlgorithm.HS512)
    return refuse(algorithm, "must be HS256, HS384 or HS512");
  const encoded = member(node, "k");
  const plain = member(node, "secret");
  if ((encoded === NOWHERE) === (plain === NOWHERE)) return refuse(node, "must have one of k and secret");
  const reference = encoded === NOWHERE ? plain : encoded;
  if (!stringOf(reference, 5, 1024)) return false;
  if (!isLiteral(stringStart(reference), 4, "env:")) return refuse(reference, "must begin with env:");
  const value = variableOf(reference);
  if (value === 0) return false;
  const length = variableLength(value);
  if (encoded === NOWHERE) return prepare(reference, value, length, key);
  const decoded = arenaTake(<usize>length);
  if (decoded === 0) return refuse(node, "needs more memory than the module may have");
  const bytes = base64Decode(value, length, decoded, BASE64_URL, false);
  const isGood =
    bytes < 0
      ? refuse(reference, "the environment variable must be base64url without padding")
      : prepare(reference, decoded, bytes, key);
  wipeBytes(decoded, length);
  return isGood;
}

/** No message tells anything of a value but that it is too short. */
function prepare(reference: i32, secret: usize, length: i32, key: Jwk): bool {
  if (length < leastSecretBytes(key.algorithm))
    return refuse(reference, "the environment variable is shorter than the tags of the algorithm");
  key.key = keep(HMAC_KEY_BYTES);
  if (key.key === 0) return refuse(reference, "needs more memory than the module may have");
  key.keyLength = length;
  hmacKey(hashOf(key.algorithm), secret, length, key.key);
  return true;
}

function hashOf(algorithm: JwsAlgorithm): HmacHash {
  if (algorithm === JwsAlgorithm.HS256) return HmacHash.Sha256;
  return algorithm === JwsAlgorithm.HS384 ? HmacHash.Sha384 : HmacHash.Sha512;
}
