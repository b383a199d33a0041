import type { Connections } from "../policy/connections.js";

/** How connections to a service are kept; what is absent is left to the target. */
export interface ConnectionPlan {
  requestsEach?: number;
  idleMs?: number;
  keepalive?: { idleSeconds?: number; intervalSeconds?: number; probes?: number };
}

export function planConnections({ maxRequestsPerConnection, idleTimeout, tcpKeepalive }: Connections): ConnectionPlan {
  return {
    ...(maxRequestsPerConnection === undefined ? {} : { requestsEach: maxRequestsPerConnection }),
    ...(idleTimeout === undefined ? {} : { idleMs: idleTimeout }),
    ...(tcpKeepalive === undefined ? {} : { keepalive: planKeepalive(tcpKeepalive) }),
  };
}

function planKeepalive({ idle, interval, probes }: NonNullable<Connections["tcpKeepalive"]>) {
  return {
    ...(idle === undefined ? {} : { idleSeconds: idle / 1_000 }),
    ...(interval === undefined ? {} : { intervalSeconds: interval / 1_000 }),
    ...(probes === undefined ? {} : { probes }),
  };
}
