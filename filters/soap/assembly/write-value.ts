import { NotFinite, notFiniteOf } from "../../lib/decimal";
import {
  JSON_ARRAY,
  JSON_FALSE,
  JSON_NUMBER,
  JSON_STRING,
  JSON_TRUE,
  jsonLength,
  jsonNext,
  jsonStart,
  jsonType,
} from "../../lib/json";
import { cutOutput, outputByte, outputBytes, outputEscaped, outputLength, outputStart } from "../../lib/output";
import { exists } from "../../lib/region";
import { hasSpace } from "../../lib/space";
import { Text } from "../../lib/text";
import { Place } from "../../lib/xml-escape";
import {
  checkItem,
  checkLexical,
  checkList,
  collapsed,
  collapsedLength,
  collapsedStart,
  isFixed,
  lastMismatch,
  Mismatch,
} from "./lexical";
import { refuseNode } from "./request-problem";
import { isInBody, tape } from "./request-tape";
import { Form, JsonForm, Simple, Unit } from "./table";

// Values of simple types, from JSON to XML. Those of the body have the type that JSON has for them; those of parameters are strings, which are read as XML
// Schema says. Everything returns false, and notes a problem, if a value does not fit.

/** Writes the value of a node; `fixed` may be missing. */
export function writeSimple(simple: Simple, fixed: Text, node: i32, place: Place): bool {
  if (simple.form === Form.List && !isLexical(node)) return writeList(simple, fixed, node, place);
  if (isInBody(node) && !hasJsonForm(simple, node)) return false;
  const isText = jsonType(tape, node) === JSON_STRING;
  let start = jsonStart(tape, node);
  let length = jsonLength(tape, node);
  if (isText) {
    collapsed(simple, start, length);
    start = collapsedStart();
    length = collapsedLength();
  }
  if (!checkLexical(simple, start, length)) return isOneOrZero(simple, node, place) || refuseValue(simple, node);
  if (exists(fixed) && !isFixed(simple, fixed, start, length)) return refuseNode(node, "is not the one that is fixed.");
  if (isText) return writeText(start, length, node, place);
  outputBytes(start, length);
  return true;
}

/** Whether a node has a text that is read as XML Schema says: the string of a parameter. */
function isLexical(node: i32): bool {
  return !isInBody(node) && jsonType(tape, node) === JSON_STRING;
}

function writeText(start: usize, length: i32, node: i32, place: Place): bool {
  return outputEscaped(start, length, place) || refuseNode(node, "has a character that XML cannot have.");
}

/** Whether a node has the type that JSON has for a simple type. */
function hasJsonForm(simple: Simple, node: i32): bool {
  const type = jsonType(tape, node);
  switch (simple.json) {
    case JsonForm.Number:
      if (type === JSON_NUMBER) return true;
      if (simple.form !== Form.Double) return refuseNode(node, "must be a number.");
      return (
        (type === JSON_STRING && isNotFinite(node)) || refuseNode(node, 'must be a number, "INF", "-INF" or "NaN".')
      );
    case JsonForm.Boolean:
      return type === JSON_TRUE || type === JSON_FALSE || refuseNode(node, "must be true or false.");
    default:
      return type === JSON_STRING || refuseNode(node, "must be a string.");
  }
}

function isNotFinite(node: i32): bool {
  return notFiniteOf(jsonStart(tape, node), jsonLength(tape, node)) !== NotFinite.None;
}

/** A boolean whose type has a pattern or list of values for `1` and `0` only. */
function isOneOrZero(simple: Simple, node: i32, place: Place): bool {
  if (simple.form !== Form.Boolean || lastMismatch() !== Mismatch.Pattern || !isInBody(node)) return false;
  const digit = jsonType(tape, node) === JSON_TRUE ? ONE : ZERO;
  return checkLexical(simple, digit, 1) && outputEscaped(digit, 1, place);
}

// Sixteen bytes may be read from either.
const DIGITS: usize = memory.data<u8>([0x31, 0x30, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
const ONE: usize = DIGITS;
const ZERO: usize = DIGITS + 1;

// ---- lists

function writeList(simple: Simple, fixed: Text, node: i32, place: Place): bool {
  if (jsonType(tape, node) !== JSON_ARRAY) return refuseNode(node, "must be an array.");
  const count = jsonLength(tape, node);
  let item = node + 1;
  for (let i = 0; i < count; i++) {
    if (!writeItem(simple.item, item, i, place)) return false;
    item = jsonNext(tape, item);
  }
  const asText = simple.patternCount > 0 || simple.valueCount > 0 || exists(fixed);
  if (!asText) return checkList(simple, 0, 0, count) || refuseValue(simple, node);
  return checkWhole(simple, fixed, node);
}

function writeItem(simple: Simple, node: i32, index: i32, place: Place): bool {
  if (isInBody(node) && !hasJsonForm(simple, node)) return false;
  collapsed(simple, jsonStart(tape, node), jsonLength(tape, node));
  const start = collapsedStart();
  const length = collapsedLength();
  if (length === 0 || hasSpace(start, length)) {
    return refuseNode(node, "stands in a list, so it must not be empty or have white space in it.");
  }
  if (!checkItem(simple, start, length)) return refuseValue(simple, node);
  if (index > 0) outputByte(0x20);
  return writeText(start, length, node, place);
}

/** Checks a list as one text: it is written again without escapes for that. */
function checkWhole(simple: Simple, fixed: Text, node: i32): bool {
  const count = jsonLength(tape, node);
  const escaped = outputLength();
  let item = node + 1;
  for (let i = 0; i < count; i++) {
    if (i > 0) outputByte(0x20);
    collapsed(simple.item, jsonStart(tape, item), jsonLength(tape, item));
    outputBytes(collapsedStart(), collapsedLength());
    item = jsonNext(tape, item);
  }
  const start = outputStart() + <usize>escaped;
  const length = outputLength() - escaped;
  if (!checkList(simple, start, length, count)) return refuseValue(simple, node);
  if (exists(fixed) && !isFixed(simple, fixed, start, length)) return refuseNode(node, "is not the one that is fixed.");
  cutOutput(escaped);
  return true;
}

// ---- what does not fit

function refuseValue(simple: Simple, node: i32): bool {
  switch (lastMismatch()) {
    case Mismatch.Pattern:
      return refuseNode(node, "does not have the form that is wanted.");
    case Mismatch.TooShort:
      return refuseNode(node, "is too short.");
    case Mismatch.TooLong:
      return refuseNode(node, "is too long.");
    case Mismatch.Unlisted:
      return refuseNode(node, "is none of those that are allowed.");
    case Mismatch.TooSmall:
      return refuseNode(node, "is too small.");
    case Mismatch.TooLarge:
      return refuseNode(node, "is too large.");
    case Mismatch.Digits:
      return refuseNode(node, "has too many digits.");
    default:
      return refuseForm(simple, node);
  }
}

function refuseForm(simple: Simple, node: i32): bool {
  if (simple.unit === Unit.Hex) return refuseNode(node, "must be bytes in hexadecimal digits.");
  if (simple.unit === Unit.Base64) return refuseNode(node, "must be bytes in base64.");
  switch (simple.form) {
    case Form.Integer:
      return refuseNode(node, "must be a whole number, without fraction and exponent.");
    case Form.Decimal:
      return refuseNode(node, "must be a decimal number, without exponent.");
    case Form.Double:
      return refuseNode(node, "must be a number.");
    case Form.Boolean:
      return refuseNode(node, "must be true or false.");
    default:
      return refuseNode(node, "is of none of the types that are allowed.");
  }
}
