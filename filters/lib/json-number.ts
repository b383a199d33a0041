// JSON numbers (RFC 8259 section 6) as text. They stay text until someone asks for an integer: no digit is ever lost.

const MINUS: u32 = 0x2d;
const ZERO: u32 = 0x30;
/** 2^53-1: the range in which every integer survives any JSON implementation (RFC 8259 section 6, RFC 7493 section 2.2). */
const MAX_SAFE_INTEGER: i64 = 9007199254740991;
const MAX_SAFE_DIGITS: i32 = 16;

/** Address after the longest number that begins at `pointer`, or 0 when what stands there is not a number. */
export function numberEnd(pointer: usize, end: usize): usize {
  let position = pointer;
  if (position < end && load<u8>(position) === MINUS) position++;
  const integer = position;
  position = digitsEnd(position, end);
  if (position === integer) return 0;
  if (load<u8>(integer) === ZERO) position = integer + 1;
  if (position < end && load<u8>(position) === 0x2e) {
    const fraction = position + 1;
    position = digitsEnd(fraction, end);
    if (position === fraction) return 0;
  }
  return position < end && (load<u8>(position) | 0x20) === 0x65 ? exponentEnd(position + 1, end) : position;
}

/** Address after the optional sign and the digits of an exponent, or 0 when there is no digit. */
function exponentEnd(pointer: usize, end: usize): usize {
  let digits = pointer;
  if (digits < end && (load<u8>(digits) === 0x2b || load<u8>(digits) === MINUS)) digits++;
  const position = digitsEnd(digits, end);
  return position === digits ? 0 : position;
}

function digitsEnd(pointer: usize, end: usize): usize {
  let position = pointer;
  while (position < end && <u32>load<u8>(position) - ZERO < 10) position++;
  return position;
}

/** Whether a JSON number is written `-?(0|[1-9][0-9]*)` and lies within plus or minus 2^53-1. */
export function isDecimalInteger(pointer: usize, length: i32): bool {
  const sign = length > 0 && load<u8>(pointer) === MINUS ? 1 : 0;
  const digits = length - sign;
  if (digits < 1 || digits > MAX_SAFE_DIGITS) return false;
  for (let i = sign; i < length; i++) {
    if (<u32>load<u8>(pointer + i) - ZERO > 9) return false;
  }
  const value = decimalInteger(pointer, length);
  return value >= -MAX_SAFE_INTEGER && value <= MAX_SAFE_INTEGER;
}

/** Value of a text for which `isDecimalInteger` holds. */
export function decimalInteger(pointer: usize, length: i32): i64 {
  const negative = load<u8>(pointer) === MINUS;
  let value: i64 = 0;
  for (let i = negative ? 1 : 0; i < length; i++) value = value * 10 + <i64>(load<u8>(pointer + i) - <u8>ZERO);
  return negative ? -value : value;
}
