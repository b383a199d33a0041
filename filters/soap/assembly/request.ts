import { JSON_ERROR_DEPTH, JSON_ERROR_UTF8, JSON_OBJECT, jsonErrorOffset, jsonLength, jsonType } from "../../lib/json";
import { beginOutput, endOutput, OutputFailure, outputFailure, outputText } from "../../lib/output";
import { exists } from "../../lib/region";
import { beginSeen, markSeen, paramNodesAtMost, readParams } from "./request-params";
import { beginProblem, problemStatus, refuseNode, refuseRequest, refuseText } from "./request-problem";
import { emptyObject, endBody, readBody, takeTape, tape } from "./request-tape";
import { writeHeader } from "./security";
import { Operation, Soap } from "./table";
import { writeTree } from "./write-content";

// A request of a client becomes one to the service: its body, with the parameters of its path and query, goes into an envelope.

/** What a request may take beside what its policy allows for, in bytes. */
const FREE_BYTES: i64 = 262144;
/** The memory that a request takes is at most so many times the largest body that its policy allows, and FREE_BYTES. */
const FACTOR: i64 = 8;
const MOST_BYTES: i64 = 50331648;
/** The least that is left for what is written. */
const LEAST_OUTPUT: i64 = 65536;

/**
 * Converts a request. `path` is without the query, both as they came; `body` is given up. Returns 0 if the envelope is at `outputStart` (see
 * `lib/output.ts`), else the status of the answer, for which `request-problem.ts` has the rest.
 */
export function writeRequest(
  soap: Soap,
  operation: Operation,
  path: usize,
  pathLength: i32,
  query: usize,
  queryLength: i32,
  body: usize,
  bodyLength: i32,
): i32 {
  beginProblem(operation);
  if (bodyLength > soap.limits.request) refuseRequest(413, "The body is too large.");
  else convert(soap, operation, path, pathLength, query, queryLength, body, bodyLength);
  return problemStatus();
}

function convert(
  soap: Soap,
  operation: Operation,
  path: usize,
  pathLength: i32,
  query: usize,
  queryLength: i32,
  body: usize,
  bodyLength: i32,
): bool {
  const budget = min(<i64>soap.limits.request * FACTOR + FREE_BYTES, MOST_BYTES) - <i64>bodyLength;
  const more = paramNodesAtMost(operation, query, queryLength) + 1;
  const taken = takeTape(body, bodyLength, more, budget - LEAST_OUTPUT);
  if (taken === 0) return refuseRequest(413, "The body needs more memory than is allowed.");
  if (!parseBody(soap, operation, body, bodyLength)) return false;
  endBody();
  beginSeen();
  if (!readParams(operation, path, pathLength, query, queryLength)) {
    return problemStatus() === 0 && refuseRequest(413, "The parameters need more memory than is allowed.");
  }
  const longest = <i32>(budget - taken);
  beginOutput(min(longest, bodyLength * 3 + operation.envelope.length + 2048), longest);
  return writeEnvelope(soap, operation) && finish();
}

/** Elements may be arrays as well, so containers lie twice as deep. An operation that takes no body gets an empty object, and nothing else. */
function parseBody(soap: Soap, operation: Operation, body: usize, length: i32): bool {
  const read = readBody(body, length, 2 * soap.limits.depth + 1);
  if (read === JSON_ERROR_DEPTH) return refuseText("lies too deep in itself", jsonErrorOffset());
  if (read === JSON_ERROR_UTF8) return refuseText("is not UTF-8", jsonErrorOffset());
  if (read < 0) return refuseText("is not JSON", jsonErrorOffset());
  if (operation.takesBody && exists(operation.input)) return true;
  if (jsonType(tape, 0) === JSON_OBJECT && jsonLength(tape, 0) === 0) return true;
  return refuseNode(0, "must be an empty object: this operation takes no body.");
}

function writeEnvelope(soap: Soap, operation: Operation): bool {
  outputText(operation.envelope);
  if (!writeHeader(soap, operation)) return refuseRequest(500, "The gateway cannot sign the request.");
  outputText(soap.constants.bodyOpen);
  if (exists(operation.input) && !writeInput(soap, operation)) return false;
  outputText(soap.constants.bodyClose);
  return true;
}

function writeInput(soap: Soap, operation: Operation): bool {
  const binding = operation.binding;
  if (operation.takesBody) markSeen(operation.bodyBinding);
  const depth = soap.limits.depth + operation.bodyFieldLength;
  return writeTree(soap, operation.input, binding.isBody ? 0 : emptyObject(), binding, depth);
}

function finish(): bool {
  if (endOutput()) return true;
  if (outputFailure() === OutputFailure.TooLong) return refuseRequest(413, "The request to the service is too large.");
  return refuseRequest(413, "The gateway has no memory for the request.");
}
