import { compose, composed, composedLength, composedStart, put, putLiteral, putText, Text } from "../lib/text";
import { proxy_define_metric, proxy_increment_metric, proxy_record_metric } from "./abi";
import { resultCell, resultNumber } from "./memory";
import { MetricType, Status } from "./status";

/** The counters of one policy, by the host's numbers. Embedded in the record of a policy. */
@unmanaged
export class Counters {
  allowed: u32 = 0;
  denied: u32 = 0;
  error: u32 = 0;
  /** Requests that a policy in shadow would have denied; defined for such a policy only. */
  shadow: u32 = 0;
}

function defineCounter(kind: string, policy: Text, outcome: string): bool {
  composeName(kind, policy, outcome);
  return define();
}

function composeName(kind: string, policy: Text, outcome: string): void {
  compose(128);
  putLiteral("sluice.");
  putLiteral(kind);
  putLiteral(".");
  putText(policy);
  putLiteral(".");
  putLiteral(outcome);
}

/** Defines a counter, or a metric of another type, of the name that was composed; its number is the result. */
function define(type: MetricType = MetricType.Counter): bool {
  if (!composed()) return false;
  const status = proxy_define_metric(type, composedStart(), composedLength(), resultCell(0));
  return status === Status.Ok;
}

/** Defines `sluice.<kind>.<policy>.{allowed,denied,error}`; false if the host refuses. */
export function defineCounters(counters: Counters, kind: string, policy: Text): bool {
  if (!defineCounter(kind, policy, "allowed")) return false;
  counters.allowed = <u32>resultNumber(0);
  if (!defineCounter(kind, policy, "denied")) return false;
  counters.denied = <u32>resultNumber(0);
  if (!defineCounter(kind, policy, "error")) return false;
  counters.error = <u32>resultNumber(0);
  return true;
}

/** Defines `sluice.<kind>.<policy>.shadow`; false if the host refuses. */
export function defineShadowCounter(counters: Counters, kind: string, policy: Text): bool {
  if (!defineCounter(kind, policy, "shadow")) return false;
  counters.shadow = <u32>resultNumber(0);
  return true;
}

/** Defines `sluice.<kind>.<policy>.<outcome>`: its number, or NO_COUNTER if the host refuses. */
export function newCounter(kind: string, policy: Text, outcome: string): u32 {
  return defineCounter(kind, policy, outcome) ? <u32>resultNumber(0) : NO_COUNTER;
}

/** Defines the gauge `sluice.<kind>.<policy>.<what>`, which is counted up and down by `countMany`: its number, or NO_COUNTER if the host refuses. */
export function newGauge(kind: string, policy: Text, what: string): u32 {
  composeName(kind, policy, what);
  return define(MetricType.Gauge) ? <u32>resultNumber(0) : NO_COUNTER;
}

/**
 * Defines `sluice_denials.<policy>.<reason>.<route>`, both of the first from a first byte to the one before another, and without the route if it has no
 * length: its number, or NO_COUNTER if the host refuses.
 */
export function newReasonCounter(
  policy: usize,
  policyEnd: usize,
  reason: usize,
  reasonEnd: usize,
  route: usize,
  routeLength: i32,
): u32 {
  compose(160 + routeLength);
  putLiteral("sluice_denials.");
  put(policy, <i32>(policyEnd - policy));
  putLiteral(".");
  put(reason, <i32>(reasonEnd - reason));
  if (routeLength > 0) {
    putLiteral(".");
    put(route, routeLength);
  }
  return define() ? <u32>resultNumber(0) : NO_COUNTER;
}

/** Defines `sluice_consumers.<consumer>.<outcome>`: its number, or NO_COUNTER if the host refuses. */
export function newConsumerCounter(consumer: usize, consumerLength: i32, outcome: string): u32 {
  compose(300);
  putLiteral("sluice_consumers.");
  put(consumer, consumerLength);
  putLiteral(".");
  putLiteral(outcome);
  return define() ? <u32>resultNumber(0) : NO_COUNTER;
}

/** Defines `sluice_key_sets.<policy>.<outcome>`: its number, or NO_COUNTER if the host refuses. */
export function newKeyCounter(policy: Text, outcome: string): u32 {
  compose(128);
  putLiteral("sluice_key_sets.");
  putText(policy);
  putLiteral(".");
  putLiteral(outcome);
  return define() ? <u32>resultNumber(0) : NO_COUNTER;
}

/** Defines a gauge `<name>.<policy>`: its number, or NO_COUNTER if the host refuses. */
export function newKeyGauge(name: string, policy: Text): u32 {
  compose(128);
  putLiteral(name);
  putLiteral(".");
  putText(policy);
  return define(MetricType.Gauge) ? <u32>resultNumber(0) : NO_COUNTER;
}

/** Sets a gauge. */
export function record(gauge: u32, value: i64): bool {
  return proxy_record_metric(gauge, <u64>value) === Status.Ok;
}

/** No number that a host gives. */
export const NO_COUNTER: u32 = u32.MAX_VALUE;

/** Adds more than one, or nothing; to a gauge also less than nothing. */
export function countMany(counter: u32, times: i32): bool {
  return times === 0 || proxy_increment_metric(counter, <i64>times) === Status.Ok;
}

/** Adds one to a counter. A host that refuses loses a count, never a request. */
export function count(counter: u32): bool {
  return proxy_increment_metric(counter, 1) === Status.Ok;
}
