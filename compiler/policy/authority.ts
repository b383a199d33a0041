import type { Gateway } from "./gateway.js";

const DEFAULT_PORTS = { http: 80, https: 443 } as const;

/** The `Host` that a module asks a service for. One with a name of its own is asked for that: a service of many customers knows itself by it. */
export function authorityOf(service: string, services: Gateway["services"]): string {
  const known = Object.hasOwn(services, service) ? services[service] : undefined;
  const { host, port } = known?.dns ?? known?.versions?.[known.active ?? ""]?.dns ?? {};
  if (known === undefined || host === undefined) return service;
  return port === DEFAULT_PORTS[known.tls === undefined ? "http" : "https"] ? host : `${host}:${port}`;
}
