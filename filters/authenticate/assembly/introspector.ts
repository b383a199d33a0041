import { BASE64_STANDARD, base64Encode } from "../../lib/base64";
import { isVisibleAscii, wipeBytes } from "../../lib/bytes";
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
import { formBytes, formEncode } from "../../lib/form";
import { Interest } from "../../lib/interest";
import { arenaTake, keepPointers, keepRecord, none, setPointer } from "../../lib/region";
import {
  compose,
  composed,
  composedLength,
  composedStart,
  hasByte,
  isLiteral,
  keepLiteral,
  put,
  putByte,
  putLiteral,
  Text,
} from "../../lib/text";
import { variableLength, variableOf } from "../../proxy-wasm/environment";
import { addPair, beginPairs, keepPairs } from "../../proxy-wasm/headers";
import { NO_COUNTER, newGauge } from "../../proxy-wasm/metrics";
import { ClaimHeaders, readClaimHeaders } from "./claim-headers";
import { Asker } from "./questions";
import { newRefusedTokens, RefusedTokens } from "./refused-tokens";
import { newTokenCache, TokenCache } from "./token-cache";

// The service that knows what tokens are (RFC 7662), as the configuration names it.

const LONGEST_CLUSTER: i32 = 1024;
const LONGEST_AUTHORITY: i32 = 260;
const LONGEST_PATH: i32 = 1024;
const MOST_AUDIENCES: i32 = 64;
const LONGEST_TIMEOUT: i64 = 60000;
/** An hour. */
const LONGEST_TTL: i64 = 3600000;
const MOST_CACHED: i32 = 16384;
const MOST_PENDING: i32 = 4096;
/** If the configuration does not say otherwise. */
const CACHED: i32 = 1024;
const PENDING: i32 = 1024;

const MILLISECOND: u64 = 1000000;
const SLASH: u8 = 0x2f;
const COLON: u8 = 0x3a;

/** What a method of this kind has beside others. */
@unmanaged
export class Introspector {
  asker: Asker = none<Asker>();
  /** Missing if tokens of any issuer are taken that the service vouches for. */
  issuer: Text = none<Text>();
  audienceCount: i32 = 0;
  /** Array of addresses of Text. */
  audiences: usize = 0;
  /** Where the claim is that names a consumer: names with spaces between them. */
  consumer: Text = none<Text>();
  headers: ClaimHeaders = none<ClaimHeaders>();
  /** Nanoseconds for which an answer holds. */
  ttl: u64 = 0;
  cache: TokenCache = none<TokenCache>();
  refused: RefusedTokens = none<RefusedTokens>();
}

/** Reads an `introspect`; false, and a problem noted, if it is wrong. */
export function readIntrospector(node: i32, own: Introspector, policy: Text, interest: Interest): bool {
  if (
    !objectOf(
      node,
      "cluster authority path client secret timeoutMs ttlMs cache pending issuer audiences consumer claimsToHeaders",
    )
  )
    return false;
  own.headers = keepRecord<ClaimHeaders>();
  own.asker = keepRecord<Asker>();
  own.asker.gauge = newGauge("waiting", policy, "requests");
  if (own.asker.gauge === NO_COUNTER) return refuse(node, "the host defines no gauge");
  return (
    readService(node, own.asker) && readTimes(node, own) && readExpected(node, own) && readTold(node, own, interest)
  );
}

function readService(node: i32, asker: Asker): bool {
  const cluster = requiredMember(node, "cluster");
  const authority = requiredMember(node, "authority");
  const path = requiredMember(node, "path");
  const client = requiredMember(node, "client");
  const secret = requiredMember(node, "secret");
  if (cluster === NOWHERE || authority === NOWHERE || path === NOWHERE || client === NOWHERE || secret === NOWHERE)
    return false;
  if (!stringOf(cluster, 1, LONGEST_CLUSTER) || !visibleOf(authority, LONGEST_AUTHORITY)) return false;
  if (!visibleOf(path, LONGEST_PATH)) return false;
  if (!hasByte(stringStart(path), 1, SLASH)) return refuse(path, "must begin with a slash");
  asker.cluster = keepString(cluster);
  if (!composeAuthorization(client, secret)) return false;
  const start = composedStart();
  const length = composedLength();
  asker.headers = headersOf(authority, path, start, length);
  wipeBytes(start, length);
  return true;
}

function visibleOf(node: i32, most: i32): bool {
  if (!stringOf(node, 1, most)) return false;
  return isVisibleAscii(stringStart(node), stringLength(node)) || refuse(node, "must be visible ASCII");
}

/** Address of what a reference to a variable stands for; 0, and a problem noted, if there is nothing. */
function secretOf(node: i32): usize {
  if (!stringOf(node, 5, 1024)) return 0;
  if (isLiteral(stringStart(node), 4, "env:")) return variableOf(node);
  refuse(node, "must begin with env:");
  return 0;
}

/** Composes how the gateway says who it is: by HTTP Basic, id and secret encoded as in forms (RFC 6749, section 2.3.1). */
function composeAuthorization(client: i32, secret: i32): bool {
  const id = secretOf(client);
  const password = id === 0 ? 0 : secretOf(secret);
  if (password === 0) return false;
  const idLength = variableLength(id);
  const passwordLength = variableLength(password);
  const room = max(formBytes(idLength), formBytes(passwordLength));
  const part = arenaTake(<usize>room);
  if (part === 0) return refuse(client, "needs more memory than the module may have");
  compose(2 * room + 1);
  put(part, formEncode(id, idLength, part));
  putByte(COLON);
  put(part, formEncode(password, passwordLength, part));
  wipeBytes(part, room);
  const plain = composedStart();
  const length = composedLength();
  const encoded = composed() ? arenaTake(<usize>(((length + 2) / 3) << 2)) : 0;
  if (encoded === 0) return refuse(client, "needs more memory than the module may have");
  const encodedLength = base64Encode(plain, length, encoded, BASE64_STANDARD, true);
  wipeBytes(plain, length);
  compose(encodedLength + 6);
  putLiteral("Basic ");
  put(encoded, encodedLength);
  wipeBytes(encoded, encodedLength);
  return composed() || refuse(client, "needs more memory than the module may have");
}

/** The request but for its body; how the gateway says who it is, is at `start`. */
function headersOf(authority: i32, path: i32, start: usize, length: i32): Text {
  const method = keepLiteral(":method");
  const post = keepLiteral("POST");
  const pathName = keepLiteral(":path");
  const authorityName = keepLiteral(":authority");
  const accept = keepLiteral("accept");
  const json = keepLiteral("application/json");
  const contentType = keepLiteral("content-type");
  const form = keepLiteral("application/x-www-form-urlencoded");
  const authorization = keepLiteral("authorization");
  beginPairs();
  addPair(method, post.start, post.length);
  addPair(pathName, stringStart(path), stringLength(path));
  addPair(authorityName, stringStart(authority), stringLength(authority));
  addPair(accept, json.start, json.length);
  addPair(contentType, form.start, form.length);
  addPair(authorization, start, length);
  return keepPairs();
}

function readTimes(node: i32, own: Introspector): bool {
  const timeout = requiredMember(node, "timeoutMs");
  const ttl = requiredMember(node, "ttlMs");
  if (timeout === NOWHERE || ttl === NOWHERE) return false;
  if (!integerOf(timeout, 1, LONGEST_TIMEOUT) || !integerOf(ttl, 0, LONGEST_TTL)) return false;
  own.asker.timeout = <i32>integerAt(timeout);
  own.ttl = <u64>integerAt(ttl) * MILLISECOND;
  let cached = CACHED;
  const cache = member(node, "cache");
  if (cache !== NOWHERE) {
    if (!integerOf(cache, 0, MOST_CACHED)) return false;
    cached = <i32>integerAt(cache);
  }
  if (own.ttl > 0) {
    own.cache = newTokenCache(cached);
    own.refused = newRefusedTokens(cached);
  }
  own.asker.most = PENDING;
  const pending = member(node, "pending");
  if (pending === NOWHERE) return true;
  if (!integerOf(pending, 1, MOST_PENDING)) return false;
  own.asker.most = <i32>integerAt(pending);
  return true;
}

function readExpected(node: i32, own: Introspector): bool {
  const issuer = member(node, "issuer");
  if (issuer !== NOWHERE) {
    if (!stringOf(issuer, 1, 1024)) return false;
    own.issuer = keepString(issuer);
  }
  const list = member(node, "audiences");
  if (list === NOWHERE) return true;
  const count = arrayOf(list, 1, MOST_AUDIENCES);
  if (count < 0) return false;
  own.audiences = keepPointers(count);
  if (own.audiences === 0) return refuse(list, "needs more memory than the module may have");
  for (let item = firstElement(list); item !== NOWHERE; item = nextElement(list, item)) {
    if (!stringOf(item, 1, 1024)) return false;
    setPointer(own.audiences, own.audienceCount++, keepString(item));
  }
  return true;
}

function readTold(node: i32, own: Introspector, interest: Interest): bool {
  const consumer = member(node, "consumer");
  if (consumer !== NOWHERE && !stringOf(consumer, 1, 256)) return false;
  own.consumer = consumer === NOWHERE ? keepLiteral("sub") : keepString(consumer);
  const headers = member(node, "claimsToHeaders");
  return headers === NOWHERE || readClaimHeaders(headers, own.headers, interest);
}
