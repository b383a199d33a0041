import { pieceByte, pieceBytes, pieceDecimal, pieceHex, pieceJson, pieceText } from "../../lib/piece";
import { exists, none } from "../../lib/region";
import { keepLiteral, Text } from "../../lib/text";
import { Exporter, Format } from "./exporter";
import { afterValue, beforeValue, Name } from "./span-names";

// One span as JSON: Zipkin's (openzipkin.github.io, "Zipkin API", v2) or that of OTLP/HTTP (opentelemetry-proto, `trace.proto`, in the JSON mapping of
// protobuf, where numbers of 64 bits are strings). Head, name, attributes and tail, in this order, into the piece of memory at hand (lib/piece.ts).

/** As OTLP numbers them. */
export enum SpanKind {
  Internal = 1,
  Server = 2,
  Client = 3,
}

/** The longest value of an attribute, in bytes. */
export const LONGEST_VALUE: i32 = 256;

const MICROSECOND: u64 = 1000;

let traceId: Text = none<Text>();
let zipkinId: Text = none<Text>();
let zipkinParent: Text = none<Text>();
let zipkinServer: Text = none<Text>();
let zipkinClient: Text = none<Text>();
let nameBefore: Text = none<Text>();
let zipkinTime: Text = none<Text>();
let zipkinDuration: Text = none<Text>();
let zipkinTags: Text = none<Text>();
let zipkinTagsEnd: Text = none<Text>();
let zipkinError: Text = none<Text>();
let zipkinEvent: Text = none<Text>();
let zipkinEventEnd: Text = none<Text>();
let zipkinPeer: Text = none<Text>();
let zipkinPeerEnd: Text = none<Text>();
let otlpId: Text = none<Text>();
let otlpParent: Text = none<Text>();
let otlpKind: Text = none<Text>();
let otlpStart: Text = none<Text>();
let otlpEnd: Text = none<Text>();
let otlpAttributes: Text = none<Text>();
let otlpAttributesEnd: Text = none<Text>();
let otlpPeer: Text = none<Text>();
let otlpEvent: Text = none<Text>();
let otlpEventEnd: Text = none<Text>();
let otlpFailed: Text = none<Text>();

/** Makes what never changes; once for a VM. */
export function prepareSpans(): void {
  traceId = keepLiteral('{"traceId":"');
  nameBefore = keepLiteral('","name":"');
  zipkinId = keepLiteral('","id":"');
  zipkinParent = keepLiteral('","parentId":"');
  zipkinServer = keepLiteral('","kind":"SERVER');
  zipkinClient = keepLiteral('","kind":"CLIENT');
  zipkinTime = keepLiteral('","timestamp":');
  zipkinDuration = keepLiteral(',"duration":');
  zipkinTags = keepLiteral(',"tags":{');
  zipkinTagsEnd = keepLiteral("}");
  zipkinError = keepLiteral(',"error":"');
  zipkinEvent = keepLiteral(',"annotations":[{"timestamp":');
  zipkinEventEnd = keepLiteral(',"value":"retry"}]');
  zipkinPeer = keepLiteral(',"remoteEndpoint":{"serviceName":"');
  zipkinPeerEnd = keepLiteral('"}');
  otlpId = keepLiteral('","spanId":"');
  otlpParent = keepLiteral('","parentSpanId":"');
  otlpKind = keepLiteral('","kind":');
  otlpStart = keepLiteral(',"startTimeUnixNano":"');
  otlpEnd = keepLiteral('","endTimeUnixNano":"');
  otlpAttributes = keepLiteral('","attributes":[');
  otlpAttributesEnd = keepLiteral("]");
  otlpPeer = keepLiteral(',{"key":"peer.service","value":{"stringValue":"');
  otlpEvent = keepLiteral(',"events":[{"timeUnixNano":"');
  otlpEventEnd = keepLiteral('","name":"retry"}]');
  otlpFailed = keepLiteral(',"status":{"code":2}');
}

// The span at hand.
let format: i32 = 0;
let kind: SpanKind = SpanKind.Internal;
let redacted: i32 = 0;
let isFirst: bool = true;
let failed: bool = false;
let eventAt: u64 = 0;
let peerStart: usize = 0;
let peerLength: i32 = 0;

/** Begins a span, up to its name; `parent` 0: it has none. `leftOut` are bits of Name. */
export function beginSpan(
  exporter: Exporter,
  leftOut: i32,
  traceHigh: u64,
  traceLow: u64,
  id: u64,
  parent: u64,
  ofKind: SpanKind,
): void {
  format = exporter.format;
  kind = ofKind;
  redacted = leftOut;
  isFirst = true;
  failed = false;
  eventAt = 0;
  peerLength = 0;
  const zipkin = format === Format.Zipkin;
  pieceText(traceId);
  pieceHex(traceHigh);
  pieceHex(traceLow);
  pieceText(zipkin ? zipkinId : otlpId);
  pieceHex(id);
  if (parent !== 0) {
    pieceText(zipkin ? zipkinParent : otlpParent);
    pieceHex(parent);
  }
  if (zipkin && kind !== SpanKind.Internal) pieceText(kind === SpanKind.Server ? zipkinServer : zipkinClient);
  pieceText(nameBefore);
}

/** Ends the name of the span, which was put behind `beginSpan`. Nanoseconds since 1970; the span lies between two others. */
export function endName(exporter: Exporter, start: u64, end: u64, earliest: u64): void {
  if (format === Format.Otlp) {
    pieceText(otlpKind);
    pieceByte(0x30 + <u8>kind);
    pieceText(otlpStart);
    pieceDecimal(start);
    pieceText(otlpEnd);
    pieceDecimal(end);
    pieceText(otlpAttributes);
    return;
  }
  let from = start / MICROSECOND;
  const to = end / MICROSECOND;
  // Zipkin takes no duration of 0; the span grows to its front, so that it ends when the one around it does.
  if (from === to && from > earliest / MICROSECOND) from--;
  pieceText(zipkinTime);
  pieceDecimal(from);
  pieceText(zipkinDuration);
  pieceDecimal(max<u64>(1, to - from));
  pieceText(exporter.service);
  pieceText(zipkinTags);
}

// ---- attributes

/** Whether spans are not to have an attribute. */
export function isLeftOut(name: Name): bool {
  return (redacted & (1 << (<i32>name))) !== 0;
}

/** Puts what stands before a value; false if the attribute is to be left out. */
function before(name: Name): bool {
  if (isLeftOut(name)) return false;
  putBefore(beforeValue(name, format));
  return true;
}

/** The first one has no comma. */
function putBefore(text: Text): void {
  const skipped = isFirst ? 1 : 0;
  isFirst = false;
  pieceBytes(text.start + <usize>skipped, text.length - skipped);
}

export function attributeBytes(name: Name, start: usize, length: i32): void {
  if (length === 0 || !before(name)) return;
  pieceJson(start, length, LONGEST_VALUE);
  pieceText(afterValue(format));
}

export function attributeText(name: Name, text: Text): void {
  if (exists(text)) attributeBytes(name, text.start, text.length);
}

export function attributeNumber(name: Name, value: u64): void {
  if (!before(name)) return;
  pieceDecimal(value);
  pieceText(afterValue(format));
}

/** A tag of the policy, in which no name is left out: `value` is its string, number or truth as JSON has it, without quotes. */
export function beginTag(textBefore: Text): void {
  putBefore(textBefore);
}

/** Says that what the span stands for failed, and how. */
export function failSpan(start: usize, length: i32): void {
  failed = true;
  attributeBytes(Name.ErrorType, start, length);
  if (format === Format.Otlp) return;
  // What makes Zipkin show a span as failed.
  putBefore(zipkinError);
  pieceJson(start, length, LONGEST_VALUE);
  pieceText(afterValue(format));
}

/** Whose service the span asks. */
export function callsPeer(start: usize, length: i32): void {
  peerStart = start;
  peerLength = length;
}

/** That the service was asked again; when is not known, so it is told of the begin of the first try. */
export function retriedAt(time: u64): void {
  eventAt = time;
}

export function endSpan(): void {
  if (format === Format.Zipkin) {
    pieceText(zipkinTagsEnd);
    if (peerLength > 0) {
      pieceText(zipkinPeer);
      pieceJson(peerStart, peerLength, LONGEST_VALUE);
      pieceText(zipkinPeerEnd);
    }
    if (eventAt !== 0) {
      pieceText(zipkinEvent);
      pieceDecimal(eventAt / MICROSECOND);
      pieceText(zipkinEventEnd);
    }
  } else {
    if (peerLength > 0) {
      putBefore(otlpPeer);
      pieceJson(peerStart, peerLength, LONGEST_VALUE);
      pieceText(afterValue(format));
    }
    pieceText(otlpAttributesEnd);
    if (eventAt !== 0) {
      pieceText(otlpEvent);
      pieceDecimal(eventAt);
      pieceText(otlpEventEnd);
    }
    if (failed) pieceText(otlpFailed);
  }
  pieceByte(0x7d);
}
