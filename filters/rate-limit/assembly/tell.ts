import { copyBytes } from "../../lib/bytes";
import { secondsFor } from "../../lib/gcra";
import { at } from "../../lib/region";
import { compose, composed, composedLength, composedStart, put, putByte, putDecimal, putText } from "../../lib/text";
import { Claim, Means } from "./claim";
import { Rate, windowOf } from "./rate";
import { stateOf } from "./row-claim";

// What clients are told of the limits of a request: the RateLimit fields of all of them, and the X-RateLimit fields of the tightest.

// What the `RateLimit` and `RateLimit-Policy` fields of this request will say; in the arena.
let limitStart: usize = 0;
let limitLength: i32 = 0;
let policyStart: usize = 0;
let policyLength: i32 = 0;

/** What the X-RateLimit fields will say. */
@unmanaged
class ToldX {
  limit: u64 = 0;
  left: u64 = 0;
  wait: u64 = 0;
  /** 0: nothing. */
  known: u64 = 0;
}

const X: usize = memory.data(32, 8);
/** Bytes that are kept of them while a request waits, beside the texts of the other fields. */
export const X_BYTES: i32 = 32;

/** To be called before the first limit of a request. */
export function beginTelling(): void {
  limitLength = 0;
  policyLength = 0;
  at<ToldX>(X, 0).known = 0;
}

/** Keeps what the X-RateLimit fields say so far, of a request that waits. */
export function keepX(to: usize): void {
  copyBytes(to, X, X_BYTES);
}

/** Makes what the fields say so far of a request that waited that of the one at hand. */
export function restoreTold(x: usize, limit: usize, limitBytes: i32, policy: usize, policyBytes: i32): void {
  copyBytes(X, x, X_BYTES);
  limitStart = limit;
  limitLength = limitBytes;
  policyStart = policy;
  policyLength = policyBytes;
}

/** Adds what the limits of a phase say, an array of Claim, to what those before said. */
export function tellPhase(claims: usize, count: i32, passed: bool): void {
  let needed = 0;
  for (let i = 0; i < count; i++) {
    const claim = at<Claim>(claims, i);
    if (claim.policy.tellsX !== 0) tellX(claim, passed);
    if (claim.policy.tellsLimit !== 0) needed += (claim.rate.policyField.length + 80) * (claim.rate.moreCount + 1);
  }
  if (needed === 0) return;
  compose(limitLength + needed);
  put(limitStart, limitLength);
  for (let i = 0; i < count; i++) tellLimit(at<Claim>(claims, i), passed);
  if (!composed()) return;
  const start = composedStart();
  const length = composedLength();
  compose(policyLength + needed);
  put(policyStart, policyLength);
  for (let i = 0; i < count; i++) tellPolicy(at<Claim>(claims, i));
  if (!composed()) return;
  limitStart = start;
  limitLength = length;
  policyStart = composedStart();
  policyLength = composedLength();
}

function separate(): void {
  if (composedLength() === 0) return;
  putByte(0x2c);
  putByte(0x20);
}

function tellPolicy(claim: Claim): void {
  if (claim.policy.tellsLimit === 0) return;
  for (let i = 0; i <= claim.rate.moreCount; i++) {
    separate();
    putText(windowOf(claim.rate, i).policyField);
  }
}

function tellLimit(claim: Claim, passed: bool): void {
  if (claim.policy.tellsLimit === 0) return;
  for (let i = 0; i <= claim.rate.moreCount; i++) tellWindow(claim, i, passed);
}

/** Adds `"<name>";r=<left>;t=<seconds until there is one more, 0 if none is missing>`. */
function tellWindow(claim: Claim, index: i32, passed: bool): void {
  const window = windowOf(claim.rate, index);
  const left = min(leftOf(claim, index, passed), window.count);
  separate();
  putByte(0x22);
  putText(window.name);
  putByte(0x22);
  putByte(0x3b);
  putByte(0x72);
  putByte(0x3d);
  putDecimal(left);
  putByte(0x3b);
  putByte(0x74);
  putByte(0x3d);
  putDecimal(left === window.count ? 0 : max(<u64>1, secondsFor(waitOf(claim, index))));
}

/** Calls left in a window, now that the call passed or was refused. */
function leftOf(claim: Claim, index: i32, passed: bool): u64 {
  const left = claim.policy.width > 1 ? stateOf(claim, index).left : claim.left;
  const paid = passed || claim.allowed === 0 || claim.means !== Means.Bucket || claim.policy.penalizes !== 0;
  return paid ? left : left + claim.calls;
}

function waitOf(claim: Claim, index: i32): u64 {
  return claim.policy.width > 1 ? stateOf(claim, index).wait : claim.wait;
}

/** Notes the window with the fewest calls left. */
function tellX(claim: Claim, passed: bool): void {
  for (let i = 0; i <= claim.rate.moreCount; i++) {
    const window = windowOf(claim.rate, i);
    const left = min(leftOf(claim, i, passed), window.burst);
    const told = at<ToldX>(X, 0);
    if (told.known === 0 || left < told.left) setX(window, left, waitOf(claim, i));
  }
}

function setX(window: Rate, left: u64, wait: u64): void {
  const told = at<ToldX>(X, 0);
  told.known = 1;
  told.limit = window.burst;
  told.left = left;
  told.wait = wait;
}

export function limitFieldStart(): usize {
  return limitStart;
}

export function limitFieldLength(): i32 {
  return limitLength;
}

export function policyFieldStart(): usize {
  return policyStart;
}

export function policyFieldLength(): i32 {
  return policyLength;
}

/** The X-RateLimit fields. */
export enum XField {
  Limit = 0,
  Remaining = 1,
  Reset = 2,
}

export function tellsXFields(): bool {
  return at<ToldX>(X, 0).known !== 0;
}

/** Composes the value of an X-RateLimit field: see `composedStart` and `composedLength`; false without memory. */
export function composeX(field: XField): bool {
  const told = at<ToldX>(X, 0);
  compose(24);
  if (field === XField.Limit) putDecimal(told.limit);
  else if (field === XField.Remaining) putDecimal(told.left);
  else putDecimal(told.left > 0 ? 0 : max(<u64>1, secondsFor(told.wait)));
  return composed();
}
