import type { GatewayPlan, ListenerPlan } from "../plan/plan.js";
import type { Span } from "../traces/span.js";
import type { SentRequest } from "./client.js";
import type { Exchange } from "./exchange.js";

/** A value, or a promise of it: the embedded host answers at once, an Envoy does not. */
type Soon<Value> = Value | Promise<Value>;

/** A gateway that one case alone calls, on whatever engine. */
export interface TestedGateway {
  /** The one that the requests come to. */
  readonly listener: ListenerPlan;
  /** Milliseconds since 1970. */
  readonly time: number;
  /** Nothing happens for some milliseconds. */
  wait(milliseconds: number): Soon<void>;
  /** What the policies have counted so far, by `policy.outcome`; what never happened may be absent. */
  counters(): Soon<ReadonlyMap<string, number>>;
  /** Sends a request, and ends it. */
  send(sent: SentRequest): Soon<Exchange>;
  /** All spans that collectors have taken since the last call, those included that are still on their way. */
  spans(): Soon<readonly Span[]>;
}

/** The listener of a case: the one that it names, or the first. */
export function listenerOf({ listeners }: GatewayPlan, name: string | undefined): ListenerPlan | undefined {
  return name === undefined ? listeners[0] : listeners.find((listener) => listener.name === name);
}

/** Counters of policies by `policy.outcome`, out of metrics by the names that the modules give them: `sluice.<kind>.<policy>.<outcome>`. */
export function policyCounters(metrics: Iterable<readonly [string, number | bigint]>): ReadonlyMap<string, number> {
  const counters = new Map<string, number>();
  for (const [name, value] of metrics) {
    const counted = /^sluice\.[^.]+\.([^.]+\.[^.]+)$/.exec(name)?.[1];
    if (counted !== undefined) counters.set(counted, Number(value));
  }
  return counters;
}
