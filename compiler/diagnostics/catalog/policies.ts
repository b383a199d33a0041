import type { Section } from "./entry.js";

/** SL04xx: policies and their order. */
export const policies = {
  SL0401: {
    severity: "error",
    message: "the policy `{policy}` has no kind; one of: {kinds}",
    help: `A named policy holds exactly one kind.

    policies:
      per-partner: { rateLimit: { rate: 100/minute } }`,
  },
  SL0402: {
    severity: "error",
    message: "the policy `{policy}` has a second kind `{kind}`; a policy holds one",
    help: `Write a policy of its own for the second kind, and apply both.`,
  },
  SL0403: {
    severity: "warning",
    message: "the policy `{policy}` is not applied anywhere",
    help: `A policy does nothing until \`mandatory\`, \`defaults\` or a route applies it. Apply it or remove it.`,
  },
  SL0404: {
    severity: "error",
    message: "`{policy}` is a second `authenticate` on this route; `{first}` is the first",
    help: `Two ways to identify callers on one route would leave open whose answer holds. List the methods under \`anyOf\` of one
policy, or leave a default out with \`except\`.`,
  },
  SL0405: {
    severity: "error",
    message: "`{policy}` is mandatory, so no route can leave it out",
    help: `\`except\` removes defaults only. A policy that some routes do without belongs under \`defaults\`.`,
  },
  SL0406: {
    severity: "error",
    message: "`{policy}` is not among the defaults, so there is nothing to leave out",
    help: `\`except\` names policies of \`defaults.apply\`. Remove the name.`,
  },
  SL0407: {
    severity: "error",
    message: "`{policy}` is applied twice to this route",
    help: `A policy runs once per request. It already comes from \`mandatory\`, \`defaults\` or the same list.`,
  },
  SL0408: {
    severity: "error",
    message: "`{policy}` uses `{attribute}`, but nothing on this route finds out who calls",
    help: `Attributes under \`auth.\` are known only after an \`authenticate\` policy. Apply one to the route. For a mandatory policy
the same holds for the answers to unknown paths (404) and methods (405), which run the mandatory policies only.`,
  },
  SL0409: {
    severity: "error",
    message: "this route has {count} {what}; at most {most} are possible",
    help: `The module keeps the policies of a route in tables of fixed size. Put rules that belong together into one policy, or give the
route a part of its traffic as a route of its own.`,
  },
  SL0410: {
    severity: "error",
    message: "the header `{header}` cannot carry a key",
    help: `It belongs to the connection, to Envoy or to identity itself. Use a header of its own, such as \`x-api-key\`.`,
  },
  SL0411: {
    severity: "error",
    message: "the header `{header}` is already used by another method of this policy",
    help: `Each method of \`anyOf\` reads a header of its own.`,
  },
  SL0412: {
    severity: "error",
    message: "`{policy}` would refuse everybody: no consumer has a credential",
    help: `Give at least one consumer a credential.

    consumers:
      acme: { credentials: [{ apiKey: env:ACME_KEY }] }`,
  },
  SL0413: {
    severity: "error",
    message: "the rule `{rule}` needs exactly one of `allow` and `deny`",
    help: `A rule either lets matching requests pass or refuses them.

    rules:
      - { name: readers, allow: 'request.method == "GET"' }`,
  },
  SL0414: {
    severity: "error",
    message: "rates by tier need a `default` for callers of any other tier",
    help: `Somebody without a tier, or with one that is not listed, must have a limit too.

    rate: { gold: 1000/second, default: 60/minute }`,
  },
  SL0415: {
    severity: "error",
    message: "no consumer has the tier `{tier}`; known tiers: {known}",
    help: `A rate for a tier that nobody has never applies. Write the tier as the consumers have it.`,
  },
  SL0416: {
    severity: "error",
    message: "the policies up to this one read more than {most} different request headers",
    help: `The module looks for a fixed number of header names in one pass over the request. Compare fewer headers, or split the gateway.`,
  },
  SL0417: {
    severity: "error",
    message: "the configuration of the filter has {size} bytes; at most {limit} are possible",
    help: `The module reads its configuration as one document of bounded size. It names the policies of every route, so many routes with
many policies each make it large. Put rules that belong together into one policy, or split the gateway.`,
  },
} as const satisfies Section<"04">;
