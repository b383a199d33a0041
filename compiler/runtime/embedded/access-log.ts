import { hasOperations } from "../../plan/body.js";
import type { GatewayPlan } from "../../plan/plan.js";
import { tracerOf } from "../../plan/tracing.js";
import type { Ended } from "./exchange.js";

/** Which of its members a line has, beside those that each line has. */
export interface LineMembers {
  /** Whether a policy of the gateway is in shadow. */
  shadowed: boolean;
  /** Whether something is converted. */
  converts: boolean;
  /** Whether something is traced. */
  traces: boolean;
}

export function membersOf({ policies, hosts }: GatewayPlan): LineMembers {
  return {
    shadowed: policies.some((policy) => policy.mode?.is === "shadow"),
    converts: hasOperations(hosts),
    traces: tracerOf(policies) !== undefined,
  };
}

/** The line of one request, as the access log that is compiled for Envoy has it. */
export function accessLogLine(
  { requestId, method, status, route, operation, notes }: Ended,
  { shadowed, converts, traces }: LineMembers,
): string {
  return JSON.stringify({
    request_id: requestId ?? null,
    method: method ?? null,
    status,
    route: route ?? null,
    decision: notes.decision ?? null,
    consumer: notes.consumer ?? null,
    ...(shadowed ? { shadow: notes.shadow ?? null } : {}),
    ...(traces ? { trace_id: notes.trace ?? null } : {}),
    ...(converts ? { operation: operation ?? null } : {}),
  });
}
