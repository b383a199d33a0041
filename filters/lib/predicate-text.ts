import { bytesEqual, lowerAscii } from "./bytes";
import { AddressRange, rangeHolds } from "./cidr";
import { dfaMatches } from "./dfa";
import { integerOfText, NO_INTEGER, writeInteger } from "./integer";
import { Code, Operation, Value } from "./predicate-program";
import { scratchTake } from "./scratch";
import { occursIn } from "./search";
import { utf8Characters } from "./utf8";

// The operations of conditions on strings; the values are known.

// "false" at 0, "true" at 8.
const TRUTHS: usize = memory.data<u8>([0x66, 0x61, 0x6c, 0x73, 0x65, 0, 0, 0, 0x74, 0x72, 0x75, 0x65, 0, 0, 0, 0]);
const LONGEST_INTEGER: i32 = 20;

export function sameString(a: Value, b: Value): bool {
  return a.length === b.length && bytesEqual(<usize>a.value, <usize>b.value, a.length);
}

export function startsWith(text: Value, prefix: Value): bool {
  return text.length >= prefix.length && bytesEqual(<usize>text.value, <usize>prefix.value, prefix.length);
}

export function endsWith(text: Value, suffix: Value): bool {
  const before = text.length - suffix.length;
  return before >= 0 && bytesEqual(<usize>text.value + <usize>before, <usize>suffix.value, suffix.length);
}

export function stringContains(text: Value, part: Value): bool {
  return occursIn(<usize>text.value, text.length, <usize>part.value, part.length);
}

/** Puts the result of an operation on one value in its place; unknown where there is none. */
export function convert(value: Value, operation: Operation): void {
  const code = operation.code;
  const start = <usize>value.value;
  if (code === Code.Matches) value.value = dfaMatches(<usize>operation.value, start, value.length) ? 1 : 0;
  else if (code === Code.LowerAscii) lower(value);
  else if (code === Code.Characters) setNumber(value, <i64>utf8Characters(start, value.length), -1);
  else if (code === Code.InRange) setNumber(value, <i64>holds(operation, start, value.length), -1);
  else if (code === Code.ToInteger) setNumber(value, integerOfText(start, value.length), NO_INTEGER);
  else if (code === Code.IntegerToString) writeNumber(value);
  else setString(value, value.value === 0 ? TRUTHS : TRUTHS + 8, value.value === 0 ? 5 : 4);
}

function holds(operation: Operation, start: usize, length: i32): i32 {
  return rangeHolds(changetype<AddressRange>(<usize>operation.value), start, length);
}

function setNumber(value: Value, number: i64, none: i64): void {
  value.value = number;
  value.known = number === none ? 0 : 1;
}

function setString(value: Value, start: usize, length: i32): void {
  value.value = <i64>start;
  value.length = length;
}

function lower(value: Value): void {
  const target = scratchTake(value.length);
  value.known = target === 0 ? 0 : 1;
  if (target === 0) return;
  lowerAscii(<usize>value.value, value.length, target);
  value.value = <i64>target;
}

function writeNumber(value: Value): void {
  const target = scratchTake(LONGEST_INTEGER);
  value.known = target === 0 ? 0 : 1;
  if (target !== 0) setString(value, target, writeInteger(target, value.value));
}
