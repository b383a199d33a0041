import { base64Bytes, hexBytes } from "../../lib/binary";
import { compareDecimals, Decimal, decimalCell, NotFinite, notFiniteOf, readDecimal } from "../../lib/decimal";
import { dfaMatches } from "../../lib/dfa";
import { addressAt, exists, pointerAt } from "../../lib/region";
import {
  collapseSpace,
  replaceSpace,
  spacedLength,
  spacedStart,
  spaceEnd,
  spaceFrom,
  trimmedEnd,
} from "../../lib/space";
import { findName } from "../../lib/table";
import { Text, textIs } from "../../lib/text";
import { truthOf } from "../../lib/truth";
import { utf8CharactersOfValid } from "../../lib/utf8";
import { Form, Simple, Space, Unit } from "./table";

// Whether a text is a value of a simple type, in the lexical form of XML Schema Part 2. A list has no lists in it and a union neither lists nor
// unions, so nothing here calls itself.

let valueStart: usize = 0;
let valueLength: i32 = 0;

/**
 * Treats white space as the type says, in place: the bytes are overwritten. What comes of it is at `collapsedStart` and `collapsedLength` until
 * the next call.
 */
export function collapsed(simple: Simple, start: usize, length: i32): void {
  valueStart = start;
  valueLength = length;
  if (simple.space === Space.Preserve) return;
  if (simple.space === Space.Replace) replaceSpace(start, length);
  else collapseSpace(start, length);
  valueStart = spacedStart();
  valueLength = spacedLength();
}

export function collapsedStart(): usize {
  return valueStart;
}

export function collapsedLength(): i32 {
  return valueLength;
}

/** What was wrong with the last text that was no value of its type. */
export enum Mismatch {
  Form,
  Pattern,
  TooShort,
  TooLong,
  Unlisted,
  TooSmall,
  TooLarge,
  Digits,
}

let mismatch: Mismatch = Mismatch.Form;

export function lastMismatch(): Mismatch {
  return mismatch;
}

function fail(reason: Mismatch): bool {
  mismatch = reason;
  return false;
}

/** Whether a text, whose white space was treated and which is UTF-8, is a value of the type. */
export function checkLexical(simple: Simple, start: usize, length: i32): bool {
  if (simple.form !== Form.List) return checkItem(simple, start, length);
  const end = start + <usize>length;
  let items = 0;
  for (let item = spaceEnd(start, end); item < end; items++) {
    const itemEnd = spaceFrom(item, end);
    if (!checkItem(simple.item, item, <i32>(itemEnd - item))) return false;
    item = spaceEnd(itemEnd, end);
  }
  return checkList(simple, start, length, items);
}

/** Whether the text of a list, whose items are right, is a value of its type, but for its items. */
export function checkList(simple: Simple, start: usize, length: i32, items: i32): bool {
  return isLong(simple, items) && matches(simple, start, length) && isListed(simple, start, length);
}

/** The same of a type that is no list. */
export function checkItem(simple: Simple, start: usize, length: i32): bool {
  return simple.form === Form.Union ? checkUnion(simple, start, length) : checkAtomic(simple, start, length);
}

function checkUnion(simple: Simple, start: usize, length: i32): bool {
  if (!matches(simple, start, length) || !isListed(simple, start, length)) return false;
  const end = start + <usize>length;
  const first = spaceEnd(start, end);
  const trimmed = <i32>(trimmedEnd(first, end) - first);
  for (let i = 0; i < simple.memberCount; i++) {
    const member = pointerAt<Simple>(simple.members, i);
    const trims = member.space === Space.Collapse;
    if (checkAtomic(member, trims ? first : start, trims ? trimmed : length)) return true;
  }
  return fail(Mismatch.Form);
}

function checkAtomic(simple: Simple, start: usize, length: i32): bool {
  if (!matches(simple, start, length)) return false;
  switch (simple.form) {
    case Form.Boolean:
      return checkTruth(simple, start, length);
    case Form.Integer:
    case Form.Decimal:
      return checkNumber(simple, start, length, false);
    case Form.Double:
      return checkDouble(simple, start, length);
    default:
      return isLong(simple, unitsOf(simple, start, length)) && isListed(simple, start, length);
  }
}

function matches(simple: Simple, start: usize, length: i32): bool {
  for (let i = 0; i < simple.patternCount; i++) {
    if (!dfaMatches(addressAt(simple.patterns, i), start, length)) return fail(Mismatch.Pattern);
  }
  return true;
}

// ---- texts

/** Whether a number of characters, bytes or items is allowed; -1, for a text that stands for no bytes, never is. */
function isLong(simple: Simple, units: i32): bool {
  if (units < 0) return fail(Mismatch.Form);
  if (units < simple.minLength) return fail(Mismatch.TooShort);
  return simple.maxLength < 0 || units <= simple.maxLength || fail(Mismatch.TooLong);
}

function unitsOf(simple: Simple, start: usize, length: i32): i32 {
  if (simple.unit === Unit.Hex) return hexBytes(start, length);
  if (simple.unit === Unit.Base64) return base64Bytes(start, length);
  const counts = simple.minLength > 0 || simple.maxLength >= 0;
  return counts ? utf8CharactersOfValid(start, length) : length;
}

function isListed(simple: Simple, start: usize, length: i32): bool {
  if (simple.valueCount === 0) return true;
  if (exists(simple.valueNames)) {
    return findName(simple.valueNames, start, length) >= 0 || fail(Mismatch.Unlisted);
  }
  for (let i = 0; i < simple.valueCount; i++) {
    if (textIs(pointerAt<Text>(simple.values, i), start, length)) return true;
  }
  return fail(Mismatch.Unlisted);
}

// ---- booleans and numbers: their values may be written in several ways

function checkTruth(simple: Simple, start: usize, length: i32): bool {
  const truth = truthOf(start, length);
  if (truth < 0) return fail(Mismatch.Form);
  if (simple.valueCount === 0) return true;
  for (let i = 0; i < simple.valueCount; i++) {
    const value = pointerAt<Text>(simple.values, i);
    if (truthOf(value.start, value.length) === truth) return true;
  }
  return fail(Mismatch.Unlisted);
}

function checkNumber(simple: Simple, start: usize, length: i32, power: bool): bool {
  const value = decimalCell(0);
  if (!readDecimal(start, length, power, value)) return fail(Mismatch.Form);
  if (simple.form === Form.Integer && !value.whole) return fail(Mismatch.Form);
  const digits = value.integerDigits + value.fractionDigits;
  if (simple.totalDigits >= 0 && digits > simple.totalDigits) return fail(Mismatch.Digits);
  if (simple.fractionDigits >= 0 && value.fractionDigits > simple.fractionDigits) return fail(Mismatch.Digits);
  if (exists(simple.least) && !isWithin(simple.least, simple.minExclusive, -1)) return fail(Mismatch.TooSmall);
  if (exists(simple.most) && !isWithin(simple.most, simple.maxExclusive, 1)) return fail(Mismatch.TooLarge);
  return simple.valueCount === 0 || isListedNumber(simple);
}

/** Whether the value in cell 0 is on the allowed side of a bound: `side` is -1 for a lower bound, 1 for an upper one. */
function isWithin(bound: Decimal, exclusive: bool, side: i32): bool {
  const order = compareDecimals(decimalCell(0), bound) * side;
  return exclusive ? order < 0 : order <= 0;
}

function isListedNumber(simple: Simple): bool {
  for (let i = 0; i < simple.valueCount; i++) {
    const value = pointerAt<Text>(simple.values, i);
    if (!readDecimal(value.start, value.length, true, decimalCell(1))) continue;
    if (compareDecimals(decimalCell(0), decimalCell(1)) === 0) return true;
  }
  return fail(Mismatch.Unlisted);
}

/** XML Schema Part 2, section 3.2.5: NaN has no order, so no bound lets it in. */
function checkDouble(simple: Simple, start: usize, length: i32): bool {
  const special = notFiniteOf(start, length);
  if (special === NotFinite.None) return checkNumber(simple, start, length, true);
  if (exists(simple.least) && special !== NotFinite.Infinity) return fail(Mismatch.TooSmall);
  if (exists(simple.most) && special !== NotFinite.NegativeInfinity) return fail(Mismatch.TooLarge);
  return isListed(simple, start, length);
}

/** Whether a value of a type is the one that is fixed: what both stand for is compared, not how they are written. */
export function isFixed(simple: Simple, fixed: Text, start: usize, length: i32): bool {
  if (textIs(fixed, start, length)) return true;
  if (simple.form === Form.Boolean) return truthOf(fixed.start, fixed.length) === truthOf(start, length);
  const isNumber = simple.form === Form.Integer || simple.form === Form.Decimal || simple.form === Form.Double;
  if (!isNumber || !readDecimal(start, length, true, decimalCell(0))) return false;
  if (!readDecimal(fixed.start, fixed.length, true, decimalCell(1))) return false;
  return compareDecimals(decimalCell(0), decimalCell(1)) === 0;
}
