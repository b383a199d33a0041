import { attributeNeeds, attributePlace, attributeShape, readAttribute, Shape } from "../../lib/attribute-reader";
import { attribute, isPresent, Needs, Slot } from "../../lib/attributes";
import { beginKey, endKey, keyOfNames, putNoPart, putPart } from "../../lib/bucket-key";
import { networkOf } from "../../lib/cidr";
import {
  arrayOf,
  firstElement,
  integerAt,
  integerOf,
  isArray,
  NOWHERE,
  nextElement,
  objectOf,
  refuse,
  requiredMember,
} from "../../lib/document";
import { conforms, secondsFor, untilNext } from "../../lib/gcra";
import { Interest } from "../../lib/interest";
import { addressAt, exists, keepPointers, keepRecord, none, setAddress } from "../../lib/region";
import {
  compose,
  composedLength,
  composedStart,
  keepComposed,
  keepLiteral,
  putDecimal,
  putLiteral,
  putText,
  Text,
  textInArena,
} from "../../lib/text";
import { currentSet, currentVersion, readSet, seedBuckets, setTime, timeOf, writeSet } from "../../proxy-wasm/buckets";
import { monotonicTime } from "../../proxy-wasm/clock";
import { addPair, beginPairs, keepPairs, pairsLength, writePairs } from "../../proxy-wasm/headers";
import { LocalResponse } from "../../proxy-wasm/local-response";
import { GrpcStatus, Status } from "../../proxy-wasm/status";

// Whoever fails too often is not listened to for a while, right or wrong. Failures are counted over all workers, in buckets as calls are by limits: each
// is one call of the rate. Between the look and the count of one worker another may look too, so of W workers W - 1 attempts more may be heard.

const MOST_PARTS: i32 = 8;
const MOST_FAILURES: i64 = 1000000;
/** 31 days. */
const LONGEST_PERIOD: i64 = 2678400000;
const SLOTS: u32 = 65536;
const ATTEMPTS: i32 = 32;

@unmanaged
export class Lockout {
  interval: u64 = 0;
  tolerance: u64 = 0;
  key0: u64 = 0;
  key1: u64 = 0;
  partCount: i32 = 0;
  /** Slots of the parts of the key. */
  parts: usize = 0;
  /** Bits of Needs. */
  needs: i32 = 0;
  /** Key of a set in shared data; its last four bytes are the number of the set. */
  setKey: Text = none<Text>();
  response: LocalResponse = none<LocalResponse>();
}

/** Where the caller at hand stands. */
export enum Standing {
  Heard = 0,
  Locked = 1,
  /** The host failed. */
  Unknown = 2,
}

let contentType: Text = none<Text>();
let problemJson: Text = none<Text>();
let retryAfter: Text = none<Text>();

// The caller at hand, and when it was looked at.
let bucket: u64 = 0;
let now: u64 = 0;

/** Reads a `lockout`; the missing record, and a problem noted, if it is wrong. */
export function readLockout(node: i32, name: Text, interest: Interest): Lockout {
  const lockout = keepRecord<Lockout>();
  return readParts(node, lockout, name, interest) ? lockout : none<Lockout>();
}

function readParts(node: i32, lockout: Lockout, name: Text, interest: Interest): bool {
  if (!objectOf(node, "key failures periodMs")) return false;
  const key = requiredMember(node, "key");
  const failures = requiredMember(node, "failures");
  const period = requiredMember(node, "periodMs");
  if (key === NOWHERE || failures === NOWHERE || period === NOWHERE) return false;
  if (!integerOf(failures, 1, MOST_FAILURES) || !integerOf(period, 1000, LONGEST_PERIOD)) return false;
  if (!readKey(key, lockout, interest)) return false;
  if (!seedBuckets()) return refuse(node, "needs random bytes and shared data of the host");
  lockout.interval = (<u64>integerAt(period) * 1000000) / <u64>integerAt(failures);
  lockout.tolerance = <u64>integerAt(failures) * lockout.interval;
  lockout.key0 = keyOfNames(name, name, 0);
  lockout.key1 = keyOfNames(name, name, 1);
  compose(128);
  putLiteral("sluice.lockout.1/");
  putText(name);
  putLiteral("/....");
  lockout.setKey = keepComposed();
  fillResponse(lockout, name);
  return true;
}

function readKey(list: i32, lockout: Lockout, interest: Interest): bool {
  const count = arrayOf(list, 1, MOST_PARTS);
  if (count < 0) return false;
  lockout.parts = keepPointers(count);
  if (lockout.parts === 0) return refuse(list, "needs more memory than the module may have");
  for (let node = firstElement(list); node !== NOWHERE; node = nextElement(list, node)) {
    if (!isArray(node)) return refuse(node, 'must be ["get", attribute]');
    if (!readAttribute(node, interest)) return false;
    if (attributeShape() !== Shape.String) return refuse(node, "is not a string");
    if ((attributeNeeds() & Needs.Identity) !== 0) return refuse(node, "is known only of whoever has signed in");
    setAddress(lockout.parts, lockout.partCount++, <usize>attributePlace());
    lockout.needs |= attributeNeeds();
  }
  return true;
}

function fillResponse(lockout: Lockout, name: Text): void {
  const response = keepRecord<LocalResponse>();
  lockout.response = response;
  contentType = keepLiteral("content-type");
  problemJson = keepLiteral("application/problem+json");
  retryAfter = keepLiteral("retry-after");
  beginPairs();
  addPair(contentType, problemJson.start, problemJson.length);
  response.headers = keepPairs();
  response.status = 429;
  response.grpcStatus = GrpcStatus.ResourceExhausted;
  response.body = keepLiteral('{"type":"about:blank","title":"Too Many Requests","status":429}');
  compose(80);
  putLiteral("sluice:");
  putText(name);
  response.details = keepComposed();
}

/** Looks where the caller of the request at hand stands; what it is to be answered if it is locked out, is in the response then. */
export function standingOf(lockout: Lockout): Standing {
  now = monotonicTime();
  if (now === 0) return Standing.Unknown;
  beginKey(lockout.key0, lockout.key1);
  for (let i = 0; i < lockout.partCount; i++) {
    putAttribute(<i32>addressAt(lockout.parts, i));
  }
  bucket = endKey();
  if (!readSet(lockout.setKey, setNumber())) return Standing.Unknown;
  const start = debtOf(lockout);
  if (conforms(start, now, lockout.interval, lockout.tolerance)) return Standing.Heard;
  tellWait(lockout, untilNext(start, now, lockout.interval, lockout.tolerance));
  return Standing.Locked;
}

function putAttribute(slot: i32): void {
  const part = attribute(slot);
  const network = slot === Slot.SourceIp ? networkOf(part.start, part.length) : 0;
  if (network !== 0) putPart(network, 8);
  else if (isPresent(slot) && part.length > 0) putPart(part.start, part.length);
  else putNoPart();
}

/** Counts a failure of the caller that was looked at last. If the host does not take it, the caller is refused all the same. */
export function countFailure(lockout: Lockout): void {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    if (!readSet(lockout.setKey, setNumber())) return;
    const set = currentSet();
    setTime(set, bucket, now, min(debtOf(lockout) + lockout.interval, now + lockout.tolerance));
    if (writeSet(lockout.setKey, setNumber(), set, currentVersion()) !== Status.CasMismatch) return;
  }
}

function setNumber(): u32 {
  return (<u32>bucket ^ <u32>(bucket >> 32)) & ((SLOTS >> 3) - 1);
}

/** Until when the caller is in debt, not earlier than now. */
function debtOf(lockout: Lockout): u64 {
  return min(max(timeOf(currentSet(), bucket, now), now), now + lockout.tolerance);
}

function tellWait(lockout: Lockout, wait: u64): void {
  compose(24);
  putDecimal(max(<u64>1, secondsFor(wait)));
  beginPairs();
  addPair(contentType, problemJson.start, problemJson.length);
  addPair(retryAfter, composedStart(), composedLength());
  const pairs = writePairs();
  const headers = pairs === 0 ? none<Text>() : textInArena(pairs, pairsLength());
  if (exists(headers)) lockout.response.headers = headers;
}
