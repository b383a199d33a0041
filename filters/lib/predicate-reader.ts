import { firstElement, NOWHERE, nextElement, refuse } from "./document";
import { dfaOf } from "./document-dfa";
import { Interest } from "./interest";
import {
  beginProgram,
  countPart,
  emit,
  emitJump,
  keepOperations,
  landChoose,
  landJumps,
  popType,
  programLength,
  pushType,
  Type,
  typeBelow,
} from "./predicate-emit";
import { closeForm, Form, formOf, hasConstant, hasRightCount } from "./predicate-form";
import { beginOperands, hasOperands, operandNeeds, rangeOf, readOperand } from "./predicate-operand";
import { Code, Program } from "./predicate-program";
import { addressOf, at, keepRecords, none } from "./region";

// Reads the JSON form of a condition (see ../modules/README.md) into a Program, without recursion, and checks
// everything that could go wrong when it runs: names, number and types of operands, depth of the stack.

/** An operation whose operands are being read. */
@unmanaged
class Frame {
  form: i32 = 0;
  /** The array it was written as, and the element to be read next. */
  array: i32 = 0;
  next: i32 = 0;
  operands: i32 = 0;
  /** Jumps that go to its end. */
  jumps: i32 = 0;
  /** Of `?:` the index of its Choose; of `cidr` and `matches` the address of the constant. */
  extra: usize = 0;
}

// Depth of nesting is bounded by the JSON parser (64).
const FRAMES: usize = memory.data(66 * 24, 8);

let frames: i32 = 0;
let interest: Interest = none<Interest>();

/** Reads a condition. The missing record, and a problem noted, if anything is wrong with it. */
export function readPredicate(node: i32, wanted: Interest): Program {
  return readProgram(node, wanted, false);
}

/** Reads what has a bool, a string or an integer as its value; `expressionType` tells which. The missing record, and a problem noted, if it is wrong. */
export function readExpression(node: i32, wanted: Interest): Program {
  return readProgram(node, wanted, true);
}

/** The Type of what was read last. */
export function expressionType(): i32 {
  return typeBelow(0);
}

function readProgram(node: i32, wanted: Interest, mayBeAny: bool): Program {
  const program = changetype<Program>(keepRecords<Program>(1));
  if (addressOf(program) === 0) return fail(node, "needs more memory than the module may have");
  interest = wanted;
  frames = 0;
  beginProgram();
  beginOperands();
  if (!readAll(node)) return none<Program>();
  if (!mayBeAny && typeBelow(0) !== Type.Truth) return fail(node, "must be a condition");
  if (typeBelow(0) > Type.Integer) return fail(node, "must be a condition, a string or an integer");
  program.needs = operandNeeds();
  program.count = programLength();
  program.operations = keepOperations();
  return program.operations === 0 ? fail(node, "needs more memory than the module may have") : program;
}

function fail(node: i32, message: string): Program {
  refuse(node, message);
  return none<Program>();
}

function readAll(root: i32): bool {
  let node = root;
  // Every turn reads one node of the document, and closes the frames that end with it.
  while (true) {
    if (hasOperands(node)) {
      if (!open(node)) return false;
    } else if (!readOperand(node, interest) || !operandDone(node)) {
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

function open(node: i32): bool {
  if (!countPart(node)) return false;
  const name = firstElement(node);
  const form = name === NOWHERE ? 0 : formOf(name);
  if (form === 0) return refuse(name === NOWHERE ? node : name, "is not a known operation");
  const frame = at<Frame>(FRAMES, frames++);
  frame.form = form;
  frame.array = node;
  frame.next = nextElement(node, name);
  frame.operands = 0;
  frame.jumps = 0;
  frame.extra = 0;
  return !hasConstant(form) || readConstant(frame);
}

/** The second operand of `cidr` and `matches`, before the first one. */
function readConstant(frame: Frame): bool {
  const constant = frame.next === NOWHERE ? NOWHERE : nextElement(frame.array, frame.next);
  if (constant === NOWHERE || nextElement(frame.array, constant) !== NOWHERE) {
    return refuse(frame.array, "has the wrong number of operands");
  }
  frame.extra = frame.form === Form.Cidr ? rangeOf(constant) : dfaOf(constant);
  return frame.extra !== 0;
}

/** Counts a finished operand in the operation around it, and adds what stands between operands. */
function operandDone(node: i32): bool {
  if (frames === 0) return true;
  const frame = at<Frame>(FRAMES, frames - 1);
  frame.operands++;
  if (frame.form === Form.And || frame.form === Form.Or) return logicalDone(frame, node);
  if (frame.form === Form.Choice) return choiceDone(frame, node);
  if (hasConstant(frame.form)) frame.next = NOWHERE;
  return true;
}

/** Of `&&` and `||` each operand but the last may decide. */
function logicalDone(frame: Frame, node: i32): bool {
  const isAnd = frame.form === Form.And;
  if (typeBelow(0) !== Type.Truth) return refuse(node, "must be a condition");
  if (frame.operands === 1) {
    frame.jumps = emitJump(node, isAnd ? Code.SkipIfFalse : Code.SkipIfTrue, 0);
  } else {
    popType();
    frame.jumps = emitJump(node, isAnd ? Code.And : Code.Or, frame.jumps);
  }
  return frame.jumps > 0;
}

/** Of `?:` one of the two later operands is computed. */
function choiceDone(frame: Frame, node: i32): bool {
  const type = typeBelow(0);
  if (frame.operands === 1) {
    if (type !== Type.Truth) return refuse(node, "must be a condition");
    popType();
    const choose = emit(node, Code.Choose, 0, 0);
    frame.extra = <usize>choose;
    return choose >= 0;
  }
  if (type === 0 || type > Type.Integer) return refuse(node, "must be a condition, a string or an integer");
  if (frame.operands > 2) return true;
  frame.jumps = emitJump(node, Code.Jump, 0);
  // The first alternative stays on the stack of types, to be compared with the second.
  landJumps(<i32>frame.extra + 1);
  return frame.jumps > 0;
}

/** All operands of the innermost operation are read: checks them and adds the operation. */
function close(): bool {
  const frame = at<Frame>(FRAMES, --frames);
  const node = frame.array;
  const form = frame.form;
  if (!hasRightCount(form, frame.operands)) return refuse(node, "has the wrong number of operands");
  if (form === Form.Choice) {
    const type = typeBelow(0);
    if (typeBelow(1) !== type) return refuse(node, "chooses between values of different types");
    popType();
    popType();
    if (!pushType(node, type)) return false;
    landJumps(frame.jumps);
    landChoose(<i32>frame.extra);
  } else if (form === Form.And || form === Form.Or) {
    landJumps(frame.jumps);
  } else if (!closeForm(node, form, frame.extra)) {
    return false;
  }
  return operandDone(node);
}
