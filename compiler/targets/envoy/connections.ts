import type { ServiceResilience } from "../../plan/resilience.js";

/** Probes over connections to a service. What else is said of them stands with the version of HTTP. */
export function keepalive({ connections = {} }: ServiceResilience) {
  const { keepalive } = connections;
  if (keepalive === undefined) return {};
  const { idleSeconds, intervalSeconds, probes } = keepalive;
  const tcpKeepalive = {
    ...(probes === undefined ? {} : { keepaliveProbes: probes }),
    ...(idleSeconds === undefined ? {} : { keepaliveTime: idleSeconds }),
    ...(intervalSeconds === undefined ? {} : { keepaliveInterval: intervalSeconds }),
  };
  return { upstreamConnectionOptions: { tcpKeepalive } };
}
