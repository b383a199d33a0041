import { JSON_ARRAY, JSON_NULL, JSON_OBJECT, jsonLength, jsonNext, jsonStart, jsonType } from "../../lib/json";
import { outputByte, outputText } from "../../lib/output";
import { at, exists, none, pointerAt } from "../../lib/region";
import { findName } from "../../lib/table";
import { Text, textIs } from "../../lib/text";
import { clearWords, setWord, WORD_BYTES, wordAt } from "../../lib/words";
import { Place } from "../../lib/xml-escape";
import { EMPTY, Frame } from "./request-frame";
import { isSeen } from "./request-params";
import { refuseGiven, refuseMissing, refuseNode } from "./request-problem";
import { emptyObject, paramNode, tape } from "./request-tape";
import { Attribute, Binding, Complex, Constants, Element, Soap, simpleOfSlot, slotCount } from "./table";
import { writeSimple } from "./write-value";

// Values from JSON to elements of XML, as far as it goes without their content: that of objects is written frame by frame, by `write-content.ts`.

let soap: Soap = none<Soap>();
let constants: Constants = none<Constants>();
let depth: i32 = 0;
let frameCount: i32 = 0;
let freeSlots: usize = 0;

/** Begins a document in which elements may lie `deepest` deep in one another. */
export function beginFrames(policy: Soap, deepest: i32): void {
  soap = policy;
  constants = policy.constants;
  frameCount = 0;
  depth = min(deepest, policy.frameCount);
  freeSlots = policy.slots;
}

export function openFrames(): i32 {
  return frameCount;
}

/** The innermost element whose content is being written. */
export function innermostFrame(): Frame {
  return at<Frame>(soap.frames, frameCount - 1);
}

/** Ends it. */
export function closeFrame(): void {
  const frame = innermostFrame();
  outputText(frame.element.close);
  freeSlots = frame.slots;
  frameCount--;
}

/** Writes an element with the value of a node, of an object only the start tag; false, and a problem noted, if it does not fit. */
export function writeElement(element: Element, node: i32, binding: Binding): bool {
  if (jsonType(tape, node) === JSON_NULL) return writeNil(element, node, binding);
  if (exists(element.type)) return openObject(element, node, binding);
  outputText(element.plainOpen);
  if (!writeSimple(element.simple, element.fixed, node, Place.Content)) return false;
  outputText(element.close);
  return true;
}

function writeNil(element: Element, node: i32, binding: Binding): bool {
  if (!element.nillable || hasParams(binding)) return refuseNode(node, "must not be null.");
  outputText(element.open);
  outputText(constants.nil);
  return true;
}

/** Whether parameters of this request go into what is bound. */
function hasParams(binding: Binding): bool {
  return exists(binding) && exists(binding.first) && isSeen(binding);
}

// ---- objects

function openObject(element: Element, node: i32, binding: Binding): bool {
  if (jsonType(tape, node) !== JSON_OBJECT) return refuseNode(node, "must be an object.");
  if (frameCount >= depth) return refuseNode(node, "lies too deep in other values.");
  const type = element.type;
  const frame = at<Frame>(soap.frames, frameCount);
  frame.element = element;
  frame.type = type;
  frame.node = node;
  frame.binding = binding;
  frame.entry = 0;
  frame.itemsLeft = 0;
  frame.slots = freeSlots;
  clearWords(frame.slots, slotCount(type));
  if (!fillSlots(frame) || (exists(binding) && !fillBound(frame))) return false;
  if (type.attributeCount === 0) outputText(element.plainOpen);
  else if (!writeAttributes(frame)) return false;
  freeSlots += <usize>(slotCount(type) * WORD_BYTES);
  frameCount++;
  return exists(type.text) ? writeValue(frame) : true;
}

/** Notes where the value of each member is. */
function fillSlots(frame: Frame): bool {
  const type = frame.type;
  let name = frame.node + 1;
  let expected = 0;
  for (let left = jsonLength(tape, frame.node); left > 0; left--) {
    const slot = slotOf(type, expected, jsonStart(tape, name), jsonLength(tape, name));
    if (slot < 0) return refuseNode(name, "is not known.");
    if (wordAt(frame.slots, slot) !== 0) return refuseNode(name, "stands there twice.");
    setWord(frame.slots, slot, isAbsent(type, slot, name + 1) ? EMPTY : name + 2);
    expected = slot + 1;
    name = jsonNext(tape, name + 1);
  }
  return true;
}

/** The slot of a name, or -1. Members mostly come in the order of the schema, and then no hash is needed. */
function slotOf(type: Complex, expected: i32, start: usize, length: i32): i32 {
  if (expected < type.leafCount && textIs(pointerAt<Element>(type.leaves, expected).name, start, length))
    return expected;
  return findName(type.members, start, length);
}

/** Whether a value is an array without items, of an element that is an array: as good as none. */
function isAbsent(type: Complex, slot: i32, node: i32): bool {
  if (jsonType(tape, node) !== JSON_ARRAY || jsonLength(tape, node) > 0 || slot >= type.leafCount) return false;
  return pointerAt<Element>(type.leaves, slot).max !== 1;
}

/** Adds what does not come from the object itself: parameters, the body, and objects for what is in them. */
function fillBound(frame: Frame): bool {
  for (let bound = frame.binding.first; exists(bound); bound = bound.next) {
    if (!isSeen(bound)) continue;
    const known = wordAt(frame.slots, bound.slot);
    if (bound.param >= 0) {
      if (known > 0) return refuseGiven(known - 1, bound.param);
      setWord(frame.slots, bound.slot, paramNode(bound.param) + 1);
    } else if (bound.isBody) {
      setWord(frame.slots, bound.slot, isAbsent(frame.type, bound.slot, 0) ? EMPTY : 1);
    } else if (known <= 0) {
      setWord(frame.slots, bound.slot, emptyObject() + 1);
    }
  }
  return true;
}

/** Writes the start tag of an element with attributes. */
function writeAttributes(frame: Frame): bool {
  const type = frame.type;
  outputText(frame.element.open);
  for (let i = 0; i < type.attributeCount; i++) {
    if (!writeAttribute(frame, at<Attribute>(type.attributes, i), type.leafCount + i)) return false;
  }
  outputByte(0x3e);
  return true;
}

function writeAttribute(frame: Frame, attribute: Attribute, slot: i32): bool {
  const word = wordAt(frame.slots, slot);
  if (word <= 0) return !attribute.required || refuseMissing(frame.node, "@", attribute.name);
  if (jsonType(tape, word - 1) === JSON_NULL) return refuseNode(word - 1, "must not be null.");
  outputText(attribute.open);
  if (!writeSimple(attribute.simple, attribute.fixed, word - 1, Place.Attribute)) return false;
  outputByte(0x22);
  return true;
}

/** Writes simple content, which always is there, and ends the element. */
function writeValue(frame: Frame): bool {
  const slot = slotCount(frame.type) - 1;
  const word = wordAt(frame.slots, slot);
  if (word <= 0) return refuseMissing(frame.node, "$value", none<Text>());
  if (jsonType(tape, word - 1) === JSON_NULL) return refuseNode(word - 1, "must not be null.");
  if (!writeSimple(simpleOfSlot(frame.type, slot), frame.element.fixed, word - 1, Place.Content)) return false;
  closeFrame();
  return true;
}
