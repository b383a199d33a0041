import { refuse } from "./document";
import { DEEPEST_STACK, Operation } from "./predicate-program";
import { at, keepRecords } from "./region";

// The program that is being made, with the type of every value that will be on the stack. One at a time.

export enum Type {
  Truth = 1,
  String = 2,
  Integer = 3,
  /** `auth.groups`, `auth.scopes`: take no place on the stack when the program runs, and neither do the lists of constants. */
  Groups = 4,
  Scopes = 5,
  /** A claim. */
  Claims = 6,
  Texts = 7,
  Integers = 8,
  /** `["list"]`, of anything. */
  Empty = 9,
}

/** Operands and operations of a condition, as it is written. */
const MOST_PARTS: i32 = 4096;
/** A part makes two operations at most: what it is, and a jump around it. */
const MOST_OPERATIONS: i32 = 2 * MOST_PARTS;

const OPERATIONS: usize = memory.data(MOST_OPERATIONS * 16, 8);
const TYPES: usize = memory.data(DEEPEST_STACK, 8);

let depth: i32 = 0;
let count: i32 = 0;
let parts: i32 = 0;

export function beginProgram(): void {
  depth = 0;
  count = 0;
  parts = 0;
}

/** Counts one more operand or operation; false and a problem if it is one too many. */
export function countPart(node: i32): bool {
  return parts++ < MOST_PARTS || refuse(node, "has too many operations");
}

/** The number of operations so far: where a jump to here goes. */
export function programLength(): i32 {
  return count;
}

/** The kept copy of the operations, or 0. */
export function keepOperations(): usize {
  const kept = keepRecords<Operation>(count);
  if (kept !== 0) memory.copy(kept, OPERATIONS, <usize>count * offsetof<Operation>());
  return kept;
}

/** The type of the value that is `below` values under the topmost one, or 0. */
export function typeBelow(below: i32): i32 {
  const index = depth - 1 - below;
  return index < 0 ? 0 : <i32>load<u8>(TYPES + <usize>index);
}

export function pushType(node: i32, type: i32): bool {
  if (depth === DEEPEST_STACK - 4) return refuse(node, "is nested too deep");
  store<u8>(TYPES + <usize>depth, <u8>type);
  depth++;
  return true;
}

export function popType(): void {
  depth--;
}

/** Adds an operation. Its index, or -1 and a problem. */
export function emit(node: i32, code: i32, length: i32, value: i64): i32 {
  if (count === MOST_OPERATIONS) {
    refuse(node, "has too many operations");
    return -1;
  }
  const operation = at<Operation>(OPERATIONS, count);
  operation.code = code;
  operation.length = length;
  operation.value = value;
  return count++;
}

/** Adds an operation that puts one more value on the stack. */
export function emitPush(node: i32, code: i32, length: i32, value: i64, type: i32): bool {
  return emit(node, code, length, value) >= 0 && pushType(node, type);
}

/** Adds an operation that replaces the topmost value. */
export function emitReplace(node: i32, code: i32, length: i32, value: i64, type: i32): bool {
  popType();
  return emitPush(node, code, length, value, type);
}

/** Adds an operation that replaces the two topmost values by a truth value. */
export function emitCompare(node: i32, code: i32): bool {
  popType();
  return emitReplace(node, code, 0, 0, Type.Truth);
}

/** Adds a jump to a place that is not known yet, to a chain of such jumps: the new head of the chain, 0 and a problem if there is no room. */
export function emitJump(node: i32, code: i32, chain: i32): i32 {
  return emit(node, code, chain, 0) + 1;
}

/** Lets all jumps of a chain go to the next operation. */
export function landJumps(chain: i32): void {
  let index = chain;
  while (index > 0) {
    const operation = at<Operation>(OPERATIONS, index - 1);
    index = operation.length;
    operation.length = count;
  }
}

/** Lets a Choose go to the next operation if its condition is unknown. */
export function landChoose(index: i32): void {
  at<Operation>(OPERATIONS, index).value = <i64>count;
}
