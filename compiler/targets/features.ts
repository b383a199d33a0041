import type { GatewayPlan, ListenerPlan, PolicyPlan, RoutePlan, ServicePlan } from "../plan/plan.js";
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

/** The parts of a plan that ask for something. A route is all of its entries. */
interface Parts {
  gateway: GatewayPlan;
  listener: ListenerPlan;
  service: ServicePlan;
  policy: PolicyPlan;
  route: readonly RoutePlan[];
}
export type Part = keyof Parts;

/** What each of them can ask for. */
export interface Asked {
  gateway: Extract<FeatureId, `gateway.${string}`>;
  listener: Extract<FeatureId, `listener.${string}`>;
  service: Extract<FeatureId, `service.${string}`>;
  policy: Extract<FeatureId, `policy.${string}` | `native.${string}`>;
  route: Extract<FeatureId, `route.${string}` | `match.${string}`>;
}

/** What asks for a feature. */
export type AskingFor<Id extends FeatureId> = { [One in Part]: Id extends Asked[One] ? Parts[One] : never }[Part];

/** One thing that a part of a plan asks of its target. */
export interface Use<One extends Part> {
  part: One;
  id: Asked[One];
  of: Parts[One];
  /** What of the file asks for it: `route orders`. */
  subject: string;
  origin: Span;
}
export type FeatureUse = { [One in Part]: Use<One> }[Part];
