import { addressOf, arenaTake, exists, none } from "../lib/region";
import { addName, findName, NameTable, newNameTable } from "../lib/table";
import { textInArena } from "../lib/text";
import { environ_get, environ_sizes_get } from "./abi";
import { resultCell, resultNumber } from "./memory";

// The variables that the plugin configuration lets through (`environment_variables`), read when the configuration is
// read, and wiped from memory after it.

const MOST_VARIABLES: i32 = 262144;
const MOST_BYTES: i32 = 32 << 20;

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

/** Address of a variable's value, or 0; valid until `wipeEnvironment`. */
export function variableStart(name: usize, nameLength: i32): usize {
  const position = findName(names, name, nameLength);
  return position < 0 ? 0 : buffer + <usize>position;
}

/** Length of a value found by `variableStart`. */
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
