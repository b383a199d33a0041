import { copyBytes } from "../../lib/bytes";
import { PACKED_MOST_BYTES } from "../../lib/packed-keys";
import { addressOf, arenaTake, arenaTakeZeroed, at, none } from "../../lib/region";
import { Text } from "../../lib/text";
import {
  CREATE_ONLY,
  readShared,
  sharedLength,
  sharedStart,
  sharedVersion,
  writeShared,
} from "../../proxy-wasm/shared-data";
import { Status } from "../../proxy-wasm/status";

// What all workers know of a set of keys that a service publishes: one value in shared data, with the keys behind it. Who fetches is written there too, so
// that of all VMs one does. Times are nanoseconds of the monotonic clock, which all VMs of a process share.

const SECOND: u64 = 1000000000;
/** How long an answer may take. Milliseconds. */
export const FETCH_TIMEOUT: i32 = 5000;
/** A fetch that has not ended by then is that of a VM that is gone. */
const LEASE: u64 = 6 * SECOND;
/** Between two fetches that something else than time asks for. */
const LEAST_BETWEEN: u64 = 30 * SECOND;
const FIRST_BACK_OFF: u64 = 250000000;
const LONGEST_BACK_OFF: u64 = 30 * SECOND;
/** Doubled so often, the first is beyond the longest. */
const MOST_DOUBLINGS: i32 = 7;

@unmanaged
export class KeyState {
  /** Counts sets that differ; 0 before the first. */
  generation: u64 = 0;
  /** When the set was last seen at its service. */
  fetchedAt: u64 = 0;
  /** When the latest fetch began. */
  triedAt: u64 = 0;
  /** The VM that fetches; 0 if none does. */
  holder: u64 = 0;
  /** Fetches that failed since the last one that did not. */
  failures: i32 = 0;
  /** A random number: gateways of one fleet do not all ask at once. */
  spread: u32 = 0;
  /** How many keys there are behind this, of so many bytes. */
  count: i32 = 0;
  length: i32 = 0;
}

const HEAD_BYTES: i32 = <i32>offsetof<KeyState>();

let version: u32 = 0;

/** Where the keys of a state are. */
export function packedOf(state: KeyState): usize {
  return addressOf(state) + <usize>HEAD_BYTES;
}

/** What is known, in the arena, with room for the largest set if `grows`; the missing record if the host fails. */
export function readKeyState(key: Text, grows: bool): KeyState {
  const status = readShared(key.start, key.length);
  if (status === Status.NotFound) {
    version = CREATE_ONLY;
    const fresh = arenaTakeZeroed(<usize>(HEAD_BYTES + PACKED_MOST_BYTES));
    return fresh === 0 ? none<KeyState>() : at<KeyState>(fresh, 0);
  }
  if (status !== Status.Ok || sharedLength() < HEAD_BYTES) return none<KeyState>();
  const state = at<KeyState>(sharedStart(), 0);
  version = sharedVersion();
  if (state.length !== sharedLength() - HEAD_BYTES || state.length > PACKED_MOST_BYTES) return none<KeyState>();
  return grows ? withRoom(state) : state;
}

function withRoom(state: KeyState): KeyState {
  const target = arenaTake(<usize>(HEAD_BYTES + PACKED_MOST_BYTES));
  if (target === 0) return none<KeyState>();
  copyBytes(target, addressOf(state), HEAD_BYTES + state.length);
  return at<KeyState>(target, 0);
}

/** Writes the state that was read last if nobody else did meanwhile: Ok, CasMismatch, or a failure. */
export function writeKeyState(key: Text, state: KeyState): Status {
  return writeShared(key.start, key.length, addressOf(state), HEAD_BYTES + state.length, version);
}

/**
 * Whether it is time to ask the service.
 * @param refresh after how long in any case
 * @param since when the configuration came: its service may be another one than that of the keys
 * @param missedAt when a token last named a key that was not in the set; 0 if none did
 */
export function isDue(state: KeyState, now: u64, refresh: u64, since: u64, missedAt: u64): bool {
  if (state.holder !== 0) return now >= state.triedAt + LEASE;
  if (state.failures > 0) return now >= state.triedAt + spreadOver(backOffOf(state.failures), state.spread);
  if (state.generation === 0 || now >= state.fetchedAt + spreadOver(refresh, state.spread)) return true;
  const isOlder = state.fetchedAt + LEAST_BETWEEN < since;
  return (missedAt > state.triedAt || isOlder) && now >= state.triedAt + LEAST_BETWEEN;
}

function backOffOf(failures: i32): u64 {
  return min(FIRST_BACK_OFF << (<u64>min(failures - 1, MOST_DOUBLINGS)), LONGEST_BACK_OFF);
}

/** Up to a tenth less. */
function spreadOver(time: u64, spread: u32): u64 {
  return time - ((time / 10) >> 16) * <u64>(spread >> 16);
}
