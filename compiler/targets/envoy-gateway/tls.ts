import type { GatewayPlan, JsonObject, ServicePlan } from "../../plan/plan.js";
import { present, type Resource } from "../kubernetes/resource.js";
import { native, polyfill, refused, type Support } from "../support.js";
import { type Cluster, GATEWAY_API } from "./context.js";
import { authorityConfigMap, clientCertificateSecret, partName } from "./names.js";
import { isHttp2, isLocal, serviceName } from "./services.js";

/** Envoy's own highest is 1.2 towards services. */
export const TLS_VERSIONS = { minVersion: "1.2", maxVersion: "1.3" } as const;

/** Where the file says that the authorities of the web are: the proxies of Envoy Gateway have them there too. */
const SYSTEM_CA = "/etc/ssl/certs/ca-certificates.crt";

/** Whether only some authorities may sign the certificate of a service. */
export function hasOwnAuthority({ tls }: ServicePlan): boolean {
  return tls !== undefined && tls.ca !== SYSTEM_CA;
}

/** How a Backend is known, and what it is shown; undefined without TLS. */
export function backendTls({ plan }: Cluster, service: ServicePlan): JsonObject | undefined {
  const { name, tls, protocol } = service;
  if (tls === undefined) return undefined;
  return present({
    ...authority(plan, service),
    sni: tls.sni,
    clientCertificateRef:
      tls.client === undefined ? undefined : { group: "", kind: "Secret", name: clientCertificateSecret(plan, name) },
    // By itself Envoy offers both versions, and speaks the one that the service chooses.
    alpnProtocols: protocol === "auto" ? undefined : [isHttp2(service) ? "h2" : "http/1.1"],
    ...TLS_VERSIONS,
  });
}

/** The same of Services of the cluster, which say nothing of TLS themselves. */
export function backendTlsPolicies(cluster: Cluster): Resource[] {
  const { plan } = cluster;
  return plan.services.flatMap((service) => {
    const { name, origin, tls } = service;
    if (tls === undefined || !isLocal(service)) return [];
    const head = { apiVersion: `${GATEWAY_API}/v1`, kind: "BackendTLSPolicy", name: partName(plan, name) };
    return [
      cluster.resource(head, origin, {
        targetRefs: [{ group: "", kind: "Service", name: serviceName(name) }],
        validation: { ...authority(plan, service), hostname: tls.sni },
      }),
    ];
  });
}

function authority(plan: GatewayPlan, service: ServicePlan): JsonObject {
  return hasOwnAuthority(service)
    ? { caCertificateRefs: [{ group: "", kind: "ConfigMap", name: authorityConfigMap(plan, service.name) }] }
    : { wellKnownCACertificates: "System" };
}

/** How TLS to a service can be had. */
export function serviceTls(service: ServicePlan, plan: GatewayPlan): Support {
  const { name, tls, protocol } = service;
  const made = [
    ...(hasOwnAuthority(service) ? [`the ConfigMap ${authorityConfigMap(plan, name)}`] : []),
    ...(tls?.client === undefined ? [] : [`the Secret ${clientCertificateSecret(plan, name)}`]),
  ];
  const withMade = made.length === 0 ? "" : ` with ${made.join(" and ")}`;
  if (!isLocal(service))
    return made.length === 0
      ? native("Backend tls")
      : polyfill(
          `Backend tls${withMade}`,
          "the file names files of a machine; in a cluster they are in a ConfigMap and in a Secret, which whoever applies the output makes of them",
        );
  if (tls?.client !== undefined)
    return refused("only a Backend is shown a certificate, and what the file has on its own machine is a Service");
  return polyfill(
    `BackendTLSPolicy${withMade}`,
    protocol === undefined
      ? "what the file has on its own machine is a Service, which chooses the version of HTTP by ALPN"
      : "what the file has on its own machine is a Service, of which a policy of its own says that it has TLS",
  );
}
