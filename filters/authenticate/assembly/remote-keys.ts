import { copyBytes } from "../../lib/bytes";
import {
  integerAt,
  integerOf,
  keepString,
  NOWHERE,
  objectOf,
  pathOf,
  refuse,
  requiredMember,
  stringLength,
  stringOf,
  stringStart,
  visibleOf,
} from "../../lib/document";
import { Jwk } from "../../lib/jwk";
import { usableJwks } from "../../lib/jwks";
import { PACKED_MOST_BYTES, PACKED_MOST_KEYS, unpackKeys } from "../../lib/packed-keys";
import { arenaTake, at, exists, keep, keepRecord, keepRecords, none } from "../../lib/region";
import { compose, keepComposed, keepLiteral, put, putByte, putLiteral, putText, Text } from "../../lib/text";
import { monotonicTime } from "../../proxy-wasm/clock";
import { addPair, beginPairs, keepPairs } from "../../proxy-wasm/headers";
import { count, NO_COUNTER, newKeyCounter, newKeyGauge, record } from "../../proxy-wasm/metrics";
import { fillRandom } from "../../proxy-wasm/random";
import { JwtKeys } from "./jwt-keys";
import { KeyState, packedOf, readKeyState } from "./key-state";
import { forgetTokens, TokenCache } from "./token-cache";

// Keys that a service publishes, as one method of one VM has them. They stand in memory that is kept once: a set that comes later is written over them.

const MOST_SETS: i32 = 64;
const LONGEST_CLUSTER: i32 = 1024;
const LONGEST_AUTHORITY: i32 = 260;
const LONGEST_PATH: i32 = 1024;
const MILLISECOND: u64 = 1000000;
const SECOND: u64 = 1000000000;
/** Ten seconds, a day, seven days. */
const LEAST_REFRESH: i64 = 10000;
const LONGEST_REFRESH: i64 = 86400000;
const LONGEST_STALE: i64 = 604800000;

@unmanaged
export class RemoteKeys {
  keys: JwtKeys = none<JwtKeys>();
  /** Of the same method: what was verified by keys that are gone has to go. */
  cache: TokenCache = none<TokenCache>();
  /** Named in what is logged. */
  policy: Text = none<Text>();
  cluster: Text = none<Text>();
  /** Serialised header pairs of the request for the set. */
  headers: Text = none<Text>();
  /** Of the value in shared data: the same for all who ask the same. */
  stateKey: Text = none<Text>();
  /** Nanoseconds. */
  refresh: u64 = 0;
  maxStale: u64 = 0;
  /** When it was configured. */
  since: u64 = 0;
  /** Who this VM is among those that may fetch. */
  name: u64 = 0;
  /** Of the call under way, and when it began; 0 if none is. */
  token: u32 = 0;
  triedAt: u64 = 0;
  /** Of the set at hand, and when it was last seen at its service. */
  generation: u64 = 0;
  fetchedAt: u64 = 0;
  /** When a token last named a key that is not in it, as far as ticks tell; 0 if none did. */
  missedAt: u64 = 0;
  /** The keys, packed. */
  packed: usize = 0;
  // Numbers of metrics.
  fetched: u32 = 0;
  failed: u32 = 0;
  taken: u32 = 0;
  known: u32 = 0;
  age: u32 = 0;
  /** Seconds, as told last. */
  toldAge: u64 = 0;
  /** The one that was read before it. */
  next: RemoteKeys = none<RemoteKeys>();
}

@unmanaged
class Word {
  value: u64 = 0;
}

// What was read last.
let first: RemoteKeys = none<RemoteKeys>();
let setCount: i32 = 0;

/** To be called before the policies of a configuration are read. */
export function beginRemoteKeys(): void {
  first = none<RemoteKeys>();
  setCount = 0;
}

/** The first of the sets of the configuration that was read; the missing record if it has none. */
export function remoteKeysRead(): RemoteKeys {
  return first;
}

/** Reads where the keys of a method are published; the missing record, and a problem noted, if it is wrong. */
export function readRemoteKeys(node: i32, keys: JwtKeys): RemoteKeys {
  const remote = keepRecord<RemoteKeys>();
  if (!readMembers(node, remote)) return none<RemoteKeys>();
  remote.keys = keys;
  keys.isKnown = 0;
  keys.list = keepRecords<Jwk>(PACKED_MOST_KEYS);
  remote.packed = keep(PACKED_MOST_BYTES);
  remote.next = first;
  first = remote;
  if (keys.list !== 0 && remote.packed !== 0) return remote;
  refuse(node, "needs more memory than the module may have");
  return none<RemoteKeys>();
}

function readMembers(node: i32, remote: RemoteKeys): bool {
  if (!objectOf(node, "cluster authority path refreshMs maxStaleMs")) return false;
  const cluster = requiredMember(node, "cluster");
  const authority = requiredMember(node, "authority");
  const path = requiredMember(node, "path");
  const refresh = requiredMember(node, "refreshMs");
  const maxStale = requiredMember(node, "maxStaleMs");
  if (cluster === NOWHERE || authority === NOWHERE || path === NOWHERE || refresh === NOWHERE || maxStale === NOWHERE)
    return false;
  if (!stringOf(cluster, 1, LONGEST_CLUSTER) || !visibleOf(authority, LONGEST_AUTHORITY)) return false;
  if (!pathOf(path, LONGEST_PATH) || !integerOf(refresh, LEAST_REFRESH, LONGEST_REFRESH)) return false;
  if (!integerOf(maxStale, 1, LONGEST_STALE)) return false;
  if (integerAt(maxStale) <= integerAt(refresh)) return refuse(maxStale, "must be longer than refreshMs");
  if (++setCount > MOST_SETS) return refuse(node, "is one set of keys too many");
  if (!nameVm(remote)) return refuse(node, "needs random bytes of the host");
  remote.cluster = keepString(cluster);
  remote.headers = headersOf(authority, path);
  remote.stateKey = stateKeyOf(remote.cluster, authority, path);
  remote.refresh = <u64>integerAt(refresh) * MILLISECOND;
  remote.maxStale = <u64>integerAt(maxStale) * MILLISECOND;
  return true;
}

function headersOf(authority: i32, path: i32): Text {
  const method = keepLiteral(":method");
  const get = keepLiteral("GET");
  const pathName = keepLiteral(":path");
  const authorityName = keepLiteral(":authority");
  const accept = keepLiteral("accept");
  const types = keepLiteral("application/jwk-set+json, application/json");
  beginPairs();
  addPair(method, get.start, get.length);
  addPair(pathName, stringStart(path), stringLength(path));
  addPair(authorityName, stringStart(authority), stringLength(authority));
  addPair(accept, types.start, types.length);
  return keepPairs();
}

function stateKeyOf(cluster: Text, authority: i32, path: i32): Text {
  compose(LONGEST_CLUSTER + LONGEST_AUTHORITY + LONGEST_PATH + 32);
  putLiteral("sluice.keys.1/");
  putText(cluster);
  putByte(0);
  put(stringStart(authority), stringLength(authority));
  putByte(0);
  put(stringStart(path), stringLength(path));
  return keepComposed();
}

/** A number that no other VM has; false if the host has no random bytes. */
function nameVm(remote: RemoteKeys): bool {
  const word = arenaTake(8);
  if (word === 0 || !fillRandom(word, 8)) return false;
  remote.name = at<Word>(word, 0).value | 1;
  return true;
}

/** Says whose keys they are, and whose cache they verify for; false if the host defines no metric. */
export function nameRemoteKeys(remote: RemoteKeys, policy: Text, cache: TokenCache): bool {
  remote.policy = policy;
  remote.cache = cache;
  remote.fetched = newKeyCounter(policy, "fetched");
  remote.failed = newKeyCounter(policy, "failed");
  remote.taken = newKeyCounter(policy, "taken");
  remote.known = newKeyGauge("sluice_keys", policy);
  remote.age = newKeyGauge("sluice_keys_age_seconds", policy);
  return remote.fetched !== NO_COUNTER && remote.failed !== NO_COUNTER && remote.taken !== NO_COUNTER;
}

/**
 * Takes over the set of a state, if it is another one than that at hand, and looks whether it may be relied on now.
 * @param state the missing record if the host did not give it: then what is at hand holds as long as it may
 * @param now 0 if the host has no time: then nobody knows how old it is
 */
export function takeKeys(remote: RemoteKeys, state: KeyState, now: u64): void {
  if (exists(state) && state.generation !== 0) {
    remote.fetchedAt = state.fetchedAt;
    if (state.generation !== remote.generation) replaceKeys(remote, state);
  }
  const isGood = now !== 0 && remote.generation !== 0 && now <= remote.fetchedAt + remote.maxStale;
  remote.keys.isKnown = isGood ? 1 : 0;
  if (remote.generation !== 0 && now >= remote.fetchedAt) tellAge(remote, (now - remote.fetchedAt) / SECOND);
}

/** What was verified by the keys before is forgotten: one of them may be gone. Without a set that can be read there are no keys. */
function replaceKeys(remote: RemoteKeys, state: KeyState): void {
  const keys = remote.keys;
  keys.count = 0;
  remote.generation = 0;
  forgetTokens(remote.cache);
  copyBytes(remote.packed, packedOf(state), state.length);
  if (!unpackKeys(remote.packed, state.length, keys.list, state.count)) return;
  keys.count = state.count;
  keys.isMissed = 0;
  remote.missedAt = 0;
  remote.generation = state.generation;
  count(remote.taken);
  record(remote.known, usableJwks(keys.list, keys.count));
}

function tellAge(remote: RemoteKeys, age: u64): void {
  if (age === remote.toldAge) return;
  remote.toldAge = age;
  record(remote.age, <i64>age);
}

/** Begins with the set that other workers, or the configuration before, have fetched. */
export function openRemoteKeys(first: RemoteKeys): void {
  const now = monotonicTime();
  for (let remote = first; exists(remote); remote = remote.next) {
    remote.since = now;
    takeKeys(remote, readKeyState(remote.stateKey, false), now);
  }
}
