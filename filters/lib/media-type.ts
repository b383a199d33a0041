// Media types of `Content-Type` (RFC 9110 section 8.3.1), as far as they decide how a body is read.

import { byteFrom, bytesEqualLower } from "./bytes";
import { afterSpace, beforeSpace } from "./field-space";

export enum MediaType {
  Other = 0,
  /** `application/json` and `application/<name>+json` */
  Json = 1,
  /** `text/xml`, `application/xml`, `application/soap+xml` */
  Xml = 2,
}

const SEMICOLON: u8 = 0x3b;
const EQUALS: u8 = 0x3d;
const QUOTE: u8 = 0x22;

/** What a field value says, its parameters left aside. */
export function mediaTypeOf(start: usize, length: i32): MediaType {
  const end = start + <usize>length;
  const from = afterSpace(start, end);
  const to = beforeSpace(from, byteFrom(from, end, SEMICOLON));
  const size = <i32>(to - from);
  if (isWord(from, size, APPLICATION_JSON)) return MediaType.Json;
  if (size > 5 + 12 && isWord(from, 12, APPLICATION) && isWord(to - 5, 5, JSON_SUFFIX)) return MediaType.Json;
  if (isWord(from, size, TEXT_XML) || isWord(from, size, APPLICATION_XML) || isWord(from, size, SOAP_XML))
    return MediaType.Xml;
  return MediaType.Other;
}

/** Whether a field value names no `charset` but UTF-8 or US-ASCII, which is a part of it. A name that is given twice must be so twice. */
export function isUtf8Type(start: usize, length: i32): bool {
  const end = start + <usize>length;
  let at = byteFrom(start, end, SEMICOLON);
  while (at < end) {
    const from = afterSpace(at + 1, end);
    const equals = byteFrom(from, end, EQUALS);
    const next = byteFrom(from, end, SEMICOLON);
    at = next;
    if (equals >= next || !isWord(from, <i32>(beforeSpace(from, equals) - from), CHARSET)) continue;
    let value = afterSpace(equals + 1, end);
    let valueEnd = beforeSpace(value, next);
    if (valueEnd - value >= 2 && load<u8>(value) === QUOTE && load<u8>(valueEnd - 1) === QUOTE) {
      value++;
      valueEnd--;
    }
    const size = <i32>(valueEnd - value);
    if (!isWord(value, size, UTF_8) && !isWord(value, size, US_ASCII)) return false;
  }
  return true;
}

// Words in small letters with their lengths in front: literals of the language are UTF-16.
const APPLICATION_JSON: usize = memory.data<u8>([
  16, 0x61, 0x70, 0x70, 0x6c, 0x69, 0x63, 0x61, 0x74, 0x69, 0x6f, 0x6e, 0x2f, 0x6a, 0x73, 0x6f, 0x6e,
]);
const APPLICATION: usize = memory.data<u8>([
  12, 0x61, 0x70, 0x70, 0x6c, 0x69, 0x63, 0x61, 0x74, 0x69, 0x6f, 0x6e, 0x2f,
]);
const JSON_SUFFIX: usize = memory.data<u8>([5, 0x2b, 0x6a, 0x73, 0x6f, 0x6e]);
const TEXT_XML: usize = memory.data<u8>([8, 0x74, 0x65, 0x78, 0x74, 0x2f, 0x78, 0x6d, 0x6c]);
const APPLICATION_XML: usize = memory.data<u8>([
  15, 0x61, 0x70, 0x70, 0x6c, 0x69, 0x63, 0x61, 0x74, 0x69, 0x6f, 0x6e, 0x2f, 0x78, 0x6d, 0x6c,
]);
const SOAP_XML: usize = memory.data<u8>([
  20, 0x61, 0x70, 0x70, 0x6c, 0x69, 0x63, 0x61, 0x74, 0x69, 0x6f, 0x6e, 0x2f, 0x73, 0x6f, 0x61, 0x70, 0x2b, 0x78, 0x6d,
  0x6c,
]);
const CHARSET: usize = memory.data<u8>([7, 0x63, 0x68, 0x61, 0x72, 0x73, 0x65, 0x74]);
const UTF_8: usize = memory.data<u8>([5, 0x75, 0x74, 0x66, 0x2d, 0x38]);
const US_ASCII: usize = memory.data<u8>([8, 0x75, 0x73, 0x2d, 0x61, 0x73, 0x63, 0x69, 0x69]);

/** Whether bytes are a word, in capital or small letters. */
function isWord(start: usize, length: i32, word: usize): bool {
  return length === <i32>load<u8>(word) && bytesEqualLower(start, word + 1, length);
}
