import {
  booleanOf,
  integerAt,
  integerOf,
  isTrue,
  keepString,
  member,
  NOWHERE,
  refuse,
  requiredMember,
  stringLength,
  stringOf,
  stringStart,
} from "../../lib/document";
import { arenaGiveBack, arenaTake, none } from "../../lib/region";
import { keepText, Text } from "../../lib/text";
import { escapeXml, Place, XML_ESCAPE_FACTOR } from "../../lib/xml-escape";
import { isXmlName } from "../../lib/xml-name";

// Members of the configuration that occur in more than one record. A problem is noted where there is one, and something harmless returned: whoever
// reads a record asks at its end whether the document is wrong.

export const LONGEST_NAME: i32 = 256;
export const LONGEST_VALUE: i32 = 65536;
export const LARGEST_INDEX: i64 = 65535;

/** An integer within bounds, or what stands for a missing one. */
export function integerOr(object: i32, name: string, least: i64, most: i64, fallback: i32): i32 {
  const node = member(object, name);
  if (node === NOWHERE || !integerOf(node, least, most)) return fallback;
  return <i32>integerAt(node);
}

/** Whether a member is there and true. */
export function flagOf(object: i32, name: string): bool {
  const node = member(object, name);
  return node !== NOWHERE && booleanOf(node) && isTrue(node);
}

/** A place in a list of `count`, or -1. */
export function indexOf(node: i32, count: i32): i32 {
  if (!integerOf(node, 0, LARGEST_INDEX)) return -1;
  const index = <i32>integerAt(node);
  if (index < count) return index;
  refuse(node, "refers to nothing");
  return -1;
}

/** A member that is a place in a list of `count`, or -1 where there is none. */
export function indexOr(object: i32, name: string, count: i32): i32 {
  const node = member(object, name);
  return node === NOWHERE ? -1 : indexOf(node, count);
}

/** A lexical value, or the missing text. */
export function valueOr(object: i32, name: string): Text {
  const node = member(object, name);
  if (node === NOWHERE || !stringOf(node, 0, LONGEST_VALUE)) return none<Text>();
  return keepString(node);
}

/** A member that must be a text of some length. */
export function nameOf(object: i32, name: string): Text {
  const node = requiredMember(object, name);
  if (node === NOWHERE || !stringOf(node, 1, LONGEST_NAME)) return none<Text>();
  return keepString(node);
}

/** A member that must be a name that can stand in a tag. */
export function xmlNameOf(object: i32, name: string): Text {
  const node = requiredMember(object, name);
  if (node === NOWHERE || !stringOf(node, 1, LONGEST_NAME)) return none<Text>();
  if (!isXmlName(stringStart(node), stringLength(node))) {
    refuse(node, "is no name that can stand in a tag");
    return none<Text>();
  }
  return keepString(node);
}

/** A text escaped for XML, kept; the missing text, and a problem at the node, if XML cannot have it. */
export function keepEscaped(node: i32, start: usize, length: i32): Text {
  const target = arenaTake(<usize>(length * XML_ESCAPE_FACTOR + 16));
  const size = target === 0 ? -1 : escapeXml(start, length, target, Place.Attribute);
  if (size < 0) {
    refuse(node, "has a character that XML cannot have");
    return none<Text>();
  }
  arenaGiveBack(target);
  return keepText(target, size);
}
