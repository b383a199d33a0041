import { arenaExtend, arenaTake } from "./region";
import { Text } from "./text";
import { escapeXml, Place, XML_ESCAPE_FACTOR } from "./xml-escape";

// One text that is written from its start to its end, in the arena, in memory that grows with it. Nothing else should be taken from the arena in
// between: then the text grows where it is, and no byte of it is ever copied.

/** What an escaped text is written in: so much of it at a time that the room for the worst case stays small. */
const PIECE_BYTES: i32 = 8192;
/** Bytes that may be written beyond the end, so that short texts are copied in whole words. */
const SLACK: i32 = 16;
const SHORT: i32 = 64;

export enum OutputFailure {
  None,
  /** The text is longer than was allowed. */
  TooLong,
  /** The module has no more memory. */
  NoMemory,
}

let begin: usize = 0;
let cursor: usize = 0;
let limit: usize = 0;
let most: i32 = 0;
let failure: OutputFailure = OutputFailure.None;

/** Starts a text; `likely` bytes are taken at once, and it may become `longest` bytes long. */
export function beginOutput(likely: i32, longest: i32): void {
  failure = OutputFailure.None;
  most = longest;
  begin = arenaTake(<usize>likely + SLACK);
  cursor = begin;
  limit = begin + <usize>likely;
  if (begin !== 0) return;
  limit = 0;
  failure = OutputFailure.NoMemory;
}

/** Why the text is not whole; what is put after a failure is left out. */
export function outputFailure(): OutputFailure {
  return failure;
}

export function outputStart(): usize {
  return begin;
}

export function outputLength(): i32 {
  return <i32>(cursor - begin);
}

/** Forgets what was put after the first `length` bytes. */
export function cutOutput(length: i32): void {
  cursor = begin + <usize>length;
}

/** Whether there is room for `bytes` more, and SLACK. */
function hasRoom(bytes: i32): bool {
  return limit - cursor >= <usize>bytes || grow(bytes);
}

/** Where `bytes` more may be written, and SLACK behind them; 0 if they may not. `outputTook` says how many were. */
export function outputRoom(bytes: i32): usize {
  return hasRoom(bytes) ? cursor : 0;
}

export function outputTook(bytes: i32): void {
  cursor += <usize>bytes;
}

function grow(bytes: i32): bool {
  if (failure !== OutputFailure.None) return false;
  const length = outputLength();
  const wanted = <i64>length + <i64>bytes;
  if (wanted > <i64>most + PIECE_BYTES * XML_ESCAPE_FACTOR) return fail(OutputFailure.TooLong);
  if (length > most) return fail(OutputFailure.TooLong);
  const capacity = max(<i32>wanted, length + (length >> 1));
  const address = arenaExtend(begin, length, capacity + SLACK);
  if (address === 0) return fail(OutputFailure.NoMemory);
  begin = address;
  cursor = address + <usize>length;
  limit = address + <usize>capacity;
  return true;
}

function fail(reason: OutputFailure): bool {
  failure = reason;
  // So that no further byte is taken for one that has room.
  limit = cursor;
  return false;
}

/** Whether the text is whole and not too long. */
export function endOutput(): bool {
  if (failure === OutputFailure.None && outputLength() > most) fail(OutputFailure.TooLong);
  return failure === OutputFailure.None;
}

export function outputByte(byte: u8): void {
  if (!hasRoom(1)) return;
  store<u8>(cursor++, byte);
}

export function outputText(text: Text): void {
  outputBytes(text.start, text.length);
}

/** 16 bytes after the bytes may be read. */
export function outputBytes(start: usize, length: i32): void {
  if (!hasRoom(length)) return;
  if (length > SHORT) memory.copy(cursor, start, <usize>length);
  else copyShort(start, length);
  cursor += <usize>length;
}

function copyShort(start: usize, length: i32): void {
  for (let i: usize = 0; i < <usize>length; i += 16) {
    if (ASC_FEATURE_SIMD) v128.store(cursor + i, v128.load(start + i));
    else {
      store<u64>(cursor + i, load<u64>(start + i));
      store<u64>(cursor + i, load<u64>(start + i, 8), 8);
    }
  }
}

/** Puts a text escaped for XML; false if it has a character that XML cannot have. 16 bytes after the text may be read. */
export function outputEscaped(start: usize, length: i32, place: Place): bool {
  for (let done = 0; done < length; ) {
    const piece = pieceOf(start + <usize>done, length - done);
    if (!hasRoom(piece * XML_ESCAPE_FACTOR)) return true;
    const size = escapeXml(start + <usize>done, piece, cursor, place);
    if (size < 0) return false;
    cursor += <usize>size;
    done += piece;
  }
  return true;
}

/** As much of a text as is escaped at once; it ends between characters. */
function pieceOf(start: usize, length: i32): i32 {
  if (length <= PIECE_BYTES) return length;
  let piece = PIECE_BYTES;
  for (let i = 0; i < 3 && (load<u8>(start + <usize>piece) & 0xc0) === 0x80; i++) piece--;
  return piece;
}
