import { byteFrom, bytesEqual } from "./bytes";
import { arenaGiveBack, arenaTake, failKeeping, keep, none } from "./region";

/** Bytes with their length in front; an absent text is `none<Text>()`, whose length must not be read. */
@unmanaged
export class Text {
  length: i32 = 0;

  get start(): usize {
    return changetype<usize>(this) + 4;
  }
}

// Stands in when memory is used up, so that building a configuration can go on to the one place that looks.
const EMPTY: usize = memory.data(16, 8);

/** A copy of bytes for the life of the VM. Without memory: the empty text, and `keepExhausted()` is true. */
export function keepText(start: usize, length: i32): Text {
  const address = keep(<usize>length + 4);
  if (address === 0) return changetype<Text>(EMPTY);
  store<i32>(address, length);
  memory.copy(address + 4, start, <usize>length);
  return changetype<Text>(address);
}

export function textIs(text: Text, start: usize, length: i32): bool {
  return text.length === length && bytesEqual(text.start, start, length);
}

export function sameText(a: Text, b: Text): bool {
  return textIs(a, b.start, b.length);
}

/** Whether bytes are those of an ASCII literal. Only for configuration: literals are UTF-16. */
export function isLiteral(start: usize, length: i32, literal: string): bool {
  if (literal.length !== length) return false;
  for (let i = 0; i < length; i++) {
    if (<i32>load<u8>(start + <usize>i) !== literal.charCodeAt(i)) return false;
  }
  return true;
}

/** Whether a byte occurs. */
export function hasByte(start: usize, length: i32, byte: u8): bool {
  return byteFrom(start, start + <usize>length, byte) < start + <usize>length;
}

// ---- composing: one text at a time, in the arena

let composeStart: usize = 0;
let composeLength: i32 = 0;
let composeCapacity: i32 = 0;
let composeFailed: bool = false;

/** Starts a text of at most `capacity` bytes. What does not fit is left out, and `composed()` says so. */
export function compose(capacity: i32): void {
  composeStart = arenaTake(<usize>capacity);
  composeCapacity = composeStart === 0 ? 0 : capacity;
  composeFailed = composeStart === 0;
  composeLength = 0;
}

export function put(start: usize, length: i32): void {
  if (length > composeCapacity - composeLength) {
    composeFailed = true;
    return;
  }
  memory.copy(composeStart + <usize>composeLength, start, <usize>length);
  composeLength += length;
}

export function putText(text: Text): void {
  put(text.start, text.length);
}

export function putByte(byte: u8): void {
  if (composeLength === composeCapacity) {
    composeFailed = true;
    return;
  }
  store<u8>(composeStart + <usize>composeLength, byte);
  composeLength++;
}

/** Adds an ASCII literal; for configuration only. */
export function putLiteral(literal: string): void {
  for (let i = 0; i < literal.length; i++) putByte(<u8>literal.charCodeAt(i));
}

/** Adds a number in decimal. */
export function putDecimal(value: u64): void {
  let divisor: u64 = 1;
  while (value / divisor >= 10) divisor *= 10;
  while (divisor > 0) {
    putByte(<u8>(48 + ((value / divisor) % 10)));
    divisor /= 10;
  }
}

/** Whether everything that was put is there. */
export function composed(): bool {
  return !composeFailed;
}

export function composedStart(): usize {
  return composeStart;
}

export function composedLength(): i32 {
  return composeLength;
}

/** Keeps what was composed for the life of the VM; nothing else was taken from the arena since `compose`. */
export function keepComposed(): Text {
  if (composeFailed) failKeeping();
  else arenaGiveBack(composeStart);
  return keepText(composeStart, composeLength);
}

/** An ASCII literal as bytes for the life of the VM. */
export function keepLiteral(literal: string): Text {
  compose(literal.length);
  putLiteral(literal);
  return keepComposed();
}

/** A copy of bytes until the end of the callback; the missing text without memory. */
export function textInArena(start: usize, length: i32): Text {
  const address = arenaTake(<usize>length + 4);
  if (address === 0) return none<Text>();
  store<i32>(address, length);
  memory.copy(address + 4, start, <usize>length);
  return changetype<Text>(address);
}
