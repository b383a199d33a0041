import { cutOutput, outputByte, outputLength, outputText } from "../../lib/output";
import { arenaTake, at, exists, none } from "../../lib/region";
import { XML_END, XML_START, XML_TEXT, xmlNextTag } from "../../lib/xml";
import { areTaken, saysNil, takeGeneral, writeAttributes, wroteNone } from "./answer-attributes";
import { Answered, refuseAnswer, refuseXml } from "./answer-result";
import { readText, readTextLength, writeNull, writeText } from "./answer-value";
import { Open, SEEN_BYTES, walkTo, walkToEnd } from "./answer-walk";
import { AnswerNames, Complex, Element } from "./table";

// An element and all that is in it, from XML to JSON: what comes next is read, checked against the types and written, in one loop.

let names: AnswerNames = none<AnswerNames>();
let opens: usize = 0;
let seen: usize = 0;
let depth: i32 = 0;

/** Takes memory for elements up to `deepest` in one another, which the scanner sees to; false without any. */
export function beginContent(known: AnswerNames, deepest: i32): bool {
  names = known;
  opens = arenaTake(<usize>deepest * offsetof<Open>());
  seen = arenaTake(<usize>(deepest * SEEN_BYTES));
  return opens !== 0 && seen !== 0;
}

/**
 * Reads the element whose start tag was read last, to its end tag, and writes its value. `isBare`: its only child is written in its place, if its
 * type has but one. False, and the problem noted, if it does not fit.
 */
export function readTree(element: Element, isBare: bool): bool {
  depth = 0;
  const lone = isBare && exists(element.type) && element.type.leafCount === 1;
  if (!readElement(element, lone)) return false;
  while (depth > 0) {
    const open = at<Open>(opens, depth - 1);
    const event = xmlNextTag();
    if (event === XML_START) {
      const child = walkTo(open);
      if (!exists(child) || !readElement(child, false)) return false;
    } else if (event === XML_END) {
      if (!close(open)) return false;
    } else {
      return event === XML_TEXT ? refuseAnswer(Answered.Text) : refuseXml(event);
    }
  }
  return true;
}

/** Reads an element that has no children to its end; opens one that may have some. */
function readElement(element: Element, isBare: bool): bool {
  if (!takeGeneral(names)) return false;
  if (saysNil()) return readNil(element);
  if (exists(element.type)) return exists(element.type.text) ? readValued(element) : open(element.type, isBare);
  return areTaken() && readText() && writeText(element.simple, element.default, element.fixed);
}

/** XML Schema Part 1, section 3.3.4: it may have attributes, but neither text nor children. */
function readNil(element: Element): bool {
  if (!element.nillable || exists(element.fixed)) return refuseAnswer(Answered.Nil);
  if (!readText()) return false;
  if (readTextLength() > 0) return refuseAnswer(Answered.Nil);
  writeNull();
  return true;
}

/** Simple content: attributes and a text. */
function readValued(element: Element): bool {
  outputByte(0x7b);
  if (!writeAttributes(element.type)) return false;
  if (!wroteNone()) outputByte(0x2c);
  outputText(names.value);
  if (!readText() || !writeText(element.type.text, element.default, element.fixed)) return false;
  outputByte(0x7d);
  return true;
}

function open(type: Complex, isBare: bool): bool {
  const before = outputLength();
  outputByte(0x7b);
  if (!writeAttributes(type)) return false;
  if (isBare) cutOutput(before);
  const next = at<Open>(opens, depth);
  next.type = type;
  next.isBare = isBare;
  next.hasMember = !isBare && !wroteNone();
  next.entry = 0;
  next.count = 0;
  next.seen = seen + <usize>(depth * SEEN_BYTES);
  depth++;
  return true;
}

function close(last: Open): bool {
  if (!walkToEnd(last)) return false;
  depth--;
  if (!last.isBare) outputByte(0x7d);
  else if (!last.hasMember) writeNull();
  return true;
}
