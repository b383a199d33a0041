// The document at hand, as all files of the scanner see it: where it is, how far it is read, and why it is refused.

import { XML_ERROR_END, XML_ERROR_NAME, XML_ERROR_NAME_LENGTH, XML_OK } from "./xml-errors";
import { nameEnd } from "./xml-names";

/** Flag: names may have colons anywhere and mean nothing by them; `xmlns` is an attribute like others. */
export const XML_WITHOUT_NAMESPACES: i32 = 1;
/** Flag: processing instructions are refused, as SOAP does (SOAP 1.1 section 3, SOAP 1.2 part 1 section 5). */
export const XML_WITHOUT_INSTRUCTIONS: i32 = 2;

let begin: usize = 0;
let errorAt: usize = 0;
let flags: i32 = 0;
let nameLimit: i32 = 256;

/** What comes next. */
export let cursor: usize = 0;
export let limit: usize = 0;
/** The error that the document was refused with. */
export let failed: i32 = XML_OK;

/** Sets the most bytes of a name from here on. */
export function limitNames(bytes: i32): void {
  nameLimit = bytes;
}

export function beginSource(source: usize, length: i32, how: i32): void {
  begin = source;
  cursor = source;
  limit = source + <usize>length;
  errorAt = source;
  failed = XML_OK;
  flags = how;
}

export function hasFlag(flag: i32): bool {
  return (flags & flag) !== 0;
}

export function moveTo(position: usize): void {
  cursor = position;
}

export function shorten(end: usize): void {
  limit = end;
}

/** Refuses the document, for good. Returns the code. */
export function fail(code: i32, position: usize): i32 {
  errorAt = position;
  failed = code;
  return code;
}

export function errorOffset(): i32 {
  return <i32>(errorAt - begin);
}

/** Address after the name at `start`; 0 if the document is refused for want of one. */
export function takeName(start: usize): usize {
  const end = nameEnd(start, limit);
  if (end === 0) {
    fail(start >= limit ? XML_ERROR_END : XML_ERROR_NAME, start);
    return 0;
  }
  if (<i32>(end - start) <= nameLimit) return end;
  fail(XML_ERROR_NAME_LENGTH, start);
  return 0;
}
