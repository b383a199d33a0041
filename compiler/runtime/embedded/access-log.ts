import type { Ended } from "./exchange.js";

/**
 * The line of one request, as the access log that is compiled for Envoy has it.
 * @param shadowed whether a policy of the gateway is in shadow
 */
export function accessLogLine({ requestId, method, status, route, notes }: Ended, shadowed: boolean): string {
  return JSON.stringify({
    request_id: requestId ?? null,
    method: method ?? null,
    status,
    route: route ?? null,
    decision: notes.decision ?? null,
    consumer: notes.consumer ?? null,
    ...(shadowed ? { shadow: notes.shadow ?? null } : {}),
  });
}
