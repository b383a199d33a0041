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
import type { Asked, FeatureId, FeatureUse, Use } from "./features.js";

/** What each key of a part of the plan asks for; a key that nobody has thought of does not compile. */
type Table<T, Id extends FeatureId> = {
  readonly [Key in keyof T]-?: (value: NonNullable<T[Key]>) => readonly Id[];
};

const nothing = (): readonly never[] => [];
const always =
  <Id extends FeatureId>(id: Id) =>
  (): readonly Id[] => [id];
const some =
  <Id extends FeatureId>(id: Id) =>
  (list: readonly unknown[]): readonly Id[] =>
    list.length === 0 ? [] : [id];

const GATEWAY: Table<GatewayPlan, Asked["gateway"]> = {
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

const LISTENER: Table<ListenerPlan, Asked["listener"]> = {
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

const SERVICE: Table<ServicePlan, Asked["service"]> = {
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

const DISCOVERY: Readonly<Record<Discovery["by"], Asked["service"]>> = {
  static: "service.endpoints",
  dns: "service.dns",
  eds: "service.eds",
};

const HOST: Table<HostPlan, Asked["route"]> = {
  name: nothing,
  origin: nothing,
  listeners: always("match.listener"),
  domains: (domains) => (domains.every((domain) => domain === "*") ? [] : ["match.host"]),
  routes: nothing,
};

const ROUTE: Table<RoutePlan, Asked["route"]> = {
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

const PATHS: Readonly<Record<RoutePlan["match"]["path"]["form"], Asked["route"]>> = {
  exact: "match.path",
  prefix: "match.path",
  template: "match.template",
  regex: "match.regex",
};

const FORWARD: Table<ForwardAction, Asked["route"]> = {
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

function actionFeatures(action: RouteAction): readonly Asked["route"][] {
  switch (action.type) {
    case "forward":
      return asked(action, FORWARD);
    case "respond":
      return ["route.respond"];
    case "redirect":
      return ["route.redirect"];
  }
}

const POLICY: Table<PolicyPlan, Asked["policy"]> = {
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
  // Callbacks of the guard, which whoever loads it may be asked for.
  readsAnswers: nothing,
  followsStreams: nothing,
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

function nativeFeature(native: NativePolicy): Asked["policy"] {
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
function asked<T extends object, Id extends FeatureId>(node: T, table: Table<T, Id>): readonly Id[] {
  return [...new Set(keysOf(table).flatMap((key) => askedBy(node, table, key)))];
}

function askedBy<T, Id extends FeatureId, Key extends keyof T>(node: T, table: Table<T, Id>, key: Key): readonly Id[] {
  const value = node[key];
  return value === undefined || value === null ? [] : table[key](value);
}

function keysOf<T extends object>(table: T): (keyof T)[] {
  return Object.keys(table).filter((key): key is keyof T & string => key in table);
}

/** Everything that a plan asks of its target, in the order of the plan; a route of several entries asks once. */
export function featuresOf(plan: GatewayPlan): FeatureUse[] {
  const { origin } = plan;
  return [
    ...asked(plan, GATEWAY).map((id) => ({
      part: "gateway" as const,
      id,
      of: plan,
      subject: `gateway ${plan.name}`,
      origin,
    })),
    ...plan.listeners.flatMap((of) => {
      const { name, origin } = of;
      return asked(of, LISTENER).map((id) => ({
        part: "listener" as const,
        id,
        of,
        subject: `listener ${name}`,
        origin,
      }));
    }),
    ...plan.services.flatMap((of) => {
      const { name, origin } = of;
      return asked(of, SERVICE).map((id) => ({ part: "service" as const, id, of, subject: `service ${name}`, origin }));
    }),
    ...plan.policies.flatMap((of) => {
      const { name, origin } = of;
      return asked(of, POLICY).map((id) => ({ part: "policy" as const, id, of, subject: `policy ${name}`, origin }));
    }),
    ...[...routesOf(plan).values()].flatMap(({ entries: of, hosts }) => usesOfRoute(of, hosts)),
  ];
}

interface NamedRoute {
  entries: RoutePlan[];
  hosts: Set<HostPlan>;
}

/** The entries of each route, and the virtual hosts that they are in, by its name. */
function routesOf({ hosts }: GatewayPlan): Map<string, NamedRoute> {
  const byName = new Map<string, NamedRoute>();
  for (const host of hosts)
    for (const route of host.routes) {
      const named = byName.get(route.name) ?? { entries: [], hosts: new Set() };
      named.entries.push(route);
      named.hosts.add(host);
      byName.set(route.name, named);
    }
  return byName;
}

function usesOfRoute(of: readonly RoutePlan[], hosts: ReadonlySet<HostPlan>): Use<"route">[] {
  const origins = new Map<Asked["route"], Span>();
  const [first] = of;
  if (first === undefined) return [];
  for (const host of hosts) for (const id of asked(host, HOST)) origins.set(id, origins.get(id) ?? first.origin);
  for (const route of of) for (const id of asked(route, ROUTE)) origins.set(id, origins.get(id) ?? route.origin);
  return [...origins].map(([id, origin]) => ({ part: "route", id, of, subject: `route ${first.name}`, origin }));
}
