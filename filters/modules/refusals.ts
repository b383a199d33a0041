import { outputLength, outputStart } from "../lib/output";
import { keepPointers, none, pointerAt, setPointer } from "../lib/region";
import {
  compose,
  composedLength,
  composedStart,
  keepComposed,
  keepLiteral,
  put,
  putLiteral,
  putText,
  Text,
} from "../lib/text";
import { addPair, beginPairs, keepPairs } from "../proxy-wasm/headers";
import { respondNow } from "../proxy-wasm/local-response";
import { debugIsOn, log } from "../proxy-wasm/log";
import { LogLevel } from "../proxy-wasm/status";
import { Answered } from "../soap/assembly/answer-result";
import { writeRequestProblem, writeStatusProblem } from "../soap/assembly/problem";
import { problemStatus } from "../soap/assembly/request-problem";
import { Target } from "./conversions";
import { tellDecisionBytes } from "./results";

// Requests that do not fit and answers that are none: what the client is told, and what is noted.

/** Why a request is refused; the numbers below those of `Answered` that are for the client. Any other reason is one of `Answered`. */
export enum Reason {
  InvalidRequest = 0,
  BodyTooLarge = 1,
  MediaType = 2,
  /** Envoy itself had to answer in place of the service. */
  NoAnswer = 3,
}

const MOST_REASONS: i32 = Answered.Nil + 1;

function wordOf(reason: i32): string {
  switch (reason) {
    case Reason.InvalidRequest:
      return "invalid-request";
    case Reason.BodyTooLarge:
      return "body-too-large";
    case Reason.MediaType:
      return "media-type";
    case Reason.NoAnswer:
      return "no-answer";
    case Answered.NotXml:
      return "answer-not-xml";
    case Answered.Truncated:
      return "answer-truncated";
    case Answered.Encoding:
      return "answer-encoding";
    case Answered.Doctype:
      return "answer-doctype";
    case Answered.Instruction:
      return "answer-instruction";
    case Answered.TooDeep:
      return "answer-too-deep";
    case Answered.TooComplex:
      return "answer-too-complex";
    case Answered.TooLong:
      return "answer-too-large";
    case Answered.NoMemory:
      return "answer-without-memory";
    case Answered.Envelope:
      return "answer-envelope";
    case Answered.Version:
      return "answer-version";
    case Answered.NotUnderstood:
      return "answer-not-understood";
    case Answered.Empty:
      return "answer-empty";
    case Answered.Status:
      return "answer-status";
    case Answered.Element:
      return "answer-element";
    case Answered.Attribute:
      return "answer-attribute";
    case Answered.Missing:
      return "answer-missing";
    case Answered.TooMany:
      return "answer-too-many";
    case Answered.Text:
      return "answer-text";
    case Answered.Value:
      return "answer-value";
    default:
      return "answer-nil";
  }
}

// Addresses of Text, by reason: ` denied <word>` of decisions, and `sluice:<word>` for the details of the response code.
let decisions: usize = 0;
let details: usize = 0;
let problemHeaders: Text = none<Text>();

/** Makes the texts; once for a VM. Without memory, `keepExhausted` says so. */
export function prepareRefusals(): void {
  decisions = keepPointers(MOST_REASONS);
  details = keepPointers(MOST_REASONS);
  if (decisions === 0 || details === 0) return;
  for (let reason = 0; reason < MOST_REASONS; reason++) {
    const word = wordOf(reason);
    compose(64);
    putLiteral(" denied ");
    putLiteral(word);
    setPointer(decisions, reason, keepComposed());
    compose(64);
    putLiteral("sluice:");
    putLiteral(word);
    setPointer(details, reason, keepComposed());
  }
  const problem = keepLiteral("application/problem+json");
  beginPairs();
  addPair(keepLiteral("content-type"), problem.start, problem.length);
  problemHeaders = keepPairs();
}

/** Answers the request at hand with the problem that was noted of it (`request-problem.ts`); whether the host took it. */
export function refuseRequestOf(target: Target, reason: i32): bool {
  if (!writeRequestProblem()) return false;
  return respondWithProblem(target, problemStatus(), reason);
}

/** Answers in place of the service, past all other filters; whether the host took it. */
export function refuseAnswerOf(target: Target, status: i32, reason: i32): bool {
  if (!writeStatusProblem(status)) return false;
  return respondWithProblem(target, status, reason);
}

/** Notes why; whether the host takes it must not change what becomes of the stream. */
export function noteRefusal(target: Target, reason: i32): void {
  const decision = pointerAt<Text>(decisions, reason);
  compose(target.conversion.name.length + decision.length);
  putText(target.conversion.name);
  putText(decision);
  tellDecisionBytes(composedStart(), composedLength());
  if (debugIsOn()) log(LogLevel.Debug, composedStart(), composedLength());
}

function respondWithProblem(target: Target, status: i32, reason: i32): bool {
  const body = outputStart();
  const bodyLength = outputLength();
  noteRefusal(target, reason);
  const headers = problemHeaders;
  return respondNow(status, pointerAt<Text>(details, reason), headers.start, headers.length, body, bodyLength);
}

/** Tells who runs the service at which element an answer was refused: a line of the log at the level of debugging. */
export function logElement(target: Target, element: usize, length: i32): void {
  if (!debugIsOn() || length <= 0) return;
  compose(target.name.length + length + 32);
  putText(target.name);
  putLiteral(" refused an answer at ");
  put(element, length);
  log(LogLevel.Debug, composedStart(), composedLength());
}
