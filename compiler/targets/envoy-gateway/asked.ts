import type { GatewayPlan, JsonObject } from "../../plan/plan.js";
import type { Resource } from "../kubernetes/resource.js";
import { type Cluster, GATEWAY_API } from "./context.js";
import { askedRouteName, envoyClusterName, partName } from "./names.js";
import { backendRef, serviceName, serviceOf } from "./services.js";

// Envoy Gateway makes clusters of what routes lead to, and of nothing else. So services that the guard asks by itself have a route that no
// request ever takes; were it taken, the guard would refuse the request, as it does not know the route.

/** Services that the guard asks: collectors of spans, those that publish keys, and those that know tokens. */
export function askedServices({ policies }: GatewayPlan): string[] {
  const names = policies.flatMap(({ collector, fetches, introspection }) =>
    [collector, fetches, introspection].flatMap((one) => (one === undefined ? [] : [one.service])),
  );
  return [...new Set(names)].toSorted();
}

/** Envoy's name of the cluster of each. */
export function askedClusters({ plan, namespace }: Cluster): [string, string][] {
  return askedServices(plan).map((name, position) => [
    name,
    envoyClusterName(namespace, askedRouteName(plan), position),
  ]);
}

/** The most of them: rules of one HTTPRoute. */
export const MOST_ASKED = 16;

/** A host that nobody has (RFC 6761 section 6.4), and an expression that no text fits: it begins behind its first character. */
const NOBODY = "asked.sluice.invalid";
const NOTHING = "/^";

export function askedRoute(cluster: Cluster): Resource[] {
  const { plan, origins } = cluster;
  const names = askedServices(plan);
  if (names.length === 0) return [];
  const head = { apiVersion: `${GATEWAY_API}/v1`, kind: "HTTPRoute", name: askedRouteName(plan) };
  return [
    cluster.resource(head, plan.origin, {
      parentRefs: [{ group: GATEWAY_API, kind: "Gateway", name: partName(plan) }],
      hostnames: [NOBODY],
      rules: names.map(
        (name): JsonObject =>
          origins.from(serviceOf(plan, name).origin, {
            name: serviceName(name),
            matches: [{ path: { type: "RegularExpression", value: NOTHING } }],
            backendRefs: [backendRef(cluster, name)],
          }),
      ),
    }),
  ];
}
