// What is neither tag nor text: comments (section 2.5), processing instructions (2.6), document types (2.8), which are refused, and
// CDATA sections (2.7), which are text.

import { byteFrom } from "./bytes";
import { isSpace } from "./xml-characters";
import {
  XML_ERROR_DOCTYPE,
  XML_ERROR_END,
  XML_ERROR_INSTRUCTION,
  XML_ERROR_NAME,
  XML_ERROR_SYNTAX,
  XML_OK,
} from "./xml-errors";
import { nameColon } from "./xml-names";
import {
  cursor,
  fail,
  failed,
  hasFlag,
  limit,
  moveTo,
  takeName,
  XML_WITHOUT_INSTRUCTIONS,
  XML_WITHOUT_NAMESPACES,
} from "./xml-source";
import { addSection, textCursor } from "./xml-text";

const EXCLAMATION: u32 = 0x21;
const QUESTION: u32 = 0x3f;
const GREATER: u32 = 0x3e;
const HYPHEN: u32 = 0x2d;

/** Whether `<` and this begin a tag and nothing that is read here. If the tag is none, reading it says so. */
export function isTagMark(byte: u32): bool {
  return byte !== EXCLAMATION && byte !== QUESTION;
}

/** What begins with `<!` or `<?`; a CDATA section is added to the text, and stands only there. */
export function readAside(inText: bool): i32 {
  if (load<u8>(cursor, 1) === QUESTION) return readInstruction();
  if (startsComment(cursor + 2)) return readComment();
  if (startsDoctype(cursor + 2)) return fail(XML_ERROR_DOCTYPE, cursor);
  if (inText && startsSection(cursor + 2)) {
    const error = addSection(cursor + 9, limit);
    moveTo(textCursor());
    return error === XML_OK ? XML_OK : fail(error, cursor);
  }
  // The longest mark has nine bytes.
  return limit - cursor < 9 ? fail(XML_ERROR_END, limit) : fail(XML_ERROR_SYNTAX, cursor);
}

function startsComment(position: usize): bool {
  return limit - position >= 2 && load<u16>(position) === 0x2d2d;
}

/** `DOCTYPE` */
function startsDoctype(position: usize): bool {
  return limit - position >= 7 && load<u32>(position) === 0x54434f44 && load<u32>(position, 3) === 0x45505954;
}

/** `[CDATA[` */
function startsSection(position: usize): bool {
  return limit - position >= 7 && load<u32>(position) === 0x4144435b && load<u32>(position, 3) === 0x5b415441;
}

/** Section 2.5: two hyphens only at the end. */
function readComment(): i32 {
  let position = cursor + 4;
  while (true) {
    position = byteFrom(position, limit, HYPHEN);
    if (limit - position < 3) return fail(XML_ERROR_END, limit);
    if (load<u8>(position, 1) === HYPHEN) break;
    position += 2;
  }
  if (load<u8>(position, 2) !== GREATER) return fail(XML_ERROR_SYNTAX, position);
  moveTo(position + 3);
  return XML_OK;
}

/** Section 2.6. A name of `xml` in any case is reserved. */
function readInstruction(): i32 {
  const start = cursor + 2;
  const end = takeName(start);
  if (end === 0) return failed;
  // Before anything else is said of it: it may be the beginning of an XML declaration.
  if (end === limit) return fail(XML_ERROR_END, limit);
  if (hasFlag(XML_WITHOUT_INSTRUCTIONS)) return fail(XML_ERROR_INSTRUCTION, cursor);
  if (!hasFlag(XML_WITHOUT_NAMESPACES) && nameColon(start, end) !== 0) return fail(XML_ERROR_NAME, start);
  if (end - start === 3 && isReserved(start)) return fail(XML_ERROR_SYNTAX, start);
  let position = end;
  if (!isSpace(<u32>load<u8>(end)) && load<u8>(end) !== QUESTION) return fail(XML_ERROR_SYNTAX, end);
  while (true) {
    position = byteFrom(position, limit, QUESTION);
    if (limit - position < 2) return fail(XML_ERROR_END, limit);
    if (load<u8>(position, 1) === GREATER) break;
    if (position === end) return fail(XML_ERROR_SYNTAX, end);
    position++;
  }
  moveTo(position + 2);
  return XML_OK;
}

function isReserved(start: usize): bool {
  return (load<u16>(start) | 0x2020) === 0x6d78 && (load<u8>(start, 2) | 0x20) === 0x6c;
}
