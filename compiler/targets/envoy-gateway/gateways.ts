import { guardVariables } from "../../plan/guard.js";
import type { JsonObject, ListenerPlan } from "../../plan/plan.js";
import { present, type Resource } from "../kubernetes/resource.js";
import { type Cluster, deploymentOf, ENVOY_GATEWAY_API, GATEWAY_API } from "./context.js";
import { accessLog } from "./logs.js";
import { certificateSecret, environmentSecret, partName } from "./names.js";
import { listenerTls } from "./tls.js";

const CONTROLLER = "gateway.envoyproxy.io/gatewayclass-controller";

/** Bytes that Envoy holds for one connection before it stops reading, and so on: what the target Envoy has too. */
const BUFFER = "1Mi";
const HTTP2 = { maxConcurrentStreams: 100, initialStreamWindowSize: "64Ki", initialConnectionWindowSize: "1Mi" };
const TIMEOUTS = {
  tcp: { tlsHandshakeTimeout: "10s" },
  http: {
    requestReceivedTimeout: "5m",
    requestHeadersReceivedTimeout: "10s",
    idleTimeout: "5m",
    streamIdleTimeout: "5m",
  },
};

/** How proxies are run, and what is common to all of their listeners. */
export function gatewayResources(cluster: Cluster): Resource[] {
  const { plan } = cluster;
  return [
    gatewayClass(cluster),
    envoyProxy(cluster),
    gateway(cluster),
    ...plan.listeners.map((one) => clients(cluster, one)),
  ];
}

/** The only one that is in no namespace. */
function gatewayClass(cluster: Cluster): Resource {
  const { plan } = cluster;
  const made = cluster.resource(
    { apiVersion: `${GATEWAY_API}/v1`, kind: "GatewayClass", name: deploymentOf(plan).gatewayClass },
    plan.origin,
    { controllerName: CONTROLLER },
  );
  const { namespace: _, ...metadata } = made.metadata;
  return cluster.origins.from(plan.origin, { ...made, metadata });
}

function envoyProxy(cluster: Cluster): Resource {
  const { plan } = cluster;
  const env = guardVariables(plan).map((name) => ({
    name,
    valueFrom: { secretKeyRef: { name: environmentSecret(plan), key: name } },
  }));
  return cluster.resource(
    { apiVersion: `${ENVOY_GATEWAY_API}/v1alpha1`, kind: "EnvoyProxy", name: partName(plan) },
    plan.origin,
    present({
      // The first match serves, as the plan has them. By itself Envoy Gateway has an order of its own.
      preserveRouteOrder: true,
      filterOrder: plan.policies.some(({ native }) => native?.filter === "rbac") ? ADDRESSES_FIRST : undefined,
      telemetry: { accessLog: accessLog(plan) },
      provider:
        env.length === 0 ? undefined : { type: "Kubernetes", kubernetes: { envoyDeployment: { container: { env } } } },
    }),
  );
}

/** Who may not call is refused before all else. Envoy Gateway moves a filter in front of another that is there: of these the last one is first. */
const ADDRESSES_FIRST = ["wasm", "header_mutation", "cors", "fault"].map((other) => ({
  name: "envoy.filters.http.rbac",
  before: `envoy.filters.http.${other}`,
}));

function gateway(cluster: Cluster): Resource {
  const { plan, origins } = cluster;
  return cluster.resource({ apiVersion: `${GATEWAY_API}/v1`, kind: "Gateway", name: partName(plan) }, plan.origin, {
    gatewayClassName: deploymentOf(plan).gatewayClass,
    infrastructure: { parametersRef: { group: ENVOY_GATEWAY_API, kind: "EnvoyProxy", name: partName(plan) } },
    listeners: plan.listeners.map((listener) =>
      origins.from(listener.origin, {
        name: listener.name,
        port: listener.port,
        ...security(cluster, listener),
        allowedRoutes: { namespaces: { from: "Same" }, kinds: [{ group: GATEWAY_API, kind: "HTTPRoute" }] },
      }),
    ),
  });
}

function security({ plan }: Cluster, { name, tls }: ListenerPlan): JsonObject {
  if (tls === undefined) return { protocol: "HTTP" };
  const certificateRefs = tls.certificates.map((_, position) => ({
    group: "",
    kind: "Secret",
    name: certificateSecret(plan, name, position),
  }));
  return { protocol: "HTTPS", tls: { mode: "Terminate", certificateRefs } };
}

const ESCAPED_SLASHES = { reject: "RejectRequest", unescape: "UnescapeAndForward", keep: "KeepUnchanged" } as const;
const UNDERSCORES = { reject: "RejectRequest", drop: "DropHeader", allow: "Allow" } as const;

/** What is asked of clients: as strict as the target Envoy is. */
function clients(cluster: Cluster, listener: ListenerPlan): Resource {
  const { plan } = cluster;
  const { name, origin, escapedSlashes, headerUnderscores } = listener;
  return cluster.resource(
    { apiVersion: `${ENVOY_GATEWAY_API}/v1alpha1`, kind: "ClientTrafficPolicy", name: partName(plan, name) },
    origin,
    present({
      targetRefs: [{ group: GATEWAY_API, kind: "Gateway", name: partName(plan), sectionName: name }],
      path: { escapedSlashesAction: ESCAPED_SLASHES[escapedSlashes], disableMergeSlashes: false },
      headers: present({
        withUnderscoresAction: UNDERSCORES[headerUnderscores],
        enableEnvoyHeaders: true,
        host: { stripTrailingHostDot: true },
        earlyRequestHeaders: earlyRemovals(cluster, listener),
        // By itself Envoy Gateway tells clients what a service says of itself.
        lateResponseHeaders: { set: [{ name: "server", value: "envoy" }] },
      }),
      clientIPDetection: hops(listener),
      timeout: TIMEOUTS,
      connection: { bufferLimit: BUFFER },
      http2: HTTP2,
      tls: listenerTls(plan, listener),
    }),
  );
}

/** The most headers that can be removed by their names. */
export const MOST_REMOVED = 64;

/** What no client may send: removed before anything looks at the request. */
function earlyRemovals({ plan }: Cluster, { trustedHops }: ListenerPlan): JsonObject | undefined {
  const remove = plan.ownedRequestHeaders;
  // Envoy takes these only of those whom it believes, and with trusted hops it is told to believe everybody.
  const forged = trustedHops > 0 ? { removeOnMatch: [{ type: "Prefix", value: "x-envoy-" }] } : {};
  return remove.length === 0 && trustedHops === 0
    ? undefined
    : { ...(remove.length === 0 ? {} : { remove: [...remove] }), ...forged };
}

function hops({ trustedHops }: ListenerPlan): JsonObject | undefined {
  return trustedHops === 0 ? undefined : { xForwardedFor: { numTrustedHops: trustedHops } };
}
