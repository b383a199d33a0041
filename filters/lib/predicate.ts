import { attribute, hasList, listElement, listLength, Presence, timeOfRequest } from "./attributes";
import { bytesCompare } from "./bytes";
import { NO_INTEGER, naturalOfText } from "./integer";
import { Code, DEEPEST_STACK, Operation, Program, Value } from "./predicate-program";
import { convert, endsWith, sameString, startsWith, stringContains } from "./predicate-text";
import { at, pointerAt } from "./region";
import { scratchEnd } from "./scratch";
import { Text, textIs } from "./text";

// Runs a condition over the request. It was checked when it was read (predicate-reader.ts): operand types fit, the stack is deep enough,
// and every jump goes forward. Missing and repeated values are unknown, and unknown goes through the operators as in Kleene's tables.

export enum Truth {
  False = 0,
  True = 1,
  Unknown = 2,
}

const STACK: usize = memory.data(DEEPEST_STACK * 16, 8);

/** The truth of a condition for the request at hand. */
export function evaluate(program: Program): Truth {
  run(program);
  const result = at<Value>(STACK, 0);
  if (result.known === 0) return Truth.Unknown;
  return result.value === 0 ? Truth.False : Truth.True;
}

/** The value of an expression for the request at hand; to be used before anything else is taken from the arena. */
export function evaluateValue(program: Program): Value {
  run(program);
  return at<Value>(STACK, 0);
}

function run(program: Program): void {
  const count = program.count;
  let top = 0;
  let next = 0;
  while (next < count) {
    const operation = at<Operation>(program.operations, next++);
    const code = operation.code;
    if (code <= Code.ListSize) {
      push(at<Value>(STACK, top++), operation);
    } else if (code <= Code.Choose) {
      if (code === Code.Jump) {
        next = operation.length;
        continue;
      }
      const value = at<Value>(STACK, top - 1);
      if (value.known === 0) {
        next = <i32>operation.value;
      } else {
        if (value.value === 0) next = operation.length;
        top--;
      }
    } else if (code <= Code.Or) {
      if (code >= Code.And) top--;
      if (decides(code, at<Value>(STACK, top - 1), at<Value>(STACK, top))) next = operation.length;
    } else if (code <= Code.InIntegers) {
      const value = at<Value>(STACK, top - 1);
      if (value.known !== 0) replace(value, operation);
    } else {
      top--;
      const left = at<Value>(STACK, top - 1);
      const right = at<Value>(STACK, top);
      if (left.known === 0 || right.known === 0) left.known = 0;
      else left.value = compare(code, left, right) ? 1 : 0;
    }
  }
  scratchEnd();
}

// ---- what was noted with the request, for the end of its stream: two bits a condition, as Truth has them

let noted: u32 = 0;

export function setNoted(truths: u32): void {
  noted = truths;
}

function notedTruth(index: i32): Truth {
  return <Truth>((noted >> (index << 1)) & 3);
}

// ---- values

function push(value: Value, operation: Operation): void {
  const code = operation.code;
  value.known = 1;
  if (TRACING && code === Code.Noted) {
    const truth = notedTruth(operation.length);
    value.known = truth === Truth.Unknown ? 0 : 1;
    value.value = truth === Truth.True ? 1 : 0;
  } else if (code <= Code.Integer) {
    value.length = operation.length;
    value.value = operation.value;
  } else if (code === Code.Attribute) {
    const source = attribute(operation.length);
    value.known = source.presence === Presence.Present ? 1 : 0;
    value.length = source.length;
    value.value = <i64>source.start;
  } else if (code === Code.NumberAttribute) {
    const source = attribute(operation.length);
    value.value = source.presence === Presence.Present ? naturalOfText(source.start, source.length) : NO_INTEGER;
    value.known = value.value === NO_INTEGER ? 0 : 1;
  } else if (code === Code.Time) {
    value.value = timeOfRequest();
    value.known = value.value === 0 ? 0 : 1;
  } else if (code === Code.Has) {
    value.value = attribute(operation.length).presence === Presence.Absent ? 0 : 1;
  } else if (code === Code.HasList) {
    value.value = hasList(operation.length) ? 1 : 0;
  } else {
    value.known = hasList(operation.length) ? 1 : 0;
    value.value = <i64>listLength(operation.length);
  }
}

/** Whether the value at hand decides; two are made one in the place of the left first. */
function decides(code: i32, left: Value, right: Value): bool {
  const decisive: i64 = code === Code.Or || code === Code.SkipIfTrue ? 1 : 0;
  if (left.known !== 0 && left.value === decisive) return true;
  if (code <= Code.SkipIfTrue) return false;
  if (right.known !== 0 && right.value === decisive) {
    left.known = 1;
    left.value = decisive;
    return true;
  }
  if (right.known === 0) left.known = 0;
  return false;
}

/** Puts the result of an operation on one known value in its place. */
function replace(value: Value, operation: Operation): void {
  const code = operation.code;
  if (code === Code.Not) value.value ^= 1;
  else if (code >= Code.InList) value.value = isMember(value, operation) ? 1 : 0;
  else convert(value, operation);
}

function isMember(value: Value, operation: Operation): bool {
  if (operation.code === Code.InTexts) return isAmongTexts(value, <usize>operation.value, operation.length);
  if (operation.code === Code.InIntegers) return isAmongIntegers(value, <usize>operation.value, operation.length);
  const list = operation.length;
  if (!hasList(list)) {
    value.known = 0;
    return false;
  }
  const count = listLength(list);
  for (let i = 0; i < count; i++) {
    if (textIs(listElement(list, i), <usize>value.value, value.length)) return true;
  }
  return false;
}

function isAmongTexts(value: Value, texts: usize, count: i32): bool {
  for (let i = 0; i < count; i++) {
    if (textIs(pointerAt<Text>(texts, i), <usize>value.value, value.length)) return true;
  }
  return false;
}

function isAmongIntegers(value: Value, integers: usize, count: i32): bool {
  for (let i = 0; i < count; i++) {
    if (load<i64>(integers + ((<usize>i) << 3)) === value.value) return true;
  }
  return false;
}

/** An operation on two known values. */
function compare(code: i32, left: Value, right: Value): bool {
  if (code === Code.EqualStrings) return sameString(left, right);
  if (code === Code.UnequalStrings) return !sameString(left, right);
  if (code === Code.EqualNumbers) return left.value === right.value;
  if (code === Code.UnequalNumbers) return left.value !== right.value;
  if (code === Code.StartsWith) return startsWith(left, right);
  if (code === Code.EndsWith) return endsWith(left, right);
  if (code === Code.Contains) return stringContains(left, right);
  if (code === Code.LessNumbers) return left.value < right.value;
  if (code === Code.LessOrEqualNumbers) return left.value <= right.value;
  if (code === Code.GreaterNumbers) return left.value > right.value;
  if (code === Code.GreaterOrEqualNumbers) return left.value >= right.value;
  const order = bytesCompare(<usize>left.value, left.length, <usize>right.value, right.length);
  if (code === Code.LessStrings) return order < 0;
  if (code === Code.LessOrEqualStrings) return order <= 0;
  return code === Code.GreaterStrings ? order > 0 : order >= 0;
}
