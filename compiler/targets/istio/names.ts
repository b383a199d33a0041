import type { GatewayPlan, HostPlan, ListenerPlan, ServicePlan } from "../../plan/plan.js";

/** The one place where names of Istio's resources, and of what istiod makes of them, are made. */

/** A part of a gateway, such as `shop.orders`: no name in a file has a dot, so no two gateways have the same. */
export function partName({ name }: GatewayPlan, part: string): string {
  return `${name}.${part}`;
}

/** istiod looks for dots in names of gateways. */
export function gatewayName(plan: GatewayPlan, listener: Pick<ListenerPlan, "name">): string {
  return `${plan.name}-${listener.name}`;
}

/**
 * The routes of one host, on some listeners: `shop.any`, `shop.public.all.example.com`.
 * @param on the first of the listeners, where others have other routes
 */
export function routesName(plan: GatewayPlan, { domains }: HostPlan, on: string | undefined): string {
  const [domain = "*"] = domains;
  const host = domain === "*" ? "any" : domain.replace(/^\*/, "all");
  return partName(plan, on === undefined ? host : `${on}.${host}`);
}

/** Where a service is in the mesh. */
export interface MeshService {
  host: string;
  port: number;
  /** The mesh knows it by itself, as a service of the cluster. */
  isOfCluster: boolean;
}

/** A name as `orders.shop.svc`, with or without the domain of the cluster: what istiod knows is the whole. */
const OF_CLUSTER = /^([a-z0-9-]+\.[a-z0-9-]+\.svc)(\.cluster\.local)?$/;

export function meshService({ name: gateway }: GatewayPlan, { name, discovery }: ServicePlan): MeshService {
  const [first] = discovery.endpoints;
  const known = discovery.by === "dns" ? OF_CLUSTER.exec(first?.host ?? "")?.[1] : undefined;
  const port = first?.port ?? 80;
  if (known !== undefined) return { host: `${known}.cluster.local`, port, isOfCluster: true };
  return { host: `${name}.${gateway}.sluice.internal`, port, isOfCluster: false };
}

/** What istiod calls the cluster of a service. */
export function clusterName({ host, port }: MeshService): string {
  return `outbound|${port}||${host}`;
}

/** Header that only the EnvoyFilter writes: without it a request comes to no route. */
export const ANCHOR_HEADER = "x-sluice-anchor";

/** The route of requests that have come past the EnvoyFilter; the guard knows none of this name. */
export const UNANCHORED = "sluice:unanchored";

/** The filter behind the guard that lets nothing pass which the guard has not seen. */
export const GUARDED_FILTER = "sluice.guarded";

/** Istio has filters by the names of Envoy's own, which other resources speak to; those of ours have others. */
export const FILTER_NAMES: Readonly<Record<string, string>> = {
  "envoy.filters.http.cors": "sluice.cors",
  "envoy.filters.http.rbac": "sluice.ip-access",
};

/** Ways to write the name of a header, which all mean the same to Envoy; of what begins with a colon there is one. */
export function spellings(name: string): string[] {
  const capitals = name.startsWith(":") ? [0] : [...name, ""].map((_, index) => index);
  return [...new Set(capitals.map((count) => name.slice(0, count).toUpperCase() + name.slice(count)))];
}
