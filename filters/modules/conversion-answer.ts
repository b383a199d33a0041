import { parseDecimalU32 } from "../lib/bytes";
import { isUtf8Type, MediaType, mediaTypeOf } from "../lib/media-type";
import { outputLength, outputStart } from "../lib/output";
import { exists, none } from "../lib/region";
import { compose, composedLength, composedStart, keepLiteral, putDecimal, Text, textIs } from "../lib/text";
import { bodyLength, bodyStart, readBody, replaceBody } from "../proxy-wasm/body";
import {
  fieldLength,
  fieldStart,
  findField,
  readFields,
  removeResponseHeader,
  replaceResponseHeader,
} from "../proxy-wasm/headers";
import { count } from "../proxy-wasm/metrics";
import { propertyLength, propertyStart, readProperty } from "../proxy-wasm/properties";
import {
  BufferType,
  FilterDataStatus,
  FilterHeadersStatus,
  FilterTrailersStatus,
  HeaderMapType,
  Status,
} from "../proxy-wasm/status";
import { answerLength, answerStart, readAnswer } from "../soap/assembly/answer";
import { Answered, answerElementLength, answerElementStart, answerFault } from "../soap/assembly/answer-result";
import { writeFaultProblem, writeStatusProblem } from "../soap/assembly/problem";
import { hostFailure, unknownRoute } from "./answers";
import { contentEncodingName, contentLengthName, contentTypeName, isEncoded, refuseData } from "./conversion-request";
import { beginConversion, leaveAnswerTimes } from "./conversion-times";
import { Conversions, Target } from "./conversions";
import { logElement, noteRefusal, Reason, refuseAnswerOf } from "./refusals";
import { targetOfNote, wasConverted } from "./target";

// An answer on its way to a client: held until it is whole, as no part of it may go on before all of it is known to be one.

// "response" NUL "code_details"
const DETAILS: usize = memory.data<u8>([
  0x72, 0x65, 0x73, 0x70, 0x6f, 0x6e, 0x73, 0x65, 0, 0x63, 0x6f, 0x64, 0x65, 0x5f, 0x64, 0x65, 0x74, 0x61, 0x69, 0x6c,
  0x73,
]);
const DETAILS_LENGTH: i32 = 21;

let statusName: Text = none<Text>();
let json: Text = none<Text>();
let problemJson: Text = none<Text>();
let viaUpstream: Text = none<Text>();

/** Makes the names of headers, and values; once for a VM. */
export function prepareAnswerNames(): void {
  statusName = keepLiteral(":status");
  json = keepLiteral("application/json");
  problemJson = keepLiteral("application/problem+json");
  viaUpstream = keepLiteral("via_upstream");
}

/** Bytes of the answer at hand that are held, if that is all of it; -1 if it is not, or has no body. */
let held: i32 = -1;

export function answerHeaders(conversions: Conversions, ends: bool): FilterHeadersStatus {
  if (!exists(conversions) || !wasConverted()) return FilterHeadersStatus.Continue;
  if (!ends) return FilterHeadersStatus.StopIteration;
  held = -1;
  beginConversion(conversions.traced !== 0);
  return left(convertEmpty(conversions))
    ? FilterHeadersStatus.Continue
    : FilterHeadersStatus.StopAllIterationAndWatermark;
}

/** @param size bytes of the body so far */
export function answerBody(conversions: Conversions, size: i32, ends: bool): FilterDataStatus {
  if (!exists(conversions) || !wasConverted()) return FilterDataStatus.Continue;
  if (!ends && size <= conversions.mostResponse) return FilterDataStatus.StopIterationAndBuffer;
  held = ends ? size : -1;
  beginConversion(conversions.traced !== 0);
  return left(convert(conversions)) ? FilterDataStatus.Continue : FilterDataStatus.StopIterationNoBuffer;
}

/** Trailers are the end of a body too. */
export function answerTrailers(conversions: Conversions): FilterTrailersStatus {
  if (!exists(conversions) || !wasConverted()) return FilterTrailersStatus.Continue;
  held = -1;
  beginConversion(conversions.traced !== 0);
  return left(convert(conversions)) ? FilterTrailersStatus.Continue : FilterTrailersStatus.StopIteration;
}

/** What a conversion gave, after it was left behind when it was made. */
function left(goesOn: bool): bool {
  leaveAnswerTimes();
  return goesOn;
}

/** Converts the answer at hand, or answers in its place and gives false. After `wasConverted`. */
function convert(conversions: Conversions): bool {
  const target = targetOfNote(conversions);
  if (!exists(target)) return refuseData(unknownRoute);
  if (!readFields(HeaderMapType.HttpResponseHeaders)) return refuseData(hostFailure);
  const status = statusOf();
  if (findField(contentTypeName) !== 1 || mediaTypeOf(fieldStart(), fieldLength()) !== MediaType.Xml)
    return refuseOther(target, status);
  if (!isUtf8Type(fieldStart(), fieldLength()) || isEncoded()) return refuse(target, 502, Answered.Encoding);
  const limits = target.conversion.soap.limits;
  if (!readBody(BufferType.HttpResponseBody, limits.response + 1)) return refuseData(hostFailure);
  const size = bodyLength();
  if (size > limits.response) return refuse(target, 502, Answered.TooLong);
  return answer(target, readAnswer(target.conversion.soap, target.operation, bodyStart(), size, status), size);
}

/** @param size bytes of the body that is given up */
function answer(target: Target, answered: Answered, size: i32): bool {
  const operation = target.operation;
  switch (answered) {
    case Answered.Answer:
      return put(<i32>operation.success, json, answerStart(), answerLength(), size);
    case Answered.DeclaredFault: {
      const fault = answerFault();
      const status = <i32>fault.status;
      const written = writeFaultProblem(status, fault.name, answerStart(), answerLength());
      return written ? putProblem(status, size) : refuseData(hostFailure);
    }
    case Answered.SenderFault:
      return putPlainFault(<i32>operation.sender, size);
    case Answered.ReceiverFault:
      return putPlainFault(<i32>operation.receiver, size);
    default:
      logElement(target, answerElementStart(), answerElementLength());
      return refuse(target, 502, answered);
  }
}

/** A fault that is not declared: its text is for whoever runs the service. */
function putPlainFault(status: i32, size: i32): bool {
  return writeStatusProblem(status) ? putProblem(status, size) : refuseData(hostFailure);
}

/** Puts the problem that was written in the place of the answer. */
function putProblem(status: i32, size: i32): bool {
  return put(status, problemJson, outputStart(), outputLength(), size);
}

/** Puts other bytes in the place of the answer. */
function put(status: i32, type: Text, start: usize, length: i32, size: i32): bool {
  const written = replaceBody(BufferType.HttpResponseBody, size, start, length);
  if (!written || !putNumber(statusName, status) || !putNumber(contentLengthName, length))
    return refuseData(hostFailure);
  if (!replaceResponseHeader(contentTypeName, type.start, type.length)) return refuseData(hostFailure);
  return true;
}

function putNumber(name: Text, value: i32): bool {
  compose(16);
  putDecimal(<u64>value);
  return replaceResponseHeader(name, composedStart(), composedLength());
}

/** An answer without a body: of an operation that has none, or of a service that has nothing to say. After `wasConverted`. */
function convertEmpty(conversions: Conversions): bool {
  const target = targetOfNote(conversions);
  if (!exists(target)) return refuseData(unknownRoute);
  if (!readFields(HeaderMapType.HttpResponseHeaders)) return refuseData(hostFailure);
  const status = statusOf();
  if (exists(target.operation.output) || status < 200 || status > 299) return refuseOther(target, status);
  const written = putNumber(statusName, <i32>target.operation.success) && removeResponseHeader(contentTypeName);
  return written || refuseData(hostFailure);
}

/** The status of the answer whose fields were read last; 0 for one that is none. */
function statusOf(): i32 {
  if (findField(statusName) !== 1 || fieldLength() !== 3) return 0;
  return <i32>parseDecimalU32(fieldStart(), 3);
}

/**
 * An answer that is no SOAP. Where Envoy gave it because the service could not, its status tells more than 502: the service is not there, or
 * takes too long.
 */
function refuseOther(target: Target, status: i32): bool {
  if (readProperty(DETAILS, DETAILS_LENGTH) !== Status.Ok) return refuse(target, 502, Answered.NotXml);
  if (textIs(viaUpstream, propertyStart(), propertyLength())) return refuse(target, 502, Answered.NotXml);
  return refuse(target, status === 503 || status === 504 ? status : 502, Reason.NoAnswer);
}

/**
 * Puts a problem in the place of the answer: whether that goes on. Where all of it is held, other filters see the problem as they would see the
 * answer, and write what they have to write, such as what tells browsers who may read it.
 */
function refuse(target: Target, status: i32, reason: i32): bool {
  count(target.conversion.counters.error);
  if (held < 0) {
    if (!refuseAnswerOf(target, status, reason)) refuseData(hostFailure);
    return false;
  }
  if (!writeStatusProblem(status) || !removeResponseHeader(contentEncodingName)) return refuseData(hostFailure);
  noteRefusal(target, reason);
  return putProblem(status, held);
}
