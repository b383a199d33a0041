import { at, none } from "../lib/region";
import { keepLiteral, Text } from "../lib/text";
import { fillRandom } from "./random";
import { CREATE_ONLY, readShared, sharedLength, sharedStart, sharedVersion, writeShared } from "./shared-data";
import { Status } from "./status";

// Which VMs of a `vm_id` are alive: one value in shared data, where each notes a number of its own, made by chance, and when it was last heard of. What a VM that
// is gone has left in shared data, nobody takes back; it counts no more once its heart has stopped for so long.

const MOST_VMS: i32 = 256;
const TABLE_BYTES: i32 = MOST_VMS * 16;
const ATTEMPTS: i32 = 32;
/** Milliseconds between two beats. */
export const BEAT: u32 = 1000;
const BEAT_TIME: u64 = 1000000000;
/** Nanoseconds without a beat after which a VM is taken for gone. */
export const LAPSE: u64 = 5000000000;

@unmanaged
class Vm {
  id: u32 = 0;
  unused: u32 = 0;
  beat: u64 = 0;
}

// As it was last read.
const TABLE: usize = memory.data(TABLE_BYTES, 8);

let key: Text = none<Text>();
let own: u32 = 0;
let beaten: u64 = 0;

/** Makes the number of this VM; false if the host has no random bytes. */
export function prepareVm(): bool {
  if (own !== 0) return true;
  key = keepLiteral("sluice.vms.1");
  const id = at<Vm>(TABLE, 0);
  if (!fillRandom(TABLE, 4)) return false;
  // Never 0, which stands for nobody.
  own = id.id === 0 ? 1 : id.id;
  id.id = 0;
  return true;
}

/** The number of this VM. */
export function ownVm(): u32 {
  return own;
}

function readTable(): Status {
  const status = readShared(key.start, key.length);
  if (status === Status.Ok && sharedLength() === TABLE_BYTES) memory.copy(TABLE, sharedStart(), TABLE_BYTES);
  return status;
}

/** What came of a beat. */
export enum Beat {
  /** It is noted, or not due yet. */
  Noted = 0,
  /** It is noted for the first time, or again: others may have taken this VM for gone. */
  Anew = 1,
  Failed = 2,
}

/** Notes that this VM is alive, if it has not done so in the last second. */
export function beatIfDue(now: u64): Beat {
  return now - beaten < BEAT_TIME ? Beat.Noted : beatNow(now);
}

/** Notes that this VM is alive. */
export function beatNow(now: u64): Beat {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const status = readTable();
    if (status !== Status.Ok && status !== Status.NotFound) return Beat.Failed;
    const version = status === Status.Ok ? sharedVersion() : CREATE_ONLY;
    const place = ownPlace(now);
    if (place < 0) return Beat.Failed;
    const vm = at<Vm>(TABLE, place);
    const isAnew = vm.id !== own || vm.beat + LAPSE < now;
    vm.id = own;
    vm.beat = now;
    const written = writeShared(key.start, key.length, TABLE, TABLE_BYTES, version);
    if (written === Status.CasMismatch) continue;
    if (written !== Status.Ok) return Beat.Failed;
    beaten = now;
    return isAnew ? Beat.Anew : Beat.Noted;
  }
  return Beat.Failed;
}

/** Where this VM is, else a place of nobody, or of one that is gone; -1 if there is none. */
function ownPlace(now: u64): i32 {
  let free = -1;
  for (let i = 0; i < MOST_VMS; i++) {
    const vm = at<Vm>(TABLE, i);
    if (vm.id === own) return i;
    if (free < 0 && (vm.id === 0 || vm.beat + LAPSE < now)) free = i;
  }
  return free;
}

/** Whether a VM is alive. What was read before is believed of the living only. */
export function isAlive(id: u32, now: u64): bool {
  if (id === own || isNotedAlive(id, now)) return true;
  // Where nobody can be asked, whoever has left something is taken for alive: a limit is never loosened.
  return readTable() !== Status.Ok || isNotedAlive(id, now);
}

function isNotedAlive(id: u32, now: u64): bool {
  for (let i = 0; i < MOST_VMS; i++) {
    const vm = at<Vm>(TABLE, i);
    if (vm.id === id) return vm.beat + LAPSE >= now;
  }
  return false;
}
