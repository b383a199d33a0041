import {
  arrayOf,
  firstElement,
  integerAt,
  integerOf,
  keepString,
  member,
  NOWHERE,
  nextElement,
  objectOf,
  refuse,
  requiredMember,
  stringLength,
  stringOf,
  stringStart,
} from "../../lib/document";
import { Interest } from "../../lib/interest";
import { Jws, jwsSpaceBytes, readJws, readJwsPayload } from "../../lib/jws";
import { JwsAlgorithm, jwsAlgorithmOf } from "../../lib/jws-algorithm";
import { claimAt, claimIs, JwtClaims, jwtIsFor, jwtTimesHold, NO_CLAIM, readJwtClaims } from "../../lib/jwt";
import { JwtRefusal } from "../../lib/jwt-refusal";
import {
  addressOf,
  arenaTake,
  at,
  exists,
  keepPointers,
  keepRecord,
  none,
  pointerAt,
  setPointer,
} from "../../lib/region";
import { hasByte, keepLiteral, Text } from "../../lib/text";
import { unixTime } from "../../proxy-wasm/clock";
import { credentialLength, credentialStart, readAuthorization } from "./authorization";
import { ClaimHeaders, fillClaimHeaders, readClaimHeaders } from "./claim-headers";
import { Consumers, consumerOfSubject } from "./consumers";
import { findClaimant } from "./finding";
import { JwtKeys, readKeys } from "./jwt-keys";
import { signatureRefusal } from "./jwt-signature";
import { Method, MethodKind } from "./method";
import { Outcome, outcomeOfToken } from "./outcome";
import { nameRemoteKeys, RemoteKeys, readRemoteKeys } from "./remote-keys";
import { addToken, knownToken, newTokenCache, TokenCache } from "./token-cache";

// JSON Web Tokens (RFC 7519) in `Authorization: Bearer`, by one issuer whose keys are known.

const MOST_AUDIENCES: i32 = 64;
const MOST_SKEW: i32 = 60;
const MOST_CACHED: i32 = 16384;
/** If the configuration does not say otherwise. */
const SKEW: i32 = 30;
const CACHED: i32 = 1024;
const SHARED_SECRETS: i32 =
  (1 << (<i32>JwsAlgorithm.HS256)) | (1 << (<i32>JwsAlgorithm.HS384)) | (1 << (<i32>JwsAlgorithm.HS512));

/** What a method of this kind has beside others. */
@unmanaged
class JwtMethod {
  issuer: Text = none<Text>();
  audienceCount: i32 = 0;
  /** Array of addresses of Text. */
  audiences: usize = 0;
  /** Bits of JwsAlgorithm. */
  algorithms: i32 = 0;
  /** Seconds. */
  skew: i32 = 0;
  keys: JwtKeys = none<JwtKeys>();
  /** There if a service publishes the keys. */
  remote: RemoteKeys = none<RemoteKeys>();
  /** Where the claim is that names a consumer: names with spaces between them. */
  consumer: Text = none<Text>();
  headers: ClaimHeaders = none<ClaimHeaders>();
  cache: TokenCache = none<TokenCache>();
}

/** Reads a `jwt`; false, and a problem noted, if it is wrong. */
export function readJwt(node: i32, method: Method, interest: Interest): bool {
  if (!objectOf(node, "issuer audiences algorithms keys jwks skew consumer claimsToHeaders cache")) return false;
  const issuer = requiredMember(node, "issuer");
  const audiences = requiredMember(node, "audiences");
  const algorithms = requiredMember(node, "algorithms");
  if (issuer === NOWHERE || audiences === NOWHERE || algorithms === NOWHERE) return false;
  const own = keepRecord<JwtMethod>();
  if (!stringOf(issuer, 1, 1024)) return false;
  own.issuer = keepString(issuer);
  own.keys = keepRecord<JwtKeys>();
  own.headers = keepRecord<ClaimHeaders>();
  if (!readAudiences(audiences, own) || !readAlgorithms(algorithms, own) || !readSource(node, own)) return false;
  if (!readMore(node, own, interest)) return false;
  method.kind = MethodKind.Jwt;
  method.name = keepLiteral("jwt");
  method.own = addressOf(own);
  return readAuthorization(node, method, "bearer", interest);
}

/** Where the keys are: in the configuration, or at a service. */
function readSource(node: i32, own: JwtMethod): bool {
  const keys = member(node, "keys");
  const jwks = member(node, "jwks");
  if ((keys === NOWHERE) === (jwks === NOWHERE)) return refuse(node, "must have one of keys and jwks");
  if (jwks === NOWHERE) return readKeys(keys, own.keys);
  if ((own.algorithms & SHARED_SECRETS) !== 0)
    return refuse(member(node, "algorithms"), "must be of public keys, as a service publishes no secrets");
  own.remote = readRemoteKeys(jwks, own.keys);
  return exists(own.remote);
}

/** Says of which policy a method is; false if the host does not take that. */
export function nameJwt(method: Method, policy: Text): bool {
  const own = at<JwtMethod>(method.own, 0);
  return !exists(own.remote) || nameRemoteKeys(own.remote, policy, own.cache);
}

/** The headers that tell claims, of a method of this kind. */
export function claimHeadersOf(method: Method): ClaimHeaders {
  return at<JwtMethod>(method.own, 0).headers;
}

function readAudiences(list: i32, own: JwtMethod): bool {
  const count = arrayOf(list, 1, MOST_AUDIENCES);
  if (count < 0) return false;
  own.audiences = keepPointers(count);
  if (own.audiences === 0) return refuse(list, "needs more memory than the module may have");
  for (let node = firstElement(list); node !== NOWHERE; node = nextElement(list, node)) {
    if (!stringOf(node, 1, 1024)) return false;
    setPointer(own.audiences, own.audienceCount++, keepString(node));
  }
  return true;
}

function readAlgorithms(list: i32, own: JwtMethod): bool {
  if (arrayOf(list, 1, 8) < 0) return false;
  for (let node = firstElement(list); node !== NOWHERE; node = nextElement(list, node)) {
    if (!stringOf(node, 0, 16)) return false;
    const algorithm = jwsAlgorithmOf(stringStart(node), stringLength(node));
    const bit = 1 << (<i32>algorithm);
    if (algorithm === JwsAlgorithm.Unknown || (own.algorithms & bit) !== 0)
      return refuse(node, "must be an algorithm that is verified here, each once");
    own.algorithms |= bit;
  }
  return true;
}

function readMore(node: i32, own: JwtMethod, interest: Interest): bool {
  own.skew = SKEW;
  const skew = member(node, "skew");
  if (skew !== NOWHERE) {
    if (!integerOf(skew, 0, MOST_SKEW)) return false;
    own.skew = <i32>integerAt(skew);
  }
  const consumer = member(node, "consumer");
  if (consumer !== NOWHERE && !stringOf(consumer, 1, 256)) return false;
  own.consumer = consumer === NOWHERE ? keepLiteral("sub") : keepString(consumer);
  const headers = member(node, "claimsToHeaders");
  if (headers !== NOWHERE && !readClaimHeaders(headers, own.headers, interest)) return false;
  let cached = CACHED;
  const cache = member(node, "cache");
  if (cache !== NOWHERE) {
    if (!integerOf(cache, 0, MOST_CACHED)) return false;
    cached = <i32>integerAt(cache);
  }
  own.cache = newTokenCache(cached);
  return true;
}

// The token at hand.
const JWS: usize = memory.data(48, 8);
const CLAIMS: usize = memory.data(48, 8);
let tape: usize = 0;
let claims: JwtClaims = none<JwtClaims>();

export function verifyJwt(method: Method, consumers: Consumers): Outcome {
  const token = credentialStart(method);
  const length = credentialLength(method);
  if (length <= 0) return Outcome.MalformedCredential;
  // Proxies join repeated headers with commas (RFC 9110 5.3).
  if (hasByte(token, length, 0x2c)) return Outcome.DuplicateCredential;
  const own = at<JwtMethod>(method.own, 0);
  if (own.keys.isKnown === 0) return withoutKeys(own, token, length);
  const refusal = readToken(own, token, length);
  if (refusal !== JwtRefusal.None) return outcomeOfToken(refusal);
  if (!fillClaimHeaders(own.headers, tape)) return outcomeOfToken(JwtRefusal.Claim);
  const node = claimAt(tape, own.consumer.start, own.consumer.length, 0x20);
  const consumer = consumerOfSubject(consumers, own.issuer, tape, node);
  findClaimant(consumer, method.name, tape, claims, own.headers);
  return Outcome.Authenticated;
}

/** What comes of a token that nobody can verify now: none would be let in that is malformed. */
function withoutKeys(own: JwtMethod, token: usize, length: i32): Outcome {
  const refusal = readHead(own, token, length, at<Jws>(JWS, 0));
  return refusal === JwtRefusal.None ? Outcome.NoKeys : outcomeOfToken(refusal);
}

/** Whether a token is good: one that is known, or one that is verified. Its tape and its claims are `tape` and `claims`. */
function readToken(own: JwtMethod, token: usize, length: i32): JwtRefusal {
  const now = unixTime() / 1000;
  const known = knownToken(own.cache, token, length);
  if (exists(known)) {
    tape = known.tape;
    claims = known.claims;
    return timesHold(own, now);
  }
  const jws = at<Jws>(JWS, 0);
  const refusal = verifyToken(own, token, length, jws);
  if (refusal !== JwtRefusal.None) return refusal;
  const times = timesHold(own, now);
  if (times === JwtRefusal.None) addToken(own.cache, token, length, jws, claims);
  return times;
}

/** A host without a time does not know whether a token has expired. */
function timesHold(own: JwtMethod, now: i64): JwtRefusal {
  return now === 0 ? JwtRefusal.Expired : jwtTimesHold(claims, now, own.skew);
}

/** What can be said of a token without its key. */
function readHead(own: JwtMethod, token: usize, length: i32, jws: Jws): JwtRefusal {
  const space = length > 0 ? arenaTake(jwsSpaceBytes(min(length, 65536))) : 0;
  if (space === 0) return JwtRefusal.Length;
  const refusal = readJws(token, length, space, jws);
  if (refusal !== JwtRefusal.None) return refusal;
  return (own.algorithms & (1 << jws.algorithm)) === 0 ? JwtRefusal.Algorithm : JwtRefusal.None;
}

/** All that does not depend on the time. */
function verifyToken(own: JwtMethod, token: usize, length: i32, jws: Jws): JwtRefusal {
  let refusal = readHead(own, token, length, jws);
  if (refusal !== JwtRefusal.None) return refusal;
  refusal = signatureRefusal(own.keys, jws);
  if (refusal === JwtRefusal.None) refusal = readJwsPayload(jws);
  if (refusal !== JwtRefusal.None) return refusal;
  tape = jws.tape;
  claims = at<JwtClaims>(CLAIMS, 0);
  refusal = readJwtClaims(tape, claims);
  if (refusal !== JwtRefusal.None) return refusal;
  if (!claimIs(tape, claims.issuer, own.issuer.start, own.issuer.length)) return JwtRefusal.Issuer;
  return isForUs(own) ? JwtRefusal.None : JwtRefusal.Audience;
}

function isForUs(own: JwtMethod): bool {
  if (claims.audience === NO_CLAIM) return false;
  for (let i = 0; i < own.audienceCount; i++) {
    const audience = pointerAt<Text>(own.audiences, i);
    if (jwtIsFor(tape, claims, audience.start, audience.length)) return true;
  }
  return false;
}
