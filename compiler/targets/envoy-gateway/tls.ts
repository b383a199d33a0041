import { readsIn } from "../../expression/lower.js";
import type { GatewayPlan, JsonObject, ListenerPlan, PolicyPlan, ServicePlan } from "../../plan/plan.js";
import { SYSTEM_CA } from "../../policy/transport.js";
import { present, type Resource } from "../kubernetes/resource.js";
import { native, polyfill, refused, type Support } from "../support.js";
import { type Cluster, GATEWAY_API } from "./context.js";
import { authorityConfigMap, clientCertificateSecret, clientsConfigMap, partName } from "./names.js";
import { isHttp2, isLocal, serviceName } from "./services.js";

/** What the target `envoy` speaks, whatever Envoy Gateway speaks by itself. */
const TLS_VERSIONS = { minVersion: "1.2", maxVersion: "1.3" } as const;

/** Whether only some authorities may sign the certificate of a service. Those of the web are where the file says in the proxies of Envoy Gateway, too. */
export function hasOwnAuthority({ tls }: ServicePlan): boolean {
  return tls !== undefined && tls.ca !== SYSTEM_CA;
}

/** What clients are asked for; undefined without TLS. */
export function listenerTls(plan: GatewayPlan, { name, tls }: ListenerPlan): JsonObject | undefined {
  if (tls === undefined) return undefined;
  const { clientCertificate: clients } = tls;
  return present({
    ...TLS_VERSIONS,
    alpnProtocols: ["h2", "http/1.1"],
    clientValidation:
      clients === undefined
        ? undefined
        : {
            mode: clients.required ? "RequireAndVerify" : "VerifyIfGiven",
            caCertificateRefs: [configMap(clientsConfigMap(plan, name))],
          },
  });
}

/** How certificates of clients can be had: where no policy looks at the name in one. */
export function clientCertificates({ name }: ListenerPlan, plan: GatewayPlan): Support {
  return plan.policies.some(looksAtNames)
    ? refused(NAMES_UNTOLD)
    : polyfill(
        `ClientTrafficPolicy tls.clientValidation with the ConfigMap ${clientsConfigMap(plan, name)}`,
        OF_A_MACHINE,
      );
}

export const NAMES_UNTOLD =
  "nothing tells the guard whether the name that Envoy gives it is the only one in the certificate";

/** By its callers, or by what it writes or decides. */
function looksAtNames({ knowsByCertificate, config, when }: PolicyPlan): boolean {
  const isName = (attribute: string) => attribute === "source.principal";
  return knowsByCertificate === true || readsIn([config, when?.predicate ?? null], isName);
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
    ? { caCertificateRefs: [configMap(authorityConfigMap(plan, service.name))] }
    : { wellKnownCACertificates: "System" };
}

function configMap(name: string): JsonObject {
  return { group: "", kind: "ConfigMap", name };
}

const OF_A_MACHINE =
  "the file names files of a machine; in a cluster they are in ConfigMaps and Secrets, which whoever applies the output makes of them";

/** How TLS to a service can be had. */
export function serviceTls(service: ServicePlan, plan: GatewayPlan): Support {
  const { name, tls, protocol } = service;
  const made = [
    ...(hasOwnAuthority(service) ? [`the ConfigMap ${authorityConfigMap(plan, name)}`] : []),
    ...(tls?.client === undefined ? [] : [`the Secret ${clientCertificateSecret(plan, name)}`]),
  ];
  const withMade = made.length === 0 ? "" : ` with ${made.join(" and ")}`;
  if (!isLocal(service))
    return made.length === 0 ? native("Backend tls") : polyfill(`Backend tls${withMade}`, OF_A_MACHINE);
  if (tls?.client !== undefined)
    return refused("only a Backend is shown a certificate, and what the file has on its own machine is a Service");
  return polyfill(
    `BackendTLSPolicy${withMade}`,
    protocol === undefined
      ? "what the file has on its own machine is a Service, which chooses the version of HTTP by ALPN"
      : "what the file has on its own machine is a Service, of which a policy of its own says that it has TLS",
  );
}
