// The XML declaration (section 2.8): which version and encoding a text says that it has.

import { byteFrom, bytesEqual, bytesEqualLower } from "./bytes";
import { isSpace, spaceEnd } from "./xml-characters";
import { XML_ERROR_ENCODING, XML_ERROR_END, XML_ERROR_SYNTAX, XML_ERROR_VERSION, XML_OK } from "./xml-errors";

const QUESTION: u32 = 0x3f;
const GREATER: u32 = 0x3e;

/** `version`, `encoding`, `standalone`; `1.0`; `utf-8`, `us-ascii`; `yes`, `no` */
const VERSION: usize = memory.data<u8>([0x76, 0x65, 0x72, 0x73, 0x69, 0x6f, 0x6e]);
const ENCODING: usize = memory.data<u8>([0x65, 0x6e, 0x63, 0x6f, 0x64, 0x69, 0x6e, 0x67]);
const STANDALONE: usize = memory.data<u8>([0x73, 0x74, 0x61, 0x6e, 0x64, 0x61, 0x6c, 0x6f, 0x6e, 0x65]);
const ONE: usize = memory.data<u8>([0x31, 0x2e, 0x30]);
const UTF8: usize = memory.data<u8>([0x75, 0x74, 0x66, 0x2d, 0x38]);
const ASCII: usize = memory.data<u8>([0x75, 0x73, 0x2d, 0x61, 0x73, 0x63, 0x69, 0x69]);
const YES: usize = memory.data<u8>([0x79, 0x65, 0x73]);
const NO: usize = memory.data<u8>([0x6e, 0x6f]);

let cursor: usize = 0;
let limit: usize = 0;
let valueStart: usize = 0;
let valueLength: i32 = 0;

/** Where reading goes on, or what was refused. */
export function declarationCursor(): usize {
  return cursor;
}

/** Whether a text begins with `<?xml` and white space. Returns are line feeds by now. */
export function isDeclaration(start: usize, end: usize): bool {
  if (end - start < 6) return false;
  return load<u32>(start) === 0x6d783f3c && load<u8>(start, 4) === 0x6c && isSpace(load<u8>(start, 5));
}

/** Reads the declaration at `start`, of which `isDeclaration` holds. */
export function readDeclaration(start: usize, end: usize): i32 {
  cursor = start + 5;
  limit = end;
  if (!readPair(VERSION, 7)) return problem(XML_ERROR_SYNTAX);
  if (!valueIs(ONE, 3)) return refuseValue(isVersion() ? XML_ERROR_VERSION : XML_ERROR_SYNTAX);
  if (readPair(ENCODING, 8)) {
    if (!isEncoding()) return refuseValue(XML_ERROR_SYNTAX);
    if (!valueIs(UTF8, 5) && !valueIs(ASCII, 8)) return refuseValue(XML_ERROR_ENCODING);
  }
  if (readPair(STANDALONE, 10) && !isExactly(YES, 3) && !isExactly(NO, 2)) return refuseValue(XML_ERROR_SYNTAX);
  cursor = spaceEnd(cursor, limit);
  if (limit - cursor < 2) return problem(XML_ERROR_SYNTAX);
  if (load<u8>(cursor) !== QUESTION || load<u8>(cursor, 1) !== GREATER) return XML_ERROR_SYNTAX;
  cursor += 2;
  return XML_OK;
}

function problem(reason: i32): i32 {
  return cursor >= limit ? XML_ERROR_END : reason;
}

function refuseValue(reason: i32): i32 {
  cursor = valueStart;
  return reason;
}

/** Reads white space, this name, `=` and a quoted value. If it is not there, the cursor is after the white space at most. */
function readPair(name: usize, length: i32): bool {
  const begin = spaceEnd(cursor, limit);
  if (begin === cursor || <i32>(limit - begin) < length || !bytesEqual(begin, name, length)) return false;
  let position = spaceEnd(begin + <usize>length, limit);
  if (position === limit || load<u8>(position) !== 0x3d) return false;
  position = spaceEnd(position + 1, limit);
  if (position === limit) return false;
  const quote = load<u8>(position);
  if (quote !== 0x22 && quote !== 0x27) return false;
  valueStart = position + 1;
  position = byteFrom(valueStart, limit, quote);
  if (position === limit) return false;
  valueLength = <i32>(position - valueStart);
  cursor = position + 1;
  return true;
}

function isExactly(text: usize, length: i32): bool {
  return valueLength === length && bytesEqual(valueStart, text, length);
}

/** Names of encodings are the same whatever case they are in (section 4.3.3). `text` is in lower case. */
function valueIs(text: usize, length: i32): bool {
  return valueLength === length && bytesEqualLower(valueStart, text, length);
}

/** VersionNum: `1.` and digits. */
function isVersion(): bool {
  if (valueLength < 3 || !bytesEqual(valueStart, ONE, 2)) return false;
  for (let i = 2; i < valueLength; i++) {
    if (<u32>load<u8>(valueStart + <usize>i) - 0x30 > 9) return false;
  }
  return true;
}

/** EncName: a letter, then letters, digits and `._-`. */
function isEncoding(): bool {
  for (let i = 0; i < valueLength; i++) {
    const byte = <u32>load<u8>(valueStart + <usize>i);
    if ((byte | 0x20) - 0x61 < 26) continue;
    const isOther = byte - 0x30 < 10 || byte === 0x2e || byte === 0x5f || byte === 0x2d;
    if (i === 0 || !isOther) return false;
  }
  return valueLength > 0;
}
