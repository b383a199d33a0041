import type { GatewayPlan, JsonObject, ServicePlan } from "../../plan/plan.js";
import type { Resource } from "../kubernetes/resource.js";
import { type Cluster, ENVOY_GATEWAY_API } from "./context.js";
import { partName } from "./names.js";

/**
 * Whether a service is on the machine that the file was written for. In a cluster that is nowhere: Envoy Gateway takes no such
 * address, and the requests go to the Service of the name.
 */
export function isLocal({ discovery }: ServicePlan): boolean {
  return discovery.by === "static" && discovery.endpoints.every(({ host }) => isLoopback(host));
}

export function isLoopback(host: string): boolean {
  return host === "::1" || /^127(\.\d+){3}$/.test(host);
}

export function serviceOf({ services }: GatewayPlan, name: string): ServicePlan {
  const found = services.find((service) => service.name === name);
  if (found === undefined) throw new RangeError(`the plan has no service ${name}`);
  return found;
}

/** How a rule refers to a service. */
export function backendRef(cluster: Cluster, name: string): JsonObject {
  const { plan } = cluster;
  const service = serviceOf(plan, name);
  if (!isLocal(service)) return { group: ENVOY_GATEWAY_API, kind: "Backend", name: partName(plan, name) };
  return { group: "", kind: "Service", name: serviceName(name), port: service.discovery.endpoints[0]?.port ?? 80 };
}

/** Of the Service in the cluster: as the file calls it. */
export function serviceName(name: string): string {
  return name.replaceAll(".", "-");
}

/** What a Backend takes for an address: the form that its definition has. */
export const IP_ADDRESS =
  /^((25[0-5]|2[0-4][0-9]|[01]?[0-9][0-9]?)\.){3}(25[0-5]|2[0-4][0-9]|[01]?[0-9][0-9]?)$|^(([0-9a-fA-F]{1,4}:){1,7}[0-9a-fA-F]{1,4}|::|(([0-9a-fA-F]{1,4}:){0,5})?(:[0-9a-fA-F]{1,4}){1,2})$/;

/** Envoy's own highest is 1.2 towards services. */
export const TLS_VERSIONS = { minVersion: "1.2", maxVersion: "1.3" } as const;

/** Where the file says that the authorities of the web are: the proxies of Envoy Gateway have them there too. */
export const SYSTEM_CA = "/etc/ssl/certs/ca-certificates.crt";

/** Where services are that are not on the machine itself. */
export function backends(cluster: Cluster): Resource[] {
  const { plan } = cluster;
  return plan.services
    .filter((service) => !isLocal(service))
    .map((service) =>
      cluster.resource(
        { apiVersion: `${ENVOY_GATEWAY_API}/v1alpha1`, kind: "Backend", name: partName(plan, service.name) },
        service.origin,
        {
          type: "Endpoints",
          endpoints: endpointsOf(service),
          ...(service.protocol === "http2" ? { appProtocols: ["gateway.envoyproxy.io/h2c"] } : {}),
          ...(service.tls === undefined
            ? {}
            : { tls: { wellKnownCACertificates: "System", sni: service.tls.sni, ...TLS_VERSIONS } }),
        },
      ),
    );
}

function endpointsOf({ discovery }: ServicePlan): JsonObject[] {
  return discovery.endpoints.map(({ host, port }) =>
    discovery.by === "dns" ? { fqdn: { hostname: host, port } } : { ip: { address: host, port } },
  );
}
