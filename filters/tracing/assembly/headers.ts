import { Slot, TraceSlot } from "../../lib/attributes";
import { Interest, wantFixed } from "../../lib/interest";
import { keepRecord, none } from "../../lib/region";
import { keepLiteral, Text } from "../../lib/text";

// The headers that carry contexts of traces, under the names that all tracers know them by.

export let traceParentName: Text = none<Text>();
export let traceStateName: Text = none<Text>();
export let baggageName: Text = none<Text>();
export let b3Name: Text = none<Text>();
export let b3TraceIdName: Text = none<Text>();
export let b3SpanIdName: Text = none<Text>();
export let b3ParentSpanIdName: Text = none<Text>();
export let b3SampledName: Text = none<Text>();
export let b3FlagsName: Text = none<Text>();
export let uberTraceIdName: Text = none<Text>();
let userAgentName: Text = none<Text>();
let methodName: Text = none<Text>();
let pathName: Text = none<Text>();
let authorityName: Text = none<Text>();
let protoName: Text = none<Text>();

/** Makes the names; once for a VM. */
export function prepareHeaders(): void {
  traceParentName = keepLiteral("traceparent");
  traceStateName = keepLiteral("tracestate");
  baggageName = keepLiteral("baggage");
  b3Name = keepLiteral("b3");
  b3TraceIdName = keepLiteral("x-b3-traceid");
  b3SpanIdName = keepLiteral("x-b3-spanid");
  b3ParentSpanIdName = keepLiteral("x-b3-parentspanid");
  b3SampledName = keepLiteral("x-b3-sampled");
  b3FlagsName = keepLiteral("x-b3-flags");
  uberTraceIdName = keepLiteral("uber-trace-id");
  userAgentName = keepLiteral("user-agent");
  methodName = keepLiteral(":method");
  pathName = keepLiteral(":path");
  authorityName = keepLiteral(":authority");
  protoName = keepLiteral("x-forwarded-proto");
}

/** Where the values of these headers are: slots of a configuration. */
@unmanaged
export class TraceHeaders {
  traceParent: i32 = 0;
  traceState: i32 = 0;
  baggage: i32 = 0;
  b3: i32 = 0;
  b3TraceId: i32 = 0;
  b3SpanId: i32 = 0;
  b3ParentSpanId: i32 = 0;
  b3Sampled: i32 = 0;
  b3Flags: i32 = 0;
  uberTraceId: i32 = 0;
  // Of requests that are recorded.
  method: i32 = 0;
  path: i32 = 0;
  host: i32 = 0;
  scheme: i32 = 0;
  userAgent: i32 = 0;
}

let complete: bool = true;

/** Takes an interest in those that carry contexts; the missing record without memory. */
export function wantTraceHeaders(interest: Interest): TraceHeaders {
  const headers = keepRecord<TraceHeaders>();
  complete = true;
  headers.traceParent = want(interest, traceParentName, TraceSlot.TraceParent);
  headers.traceState = want(interest, traceStateName, TraceSlot.TraceState);
  headers.baggage = want(interest, baggageName, TraceSlot.Baggage);
  headers.b3 = want(interest, b3Name, TraceSlot.B3);
  headers.b3TraceId = want(interest, b3TraceIdName, TraceSlot.B3TraceId);
  headers.b3SpanId = want(interest, b3SpanIdName, TraceSlot.B3SpanId);
  headers.b3ParentSpanId = want(interest, b3ParentSpanIdName, TraceSlot.B3ParentSpanId);
  headers.b3Sampled = want(interest, b3SampledName, TraceSlot.B3Sampled);
  headers.b3Flags = want(interest, b3FlagsName, TraceSlot.B3Flags);
  headers.uberTraceId = want(interest, uberTraceIdName, TraceSlot.UberTraceId);
  return complete ? headers : none<TraceHeaders>();
}

/** And in what spans tell of a request; false without memory. */
export function wantRequestLine(headers: TraceHeaders, interest: Interest): bool {
  complete = true;
  headers.method = want(interest, methodName, Slot.Method);
  headers.path = want(interest, pathName, Slot.Path);
  headers.host = want(interest, authorityName, Slot.Host);
  headers.scheme = want(interest, protoName, Slot.Scheme);
  headers.userAgent = want(interest, userAgentName, TraceSlot.UserAgent);
  return complete;
}

function want(interest: Interest, name: Text, slot: i32): i32 {
  const given = wantFixed(interest, name.start, name.length, slot);
  if (given < 0) complete = false;
  return given;
}
