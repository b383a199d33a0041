import type { Section } from "./entry.js";

/** SL06xx: services and listeners. */
export const services = {
  SL0601: {
    severity: "error",
    message: "the service `{service}` needs exactly one of `endpoints`, `zones`, `dns`, `eds` and `versions`",
    help: `\`endpoints\` lists fixed addresses, \`zones\` does so by zone, \`dns\` names a host that is resolved while Envoy runs, \`eds\` a file that may be replaced
while it runs, \`versions\` has these for each version.`,
  },
  SL0602: {
    severity: "error",
    fix: "safe",
    message: "`{host}` is a host name; `endpoints` takes IP addresses, `dns` takes names",
    help: `    services:
      orders: { dns: orders.internal:8080 }`,
  },
  SL0603: {
    severity: "error",
    fix: "safe",
    message: "`{host}` is an IP address; `dns` takes names, `endpoints` takes addresses",
    help: `    services:
      orders: { endpoints: [10.0.0.7:8080] }`,
  },
  SL0604: {
    severity: "error",
    message: "`{host}` is a host name; a listener is bound to an IP address, such as 0.0.0.0",
    help: `Envoy binds listeners to IP addresses: \`0.0.0.0\` for every IPv4 address, \`[::]\` for every address, \`127.0.0.1\` for this machine only.`,
  },
  SL0605: {
    severity: "error",
    message: "the listener `{listener}` already has this address",
    help: `Two listeners cannot share an address and port: the kernel would give each connection to one of them by chance. \`[::]\` takes
connections to every address of IPv4 too, so it has that of \`0.0.0.0\`.`,
  },
  SL0606: {
    severity: "warning",
    message:
      "`{option}: {value}` lets two spellings of one request through, which the gateway and the service may read differently",
    help: `\`%2F\` in a path and \`_\` in a header name are where a proxy and a service most often disagree on what was asked, which has
opened doors in many gateways. Keep \`reject\` unless a client needs otherwise.`,
  },
  SL0607: {
    severity: "warning",
    message: "no route leads to the service `{service}`",
    needs: ["routes"],
    help: `A service gets requests only from routes that name it under \`to\`; Envoy would still keep a cluster for it.

    services:
      orders: { endpoints: [10.0.0.7:8080] }
      orders-v2: { endpoints: [10.0.0.8:8080] }                        # SL0607
    routes:
      - { name: orders, match: { path: /orders/** }, to: orders }

Lead a route to it, with weight 0 if it shall wait, or remove it.`,
  },
  SL0620: {
    severity: "error",
    message: "TLS to the service `{service}` needs `sni`: its endpoints are addresses, and a certificate is for a name",
    help: `Envoy asks for a name, and takes only a certificate that has it. With \`dns\` that is the name of the service; with
\`endpoints\` there is none until \`sni\` gives it.

    services:
      orders: { endpoints: [10.0.0.7:8443], tls: { sni: orders.internal } }`,
  },
  SL0621: {
    severity: "error",
    message: "`{there}` is of no use without `{absent}`",
    help: `A certificate goes with its private key, so \`certificate\` and \`key\` stand together or not at all.

    services:
      orders:
        dns: orders.internal:8443
        tls: { certificate: mounted:/etc/tls/client.crt, key: mounted:/etc/tls/client.key }`,
  },
  SL0622: {
    severity: "error",
    message: "`protocol: auto` asks the service `{service}` by ALPN, which is a part of TLS; it has no `tls`",
    help: `Without TLS nothing says which version of HTTP a service speaks before the first request. Name it: \`http1\` or \`http2\`.

    services:
      orders: { endpoints: [10.0.0.7:8080], protocol: http2 }`,
  },
  SL0623: {
    severity: "error",
    message: "a private key is given by `mounted:` and the absolute path of its file, never as itself",
    secret: true,
    help: `A key in the policy file would end up in version control, in CI logs and in Envoy's configuration dump. Envoy reads it from a
file, and again after a rename in its folder.

    tls: { certificate: mounted:/etc/tls/tls.crt, key: mounted:/etc/tls/tls.key }

If a real key was in the file, replace that key.`,
  },
  SL0624: {
    severity: "error",
    message: "`tls` of the listener `{listener}` needs either `certificate` with `key`, or `certificates`",
    help: `A listener with TLS has one certificate, or a list of several of which each client is shown the one that has the name it
asks for (SNI). The first of the list is for clients that ask for none, or for a name that no certificate has.

    listeners:
      public:
        address: "[::]:8443"
        tls:
          certificates:
            - { certificate: mounted:/etc/tls/shop.crt, key: mounted:/etc/tls/shop.key }
            - { certificate: mounted:/etc/tls/partners.crt, key: mounted:/etc/tls/partners.key }`,
  },
  SL0625: {
    severity: "error",
    fix: "safe",
    message: "`{certificate}` is listed twice, so nobody is ever shown the second",
    help: `Envoy chooses among certificates by the names in them, and of two that are alike the first. The second was most likely meant
to be another file.`,
  },
  SL0626: {
    severity: "warning",
    message: "the service `{service}` speaks gRPC and `{other}` of the same route does not",
    help: `A client speaks one of them, so a share of its requests fails. As not every request is a call, the route also has a time-out for
the whole answer, which ends streams.

    services:
      orders: { endpoints: [10.0.0.7:8080], protocol: grpc }
      web: { endpoints: [10.0.0.8:8080] }
    routes:
      - { name: all, match: { path: /** }, to: [{ service: orders }, { service: web }] }   # SL0626`,
  },
  SL0627: {
    severity: "warning",
    message: "no listener takes HTTP/2, so no call reaches the service `{service}`",
    needs: ["listeners", "routes"],
    help: `gRPC is spoken over HTTP/2, from the client on.

    listeners:
      public: { address: 0.0.0.0:8080, protocols: [http1] }             # add http2
    services:
      orders: { endpoints: [10.0.0.7:8080], protocol: grpc }            # SL0627`,
  },
  SL0628: {
    severity: "warning",
    message: "`{condition}` is a code of gRPC, and the services of the route speak HTTP/1.1, so no answer has it",
    help: `Codes of gRPC stand behind the answer, which takes HTTP/2. Name statuses of HTTP, or say that the service speaks gRPC.

    services:
      orders: { endpoints: [10.0.0.7:8080], protocol: grpc }
    routes:
      - { name: orders, match: { path: /shop.Orders/** }, to: orders, retry: { on: [unavailable] } }`,
  },
  SL0629: {
    severity: "warning",
    message:
      "`{policy}` holds requests until they are whole, and a call of `{route}` may be a stream that does not end",
    help: `A client that streams waits for what the service says to its first message, and the service never hears of it. Messages of gRPC are bounded
by the service itself (4 MiB by default in most libraries).

Leave the policy out on routes whose methods stream, or split the route by method: \`/shop.Orders/Get\` and \`/shop.Orders/Watch\` are paths.`,
  },
  SL0630: {
    severity: "error",
    message: "`http3` is always encrypted, and the listener `{listener}` has no `tls`",
    help: `QUIC, by which HTTP/3 travels, has TLS 1.3 in it.

    listeners:
      public:
        address: "[::]:8443"
        protocols: [http1, http2, http3]
        tls: { certificate: mounted:/etc/tls/tls.crt, key: mounted:/etc/tls/tls.key }`,
  },
  SL0631: {
    severity: "error",
    message: "`http3` cannot be captured: the kernel tells of TCP only where a connection was meant to go",
    help: `Programs behind an outbound listener speak HTTP/1.1 or HTTP/2 to it, and clients of HTTP/3 find an inbound one by its own address. Leave out
\`http3\`, or have a listener of its own for it.`,
  },
  SL0632: {
    severity: "error",
    message: "`http3Port` is of no use: the listener `{listener}` does not speak `http3`",
    help: `    listeners:
      public:
        address: "[::]:8443"
        protocols: [http1, http2, http3]
        http3Port: 443
        tls: { certificate: mounted:/etc/tls/tls.crt, key: mounted:/etc/tls/tls.key }`,
  },
  SL0640: {
    severity: "error",
    message: "`health` needs exactly one of `path`, `tcp` and `grpc`",
    help: `\`path\` is asked for over HTTP; with \`tcp: true\` an endpoint is healthy if it takes a connection, with \`grpc\` if it says so by the protocol of gRPC.

    services:
      orders: { endpoints: [10.0.0.7:8080], health: { path: /healthz, interval: 3s } }
      legacy: { endpoints: [10.0.0.8:8080], health: { tcp: true } }`,
  },
  SL0641: {
    severity: "error",
    fix: "safe",
    message: "`{key}` has no meaning in a check by `{by}`",
    help: `Nothing is asked over a connection that is only opened, and gRPC has an answer of its own. Remove the key, or check a \`path\`.`,
  },
  SL0642: {
    severity: "error",
    fix: "safe",
    message: "`slowStart` has no meaning with `loadBalancing: {policy}`",
    help: `Envoy raises the share of an endpoint slowly with \`roundRobin\` and \`leastRequest\` only.

    services:
      a: { endpoints: [10.0.0.7:8080], loadBalancing: random, slowStart: 30s }         # SL0642
      b: { endpoints: [10.0.0.7:8080], loadBalancing: leastRequest, slowStart: 30s }`,
  },
  SL0643: {
    severity: "warning",
    fix: "safe",
    message: "`retries` is not looked at: the route `{route}` has a `budget` for retries of this service",
    help: `A budget of a route stands in place of the number. Remove one of them.

    services:
      orders: { endpoints: [10.0.0.7:8080], circuitBreakers: { retries: 10 } }         # SL0643
    routes:
      - { name: a, match: { path: /a }, to: orders, retry: { budget: 20% } }`,
  },
  SL0644: {
    severity: "warning",
    fix: "suggested",
    message: "of {connections} connections only {requests} could be used: no more requests than that may be under way",
    help: `Each connection in use carries a request at least, so connections beyond the limit of \`requests\` never open.

    circuitBreakers: { connections: 200, requests: 100 }   # SL0644
    circuitBreakers: { connections: 100, requests: 100 }`,
  },
  SL0645: {
    severity: "warning",
    fix: "suggested",
    message: "`outliers` leaves out nobody: {percent} of the {endpoints} of this service is less than one",
    help: `\`maxEjectionPercent\`, 50% if absent, is never exceeded, also not by the first endpoint.

    services:
      a: { endpoints: [10.0.0.7:8080], outliers: {} }                                        # SL0645
      b: { endpoints: [10.0.0.7:8080, 10.0.0.8:8080], outliers: {} }
      c: { endpoints: [10.0.0.7:8080, 10.0.0.8:8080], outliers: { maxEjectionPercent: 40% } }  # SL0645`,
  },
  SL0646: {
    severity: "error",
    message: "a check by `grpc` needs HTTP/2, and the service `{service}` has neither `protocol: grpc` nor `http2`",
    help: `gRPC is spoken over HTTP/2. Envoy refuses such a check of a service that may speak anything else.

    services:
      orders: { endpoints: [10.0.0.7:8080], protocol: grpc, health: {} }
      carts: { endpoints: [10.0.0.8:8080], protocol: http2, health: { grpc: {} } }`,
  },
  SL0647: {
    severity: "error",
    fix: "safe",
    message: "`{service}` cannot stand in for `{name}`: it is that service, or stands in for it already",
    help: `\`failover\` names other services, each once, in the order in which they stand in. Two services may stand in for each other: whoever
stands in gets requests for its own endpoints only, and does not hand them on.

    services:
      orders: { endpoints: [10.0.0.7:8080], health: { path: /healthz }, failover: [orders-eu] }
      orders-eu: { endpoints: [10.1.0.7:8080], health: { path: /healthz }, failover: [orders] }`,
  },
  SL0648: {
    severity: "warning",
    fix: "suggested",
    message: "nothing ever stands in for `{service}`: without `health` or `outliers` all of its endpoints are well",
    help: `Requests go elsewhere while too few endpoints are healthy. Only a check, or requests that fail, can tell that one is not.

    services:
      a: { endpoints: [10.0.0.7:8080], failover: [b] }                                      # SL0648
      b: { endpoints: [10.1.0.7:8080], health: { path: /healthz, interval: 3s }, failover: [a] }`,
  },
  SL0649: {
    severity: "warning",
    fix: "suggested",
    message: "requests to `{service}` come back to the listener `{listener}` of this gateway",
    help: `The endpoint is an address that this gateway listens on itself. Unless the routes are such that a request does not come to the same one
again, it goes round until a timeout. Where routes have \`retry\`, the tries of each round multiply (SL0362).

    listeners: { public: { address: 0.0.0.0:8080 } }
    services: { again: { endpoints: [127.0.0.1:8080] } }   # SL0649

Name the service that is meant. If it is another program on another machine's loopback, silence the warning with that reason.`,
  },
  SL0650: {
    severity: "error",
    message: "`versions` and `active` of the service `{service}` go together",
    help: `Routes that name no version mean the active one, so a service with versions says which that is.

    services:
      orders:
        versions: { blue: { endpoints: [10.0.0.7:8080] }, green: { endpoints: [10.0.0.8:8080] } }
        active: blue
    routes:
      - { name: a, match: { path: /a }, to: orders }
      - { name: next, match: { path: /a, headers: { x-next: "1" } }, to: [{ service: orders, version: green }] }`,
  },
  SL0651: {
    severity: "error",
    message: "the version `{version}` needs exactly one of `endpoints`, `zones`, `dns` and `eds`",
    help: `A version is the service in another place: \`endpoints\` and \`zones\` list fixed addresses, \`dns\` names a host, \`eds\` a file. All else is said once, at the service.`,
  },
  SL0652: {
    severity: "error",
    message: "Envoy cannot ask for `{part}` in an access log",
    help: `An access log is written when a request is over, by conditions that Envoy's filters of access logs can say:

- \`response.status\` and \`response.duration\` compared with a constant, by \`==\`, \`!=\`, \`<\`, \`<=\`, \`>\`, \`>=\` or \`in\`;
- \`request.method\` and \`request.headers["name"]\` compared with a text, by \`==\`, \`!=\`, \`in\`, \`startsWith\`, \`endsWith\` or \`contains\`;
- \`has(request.headers["name"])\`, and all of that joined by \`&&\`, \`||\` and \`!\`.

Who called and what was decided stand in the line: log more, and choose where the log is read.

    accessLog: { to: stdout, when: 'auth.consumer == "acme"' }                                        # SL0652
    accessLog: { to: stdout, when: 'response.status >= 500 || response.duration > duration("1s")' }`,
  },
  SL0653: {
    severity: "error",
    message: "Envoy would not take this file: {reason}",
    help: `A file under \`eds\` is read by Envoy itself, each time that another one is renamed into its place. It is a discovery response with
one \`ClusterLoadAssignment\`. Weights, priorities and localities may stand in it; they are Envoy's.

    resources:
      - "@type": type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment
        cluster_name: orders
        endpoints:
          - lb_endpoints:
              - { endpoint: { address: { socket_address: { address: 10.0.0.7, port_value: 8080 } } } }
              - { endpoint: { address: { socket_address: { address: 10.0.0.8, port_value: 8080 } } } }`,
  },
  SL0654: {
    severity: "error",
    message: "the file must be of `{name}`, and its `cluster_name` is {found}",
    help: `Envoy takes a file only for the service that it is of. The name is that of the service in the policy, and of a version that of the service,
a dot and that of the version: \`orders.green\`. It stays the same whichever version is active.`,
  },
  SL0655: {
    severity: "error",
    message: "`{host}` is no IP address; Envoy resolves no names that it finds in such a file",
    help: `Write the addresses of the endpoints, or have Envoy resolve the name:

    services:
      orders: { dns: orders.internal:8080 }`,
  },
  SL0656: {
    severity: "warning",
    message: "the file has no endpoint of `{name}`, so every request to it is answered 503",
    help: `That may be meant, where the service comes later: Envoy takes up what the file says as soon as another one is renamed into its place.`,
  },
  SL0657: {
    severity: "warning",
    fix: "safe",
    message: "`{key}` has no effect: of the addresses of `{service}` only the first counts",
    help: `With \`addresses: first\` a service is one endpoint, whichever address it has just now.

    services:
      orders: { dns: { name: orders.example.com:443, addresses: first }, loadBalancing: random }   # SL0657

Remove it, or leave out \`addresses\`: then all addresses are endpoints.`,
  },
} as const satisfies Section<"06">;
