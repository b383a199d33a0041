import { clearBits, hasBit, setBit } from "../../lib/bits";
import { outputByte, outputText } from "../../lib/output";
import { at, none, pointerAt } from "../../lib/region";
import { findName } from "../../lib/table";
import { xmlLocalLength, xmlLocalStart } from "../../lib/xml";
import { tagIs } from "./answer-names";
import { Answered, refuseAnswer } from "./answer-result";
import { entryEnd } from "./reader-content";
import { Complex, Element, Entry, Order } from "./table";

// The walk of an answer through the content of a type. Each element has one place in its type, and what comes twice stands together, so the walk only
// ever goes forward: to the place of the next child, past what may be left out.

/** How many elements are looked at one by one before the table of names is. */
const NEAR: i32 = 4;
/** Bytes of the bits of one `all` group. */
export const SEEN_BYTES: i32 = 512;

/** An element whose content is being read: an object of JSON. */
@unmanaged
export class Open {
  type: Complex = none<Complex>();
  /** Its only member is written in its place. */
  isBare: bool = false;
  /** A member was written. */
  hasMember: bool = false;
  /** Where the walk is: an entry of the content. */
  entry: i32 = 0;
  /** How often the element of that entry has come. */
  count: i32 = 0;
  /** Bits: which elements of the `all` group at hand were there. */
  seen: usize = 0;
}

/** Finds the place of the child whose start tag was read last and names it in JSON. The missing record, and the problem noted, if it has none. */
export function walkTo(open: Open): Element {
  const leaf = leafOf(open);
  if (leaf < 0) {
    refuseAnswer(Answered.Element);
    return none<Element>();
  }
  if (!advance(open, leaf)) return none<Element>();
  const element = pointerAt<Element>(open.type.leaves, leaf);
  open.count++;
  if (element.max >= 0 && open.count > element.max) {
    refuseAnswer(Answered.TooMany);
    return none<Element>();
  }
  if (open.count > 1) {
    outputByte(0x2c);
    return element;
  }
  nameMember(open, element);
  if (element.max !== 1) outputByte(0x5b);
  return element;
}

/** Ends the content; false, and the problem noted, if something is missing. */
export function walkToEnd(open: Open): bool {
  return advance(open, -1);
}

function nameMember(open: Open, element: Element): void {
  if (open.hasMember) outputByte(0x2c);
  open.hasMember = true;
  if (!open.isBare) outputText(element.json);
}

/** The place of a child among the elements of the type, or -1. */
function leafOf(open: Open): i32 {
  const type = open.type;
  if (open.entry < type.entryCount) {
    const from = at<Entry>(type.entries, open.entry).leaf;
    const until = min(from + NEAR, type.leafCount);
    for (let leaf = from; leaf < until; leaf++) {
      const element = pointerAt<Element>(type.leaves, leaf);
      if (tagIs(element.name, element.namespace)) return leaf;
    }
  }
  const found = findName(type.members, xmlLocalStart(), xmlLocalLength());
  if (found < 0 || found >= type.leafCount) return -1;
  const element = pointerAt<Element>(type.leaves, found);
  return tagIs(element.name, element.namespace) ? found : -1;
}

/** Goes to the entry of a leaf, or with -1 to the end. Every step goes forward, but within an `all` group, where each goes to what was not seen. */
function advance(open: Open, leaf: i32): bool {
  const type = open.type;
  while (open.entry < type.entryCount) {
    const entry = at<Entry>(type.entries, open.entry);
    if (entry.order === Order.Element) {
      if (entry.leaf === leaf) return true;
      if (!leave(open, entry, leaf)) return false;
    } else if (leaf >= entry.leaf && leaf < entry.leafEnd) {
      enter(open, entry, leaf);
    } else if (!pass(open, entry)) {
      return false;
    }
  }
  return leaf < 0 || refuseAnswer(Answered.Element);
}

/** Goes into a group that the leaf is in. */
function enter(open: Open, group: Entry, leaf: i32): void {
  open.entry++;
  if (group.order === Order.All) {
    clearBits(open.seen, group.span);
    open.entry += leaf - group.leaf;
  } else if (group.order === Order.Choice) {
    while (at<Entry>(open.type.entries, open.entry).leafEnd <= leaf) open.entry = entryEnd(open.type, open.entry);
  }
}

/** Goes on from an element, which the next child is not. */
function leave(open: Open, entry: Entry, leaf: i32): bool {
  const element = entry.element;
  if (open.count < element.min) return refuseAnswer(Answered.Missing);
  if (element.max !== 1) closeArray(open, element);
  open.count = 0;
  const parent = at<Entry>(open.type.entries, entry.parent);
  if (parent.order === Order.All) return leaveOneOfAll(open, entry, parent, leaf);
  open.entry = entry.after;
  return true;
}

/** Ends the array of an element that may come more than once. Where none came it is empty. */
function closeArray(open: Open, element: Element): void {
  if (open.count === 0) {
    nameMember(open, element);
    outputByte(0x5b);
  }
  outputByte(0x5d);
}

function leaveOneOfAll(open: Open, entry: Entry, group: Entry, leaf: i32): bool {
  setBit(open.seen, entry.leaf - group.leaf);
  if (leaf >= group.leaf && leaf < group.leafEnd) {
    if (hasBit(open.seen, leaf - group.leaf)) return refuseAnswer(Answered.TooMany);
    open.entry += leaf - entry.leaf;
    return true;
  }
  for (let other = group.leaf; other < group.leafEnd; other++) {
    if (hasBit(open.seen, other - group.leaf)) continue;
    const element = pointerAt<Element>(open.type.leaves, other);
    if (element.min > 0) return refuseAnswer(Answered.Missing);
    if (element.max !== 1) closeArray(open, element);
  }
  open.entry = group.after;
  return true;
}

/** Goes past a group that nothing came of. */
function pass(open: Open, group: Entry): bool {
  if (!group.canBeEmpty) return refuseAnswer(Answered.Missing);
  const type = open.type;
  const end = entryEnd(type, open.entry);
  for (let i = open.entry; i < end; ) {
    const entry = at<Entry>(type.entries, i);
    const isElement = entry.order === Order.Element;
    if (isElement && entry.element.max !== 1) closeArray(open, entry.element);
    // Of a choice no branch was taken.
    i = entry.order === Order.Choice ? entryEnd(type, i) : i + 1;
  }
  open.entry = group.after;
  return true;
}
