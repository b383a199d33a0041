import { beginOutput, endOutput, OutputFailure, outputFailure, outputLength, outputStart } from "../../lib/output";
import { arenaTake, exists } from "../../lib/region";
import { textIs } from "../../lib/text";
import {
  XML_END,
  XML_EOF,
  XML_OK,
  XML_START,
  XML_TEXT,
  XML_WITHOUT_INSTRUCTIONS,
  xmlBegin,
  xmlLimits,
  xmlLocalLength,
  xmlLocalStart,
  xmlMemory,
  xmlNamespace,
  xmlNextTag,
} from "../../lib/xml";
import { beginContent, readTree } from "./answer-content";
import { faultBlamesSender, readFault } from "./answer-fault";
import { areSoapAttributes, readHeader } from "./answer-header";
import { tagIs } from "./answer-names";
import { Answered, answerFault, answerProblem, beginResult, refuseAnswer, refuseXml } from "./answer-result";
import { AnswerNames, Operation, Soap, Version } from "./table";

// From the answer of a service to what the client gets, in one pass: the envelope is read here, its headers in `answer-header.ts`, a fault in
// `answer-fault.ts`, and the one child of the body in `answer-content.ts`.

export { Answered, answerElementLength, answerElementStart, answerFault } from "./answer-result";

/** Elements around what the limit of depth is for: envelope, body, and of a fault `Fault` and `detail`. */
const AROUND: i32 = 4;
/** What comes of an answer may have eight times its bytes, as absent arrays and defaults are written too, and this many more. */
const MOST_FACTOR: i32 = 8;
const MOST_EXTRA: i32 = 65536;

let outcome: Answered = Answered.Answer;

/**
 * Converts an answer, of at most 16 MiB; 16 bytes behind it may be read, and the answer is given up. What is JSON of it is at `answerStart`, in
 * the arena. `answerFault` says which declared fault it is, `answerElementStart` and `answerElementLength` at which element it was refused.
 */
export function readAnswer(soap: Soap, operation: Operation, source: usize, length: i32, status: i32): Answered {
  beginResult();
  outcome = Answered.Answer;
  beginOutput(0, 0);
  if (length === 0 && !exists(operation.output) && isSuccess(status)) return Answered.Answer;
  const limits = soap.limits;
  xmlLimits(limits.depth + AROUND, limits.attributes, limits.name, limits.namespaces);
  const space = arenaTake(<usize>xmlMemory());
  if (space === 0 || !beginContent(soap.answers, limits.depth + AROUND)) return Answered.NoMemory;
  beginOutput(length, length * MOST_FACTOR + MOST_EXTRA);
  const error = xmlBegin(source, length, space, XML_WITHOUT_INSTRUCTIONS, soap.answers.known);
  const isRead = error === XML_OK ? readEnvelope(soap.answers, operation, status) : refuseXml(error);
  if (!isRead) return answerProblem();
  if (endOutput()) return outcome;
  return outputFailure() === OutputFailure.TooLong ? Answered.TooLong : Answered.NoMemory;
}

/** Where the JSON is of an answer or a declared fault. */
export function answerStart(): usize {
  return outputStart();
}

/** Its bytes; 0 if the operation declares no answer. */
export function answerLength(): i32 {
  return outputLength();
}

function isSuccess(status: i32): bool {
  return status >= 200 && status < 300;
}

function readEnvelope(names: AnswerNames, operation: Operation, status: i32): bool {
  const soap = operation.version === Version.Soap12 ? names.soap12 : names.soap11;
  if (!nextStart(Answered.Envelope)) return false;
  if (!textIs(names.envelope, xmlLocalStart(), xmlLocalLength())) return refuseAnswer(Answered.Envelope);
  if (xmlNamespace() !== soap) return refuseAnswer(Answered.Version);
  if (!areSoapAttributes(names, soap) || !nextStart(Answered.Envelope)) return false;
  if (tagIs(names.header, soap) && !(readHeader(names, soap) && nextStart(Answered.Envelope))) return false;
  if (!tagIs(names.body, soap)) return refuseAnswer(Answered.Envelope);
  if (!areSoapAttributes(names, soap) || !readBody(names, soap, operation, status)) return false;
  return nextIs(XML_END, Answered.Envelope) && nextIs(XML_EOF, Answered.Envelope);
}

/** Reads what is in the body, and its end tag. */
function readBody(names: AnswerNames, soap: i32, operation: Operation, status: i32): bool {
  const event = xmlNextTag();
  if (event === XML_END) return isEmptyAnswer(operation, status);
  if (event === XML_TEXT) return refuseAnswer(Answered.Text);
  if (event !== XML_START) return refuseXml(event);
  if (tagIs(names.fault, soap)) {
    if (!readFault(names, soap, operation)) return false;
    outcome = outcomeOfFault();
  } else if (!readOutput(operation, status)) {
    return false;
  }
  return nextIs(XML_END, Answered.Element);
}

function isEmptyAnswer(operation: Operation, status: i32): bool {
  if (!isSuccess(status)) return refuseAnswer(Answered.Status);
  return !exists(operation.output) || refuseAnswer(Answered.Empty);
}

function outcomeOfFault(): Answered {
  if (exists(answerFault())) return Answered.DeclaredFault;
  return faultBlamesSender() ? Answered.SenderFault : Answered.ReceiverFault;
}

function readOutput(operation: Operation, status: i32): bool {
  if (!isSuccess(status)) return refuseAnswer(Answered.Status);
  const output = operation.output;
  if (!exists(output) || !tagIs(output.name, output.namespace)) return refuseAnswer(Answered.Element);
  return readTree(output, operation.unwrap);
}

/** Reads on to a start tag. */
function nextStart(otherwise: Answered): bool {
  return nextIs(XML_START, otherwise);
}

function nextIs(wanted: i32, otherwise: Answered): bool {
  const event = xmlNextTag();
  if (event === wanted) return true;
  return event < 0 ? refuseXml(event) : refuseAnswer(event === XML_TEXT ? Answered.Text : otherwise);
}
