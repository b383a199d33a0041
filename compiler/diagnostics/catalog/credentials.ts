import type { Section } from "./entry.js";

/** SL049x: tokens, and the keys that they are signed with. */
export const credentials = {
  SL0491: {
    severity: "error",
    fix: "suggested",
    message: "this key cannot be used: {why}",
    help: `Keys verify signatures: RSA with 2048 to 8192 bits and the exponent 65537 (or 3), EC with the curve P-256 or P-384. A key that is weaker, that is
damaged or that is for something else would refuse every token that is signed with it, or let in what is not.

Keys of a file whose \`use\` says that they encrypt are passed over without a word: issuers publish them beside the others.`,
  },
  SL0492: {
    severity: "error",
    fix: "suggested",
    secret: true,
    message: "this is a private key: whoever reads it can sign tokens",
    help: `Only the public part belongs here: \`kty\`, \`kid\`, \`alg\`, and \`n\` and \`e\` of an RSA key or \`crv\`, \`x\` and \`y\` of an EC key. A private key that stood in a
file is known to all who can read the file and its history: make a new one.`,
  },
  SL0493: {
    severity: "error",
    secret: true,
    message:
      "a secret key cannot stand in a file; name the environment variable that holds it, such as `env:JWT_SECRET`",
    help: `Whoever knows the secret of HS256 can sign tokens. So it stays out of the policy, and the variable has it.

    jwks: { keys: [{ kty: oct, alg: HS256, k: env:JWT_SECRET }] }      # in base64url, as JSON Web Keys have it
    secret: env:JWT_SECRET                                             # the bytes as they are`,
  },
  SL0494: {
    severity: "error",
    fix: "suggested",
    message: "tokens by `{algorithm}` are not verified{hint}",
    help: `RS256, RS384, RS512, ES256, ES384, HS256, HS384 and HS512 are. \`none\` is no signature at all. What is signed in another way is refused, so it would be in
vain to name it.`,
  },
  SL0495: {
    severity: "error",
    fix: "suggested",
    message: "no key is for `{algorithm}`",
    help: `The key decides by which algorithm a token may be signed. RSA keys are for RS256, RS384 and RS512, or for the one that their \`alg\` names; EC keys for ES256 (P-256) or
ES384 (P-384); secrets for HS256, HS384 or HS512.`,
  },
  SL0496: {
    severity: "error",
    message: "there is no key that verifies tokens: {why}",
    help: `Without a key nobody would be let in. A set of keys is a JSON document with a list of \`keys\` (RFC 7517), as issuers publish it.

    jwks: file:jwks.json
    jwks: { service: idp, path: /jwks }
    jwks: { keys: [{ kty: EC, crv: P-256, x: ..., y: ..., kid: a }] }`,
  },
  SL0497: {
    severity: "warning",
    message: "tokens cannot tell this key from another one: both are for `{algorithm}`, {how}",
    help: `A token names its key by \`kid\`. Only one key is ever tried, so a token that could mean two of them is refused. Give each key a \`kid\` of its own, as the issuer
has it in the header of its tokens.`,
  },
  SL0498: {
    severity: "error",
    fix: "suggested",
    message: "the header `{header}` cannot tell a claim: {why}",
    help: `The service believes what such a header says, so nobody else may write it: it is removed from every request first. That is no way to treat a header that
belongs to the connection, to Envoy, to the consumer or to a credential.

    claimsToHeaders: { sub: x-user-id, realm_access.roles: x-roles }`,
  },
  SL0489: {
    severity: "error",
    message: "`jwt` needs exactly one of `jwks` and `secret`",
    help: `Either the public keys of the issuer, or the secret that it shares with the gateway.

    jwt: { issuer: https://id.example.com/, audiences: [orders], jwks: file:jwks.json }
    jwt: { issuer: https://id.example.com/, audiences: [orders], secret: env:JWT_SECRET }`,
  },
  SL0490: {
    severity: "warning",
    message: "a subject without an issuer: this consumer is whoever `{first}` calls so, and whoever `{second}` does",
    needs: ["consumers", "policies"],
    help: `The credential names no issuer, so it is that of whoever any issuer calls so, and the gateway believes several. Where people choose their names, one may be called at
one issuer as somebody else is at another.

    consumers:
      acme: { groups: [admins], credentials: [{ jwt: { subject: acme-app } }] }                                            # SL0490
      acme: { groups: [admins], credentials: [{ jwt: { subject: acme-app, issuer: "https://staff.example/" } }] }

Name the issuer.`,
  },
  SL0486: {
    severity: "warning",
    message: "`{policy}` knows callers by client certificates, but no listener of this route asks for one",
    needs: ["listeners", "routes", "defaults", "mandatory"],
    help: `A client shows a certificate only where the listener asks for one and says whose signature it trusts. Without that, the method never finds
anybody.

    listeners:
      partners:
        address: 0.0.0.0:8443
        tls:
          certificate: mounted:/etc/tls/shop.crt
          key: mounted:/etc/tls/shop.key
          clientCertificate: { ca: mounted:/etc/tls/clients.crt }

With \`required: false\` a client may leave its certificate out, and be known by another method.`,
  },
  SL0488: {
    severity: "error",
    message: "exactly one of {keys} must stand here",
    help: `Each item of a list of methods or credentials is one of them. Write a second one as an item of its own.

    credentials:
      - { apiKey: env:ACME_KEY }
      - { certificate: { san: spiffe://shop.example/acme } }`,
  },
} as const satisfies Section<"04">;
