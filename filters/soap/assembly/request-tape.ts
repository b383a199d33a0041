import {
  JSON_ARRAY,
  JSON_NODE_BYTES,
  JSON_OBJECT,
  JSON_STRING,
  jsonLength,
  jsonRead,
  jsonType,
  setLength,
  setNext,
  writeNode,
} from "../../lib/json";
import { jsonNodesAtMost } from "../../lib/json-room";
import { arenaTake } from "../../lib/region";
import { setWord, WORD_BYTES, wordAt } from "../../lib/words";

// The client's body as a tape, and behind its nodes an empty object, for members of the input that only parameters are in, and the values of the
// parameters: strings, and arrays of them.

/** The tape at hand. */
export let tape: usize = 0;

let room: i32 = 0;
let bodyNodes: i32 = 0;
let nodes: i32 = 0;
/** Words: the first node of each parameter. */
let params: usize = 0;
let paramCount: i32 = 0;

/** Takes memory for the nodes of a body and `more` others; the bytes it takes, or 0 if they are more than `most` or there is no memory. */
export function takeTape(body: usize, length: i32, more: i32, most: i64): i64 {
  room = jsonNodesAtMost(body, length) + more + 1;
  const bytes = <i64>room * JSON_NODE_BYTES;
  bodyNodes = 0;
  nodes = 0;
  tape = bytes > most ? 0 : arenaTake(<usize>bytes);
  return tape === 0 ? 0 : bytes;
}

/** Reads a body, which is given up, and gives what `jsonRead` does: names that stand twice are found later. */
export function readBody(body: usize, length: i32, depth: i32): i32 {
  const read = jsonRead(body, length, tape, room, depth);
  bodyNodes = max(read, 0);
  return read;
}

/** Ends the body's part of the tape. */
export function endBody(): void {
  nodes = bodyNodes;
  addNode(JSON_OBJECT, 0, 0);
}

/** The object that has no members. */
export function emptyObject(): i32 {
  return bodyNodes;
}

/** Whether a node is part of the client's body. */
export function isInBody(node: i32): bool {
  return node < bodyNodes;
}

/** Makes room for the parameters; false without memory. */
export function beginParams(count: i32): bool {
  paramCount = 0;
  params = arenaTake(<usize>(count * WORD_BYTES));
  return params !== 0;
}

/** Says that the nodes from here on are those of the next parameter. */
export function beginParam(): void {
  setWord(params, paramCount++, nodes);
}

/** Which parameter a node is of, or -1 for one of the body. */
export function paramOf(node: i32): i32 {
  let param = paramCount - 1;
  while (param >= 0 && wordAt(params, param) > node) param--;
  return param;
}

/** The first node of a parameter, or -1 if it is not given. */
export function paramNode(param: i32): i32 {
  const node = wordAt(params, param);
  const end = param + 1 < paramCount ? wordAt(params, param + 1) : nodes;
  if (node === end) return -1;
  return jsonType(tape, node) === JSON_ARRAY && jsonLength(tape, node) === 0 ? -1 : node;
}

/** The node that comes next. */
export function tapeEnd(): i32 {
  return nodes;
}

/** Adds a string; 16 bytes after it may be read, and it may be overwritten. */
export function addString(start: usize, length: i32): void {
  addNode(JSON_STRING, start, length);
}

/** Adds an array of the strings that are added until `endArray`. */
export function beginArray(): i32 {
  addNode(JSON_ARRAY, 0, 0);
  return nodes - 1;
}

export function endArray(array: i32): void {
  setLength(tape, array, nodes - array - 1);
  setNext(tape, array, nodes);
}

function addNode(type: i32, start: usize, length: i32): void {
  if (nodes === room) return;
  writeNode(tape, nodes, type, start, length, nodes + 1);
  nodes++;
}
