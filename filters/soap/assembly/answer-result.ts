import { none } from "../../lib/region";
import {
  XML_ERROR_ATTRIBUTES,
  XML_ERROR_DEPTH,
  XML_ERROR_DOCTYPE,
  XML_ERROR_ENCODING,
  XML_ERROR_END,
  XML_ERROR_INSTRUCTION,
  XML_ERROR_NAME_LENGTH,
  XML_ERROR_NAMESPACES,
  XML_ERROR_UTF16,
  xmlLocalLength,
  xmlLocalStart,
} from "../../lib/xml";
import { Fault } from "./table";

/** What a service answered. All below `NotXml` is for the client; the rest is garbage, and says nothing to it. */
export enum Answered {
  /** What the operation declares, as JSON; none at all if the operation declares nothing. */
  Answer,
  /** A fault that the operation declares, its detail as JSON. */
  DeclaredFault,
  /** Another fault, which blames the request. */
  SenderFault,
  /** Another fault, which blames the service, or whatever else. */
  ReceiverFault,
  NotXml,
  /** The text ends too early. */
  Truncated,
  /** An encoding other than UTF-8. */
  Encoding,
  Doctype,
  /** Processing instructions, which SOAP forbids. */
  Instruction,
  /** Elements lie deeper in one another than the policy allows. */
  TooDeep,
  /** More attributes or namespaces, or longer names, than the policy allows. */
  TooComplex,
  /** What stands for it in JSON would be out of proportion. */
  TooLong,
  NoMemory,
  /** No envelope of the operation's version of SOAP, or not as one must be. */
  Envelope,
  Version,
  /** A header that must be understood and is not. */
  NotUnderstood,
  /** The body is empty. */
  Empty,
  /** A status that no answer has, with something that is no fault. */
  Status,
  /** An element that is not declared where it stands. */
  Element,
  /** An attribute that is not declared. */
  Attribute,
  /** An element or attribute is missing. */
  Missing,
  /** An element stands more often than it may. */
  TooMany,
  /** Text where there may only be elements. */
  Text,
  /** A text is no value of its type. */
  Value,
  /** Nil where it may not be, or nil and not empty. */
  Nil,
}

let problem: Answered = Answered.Answer;
let nameStart: usize = 0;
let nameLength: i32 = 0;
let fault: Fault = none<Fault>();

export function beginResult(): void {
  problem = Answered.Answer;
  fault = none<Fault>();
  nameLength = 0;
}

/** Notes why an answer is refused, and the element read last. Always false, for the caller to return. */
export function refuseAnswer(reason: Answered): bool {
  problem = reason;
  nameStart = xmlLocalStart();
  nameLength = xmlLocalLength();
  return false;
}

/** The same for what the scanner refused. */
export function refuseXml(error: i32): bool {
  return refuseAnswer(reasonOf(error));
}

export function answerProblem(): Answered {
  return problem;
}

/** The local name of the element at which an answer was refused; it stands in the body that was given up. For logs, as it comes from outside. */
export function answerElementStart(): usize {
  return nameStart;
}

export function answerElementLength(): i32 {
  return nameLength;
}

/** Which fault it is, after `DeclaredFault`. */
export function answerFault(): Fault {
  return fault;
}

export function setAnswerFault(declared: Fault): void {
  fault = declared;
}

function reasonOf(error: i32): Answered {
  switch (error) {
    case XML_ERROR_END:
      return Answered.Truncated;
    case XML_ERROR_UTF16:
    case XML_ERROR_ENCODING:
      return Answered.Encoding;
    case XML_ERROR_DOCTYPE:
      return Answered.Doctype;
    case XML_ERROR_INSTRUCTION:
      return Answered.Instruction;
    case XML_ERROR_DEPTH:
      return Answered.TooDeep;
    case XML_ERROR_ATTRIBUTES:
    case XML_ERROR_NAME_LENGTH:
    case XML_ERROR_NAMESPACES:
      return Answered.TooComplex;
    default:
      return Answered.NotXml;
  }
}
