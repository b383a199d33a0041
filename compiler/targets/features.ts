import type { NativePolicy } from "../plan/native.js";
import type {
  Discovery,
  ForwardAction,
  GatewayPlan,
  HostPlan,
  ListenerPlan,
  PolicyPlan,
  RouteAction,
  RoutePlan,
  ServicePlan,
} from "../plan/plan.js";
import type { Span } from "../syntax/source.js";

/** Everything that a plan can ask of a target, with the words of people for it. */
export const FEATURES = {
  "gateway.overload": "limits of what the gateway has room for",
  "gateway.metrics": "counting by consumer or route",
  "gateway.zones": "gateways by zone",
  "gateway.ownedHeaders": "request headers that no client may send",
  "listener.address": "where it listens",
  "listener.trustedHops": "proxies in front that are believed",
  "listener.escapedSlashes": "paths with escaped slashes",
  "listener.headerUnderscores": "header names with underscores",
  "listener.tls": "TLS for clients",
  "listener.clientCertificate": "certificates of clients",
  "listener.protocol": "one version of HTTP",
  "listener.http3": "HTTP/3",
  "listener.sidecar": "a sidecar: the requests of one service, in and out",
  "listener.accessLog": "an access log",
  "listener.errors": "pages in place of the gateway's answers",
  "listener.decisionHeader": "a header that tells the decision",
  "service.endpoints": "addresses",
  "service.dns": "names that are resolved",
  "service.eds": "a file of endpoints that changes",
  "service.zoneAware": "endpoints of its own zone first",
  "service.connectTimeout": "how long a connection may take",
  "service.tls": "TLS to the service",
  "service.protocol": "the version of HTTP that the service speaks",
  "service.versions": "several versions of which one is active",
  "service.loadBalancing": "how an endpoint is chosen",
  "service.slowStart": "new endpoints get little at first",
  "service.panic": "when health is no longer looked at",
  "service.health": "health checks",
  "service.outliers": "endpoints that fail are left out",
  "service.circuitBreakers": "limits of what is under way",
  "service.connections": "how connections are kept",
  "service.failover": "services that stand in",
  "service.admission": "requests refused while a service fails",
  "service.adaptiveConcurrency": "requests refused while a service is slow",
  "match.host": "host names",
  "match.listener": "routes of some listeners only",
  "match.path": "an exact path or all below it",
  "match.template": "a path with captures",
  "match.regex": "a path by a regular expression",
  "match.methods": "methods",
  "match.headers": "headers and cookies",
  "match.query": "parameters of the query",
  "route.to": "a service",
  "route.weights": "several services by weight",
  "route.respond": "an answer of the gateway",
  "route.redirect": "a redirect",
  "route.timeout": "how long an answer may take",
  "route.calls": "calls of gRPC with deadlines",
  "route.idleTimeout": "how long a stream may be silent",
  "route.retry": "another try",
  "route.hashBy": "the same endpoint for the same key",
  "route.mirror": "copies for another service",
  "route.rewrite": "another path or host for the service",
  "route.hedge": "a second try beside a slow one",
  "route.websocket": "WebSockets",
  "route.callers": "another service by who calls",
  "route.errors": "pages in place of failed answers",
  "policy.guard": "decided by the guard",
  "policy.shadow": "decided, counted and not enforced",
  "policy.requestHeaders": "results as headers for the service",
  "policy.responseHeaders": "results as headers for the client",
  "policy.removeRequestHeaders": "credentials that the service does not see",
  "policy.environment": "secrets of the environment",
  "policy.exports": "spans that a module sends",
  "policy.fetchesKeys": "keys that a module fetches",
  "policy.introspection": "tokens that a service is asked about",
  "policy.certificates": "callers known by their certificate",
  "policy.keyPlaces": "keys in the query or in cookies",
  "policy.digest": "bodies compared with a signed digest",
  "policy.conversion": "bodies turned into others",
  "native.ipAccess": "addresses that may call",
  "native.fault": "faults on purpose",
  "native.cors": "who may call from another origin",
  "native.globalLimit": "a limit that a service counts for all gateways",
  "native.externalAuth": "a service that decides",
  "native.bodyLimit": "the largest body",
  "native.headers": "headers that are set and removed",
  "native.compress": "compressed answers",
  "native.tracer": "the tracer of Envoy",
} as const satisfies Readonly<Record<string, string>>;
export type FeatureId = keyof typeof FEATURES;

/** One thing that a plan asks of its target. */
export interface FeatureUse {
  id: FeatureId;
  /** What of the file asks for it: `route orders`. */
  subject: string;
  origin: Span;
}

/** What each key of a part of the plan asks for; a key that nobody has thought of does not compile. */
type Table<T> = { readonly [Key in keyof T]-?: (value: NonNullable<T[Key]>, of: T) => readonly FeatureId[] };

const nothing = (): readonly FeatureId[] => [];
const always =
  (...ids: readonly FeatureId[]) =>
  () =>
    ids;
const some =
  (id: FeatureId) =>
  (list: readonly unknown[]): readonly FeatureId[] =>
    list.length === 0 ? [] : [id];

const GATEWAY: Table<GatewayPlan> = {
  name: nothing,
  origin: nothing,
  listeners: nothing,
  services: nothing,
  gateways: always("gateway.zones"),
  overload: always("gateway.overload"),
  metrics: always("gateway.metrics"),
  deployments: nothing,
  consumers: nothing,
  policies: nothing,
  hosts: nothing,
  ownedRequestHeaders: some("gateway.ownedHeaders"),
};

const LISTENER: Table<ListenerPlan> = {
  name: nothing,
  origin: nothing,
  address: always("listener.address"),
  port: nothing,
  trustedHops: always("listener.trustedHops"),
  escapedSlashes: always("listener.escapedSlashes"),
  headerUnderscores: always("listener.headerUnderscores"),
  tls: ({ clientCertificate }) =>
    clientCertificate === undefined ? ["listener.tls"] : ["listener.tls", "listener.clientCertificate"],
  protocol: always("listener.protocol"),
  http3: always("listener.http3"),
  direction: always("listener.sidecar"),
  captures: always("listener.sidecar"),
  capturedBy: always("listener.sidecar"),
  accessLog: always("listener.accessLog"),
  errors: always("listener.errors"),
  tellsDecision: always("listener.decisionHeader"),
};

const SERVICE: Table<ServicePlan> = {
  name: nothing,
  origin: nothing,
  version: always("service.versions"),
  active: always("service.versions"),
  discovery: ({ by }) => [DISCOVERY[by]],
  zoneAware: always("service.zoneAware"),
  connectTimeoutMs: always("service.connectTimeout"),
  tls: always("service.tls"),
  protocol: always("service.protocol"),
  loadBalancing: always("service.loadBalancing"),
  slowStartMs: always("service.slowStart"),
  panicPercent: always("service.panic"),
  health: always("service.health"),
  outliers: always("service.outliers"),
  breakers: always("service.circuitBreakers"),
  connections: always("service.connections"),
  failover: always("service.failover"),
  admission: always("service.admission"),
  adaptiveConcurrency: always("service.adaptiveConcurrency"),
};

const DISCOVERY: Readonly<Record<Discovery["by"], FeatureId>> = {
  static: "service.endpoints",
  dns: "service.dns",
  eds: "service.eds",
};

const HOST: Table<HostPlan> = {
  name: nothing,
  origin: nothing,
  listeners: always("match.listener"),
  domains: (domains) => (domains.every((domain) => domain === "*") ? [] : ["match.host"]),
  routes: nothing,
};

const ROUTE: Table<RoutePlan> = {
  name: nothing,
  origin: nothing,
  match: ({ path, methods, headers, query = [] }) => [
    PATHS[path.form],
    ...some("match.methods")(methods),
    ...some("match.headers")(headers),
    ...some("match.query")(query),
  ],
  action: (action) => actionFeatures(action),
  // Both are there only for a policy that converts, which asks for itself.
  operation: nothing,
  rest: nothing,
  run: nothing,
  off: nothing,
};

const PATHS: Readonly<Record<RoutePlan["match"]["path"]["form"], FeatureId>> = {
  exact: "match.path",
  prefix: "match.path",
  template: "match.template",
  regex: "match.regex",
};

const FORWARD: Table<ForwardAction> = {
  type: nothing,
  to: (to) => (to.length > 1 ? ["route.to", "route.weights"] : ["route.to"]),
  errors: always("route.errors"),
  callers: always("route.callers"),
  // Its services ask for what they do there.
  sheds: nothing,
  timeoutMs: always("route.timeout"),
  calls: always("route.calls"),
  idleTimeoutMs: always("route.idleTimeout"),
  retry: always("route.retry"),
  hashBy: always("route.hashBy"),
  mirror: always("route.mirror"),
  rewrite: always("route.rewrite"),
  hedges: always("route.hedge"),
  upgrades: always("route.websocket"),
};

function actionFeatures(action: RouteAction): readonly FeatureId[] {
  switch (action.type) {
    case "forward":
      return asked(action, FORWARD);
    case "respond":
      return ["route.respond"];
    case "redirect":
      return ["route.redirect"];
  }
}

const POLICY: Table<PolicyPlan> = {
  name: nothing,
  kind: nothing,
  origin: nothing,
  description: nothing,
  phase: nothing,
  mode: ({ is }) => (is === "shadow" ? ["policy.shadow"] : []),
  when: nothing,
  onError: nothing,
  provides: nothing,
  guarantees: nothing,
  requires: nothing,
  wants: nothing,
  readsHeaders: nothing,
  readsNamed: nothing,
  config: (config) => (Object.keys(config).length === 0 ? [] : ["policy.guard"]),
  variables: some("policy.environment"),
  verifiesSignatures: nothing,
  inTests: nothing,
  knowsByCertificate: always("policy.certificates"),
  signIn: nothing,
  native: (native) => [nativeFeature(native)],
  // They say what they ask for themselves.
  asks: nothing,
  introspection: always("policy.introspection"),
  collector: always("policy.exports"),
  fetches: always("policy.fetchesKeys"),
  // They are among those of the gateway.
  ownedRequestHeaders: nothing,
  conversion: always("policy.conversion"),
  keys: always("policy.keyPlaces"),
  digest: always("policy.digest"),
  removeRequestHeaders: some("policy.removeRequestHeaders"),
  requestHeaders: some("policy.requestHeaders"),
  responseHeaders: some("policy.responseHeaders"),
  decide: nothing,
  lint: nothing,
};

function nativeFeature(native: NativePolicy): FeatureId {
  switch (native.filter) {
    case "rbac":
      return "native.ipAccess";
    case "fault":
      return "native.fault";
    case "cors":
      return "native.cors";
    case "ratelimit":
      return "native.globalLimit";
    case "externalAuth":
      return "native.externalAuth";
    case "buffer":
      return "native.bodyLimit";
    case "router":
      return "native.headers";
    case "compressor":
      return "native.compress";
    case "tracer":
      return "native.tracer";
  }
}

/** What a part of the plan asks for, each once, in the order of its table. */
function asked<T extends object>(node: T, table: Table<T>): readonly FeatureId[] {
  const ids = keysOf(table).flatMap((key) => askedBy(node, table, key));
  return [...new Set(ids)];
}

function askedBy<T, Key extends keyof T>(node: T, table: Table<T>, key: Key): readonly FeatureId[] {
  const value = node[key];
  return value === undefined || value === null ? [] : table[key](value, node);
}

function keysOf<T extends object>(table: T): (keyof T)[] {
  return Object.keys(table).filter((key): key is keyof T & string => key in table);
}

/** Everything that a plan asks of its target, in the order of the plan; a route of several entries asks once. */
export function featuresOf(plan: GatewayPlan): FeatureUse[] {
  const routes = plan.hosts.flatMap((host) => host.routes.map((route) => ({ host, route })));
  const uses = [
    ...usesOf(plan, GATEWAY, `gateway ${plan.name}`),
    ...plan.listeners.flatMap((listener) => usesOf(listener, LISTENER, `listener ${listener.name}`)),
    ...plan.services.flatMap((service) => usesOf(service, SERVICE, `service ${service.name}`)),
    ...plan.policies.flatMap((policy) => usesOf(policy, POLICY, `policy ${policy.name}`)),
    ...routes.flatMap(({ host, route }) => [
      ...usesOf(host, HOST, `route ${route.name}`).map((use) => ({ ...use, origin: route.origin })),
      ...usesOf(route, ROUTE, `route ${route.name}`),
    ]),
  ];
  const seen = new Set<string>();
  return uses.filter(({ id, subject }) => {
    const key = `${id} ${subject}`;
    return !seen.has(key) && seen.add(key);
  });
}

function usesOf<T extends { origin: Span }>(node: T, table: Table<T>, subject: string): FeatureUse[] {
  return asked(node, table).map((id) => ({ id, subject, origin: node.origin }));
}
