import { NotFinite, notFiniteOf } from "../../lib/decimal";
import { outputNull, outputNumber, outputString, outputTruth } from "../../lib/json-output";
import { outputByte } from "../../lib/output";
import { exists } from "../../lib/region";
import { spaceEnd, spaceFrom } from "../../lib/space";
import { Text } from "../../lib/text";
import { truthOf } from "../../lib/truth";
import { XML_END, XML_TEXT, xmlNext, xmlTextLength, xmlTextStart } from "../../lib/xml";
import { Answered, refuseAnswer, refuseXml } from "./answer-result";
import { checkLexical, collapsed, collapsedLength, collapsedStart, isFixed } from "./lexical";
import { Form, JsonForm, Simple, Space, Unit } from "./table";

// Values of simple types: from the text of an element or attribute to JSON.

let textStart: usize = 0;
let textLength: i32 = 0;

/** Reads on to the end tag of an element that may only have text. */
export function readText(): bool {
  let event = xmlNext();
  textStart = xmlTextStart();
  textLength = 0;
  if (event === XML_TEXT) {
    textLength = xmlTextLength();
    event = xmlNext();
  }
  if (event === XML_END) return true;
  return event < 0 ? refuseXml(event) : refuseAnswer(Answered.Element);
}

export function readTextLength(): i32 {
  return textLength;
}

/** Writes the value of the text that was read last; if there is none, the one that stands for it. */
export function writeText(simple: Simple, fallback: Text, fixed: Text): bool {
  if (textLength === 0 && (exists(fallback) || exists(fixed))) {
    writeConstant(simple, exists(fixed) ? fixed : fallback);
    return true;
  }
  return writeValue(simple, fixed, textStart, textLength);
}

/** Writes a value; false, and the problem noted, if it is none of its type or not the one that is fixed. Overwrites the text. */
export function writeValue(simple: Simple, fixed: Text, start: usize, length: i32): bool {
  if (isAnyText(simple) && !exists(fixed)) {
    outputString(start, length);
    return true;
  }
  collapsed(simple, start, length);
  const valueStart = collapsedStart();
  const valueLength = collapsedLength();
  if (!checkLexical(simple, valueStart, valueLength)) return refuseAnswer(Answered.Value);
  if (exists(fixed) && !isFixed(simple, fixed, valueStart, valueLength)) return refuseAnswer(Answered.Value);
  writeJson(simple, valueStart, valueLength);
  return true;
}

/** Whether every text is a value, as it stands: so it is of most types that services have. */
function isAnyText(simple: Simple): bool {
  if (simple.form !== Form.String || simple.space !== Space.Preserve || simple.unit !== Unit.Characters) return false;
  return (simple.patternCount | simple.valueCount | simple.minLength) === 0 && simple.maxLength < 0;
}

/** Writes a value of the policy's own, which was checked when that was read. */
export function writeConstant(simple: Simple, value: Text): void {
  writeJson(simple, value.start, value.length);
}

/** Writes what an element has that is nil. */
export function writeNull(): void {
  outputNull();
}

function writeJson(simple: Simple, start: usize, length: i32): void {
  if (simple.form !== Form.List) {
    writeItem(simple, start, length);
    return;
  }
  const end = start + <usize>length;
  outputByte(0x5b);
  let isFirst = true;
  for (let item = spaceEnd(start, end); item < end; ) {
    if (!isFirst) outputByte(0x2c);
    isFirst = false;
    const itemEnd = spaceFrom(item, end);
    writeItem(simple.item, item, <i32>(itemEnd - item));
    item = spaceEnd(itemEnd, end);
  }
  outputByte(0x5d);
}

function writeItem(simple: Simple, start: usize, length: i32): void {
  if (simple.json === JsonForm.Number && notFiniteOf(start, length) === NotFinite.None) outputNumber(start, length);
  else if (simple.json === JsonForm.Boolean) outputTruth(truthOf(start, length) === 1);
  else outputString(start, length);
}
