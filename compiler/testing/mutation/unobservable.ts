import { type Node, nodeAt, type Path, toValue } from "../../syntax/document.js";
import { startsLike } from "./mutation.js";

/** What no test on the embedded host can see: keys with all that stands under them, and why. */
export const UNOBSERVABLE: Readonly<Record<string, string>> = {
  description: "for people",
  "policies.*.description": "for people",
  targets: "says what is compiled for; no request depends on it",
  gateways: "a test has one gateway",
  metrics: "tests ask no Prometheus",
  overload: "a test has as many connections as it has requests, one at a time",
  "services.*.*": "tests have services of their own: where the real ones are does not matter",
  "listeners.*.tls.clientCertificate.*":
    "tests connect by TLS only with a certificate, which every listener then takes: `ca` and `required` are not looked at",
  "listeners.*.accessLog": "tests read no log",
  "listeners.*.protocols": "tests speak HTTP/1.1",
  "consumers.*.credentials": "the runner gives each consumer a key of its own",
  "policies.*.authenticate.anyOf.*.hmac.components": "the runner signs what the policy asks for",
  "policies.*.externalAuth.timeout": "no service of a test is slow",
  "policies.*.fault.delay": "tests do not look at how long a request takes",
  "policies.*.fault.*.percent": "a test is disturbed always or never",
  "policies.*.onError": "no policy fails in a test",
  "policies.*.rateLimit.inFlight": "requests of a test come one after another",
  "policies.*.rateLimit.jitter": "how long it makes a client wait is left to chance",
  "policies.*.rateLimit.timeout": "what counts in a test is not slow",
  "policies.*.rateLimit.store": "tests have fewer keys than the smallest table has slots",
  "routes.*.timeout": "a service is told how long a try may take, and none of a test is slow",
  "policies.*.tracing.export.*.path": "collectors of a test take spans wherever they are sent",
  "routes.*.idleTimeout": "no service of a test is slow",
  "routes.*.retry": "a service of a test answers every try alike",
  "routes.*.hashBy": "a service of a test has one endpoint",
  "routes.*.hedge": "no service of a test is slow",
  "routes.*.websocket": "no request of a test asks for a WebSocket",
  "routes.*.mirror": "tests look at the service that answers",
  "routes.*.callers.*.to.*": "which of several services is asked is left to chance",
  "routes.*.to.*": "which of several services is asked is left to chance",
};

/** Keys that hold only where a case cannot see them: elsewhere it can. */
const ONLY_WHERE: Readonly<Record<string, (path: Path, pattern: string, root: Node) => boolean>> = {
  "consumers.*.credentials": isGiven,
  "routes.*.callers.*.to.*": isOfSeveral,
  "routes.*.to.*": isOfSeveral,
  "routes.*.timeout": hasShorterTries,
  "routes.*.retry": keepsTries,
};

/** By which host a service is asked decides where a request goes. */
const OBSERVABLE = "services.*.hosts";

/** The entry of that list that a path in a file falls under. */
export function excuseOf(path: Path, root: Node): string | undefined {
  if (startsLike(path, OBSERVABLE)) return undefined;
  return Object.keys(UNOBSERVABLE).find(
    (pattern) => startsLike(path, pattern) && (ONLY_WHERE[pattern]?.(path, pattern, root) ?? true),
  );
}

/** Where there is a choice: which service a route with one of them asks, a test does see. */
function isOfSeveral(path: Path, pattern: string, root: Node): boolean {
  const list = nodeAt(root, path.slice(0, pattern.split(".").length - 1));
  return list?.kind === "list" && list.items.length > 1;
}

/** But for tokens that a service is asked about: what that knows of them a test says itself, and so whose they are. */
function isGiven(path: Path, _pattern: string, root: Node): boolean {
  return !names(nodeAt(root, path.slice(0, 4)), "jwt") || !names(nodeAt(root, ["policies"]), "introspect");
}

/** Whether a key of this name stands anywhere in it. */
function names(node: Node | undefined, key: string): boolean {
  return node !== undefined && JSON.stringify(toValue(node)).includes(`"${key}":`);
}

/** What is left of it without the time of one try, which a service is told. */
function keepsTries(path: Path, pattern: string, root: Node): boolean {
  const [, , , key] = path;
  return key === undefined ? !hasShorterTries(path, pattern, root) : key !== "perTry";
}

function hasShorterTries(path: Path, _pattern: string, root: Node): boolean {
  return nodeAt(root, [...path.slice(0, 2), "retry", "perTry"]) !== undefined;
}
