import { type Diagnostic, diagnose, type Fix } from "../diagnostics/diagnostic.js";
import { type Node, nodeAt, type Path } from "../syntax/document.js";
import { removal, removeEntry, removeItem } from "../syntax/edits.js";
import type { CheckedGateway } from "./check.js";
import { serviceOf, targetsOf } from "./destinations.js";
import type { Gateway, Route } from "./gateway.js";
import { listenersOf } from "./sidecar.js";
import { canonicalHost } from "./values.js";
import { namedServices, versionName } from "./versions.js";
import { endpointsOf } from "./zones.js";

/** Services that are a listener of the gateway itself: what goes there comes back. */
export function checkCircles(checked: CheckedGateway): Diagnostic[] {
  const { gateway, root, place } = checked;
  const circles = circlesOf(gateway);
  const found = circles.flatMap(({ service, listener, path }) => {
    const related = [{ message: "the listener is here", span: place(["listeners", listener, "address"]) }];
    return [diagnose("SL0649", { service, listener }, place(path), { related, ...withoutEndpoint(root, path) })];
  });
  return [...found, ...multiplied(circles, checked)];
}

interface Circle {
  /** As routes mean it, with its version where it has some. */
  service: string;
  listener: string;
  /** Of the endpoint. */
  path: Path;
}

function circlesOf(gateway: Gateway): Circle[] {
  return namedServices(gateway).flatMap(({ name, service, path }) =>
    endpointsOf(service).flatMap(({ endpoint, path: inner }) => {
      const listener = listenerAt(gateway, endpoint);
      return listener === undefined ? [] : [{ service: name, listener, path: [...path, ...inner] }];
    }),
  );
}

/** One of several endpoints may go; a service without any is none. */
function withoutEndpoint(root: Node, path: Path): { fix?: Fix } {
  const list = nodeAt(root, path.slice(0, -1));
  const index = path.at(-1);
  if (list?.kind !== "list" || list.items.length < 2 || typeof index !== "number") return {};
  return removal("remove it", false, removeItem(list, index));
}

/** Retries of a route whose requests come back, perhaps in place of a service that is not well, to another one that has retries too. */
function multiplied(circles: readonly Circle[], { gateway, root, place }: CheckedGateway): Diagnostic[] {
  if (circles.length === 0) return [];
  const retrying = gateway.routes.flatMap((route, index) =>
    route.retry === undefined ? [] : [{ route, name: route.name, index, tries: route.retry.attempts + 1 }],
  );
  return retrying.flatMap(({ route, name, index, tries }) => {
    const asked = askedBy(route, gateway);
    const reached = circles.filter(({ service }) => asked.has(service)).map(({ listener }) => listener);
    const [inner] = retrying
      .filter(
        (other) => other.index !== index && listenersOf(other.route, gateway).some((one) => reached.includes(one)),
      )
      .toSorted((a, b) => b.tries - a.tries);
    if (inner === undefined) return [];
    const node = nodeAt(root, ["routes", index]);
    const fix = removal("remove `retry`", false, removeEntry(node, "retry"));
    const parameters = { route: name, tries, other: inner.name, each: inner.tries, all: tries * inner.tries };
    const related = [{ message: "they are here", span: place(["routes", inner.index, "retry"], "key") }];
    return [diagnose("SL0362", parameters, place(["routes", index, "retry"], "key"), { related, ...fix })];
  });
}

/** Services that a route leads to, and those that stand in for them. */
function askedBy(route: Route, gateway: Gateway): ReadonlySet<string> {
  const named = targetsOf(route).map((target) => versionName(gateway, target));
  const standIns = targetsOf(route).flatMap(({ service }) => serviceOf(service, gateway)?.failover ?? []);
  return new Set([...named, ...standIns]);
}

const LOOPBACK = /^(127\..*|::1)$/;

function listenerAt(gateway: Gateway, { host, port }: { host: string; port: number }): string | undefined {
  const asked = canonicalHost(host);
  return Object.entries(gateway.listeners).find(([, { address, capturedBy }]) => {
    // It is not bound to its address.
    if (capturedBy !== undefined) return false;
    const own = canonicalHost(address.host);
    // `[::]` takes connections to addresses of both families.
    const reaches = own === "::" ? LOOPBACK.test(asked) : own === "0.0.0.0" && asked.startsWith("127.");
    return address.port === port && (own === asked || reaches);
  })?.[0];
}
