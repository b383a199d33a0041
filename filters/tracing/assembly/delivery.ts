import { at, exists, none } from "../../lib/region";
import { keepLiteral, Text } from "../../lib/text";
import { answeredStatus, callService } from "../../proxy-wasm/calls";
import { monotonicTime } from "../../proxy-wasm/clock";
import { closeChunk, countSpans, openQueues, releaseChunk } from "./chunks";
import { Chunk, Exporter, Exporters } from "./exporter";

// How chunks come to collectors: on the ticks of a root and, where many spans come, as soon as a chunk is full. No request waits for it. What a collector
// cannot take now stays in the queue, and is tried again later and later; what it will never take is given up.

const TIMEOUT: i32 = 5000;
/** Calls under way in a VM. */
const MOST_CALLS: i32 = 4;
const MOST_ATTEMPTS: i32 = 5;
const FIRST_BACK_OFF: u64 = 250000000;
const LONGEST_BACK_OFF: u64 = 30000000000;

/** A call under way; free if there is no chunk. */
@unmanaged
class Call {
  root: u32 = 0;
  token: u32 = 0;
  chunk: Chunk = none<Chunk>();
}

const CALLS: usize = memory.data(MOST_CALLS * 12, 8);

let statusName: Text = none<Text>();
/** The exporter that is the first to send on the next tick. */
let turn: i32 = 0;

/** Makes the constants; once for a VM. */
export function prepareDelivery(): void {
  statusName = keepLiteral(":status");
}

/** Lets the exporters of a configuration send on the ticks of its root. Without ticks chunks go when they are full. */
export function startExport(exporters: Exporters, root: u32): void {
  if (exporters.count === 0) return;
  openQueues(exporters, root, monotonicTime());
}

/** To be called on every tick of a root. */
export function sendOnTick(exporters: Exporters): void {
  if (exporters.count === 0) return;
  const now = monotonicTime();
  for (let i = 0; i < exporters.count; i++) {
    const exporter = at<Exporter>(exporters.list, i);
    exporter.lastTick = now;
    closeChunk(exporter);
  }
  sendAll(exporters, now);
}

/** Sends what waits, as far as it may be sent now. */
export function sendAll(exporters: Exporters, now: u64): void {
  const first = turn++;
  for (let i = 0; i < exporters.count; i++)
    send(at<Exporter>(exporters.list, <i32>(<u32>(first + i) % <u32>exporters.count)), now);
}

function send(exporter: Exporter, now: u64): void {
  if (exporter.backOff !== 0 && now < exporter.notBefore) return;
  // Where the last try failed, one call finds out whether the collector is back.
  const most = exporter.backOff === 0 ? max(1, MOST_CALLS / exporter.siblings.count) : 1;
  for (let chunk = exporter.first; exists(chunk) && exporter.underWay < most; chunk = chunk.next) {
    if (chunk.token !== 0) continue;
    const call = freeCall();
    if (!exists(call)) return;
    const token = callService(exporter.cluster, exporter.headers, chunk.start, <i32>(chunk.end - chunk.start), TIMEOUT);
    if (token === 0) {
      fail(chunk, now);
      return;
    }
    call.root = exporter.root;
    call.token = token;
    call.chunk = chunk;
    chunk.token = token;
    exporter.underWay++;
  }
}

function freeCall(): Call {
  for (let i = 0; i < MOST_CALLS; i++) {
    const call = at<Call>(CALLS, i);
    if (!exists(call.chunk) || isLost(call)) return call;
  }
  return none<Call>();
}

/** Whether the chunk of a call was taken from it, as its root seemed gone. */
function isLost(call: Call): bool {
  return call.chunk.token !== call.token || call.chunk.exporter.root !== call.root;
}

/** To be called with the answer to a call, that of a stranger included; whether it was to one from here. */
export function settle(root: u32, token: u32): bool {
  for (let i = 0; i < MOST_CALLS; i++) {
    const call = at<Call>(CALLS, i);
    if (!exists(call.chunk) || call.root !== root || call.token !== token) continue;
    const chunk = call.chunk;
    const lost = isLost(call);
    call.chunk = none<Chunk>();
    if (!lost) finish(chunk, answeredStatus(statusName));
    return true;
  }
  return false;
}

function finish(chunk: Chunk, status: i32): void {
  const exporter = chunk.exporter;
  const now = monotonicTime();
  chunk.token = 0;
  exporter.underWay--;
  if (mayComeBack(status)) {
    fail(chunk, now);
  } else {
    exporter.backOff = 0;
    countSpans(chunk, status >= 200 && status < 300);
    releaseChunk(chunk);
  }
  sendAll(exporter.siblings, now);
}

/** Whether the same spans may be taken later: of no answer, and of an answer that speaks of now (RFC 9110 section 15.5.9, RFC 6585 section 4). */
function mayComeBack(status: i32): bool {
  return status < 200 || status >= 500 || status === 408 || status === 429;
}

function fail(chunk: Chunk, now: u64): void {
  const exporter = chunk.exporter;
  // Of calls that fail together the first one says so.
  if (exporter.backOff === 0 || now >= exporter.notBefore) {
    exporter.backOff = exporter.backOff === 0 ? FIRST_BACK_OFF : min(exporter.backOff * 2, LONGEST_BACK_OFF);
    exporter.notBefore = now + exporter.backOff;
  }
  if (++chunk.attempts < MOST_ATTEMPTS) return;
  countSpans(chunk, false);
  releaseChunk(chunk);
}
