import { beginDocument, composeProblem, documentIsWrong, openDocument } from "../../lib/document";
import { outputLength, outputStart } from "../../lib/output";
import { arenaReset, arenaTake, at, beginKeeping, exists, indexAt, none } from "../../lib/region";
import { findName } from "../../lib/table";
import { composedLength, composedStart } from "../../lib/text";
import { openEnvironment, wipeEnvironment } from "../../proxy-wasm/environment";
import { answerFault, readAnswer } from "./answer";
import { checkLexical, collapsed, collapsedLength, collapsedStart, lastMismatch } from "./lexical";
import { prepareProblems, writeRequestProblem } from "./problem";
import { readSoap } from "./reader";
import { writeRequest } from "./request";
import { Fault, Operation, Simple, Soap } from "./table";

// Entry point of the tests: reading a policy and converting requests, as a module of its own. It is not shipped.

export { answerElementLength, answerElementStart, answerLength, answerStart } from "./answer";
export { detailBytes, detailStart, pointerBytes, pointerStart } from "./request-problem";
export { collapsedLength, collapsedStart, lastMismatch, outputLength, outputStart, writeRequestProblem };

let soap: Soap = none<Soap>();

/** Empties the arena, as the beginning of a callback does. */
export function reset(): void {
  arenaReset();
}

/** Memory in the arena. */
export function take(bytes: i32): usize {
  return arenaTake(<usize>bytes);
}

/** Reads a policy; if it is wrong, false, and the problem is at `problemStart`. */
export function configure(start: usize, length: i32): bool {
  beginKeeping();
  prepareProblems();
  beginDocument();
  soap = none<Soap>();
  if (openDocument(start, length) && openEnvironment()) soap = readSoap(0);
  wipeEnvironment();
  if (documentIsWrong()) composeProblem();
  return exists(soap);
}

export function problemStart(): usize {
  return composedStart();
}

export function problemLength(): i32 {
  return composedLength();
}

/** Index of an operation, or -1. */
export function operationNamed(start: usize, length: i32): i32 {
  return findName(soap.names, start, length);
}

/** See `writeRequest`. */
export function convert(
  operation: i32,
  path: usize,
  pathLength: i32,
  query: usize,
  queryLength: i32,
  body: usize,
  bodyLength: i32,
): i32 {
  const one = at<Operation>(soap.operations, operation);
  return writeRequest(soap, one, path, pathLength, query, queryLength, body, bodyLength);
}

/** Whether a text, with its white space treated, is a value of a simple type. */
export function isValue(simple: i32, start: usize, length: i32): bool {
  const type = at<Simple>(soap.simples, simple);
  collapsed(type, start, length);
  return checkLexical(type, collapsedStart(), collapsedLength());
}

/** See `readAnswer`. */
export function answer(operation: i32, source: usize, length: i32, status: i32): i32 {
  return readAnswer(soap, at<Operation>(soap.operations, operation), source, length, status);
}

/** Which of the operation's faults an answer is, or -1. */
export function answeredFault(operation: i32): i32 {
  const fault = answerFault();
  return exists(fault) ? indexAt<Fault>(at<Operation>(soap.operations, operation).faults, fault) : -1;
}
