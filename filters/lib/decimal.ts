import { at } from "./region";

// Decimal numbers as text (XML Schema Part 2, sections 3.2.3 and 3.2.5): sign, digits, a point, and where it is allowed a power of ten. They are
// compared digit by digit, never as floating point numbers, so no digit is lost however many there are.

/** A number that was read; its digits stay where they are. All zero for 0. */
@unmanaged
export class Decimal {
  negative: bool = false;
  /** No point and no power of ten stands in it. */
  whole: bool = false;
  /** Address of the first digit that is not 0, or 0; and the one after the last such digit. A point may be between them. */
  first: usize = 0;
  last: usize = 0;
  /** The number is 0.d1d2d3... times ten to this power. */
  scale: i32 = 0;
  /** Digits before the point without leading zeros, and after it without trailing zeros. */
  integerDigits: i32 = 0;
  fractionDigits: i32 = 0;
}

const CELLS: usize = memory.data(64, 8);

/** Powers of ten that are larger, either way, are taken as this one. */
const LARGEST_POWER: i32 = 1 << 30;

/** One of two places for a number: 0 or 1. */
export function decimalCell(index: i32): Decimal {
  return at<Decimal>(CELLS, index & 1);
}

/** Reads `[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)`, with `[eE][+-]?[0-9]+` after it if that is allowed. False for any other text. */
export function readDecimal(start: usize, length: i32, power: bool, into: Decimal): bool {
  const end = start + <usize>length;
  let cursor = start;
  into.negative = length > 0 && load<u8>(start) === 0x2d;
  if (into.negative || (length > 0 && load<u8>(start) === 0x2b)) cursor++;
  let digits = 0;
  let point: usize = 0;
  into.first = 0;
  into.last = 0;
  for (; cursor < end; cursor++) {
    const byte = <u32>load<u8>(cursor);
    if (byte - 0x30 < 10) {
      digits++;
      if (byte === 0x30) continue;
      if (into.first === 0) into.first = cursor;
      into.last = cursor + 1;
    } else if (byte === 0x2e && point === 0) point = cursor;
    else break;
  }
  if (digits === 0) return false;
  into.whole = point === 0 && cursor === end;
  measure(into, point === 0 ? cursor : point);
  if (cursor === end) return true;
  return power && (load<u8>(cursor) | 0x20) === 0x65 && readPower(cursor + 1, end, into);
}

/** Counts digits; `point` is where the point is or would be. */
function measure(number: Decimal, point: usize): void {
  const isZero = number.first === 0;
  const hasInteger = !isZero && number.first < point;
  number.integerDigits = hasInteger ? <i32>(point - number.first) : 0;
  number.fractionDigits = number.last > point ? <i32>(number.last - point) - 1 : 0;
  number.scale = isZero || hasInteger ? number.integerDigits : <i32>(point + 1 - number.first);
}

function readPower(start: usize, end: usize, number: Decimal): bool {
  let cursor = start;
  const negative = cursor < end && load<u8>(cursor) === 0x2d;
  if (negative || (cursor < end && load<u8>(cursor) === 0x2b)) cursor++;
  if (cursor === end) return false;
  let power = 0;
  for (; cursor < end; cursor++) {
    const digit = <u32>load<u8>(cursor) - 0x30;
    if (digit > 9) return false;
    power = power > LARGEST_POWER / 16 ? LARGEST_POWER : power * 10 + <i32>digit;
  }
  power = min(power, LARGEST_POWER);
  if (number.first !== 0) number.scale += negative ? -power : power;
  return true;
}

/** Order of two numbers: negative, zero or positive. -0 is 0. */
export function compareDecimals(a: Decimal, b: Decimal): i32 {
  const left = signOf(a);
  const right = signOf(b);
  if (left !== right) return left - right;
  return left === 0 ? 0 : left * compareMagnitudes(a, b);
}

function signOf(number: Decimal): i32 {
  return number.first === 0 ? 0 : number.negative ? -1 : 1;
}

function compareMagnitudes(a: Decimal, b: Decimal): i32 {
  if (a.scale !== b.scale) return a.scale < b.scale ? -1 : 1;
  let left = a.first;
  let right = b.first;
  while (left < a.last && right < b.last) {
    if (load<u8>(left) === 0x2e) left++;
    if (load<u8>(right) === 0x2e) right++;
    const difference = <i32>load<u8>(left++) - <i32>load<u8>(right++);
    if (difference !== 0) return difference;
  }
  // The last digit of a number is not 0: whichever has digits left is larger.
  return left < a.last ? 1 : right < b.last ? -1 : 0;
}

export enum NotFinite {
  None,
  Infinity,
  NegativeInfinity,
  NotANumber,
}

/** Which of `INF`, `-INF` and `NaN` a text is. */
export function notFiniteOf(start: usize, length: i32): NotFinite {
  if (length === 4 && load<u32>(start) === 0x464e492d) return NotFinite.NegativeInfinity;
  if (length !== 3) return NotFinite.None;
  const word = <u32>load<u16>(start) | ((<u32>load<u8>(start, 2)) << 16);
  return word === 0x464e49 ? NotFinite.Infinity : word === 0x4e614e ? NotFinite.NotANumber : NotFinite.None;
}
