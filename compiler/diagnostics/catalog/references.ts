import type { Section } from "./entry.js";

/** SL02xx: references and names. */
export const references = {
  SL0201: {
    severity: "error",
    fix: "suggested",
    message: "no {what} is named `{name}`{hint}",
    needs: ["names"],
    help: `A name that points at nothing in the file.

    routes:
      - { name: orders, match: { path: /orders/** }, to: order }   # SL0201: did you mean \`orders\`?

Define it under \`services\` or \`policies\`, or write the name of one that is there.`,
  },
  SL0202: {
    severity: "error",
    message: "the {what} `{name}` is defined twice",
    help: `Decisions, logs and metrics name routes and rules, so a name stands for one of them only. Give the second another name.`,
  },
  SL0203: {
    severity: "error",
    message: "this key is given to two credentials, so it would not tell who calls",
    help: `Two credentials refer to the same environment variable or digest. A key identifies one consumer; give each its own.`,
  },
  SL0204: {
    severity: "error",
    message: "a key is given by reference, never as itself: env:NAME, or sha256: and 64 hexadecimal digits",
    secret: true,
    help: `A key in the policy file would end up in version control, in CI logs and in Envoy's configuration dump. \`env:NAME\` reads it from
Envoy's environment when it starts; \`sha256:\` gives its digest, from which the key cannot be found.

    credentials: [{ apiKey: env:ACME_KEY }]

\`printf %s "$KEY" | sha256sum\` prints the digest. If a real key was in the file, replace that key.`,
  },
  SL0205: {
    severity: "warning",
    message: "the consumer `{consumer}` has no credential, so nobody is ever recognised as it",
    needs: ["consumers"],
    help: `A consumer is recognised by what it proves itself with. Without a credential its tier and groups hold for no request.

    consumers:
      acme: { tier: gold }                                             # SL0205
      acme: { tier: gold, credentials: [{ apiKey: env:ACME_KEY }] }

Give it a credential, or remove it.`,
  },
  SL0206: {
    severity: "warning",
    message: "no route finds out who calls, so no consumer is ever recognised",
    needs: ["routes", "policies", "defaults", "mandatory"],
    help: `Credentials are read by an \`authenticate\` policy, on the routes that it is applied to. In this file none is applied, so the keys of the
consumers open nothing and keep nobody out.

    policies:
      partners-only: { authenticate: { anyOf: [{ apiKey: { header: x-api-key } }] } }
    defaults: { apply: [partners-only] }

Apply one, or remove the consumers.`,
  },
  SL0207: {
    severity: "error",
    message: "who signs in to a service is given by reference, never as itself: env:NAME",
    secret: true,
    help: `A name or a password in the policy file would end up in version control, in CI logs and in Envoy's configuration dump. \`env:NAME\`
reads it from Envoy's environment when it starts.

    security: { usernameToken: { user: env:CRM_USER, password: env:CRM_PASSWORD } }

If a real password was in the file, replace that password.`,
  },
  SL0208: {
    severity: "warning",
    message: "`consumers: {most}` counts the first {most} of {total} consumers by name, and all others together",
    fix: "suggested",
    help: `Each consumer that is counted by name is a series of Prometheus for each outcome, so the file says how many there may be. They are the first
of the file, in its order; whoever comes behind them is counted as \`_other\`.

    metrics: { consumers: 100 }

Say as many as there are, or have those stand first that you want to see. More than 1,000 are never counted by name.`,
  },
  SL0209: {
    severity: "warning",
    message: "there is no consumer whose requests could be counted",
    needs: ["consumers"],
    fix: "suggested",
    help: `\`metrics.consumers\` counts the requests of those that an \`authenticate\` policy recognises, and the file knows nobody.

    consumers:
      acme: { credentials: [{ apiKey: env:ACME_KEY }] }
    metrics: { consumers: 100 }

Name consumers, or remove the key.`,
  },
  SL0231: {
    severity: "error",
    message: "the user `{user}` is given to two credentials, so it would not tell who calls",
    help: `A user is known by one password. Give the second another name.`,
  },
  SL0232: {
    severity: "error",
    message: "a password is given by its verifier, never as itself: what `sluice hash` writes",
    secret: true,
    help: `A password in the policy file would end up in version control, in CI logs and in Envoy's configuration dump. \`sluice hash\` reads it
without showing it, and writes a verifier: a salt and what PBKDF2 makes of the two.

    credentials: [{ basic: { user: acme, verifier: pbkdf2-sha256$2000$… } }]

If a real password was in the file, replace that password. A verifier is no secret of the same kind, but whoever has it can try passwords on it:
long, random ones hold, words do not.`,
  },
  SL0233: {
    severity: "error",
    message: "this verifier has {rounds} rounds, which is weak; 2000 are the least",
    help: `Whoever finds a verifier can try passwords on it, as fast as its rounds let. Make a new one with \`sluice hash\`.`,
  },
  SL0234: {
    severity: "error",
    message: "this verifier has {rounds} rounds, more than the 20000 that a worker of Envoy can be held up for",
    help: `Each attempt takes so many rounds of the worker that serves it, some 8 ms for 20,000. Make a new one with \`sluice hash\`; a longer
password is worth more than more rounds.`,
  },
} as const satisfies Section<"02">;
