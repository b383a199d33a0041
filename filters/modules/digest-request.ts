import {
  CONTENT_DIGEST_SPACE_BYTES,
  contentDigestHolds,
  DIGESTS_BYTES,
  readContentDigest,
} from "../lib/content-digest";
import { arenaTake, exists, none } from "../lib/region";
import { keepLiteral, Text } from "../lib/text";
import { bodyLength, bodyStart, hasBody, readBody } from "../proxy-wasm/body";
import { fieldLength, fieldStart, findField, joinFields, readFields } from "../proxy-wasm/headers";
import { respond } from "../proxy-wasm/local-response";
import { debugIsOn, log } from "../proxy-wasm/log";
import { count } from "../proxy-wasm/metrics";
import { propertyLength, propertyStart, readProperty } from "../proxy-wasm/properties";
import {
  BufferType,
  FilterDataStatus,
  FilterHeadersStatus,
  FilterTrailersStatus,
  HeaderMapType,
  LogLevel,
  Status,
} from "../proxy-wasm/status";
import { Answer, hostFailure, unknownRoute } from "./answers";
import { countDenial } from "./denials";
import { Digested, Digests, digestedNamed, Refusal } from "./digests";
import { tellDecision } from "./results";

// A request whose `content-digest` (RFC 9530) its caller may have signed: held until it is whole, and compared before any of it goes on. One without the
// field has nothing to be compared with, and is not held: where it must be there, the guard has seen to that.

// "xds" NUL "route_metadata" NUL "filter_metadata" NUL "sluice" NUL "digest"
const DIGEST: usize = memory.data<u8>([
  0x78, 0x64, 0x73, 0, 0x72, 0x6f, 0x75, 0x74, 0x65, 0x5f, 0x6d, 0x65, 0x74, 0x61, 0x64, 0x61, 0x74, 0x61, 0, 0x66,
  0x69, 0x6c, 0x74, 0x65, 0x72, 0x5f, 0x6d, 0x65, 0x74, 0x61, 0x64, 0x61, 0x74, 0x61, 0, 0x73, 0x6c, 0x75, 0x69, 0x63,
  0x65, 0, 0x64, 0x69, 0x67, 0x65, 0x73, 0x74,
]);
const DIGEST_LENGTH: i32 = 48;

/** Two digests are a fifth of it. */
const LONGEST_FIELD: i32 = 1024;

let fieldName: Text = none<Text>();

/** Makes the name of the field; once for a VM. */
export function prepareDigests(): void {
  fieldName = keepLiteral("content-digest");
}

export function digestHeaders(digests: Digests, ends: bool): FilterHeadersStatus {
  if (!readFields(HeaderMapType.HttpRequestHeaders)) return stop(hostFailure);
  if (findField(fieldName) === 0) return FilterHeadersStatus.Continue;
  if (!ends) return FilterHeadersStatus.StopIteration;
  return compare(digests, true) ? FilterHeadersStatus.Continue : FilterHeadersStatus.StopAllIterationAndWatermark;
}

/** @param size bytes of the body so far */
export function digestBody(digests: Digests, size: i32, ends: bool): FilterDataStatus {
  if (!readFields(HeaderMapType.HttpRequestHeaders)) {
    refuseBy(hostFailure);
    return FilterDataStatus.StopIterationNoBuffer;
  }
  if (findField(fieldName) === 0) return FilterDataStatus.Continue;
  if (!ends && (size <= digests.least || size <= mostOf(digests))) return FilterDataStatus.StopIterationAndBuffer;
  return compare(digests, false) ? FilterDataStatus.Continue : FilterDataStatus.StopIterationNoBuffer;
}

/** Trailers are the end of a body too. */
export function digestTrailers(digests: Digests): FilterTrailersStatus {
  if (!readFields(HeaderMapType.HttpRequestHeaders)) {
    refuseBy(hostFailure);
    return FilterTrailersStatus.StopIteration;
  }
  if (findField(fieldName) === 0) return FilterTrailersStatus.Continue;
  return compare(digests, !hasBody(BufferType.HttpRequestBody))
    ? FilterTrailersStatus.Continue
    : FilterTrailersStatus.StopIteration;
}

/** Bytes that the policy of the request at hand takes; none if there is no policy. */
function mostOf(digests: Digests): i32 {
  const digested = findDigested(digests);
  return exists(digested) ? digested.most : 0;
}

/** The policy that the metadata of the route names; the missing record if it names none. */
function findDigested(digests: Digests): Digested {
  if (readProperty(DIGEST, DIGEST_LENGTH) !== Status.Ok) return none<Digested>();
  return digestedNamed(digests, propertyStart(), propertyLength());
}

/** Whether the body at hand is what the field says; else the request has been answered. */
function compare(digests: Digests, isEmpty: bool): bool {
  const space = arenaTake(CONTENT_DIGEST_SPACE_BYTES);
  const expected = arenaTake(DIGESTS_BYTES);
  if (space === 0 || expected === 0) return refuseBy(hostFailure);
  const known = joinFields(fieldName, LONGEST_FIELD)
    ? readContentDigest(fieldStart(), fieldLength(), space, expected)
    : 0;
  const digested = findDigested(digests);
  if (!exists(digested)) return refuseBy(unknownRoute);
  let start: usize = 0;
  let length = 0;
  if (!isEmpty) {
    if (!readBody(BufferType.HttpRequestBody, digested.most + 1)) return refuseBy(hostFailure);
    start = bodyStart();
    length = bodyLength();
  }
  if (length > digested.most) return refuse(digested, digested.tooLarge);
  return contentDigestHolds(known, expected, start, length) || refuse(digested, digested.mismatch);
}

function refuse(digested: Digested, refusal: Refusal): bool {
  const decision = refusal.decision;
  count(digested.counters.denied);
  countDenial(decision, none<Text>());
  tellDecision(decision);
  if (debugIsOn()) log(LogLevel.Debug, decision.start, decision.length);
  respond(refusal.response);
  return false;
}

function stop(answer: Answer): FilterHeadersStatus {
  refuseBy(answer);
  return FilterHeadersStatus.StopAllIterationAndWatermark;
}

/** Answers in a way that belongs to no policy; always false. */
function refuseBy(answer: Answer): bool {
  tellDecision(answer.decision);
  respond(answer.response);
  return false;
}
