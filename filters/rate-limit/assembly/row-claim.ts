import { callsLeft, conforms, untilConforms, untilNext } from "../../lib/gcra";
import { at } from "../../lib/region";
import { readRows, setTimeAt, takeTimes, timeAt, timesOf, writeRows } from "../../proxy-wasm/bucket-rows";
import { currentSet, currentVersion } from "../../proxy-wasm/buckets";
import { Status } from "../../proxy-wasm/status";
import { ATTEMPTS, Claim, chargedUntil, Means, setNumber } from "./claim";
import { Rate, windowOf } from "./rate";

// Claims on several windows: read, decided and booked in one go, as their times stand in one value. Nothing is lent of them.

/** Where one window of a claim stands. */
@unmanaged
export class WindowState {
  /** Where the debt ends before this call: not earlier than now. */
  start: u64 = 0;
  /** Calls left after this one. */
  left: u64 = 0;
  /** Nanoseconds until there is one more. */
  wait: u64 = 0;
}

export function stateOf(claim: Claim, index: i32): WindowState {
  return at<WindowState>(claim.windows, index);
}

/** Notes of every window that nothing is known to be left. */
export function clearStates(claim: Claim): void {
  for (let i = 0; i <= claim.rate.moreCount; i++) {
    const state = stateOf(claim, i);
    state.left = 0;
    state.wait = windowOf(claim.rate, i).interval;
  }
}

export function lookInRow(claim: Claim, now: u64): void {
  const policy = claim.policy;
  const last = claim.rate.moreCount;
  if (!readRows(policy.setKey, setNumber(claim), policy.width)) {
    claim.means = Means.Failed;
    claim.allowed = 1;
    return;
  }
  claim.means = Means.Bucket;
  claim.set = currentSet();
  claim.version = currentVersion();
  claim.calls = claim.cost;
  claim.allowed = 1;
  claim.retry = 0;
  const times = timesOf(claim.key, now, policy.width);
  for (let i = 0; i <= last; i++) {
    const window = windowOf(claim.rate, i);
    const start = min(max(timeAt(times, i), now), now + window.ceiling);
    stateOf(claim, i).start = start;
    if (!hasRoom(claim, window, start, now)) refuseBy(claim, window, start, now);
  }
  for (let i = 0; i <= last; i++) {
    const window = windowOf(claim.rate, i);
    const start = stateOf(claim, i).start;
    note(claim, i, claim.allowed !== 0 ? start + claim.cost * window.interval : start, now);
  }
}

function hasRoom(claim: Claim, window: Rate, start: u64, now: u64): bool {
  return claim.cost <= window.burst && conforms(start, now, claim.cost * window.interval, window.tolerance);
}

/** Notes the window that the caller waits longest for. */
function refuseBy(claim: Claim, window: Rate, start: u64, now: u64): void {
  const need = min(claim.cost, window.burst) * window.interval;
  const retry = untilConforms(start, now, need, window.tolerance);
  if (claim.allowed !== 0 || retry > claim.retry) {
    claim.retry = retry;
    claim.refusing = window;
  }
  claim.allowed = 0;
}

/** Notes what is left of a window whose debt ends at a time. */
function note(claim: Claim, index: i32, end: u64, now: u64): void {
  const window = windowOf(claim.rate, index);
  const state = stateOf(claim, index);
  state.left = callsLeft(end, now, window.interval, window.tolerance);
  state.wait = untilNext(end, now, window.interval, window.tolerance);
}

export function commitRow(claim: Claim, now: u64): bool {
  const policy = claim.policy;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    if (claim.means === Means.Failed) return true;
    if (claim.allowed === 0) return false;
    const times = takeTimes(claim.set, claim.key, now, policy.width);
    for (let i = 0; i <= claim.rate.moreCount; i++)
      setTimeAt(times, i, stateOf(claim, i).start + claim.cost * windowOf(claim.rate, i).interval);
    const status = writeRows(policy.setKey, setNumber(claim), claim.set, policy.width, claim.version);
    if (status === Status.Ok) return true;
    if (status !== Status.CasMismatch) break;
    lookInRow(claim, now);
  }
  claim.means = Means.Failed;
  return true;
}

export function giveBackRow(claim: Claim, now: u64): void {
  const policy = claim.policy;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    if (!readRows(policy.setKey, setNumber(claim), policy.width)) return;
    const set = currentSet();
    const times = takeTimes(set, claim.key, now, policy.width);
    for (let i = 0; i <= claim.rate.moreCount; i++) {
      const paid = claim.cost * windowOf(claim.rate, i).interval;
      const time = timeAt(times, i);
      if (time >= now + paid) setTimeAt(times, i, time - paid);
    }
    if (writeRows(policy.setKey, setNumber(claim), set, policy.width, currentVersion()) !== Status.CasMismatch) return;
  }
}

export function chargeRow(claim: Claim, now: u64): void {
  const policy = claim.policy;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    if (!readRows(policy.setKey, setNumber(claim), policy.width)) return;
    const set = currentSet();
    const times = takeTimes(set, claim.key, now, policy.width);
    claim.retry = 0;
    for (let i = 0; i <= claim.rate.moreCount; i++) {
      const window = windowOf(claim.rate, i);
      const end = chargedUntil(max(timeAt(times, i), now), claim, window, now);
      setTimeAt(times, i, end);
      note(claim, i, end, now);
      const retry = untilConforms(end, now, min(claim.cost, window.burst) * window.interval, window.tolerance);
      if (retry <= claim.retry) continue;
      claim.retry = retry;
      claim.refusing = window;
    }
    if (writeRows(policy.setKey, setNumber(claim), set, policy.width, currentVersion()) !== Status.CasMismatch) return;
  }
}
