// The tape: what the parser writes and a filter walks. 16 bytes a node, in document order, node 0 the whole document.
//
//   offset 0   u8   type     JSON_NULL ... JSON_NAME
//   offset 4   u32  start    address of the first byte (a string: after the quote, already unescaped)
//   offset 8   u32  length   strings, names, numbers, literals: bytes; arrays: elements; objects: members
//   offset 12  u32  next     index of the node after this one and all that is in it
//
// The children of the container at node c are c + 1, next(c + 1), ... as many as its length says. In an object each child is a
// JSON_NAME node n with its value at n + 1, and the next member is at next(n + 1).

import { bytesEqual } from "./bytes";
import { decimalInteger, isDecimalInteger } from "./json-number";

export const JSON_NULL: i32 = 1;
export const JSON_FALSE: i32 = 2;
export const JSON_TRUE: i32 = 3;
export const JSON_NUMBER: i32 = 4;
export const JSON_STRING: i32 = 5;
export const JSON_ARRAY: i32 = 6;
export const JSON_OBJECT: i32 = 7;
/** The name of a member; its value is the next node. */
export const JSON_NAME: i32 = 8;

/** Bytes of one node. A tape of `length / 2 + 1` nodes holds any document of `length` bytes. */
export const JSON_NODE_BYTES: i32 = 16;

function address(tape: usize, node: i32): usize {
  return tape + ((<usize>node) << 4);
}

/** One of the JSON_ types. */
export function jsonType(tape: usize, node: i32): i32 {
  return load<u8>(address(tape, node));
}

/** Address of the first byte of a string, name, number or literal; of the bracket of a container. */
export function jsonStart(tape: usize, node: i32): usize {
  return load<u32>(address(tape, node), 4);
}

/** Bytes of a string, name, number or literal; elements of an array; members of an object. */
export function jsonLength(tape: usize, node: i32): i32 {
  return load<u32>(address(tape, node), 8);
}

/** Index of the first node after this one and all that is in it: the next sibling, or the end of the parent. */
export function jsonNext(tape: usize, node: i32): i32 {
  return load<u32>(address(tape, node), 12);
}

/** Value node of the member with this name (unescaped UTF-8), or -1. `objectNode` must be a JSON_OBJECT. Linear in its members. */
export function jsonMember(tape: usize, objectNode: i32, name: usize, nameLength: i32): i32 {
  let node = objectNode + 1;
  for (let left = jsonLength(tape, objectNode); left > 0; left--) {
    if (jsonLength(tape, node) === nameLength && bytesEqual(jsonStart(tape, node), name, nameLength)) return node + 1;
    node = jsonNext(tape, node + 1);
  }
  return -1;
}

/** Whether a node is a number written `-?(0|[1-9][0-9]*)` within plus or minus 2^53-1. A fraction or exponent is not an integer here. */
export function jsonIsInteger(tape: usize, node: i32): bool {
  return jsonType(tape, node) === JSON_NUMBER && isDecimalInteger(jsonStart(tape, node), jsonLength(tape, node));
}

/** Value of a node for which `jsonIsInteger` holds; otherwise 0. */
export function jsonInteger(tape: usize, node: i32): i64 {
  return jsonIsInteger(tape, node) ? decimalInteger(jsonStart(tape, node), jsonLength(tape, node)) : 0;
}

/** Writes a node. For the parser. */
export function writeNode(tape: usize, node: i32, type: i32, start: usize, length: i32, next: i32): void {
  store<u32>(address(tape, node), type);
  store<u32>(address(tape, node), <u32>start, 4);
  store<u32>(address(tape, node), length, 8);
  store<u32>(address(tape, node), next, 12);
}

/** Sets the length of a node. For the parser. */
export function setLength(tape: usize, node: i32, length: i32): void {
  store<u32>(address(tape, node), length, 8);
}

/** Sets the next index of a node. For the parser, which keeps the parent of an open container and a sorted list of names there. */
export function setNext(tape: usize, node: i32, next: i32): void {
  store<u32>(address(tape, node), next, 12);
}
