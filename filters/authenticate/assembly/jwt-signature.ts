import { Curve, ECDSA_MOST_DER_BYTES, ecdsaToDer } from "../../lib/ecdsa";
import { Jwk, KeyType } from "../../lib/jwk";
import { findJwk, NO_SUCH_KID } from "../../lib/jwks";
import { Jws, jwsHmacMatches } from "../../lib/jws";
import { JwsAlgorithm } from "../../lib/jws-algorithm";
import { JwtRefusal } from "../../lib/jwt-refusal";
import { at } from "../../lib/region";
import { HashFunction, verifySignature } from "../../proxy-wasm/foreign-functions";
import { JwtKeys } from "./jwt-keys";

// The signature of a token: HMAC is verified here, RSA and ECDSA by Envoy.

const DER: usize = memory.data(ECDSA_MOST_DER_BYTES + 8, 8);

/** Why a token is not by the one key that it means; None if it is. */
export function signatureRefusal(keys: JwtKeys, jws: Jws): JwtRefusal {
  const index = findJwk(keys.list, keys.count, jws.kid, jws.kidLength, jws.algorithm);
  if (index === NO_SUCH_KID) keys.isMissed = 1;
  if (index < 0) return JwtRefusal.Key;
  const key = at<Jwk>(keys.list, index);
  if (isSignedBy(key, jws)) return JwtRefusal.None;
  // A key without a name is for tokens of any: of this one there may be another.
  if (key.kid === 0 && jws.kid !== 0) keys.isMissed = 1;
  return JwtRefusal.Signature;
}

function isSignedBy(key: Jwk, jws: Jws): bool {
  if (key.type === KeyType.Secret) return jwsHmacMatches(jws, key.key);
  if (key.type === KeyType.Rsa) return isVerified(key, jws, jws.signature, jws.signatureLength);
  const curve: Curve = key.curve;
  const length = ecdsaToDer(curve, jws.signature, jws.signatureLength, DER);
  return length > 0 && isVerified(key, jws, DER, length);
}

function isVerified(key: Jwk, jws: Jws, signature: usize, length: i32): bool {
  const hash = hashOf(jws.algorithm);
  return verifySignature(hash, key.key, key.keyLength, signature, length, jws.signed, jws.signedLength);
}

function hashOf(algorithm: JwsAlgorithm): HashFunction {
  switch (algorithm) {
    case JwsAlgorithm.RS256:
    case JwsAlgorithm.ES256:
      return HashFunction.Sha256;
    case JwsAlgorithm.RS384:
    case JwsAlgorithm.ES384:
      return HashFunction.Sha384;
    default:
      return HashFunction.Sha512;
  }
}
