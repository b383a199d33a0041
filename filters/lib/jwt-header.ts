import { hasControlCharacter } from "./bytes";
import {
  JSON_ARRAY,
  JSON_FALSE,
  JSON_NULL,
  JSON_NUMBER,
  JSON_STRING,
  JSON_TRUE,
  jsonLength,
  jsonNext,
  jsonStart,
  jsonType,
} from "./json-tape";
import { NO_CLAIM } from "./jwt";
import { compose, composed, composedLength, composedStart, hasByte, put, putByte } from "./text";

// What a claim is in a header (RFC 9110, section 5.5): the bytes of a text, the digits of a number, `true` or `false`; the texts of a list with commas
// between them. A header cannot say everything that JSON can, and nothing is changed so that it fits.

/** The most bytes of a value. */
const MOST_BYTES: i32 = 4096;

const COMMA: u8 = 0x2c;
const SPACE: u8 = 0x20;

/** What the last claim is; of no length if there is none. */
export let claimTextStart: usize = 0;
export let claimTextLength: i32 = 0;

/**
 * Makes a claim the value of a header; false if it cannot be one: an object, control characters, spaces at its ends, which servers cut off, or a comma in
 * an element of a list. No claim, `null`, the empty text and the empty list are no header.
 */
export function composeClaim(tape: usize, node: i32): bool {
  claimTextLength = 0;
  if (node === NO_CLAIM) return true;
  switch (jsonType(tape, node)) {
    case JSON_NULL:
      return true;
    case JSON_STRING:
    case JSON_NUMBER:
    case JSON_TRUE:
    case JSON_FALSE:
      claimTextStart = jsonStart(tape, node);
      claimTextLength = jsonLength(tape, node);
      return isValue(claimTextStart, claimTextLength);
    case JSON_ARRAY:
      return composeList(tape, node);
    default:
      return false;
  }
}

function composeList(tape: usize, node: i32): bool {
  compose(MOST_BYTES);
  const end = jsonNext(tape, node);
  for (let element = node + 1; element < end; element = jsonNext(tape, element)) {
    const start = jsonStart(tape, element);
    const length = jsonLength(tape, element);
    if (jsonType(tape, element) !== JSON_STRING || length === 0) return false;
    if (!isValue(start, length) || hasByte(start, length, COMMA)) return false;
    if (element > node + 1) putByte(COMMA);
    put(start, length);
  }
  claimTextStart = composedStart();
  claimTextLength = composedLength();
  return composed();
}

function isValue(start: usize, length: i32): bool {
  if (length > MOST_BYTES || hasControlCharacter(start, length)) return false;
  return length === 0 || (load<u8>(start) !== SPACE && load<u8>(start + <usize>(length - 1)) !== SPACE);
}
