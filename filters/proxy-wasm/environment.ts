import { refuseQuoting, stringLength, stringStart } from "../lib/document";
import { addressOf, arenaTake, exists, none } from "../lib/region";
import { addName, findName, NameTable, newNameTable } from "../lib/table";
import { textInArena } from "../lib/text";
import { environ_get, environ_sizes_get } from "./abi";
import { resultCell, resultNumber } from "./memory";

// The variables that the plugin configuration lets through (`environment_variables`), read when the configuration is
// read, and wiped from memory after it.

const MOST_VARIABLES: i32 = 262144;
const MOST_BYTES: i32 = 32 << 20;
/** Bytes of the longest value that a configuration may refer to. */
export const LONGEST_VARIABLE: i32 = 4096;

let buffer: usize = 0;
let bufferLength: i32 = 0;
let names: NameTable = none<NameTable>();

/** Reads all variables into the arena; false if the host or memory fails. */
export function openEnvironment(): bool {
  buffer = 0;
  bufferLength = 0;
  if (environ_sizes_get(resultCell(0), resultCell(1)) !== 0) return false;
  const count = resultNumber(0);
  const bytes = resultNumber(1);
  if (count < 0 || count > MOST_VARIABLES || bytes < 0 || bytes > MOST_BYTES) return false;
  names = newNameTable(count, false);
  if (!exists(names)) return false;
  if (count === 0) return true;
  const pointers = arenaTake(<usize>count * 4);
  buffer = arenaTake(<usize>bytes);
  if (pointers === 0 || buffer === 0) return false;
  bufferLength = bytes;
  return environ_get(pointers, buffer) === 0 && indexVariables(count);
}

function indexVariables(count: i32): bool {
  let position = 0;
  for (let i = 0; i < count; i++) {
    const nameEnd = positionOf(0x3d, position);
    const valueEnd = positionOf(0, nameEnd);
    if (valueEnd >= bufferLength) return false;
    const name = textInArena(buffer + <usize>position, nameEnd - position);
    if (addressOf(name) === 0) return false;
    // The host's map has each name once; should it not, the first holds.
    addName(names, name, nameEnd + 1);
    position = valueEnd + 1;
  }
  return true;
}

/** Position of the first such byte from a position on, or the length of the buffer. */
function positionOf(byte: u8, from: i32): i32 {
  let i = from;
  while (i < bufferLength && load<u8>(buffer + <usize>i) !== byte) i++;
  return i;
}

/**
 * Address of the value that a string of the form `env:NAME` refers to, which is not empty, valid until `wipeEnvironment`; 0, and a problem noted, if
 * there is none. No message tells anything of a value.
 */
export function variableOf(node: i32): usize {
  const position = findName(names, stringStart(node) + 4, stringLength(node) - 4);
  if (position < 0) {
    return refuseVariable(node, "the environment variable is not set, or not let through to the module:");
  }
  const value = buffer + <usize>position;
  const length = variableLength(value);
  if (length === 0) return refuseVariable(node, "the environment variable is empty:");
  if (length > LONGEST_VARIABLE) return refuseVariable(node, "the environment variable is longer than 4096 bytes:");
  return value;
}

function refuseVariable(node: i32, message: string): usize {
  refuseQuoting(node, message, node);
  return 0;
}

/** Length of a value found by `variableOf`. */
export function variableLength(start: usize): i32 {
  const position = <i32>(start - buffer);
  return positionOf(0, position) - position;
}

/** Overwrites all values: they are secrets. */
export function wipeEnvironment(): void {
  if (buffer !== 0) memory.fill(buffer, 0, <usize>bufferLength);
  buffer = 0;
  bufferLength = 0;
}
