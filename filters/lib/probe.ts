// Entry point of the tests: the library as a module of its own. It is not shipped.

import { compareDecimals, decimalCell, readDecimal } from "./decimal";
import { none } from "./region";
import { NameTable } from "./table";
import { XML_ERROR_END, XML_OK, xmlBegin, xmlNextTag } from "./xml";
import { attributeAt } from "./xml-attributes";

export { baggageFits } from "./baggage";
export * from "./base64";
export * from "./binary";
export * from "./bytes";
export { rangeHolds, readRange } from "./cidr";
export { writeDateTime } from "./date-time";
export { notFiniteOf } from "./decimal";
export { dfaMatches, isDfa } from "./dfa";
export { hostNameLength } from "./host-name";
export * from "./json";
export { jsonNodesAtMost } from "./json-room";
export { isUtf8Type, mediaTypeOf } from "./media-type";
export { isName } from "./name";
export {
  beginPiece,
  cutLength,
  pieceByte,
  pieceBytes,
  pieceDecimal,
  pieceEnd,
  pieceHex,
  pieceInteger,
  pieceIsFull,
  pieceJson,
} from "./piece";
export { blocksTaken, giveBlock, LARGEST_BLOCK, takeBlock } from "./pool";
export { occursIn } from "./search";
export { sha1 } from "./sha1";
export * from "./sha256";
export * from "./siphash";
export * from "./space";
export { seedTables } from "./table";
export * from "./trace-context";
export { truthOf } from "./truth";
export { utf8Characters, utf8CharactersOfValid, utf8ValidLength } from "./utf8";
export { writeUuid } from "./uuid";
export * from "./xml";
export { escapeXml } from "./xml-escape";
export { isXmlName } from "./xml-name";

/** First address that no static data of the library uses. */
export function heapBase(): usize {
  return __heap_base;
}

/** Order of two numbers; NO_NUMBER if one of the texts is none. */
export function decimalOrder(a: usize, aLength: i32, b: usize, bLength: i32): i32 {
  if (!readDecimal(a, aLength, true, decimalCell(0)) || !readDecimal(b, bLength, true, decimalCell(1)))
    return NO_NUMBER;
  return compareDecimals(decimalCell(0), decimalCell(1));
}

const NO_NUMBER: i32 = i32.MIN_VALUE;

/** Members of records and pointers do not leave a module, so the attribute of a test is asked for piece by piece. */
export function xmlAttributePart(index: i32, part: i32): usize {
  const attribute = attributeAt(index);
  switch (part) {
    case 0:
      return attribute.name;
    case 1:
      return attribute.prefixLength;
    case 2:
      return attribute.localLength;
    case 3:
      return attribute.value;
    default:
      return attribute.valueLength;
  }
}

/** Reads a whole document without a call from outside between its events; returns how many there were, or an XML_ERROR_ code. */
export function xmlScan(source: usize, length: i32, space: usize): i32 {
  const error = xmlBegin(source, length, space, 0, none<NameTable>());
  if (error !== XML_OK) return error;
  // There are no more events than bytes.
  for (let count = 0; count <= length; count++) {
    const event = xmlNextTag();
    if (event <= 0) return event < 0 ? event : count;
  }
  return XML_ERROR_END;
}
