import { random_get } from "./abi";

/** Fills a range with random bytes fit for secrets; false if the host has none. */
export function fillRandom(start: usize, length: i32): bool {
  return random_get(start, length) === 0;
}
