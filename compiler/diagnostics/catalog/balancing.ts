import type { Section } from "./entry.js";

/** SL067x and SL068x: zones of services, what services take at a time, and whose certificates are trusted. */
export const balancing = {
  SL0670: {
    severity: "error",
    message: "`zoneAware` has no zones to tell apart: the service `{service}` needs `zones` with two of them or more",
    help: `A gateway can prefer the endpoints of its own zone only where it is said in which zone each of them is.

    orders: { endpoints: [10.0.1.7:8080, 10.0.2.7:8080], zoneAware: {} }                          # SL0670
    orders: { zones: { eu-1a: [10.0.1.7:8080], eu-1b: [10.0.2.7:8080] }, zoneAware: {} }`,
  },
  SL0671: {
    severity: "warning",
    message: "the zones of the service `{service}` have no effect without `zoneAware`",
    help: `Requests go to the endpoints of all zones alike. Say that they stay in the zone of the gateway, or list the addresses under \`endpoints\`.

    orders: { zones: { eu-1a: [10.0.1.7:8080], eu-1b: [10.0.2.7:8080] } }                         # SL0671
    orders: { zones: { eu-1a: [10.0.1.7:8080], eu-1b: [10.0.2.7:8080] }, zoneAware: {} }`,
  },
  SL0672: {
    severity: "error",
    fix: "safe",
    message: "`{policy}` chooses by a hash, wherever the gateway is",
    help: `Requests with the same hash go to the same endpoint, which gateways of several zones must agree on.

    orders: { zones: { ... }, loadBalancing: maglev, zoneAware: {} }         # SL0672
    orders: { zones: { ... }, loadBalancing: leastRequest, zoneAware: {} }`,
  },
  SL0673: {
    severity: "error",
    message: "`minEndpoints` and `evenly` are two ways to share requests among zones",
    help: `With \`minEndpoints\` all requests stay in the zone of the gateway while so many endpoints there are healthy. With \`evenly\` only as many stay
as make each endpoint of all zones get as much.

    zoneAware: { evenly: true, minEndpoints: 2 }   # SL0673
    zoneAware: { minEndpoints: 2 }`,
  },
  SL0674: {
    severity: "warning",
    message: "nothing depends on how many gateways there are: no service has `zoneAware`",
    needs: ["services"],
    help: `The number of gateways in each zone tells how many requests come from there. Only services that share them among zones need it.`,
  },
  SL0675: {
    severity: "error",
    message:
      "the route `{route}` leads to several services, and `{key}` of `{service}` counts before one of them is chosen",
    needs: ["services"],
    help: `Envoy looks at the limits of a service before it chooses among those of a route, be it by weight or by caller. Versions of one
service have its limits in common.

    services:
      v1: { endpoints: [10.0.0.7:8080], admission: {} }
      v2: { endpoints: [10.0.0.8:8080] }
    routes:
      - { name: a, match: { path: /a }, to: [{ service: v1, weight: 9 }, { service: v2, weight: 1 }] }   # SL0675

    services:
      orders:
        versions: { v1: { endpoints: [10.0.0.7:8080] }, v2: { endpoints: [10.0.0.8:8080] } }
        active: v1
        admission: {}`,
  },
  SL0676: {
    severity: "warning",
    fix: "suggested",
    message: "`{key}` of the service `{service}` has no effect: no route leads to it",
    needs: ["services", "routes"],
    help: `The limits of a service hold for the requests of routes that lead to it. What it gets in place of another service, as a copy, or
from a policy that asks it, counts nowhere.

    services:
      orders: { endpoints: [10.0.0.7:8080], health: { tcp: true }, failover: [spare] }
      spare: { endpoints: [10.0.0.8:8080], admission: {} }                                # SL0676
    routes:
      - { name: orders, match: { path: /orders/** }, to: orders }`,
  },
  SL0677: {
    severity: "error",
    message: "at least {min} requests may be under way, and at most {max}",
    help: `The limit is found between \`min\` and \`max\`.

    adaptiveConcurrency: { min: 20, max: 10 }   # SL0677
    adaptiveConcurrency: { min: 10, max: 20 }`,
  },
  SL0678: {
    severity: "error",
    fix: "safe",
    message: "`latency` says what would be measured",
    help: `Say how long requests take while the service has little to do, or have it measured.

    adaptiveConcurrency: { latency: 50ms, measure: { every: 5m } }   # SL0678
    adaptiveConcurrency: { latency: 50ms }`,
  },
  SL0679: {
    severity: "warning",
    fix: "suggested",
    message: "of {max} requests only {requests} could be under way: `circuitBreakers` refuses the others",
    help: `The limit that Envoy finds may be as high as \`max\`, 1000 if absent; \`requests\` of \`circuitBreakers\`, 1024 if absent, is the lower one.

    adaptiveConcurrency: { max: 500 }, circuitBreakers: { requests: 100 }   # SL0679
    adaptiveConcurrency: { max: 100 }, circuitBreakers: { requests: 100 }`,
  },
  SL0680: {
    severity: "warning",
    fix: "suggested",
    message:
      "`{ca}` has the authorities of the web: whoever has a name there gets a certificate that this listener takes",
    help: `The certificate of a client says that it is one of yours only if the authority that signed it signs for nobody else.

    clientCertificate: { ca: "mounted:/etc/ssl/certs/ca-certificates.crt" }   # SL0680
    clientCertificate: { ca: "mounted:/etc/tls/clients.crt" }`,
  },
  SL0681: {
    severity: "warning",
    fix: "suggested",
    message: "no authority of the web signs a certificate for `{name}`, and the service has no `ca` of its own",
    help: `Without \`ca\`, Envoy trusts the authorities of the web. They sign names that somebody owns, so a certificate for a name inside of a
network comes from an authority of that network: connections would fail, and the trust would be in the wrong hands.

    orders: { dns: "orders.internal:8443", tls: {} }                                        # SL0681
    orders: { dns: "orders.internal:8443", tls: { ca: "mounted:/etc/tls/services.crt" } }`,
  },
} as const satisfies Section<"06">;
