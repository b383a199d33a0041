import { attributeSlot } from "./attribute-reader";
import { Interest, Slot } from "./attributes";
import {
  arrayOf,
  firstElement,
  integerAt,
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
  stringOf,
} from "./document";
import { Code, DEEPEST_STACK, Operation, Program } from "./predicate";
import { addressOf, at, keepRecords, none } from "./region";

// Reads the JSON form of a condition (see ../modules/README.md) into a Program, without recursion, and checks
// everything that could go wrong when it runs: names, number and types of operands, depth of the stack.

enum Type {
  Truth = 1,
  String = 2,
  Integer = 3,
  /** `auth.groups` as second operand of `in`; takes no place on the stack. */
  Groups = 4,
  /** A `list` as second operand of `in`; its elements were folded step by step. */
  List = 5,
}

enum Form {
  Equal = 1,
  Unequal = 2,
  In = 3,
  List = 4,
  StartsWith = 5,
  Not = 6,
  And = 7,
  Or = 8,
}

const MOST_OPERATIONS: i32 = 4096;

/** An operation whose operands are being read. */
@unmanaged
class Frame {
  form: i32 = 0;
  /** The array it was written as, and the element to be read next. */
  array: i32 = 0;
  next: i32 = 0;
  operands: i32 = 0;
}

// Depth of nesting is bounded by the JSON parser (64).
const FRAMES: usize = memory.data(66 * 16, 8);
const OPERATIONS: usize = memory.data(MOST_OPERATIONS * 16, 8);
const TYPES: usize = memory.data(DEEPEST_STACK + 8, 8);

let frames: i32 = 0;
let depth: i32 = 0;
let operationCount: i32 = 0;
let program: Program = none<Program>();
let interest: Interest = none<Interest>();

/** Reads a condition. The missing record, and a problem noted, if anything is wrong with it. */
export function readPredicate(node: i32, wanted: Interest): Program {
  program = changetype<Program>(keepRecords<Program>(1));
  if (addressOf(program) === 0) return fail(node, "needs more memory than the module may have");
  interest = wanted;
  frames = 0;
  depth = 0;
  operationCount = 0;
  if (!readAll(node)) return none<Program>();
  if (typeAt(0) !== Type.Truth) return fail(node, "must be a condition");
  return keepProgram(node);
}

function fail(node: i32, message: string): Program {
  refuse(node, message);
  return none<Program>();
}

function keepProgram(node: i32): Program {
  const kept = keepRecords<Operation>(operationCount);
  if (kept === 0) return fail(node, "needs more memory than the module may have");
  memory.copy(kept, OPERATIONS, <usize>operationCount * offsetof<Operation>());
  program.count = operationCount;
  program.operations = kept;
  return program;
}

function readAll(root: i32): bool {
  let node = root;
  // Every turn reads one node of the document or closes one frame.
  while (true) {
    if (isOperation(node)) {
      if (!open(node)) return false;
    } else if (!readOperand(node)) {
      return false;
    }
    while (frames > 0 && at<Frame>(FRAMES, frames - 1).next === NOWHERE) {
      if (!close()) return false;
    }
    if (frames === 0) return true;
    const frame = at<Frame>(FRAMES, frames - 1);
    node = frame.next;
    frame.next = nextElement(frame.array, node);
  }
}

/** Whether a node is an operation with operands, rather than a constant or an attribute. */
function isOperation(node: i32): bool {
  if (!isArray(node)) return false;
  const name = firstElement(node);
  return name === NOWHERE || !stringIs(name, "get");
}

// ---- types on the stack

function typeAt(index: i32): i32 {
  return <i32>load<u8>(TYPES + <usize>index);
}

function pushType(node: i32, type: i32): bool {
  if (depth === DEEPEST_STACK - 4) return refuse(node, "is nested too deep");
  store<u8>(TYPES + <usize>depth, <u8>type);
  depth++;
  return true;
}

function emit(node: i32, code: i32, length: i32, value: i64): bool {
  if (operationCount === MOST_OPERATIONS) return refuse(node, "has too many operations");
  const operation = at<Operation>(OPERATIONS, operationCount++);
  operation.code = code;
  operation.length = length;
  operation.value = value;
  return true;
}

/** Counts a finished operand in the operation around it, and folds operators that take any number of operands. */
function operandDone(node: i32): bool {
  if (frames === 0) return true;
  const frame = at<Frame>(FRAMES, frames - 1);
  frame.operands++;
  if (frame.form === Form.List) {
    if (typeAt(depth - 1) !== Type.String) return refuse(node, "must be a string");
    depth--;
    return emit(node, Code.InStep, 0, 0);
  }
  if (frame.form === Form.And || frame.form === Form.Or) {
    if (typeAt(depth - 1) !== Type.Truth) return refuse(node, "must be a condition");
    if (frame.operands === 1) return true;
    depth--;
    return emit(node, frame.form === Form.And ? Code.And : Code.Or, 0, 0);
  }
  return true;
}

// ---- operands

function readOperand(node: i32): bool {
  if (isString(node)) {
    const text = keepString(node);
    return emit(node, Code.String, text.length, <i64>text.start) && pushType(node, Type.String) && operandDone(node);
  }
  if (isBoolean(node)) {
    const code = isTrue(node) ? Code.True : Code.False;
    return emit(node, code, 0, isTrue(node) ? 1 : 0) && pushType(node, Type.Truth) && operandDone(node);
  }
  if (isInteger(node)) {
    return emit(node, Code.Integer, 0, integerAt(node)) && pushType(node, Type.Integer) && operandDone(node);
  }
  if (isArray(node)) return readAttribute(node);
  return refuse(node, "must be a string, an integer, true, false or an operation");
}

function readAttribute(node: i32): bool {
  const count = arrayOf(node, 2, 3);
  if (count < 0) return false;
  const name = nextElement(node, firstElement(node));
  if (!stringOf(name, 1, 64)) return false;
  if (stringIs(name, "auth.groups")) {
    if (count !== 2) return refuse(node, "takes no further argument");
    program.readsAuth = 1;
    return pushType(node, Type.Groups) && operandDone(node);
  }
  const slot = attributeSlot(node, interest);
  if (slot < 0) return false;
  if (slot >= Slot.FirstHeader || slot <= Slot.Scheme) program.readsHeaders = 1;
  else if (slot === Slot.SourceIp) program.readsSourceIp = 1;
  else if (slot === Slot.RouteName) program.readsRoute = 1;
  else program.readsAuth = 1;
  return emit(node, Code.Attribute, slot, 0) && pushType(node, Type.String) && operandDone(node);
}

// ---- operations

function formOf(name: i32): i32 {
  if (stringIs(name, "==")) return Form.Equal;
  if (stringIs(name, "!=")) return Form.Unequal;
  if (stringIs(name, "in")) return Form.In;
  if (stringIs(name, "list")) return Form.List;
  if (stringIs(name, "startsWith")) return Form.StartsWith;
  if (stringIs(name, "!")) return Form.Not;
  if (stringIs(name, "&&")) return Form.And;
  if (stringIs(name, "||")) return Form.Or;
  return 0;
}

function open(node: i32): bool {
  const name = firstElement(node);
  const form = name === NOWHERE ? 0 : formOf(name);
  if (form === 0) return refuse(name === NOWHERE ? node : name, "is not a known operation");
  if (form === Form.List) {
    if (!isSecondOfIn()) return refuse(node, "can only be the second operand of in");
    if (!emit(node, Code.False, 0, 0) || !pushType(node, Type.List)) return false;
  }
  const frame = at<Frame>(FRAMES, frames++);
  frame.form = form;
  frame.array = node;
  frame.next = nextElement(node, name);
  frame.operands = 0;
  return true;
}

function isSecondOfIn(): bool {
  if (frames === 0) return false;
  const frame = at<Frame>(FRAMES, frames - 1);
  return frame.form === Form.In && frame.operands === 1;
}

/** All operands of the innermost operation are read: checks them and adds the operation. */
function close(): bool {
  const frame = at<Frame>(FRAMES, --frames);
  const node = frame.array;
  const form = frame.form;
  if (!hasRightCount(form, frame.operands)) return refuse(node, "has the wrong number of operands");
  if (form === Form.Equal || form === Form.Unequal) {
    if (!closeEquality(node, form)) return false;
  } else if (form === Form.In) {
    if (!closeIn(node)) return false;
  } else if (form === Form.StartsWith) {
    if (typeAt(depth - 2) !== Type.String || typeAt(depth - 1) !== Type.String) {
      return refuse(node, "compares strings only");
    }
    if (!replaceTwo(node, Code.StartsWith)) return false;
  } else if (form === Form.Not) {
    if (typeAt(depth - 1) !== Type.Truth) return refuse(node, "negates conditions only");
    if (!emit(node, Code.Not, 0, 0)) return false;
  }
  return operandDone(node);
}

function hasRightCount(form: i32, operands: i32): bool {
  if (form === Form.List) return true;
  if (form === Form.Not) return operands === 1;
  if (form === Form.And || form === Form.Or) return operands >= 2;
  return operands === 2;
}

/** Replaces the two topmost types by a truth value. */
function replaceTwo(node: i32, code: i32): bool {
  depth -= 2;
  return emit(node, code, 0, 0) && pushType(node, Type.Truth);
}

function closeEquality(node: i32, form: i32): bool {
  const type = typeAt(depth - 1);
  if (typeAt(depth - 2) !== type || type > Type.Integer) return refuse(node, "compares values of different types");
  let code: i32 = Code.EqualStrings;
  if (type === Type.Truth) code = Code.EqualTruths;
  else if (type === Type.Integer) code = Code.EqualIntegers;
  return replaceTwo(node, code) && (form === Form.Equal || emit(node, Code.Not, 0, 0));
}

function closeIn(node: i32): bool {
  const second = typeAt(depth - 1);
  if (typeAt(depth - 2) !== Type.String) return refuse(node, "looks for strings only");
  if (second === Type.List) return replaceTwo(node, Code.InEnd);
  if (second !== Type.Groups) return refuse(node, "looks in a list or auth.groups only");
  return replaceTwo(node, Code.InGroups);
}
