import type { Section } from "./entry.js";

/** SL054x: tokens about which a service is asked. */
export const introspection = {
  SL0540: {
    severity: "warning",
    message: "tokens, and the secret of the gateway, go to `{service}` without TLS",
    help: `Whoever is asked what a token is gets the token, and the secret by which the gateway signs in there. Without TLS, so does everybody on the way
(RFC 7662, section 4). Services on this machine are let pass.

    services:
      idp: { dns: id.example.com:80 }               # SL0540
      idp: { dns: id.example.com:443, tls: {} }`,
  },
  SL0541: {
    severity: "error",
    message: "no policy of a route asks the service `{service}` what tokens are, so it has no `tokens`",
    help: `Tokens are answers of a service that an \`introspect\` names, where a route applies its policy.

    policies:
      callers: { authenticate: { anyOf: [{ introspect: { service: idp, path: /introspect, client: env:ID, secret: env:SECRET } }] } }
    upstreams:
      orders: { tokens: { opaque-1: { sub: alice } } }      # SL0541
      idp: { tokens: { opaque-1: { sub: alice } } }

Name that service; for any other one say \`status\`, \`headers\`, \`body\` or \`json\`.`,
  },
} as const satisfies Section<"05">;
