import { exists, none } from "../../lib/region";
import { Text } from "../../lib/text";
import { decided, hasTraceIds, setTraceIds } from "../../lib/trace-context";
import { count } from "../../proxy-wasm/metrics";
import { readCallersContext } from "./context";
import { drawId } from "./ids";
import { beganAt, beginPhases } from "./phases";
import { TracingPolicy } from "./policy";
import { record } from "./recorder";
import { decide, holdToCap, isOpen } from "./sampler";

// The trace of the request at hand, from its headers to the verdict.

let policy: TracingPolicy = none<TracingPolicy>();
/** The span that the service is told of. */
let client: u64 = 0;
/** Whether the rules wait for who calls. */
let postponed: bool = false;
let recording: bool = false;

/** To be called before every request: it has no trace yet. */
export function forgetTrace(): void {
  policy = none<TracingPolicy>();
  recording = false;
}

/** Takes up the trace of the request at hand, or begins one. Without random numbers the request has none. */
export function beginTrace(own: TracingPolicy): void {
  if (!readCallersContext(own.order, own.headers)) count(own.restarted);
  client = drawId();
  if (client === 0) return;
  if (!hasTraceIds()) {
    const high = drawId();
    const low = drawId();
    if (high === 0 || low === 0) return;
    setTraceIds(high, low);
  }
  policy = own;
  postponed = own.decidesLate !== 0 && isOpen(own);
  if (!postponed) decide(own);
  if (!exists(own.exporter) || !(postponed || mayBeRecorded())) return;
  beginPhases();
  if (!postponed) holdToCap(own, beganAt());
  recording = postponed || mayBeRecorded();
}

function mayBeRecorded(): bool {
  return decided() === 1 || exists(policy.tail);
}

/** Whether the request at hand has a trace. */
export function hasTrace(): bool {
  return exists(policy);
}

export function tracedBy(): TracingPolicy {
  return policy;
}

export function clientSpan(): u64 {
  return client;
}

/** Whether phases are to be noted, as the trace may be recorded. */
export function isRecording(): bool {
  return recording;
}

/** Whether the rules wait for who calls. */
export function isPostponed(): bool {
  return postponed;
}

/** Makes a trace that was begun before that of the request at hand again. */
export function takeUpTrace(own: TracingPolicy, span: u64, records: bool, waitsForCaller: bool): void {
  policy = own;
  client = span;
  recording = records;
  postponed = waitsForCaller;
}

/** Decides what was left open, now that it is known who calls. Whether the trace may be recorded. */
export function settleTrace(): bool {
  if (postponed) {
    postponed = false;
    decide(policy);
    if (recording) holdToCap(policy, beganAt());
    recording = recording && mayBeRecorded();
  }
  return recording;
}

/** Keeps what is known, now that the request has been judged; once, after `settleTrace` said so. */
export function keepTrace(context: u32, pattern: Text, route: Text, decision: Text, passed: bool): void {
  recording = false;
  record(policy, context, client, pattern, route, decision, passed);
}
