import type { Section } from "./entry.js";

/** SL0413, SL0418 to SL0422, SL0433, SL0461: rules of `authorize`. */
export const rules = {
  SL0413: {
    severity: "error",
    message: "the rule `{rule}` needs exactly one of `allow` and `deny`",
    help: `A rule either lets matching requests pass or refuses them.

    rules:
      - { name: readers, allow: 'request.method == "GET"' }`,
  },
  SL0418: {
    severity: "warning",
    fix: "suggested",
    message: "no consumer has the {what} `{name}`{hint}",
    needs: ["consumers"],
    help: `The rule compares who calls with a name that no consumer of the file has, so this comparison is never true. A misspelt group in an
\`allow\` keeps people out; in a \`deny\` it lets them in.

    consumers:
      acme: { groups: [finance], credentials: [{ apiKey: env:ACME_KEY }] }
    policies:
      finance-only:
        authorize:
          rules:
            - { name: finance, allow: '"finanace" in auth.groups' }    # SL0418: did you mean \`finance\`?

Write the name as the consumers have it.`,
  },
  SL0419: {
    severity: "warning",
    message: "the rule `{rule}` never decides: {reason}",
    help: `Rules are tried in order and the first that matches decides. On every request that this rule matches, one before it has decided already:
\`allow\` where it is true, \`deny\` where it is true or cannot be known. Where an \`authenticate\` lets nobody pass without a credential,
\`has(auth.consumer)\` is true of every request.

    rules:
      - { name: everybody, allow: 'request.method in ["GET", "POST"]' }
      - { name: no-guests, deny: 'request.method == "POST" && auth.tier == "guest"' }   # SL0419

Put the narrow rule first, or remove it. A rule that refuses belongs before the rules that let pass.`,
  },
  SL0420: {
    severity: "warning",
    message: "`{policy}` never refuses a request, so it protects nothing",
    help: `Every request meets a rule that allows it before one that denies, or none that denies and \`otherwise: allow\`. The routes look protected
and are open.

    authorize:
      rules: [{ name: readers, allow: 'request.method == "GET"' }]
      otherwise: allow                                                  # SL0420: writers pass as well

Without \`otherwise\`, what no rule allows is refused.`,
  },
  SL0421: {
    severity: "warning",
    message: "`{policy}` refuses every request: no rule of it can allow one",
    help: `What no rule decides is refused, as \`otherwise\` is \`deny\` where it is not written. A list of exceptions needs the contrary:

    authorize:
      rules: [{ name: no-robots, deny: 'request.headers["user-agent"].contains("bot")' }]
      otherwise: allow

To close a route on purpose, answer on it: \`respond: { status: 403 }\`.`,
  },
  SL0422: {
    severity: "warning",
    message: "the rule `{rule}` changes nothing: what no rule decides is allowed as well",
    help: `No rule after it denies, and \`otherwise: allow\` lets the same requests pass without it. It reads like a restriction and is none.

    rules:
      - { name: no-guests, deny: 'auth.tier == "guest"' }
      - { name: readers, allow: 'request.method == "GET"' }             # SL0422: POST passes too
    otherwise: allow

Remove \`otherwise: allow\` if only these requests shall pass, or remove the rule.`,
  },
  SL0433: {
    severity: "warning",
    fix: "suggested",
    message: "no route is named `{name}`{hint}",
    needs: ["routes"],
    help: `The rule compares the name of the route with one that no route of the file has, so this comparison is never true: an \`allow\` lets nobody
in, a \`deny\` refuses nobody.

    policies:
      not-on-reports: { authorize: { rules: [{ name: reports, deny: 'route.name == "report"' }], otherwise: allow } }   # SL0433
    routes:
      - { name: reports, match: { path: /reports/** }, to: reports, apply: [not-on-reports] }

Write the name as the route has it.`,
  },
  SL0461: {
    severity: "warning",
    fix: "suggested",
    needs: ["routes", "policies", "defaults", "mandatory"],
    message: "the rule `{rule}` refuses nobody who leaves the credential out",
    help: `The \`authenticate\` before it is optional, so a request without a credential passes as anonymous. Of such a request the condition is false, and a later
rule or \`otherwise\` lets it pass: whoever the rule is meant for need only not say who he is.

    policies:
      known: { authenticate: { anyOf: [{ apiKey: { header: x-api-key } }], optional: true } }
      not-blocked:
        authorize:
          rules:
            - { name: blocked, deny: 'has(auth.groups) && "blocked" in auth.groups' }    # SL0461
          otherwise: allow

Remove \`optional\`, or refuse strangers, too: \`!has(auth.method) || ...\`. Without \`has(auth.groups)\` the condition cannot be known of a stranger, and what cannot
be known is refused by \`deny\`.`,
  },
} as const satisfies Section<"04">;
