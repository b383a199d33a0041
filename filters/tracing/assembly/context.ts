import { Attribute, attribute, Presence } from "../../lib/attributes";
import { Text } from "../../lib/text";
import {
  clearTraceContext,
  MOST_TRACESTATE_BYTES,
  readB3,
  readB3Multi,
  readTraceparent,
  readUberTraceId,
  takeTracestate,
} from "../../lib/trace-context";
import { fieldLength, fieldStart, joinFields } from "../../proxy-wasm/headers";
import { TraceHeaders, traceStateName } from "./headers";

// The context that a caller sent along: of the first form that is there, in the order of the policy. One that is bad, or there twice, is none.

export enum Form {
  W3c = 0,
  B3 = 1,
  B3Multi = 2,
  Jaeger = 3,
}

export const FORMS: i32 = 4;

enum Found {
  Absent = 0,
  Good = 1,
  Bad = 2,
}

// The `tracestate` that goes on.
let stateStart: usize = 0;
let stateLength: i32 = 0;

/** Length of the `tracestate` that goes on; 0 for none. */
export function traceStateLength(): i32 {
  return stateLength;
}

export function traceStateStart(): usize {
  return stateStart;
}

/**
 * Reads what the caller of the request at hand sent, for `lib/trace-context`. False if that is no context, which restarts the trace.
 *
 * @param order forms, the first in the lowest byte
 */
export function readCallersContext(order: u32, headers: TraceHeaders): bool {
  clearTraceContext();
  stateLength = 0;
  for (let i = 0; i < FORMS; i++) {
    const form = <i32>((order >> (i << 3)) & 0xff);
    const found = form === Form.B3Multi ? readMany(headers) : readOne(form, headers);
    if (found === Found.Absent) continue;
    if (found === Found.Good && form === Form.W3c) readTraceState(attribute(headers.traceState));
    return found === Found.Good;
  }
  return true;
}

function readOne(form: i32, headers: TraceHeaders): Found {
  const slot = form === Form.W3c ? headers.traceParent : form === Form.B3 ? headers.b3 : headers.uberTraceId;
  const header = attribute(slot);
  if (header.presence === Presence.Absent) return Found.Absent;
  if (header.presence !== Presence.Present) return Found.Bad;
  let good = false;
  if (form === Form.W3c) good = readTraceparent(header.start, header.length);
  else if (form === Form.B3) good = readB3(header.start, header.length);
  else good = readUberTraceId(header.start, header.length);
  return good ? Found.Good : Found.Bad;
}

function readMany(headers: TraceHeaders): Found {
  const traceId = attribute(headers.b3TraceId);
  const spanId = attribute(headers.b3SpanId);
  const sampled = attribute(headers.b3Sampled);
  const flags = attribute(headers.b3Flags);
  const presence = traceId.presence | spanId.presence | sampled.presence | flags.presence;
  if (presence === Presence.Absent) return Found.Absent;
  if ((presence & Presence.Ambiguous) !== 0) return Found.Bad;
  const good = readB3Multi(
    traceId.start,
    lengthOf(traceId),
    spanId.start,
    lengthOf(spanId),
    sampled.start,
    lengthOf(sampled),
    flags.start,
    lengthOf(flags),
  );
  return good ? Found.Good : Found.Bad;
}

function lengthOf(header: Attribute): i32 {
  return header.presence === Presence.Present ? header.length : -1;
}

function readTraceState(header: Attribute): void {
  if (!readList(header, traceStateName, MOST_LIST_BYTES)) return;
  if (!takeTracestate(listStart, listLength)) return;
  stateStart = listStart;
  stateLength = listLength;
}

// White space around members does not count among the bytes of a `tracestate`, so more are looked at.
const MOST_LIST_BYTES: i32 = 4 * MOST_TRACESTATE_BYTES;

// ---- headers that are lists: several of them are one, joined by commas

let listStart: usize = 0;
let listLength: i32 = 0;

/** The whole list, of one field or of several; false if it is not there, or longer than `most` bytes. See `listFound`. */
export function readList(header: Attribute, name: Text, most: i32): bool {
  listStart = header.start;
  listLength = header.length;
  if (header.presence === Presence.Present) return listLength <= most;
  if (header.presence !== Presence.Ambiguous || !joinFields(name, most)) return false;
  listStart = fieldStart();
  listLength = fieldLength();
  return true;
}

export function listFound(): usize {
  return listStart;
}

export function listFoundLength(): i32 {
  return listLength;
}
