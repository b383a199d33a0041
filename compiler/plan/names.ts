/** The one place where names of generated things are made. They are never parsed back. */

/** Envoy's route name of the answer for a path that no route knows. User names cannot hold a colon. */
export const NOT_FOUND = "sluice:not-found";

/** Envoy's route name of the answer for a known path under an unknown method. */
export const METHOD_NOT_ALLOWED = "sluice:method-not-allowed";

/** Envoy's route name of the answer for a request with more than one host. */
export const BAD_HOST = "sluice:bad-host";

/** Envoy's route name of the answer for a path that a service may resolve to another one. */
export const BAD_PATH = "sluice:bad-path";

/** Envoy's route name of the preflights of routes that do not take OPTIONS. The guard knows no route of this name. */
export const PREFLIGHT = "sluice:preflight";

/** True of a route that the compiler added. */
export function isGenerated(route: { name: string }): boolean {
  return [NOT_FOUND, METHOD_NOT_ALLOWED, BAD_HOST, BAD_PATH, PREFLIGHT].includes(route.name);
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

/** What Envoy calls a certificate or the authorities of a listener or service; also the name of its file. */
export function secretName(of: "listener" | "service", name: string, what: "certificate" | "ca"): string {
  return `${of}-${name}-${what}`;
}

/**
 * The metric of Prometheus that counts what policies of a kind decided, by `policy` and `outcome`. The module's counter is
 * `sluice.<kind>.<policy>.<outcome>`, with a kind of several words joined by `-`, which Prometheus cannot have in a name.
 */
export function decisionsMetric(kind: string): string {
  return `sluice_${kind.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}`;
}
