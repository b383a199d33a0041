import { arenaTake, at } from "../lib/region";
import { seedTables } from "../lib/table";
import { fillRandom } from "../proxy-wasm/random";

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
