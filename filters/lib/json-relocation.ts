import { JSON_NODE_BYTES, jsonNext, jsonStart } from "./json-tape";

/** Makes a tape that was copied, together with the text that it is of, refer to the copy: so many bytes further on, modulo 2^32. */
export function relocateTape(tape: usize, distance: usize): void {
  const nodes = jsonNext(tape, 0);
  for (let node = 0; node < nodes; node++) {
    store<u32>(tape + <usize>(node * JSON_NODE_BYTES), <u32>(jsonStart(tape, node) + distance), 4);
  }
}
