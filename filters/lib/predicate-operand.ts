import { attributeNeeds, attributePlace, attributeShape, mostNoted, readAttribute, Shape } from "./attribute-reader";
import { List } from "./attributes";
import { AddressRange, readRange } from "./cidr";
import {
  arrayOf,
  firstElement,
  integerAt,
  integerOf,
  isArray,
  isBoolean,
  isInteger,
  isString,
  isTrue,
  keepString,
  NOWHERE,
  nextElement,
  refuse,
  stringIs,
  stringLength,
  stringOf,
  stringStart,
} from "./document";
import { Interest } from "./interest";
import { countPart, emitPush, pushType, Type } from "./predicate-emit";
import { Code } from "./predicate-program";
import { addressOf, keep, keepPointers, keepRecord, setPointer } from "./region";

// What conditions are made of that has no operands itself: constants, attributes, `has`, lists, ranges of addresses.

const MOST_ELEMENTS: i32 = 4096;
/** Two bits each in a number of 32. */
export const MOST_NOTED: i32 = 16;

let needs: i32 = 0;
let listStart: usize = 0;
let listCount: i32 = 0;

export function beginOperands(): void {
  needs = 0;
}

/** What all attributes so far need; bits of Needs. */
export function operandNeeds(): i32 {
  return needs;
}

/** The constants of the list that was read last, as `Code.InTexts` and `Code.InIntegers` want them. */
export function constantsStart(): usize {
  return listStart;
}

export function constantsCount(): i32 {
  return listCount;
}

/** Whether a node is an operation with operands of its own. */
export function hasOperands(node: i32): bool {
  if (!isArray(node)) return false;
  const name = firstElement(node);
  if (TRACING && name !== NOWHERE && mostNoted() >= 0 && stringIs(name, "noted")) return false;
  return name === NOWHERE || !(stringIs(name, "get") || stringIs(name, "has") || stringIs(name, "list"));
}

/** Adds a node that `hasOperands` is not true of. */
export function readOperand(node: i32, interest: Interest): bool {
  if (!countPart(node)) return false;
  if (isString(node)) {
    const text = keepString(node);
    return emitPush(node, Code.String, text.length, <i64>text.start, Type.String);
  }
  if (isBoolean(node))
    return emitPush(node, isTrue(node) ? Code.True : Code.False, 0, isTrue(node) ? 1 : 0, Type.Truth);
  if (isInteger(node)) return emitPush(node, Code.Integer, 0, integerAt(node), Type.Integer);
  if (!isArray(node)) return refuse(node, "must be a string, an integer, true, false or an operation");
  const name = firstElement(node);
  if (stringIs(name, "has")) return readHas(node, interest);
  if (stringIs(name, "list")) return readList(node, name);
  if (TRACING && stringIs(name, "noted")) return readNoted(node);
  if (!attributeOf(node, interest)) return false;
  const place = attributePlace();
  const shape = attributeShape();
  if (shape === Shape.String) return emitPush(node, Code.Attribute, place, 0, Type.String);
  if (shape === Shape.Number) return emitPush(node, Code.NumberAttribute, place, 0, Type.Integer);
  if (shape === Shape.Time) return emitPush(node, Code.Time, 0, 0, Type.Integer);
  return pushType(node, typeOfList(place));
}

function typeOfList(list: i32): Type {
  if (list > List.Scopes) return Type.Claims;
  return list === List.Groups ? Type.Groups : Type.Scopes;
}

function attributeOf(node: i32, interest: Interest): bool {
  if (!readAttribute(node, interest)) return false;
  needs |= attributeNeeds();
  return true;
}

function readHas(node: i32, interest: Interest): bool {
  if (arrayOf(node, 2, 2) < 0) return false;
  const operand = nextElement(node, firstElement(node));
  if (!isArray(operand)) return refuse(operand, "must be an attribute");
  if (!attributeOf(operand, interest)) return false;
  const shape = attributeShape();
  if (shape === Shape.Time) return emitPush(node, Code.True, 0, 1, Type.Truth);
  return emitPush(node, shape === Shape.List ? Code.HasList : Code.Has, attributePlace(), 0, Type.Truth);
}

/** A condition that was asked with the request. */
function readNoted(node: i32): bool {
  if (arrayOf(node, 2, 2) < 0) return false;
  const index = nextElement(node, firstElement(node));
  if (!integerOf(index, 0, MOST_NOTED - 1)) return false;
  if (integerAt(index) >= <i64>mostNoted()) return refuse(index, "is the number of no condition");
  return emitPush(node, Code.Noted, <i32>integerAt(index), 0, Type.Truth);
}

// ---- lists of constants, all of one type

function readList(node: i32, name: i32): bool {
  const count = arrayOf(node, 1, MOST_ELEMENTS) - 1;
  if (count < 0) return false;
  listCount = count;
  const first = nextElement(node, name);
  if (first === NOWHERE) return pushType(node, Type.Empty);
  return isInteger(first) ? readIntegers(node, first) : readTexts(node, first);
}

function readTexts(node: i32, first: i32): bool {
  listStart = keepPointers(listCount);
  if (listStart === 0) return refuse(node, "needs more memory than the module may have");
  let index = 0;
  for (let element = first; element !== NOWHERE; element = nextElement(node, element)) {
    if (!countPart(element)) return false;
    if (!isString(element)) return refuse(element, "must be a constant of one type with the others");
    setPointer(listStart, index++, keepString(element));
  }
  return pushType(node, Type.Texts);
}

function readIntegers(node: i32, first: i32): bool {
  listStart = keep((<usize>listCount) << 3);
  if (listStart === 0) return refuse(node, "needs more memory than the module may have");
  let index: usize = 0;
  for (let element = first; element !== NOWHERE; element = nextElement(node, element)) {
    if (!countPart(element)) return false;
    if (!isInteger(element)) return refuse(element, "must be a constant of one type with the others");
    store<i64>(listStart + (index << 3), integerAt(element));
    index++;
  }
  return pushType(node, Type.Integers);
}

// ---- the constant operand of `cidr`

/** The kept range of a node; 0 and a problem if it is none. */
export function rangeOf(node: i32): usize {
  if (!stringOf(node, 1, 64)) return 0;
  const range = keepRecord<AddressRange>();
  if (readRange(stringStart(node), stringLength(node), range)) return addressOf(range);
  refuse(node, "must be a range of addresses, such as 10.0.0.0/8, with nothing after its prefix");
  return 0;
}
