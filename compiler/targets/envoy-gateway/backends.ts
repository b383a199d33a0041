import type { JsonObject, ServicePlan } from "../../plan/plan.js";
import { present, type Resource } from "../kubernetes/resource.js";
import { type Cluster, ENVOY_GATEWAY_API } from "./context.js";
import { partName } from "./names.js";
import { isHttp2, isLocal } from "./services.js";
import { backendTls } from "./tls.js";

/** Where services are that are not on the machine itself. */
export function backends(cluster: Cluster): Resource[] {
  const { plan } = cluster;
  return plan.services
    .filter((service) => !isLocal(service))
    .map((service) =>
      cluster.resource(
        { apiVersion: `${ENVOY_GATEWAY_API}/v1alpha1`, kind: "Backend", name: partName(plan, service.name) },
        service.origin,
        present({
          type: "Endpoints",
          endpoints: endpointsOf(service),
          // Of TLS too: it is what makes Envoy Gateway speak HTTP/2 without asking.
          appProtocols: isHttp2(service) ? ["gateway.envoyproxy.io/h2c"] : undefined,
          tls: backendTls(cluster, service),
        }),
      ),
    );
}

function endpointsOf({ discovery }: ServicePlan): JsonObject[] {
  return discovery.endpoints.map(({ host, port }) =>
    discovery.by === "dns" ? { fqdn: { hostname: host.toLowerCase(), port } } : { ip: { address: host, port } },
  );
}
