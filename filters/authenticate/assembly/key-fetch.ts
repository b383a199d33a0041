import { JSON_NODE_BYTES, jsonParse } from "../../lib/json";
import { jsonNodesAtMost } from "../../lib/json-room";
import { Jwk } from "../../lib/jwk";
import { JWKS_ERROR_COUNT, jwksPassedOver, jwksSpaceBytes, readPublicJwks, usableJwks } from "../../lib/jwks";
import { PACKED_MOST_KEYS, packKeys, sameKeys, unpackKeys } from "../../lib/packed-keys";
import { arenaTake, at, exists, none } from "../../lib/region";
import {
  compose,
  composedLength,
  composedStart,
  keepLiteral,
  putDecimal,
  putLiteral,
  putText,
  Text,
} from "../../lib/text";
import { bodyLength, bodyStart, readBody } from "../../proxy-wasm/body";
import { answeredStatus, callService } from "../../proxy-wasm/calls";
import { monotonicTime } from "../../proxy-wasm/clock";
import { log } from "../../proxy-wasm/log";
import { count } from "../../proxy-wasm/metrics";
import { fillRandom } from "../../proxy-wasm/random";
import { BufferType, LogLevel, Status } from "../../proxy-wasm/status";
import { FETCH_TIMEOUT, isDue, KeyState, packedOf, readKeyState, writeKeyState } from "./key-state";
import { RemoteKeys, takeKeys } from "./remote-keys";

// How sets of keys come from their services: on the ticks of a root, by whichever VM writes first that it fetches. The others, and the main thread of Envoy,
// find what it has fetched on their own ticks. No request waits for any of this.

const MOST_BYTES: i32 = 262144;
const MOST_NODES: i32 = 16384;
const MOST_DEPTH: i32 = 16;
/** How often a state is written that others write, too. */
const MOST_TRIES: i32 = 8;

/** What came of an answer. */
enum Answer {
  Good = 0,
  Status = 1,
  Size = 2,
  Json = 3,
  Shape = 4,
  Count = 5,
  Empty = 6,
  /** The host or the memory failed, or there was no call. */
  Lost = 7,
}

let statusName: Text = none<Text>();

// The set that was read last, in the arena.
let keys: usize = 0;
let keyCount: i32 = 0;

/** Makes the constants; once for a VM. */
export function prepareFetching(): void {
  statusName = keepLiteral(":status");
}

/** To be called on every tick of the root that the sets are of. */
export function fetchOnTick(first: RemoteKeys): void {
  if (!exists(first)) return;
  const now = monotonicTime();
  for (let remote = first; exists(remote); remote = remote.next) {
    const state = readKeyState(remote.stateKey, false);
    takeKeys(remote, state, now);
    if (now === 0 || !exists(state)) continue;
    noteMissed(remote, now);
    if (!isDue(state, now, remote.refresh, remote.since, remote.missedAt)) continue;
    if (takeLease(remote, state, now)) ask(remote);
  }
}

/** Requests leave only a mark: to ask for the time would cost each of them. */
function noteMissed(remote: RemoteKeys, now: u64): void {
  if (remote.keys.isMissed === 0) return;
  remote.keys.isMissed = 0;
  remote.missedAt = now;
}

/** Writes that this VM fetches; false if another one was quicker, or the host failed. */
function takeLease(remote: RemoteKeys, state: KeyState, now: u64): bool {
  state.holder = remote.name;
  state.triedAt = now;
  if (writeKeyState(remote.stateKey, state) !== Status.Ok) return false;
  remote.triedAt = now;
  return true;
}

function ask(remote: RemoteKeys): void {
  remote.token = callService(remote.cluster, remote.headers, 0, 0, FETCH_TIMEOUT);
  if (remote.token === 0) finish(remote, Answer.Lost, 0);
}

/** To be called with the answer to a call, that of a stranger included; whether it was to one from here. */
export function settleFetch(first: RemoteKeys, token: u32, size: u32): bool {
  if (token === 0) return false;
  for (let remote = first; exists(remote); remote = remote.next) {
    if (remote.token !== token) continue;
    remote.token = 0;
    const status = answeredStatus(statusName);
    finish(remote, status === 200 ? readAnswer(size) : Answer.Status, status);
    return true;
  }
  return false;
}

function readAnswer(size: u32): Answer {
  if (size === 0 || size > <u32>MOST_BYTES) return Answer.Size;
  if (!readBody(BufferType.HttpCallResponseBody, MOST_BYTES)) return Answer.Lost;
  const start = bodyStart();
  const length = bodyLength();
  if (length <= 0 || length > MOST_BYTES) return Answer.Size;
  const nodes = jsonNodesAtMost(start, length);
  if (nodes > MOST_NODES) return Answer.Size;
  const tape = arenaTake(<usize>(nodes * JSON_NODE_BYTES));
  const space = arenaTake(<usize>jwksSpaceBytes(length));
  keys = arenaTake(<usize>PACKED_MOST_KEYS * offsetof<Jwk>());
  if (tape === 0 || space === 0 || keys === 0) return Answer.Lost;
  if (jsonParse(start, length, tape, nodes, MOST_DEPTH) < 0) return Answer.Json;
  keyCount = readPublicJwks(tape, keys, PACKED_MOST_KEYS, space);
  if (keyCount === JWKS_ERROR_COUNT) return Answer.Count;
  if (keyCount < 0) return Answer.Shape;
  return usableJwks(keys, keyCount) === 0 ? Answer.Empty : Answer.Good;
}

/** Tells all VMs what came of a fetch; what comes too late is nobody's, as another one fetches by then. */
function finish(remote: RemoteKeys, answer: Answer, status: i32): void {
  const passedOver = jwksPassedOver();
  const isGood = answer === Answer.Good;
  count(isGood ? remote.fetched : remote.failed);
  if (!isGood) sayFailure(remote, answer, status);
  for (let turn = 0; turn < MOST_TRIES; turn++) {
    const state = readKeyState(remote.stateKey, isGood);
    if (!exists(state) || state.holder !== remote.name || state.triedAt !== remote.triedAt) return;
    state.holder = 0;
    state.spread = randomWord();
    const isNew = isGood && !isSameSet(state);
    if (isGood) {
      state.failures = 0;
      state.fetchedAt = remote.triedAt;
      if (isNew) putSet(state);
    } else state.failures++;
    const written = writeKeyState(remote.stateKey, state);
    if (written === Status.CasMismatch) continue;
    if (written !== Status.Ok) return;
    if (isNew) sayKeys(remote, passedOver);
    takeKeys(remote, state, monotonicTime());
    return;
  }
}

function isSameSet(state: KeyState): bool {
  if (state.generation === 0) return false;
  const before = arenaTake(<usize>PACKED_MOST_KEYS * offsetof<Jwk>());
  if (before === 0 || !unpackKeys(packedOf(state), state.length, before, state.count)) return false;
  return sameKeys(keys, keyCount, before, state.count);
}

function putSet(state: KeyState): void {
  state.generation++;
  state.count = keyCount;
  state.length = packKeys(keys, keyCount, packedOf(state));
}

@unmanaged
class Word {
  value: u32 = 0;
}

/** 0 if the host has none: then gateways of a fleet may ask at the same time. */
function randomWord(): u32 {
  const word = arenaTake(4);
  return word !== 0 && fillRandom(word, 4) ? at<Word>(word, 0).value : 0;
}

function sayKeys(remote: RemoteKeys, passedOver: i32): void {
  compose(512);
  putLiteral("sluice: ");
  putText(remote.policy);
  putLiteral(" has ");
  putDecimal(<u64>usableJwks(keys, keyCount));
  putLiteral(" keys of its service; ");
  putDecimal(<u64>passedOver);
  putLiteral(" of the set are passed over");
  log(LogLevel.Info, composedStart(), composedLength());
}

function sayFailure(remote: RemoteKeys, answer: Answer, status: i32): void {
  compose(512);
  putLiteral("sluice: ");
  putText(remote.policy);
  putLiteral(" got no keys of its service: ");
  if (answer === Answer.Status && status !== 0) {
    putLiteral("it answered ");
    putDecimal(<u64>status);
  } else putLiteral(wordsOf(answer));
  log(LogLevel.Warn, composedStart(), composedLength());
}

function wordsOf(answer: Answer): string {
  switch (answer) {
    case Answer.Status:
      return "it did not answer in time, or not at all";
    case Answer.Size:
      return "the set is empty or larger than 256 KiB, or has more than 16,384 values";
    case Answer.Json:
      return "the set is no JSON, or has a name twice";
    case Answer.Shape:
      return "the document has no list of keys";
    case Answer.Count:
      return "the set has more than 64 keys";
    case Answer.Empty:
      return "no key of the set can be used";
    default:
      return "it could not be asked, or its answer not be read";
  }
}
