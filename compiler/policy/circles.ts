import { type Diagnostic, diagnose } from "../diagnostics/diagnostic.js";
import { nodeAt } from "../syntax/document.js";
import { removal, removeEntry } from "../syntax/edits.js";
import type { CheckedGateway } from "./check.js";
import { targetsOf } from "./destinations.js";
import type { Gateway } from "./gateway.js";
import { canonicalHost } from "./values.js";
import { endpointsOf } from "./zones.js";

/** Services that are a listener of the gateway itself: what goes there comes back. */
export function checkCircles(checked: CheckedGateway): Diagnostic[] {
  const { gateway, place } = checked;
  const found = Object.entries(gateway.services).flatMap(([service, one]) =>
    endpointsOf(one).flatMap(({ endpoint, path }) => {
      const listener = listenerAt(gateway, endpoint);
      if (listener === undefined) return [];
      const span = place(["services", service, ...path]);
      return [
        diagnose("SL0649", { service, listener }, span, {
          related: [{ message: "the listener is here", span: place(["listeners", listener, "address"]) }],
        }),
      ];
    }),
  );
  return [...found, ...multiplied(checked)];
}

/** Retries of a route whose requests come back, to another route that has retries too. */
function multiplied({ gateway, root, place }: CheckedGateway): Diagnostic[] {
  const circles = new Set(
    Object.entries(gateway.services).flatMap(([service, one]) =>
      endpointsOf(one).some(({ endpoint }) => listenerAt(gateway, endpoint) !== undefined) ? [service] : [],
    ),
  );
  if (circles.size === 0) return [];
  const retrying = gateway.routes.flatMap(({ name, retry }, index) =>
    retry === undefined ? [] : [{ name, index, tries: retry.attempts + 1 }],
  );
  return retrying.flatMap(({ name, index, tries }) => {
    const route = gateway.routes[index];
    const back = targetsOf(route ?? {}).find(({ service }) => circles.has(service));
    const [inner] = retrying.filter((other) => other.index !== index).toSorted((a, b) => b.tries - a.tries);
    if (back === undefined || inner === undefined) return [];
    const node = nodeAt(root, ["routes", index]);
    const fix = removal("remove `retry`", false, node?.kind === "map" ? removeEntry(node, "retry") : undefined);
    const parameters = { route: name, tries, other: inner.name, each: inner.tries, all: tries * inner.tries };
    const related = [{ message: "they are here", span: place(["routes", inner.index, "retry"], "key") }];
    return [diagnose("SL0362", parameters, place(["routes", index, "retry"], "key"), { related, ...fix })];
  });
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
