import { BASE64_STANDARD, base64Decode } from "../../lib/base64";
import { isVisibleAscii, wipeBytes } from "../../lib/bytes";
import {
  keepString,
  NOWHERE,
  objectOf,
  refuse,
  requiredMember,
  stringLength,
  stringOf,
  stringStart,
} from "../../lib/document";
import { HMAC_KEY_BYTES, HmacHash, hmacKey } from "../../lib/hmac";
import { MOST_PARAMETER_BYTES } from "../../lib/http-signature";
import { arenaTake, at, exists, keep, keepRecord, none } from "../../lib/region";
import { SHA256_BYTES, sha256Final, sha256Init, sha256Update } from "../../lib/sha256";
import { addName, findName, NameTable, newNameTable } from "../../lib/table";
import { hasByte, isLiteral } from "../../lib/text";
import { LONGEST_VARIABLE, variableLength, variableOf } from "../../proxy-wasm/environment";
import { Consumer } from "./consumers";

// Secrets of HTTP message signatures, by the identifier that a signature names. Only prepared keys are kept, which show no secret.

/** What stands before the text of a secret that is written in base64. */
const BASE64_MARK: i32 = 7;

/** Whose key it is, and behind the record the prepared key. */
@unmanaged
class OwnedKey {
  consumer: Consumer = none<Consumer>();
  unused: i32 = 0;
}

const OWNER_BYTES: usize = 8;
const KEY_BYTES: usize = OWNER_BYTES + HMAC_KEY_BYTES;

@unmanaged
export class HmacKeys {
  names: NameTable = none<NameTable>();
  count: i32 = 0;
  /** Each KEY_BYTES long. */
  keys: usize = 0;
  /** Prepared: of all secrets together. No consumer knows it, and all workers have the same. */
  common: usize = 0;
}

const DIGEST: usize = memory.data(SHA256_BYTES, 8);

/** Room for up to `count` keys; the missing record without memory. */
export function newHmacKeys(count: i32): HmacKeys {
  const keys = keepRecord<HmacKeys>();
  keys.names = newNameTable(count, true);
  keys.keys = keep(<usize>(count + 1) * KEY_BYTES);
  keys.common = keep(HMAC_KEY_BYTES);
  return exists(keys.names) && keys.keys !== 0 && keys.common !== 0 ? keys : none<HmacKeys>();
}

/** Reads an `hmac` of a consumer; false, and a problem noted, if it is wrong. No message tells anything of a value. */
export function readHmacKey(node: i32, consumer: Consumer, keys: HmacKeys): bool {
  if (!objectOf(node, "keyId secret")) return false;
  const keyId = requiredMember(node, "keyId");
  const secret = requiredMember(node, "secret");
  if (keyId === NOWHERE || secret === NOWHERE || !keyIdOf(keyId)) return false;
  if (!stringOf(secret, 5, 1024)) return false;
  if (!isLiteral(stringStart(secret), 4, "env:")) return refuse(secret, "must begin with env:");
  const value = variableOf(secret);
  if (value === 0) return false;
  if (!addName(keys.names, keepString(keyId), keys.count)) {
    return refuse(keyId, "is an identifier that a consumer already has");
  }
  const owned = keys.keys + <usize>keys.count * KEY_BYTES;
  at<OwnedKey>(owned, 0).consumer = consumer;
  keys.count++;
  return prepare(secret, value, variableLength(value), owned + OWNER_BYTES);
}

/** It stands in a quoted string without escapes, in which a signature names it. */
function keyIdOf(node: i32): bool {
  if (!stringOf(node, 1, MOST_PARAMETER_BYTES)) return false;
  const start = stringStart(node);
  const length = stringLength(node);
  if (!isVisibleAscii(start, length) || hasByte(start, length, 0x22) || hasByte(start, length, 0x5c)) {
    return refuse(node, "must be visible ASCII without quotes and backslashes");
  }
  return true;
}

/** The key of a secret: the text of the variable as it is, or what stands behind `base64:` in it. */
function prepare(node: i32, value: usize, length: i32, key: usize): bool {
  if (length <= BASE64_MARK || !isLiteral(value, BASE64_MARK, "base64:")) {
    hmacKey(HmacHash.Sha256, value, length, key);
    return true;
  }
  const decoded = arenaTake(LONGEST_VARIABLE);
  if (decoded === 0) return refuse(node, "needs more memory than the module may have");
  const bytes = base64Decode(value + BASE64_MARK, length - BASE64_MARK, decoded, BASE64_STANDARD, true);
  if (bytes > 0) hmacKey(HmacHash.Sha256, decoded, bytes, key);
  wipeBytes(decoded, LONGEST_VARIABLE);
  return bytes > 0 || refuse(node, "the environment variable must have base64 with its padding after base64:");
}

/** After the last key. */
export function finishHmacKeys(keys: HmacKeys): void {
  sha256Init();
  for (let i = 0; i < keys.count; i++) sha256Update(hmacKeyAt(keys, i), HMAC_KEY_BYTES);
  sha256Final(DIGEST);
  hmacKey(HmacHash.Sha256, DIGEST, SHA256_BYTES, keys.common);
  wipeBytes(DIGEST, SHA256_BYTES);
}

/** The number of a key, or -1. */
export function findHmacKey(keys: HmacKeys, keyId: usize, length: i32): i32 {
  return findName(keys.names, keyId, length);
}

/** The prepared key of a number; for -1 another one that nobody has, so that a signature takes as long to refuse. */
export function hmacKeyAt(keys: HmacKeys, index: i32): usize {
  return index < 0 ? keys.common : keys.keys + <usize>index * KEY_BYTES + OWNER_BYTES;
}

export function ownerOfHmacKey(keys: HmacKeys, index: i32): Consumer {
  return at<OwnedKey>(keys.keys + <usize>index * KEY_BYTES, 0).consumer;
}
