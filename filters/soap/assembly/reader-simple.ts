import { Decimal, readDecimal } from "../../lib/decimal";
import {
  arrayOf,
  documentIsWrong,
  firstElement,
  keepString,
  member,
  NOWHERE,
  nextElement,
  objectOf,
  refuse,
  requiredMember,
  stringIs,
  stringOf,
} from "../../lib/document";
import { dfaOf } from "../../lib/document-dfa";
import {
  at,
  exists,
  keepPointers,
  keepRecord,
  keepRecords,
  none,
  pointerAt,
  setAddress,
  setPointer,
} from "../../lib/region";
import { addName, newNameTable } from "../../lib/table";
import { flagOf, indexOf, indexOr, integerOr, LARGEST_INDEX, LONGEST_VALUE, valueOr } from "./reader-values";
import { Form, JsonForm, Simple, Soap, Space, Unit } from "./table";

const MEMBERS: string =
  "json form space patterns values minLength maxLength unit min minExclusive max maxExclusive totalDigits fractionDigits item members";
const MOST_PATTERNS: i32 = 16;
const MOST_VALUES: i32 = 4096;
const MOST_MEMBERS: i32 = 64;
/** So many values are looked at one by one. */
const FEW_VALUES: i32 = 8;
const LONGEST: i64 = 2147483647;

/** Reads `simples`; false, and a problem noted, if they are wrong. They refer to one another, so all records are there before one is read. */
export function readSimples(list: i32, soap: Soap): bool {
  const count = arrayOf(list, 0, <i32>LARGEST_INDEX);
  if (count < 0) return false;
  soap.simples = keepRecords<Simple>(count);
  soap.simpleCount = count;
  if (soap.simples === 0) return refuse(list, "needs more memory than the module may have");
  let index = 0;
  for (let node = firstElement(list); node !== NOWHERE; node = nextElement(list, node)) {
    if (!readSimple(node, at<Simple>(soap.simples, index++), soap)) return false;
  }
  index = 0;
  for (let node = firstElement(list); node !== NOWHERE; node = nextElement(list, node)) {
    if (!checkParts(node, at<Simple>(soap.simples, index++))) return false;
  }
  return true;
}

function readSimple(node: i32, simple: Simple, soap: Soap): bool {
  if (!objectOf(node, MEMBERS)) return false;
  const json = requiredMember(node, "json");
  const form = requiredMember(node, "form");
  if (json === NOWHERE || form === NOWHERE) return false;
  readJsonForm(json, simple);
  readForm(form, simple);
  readSpace(member(node, "space"), simple);
  readUnit(member(node, "unit"), simple);
  simple.minLength = integerOr(node, "minLength", 0, LONGEST, 0);
  simple.maxLength = integerOr(node, "maxLength", 0, LONGEST, -1);
  simple.totalDigits = integerOr(node, "totalDigits", 1, LARGEST_INDEX, -1);
  simple.fractionDigits = integerOr(node, "fractionDigits", 0, LARGEST_INDEX, -1);
  simple.minExclusive = flagOf(node, "minExclusive");
  simple.maxExclusive = flagOf(node, "maxExclusive");
  simple.least = boundOf(node, "min");
  simple.most = boundOf(node, "max");
  if (documentIsWrong()) return false;
  if (!readPatterns(member(node, "patterns"), simple) || !readValues(member(node, "values"), simple)) return false;
  return readParts(node, simple, soap);
}

function readJsonForm(node: i32, simple: Simple): void {
  if (stringIs(node, "string")) simple.json = JsonForm.String;
  else if (stringIs(node, "number")) simple.json = JsonForm.Number;
  else if (stringIs(node, "boolean")) simple.json = JsonForm.Boolean;
  else refuse(node, 'must be "string", "number" or "boolean"');
}

function readForm(node: i32, simple: Simple): void {
  if (stringIs(node, "string")) simple.form = Form.String;
  else if (stringIs(node, "decimal")) simple.form = Form.Decimal;
  else if (stringIs(node, "integer")) simple.form = Form.Integer;
  else if (stringIs(node, "double")) simple.form = Form.Double;
  else if (stringIs(node, "boolean")) simple.form = Form.Boolean;
  else if (stringIs(node, "list")) simple.form = Form.List;
  else if (stringIs(node, "union")) simple.form = Form.Union;
  else refuse(node, "must be a form of values");
}

function readSpace(node: i32, simple: Simple): void {
  simple.space = Space.Collapse;
  if (node === NOWHERE || stringIs(node, "collapse")) return;
  if (stringIs(node, "preserve")) simple.space = Space.Preserve;
  else if (stringIs(node, "replace")) simple.space = Space.Replace;
  else refuse(node, 'must be "preserve", "replace" or "collapse"');
}

function readUnit(node: i32, simple: Simple): void {
  if (node === NOWHERE || stringIs(node, "characters")) return;
  if (stringIs(node, "hex")) simple.unit = Unit.Hex;
  else if (stringIs(node, "base64")) simple.unit = Unit.Base64;
  else refuse(node, 'must be "characters", "hex" or "base64"');
}

function boundOf(node: i32, name: string): Decimal {
  const text = valueOr(node, name);
  if (!exists(text)) return none<Decimal>();
  const bound = keepRecord<Decimal>();
  if (!readDecimal(text.start, text.length, true, bound)) refuse(member(node, name), "must be a decimal number");
  return bound;
}

function readPatterns(list: i32, simple: Simple): bool {
  if (list === NOWHERE) return true;
  const count = arrayOf(list, 0, MOST_PATTERNS);
  if (count < 0) return false;
  simple.patterns = keepPointers(count);
  if (simple.patterns === 0) return refuse(list, "needs more memory than the module may have");
  for (let node = firstElement(list); node !== NOWHERE; node = nextElement(list, node)) {
    const automaton = dfaOf(node);
    if (automaton === 0) return false;
    setAddress(simple.patterns, simple.patternCount++, automaton);
  }
  return true;
}

function readValues(list: i32, simple: Simple): bool {
  if (list === NOWHERE) return true;
  const count = arrayOf(list, 1, MOST_VALUES);
  if (count < 0) return false;
  simple.values = keepPointers(count);
  if (simple.values === 0) return refuse(list, "needs more memory than the module may have");
  if (count > FEW_VALUES) simple.valueNames = newNameTable(count, true);
  for (let node = firstElement(list); node !== NOWHERE; node = nextElement(list, node)) {
    if (!stringOf(node, 0, LONGEST_VALUE)) return false;
    const value = keepString(node);
    if (exists(simple.valueNames)) addName(simple.valueNames, value, 0);
    setPointer(simple.values, simple.valueCount++, value);
  }
  return true;
}

function readParts(node: i32, simple: Simple, soap: Soap): bool {
  const item = indexOr(node, "item", soap.simpleCount);
  if (item >= 0) simple.item = at<Simple>(soap.simples, item);
  const list = member(node, "members");
  if (list === NOWHERE) return !documentIsWrong();
  const count = arrayOf(list, 1, MOST_MEMBERS);
  if (count < 0) return false;
  simple.members = keepPointers(count);
  if (simple.members === 0) return refuse(list, "needs more memory than the module may have");
  for (let entry = firstElement(list); entry !== NOWHERE; entry = nextElement(list, entry)) {
    const index = indexOf(entry, soap.simpleCount);
    if (index < 0) return false;
    setPointer(simple.members, simple.memberCount++, at<Simple>(soap.simples, index));
  }
  return !documentIsWrong();
}

/** What a type is made of agrees with its form, and is one level deep. */
function checkParts(node: i32, simple: Simple): bool {
  const isList = simple.form === Form.List;
  if (isList !== exists(simple.item)) return refuse(node, "must have an item if it is a list, and else none");
  if (isList && simple.item.form === Form.List) return refuse(node, "is a list of lists");
  if ((simple.form === Form.Union) !== simple.memberCount > 0) {
    return refuse(node, "must have members if it is a union, and else none");
  }
  for (let i = 0; i < simple.memberCount; i++) {
    const form = pointerAt<Simple>(simple.members, i).form;
    if (form === Form.List || form === Form.Union) return refuse(node, "is a union of what is no plain type");
  }
  return true;
}
