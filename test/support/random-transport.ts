// TLS and versions of HTTP, and access logs, as policies have them. They follow from what a listener or service has been given already, so
// that a seed stands for the same policy otherwise as without them. What runs the policies on this machine leaves them out.

const pair = { certificate: "mounted:/etc/tls/tls.crt", key: "mounted:/etc/tls/tls.key" };
const ca = "mounted:/etc/tls/ca.crt";

const OF_LISTENERS = [
  { accessLog: { to: "stdout", when: "response.status >= 500", sample: "50%" } },
  { tls: pair },
  { protocols: ["http1", "http2", "http3"], http3Port: 443, tls: pair },
  { protocols: ["http1"] },
  { protocols: ["http2"], tls: { ...pair, clientCertificate: { ca } } },
  {},
  { tls: { certificates: [pair, { certificate: "mounted:/etc/tls/other.crt", key: "mounted:/etc/tls/other.key" }] } },
  { protocols: ["http1", "http2"], tls: { ...pair, clientCertificate: { ca, required: false } } },
] as const;

const OF_SERVICES = [
  {},
  { protocol: "http1" },
  { protocol: "http2" },
  { protocol: "grpc" },
  { protocol: "auto", tls: { sni: "alpha.internal" } },
  { protocol: "http2", tls: { sni: "alpha.internal", ca } },
  { tls: { sni: "alpha.internal", ...pair } },
  { eds: "mounted:/var/lib/discovery/alpha.yaml" },
] as const;

const NAMES = [
  "beta.internal:8080",
  { name: "beta.internal:8080", addresses: "all", refresh: "20s" },
  { name: "beta.internal:8080", addresses: "first" },
] as const;

const VERSIONS = [
  { one: { dns: NAMES[0] }, two: { endpoints: ["127.0.0.1:9001"] } },
  { one: { dns: NAMES[1] }, two: { eds: "mounted:/var/lib/discovery/beta.json" } },
  { one: { dns: NAMES[2] }, two: { zones: { "eu-1a": ["127.0.0.1:9001"] } } },
] as const;

/** A listener with what it may have beside its address. */
export function withListenerTransport(listener: Readonly<Record<string, unknown>>) {
  return { ...listener, ...chosen(OF_LISTENERS, listener) };
}

/** A service at fixed addresses with what it may have beside them; with TLS always a name. */
export function withServiceTransport(service: Readonly<Record<string, unknown>>, beside: unknown) {
  const transport: Readonly<Record<string, unknown>> = chosen(OF_SERVICES, beside) ?? {};
  const { endpoints, ...rest } = service;
  const where = "eds" in transport ? {} : { endpoints };
  return { ...rest, ...where, ...transport, ...(speaksHttp2(transport) ? byGrpc(service.health) : {}) };
}

/** A service that has a name, with how it is resolved. */
export function withName(service: Readonly<Record<string, unknown>>) {
  if ("dns" in service) return { ...service, dns: chosen(NAMES, service) };
  const versions = "versions" in service ? chosen(VERSIONS, service) : undefined;
  return versions === undefined ? service : { ...service, versions };
}

function speaksHttp2({ protocol }: Readonly<Record<string, unknown>>): boolean {
  return protocol === "http2" || protocol === "grpc";
}

/** A check by TCP is one by gRPC where that can be spoken. */
function byGrpc(health: unknown) {
  if (typeof health !== "object" || health === null || !("tcp" in health)) return {};
  const { tcp: _, ...rest } = health;
  return { health: { ...rest, grpc: "interval" in rest ? { service: "alpha" } : {} } };
}

function chosen<T>(all: readonly T[], by: unknown): T | undefined {
  const sum = [...JSON.stringify(by)].reduce((before, letter) => (before * 31 + letter.charCodeAt(0)) % 65_521, 7);
  return all[sum % all.length];
}
