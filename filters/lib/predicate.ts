import { attribute, groupAt, groupsLength, hasGroups, Presence } from "./attributes";
import { bytesEqual } from "./bytes";
import { at } from "./region";
import { textIs } from "./text";

// A condition over the request, as a postfix program over a small stack. It was checked when it was read
// (predicate-reader.ts): operand types fit, and the stack is deep enough. Missing and repeated values are unknown,
// and unknown goes through the operators as in Kleene's tables.

export enum Truth {
  False = 0,
  True = 1,
  Unknown = 2,
}

export enum Code {
  False = 0,
  True = 1,
  /** A string at `start` of `length`. */
  String = 2,
  /** An integer in `value`. */
  Integer = 3,
  /** The attribute of slot `length`. */
  Attribute = 4,
  EqualStrings = 5,
  EqualTruths = 6,
  EqualIntegers = 7,
  StartsWith = 8,
  /** Below: the string looked for. Whether it is among the caller's groups. */
  InGroups = 9,
  /** Below: the string looked for, what is known so far, the next element of the list. */
  InStep = 10,
  /** Below: the string looked for, the result. */
  InEnd = 11,
  Not = 12,
  And = 13,
  Or = 14,
}

@unmanaged
export class Operation {
  code: i32 = 0;
  length: i32 = 0;
  value: i64 = 0;
}

@unmanaged
export class Program {
  count: i32 = 0;
  operations: usize = 0;
  readsHeaders: i32 = 0;
  readsSourceIp: i32 = 0;
  readsAuth: i32 = 0;
  readsRoute: i32 = 0;
}

/** A string or integer on the stack, or a truth value in `truth`; unknown if `known` is 0. */
@unmanaged
class Value {
  known: i32 = 0;
  length: i32 = 0;
  /** Address of a string, an integer, or a Truth of False or True. */
  value: i64 = 0;
}

/** The deepest stack a program may need; the reader refuses more. */
export const DEEPEST_STACK: i32 = 128;

const STACK: usize = memory.data(DEEPEST_STACK * 16, 8);

/** The truth of a condition for the request at hand. */
export function evaluate(program: Program): Truth {
  let top = 0;
  for (let i = 0; i < program.count; i++) {
    const operation = at<Operation>(program.operations, i);
    const code = operation.code;
    if (code <= Code.Attribute) {
      pushOperand(at<Value>(STACK, top), operation);
      top++;
    } else if (code === Code.Not) {
      const value = at<Value>(STACK, top - 1);
      value.value ^= 1;
    } else if (code === Code.InGroups) {
      lookInGroups(at<Value>(STACK, top - 1));
    } else if (code === Code.InStep) {
      top--;
      step(at<Value>(STACK, top - 2), at<Value>(STACK, top - 1), at<Value>(STACK, top));
    } else if (code === Code.InEnd) {
      // Of something unknown it is unknown whether a list has it, even an empty one.
      top--;
      if (at<Value>(STACK, top - 1).known !== 0) copyValue(at<Value>(STACK, top - 1), at<Value>(STACK, top));
    } else {
      top--;
      combine(code, at<Value>(STACK, top - 1), at<Value>(STACK, top));
    }
  }
  const result = at<Value>(STACK, 0);
  if (result.known === 0) return Truth.Unknown;
  return result.value === 0 ? Truth.False : Truth.True;
}

function pushOperand(value: Value, operation: Operation): void {
  value.known = 1;
  value.length = operation.length;
  value.value = operation.value;
  if (operation.code === Code.Attribute) {
    const source = attribute(operation.length);
    value.known = source.presence === Presence.Present ? 1 : 0;
    value.length = source.length;
    value.value = <i64>source.start;
  }
}

function copyValue(to: Value, from: Value): void {
  to.known = from.known;
  to.length = from.length;
  to.value = from.value;
}

function setTruth(value: Value, truth: bool): void {
  value.known = 1;
  value.value = truth ? 1 : 0;
}

/** Puts the result of a binary operation in the place of its left operand. */
function combine(code: i32, left: Value, right: Value): void {
  if (code === Code.And) {
    if (isTruth(left, 0) || isTruth(right, 0)) setTruth(left, false);
    else if (left.known === 0 || right.known === 0) left.known = 0;
    return;
  }
  if (code === Code.Or) {
    if (isTruth(left, 1) || isTruth(right, 1)) setTruth(left, true);
    else if (left.known === 0 || right.known === 0) left.known = 0;
    return;
  }
  if (left.known === 0 || right.known === 0) {
    left.known = 0;
    return;
  }
  if (code === Code.EqualStrings) setTruth(left, sameString(left, right));
  else if (code === Code.StartsWith) setTruth(left, startsWith(left, right));
  else setTruth(left, left.value === right.value);
}

function isTruth(value: Value, truth: i64): bool {
  return value.known !== 0 && value.value === truth;
}

function sameString(a: Value, b: Value): bool {
  return a.length === b.length && bytesEqual(<usize>a.value, <usize>b.value, a.length);
}

function startsWith(text: Value, prefix: Value): bool {
  return text.length >= prefix.length && bytesEqual(<usize>text.value, <usize>prefix.value, prefix.length);
}

function lookInGroups(value: Value): void {
  if (value.known === 0 || !hasGroups()) {
    value.known = 0;
    return;
  }
  let found = false;
  const count = groupsLength();
  for (let i = 0; i < count && !found; i++) found = textIs(groupAt(i), <usize>value.value, value.length);
  setTruth(value, found);
}

/** One more element of a list: found so far, or equal to it. */
function step(looked: Value, found: Value, element: Value): void {
  if (isTruth(found, 1)) return;
  if (looked.known === 0 || element.known === 0) found.known = 0;
  else if (sameString(looked, element)) setTruth(found, true);
}
