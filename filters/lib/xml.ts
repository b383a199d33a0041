// A strict scanner of XML 1.0, fifth edition, with Namespaces in XML 1.0, over UTF-8 bytes: one event at a time, iterative, linear in
// the bytes, bounded in depth, attributes, names and declarations. It validates nothing, and knows no document type: that a text has
// one is reason to refuse it. Text and values are put together inside the source, which the caller gives up.

import { NameTable } from "./table";
import { isTagMark, readAside } from "./xml-aside";
import { attributeAt, attributeBytes, attributeCount, initAttributes } from "./xml-attributes";
import {
  characterProblem,
  checkCharacters,
  isSpace,
  isWide,
  joinLineEnds,
  markLength,
  spaceEnd,
} from "./xml-characters";
import { declarationCursor, isDeclaration, readDeclaration } from "./xml-declaration";
import { XML_ERROR_END, XML_ERROR_OUTSIDE, XML_ERROR_UTF16, XML_OK } from "./xml-errors";
import {
  beginNamespaces,
  namespaceBytes,
  namespaceLength,
  namespaceNumber,
  namespaceOf,
  namespaceStart,
} from "./xml-namespaces";
import { beginSource, cursor, errorOffset, fail, failed, limit, limitNames, moveTo, shorten } from "./xml-source";
import {
  closeElement,
  depth,
  initTags,
  isEmpty,
  localLength,
  localStart,
  namespace,
  readEnd,
  readStart,
  tagBytes,
} from "./xml-tags";
import { addText, beginText, textCursor, textWritten } from "./xml-text";

export * from "./xml-errors";
export { XML_WITHOUT_INSTRUCTIONS, XML_WITHOUT_NAMESPACES } from "./xml-source";

/** The document is at its end, and well-formed. */
export const XML_EOF: i32 = 0;
/** A start tag, or an empty tag; XML_END comes for that too. */
export const XML_START: i32 = 1;
export const XML_END: i32 = 2;
/** All the text up to the next tag: comments and instructions in it are left out. Never empty, and only within the element of the document. */
export const XML_TEXT: i32 = 3;

const LESS: u32 = 0x3c;
const SLASH: u32 = 0x2f;

let hasRoot: bool = false;

let depthLimit: i32 = 64;
let attributeLimit: i32 = 64;
let namespaceLimit: i32 = 64;

let textStart: usize = 0;
let textLength: i32 = 0;

/** Sets the limits of all documents from here on: elements in one another, attributes of one element, bytes of a name, namespaces declared at once. */
export function xmlLimits(elements: i32, attributes: i32, nameBytes: i32, namespaces: i32): void {
  depthLimit = elements;
  attributeLimit = attributes;
  limitNames(nameBytes);
  namespaceLimit = namespaces;
}

/** Bytes of memory that a document needs beside its own, under the limits set. */
export function xmlMemory(): i32 {
  return namespaceBytes(namespaceLimit) + attributeBytes(attributeLimit) + tagBytes(depthLimit);
}

/**
 * Begins a document of `length` bytes. `space` is memory of `xmlMemory()` bytes, aligned to 8, that is the scanner's until the document is done.
 * `known` numbers names of namespaces (`xmlNamespace`) and may be missing. Returns XML_OK or an XML_ERROR_ code.
 */
export function xmlBegin(source: usize, length: i32, space: usize, how: i32, known: NameTable): i32 {
  beginSource(source, length, how);
  hasRoot = false;
  beginNamespaces(space, namespaceLimit, known);
  initAttributes(space + <usize>namespaceBytes(namespaceLimit), attributeLimit);
  initTags(space + <usize>(namespaceBytes(namespaceLimit) + attributeBytes(attributeLimit)), depthLimit);
  if (isWide(source, length)) return fail(XML_ERROR_UTF16, source);
  moveTo(source + <usize>markLength(source, length));
  const error = checkCharacters(cursor, limit);
  if (error !== XML_OK) return fail(error, characterProblem());
  shorten(joinLineEnds(cursor, limit));
  return isDeclaration(cursor, limit) ? declaration() : XML_OK;
}

/** The next event, or an XML_ERROR_ code; after one of these always that again. */
export function xmlNext(): i32 {
  if (failed !== XML_OK) return failed;
  if (isEmpty) {
    closeElement();
    return XML_END;
  }
  if (depth === 0) return outside();
  if (isTag()) return readTag();
  const error = readText();
  if (error !== XML_OK) return error;
  return textLength > 0 ? XML_TEXT : readTag();
}

/** The same, but white space before a tag is passed over. */
export function xmlNextTag(): i32 {
  if (failed !== XML_OK) return failed;
  if (isEmpty || depth === 0) return xmlNext();
  if (isTag()) return readTag();
  const next = spaceEnd(cursor, limit);
  if (next + 1 < limit && load<u8>(next) === LESS && isTagMark(<u32>load<u8>(next, 1))) {
    moveTo(next);
    return readTag();
  }
  const error = readText();
  if (error !== XML_OK) return error;
  return textLength === 0 || isBlank() ? readTag() : XML_TEXT;
}

/** Byte offset at which the document was refused; line ends that are two bytes count as one. */
export function xmlErrorOffset(): i32 {
  return errorOffset();
}

// ---- the element of the last XML_START, until the next event

export function xmlLocalStart(): usize {
  return localStart;
}

export function xmlLocalLength(): i32 {
  return localLength;
}

/** The number that the known namespaces have for its namespace; 0 if it has none, -1 if they do not know it. */
export function xmlNamespace(): i32 {
  return namespaceNumber(namespace);
}

export function xmlNamespaceStart(): usize {
  return namespaceStart(namespace);
}

export function xmlNamespaceLength(): i32 {
  return namespaceLength(namespace);
}

/** Attributes without the declarations of namespaces; `attributeAt` of `xml-attributes.ts` has them. */
export function xmlAttributeCount(): i32 {
  return attributeCount();
}

export function xmlAttributeNamespace(index: i32): i32 {
  return namespaceNumber(attributeAt(index).namespace);
}

/** Number of the namespace that a prefix stands for here: 0 for none, -1 for one that is not known or a prefix that is not declared. */
export function xmlPrefixNamespace(prefix: usize, length: i32): i32 {
  const binding = namespaceOf(prefix, length);
  return binding < 0 ? -1 : namespaceNumber(binding);
}

// ---- the text of the last XML_TEXT; it stays where it is

export function xmlTextStart(): usize {
  return textStart;
}

export function xmlTextLength(): i32 {
  return textLength;
}

// ---- reading

function declaration(): i32 {
  const error = readDeclaration(cursor, limit);
  moveTo(declarationCursor());
  return error === XML_OK ? XML_OK : fail(error, cursor);
}

/** Before and behind the one element. */
function outside(): i32 {
  while (true) {
    moveTo(spaceEnd(cursor, limit));
    if (cursor === limit) return hasRoot ? XML_EOF : fail(XML_ERROR_END, limit);
    if (load<u8>(cursor) !== LESS) return fail(XML_ERROR_OUTSIDE, cursor);
    if (cursor + 1 === limit) return fail(XML_ERROR_END, limit);
    if (isTagMark(<u32>load<u8>(cursor, 1))) {
      if (hasRoot) return fail(XML_ERROR_OUTSIDE, cursor);
      hasRoot = true;
      const error = readStart();
      return error === XML_OK ? XML_START : error;
    }
    const error = readAside(false);
    if (error !== XML_OK) return error;
  }
}

function isTag(): bool {
  return cursor + 1 < limit && load<u8>(cursor) === LESS && isTagMark(<u32>load<u8>(cursor, 1));
}

function readTag(): i32 {
  const isEnd = load<u8>(cursor, 1) === SLASH;
  const error = isEnd ? readEnd() : readStart();
  return error !== XML_OK ? error : isEnd ? XML_END : XML_START;
}

/** Text up to a tag; XML_OK only if there is one. */
function readText(): i32 {
  textStart = cursor;
  beginText(cursor);
  while (true) {
    const error = addText(cursor, limit);
    moveTo(textCursor());
    if (error !== XML_OK) return fail(error, cursor);
    if (limit - cursor < 2) return fail(XML_ERROR_END, limit);
    if (isTagMark(<u32>load<u8>(cursor, 1))) break;
    const refused = readAside(true);
    if (refused !== XML_OK) return refused;
  }
  textLength = <i32>(textWritten() - textStart);
  return XML_OK;
}

/** Whether the text is nothing but white space; a return that was referred to is white space too. */
function isBlank(): bool {
  const end = textStart + <usize>textLength;
  for (let i = textStart; i < end; i++) {
    const byte = <u32>load<u8>(i);
    if (!isSpace(byte) && byte !== 0x0d) return false;
  }
  return true;
}
