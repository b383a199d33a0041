import type { Section } from "./entry.js";

/** SL055x: keys of tokens that a service publishes. */
export const keySources = {
  SL0550: {
    severity: "error",
    message: "where the service `{service}` publishes its keys is not said: `path` is missing",
    help: `Issuers publish their keys at a path of their own, which their documentation names, or \`jwks_uri\` in what they answer at
\`/.well-known/openid-configuration\`.

    jwks: { service: idp }                                # SL0550
    jwks: { service: idp, path: /.well-known/jwks.json }`,
  },
  SL0551: {
    severity: "error",
    message:
      "keys are fetched every {refresh} and not used after {maxStale}: there would be none before they are fetched again",
    help: `\`maxStale\` is how long the gateway goes on with the keys that it has while the service cannot be asked. It has to be longer than \`refresh\`, and better several
times as long: then a failure of the issuer is one of nobody else.

    jwks: { service: idp, path: /jwks, refresh: 1h, maxStale: 30m }     # SL0551
    jwks: { service: idp, path: /jwks, refresh: 5m, maxStale: 1h }`,
  },
  SL0552: {
    severity: "error",
    fix: "suggested",
    message: "`{algorithm}` takes a secret, and what a service publishes is none",
    help: `Whoever knows the secret of HS256, HS384 or HS512 can sign tokens, so nobody publishes it. A key of the type \`oct\` that a service publishes is passed over. Issuers that publish
keys sign by RSA or ECDSA.

    algorithms: [RS256, HS256]      # SL0552
    algorithms: [RS256]

A secret that the issuer shares with the gateway is in the environment: \`secret: env:JWT_SECRET\`.`,
  },
  SL0553: {
    severity: "warning",
    message:
      "the keys of `{host}` come without TLS: whoever is on the way could put others in their place, and sign tokens",
    help: `A signature says no more than the keys by which it is verified. Fetched without TLS over a network that others use, they are whoever's answers first.

    services:
      idp: { dns: id.example.com:80 }                     # SL0553
      idp: { dns: id.example.com:443, tls: {} }

Addresses of this machine and of private networks, and names without a dot or below \`local\`, \`internal\`, \`localhost\`, \`svc\`, \`lan\`, \`home.arpa\` and \`test\`, are taken to be on a network of yours.`,
  },
  SL0554: {
    severity: "error",
    fix: "suggested",
    message: "`{key}` is for keys that a service publishes, and these stand here",
    help: `Keys come from one place: they stand in \`keys\`, or \`service\` and \`path\` say where they are fetched, \`refresh\` how often and \`maxStale\` how long they are good when that fails.

    jwks: { keys: [{ kty: EC, crv: P-256, x: ..., y: ..., kid: a }], refresh: 5m }     # SL0554
    jwks: { service: idp, path: /jwks, refresh: 5m }`,
  },
  SL0555: {
    severity: "error",
    message: "{count} policies have their keys from services; at most {most} are possible",
    help: `Each worker keeps room for 64 keys for each of them. Routes may share a policy: then the keys are there once.`,
  },
  SL0556: {
    severity: "error",
    message: "no policy that a route applies has its keys from the service `{service}`",
    help: `\`jwks\` is what a service answers where the gateway fetches keys of tokens. Any other request to the service gets what \`status\`, \`headers\`, \`body\` and \`json\` say.

    policies: { known: { authenticate: { anyOf: [{ jwt: { ..., jwks: { service: idp, path: /jwks } } }] } } }
    upstreams:
      orders: { jwks: { status: 503 } }     # SL0556
      idp: { jwks: { status: 503 } }`,
  },
} as const satisfies Section<"05">;
