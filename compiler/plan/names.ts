/** The one place where names of generated things are made. They are never parsed back. */

/** Envoy's route name of the answer for a path that no route knows. User names cannot hold a colon. */
export const NOT_FOUND = "sluice:not-found";

/** Envoy's route name of the answer for a known path under an unknown method. */
export const METHOD_NOT_ALLOWED = "sluice:method-not-allowed";

/** Envoy's route name of the answer for a request with more than one host. */
export const BAD_HOST = "sluice:bad-host";

/** Envoy's route name of the answer for a path that a service may resolve to another one. */
export const BAD_PATH = "sluice:bad-path";

/** Envoy's route name of the answer for a query that a service may read in another way than the routes do. */
export const BAD_QUERY = "sluice:bad-query";

/** Envoy's route name of the answer for a path of which something would stand in a host and cannot. */
export const BAD_CAPTURE = "sluice:bad-capture";

/** Envoy's route name of the preflights of routes that do not take OPTIONS. The guard knows no route of this name. */
export const PREFLIGHT = "sluice:preflight";

/** Filter state with the names of the client's certificate: its URIs, and its DNS names, each joined by commas. */
export const CLIENT_URIS = "sluice.client-uris";
export const CLIENT_NAMES = "sluice.client-names";

const GENERATED: readonly string[] = [
  NOT_FOUND,
  METHOD_NOT_ALLOWED,
  BAD_HOST,
  BAD_PATH,
  BAD_QUERY,
  BAD_CAPTURE,
  PREFLIGHT,
];

/** Outbound listeners have answers of their own, under other policies, which the guard knows by the name of the route. */
const OUTBOUND: ReadonlyMap<string, string> = new Map(GENERATED.map((name) => [`outbound:${name}`, name]));

/** The name of an answer that the compiler adds, by the direction of the listener. */
export function answerName(name: string, direction: "inbound" | "outbound"): string {
  return direction === "outbound" ? outboundRoute(name) : name;
}

/** Envoy's name of the route to a service that outbound listeners know by its host. */
export function outboundRoute(service: string): string {
  return `outbound:${service}`;
}

/** Which answer a route is that the compiler added, whatever the direction; undefined of any other. */
export function generatedAnswer({ name }: { name: string }): string | undefined {
  return GENERATED.includes(name) ? name : OUTBOUND.get(name);
}

/** True of a route that the compiler added as an answer. */
export function isGenerated(route: { name: string }): boolean {
  return generatedAnswer(route) !== undefined;
}

/** Envoy's name of the endpoints of a service that others stand in for: its own name is that of all of them together. */
export function ownCluster(service: string): string {
  return `${service}:own`;
}

/** Envoy's name of the part of a listener that speaks HTTP/3; its own, if that is all of it. */
export function quicListenerName({ name, http3 }: { name: string; http3?: unknown }): string {
  return http3 === "only" ? name : `${name}:http3`;
}

/** The request header by which Envoy knows a converted request. Only `body.wasm` writes it: it is removed from what clients send. */
export const PIN_HEADER = "x-sluice-pin";

/** What the metadata of a route and an access log call an operation of a conversion. */
export function operationName({ policy, operation }: { policy: string; operation: { name: string } }): string {
  return `${policy}/${operation.name}`;
}

export function hostName(host: string | undefined): string {
  return host ?? "any";
}

/** The filter state key under which the guard leaves a result for Envoy to write or log. */
export function filterStateKey(property: string): string {
  return `wasm.sluice.${property}`;
}

/** Filters of Envoy that disturb requests, as routes refer to them. */
export const FAULT_FILTERS = { delay: "sluice.fault.delay", abort: "sluice.fault.abort" } as const;

/** The filter of Envoy that compresses in one way for a policy, as routes refer to it. */
export function compressFilter(policy: string, coding: string): string {
  return `sluice.compress.${policy}.${coding}`;
}

/**
 * Filters of Envoy that refuse bodies which are too large, by the length that the client says, by what comes and by what was
 * measured: for the service of a route, and for one that is asked whether a request may pass.
 */
export const BODY_FILTERS = {
  limit: { said: "sluice.body-limit.said", held: "sluice.body-limit.held", measured: "sluice.body-limit.measured" },
  shown: { said: "sluice.body-shown.said", held: "sluice.body-shown.held", measured: "sluice.body-shown.measured" },
} as const;

/** The filter of Envoy that asks a service for a policy, as routes refer to it. */
export function externalAuthFilter(policy: string): string {
  return `sluice.external-auth.${policy}`;
}

/** The filters of Envoy for a limit of all gateways, as routes refer to them: one asks, one notes whose limit it is, one tells clients. */
export function globalLimitFilter(policy: string, what: "ask" | "note" | "tell"): string {
  return `sluice.rate-limit.${policy}.${what}`;
}

/** The filter state key under which it is noted whose limit answers, if one does. */
export const LIMITED_BY = "sluice.limited-by";

/** Envoy's name of the gateways themselves, by which it knows how many there are in each zone. */
export const GATEWAYS_CLUSTER = "sluice:gateways";

/** The filter of Envoy that puts pages in the place of failed answers, and where it notes what it knows of the request. */
export const ERRORS_FILTER = "sluice.errors";

/** The filters of Envoy that keep a service from having more to do than it can, as routes refer to them. */
export function sheddingFilter(service: string, by: "admission" | "concurrency"): string {
  return `sluice.${by}.${service}`;
}

/** The filter of Envoy that has a route chosen again once it is known who calls. */
export const CALLERS_FILTER = "sluice.callers";

/** The filter of Envoy that takes keys out of the query and of cookies, with what the guard says remains of them. */
export const KEYS_FILTER = "sluice.keys";

/** Filters of Envoy that note who will have refused a request that goes no further, and the last that notes that it went. */
export const NOTE_FILTERS = {
  externalAuth: "sluice.note.external-auth",
  bodyLimit: "sluice.note.body-limit",
  passed: "sluice.note.passed",
} as const;

/** The filter state key under which they note it. */
export const NOTED = "sluice.noted";

/** The same, if the one that refused could not ask whether it must. */
export const NOTED_FAILURE = "sluice.noted-failure";

/**
 * What Envoy calls a certificate or the authorities of a listener or service; also the name of its file.
 *
 * @param position of one of several certificates, from 0
 */
export function secretName(of: "listener" | "service", name: string, what: "certificate" | "ca", position = 0): string {
  return `${of}-${name}-${what}${position === 0 ? "" : `-${position + 1}`}`;
}

/** Tells clients which policy decided, and why, where the listener says so. */
export const DECISION_HEADER = { name: "x-sluice-decision", property: "decision" } as const;

/** The metric of Prometheus that counts denials by `policy`, `reason` and `route`, of rules by their name: there once there is one. */
export const DENIALS_METRIC = "sluice_denials";

/** The metric of Prometheus that counts requests by `consumer` and `outcome`, where the file asks for it. */
export const CONSUMERS_METRIC = "sluice_consumers";

/** And that which counts keys of tokens that were fetched or not, by `policy` and `outcome`. */
export const KEY_SETS_METRIC = "sluice_key_sets";

/**
 * The metric of Prometheus that counts what policies of a kind decided, by `policy` and `outcome`. The module's counter is
 * `sluice.<kind>.<policy>.<outcome>`, with a kind of several words joined by `-`, which Prometheus cannot have in a name.
 */
export function decisionsMetric(kind: string): string {
  return `sluice_${kind.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}`;
}
