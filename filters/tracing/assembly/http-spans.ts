import { ipLength, ipStart, portLength, portStart, splitAddress } from "../../lib/address";
import { byteFrom } from "../../lib/bytes";
import { naturalOfText } from "../../lib/integer";
import { pieceByte, pieceInteger, pieceJson, pieceText } from "../../lib/piece";
import { Type } from "../../lib/predicate-emit";
import { at, exists, none } from "../../lib/region";
import { compose, composedLength, composedStart, keepLiteral, putDecimal, Text } from "../../lib/text";
import { Tag } from "./policy";
import { StreamRecord, TagValue } from "./record";
import { Name } from "./span-names";
import { falseText, otherMethod, otherMethodName, trueText } from "./span-values";
import {
  attributeBytes,
  attributeNumber,
  attributeText,
  beginSpan,
  beginTag,
  callsPeer,
  endName,
  endSpan,
  failSpan,
  isLeftOut,
  LONGEST_VALUE,
  retriedAt,
  SpanKind,
} from "./span-writer";
import {
  answerLength,
  answerStart,
  askCluster,
  askDecision,
  askDetails,
  askProtocol,
  askSource,
  askUpstream,
} from "./stream-end";

// The spans of HTTP: of the request, as its client asked it, and of what the service was asked (OpenTelemetry, semantic conventions for HTTP spans).

/** What Envoy says in front of a version of HTTP. */
const PROTOCOL_PREFIX: i32 = 5;
const BRACE: u32 = 0x7b;

let noAnswer: Text = none<Text>();

/** Makes what never changes; once for a VM. */
export function prepareHttpSpans(): void {
  noAnswer = keepLiteral("no_answer");
}

/** The span of the request. Nanoseconds since 1970. */
export function writeServer(record: StreamRecord, id: u64, start: u64, end: u64, status: u64): void {
  begin(record, id, record.parent, SpanKind.Server);
  pieceText(exists(record.method) ? record.method : otherMethodName);
  if (exists(record.pattern)) {
    pieceByte(0x20);
    pieceJson(record.pattern.start, record.pattern.length, LONGEST_VALUE);
  }
  endName(record.policy.exporter, start, end, start);
  writeRequest(record);
  writeStatus(status, 500);
  attributeText(Name.GatewayRoute, record.route);
  writeDecision(record);
  writeTags(record);
  endSpan();
}

/** The span of the service, `attempts` of which were made; `earliest` is when the span around it begins. */
export function writeClient(
  record: StreamRecord,
  parent: u64,
  start: u64,
  end: u64,
  earliest: u64,
  attempts: i32,
  status: u64,
): void {
  begin(record, record.client, parent, SpanKind.Client);
  pieceText(exists(record.method) ? record.method : otherMethodName);
  askCluster();
  if (answerLength() > 0) {
    pieceByte(0x20);
    pieceJson(answerStart(), answerLength(), LONGEST_VALUE);
    callsPeer(answerStart(), answerLength());
  }
  endName(record.policy.exporter, start, end, earliest);
  attributeText(Name.Method, exists(record.method) ? record.method : otherMethod);
  writeUpstream();
  writeStatus(status, 400);
  if (attempts > 1) {
    attributeNumber(Name.Resends, <u64>(attempts - 1));
    retriedAt(start);
  }
  endSpan();
}

function begin(record: StreamRecord, id: u64, parent: u64, kind: SpanKind): void {
  const policy = record.policy;
  beginSpan(policy.exporter, policy.redacted, record.traceHigh, record.traceLow, id, parent, kind);
}

function writeRequest(record: StreamRecord): void {
  attributeText(Name.Method, exists(record.method) ? record.method : otherMethod);
  attributeText(Name.Route, record.pattern);
  let text = record.texts;
  attributeBytes(Name.Path, text, record.pathLength);
  text += <usize>record.pathLength;
  attributeText(Name.Scheme, record.scheme);
  attributeBytes(Name.ServerAddress, text, record.hostLength);
  if (record.port > 0) attributeNumber(Name.ServerPort, <u64>record.port);
  text += <usize>record.hostLength;
  if (!isLeftOut(Name.ClientAddress)) {
    askSource();
    if (splitAddress(answerStart(), answerLength())) attributeBytes(Name.ClientAddress, ipStart(), ipLength());
  }
  if (!isLeftOut(Name.ProtocolVersion)) {
    askProtocol();
    const version = answerLength() - PROTOCOL_PREFIX;
    if (version > 0) attributeBytes(Name.ProtocolVersion, answerStart() + PROTOCOL_PREFIX, version);
  }
  attributeBytes(Name.UserAgent, text, record.agentLength);
}

function writeUpstream(): void {
  askUpstream();
  if (!splitAddress(answerStart(), answerLength())) return;
  attributeBytes(Name.ServerAddress, ipStart(), ipLength());
  const port = naturalOfText(portStart(), portLength());
  if (port > 0) attributeNumber(Name.ServerPort, <u64>port);
}

/** The status, and that the span failed from a status on. Without an answer Envoy's word for what happened tells why, as far as it is one of few. */
function writeStatus(status: u64, failing: u64): void {
  if (status > 0) attributeNumber(Name.Status, status);
  if (status >= failing) {
    compose(24);
    putDecimal(status);
    failSpan(composedStart(), composedLength());
  } else if (status === 0) {
    askDetails();
    const start = answerStart();
    const length = <i32>(byteFrom(start, start + <usize>answerLength(), BRACE) - start);
    if (length > 0) failSpan(start, length);
    else failSpan(noAnswer.start, noAnswer.length);
  }
}

function writeDecision(record: StreamRecord): void {
  if (exists(record.decision)) {
    attributeText(Name.Decision, record.decision);
    return;
  }
  askDecision();
  attributeBytes(Name.Decision, answerStart(), answerLength());
}

function writeTags(record: StreamRecord): void {
  const policy = record.policy;
  for (let i = 0; i < policy.tagCount; i++) {
    const tag = at<Tag>(policy.tags, i);
    const found = at<TagValue>(record.tags, i);
    if (found.known === 0) continue;
    beginTag(tag.before);
    if (tag.type === Type.String) pieceJson(<usize>found.value, found.length, LONGEST_VALUE);
    else if (tag.type === Type.Integer) pieceInteger(found.value);
    else pieceText(found.value === 0 ? falseText : trueText);
    pieceText(tag.after);
  }
}
