import { arenaTake, at } from "../lib/region";
import { seedTables } from "../lib/table";
import { keepLiteral } from "../lib/text";
import { fillRandom } from "../proxy-wasm/random";
import { CREATE_ONLY, readShared, sharedLength, sharedStart, writeShared } from "../proxy-wasm/shared-data";
import { Status } from "../proxy-wasm/status";
import { seedKeys } from "../rate-limit/assembly/key";

// Hash keys, so that nobody outside can make names or callers collide.

@unmanaged
class Seed {
  word0: u64 = 0;
  word1: u64 = 0;
}

/** Seeds the tables of this VM; false if the host has no random bytes. */
export function seedVm(): bool {
  const seed = arenaTake(16);
  if (seed === 0 || !fillRandom(seed, 16)) return false;
  seedTables(at<Seed>(seed, 0).word0, at<Seed>(seed, 0).word1);
  return true;
}

/** Seeds the hash that all workers share: the first VM of a `vm_id` makes the seed, the others find it. */
export function seedWorkers(): bool {
  const key = keepLiteral("sluice.seed.1");
  const seed = arenaTake(16);
  if (seed === 0 || !fillRandom(seed, 16)) return false;
  const status = writeShared(key.start, key.length, seed, 16, CREATE_ONLY);
  if (status !== Status.Ok && status !== Status.CasMismatch) return false;
  if (readShared(key.start, key.length) !== Status.Ok || sharedLength() !== 16) return false;
  const shared = at<Seed>(sharedStart(), 0);
  seedKeys(shared.word0, shared.word1);
  return true;
}
