import { byteFrom } from "../lib/bytes";
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
  removeRequestHeader,
  replaceRequestHeader,
  setRequestHeader,
} from "../proxy-wasm/headers";
import { respond } from "../proxy-wasm/local-response";
import { count } from "../proxy-wasm/metrics";
import {
  BufferType,
  FilterDataStatus,
  FilterHeadersStatus,
  FilterTrailersStatus,
  HeaderMapType,
} from "../proxy-wasm/status";
import { writeRequest } from "../soap/assembly/request";
import { beginProblem, refuseRequest } from "../soap/assembly/request-problem";
import { Operation, Version } from "../soap/assembly/table";
import { Answer, hostFailure, unknownRoot, unknownRoute } from "./answers";
import { beginConversion, leaveRequestTimes } from "./conversion-times";
import { Conversions, Target } from "./conversions";
import { Reason, refuseRequestOf } from "./refusals";
import { tellDecision } from "./results";
import { methodName, noteConverted, pathName, targetOfRequest } from "./target";

// A request on its way to a service: held until it is whole, then converted, as what does not fit must not reach the service.

const QUESTION: u8 = 0x3f;

let post: Text = none<Text>();
let pinName: Text = none<Text>();
export let contentTypeName: Text = none<Text>();
export let contentLengthName: Text = none<Text>();
export let contentEncodingName: Text = none<Text>();
let identity: Text = none<Text>();
let actionName: Text = none<Text>();
let acceptName: Text = none<Text>();
let acceptEncodingName: Text = none<Text>();
let soap11: Text = none<Text>();
let soap12: Text = none<Text>();

/** Makes the names of headers, and values; once for a VM. */
export function prepareRequests(): void {
  post = keepLiteral("POST");
  pinName = keepLiteral("x-sluice-pin");
  contentTypeName = keepLiteral("content-type");
  contentLengthName = keepLiteral("content-length");
  contentEncodingName = keepLiteral("content-encoding");
  identity = keepLiteral("identity");
  actionName = keepLiteral("soapaction");
  if (!LONE) return;
  acceptName = keepLiteral("accept");
  acceptEncodingName = keepLiteral("accept-encoding");
  soap11 = keepLiteral("text/xml");
  soap12 = keepLiteral("application/soap+xml");
}

export function requestHeaders(conversions: Conversions, ends: bool): FilterHeadersStatus {
  if (!exists(conversions)) return refuseAll(unknownRoot);
  if (!LONE && !ends) return FilterHeadersStatus.StopIteration;
  const target = targetOfRequest(conversions);
  // A module on its own stands in the way of requests that are none of its business too.
  if (LONE && !exists(target)) return FilterHeadersStatus.Continue;
  if (!exists(target)) return refuseAll(unknownRoute);
  if (LONE && !ends) return FilterHeadersStatus.StopIteration;
  beginProblem(target.operation);
  refuseRequest(400, "This operation needs a body, in JSON.");
  refuseAs(target, Reason.InvalidRequest);
  return FilterHeadersStatus.StopAllIterationAndWatermark;
}

/** @param size bytes of the body so far */
export function requestBody(conversions: Conversions, size: i32, ends: bool): FilterDataStatus {
  if (!exists(conversions)) return FilterDataStatus.StopIterationNoBuffer;
  const waits = !ends && size <= conversions.mostRequest;
  if (!LONE && waits) return FilterDataStatus.StopIterationAndBuffer;
  const target = targetOfRequest(conversions);
  if (LONE && !exists(target)) return FilterDataStatus.Continue;
  if (LONE && waits) return FilterDataStatus.StopIterationAndBuffer;
  beginConversion(conversions.traced !== 0);
  return convert(target) ? FilterDataStatus.Continue : FilterDataStatus.StopIterationNoBuffer;
}

/** Trailers are the end of a body too. */
export function requestTrailers(conversions: Conversions): FilterTrailersStatus {
  if (!exists(conversions)) return FilterTrailersStatus.StopIteration;
  const target = targetOfRequest(conversions);
  if (LONE && !exists(target)) return FilterTrailersStatus.Continue;
  beginConversion(conversions.traced !== 0);
  return convert(target) ? FilterTrailersStatus.Continue : FilterTrailersStatus.StopIteration;
}

/** Converts the request at hand, or answers it and gives false. */
function convert(target: Target): bool {
  if (!exists(target)) return refuseData(unknownRoute);
  if (!readFields(HeaderMapType.HttpRequestHeaders)) return refuseData(hostFailure);
  const operation = target.operation;
  beginProblem(operation);
  if (operation.takesBody && !isJsonRequest()) {
    refuseRequest(415, "The body must be JSON in UTF-8, without an encoding.");
    return refuseAs(target, Reason.MediaType);
  }
  if (findField(pathName) !== 1) return refuseData(hostFailure);
  const path = fieldStart();
  const length = fieldLength();
  // Where the query begins, with its `?`; the length of the path if it has none.
  const query = <i32>(byteFrom(path, path + <usize>length, QUESTION) - path);
  const soap = target.conversion.soap;
  if (!readBody(BufferType.HttpRequestBody, soap.limits.request + 1)) return refuseData(hostFailure);
  const size = bodyLength();
  const status = writeRequest(
    soap,
    operation,
    path,
    min(query, length),
    path + <usize>min(query + 1, length),
    max(0, length - query - 1),
    bodyStart(),
    size,
  );
  if (status !== 0) return refuseAs(target, status === 413 ? Reason.BodyTooLarge : Reason.InvalidRequest);
  return sendOn(target, size, path, query, length);
}

/** The body has one media type, which is JSON, and no encoding. */
function isJsonRequest(): bool {
  if (isEncoded()) return false;
  if (findField(contentTypeName) !== 1) return false;
  const start = fieldStart();
  const length = fieldLength();
  return mediaTypeOf(start, length) === MediaType.Json && isUtf8Type(start, length);
}

/** Whether the fields that were read last name an encoding of the body. */
export function isEncoded(): bool {
  const fields = findField(contentEncodingName);
  return fields > 1 || (fields === 1 && !textIs(identity, fieldStart(), fieldLength()));
}

/** Puts what was written in the place of the request; Envoy then finds the route that leads to the service by the pin. */
function sendOn(target: Target, size: i32, path: usize, query: i32, pathLength: i32): bool {
  if (!replaceBody(BufferType.HttpRequestBody, size, outputStart(), outputLength())) return refuseData(hostFailure);
  compose(16);
  putDecimal(<u64>outputLength());
  const sent =
    noteConverted(target) &&
    setRequestHeader(contentLengthName, composedStart(), composedLength()) &&
    replaceRequestHeader(methodName, post) &&
    (LONE
      ? askService(target.operation)
      : (query === pathLength || setRequestHeader(pathName, path, query)) &&
        replaceRequestHeader(pinName, target.operation.pin));
  if (!sent) return refuseData(hostFailure);
  leaveRequestTimes();
  count(target.conversion.counters.allowed);
  return true;
}

/** What Envoy's route would write. An answer in a coding could not be read, so none is asked for. */
function askService(operation: Operation): bool {
  const lone = operation.lone;
  const action = lone.soapAction;
  return (
    replaceRequestHeader(pathName, lone.path) &&
    replaceRequestHeader(contentTypeName, lone.contentType) &&
    (exists(action) ? replaceRequestHeader(actionName, action) : removeRequestHeader(actionName)) &&
    replaceRequestHeader(acceptName, operation.version === Version.Soap12 ? soap12 : soap11) &&
    removeRequestHeader(acceptEncodingName)
  );
}

function refuseAs(target: Target, reason: Reason): bool {
  count(target.conversion.counters.denied);
  if (!refuseRequestOf(target, reason)) return refuseData(hostFailure);
  return false;
}

function refuseAll(answer: Answer): FilterHeadersStatus {
  refuseData(answer);
  return FilterHeadersStatus.StopAllIterationAndWatermark;
}

/** Answers the stream at hand in a way that belongs to no policy; always false. */
export function refuseData(answer: Answer): bool {
  tellDecision(answer.decision);
  respond(answer.response);
  return false;
}
