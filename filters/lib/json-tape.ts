// The tape: what the parser writes and the filters walk. 16 bytes a node, in document order.
//
//   offset 0  u8   type            JSON_NULL ... JSON_NAME
//   offset 4  u32  start           address of the first byte (a string: after the quote, unescaped)
//   offset 8  u32  length          strings, numbers and literals: bytes; arrays: elements; objects: members
//   offset 12 u32  next            index of the node after this one and all that is in it
//
// The children of the container at node c are c + 1, next(c + 1), ... until next(c). In an object they come in pairs:
// a JSON_NAME node n, and its value at n + 1.

export const JSON_NULL: i32 = 1;
export const JSON_FALSE: i32 = 2;
export const JSON_TRUE: i32 = 3;
export const JSON_NUMBER: i32 = 4;
export const JSON_STRING: i32 = 5;
export const JSON_ARRAY: i32 = 6;
export const JSON_OBJECT: i32 = 7;
export const JSON_NAME: i32 = 8;

/** Bytes of one node of the tape. */
export const JSON_NODE_BYTES: i32 = 16;
export function jsonType(tape: usize, node: i32): i32 { return 0; }
export function jsonStart(tape: usize, node: i32): usize { return 0; }
export function jsonLength(tape: usize, node: i32): i32 { return 0; }
export function jsonNext(tape: usize, node: i32): i32 { return 0; }
export function jsonMember(tape: usize, objectNode: i32, name: usize, nameLength: i32): i32 { return -1; }
export function jsonIsInteger(tape: usize, node: i32): bool { return false; }
export function jsonInteger(tape: usize, node: i32): i64 { return 0; }
