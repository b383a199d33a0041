import { JSON_ARRAY, jsonLength, jsonNext, jsonType } from "../../lib/json";
import { at, exists, none, pointerAt } from "../../lib/region";
import { wordAt } from "../../lib/words";
import { entryEnd } from "./reader-content";
import { Frame } from "./request-frame";
import { addName, beginNames, endNames, refuseCount, refuseMissing, refuseNode } from "./request-problem";
import { isInBody, tape } from "./request-tape";
import { Binding, boundMember, Element, Entry, Order, Soap } from "./table";
import { beginFrames, closeFrame, innermostFrame, openFrames, writeElement } from "./write-object";

// The content of elements in the order of the schema, whatever the order of the members. Each turn of the loop goes one entry or one item further.

/** Names of a choice that a problem tells. */
const MOST_NAMES: i32 = 8;

/** Writes an element and all that is in it; false, and a problem noted, if the value does not fit. */
export function writeTree(soap: Soap, element: Element, node: i32, binding: Binding, depth: i32): bool {
  beginFrames(soap, depth);
  if (!writeElement(element, node, binding)) return false;
  while (openFrames() > 0) {
    if (!step(innermostFrame())) return false;
  }
  return true;
}

function step(frame: Frame): bool {
  if (frame.itemsLeft > 0) return writeItem(frame);
  if (frame.entry >= frame.type.entryCount) {
    closeFrame();
    return true;
  }
  const entry = at<Entry>(frame.type.entries, frame.entry);
  return entry.order === Order.Element ? writeEntry(frame, entry) : enterGroup(frame, entry);
}

// ---- elements

function writeEntry(frame: Frame, entry: Entry): bool {
  frame.entry = entry.after;
  const word = wordAt(frame.slots, entry.leaf);
  const element = entry.element;
  if (word <= 0) return element.min === 0 || refuseMissing(frame.node, "", element.name);
  if (element.max !== 1) return beginItems(frame, element, word - 1);
  const bound = exists(frame.binding) ? boundMember(frame.binding, entry.leaf) : none<Binding>();
  return writeElement(element, word - 1, bound);
}

/** Counts the items of an array. The string of a parameter is an array of one. */
function beginItems(frame: Frame, element: Element, node: i32): bool {
  const isArray = jsonType(tape, node) === JSON_ARRAY;
  if (!isArray && isInBody(node)) return refuseNode(node, "must be an array.");
  const count = isArray ? jsonLength(tape, node) : 1;
  if (count < element.min) return refuseCount(node, "must have at least ", element.min, " items.");
  if (element.max >= 0 && count > element.max) return refuseCount(node, "must have at most ", element.max, " items.");
  frame.itemElement = element;
  frame.item = isArray ? node + 1 : node;
  frame.itemsLeft = count;
  return true;
}

function writeItem(frame: Frame): bool {
  const node = frame.item;
  frame.item = jsonNext(tape, node);
  frame.itemsLeft--;
  return writeElement(frame.itemElement, node, none<Binding>());
}

// ---- groups

function enterGroup(frame: Frame, entry: Entry): bool {
  const present = presentLeaf(frame, entry.leaf, entry.leafEnd);
  if (present < 0 && entry.canBeEmpty) {
    frame.entry = entry.after;
    return true;
  }
  if (entry.order === Order.Choice) return present < 0 ? refuseNone(frame, entry) : enterChoice(frame, entry, present);
  // What is missing, if nothing is there, comes up in it.
  frame.entry++;
  return true;
}

/** The first element of some that has a value, or -1. */
function presentLeaf(frame: Frame, from: i32, to: i32): i32 {
  for (let leaf = from; leaf < to; leaf++) {
    if (wordAt(frame.slots, leaf) > 0) return leaf;
  }
  return -1;
}

/** Goes on with the branch that has the first value; no other branch may have one. */
function enterChoice(frame: Frame, choice: Entry, present: i32): bool {
  const end = entryEnd(frame.type, frame.entry);
  let chosen = frame.entry + 1;
  for (let i = chosen; i < end; i = entryEnd(frame.type, i)) {
    if (at<Entry>(frame.type.entries, i).leaf <= present) chosen = i;
  }
  const other = presentLeaf(frame, at<Entry>(frame.type.entries, chosen).leafEnd, choice.leafEnd);
  if (other >= 0) return refuseBoth(frame, present, other);
  frame.entry = chosen;
  return true;
}

function refuseBoth(frame: Frame, first: i32, second: i32): bool {
  beginNames("Only one may be given of ");
  addName(pointerAt<Element>(frame.type.leaves, first).name, true);
  addName(pointerAt<Element>(frame.type.leaves, second).name, false);
  return endNames(".", wordAt(frame.slots, second) - 1);
}

function refuseNone(frame: Frame, choice: Entry): bool {
  beginNames("One is needed of ");
  const end = min(choice.leafEnd, choice.leaf + MOST_NAMES);
  for (let leaf = choice.leaf; leaf < end; leaf++) {
    addName(pointerAt<Element>(frame.type.leaves, leaf).name, leaf === choice.leaf);
  }
  return endNames(end < choice.leafEnd ? " and others." : ".", frame.node);
}
