import { type Diagnostic, diagnose } from "../diagnostics/diagnostic.js";
import type { CheckedGateway } from "./check.js";
import { targetsOf } from "./destinations.js";
import type { Gateway } from "./gateway.js";
import { canonicalHost } from "./values.js";
import { endpointsOf } from "./zones.js";

/** Services that are a listener of the gateway itself: what goes there comes back, and is tried again in each round. */
export function checkCircles({ gateway, place }: CheckedGateway): Diagnostic[] {
  return Object.entries(gateway.services).flatMap(([service, one]) =>
    endpointsOf(one).flatMap(({ endpoint, path }) => {
      const listener = listenerAt(gateway, endpoint);
      if (listener === undefined) return [];
      const retries = gateway.routes.flatMap((route) =>
        targetsOf(route).some((target) => target.service === service) ? (route.retry?.attempts ?? 0) : 0,
      );
      const most = Math.max(0, ...retries);
      const times = most === 0 ? "" : `, where each round tries ${most + 1} times`;
      const span = place(["services", service, ...path]);
      return [
        diagnose("SL0649", { service, listener, times }, span, {
          related: [{ message: "the listener is here", span: place(["listeners", listener, "address"]) }],
        }),
      ];
    }),
  );
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
