import { proxy_get_shared_data, proxy_set_shared_data } from "./abi";
import { resultAddress, resultCell, resultNumber } from "./memory";
import { Status } from "./status";

/**
 * A compare-and-set number that the host gives to no value in practice (it counts up from 1), so that setting with it
 * succeeds only if the key does not exist. With 0 the host would overwrite (proxy-wasm-cpp-host `SharedData::set`).
 */
export const CREATE_ONLY: u32 = 0xffffffff;

/** Reads a value of this `vm_id` into the arena; then see `sharedStart`, `sharedLength`, `sharedVersion`. */
export function readShared(key: usize, keyLength: i32): Status {
  return <Status>proxy_get_shared_data(key, keyLength, resultCell(0), resultCell(1), resultCell(2));
}

export function sharedStart(): usize {
  return resultAddress(0);
}

export function sharedLength(): i32 {
  return resultNumber(1);
}

/** The number to give back to `writeShared`. */
export function sharedVersion(): u32 {
  return <u32>resultNumber(2);
}

/** Writes if the value is still of the version given: Ok, or CasMismatch, or a failure. */
export function writeShared(key: usize, keyLength: i32, value: usize, valueLength: i32, version: u32): Status {
  return <Status>proxy_set_shared_data(key, keyLength, value, valueLength, version);
}
