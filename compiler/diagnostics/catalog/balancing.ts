import type { Section } from "./entry.js";

/** SL067x and SL068x: zones of services, and what services take at a time. */
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
} as const satisfies Section<"06">;
