// Two members of one object may not have the same name, after unescaping: readers disagree about which one counts
// (RFC 8259 section 4, RFC 7493 section 2.3), and a policy must not depend on that.
//
// Each object's names are sorted as a linked list (merge sort, bottom up), so the time is n log n whatever the names are: no
// hash to attack and no memory of its own. The links use the `next` field of the name nodes, whose value is always known.

import { bytesOrder } from "./bytes";
import { JSON_OBJECT, jsonLength, jsonNext, jsonStart, jsonType, setNext } from "./json-tape";

const NONE: i32 = -1;

let duplicate: i32 = NONE;

/** Node of a name that stands before in its object, or -1. After a duplicate was found the tape is of no more use. */
export function duplicateName(tape: usize, nodes: i32): i32 {
  duplicate = NONE;
  for (let node = 0; node < nodes && duplicate === NONE; node++) {
    if (jsonType(tape, node) !== JSON_OBJECT || jsonLength(tape, node) < 2) continue;
    linkNames(tape, node);
    sortNames(tape, node + 1);
    unlinkNames(tape, node);
  }
  return duplicate;
}

function linkNames(tape: usize, objectNode: i32): void {
  let name = objectNode + 1;
  for (let left = jsonLength(tape, objectNode); left > 1; left--) {
    const following = jsonNext(tape, name + 1);
    setNext(tape, name, following);
    name = following;
  }
  setNext(tape, name, NONE);
}

function unlinkNames(tape: usize, objectNode: i32): void {
  let name = objectNode + 1;
  for (let left = jsonLength(tape, objectNode); left > 0; left--) {
    setNext(tape, name, name + 1);
    name = jsonNext(tape, name + 1);
  }
}

/** Merges runs of 1, 2, 4, ... names until one run is left or two names are equal. */
function sortNames(tape: usize, first: i32): void {
  let head = first;
  for (let width = 1; ; width <<= 1) {
    let rest = head;
    let last = NONE;
    let merges = 0;
    while (rest !== NONE && duplicate === NONE) {
      const right = skip(tape, rest, width);
      const start = mergeRuns(tape, rest, right, width);
      if (last === NONE) head = start;
      else setNext(tape, last, start);
      last = mergedLast;
      rest = mergedRest;
      merges++;
    }
    if (merges <= 1 || duplicate !== NONE) return;
  }
}

/** Node `count` links further on, or NONE. */
function skip(tape: usize, from: i32, count: i32): i32 {
  let node = from;
  for (let i = 0; i < count && node !== NONE; i++) node = jsonNext(tape, node);
  return node;
}

let mergedLast: i32 = NONE;
let mergedRest: i32 = NONE;

/**
 * Merges the run of `width` names at `left` with the one of at most `width` at `right` (where the first ends). Returns the first
 * node; `mergedLast` is the last one, `mergedRest` what came after both runs. Equal names always meet here, and are recorded.
 */
function mergeRuns(tape: usize, left: i32, right: i32, width: i32): i32 {
  let a = left;
  let b = right;
  let aLeft = right === NONE ? i32.MAX_VALUE : width;
  let bLeft = width;
  let start = NONE;
  let last = NONE;
  while ((a !== NONE && aLeft > 0) || (b !== NONE && bLeft > 0)) {
    let taken: i32;
    if (b === NONE || bLeft === 0 || (a !== NONE && aLeft > 0 && precedes(tape, a, b))) {
      taken = a;
      a = jsonNext(tape, a);
      aLeft--;
    } else {
      taken = b;
      b = jsonNext(tape, b);
      bLeft--;
    }
    if (start === NONE) start = taken;
    else setNext(tape, last, taken);
    last = taken;
  }
  setNext(tape, last, NONE);
  mergedLast = last;
  mergedRest = b;
  return start;
}

function precedes(tape: usize, a: i32, b: i32): bool {
  const order = bytesOrder(jsonStart(tape, a), jsonLength(tape, a), jsonStart(tape, b), jsonLength(tape, b));
  if (order === 0) duplicate = max(a, b);
  return order < 0;
}
