import { attribute, Presence } from "../../lib/attributes";
import { baggageFits, MOST_BAGGAGE_BYTES } from "../../lib/baggage";
import { none } from "../../lib/region";
import { keepLiteral, Text } from "../../lib/text";
import {
  decided,
  writeB3,
  writeSpanId,
  writeTraceId,
  writeTraceparent,
  writeUberTraceId,
} from "../../lib/trace-context";
import { removeRequestHeader, setRequestHeader } from "../../proxy-wasm/headers";
import { setProperty } from "../../proxy-wasm/properties";
import { Form, listFound, listFoundLength, readList, traceStateLength, traceStateStart } from "./context";
import {
  b3FlagsName,
  b3Name,
  b3ParentSpanIdName,
  b3SampledName,
  b3SpanIdName,
  b3TraceIdName,
  baggageName,
  TraceHeaders,
  traceParentName,
  traceStateName,
  uberTraceIdName,
} from "./headers";
import { clientSpan, hasTrace, tracedBy } from "./trace";

// What goes on of a trace: as filter state, which Envoy writes headers from, or as headers. What the host does not take is lost, and the request goes on.

/** What of a trace is told; bits. */
export enum Carried {
  TraceParent = 1,
  TraceState = 2,
  Baggage = 4,
  B3 = 8,
  B3Multi = 16,
  UberTraceId = 32,
  TraceId = 64,
}

let traceParentKey: Text = none<Text>();
let traceStateKey: Text = none<Text>();
let baggageKey: Text = none<Text>();
let b3Key: Text = none<Text>();
let b3TraceIdKey: Text = none<Text>();
let b3SpanIdKey: Text = none<Text>();
let b3SampledKey: Text = none<Text>();
let uberTraceIdKey: Text = none<Text>();
let traceIdKey: Text = none<Text>();
let no: Text = none<Text>();
let yes: Text = none<Text>();

/** The longest of what is written. */
const TEXT: usize = memory.data(64, 8);

/** Makes the names of filter state; once for a VM. */
export function preparePropagation(): void {
  traceParentKey = keepLiteral("sluice.traceparent");
  traceStateKey = keepLiteral("sluice.tracestate");
  baggageKey = keepLiteral("sluice.baggage");
  b3Key = keepLiteral("sluice.b3");
  b3TraceIdKey = keepLiteral("sluice.b3-trace-id");
  b3SpanIdKey = keepLiteral("sluice.b3-span-id");
  b3SampledKey = keepLiteral("sluice.b3-sampled");
  uberTraceIdKey = keepLiteral("sluice.uber-trace-id");
  traceIdKey = keepLiteral("sluice.trace-id");
  no = keepLiteral("0");
  yes = keepLiteral("1");
}

/** What a policy that writes some forms carries on. */
export function carriedBy(written: i32, passesBaggage: bool): i32 {
  let carried = passesBaggage ? <i32>Carried.Baggage : 0;
  if ((written & (1 << Form.W3c)) !== 0) carried |= Carried.TraceParent | Carried.TraceState;
  if ((written & (1 << Form.B3)) !== 0) carried |= Carried.B3;
  if ((written & (1 << Form.B3Multi)) !== 0) carried |= Carried.B3Multi;
  if ((written & (1 << Form.Jaeger)) !== 0) carried |= Carried.UberTraceId;
  return carried;
}

function tell(key: Text, start: usize, length: i32): void {
  setProperty(key.start, key.length, start, length);
}

/** Tells which trace the request at hand is of, whatever becomes of it. */
export function tellTraceId(carried: i32): void {
  if ((carried & Carried.TraceId) !== 0 && hasTrace()) tell(traceIdKey, TEXT, writeTraceId(TEXT));
}

/** Tells the rest of it, of a request that passes. */
export function tellTrace(carried: i32): void {
  if ((carried & ~Carried.TraceId) === 0 || !hasTrace()) return;
  const span = clientSpan();
  if ((carried & Carried.TraceParent) !== 0) tell(traceParentKey, TEXT, writeTraceparent(TEXT, span));
  if ((carried & Carried.TraceState) !== 0 && traceStateLength() > 0)
    tell(traceStateKey, traceStateStart(), traceStateLength());
  if ((carried & Carried.Baggage) !== 0 && findBaggage()) tell(baggageKey, listFound(), listFoundLength());
  if ((carried & Carried.B3) !== 0) tell(b3Key, TEXT, writeB3(TEXT, span));
  if ((carried & Carried.B3Multi) !== 0) {
    tell(b3TraceIdKey, TEXT, writeTraceId(TEXT));
    tell(b3SpanIdKey, TEXT, writeSpanId(TEXT, span));
    tell(b3SampledKey, sampledText().start, 1);
  }
  if ((carried & Carried.UberTraceId) !== 0) tell(uberTraceIdKey, TEXT, writeUberTraceId(TEXT, span));
}

function sampledText(): Text {
  return decided() === 1 ? yes : no;
}

/** Whether there is baggage that goes on. */
function findBaggage(): bool {
  const policy = tracedBy();
  if (policy.passesBaggage === 0) return false;
  return (
    readList(attribute(policy.headers.baggage), baggageName, MOST_BAGGAGE_BYTES) &&
    baggageFits(listFound(), listFoundLength())
  );
}

/** Writes the headers of a request that passes: those that the policy names, and no others that carry a trace. */
export function writeTrace(): void {
  if (!hasTrace()) return;
  const policy = tracedBy();
  const headers = policy.headers;
  const carried = carriedBy(policy.written, true);
  const span = clientSpan();
  if ((carried & Carried.TraceParent) !== 0) write(traceParentName, TEXT, writeTraceparent(TEXT, span));
  else remove(traceParentName, headers.traceParent);
  if ((carried & Carried.TraceState) !== 0 && traceStateLength() > 0)
    replace(traceStateName, headers.traceState, traceStateStart(), traceStateLength());
  else remove(traceStateName, headers.traceState);
  if (findBaggage()) replace(baggageName, headers.baggage, listFound(), listFoundLength());
  else remove(baggageName, headers.baggage);
  if ((carried & Carried.B3) !== 0) write(b3Name, TEXT, writeB3(TEXT, span));
  else remove(b3Name, headers.b3);
  writeB3Headers((carried & Carried.B3Multi) !== 0, headers, span);
  if ((carried & Carried.UberTraceId) !== 0) write(uberTraceIdName, TEXT, writeUberTraceId(TEXT, span));
  else remove(uberTraceIdName, headers.uberTraceId);
}

function writeB3Headers(wanted: bool, headers: TraceHeaders, span: u64): void {
  remove(b3ParentSpanIdName, headers.b3ParentSpanId);
  remove(b3FlagsName, headers.b3Flags);
  if (!wanted) {
    remove(b3TraceIdName, headers.b3TraceId);
    remove(b3SpanIdName, headers.b3SpanId);
    remove(b3SampledName, headers.b3Sampled);
    return;
  }
  write(b3TraceIdName, TEXT, writeTraceId(TEXT));
  write(b3SpanIdName, TEXT, writeSpanId(TEXT, span));
  write(b3SampledName, sampledText().start, 1);
}

function write(name: Text, start: usize, length: i32): void {
  setRequestHeader(name, start, length);
}

/** The same of what may stand there as it is. */
function replace(name: Text, slot: i32, start: usize, length: i32): void {
  const sent = attribute(slot);
  if (sent.presence === Presence.Present && sent.start === start && sent.length === length) return;
  write(name, start, length);
}

function remove(name: Text, slot: i32): void {
  if (attribute(slot).presence !== Presence.Absent) removeRequestHeader(name);
}
