import { pieceByte, pieceIsFull, pieceText } from "../../lib/piece";
import { at, exists, none, pointerAt } from "../../lib/region";
import { keepLiteral, Text } from "../../lib/text";
import { monotonicTime, unixNanoseconds } from "../../proxy-wasm/clock";
import { count } from "../../proxy-wasm/metrics";
import { beginSpanIn, closeChunk, openChunk, takeSpan } from "./chunks";
import { sendAll } from "./delivery";
import { writeClient, writeServer } from "./http-spans";
import { drawId } from "./ids";
import { Deed, Phase } from "./phases";
import { StreamRecord } from "./record";
import { Name } from "./span-names";
import { attributeText, beginSpan, endName, endSpan, SpanKind } from "./span-writer";
import {
  answerLength,
  answerStart,
  askConversions,
  attemptsOfStream,
  latencyOfService,
  lengthOfStream,
  startOfStream,
} from "./stream-end";

// The spans of a stream that has ended: that of the request, and in it those of what was done with it. Times are nanoseconds since 1970; none lies outside
// of the span around it, whatever clocks say.

/** What a span stands for. */
enum Made {
  Server = 0,
  Phase = 1,
  ConvertRequest = 2,
  ConvertResponse = 3,
  Client = 4,
}

/** What the body stage leaves behind: when it began and ended to convert, 0 where it did not. */
@unmanaged
class Conversions {
  requestBegin: u64 = 0;
  requestEnd: u64 = 0;
  responseBegin: u64 = 0;
  responseEnd: u64 = 0;
}

const CONVERSION_BYTES: i32 = 16;

let authenticateWord: Text = none<Text>();
let authorizeWord: Text = none<Text>();
let limitWord: Text = none<Text>();
let convertRequestName: Text = none<Text>();
let convertResponseName: Text = none<Text>();

/** Makes what never changes; once for a VM. */
export function prepareSpanNames(): void {
  authenticateWord = keepLiteral("authenticate");
  authorizeWord = keepLiteral("authorize");
  limitWord = keepLiteral("limit");
  convertRequestName = keepLiteral("convert request");
  convertResponseName = keepLiteral("convert response");
}

// The stream at hand.
let start: u64 = 0;
let end: u64 = 0;
/** When its request began to be judged. */
let judging: u64 = 0;
let server: u64 = 0;
let requestBegin: u64 = 0;
let requestEnd: u64 = 0;
let responseBegin: u64 = 0;
let responseEnd: u64 = 0;

/** Writes all spans of a stream to the queue of its exporter; what finds no room is counted as dropped. */
export function writeSpans(record: StreamRecord, status: u64): void {
  const policy = record.policy;
  const now = monotonicTime();
  server = drawId();
  if (!findTimes(record, now) || server === 0) {
    count(policy.dropped);
    return;
  }
  emit(record, Made.Server, 0, status, now);
  for (let i = 0; i < record.phaseCount; i++) emit(record, Made.Phase, i, status, now);
  if (record.isPassed === 0) return;
  findConversions();
  if (requestEnd !== 0) emit(record, Made.ConvertRequest, 0, status, now);
  const attempts = attemptsOfStream();
  if (attempts > 0) emit(record, Made.Client, <i32>min<u64>(attempts, <u64>i32.MAX_VALUE), status, now);
  if (responseEnd !== 0) emit(record, Made.ConvertResponse, 0, status, now);
}

/**
 * Finds when the stream began and ended, by what Envoy tells, else by our own clocks: false if no clock tells the time. What lies between is counted back
 * from the end on the clock that never goes back, so that it fits whatever becomes of the wall clock.
 */
function findTimes(record: StreamRecord, now: u64): bool {
  const since = now > record.began ? now - record.began : 0;
  start = startOfStream();
  const length = start === 0 ? 0 : lengthOfStream();
  end = length === 0 ? unixNanoseconds() : start + length;
  if (start === 0) start = end > since ? end - since : 0;
  end = max(start, end);
  judging = end - start > since ? end - since : start;
  return start !== 0;
}

/** The nearest time that is not outside of the span of the request. */
function within(time: u64): u64 {
  return max(start, min(end, time));
}

function findConversions(): void {
  requestEnd = 0;
  responseEnd = 0;
  responseBegin = 0;
  askConversions();
  if (answerLength() < CONVERSION_BYTES) return;
  const told = at<Conversions>(answerStart(), 0);
  requestBegin = within(told.requestBegin);
  requestEnd = within(told.requestEnd);
  if (answerLength() < 2 * CONVERSION_BYTES) return;
  responseBegin = within(told.responseBegin);
  responseEnd = within(told.responseEnd);
}

/** Writes one span; in a new chunk where the open one is full. */
function emit(record: StreamRecord, made: Made, index: i32, status: u64, now: u64): void {
  const policy = record.policy;
  const exporter = policy.exporter;
  for (let attempt = 0; attempt < 2; attempt++) {
    const chunk = openChunk(exporter, now);
    if (!exists(chunk)) break;
    beginSpanIn(chunk);
    write(record, made, index, status);
    if (!pieceIsFull() && takeSpan(chunk, policy)) return;
    closeChunk(exporter);
    sendAll(exporter.siblings, now);
  }
  count(policy.dropped);
}

function write(record: StreamRecord, made: Made, index: i32, status: u64): void {
  if (made === Made.Server) writeServer(record, server, start, end, status);
  else if (made === Made.Phase) writePhase(record, index);
  else if (made === Made.Client) writeService(record, index, status);
  else if (made === Made.ConvertRequest) writeConversion(record, convertRequestName, requestBegin, requestEnd);
  else writeConversion(record, convertResponseName, responseBegin, responseEnd);
}

function begin(record: StreamRecord): void {
  const policy = record.policy;
  beginSpan(policy.exporter, policy.redacted, record.traceHigh, record.traceLow, drawId(), server, SpanKind.Internal);
}

function writePhase(record: StreamRecord, index: i32): void {
  const phase = at<Phase>(record.phases, index);
  const before = index === 0 ? 0 : at<Phase>(record.phases, index - 1).end;
  begin(record);
  pieceText(wordOf(phase.deed));
  for (let i = 0; i < phase.policies; i++) {
    if (i > 0) pieceByte(0x2c);
    pieceByte(0x20);
    pieceText(pointerAt<Text>(record.policies, phase.first + i));
  }
  endName(record.policy.exporter, within(judging + before), within(judging + phase.end), start);
  attributeText(Name.Decision, phase.decision);
  endSpan();
}

function wordOf(deed: i32): Text {
  if (deed === Deed.Authenticate) return authenticateWord;
  return deed === Deed.Authorize ? authorizeWord : limitWord;
}

function writeConversion(record: StreamRecord, name: Text, from: u64, to: u64): void {
  begin(record);
  pieceText(name);
  endName(record.policy.exporter, from, max(from, to), start);
  endSpan();
}

/**
 * The span of the service, from the moment on that the request went to it. How long one answer took is known to Envoy; with more tries than one it ends with
 * the stream, or when its answer began to be converted.
 */
function writeService(record: StreamRecord, attempts: i32, status: u64): void {
  const from = requestEnd !== 0 ? requestEnd : within(judging + record.judged);
  const latency = attempts === 1 ? latencyOfService() : 0;
  const last = responseEnd !== 0 ? max(from, responseBegin) : end;
  const to = latency !== 0 ? min(last, from + latency) : last;
  writeClient(record, server, from, to, start, attempts, status);
}
