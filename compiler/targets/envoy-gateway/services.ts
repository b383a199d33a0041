import type { GatewayPlan, JsonObject, ServicePlan } from "../../plan/plan.js";
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

/** And for a name: the form that its definition has, of two parts at least. */
export const HOSTNAME = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)+\.?$/i;

/** Whether a service is asked by HTTP/2 whatever it says of itself. */
export function isHttp2({ protocol }: ServicePlan): boolean {
  return protocol === "http2" || protocol === "grpc";
}
