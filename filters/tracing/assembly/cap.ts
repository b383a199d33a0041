import { addressOf, at, keepRecord, none } from "../../lib/region";
import { compose, keepComposed, putLiteral, putText, Text } from "../../lib/text";
import {
  CREATE_ONLY,
  readShared,
  sharedLength,
  sharedStart,
  sharedVersion,
  writeShared,
} from "../../proxy-wasm/shared-data";
import { Status } from "../../proxy-wasm/status";

// No more traces in a second than a policy allows, over all workers of a process: one number in shared data counts those of the second, and a worker takes
// several of them at once where many are left. What it does not use lapses with the second. Seconds are those of the clock that all workers share.

const SECOND: u64 = 1000000000;

// A race is lost to another worker that succeeded in the 1 us between our read and our write.
const ATTEMPTS: i32 = 32;

/** A worker takes a sixteenth of what is left, so that the last ones are given out one by one. */
const SHARE_BITS: u32 = 4;
const LARGEST_LEASE: u32 = 1024;

/** What stands in shared data. */
@unmanaged
class Count {
  second: u64 = 0;
  taken: u32 = 0;
  padding: u32 = 0;
}

const COUNT_BYTES: i32 = 16;
const COUNT: usize = memory.data(COUNT_BYTES, 8);

@unmanaged
export class Cap {
  /** The second that `left` is of. */
  second: u64 = 0;
  perSecond: u32 = 0;
  /** Traces that this worker has taken and not used. */
  left: u32 = 0;
  /** 1: all of the second are taken. */
  spent: i32 = 0;
  key: Text = none<Text>();
}

/** @param sort what is counted, as the key in shared data begins */
export function newCap(sort: string, policy: Text, perSecond: u32): Cap {
  const cap = keepRecord<Cap>();
  cap.perSecond = perSecond;
  compose(128);
  putLiteral(sort);
  putText(policy);
  cap.key = keepComposed();
  return cap;
}

/**
 * Whether there may be one more trace; where that cannot be found out, there may not.
 *
 * @param now of the clock that never goes back, 0 if that failed
 */
export function takeOne(cap: Cap, now: u64): bool {
  if (now === 0) return false;
  const second = now / SECOND;
  if (cap.second === second) {
    if (cap.spent !== 0) return false;
    if (cap.left > 0) {
      cap.left--;
      return true;
    }
  }
  return takeMore(cap, second);
}

function takeMore(cap: Cap, now: u64): bool {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const status = readShared(cap.key.start, cap.key.length);
    if (status !== Status.Ok && status !== Status.NotFound) return false;
    if (status === Status.Ok && sharedLength() !== COUNT_BYTES) return false;
    const version = status === Status.Ok ? sharedVersion() : CREATE_ONLY;
    let second = now;
    let taken: u32 = 0;
    if (status === Status.Ok) {
      const shared = at<Count>(sharedStart(), 0);
      // A second that began for another worker while this one was on its way holds for both.
      if (shared.second >= now) {
        second = shared.second;
        taken = shared.taken;
      }
    }
    cap.second = second;
    cap.left = 0;
    cap.spent = taken >= cap.perSecond ? 1 : 0;
    if (cap.spent !== 0) return false;
    const lease = max<u32>(1, min<u32>((cap.perSecond - taken) >> SHARE_BITS, LARGEST_LEASE));
    const count = at<Count>(COUNT, 0);
    count.second = second;
    count.taken = taken + lease;
    const written = writeShared(cap.key.start, cap.key.length, addressOf(count), COUNT_BYTES, version);
    if (written === Status.Ok) {
      cap.left = lease - 1;
      return true;
    }
    if (written !== Status.CasMismatch) return false;
  }
  return false;
}
