import { isVisibleAscii } from "./bytes";
import {
  JSON_NODE_BYTES,
  JSON_OBJECT,
  jsonErrorOffset,
  jsonLength,
  jsonNext,
  jsonParse,
  jsonStart,
  jsonType,
} from "./json";
import { arenaTake } from "./region";
import { compose, composedLength, put, putDecimal, putLiteral } from "./text";

// Strict reading of one JSON document into configuration. A node is an index into the tape; NOWHERE is none.
// The first thing that is wrong is noted with its node, everything after it is ignored, and `problem` tells
// it with the path of the node. One document at a time.

export const NOWHERE: i32 = -1;

const DEEPEST: i32 = 64;

/** The tape of the document at hand. */
export let tape: usize = 0;

let wrongNode: i32 = NOWHERE;
let wrongMember: string = "";
let wrongMessage: string = "";
let wrongQuote: usize = 0;
let wrongQuoteLength: i32 = 0;
let wrong: bool = false;
let unreadable: bool = false;

/** Forgets the problem of the last document. */
export function beginDocument(): void {
  wrong = false;
  unreadable = false;
}

/** Reads a document in place: its bytes are given up. False, with a problem noted, if it is not JSON. */
export function openDocument(start: usize, length: i32): bool {
  const room = roomForNodes(start, length);
  tape = arenaTake(<usize>room * JSON_NODE_BYTES);
  if (tape === 0) return refuse(NOWHERE, "needs more memory than the module may have");
  const nodes = jsonParse(start, length, tape, room, DEEPEST);
  if (nodes > 0) return true;
  unreadable = true;
  return refuse(NOWHERE, "the configuration is not strict JSON, at byte ");
}

/** More nodes than the document can have: each begins it, or follows an opening bracket, a comma or a colon. */
function roomForNodes(start: usize, length: i32): i32 {
  let count = 2;
  for (let i = 0; i < length; i++) {
    const byte = load<u8>(start + i);
    if (byte === 0x2c || byte === 0x3a || byte === 0x5b || byte === 0x7b) count++;
  }
  return count;
}

// ---- what is wrong

/** Notes that a node is wrong; always false, so that a reader can return it. */
export function refuse(node: i32, message: string): bool {
  return note(node, "", message, 0, 0);
}

/** The same, with bytes of the document in quotes after the message. */
export function refuseQuoting(node: i32, message: string, quoted: i32): bool {
  return note(node, "", message, jsonStart(tape, quoted), jsonLength(tape, quoted));
}

/** Notes that a member is wrong or missing. */
export function refuseMember(object: i32, name: string, message: string): bool {
  return note(object, name, message, 0, 0);
}

function note(node: i32, member: string, message: string, quote: usize, quoteLength: i32): bool {
  if (wrong) return false;
  wrong = true;
  wrongNode = node;
  wrongMember = member;
  wrongMessage = message;
  wrongQuote = quote;
  wrongQuoteLength = quoteLength;
  return false;
}

export function documentIsWrong(): bool {
  return wrong;
}

/** Composes `sluice: <path>: <message>` for the problem noted; see `composedStart`. */
export function composeProblem(): void {
  compose(1024);
  putLiteral("sluice: ");
  if (wrongNode >= 0) {
    putPath(wrongNode);
    if (wrongMember.length > 0) {
      if (wrongNode > 0) putLiteral(".");
      putLiteral(wrongMember);
    }
    if (wrongNode > 0 || wrongMember.length > 0) putLiteral(": ");
  }
  putLiteral(wrongMessage);
  if (unreadable) putDecimal(<u64>jsonErrorOffset());
  if (wrongQuote !== 0) {
    putLiteral(' "');
    putPrintable(wrongQuote, min(wrongQuoteLength, 64));
    putLiteral('"');
  }
}

/** Walks down from the root to the node: in each container the child that spans it. Empty for the root. */
function putPath(target: i32): void {
  let container = 0;
  while (container !== target && composedLength() < 512) {
    const isObject = jsonType(tape, container) === JSON_OBJECT;
    let child = container + 1;
    let index = 0;
    const end = jsonNext(tape, container);
    while (child < end) {
      const value = isObject ? child + 1 : child;
      if (target < jsonNext(tape, value)) break;
      child = jsonNext(tape, value);
      index++;
    }
    if (child >= end) return;
    if (isObject) {
      if (container > 0) putLiteral(".");
      putPrintable(jsonStart(tape, child), min(jsonLength(tape, child), 64));
      if (child === target) return;
      container = child + 1;
    } else {
      putLiteral("[");
      putDecimal(<u64>index);
      putLiteral("]");
      container = child;
    }
  }
}

/** Log lines stay one line, whatever the document says. */
function putPrintable(start: usize, length: i32): void {
  for (let i = 0; i < length; i++) {
    if (isVisibleAscii(start + i, 1)) put(start + i, 1);
    else putLiteral("?");
  }
}
