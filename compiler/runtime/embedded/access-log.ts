import type { Notes } from "../../embedded/passage.js";

export interface LoggedRequest {
  requestId: string | undefined;
  method: string;
  /** 0 if the client left before there was an answer. */
  status: number;
  route: string | undefined;
  notes: Notes;
}

/**
 * The line of one request, as the access log that is compiled for Envoy has it.
 * @param shadowed whether a policy of the gateway is in shadow
 */
export function accessLogLine({ requestId, method, status, route, notes }: LoggedRequest, shadowed: boolean): string {
  return JSON.stringify({
    request_id: requestId ?? null,
    method,
    status,
    route: route ?? null,
    decision: notes.decision ?? null,
    consumer: notes.consumer ?? null,
    ...(shadowed ? { shadow: notes.shadow ?? null } : {}),
  });
}
