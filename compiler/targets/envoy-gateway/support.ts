import { BAD_HOST, BAD_PATH, generatedAnswer } from "../../plan/names.js";
import type { GatewayPlan, PolicyPlan, RoutePlan } from "../../plan/plan.js";
import { native, polyfill, refused, type Support, type SupportTable, wasm } from "../support.js";
import { askedServices, MOST_ASKED } from "./asked.js";
import { Cluster, deploymentOf, hostsOf } from "./context.js";
import { MOST_REMOVED } from "./gateways.js";
import { whyNotHeaders } from "./headers.js";
import { aborting, refusing, whyNoLog } from "./logs.js";
import { canMatch, LONGEST_PATH, METHODS, pathMatch } from "./matches.js";
import { certificateSecret } from "./names.js";
import { byRoute, MOST_MATCHES_OF_ROUTE, MOST_RULES, type Rule, rulesOf } from "./rules.js";
import { canBeOrigins } from "./security.js";
import { HOSTNAME, IP_ADDRESS, isHttp2, isLocal, isLoopback, serviceOf } from "./services.js";
import { clientCertificates, NAMES_UNTOLD, serviceTls } from "./tls.js";
import { faultsOf, specOf, TRIGGERS } from "./traffic.js";

/** All entries of a route must be such that it can be had. */
const ofRoute =
  (otherwise: Support, find: (route: RoutePlan, plan: GatewayPlan) => Support | undefined) =>
  (entries: readonly RoutePlan[], plan: GatewayPlan): Support => {
    for (const entry of entries) {
      const found = find(entry, plan);
      if (found !== undefined) return found;
    }
    return otherwise;
  };

const PATH = native("HTTPRoute matches.path");

/** A path, and the place of its route among others. */
const path = ofRoute(PATH, (route) => {
  const { value } = pathMatch(route.match.path);
  if (typeof value === "string" && value.length > LONGEST_PATH)
    return refused(`a path of a match has ${LONGEST_PATH} characters at most, and this one has ${value.length}`);
  return undefined;
});

/** Services that the guard asks have clusters of a route that nothing takes. */
const asked = (_: PolicyPlan, plan: GatewayPlan): Support =>
  askedServices(plan).length > MOST_ASKED
    ? refused(`an HTTPRoute leads to ${MOST_ASKED} services at most, and only what a route leads to is a cluster`)
    : polyfill(
        "guard.wasm, and an HTTPRoute that nothing takes",
        "only what a route leads to is a cluster of Envoy Gateway",
      );

/** Everything that Envoy Gateway 1.9 has for a plan. The README tells the reasons at more length. */
export const SUPPORT: SupportTable = {
  "gateway.overload": refused("limits of the whole proxy stand in its bootstrap, which is Envoy Gateway's own"),
  "gateway.metrics": ({ metrics }) =>
    metrics?.routes === true
      ? refused("a rule of an HTTPRoute has no counters of its own name")
      : wasm("counters of guard.wasm"),
  "gateway.zones": refused("the zones of gateways stand in the bootstrap, which is Envoy Gateway's own"),
  "gateway.ownedHeaders": ({ ownedRequestHeaders }) =>
    ownedRequestHeaders.length > MOST_REMOVED
      ? refused(`a ClientTrafficPolicy removes ${MOST_REMOVED} headers at most`)
      : native("ClientTrafficPolicy headers.earlyRequestHeaders.remove"),
  "listener.address": (listener, plan) => {
    if (listener.port === 0) return refused("a listener of a Gateway has a port, and 0 is any that is free");
    const isTaken = plan.listeners.some((other) => other !== listener && other.port === listener.port);
    return isTaken
      ? refused("listeners of one Gateway have ports of their own, as its Service is their only address")
      : polyfill(
          "Gateway listeners.port",
          "an address is one of a machine; in a cluster the Service of the Gateway has one",
        );
  },
  "listener.trustedHops": native("ClientTrafficPolicy clientIPDetection.xForwardedFor.numTrustedHops"),
  "listener.escapedSlashes": native("ClientTrafficPolicy path.escapedSlashesAction"),
  "listener.headerUnderscores": native("ClientTrafficPolicy headers.withUnderscoresAction"),
  "listener.tls": ({ name }, plan) =>
    polyfill(
      `Gateway listeners.tls with the Secret ${certificateSecret(plan, name, 0)}`,
      "the file names files of a machine; in a cluster a certificate is a Secret, which whoever applies the output makes of them",
    ),
  "listener.clientCertificate": clientCertificates,
  "listener.protocol": refused("a listener of Envoy Gateway takes HTTP/1.1 and HTTP/2"),
  "listener.http3": refused(
    "Envoy Gateway bounds no windows of HTTP/3: a client could send 24 MiB ahead on each connection, and here it is 1 MiB",
  ),
  "listener.sidecar": refused("Envoy Gateway runs gateways and no sidecars"),
  "listener.accessLog": ({ accessLog }, plan) => {
    const why = accessLog === undefined ? undefined : whyNoLog(accessLog, plan);
    return why === undefined
      ? polyfill(
          "EnvoyProxy telemetry.accessLog",
          "`route` is what Envoy Gateway calls the route, with the rule in its name",
        )
      : refused(why);
  },
  "listener.errors": refused("Envoy Gateway has no pages in place of what Envoy itself answers"),
  "listener.decisionHeader": native("HTTPRoute responseHeaderModifier with %FILTER_STATE()%"),
  "service.endpoints": (service) => {
    const { endpoints } = service.discovery;
    const odd = endpoints.find(({ host }) => !IP_ADDRESS.test(host));
    if (odd !== undefined) return refused(`${odd.host} is no address to a Backend`);
    if (!isLocal(service))
      return endpoints.some(({ host }) => isLoopback(host))
        ? refused("some of its endpoints are on the machine that the file was written for, which no cluster has")
        : native("Backend endpoints.ip");
    return polyfill(
      `Service ${service.name}${isHttp2(service) ? " with appProtocol kubernetes.io/h2c" : ""}`,
      `${endpoints[0]?.host ?? ""} is the machine that the file was written for, which no cluster has`,
    );
  },
  "service.dns": ({ discovery }) => {
    const odd = discovery.endpoints.find(({ host }) => !HOSTNAME.test(host));
    if (odd !== undefined) return refused(`a Backend takes names of two parts and more, and not ${odd.host}`);
    return discovery.by === "dns" && (discovery.addresses === "first" || discovery.refreshMs !== undefined)
      ? refused("how names are resolved is not to be said of a Backend")
      : native("Backend endpoints.fqdn");
  },
  "service.eds": refused("files of endpoints are on the disk of a machine"),
  "service.zoneAware": refused("the zones of Backends and of the gateway are told in other ways"),
  "service.connectTimeout": native("BackendTrafficPolicy timeout.tcp.connectTimeout"),
  "service.tls": serviceTls,
  "service.protocol": (service) =>
    native(isHttp2(service) ? "appProtocol of a Backend or Service" : "ALPN by Envoy itself"),
  "service.versions": native("a Backend or Service of each version"),
  "service.loadBalancing": ({ loadBalancing }) =>
    loadBalancing === "ringHash" || loadBalancing === "maglev"
      ? refused("consistent hashing of Envoy Gateway has another table")
      : native("BackendTrafficPolicy loadBalancer.type"),
  "service.slowStart": native("BackendTrafficPolicy loadBalancer.slowStart"),
  "service.panic": native("BackendTrafficPolicy healthCheck.panicThreshold"),
  "service.health": ({ health }) =>
    health?.check.by === "grpc" && health.check.host !== undefined
      ? refused("a BackendTrafficPolicy has no authority for checks of gRPC")
      : polyfill(
          "BackendTrafficPolicy healthCheck.active",
          "every rule of an HTTPRoute has a cluster of its own with checks of its own, once a minute as long as it had no requests",
        ),
  "service.outliers": polyfill(
    "BackendTrafficPolicy healthCheck.passive",
    "every rule of an HTTPRoute counts errors for itself, and Envoy Gateway also leaves out who fails more than others",
  ),
  "service.circuitBreakers": ({ name }, plan) =>
    routesTo(name, plan) > 1
      ? refused(
          "every rule of an HTTPRoute has a cluster of its own, so routes would not share the limits of the service",
        )
      : native("BackendTrafficPolicy circuitBreaker"),
  "service.connections": refused("a BackendTrafficPolicy says other things of connections"),
  "service.failover": refused(
    "a Backend that stands in is in one cluster with the service: limits, ejections and panic of one would be those of both",
  ),
  "service.admission": refused("the filter stands in the chain for a route, and not for a service"),
  "service.adaptiveConcurrency": refused("Envoy Gateway does not have the filter"),
  "match.host": native("HTTPRoute hostnames"),
  "match.listener": native("HTTPRoute parentRefs.sectionName"),
  "match.path": path,
  "match.template": path,
  "match.regex": path,
  "match.methods": ofRoute(native("HTTPRoute matches.method"), ({ match: { methods } }) => {
    const odd = methods.find((method) => !METHODS.has(method));
    return odd === undefined ? undefined : refused(`Gateway API does not know the method ${odd}`);
  }),
  "match.headers": ofRoute(native("HTTPRoute matches.headers"), (route) => {
    const answer = generatedAnswer(route);
    if (answer === BAD_PATH)
      return polyfill(
        "HTTPRoute matches.path",
        "no match looks at the whole target, and the path is all of it that counts",
      );
    if (answer === BAD_HOST)
      return polyfill(
        "HTTPRoute matches.headers of all other rules",
        "a match cannot ask for what a host is not, so all others ask for what it is",
      );
    const { headers } = route.match;
    const odd = headers.find((header) => !canMatch(header));
    if (odd !== undefined) return refused(`a match of Gateway API cannot ask for \`${odd.name}\` in this way`);
    const names = headers.map(({ name }) => name.toLowerCase());
    return new Set(names).size < names.length ? refused("a match of Gateway API asks for each header once") : undefined;
  }),
  "match.query": refused(
    "what a service may read in two ways is found in the whole target, and no match looks at that",
  ),
  "route.to": ofRoute(native("HTTPRoute backendRefs"), ({ name }, plan) => misfitOf(name, plan)),
  "route.weights": ofRoute(native("HTTPRoute backendRefs.weight"), ({ action }, plan) => {
    if (action.type !== "forward") return undefined;
    const specs = action.to.map(({ service: name }) => {
      const service = serviceOf(plan, name);
      return JSON.stringify([isHttp2(service), service.protocol === "auto", specOf(service)]);
    });
    return new Set(specs).size > 1
      ? refused("a rule of an HTTPRoute has one cluster for all of its services, and these are asked in different ways")
      : undefined;
  }),
  "route.respond": ofRoute(native("HTTPRouteFilter directResponse"), ({ name }, plan) => misfitOf(name, plan)),
  "route.redirect": ofRoute(native("HTTPRoute requestRedirect"), ({ action }) => {
    if (action.type !== "redirect") return undefined;
    const { scheme, host } = action.url;
    return scheme === undefined || host === undefined
      ? refused("Envoy Gateway writes the port of the listener into a location that has no host of its own")
      : undefined;
  }),
  "route.timeout": native("HTTPRoute timeouts.request"),
  "route.calls": refused("an HTTPRoute has no deadlines of gRPC"),
  "route.idleTimeout": native("BackendTrafficPolicy timeout.http.streamIdleTimeout"),
  "route.retry": ofRoute(native("BackendTrafficPolicy retry"), ({ action }) => {
    if (action.type !== "forward" || action.retry === undefined) return undefined;
    const { conditions, otherHosts } = action.retry;
    const odd = conditions.find((one) => !TRIGGERS.has(one));
    if (odd !== undefined) return refused(`Envoy Gateway has no retries on ${odd}`);
    return otherHosts
      ? undefined
      : polyfill("BackendTrafficPolicy retry", "another try goes to another endpoint where there is one");
  }),
  "route.hashBy": refused("consistent hashing of Envoy Gateway has another table"),
  "route.mirror": native("HTTPRoute requestMirror"),
  "route.rewrite": native("HTTPRouteFilter urlRewrite"),
  "route.hedge": refused("Envoy Gateway does not have it"),
  "route.websocket": native("BackendTrafficPolicy httpUpgrade"),
  "route.callers": refused("no match looks at what the guard found out"),
  "route.errors": refused("pages of a BackendTrafficPolicy are for what the gateway itself answers too"),
  "policy.guard": (_, plan) =>
    deploymentOf(plan).modules?.startsWith("file:") === true
      ? refused("Envoy Gateway fetches modules by HTTP or from a registry, and reads none of a disk")
      : wasm("EnvoyExtensionPolicy wasm: guard.wasm"),
  "policy.shadow": wasm("guard.wasm"),
  "policy.requestHeaders": native("HTTPRoute requestHeaderModifier with %FILTER_STATE()%"),
  "policy.responseHeaders": native("HTTPRoute responseHeaderModifier with %FILTER_STATE()%"),
  "policy.removeRequestHeaders": native("HTTPRoute requestHeaderModifier.remove"),
  "policy.environment": native("EnvoyProxy env of a Secret, and EnvoyExtensionPolicy wasm.env.hostKeys"),
  "policy.exports": asked,
  "policy.fetchesKeys": asked,
  "policy.introspection": asked,
  "policy.certificates": refused(NAMES_UNTOLD),
  "policy.keyPlaces": ({ keys }) =>
    keys?.stay === true
      ? wasm("guard.wasm")
      : refused("no filter of Envoy Gateway takes a key out of the query or of cookies"),
  "policy.digest": refused("a Wasm filter of Envoy Gateway may not stop at the headers and still get the body"),
  "policy.conversion": refused("a Wasm filter of Envoy Gateway may not stop at the headers and still get the body"),
  "native.ipAccess": (_, plan) =>
    polyfill(
      "SecurityPolicy authorization, and EnvoyProxy filterOrder",
      refusing(plan).length > 1
        ? "Envoy Gateway calls all rules that refuse by one name, so a log tells which policies it may have been, and no counter"
        : "Envoy Gateway calls all rules that refuse by one name, so no counter tells of which policy it was",
    ),
  "native.fault": ({ name, native: policy }, plan) => {
    if (policy?.filter !== "fault" || policy.headers.length > 0)
      return refused("faults of a BackendTrafficPolicy are for all requests, whatever their headers");
    const policies = new Map(plan.policies.map((one) => [one.name, one]));
    const routes = plan.hosts
      .flatMap((host) => host.routes)
      .filter(({ run }) => run.some((one) => one.policy === name));
    const run = (route: RoutePlan) => route.run.flatMap((one) => policies.get(one.policy) ?? []);
    if (routes.some(({ action }) => action.type !== "forward"))
      return refused("a BackendTrafficPolicy disturbs only requests for services");
    if (routes.some((route) => faultsOf(run(route)).length > 1))
      return refused("a rule of an HTTPRoute has the faults of one policy");
    return policy.abort !== undefined && aborting(plan).length > 1
      ? polyfill(
          "BackendTrafficPolicy faultInjection",
          "Envoy Gateway notes nothing of which policy answered, so a log tells which policies it may have been",
        )
      : native("BackendTrafficPolicy faultInjection");
  },
  "native.cors": ({ native: policy }) => {
    if (policy?.filter !== "cors" || !canBeOrigins(policy))
      return refused("one of its origins is none to Envoy Gateway");
    return policy.origins.some(({ form }) => form === "below")
      ? polyfill(
          "SecurityPolicy cors",
          "the names below a domain become an expression that also takes texts which no browser sends for an origin",
        )
      : native("SecurityPolicy cors");
  },
  "native.globalLimit": refused("descriptors of Envoy Gateway hold nothing that the guard found out"),
  "native.externalAuth": ({ native: asking }) =>
    refused(
      asking?.filter === "externalAuth" && asking.by === "grpc"
        ? "a service that a SecurityPolicy asks by gRPC may write and remove any header of the request"
        : "of a service that a SecurityPolicy asks by HTTP the client gets all headers of a refusal, and it sees `authorization` of every request",
    ),
  "native.bodyLimit": refused("Envoy Gateway's filter does not look at the length that a client says"),
  "native.headers": native("HTTPRoute requestHeaderModifier and responseHeaderModifier"),
  "native.compress": refused("Envoy Gateway compresses by other rules"),
  "native.tracer": refused("the tracer of a whole fleet of proxies is none of one gateway"),
};

/** Entries that lead to a service, of all HTTPRoutes. */
function routesTo(service: string, plan: GatewayPlan): number {
  return hostsOf(plan).reduce(
    (sum, { routes }) =>
      sum +
      routes.filter(({ action }) => action.type === "forward" && action.to.some((one) => one.service === service))
        .length,
    0,
  );
}

/** By plan, why routes cannot be had, by their names: found out once for all of them. */
const misfits = new WeakMap<GatewayPlan, ReadonlyMap<string, string>>();

function misfitOf(name: string, plan: GatewayPlan): Support | undefined {
  const known = misfits.get(plan) ?? whyNot(new Cluster(plan));
  misfits.set(plan, known);
  const why = known.get(name);
  return why === undefined ? undefined : refused(why);
}

/**
 * What keeps routes from being rules of an HTTPRoute: their headers, or that there is no room for a route with all those that may take the same
 * requests, as between several HTTPRoutes there is no order to rely on.
 */
function whyNot(cluster: Cluster): Map<string, string> {
  const { hosts } = cluster;
  const found = new Map<string, string>();
  const add = (name: string, why: string | undefined) => {
    if (why !== undefined && !found.has(name)) found.set(name, why);
  };
  for (const host of hosts) for (const entry of host.routes) add(entry.name, whyNotHeaders(cluster, host, entry));
  // What cannot be a match is told of elsewhere.
  for (const host of hosts.filter(({ routes }) => routes.every(isMatch)))
    for (const rules of byRoute(rulesOf(cluster, host))) {
      const why = whyNoRoom(rules);
      for (const { entry } of rules) add(entry.name, why);
    }
  return found;
}

function isMatch({ match, ...route }: RoutePlan): boolean {
  return match.headers.every(canMatch) || generatedAnswer(route) !== undefined;
}

function whyNoRoom(rules: readonly Rule[]): string | undefined {
  if (rules.length > MOST_RULES)
    return `an HTTPRoute has ${MOST_RULES} rules at most, and ${rules.length} may take the same requests, so that their order counts`;
  const matches = rules.reduce((sum, rule) => sum + rule.matches.length, 0);
  return matches > MOST_MATCHES_OF_ROUTE
    ? `an HTTPRoute has ${MOST_MATCHES_OF_ROUTE} matches at most, and this one takes ${matches}`
    : undefined;
}
