import type { Json, JsonObject, ServicePlan } from "../../plan/plan.js";
import type { BreakerPlan, OutlierPlan } from "../../plan/resilience.js";
import { present, type Resource } from "../kubernetes/resource.js";
import { durationText, type Mesh } from "./context.js";
import { consistentHash } from "./hashing.js";
import { partName } from "./names.js";

/** Services that the mesh does not know by itself. Nobody else sees them. */
export function serviceEntries(mesh: Mesh): Resource[] {
  return mesh.plan.services.flatMap((service) => {
    const { host, port, isOfCluster } = mesh.service(service.name);
    if (isOfCluster) return [];
    const head = {
      apiVersion: "networking.istio.io/v1",
      kind: "ServiceEntry",
      name: partName(mesh.plan, service.name),
    };
    const spec = {
      hosts: [host],
      exportTo: ["."],
      location: "MESH_EXTERNAL",
      ports: [{ number: port, name: PORT, protocol: protocolOf(service) }],
      ...discoveryOf(service),
    };
    return [mesh.resource(head, service.origin, spec)];
  });
}

const PORT = "http";

const PROTOCOLS = { http2: "HTTP2", grpc: "GRPC", auto: "HTTP" } as const;

function protocolOf({ protocol }: ServicePlan): string {
  return protocol === undefined ? "HTTP" : PROTOCOLS[protocol];
}

function discoveryOf({ discovery }: ServicePlan): JsonObject {
  switch (discovery.by) {
    case "dns":
      return {
        resolution: discovery.addresses === "first" ? "DNS_ROUND_ROBIN" : "DNS",
        endpoints: discovery.endpoints.map(({ host }): Json => ({ address: host })),
      };
    case "static":
    case "eds":
      return {
        resolution: "STATIC",
        endpoints: discovery.endpoints.map(({ host, port }): Json => ({ address: host, ports: { [PORT]: port } })),
      };
  }
}

/** How services are asked. What the file does not say is as in Envoy by itself: istiod has other defaults. */
export function destinationRules(mesh: Mesh): Resource[] {
  return mesh.plan.services.map((service) => {
    const { host } = mesh.service(service.name);
    const head = {
      apiVersion: "networking.istio.io/v1",
      kind: "DestinationRule",
      name: partName(mesh.plan, service.name),
    };
    const spec: JsonObject = {
      host,
      exportTo: ["."],
      trafficPolicy: present({
        loadBalancer: balancer(service, mesh),
        connectionPool: connectionPool(service),
        retryBudget: retryBudget(service.breakers?.retries),
        outlierDetection: service.outliers === undefined ? undefined : outliers(service.outliers, service),
        tls: tls(service, mesh),
      }),
    };
    return mesh.resource(head, service.origin, spec);
  });
}

const SIMPLE = { roundRobin: "ROUND_ROBIN", leastRequest: "LEAST_REQUEST", random: "RANDOM" } as const;

function balancer(service: ServicePlan, mesh: Mesh): JsonObject {
  const { loadBalancing = "roundRobin", slowStartMs } = service;
  if (loadBalancing === "ringHash" || loadBalancing === "maglev")
    return { consistentHash: { ...consistentHash(mesh.plan, service), [loadBalancing]: {} } };
  return present({
    simple: SIMPLE[loadBalancing],
    warmup: slowStartMs === undefined ? undefined : { duration: durationText(slowStartMs) },
  });
}

/** Envoy's own limits; those of istiod are the largest numbers there are. */
const LIMITS = { connections: 1_024, pending: 1_024, requests: 1_024, retries: 3 } as const;

function connectionPool({ breakers = {}, connectTimeoutMs, connections = {} }: ServicePlan): JsonObject {
  const { requestsEach, idleMs, keepalive } = connections;
  const { retries } = breakers;
  return {
    tcp: present({
      maxConnections: breakers.connections ?? LIMITS.connections,
      connectTimeout: durationText(connectTimeoutMs),
      tcpKeepalive:
        keepalive === undefined
          ? undefined
          : present({
              probes: keepalive.probes,
              time: secondsText(keepalive.idleSeconds),
              interval: secondsText(keepalive.intervalSeconds),
            }),
    }),
    http: present({
      http1MaxPendingRequests: breakers.pending ?? LIMITS.pending,
      http2MaxRequests: breakers.requests ?? LIMITS.requests,
      maxRetries: retries !== undefined && "most" in retries ? retries.most : LIMITS.retries,
      maxRequestsPerConnection: requestsEach,
      idleTimeout: idleMs === undefined ? undefined : durationText(idleMs),
    }),
  };
}

function secondsText(seconds: number | undefined): string | undefined {
  return seconds === undefined ? undefined : durationText(seconds * 1_000);
}

/** As many retries as Envoy lets pass whatever their share of few requests is. */
const LEAST_RETRIES = 3;

function retryBudget(retries: BreakerPlan["retries"]): JsonObject | undefined {
  if (retries === undefined || "most" in retries) return undefined;
  return { percent: retries.budgetPercent, minRetryConcurrency: LEAST_RETRIES };
}

/** Of the healthy ones; when there are fewer Envoy asks all. istiod would never, where it is not told. */
const PANIC_PERCENT = 50;

function outliers(plan: OutlierPlan, { panicPercent = PANIC_PERCENT }: ServicePlan): JsonObject {
  const { consecutive5xx = 0, consecutiveGatewayErrors = 0, intervalMs, ejectionMs, maxEjectedPercent } = plan;
  return {
    consecutive5xxErrors: consecutive5xx,
    consecutiveGatewayErrors,
    interval: durationText(intervalMs),
    baseEjectionTime: durationText(ejectionMs),
    maxEjectionPercent: maxEjectedPercent,
    minHealthPercent: panicPercent,
  };
}

/** A service of the cluster is asked as the mesh asks it, if the file says nothing of TLS. */
function tls({ name, tls }: ServicePlan, mesh: Mesh): JsonObject | undefined {
  if (tls === undefined) return mesh.service(name).isOfCluster ? undefined : { mode: "DISABLE" };
  const known = { sni: tls.sni, subjectAltNames: [tls.sni], caCertificates: tls.ca };
  if (tls.client === undefined) return { mode: "SIMPLE", ...known };
  return { mode: "MUTUAL", ...known, clientCertificate: tls.client.certificate, privateKey: tls.client.key };
}
