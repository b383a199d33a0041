// Entry point of the tests: the library as a module of its own. It is not shipped.

import { none } from "./region";
import { NameTable } from "./table";
import { XML_ERROR_END, XML_OK, xmlBegin, xmlNextTag } from "./xml";
import { attributeAt } from "./xml-attributes";

export * from "./base64";
export * from "./bytes";
export { rangeHolds, readRange } from "./cidr";
export { dfaMatches, isDfa } from "./dfa";
export { hostNameLength } from "./host-name";
export * from "./json";
export { isUtf8Type, mediaTypeOf } from "./media-type";
export { occursIn } from "./search";
export * from "./sha256";
export * from "./siphash";
export { seedTables } from "./table";
export { utf8Characters, utf8ValidLength } from "./utf8";
export * from "./xml";

/** First address that no static data of the library uses. */
export function heapBase(): usize {
  return __heap_base;
}

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
