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
    needs: ["names", "routes", "defaults", "mandatory"],
    help: `A policy does nothing until \`mandatory\`, \`defaults\` or a route applies it. Apply it or remove it.`,
  },
  SL0404: {
    severity: "error",
    message: "`{policy}` is a second `{kind}` on this route; `{first}` is the first",
    help: `Two ways to identify callers on one route would leave open whose answer holds, and two policies of some other kinds which
of them is carried out. Leave a default out with \`except\`; list the methods of an \`authenticate\` under \`anyOf\` of one policy.`,
  },
  SL0405: {
    severity: "error",
    fix: "suggested",
    message: "`{policy}` is mandatory, so no route can leave it out",
    help: `\`except\` removes defaults only. A policy that some routes do without belongs under \`defaults\`.`,
  },
  SL0406: {
    severity: "error",
    fix: "safe",
    message: "`{policy}` is not among the defaults, so there is nothing to leave out",
    needs: ["defaults", "mandatory"],
    help: `\`except\` names policies of \`defaults.apply\`. Remove the name.`,
  },
  SL0407: {
    severity: "error",
    fix: "safe",
    message: "`{policy}` is applied twice to this route",
    help: `A policy runs once per request. It already comes from \`mandatory\`, \`defaults\` or the same list.`,
  },
  SL0408: {
    severity: "error",
    message: "`{policy}` uses `{attribute}`, but {reason}",
    needs: ["defaults", "mandatory"],
    help: `Attributes under \`auth.\` are known only after an \`authenticate\` policy. Apply one to the route. For a mandatory policy
the same holds for the answers to unknown paths (404) and methods (405), which run the mandatory policies only.

An \`authenticate\` tells what its methods know. An API key is of a consumer, with a name, groups and perhaps a tier. It has no scopes, subject or
issuer: these are for methods with tokens, which this version does not have.

    allow: '"orders:read" in auth.scopes'      # SL0408 behind an apiKey
    allow: '"orders" in auth.groups'`,
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
    fix: "safe",
    message: "another method of this policy looks for the same in {where}",
    help: `Each method of \`anyOf\` looks in a place of its own: one header, parameter or cookie tells one credential. So a policy has one \`jwt\` and one
\`introspect\` for tokens of one sort. Callers with tokens of two issuers have a policy for each, on routes of their own.

    policies:
      staff: { authenticate: { anyOf: [{ jwt: { issuer: "https://staff.example/", ... } }] } }
      partners: { authenticate: { anyOf: [{ jwt: { issuer: "https://partners.example/", ... } }] } }`,
  },
  SL0412: {
    severity: "error",
    message: "`{policy}` would refuse everybody: no consumer has a credential",
    needs: ["consumers"],
    help: `Give at least one consumer a credential.

    consumers:
      acme: { credentials: [{ apiKey: env:ACME_KEY }] }`,
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
    needs: ["consumers"],
    help: `A rate for a tier that nobody has never applies. Write the tier as the consumers have it.`,
  },
  SL0416: {
    severity: "error",
    message:
      "the policies up to this one read more than {most} different headers, query parameters, cookies and route parameters",
    help: `The module looks for a fixed number of names in one pass over the request. Read fewer of them, or split the gateway.`,
  },
  SL0417: {
    severity: "error",
    message: "the configuration of the filter has {size} bytes; at most {limit} are possible",
    help: `The module reads its configuration as one document of bounded size. It names the policies of every route, so many routes with
many policies each make it large; that of conversions holds what each of their operations is made of. Put rules that belong together into one
policy, or split the gateway.`,
  },
  SL0423: {
    severity: "warning",
    message: "`{limit}` never refuses here: `{tighter}` counts the same calls and refuses them earlier",
    help: `Both limits stand on one route. Each call that this one counts under a key is counted by the other too, which allows no more calls over time and
no more at once. So whenever this one would refuse, the other has.

    per-address: { rateLimit: { key: [source.ip], rate: 100/second } }  # SL0423 beside the next
    whole-route: { rateLimit: { rate: 50/second } }

Make it tighter than the other, or do not apply both.`,
  },
  SL0424: {
    severity: "warning",
    message: "`{policy}` lets callers without a credential through, and nothing on this route tells them apart",
    needs: ["routes", "policies", "defaults", "mandatory"],
    help: `With \`optional: true\` a request without any credential passes as anonymous. On this route no \`authorize\` follows that asks who calls, or from
where, and no limit counts callers by who they are, so the route is open to everybody.

    policies:
      known: { authenticate: { anyOf: [{ apiKey: { header: x-api-key } }], optional: true } }
      members: { authorize: { rules: [{ name: members, allow: 'has(auth.consumer)' }] } }
    routes:
      - { name: orders, match: { path: /orders/** }, to: orders, apply: [known] }            # SL0424
      - { name: orders, match: { path: /orders/** }, to: orders, apply: [known, members] }

Remove \`optional\`, or say who may pass. If the service shall decide by \`x-consumer\`, silence the finding and say so.`,
  },
  SL0425: {
    severity: "error",
    message: "`{policy}` lets scripts of every origin call with the cookies of their visitors",
    help: `\`*\` beside \`credentials: true\` lets any page in the world read what your users see: the browser sends their cookies, and the page gets
the answer. The Fetch standard forbids the pair, and proxies get round that by repeating the origin of the caller, which is the same hole.

    cors: { origins: ["*"], credentials: true }                          # SL0425
    cors: { origins: ["https://shop.example.com"], credentials: true }

Name the origins. An API that is meant for every page takes a key or token from a header and does not need credentials.`,
  },
  SL0426: {
    severity: "warning",
    message: "`{origin}` is not encrypted, so anybody on the way can call with the cookies of your users",
    help: `Whoever can change an unencrypted page, in a café or at a provider, can put a script into it. That script has this origin, and with
\`credentials: true\` the browser sends your users' cookies along and hands it the answers.

    cors: { origins: ["http://shop.example.com"], credentials: true }    # SL0426
    cors: { origins: ["https://shop.example.com"], credentials: true }

Serve the page over https, or leave \`credentials\` off. \`http://localhost\` is no finding.`,
  },
  SL0427: {
    severity: "warning",
    message: "`{policy}` has no effect on a route with `{action}`",
    help: `Envoy's filter for other origins looks at routes to services only. An answer that Envoy gives by itself gets no such headers, and a
preflight for it no leave; a browser then does not show the answer to the page.

    - { name: status, match: { path: /status }, respond: { status: 200 }, apply: [shops] }   # SL0427

Lead the route to a service, give the answer a header of its own, or leave the policy out:

    - name: status
      match: { path: /status }
      respond: { status: 200, headers: { access-control-allow-origin: "*" } }

As a default or mandatory policy it may stand on such routes without a finding.`,
  },
  SL0428: {
    severity: "error",
    message: "`{key}` cannot stand beside `{kind}`: a filter of Envoy's own carries it out",
    help: `\`when\`, \`mode: shadow\` and \`onError\` are carried out by the module that decides on requests. A native kind is configuration of
Envoy alone: its filter evaluates no expression of this language, decides without telling what it would have done, and cannot fail by itself.

    shops: { mode: shadow, cors: { origins: ["https://shop.example.com"] } }   # SL0428
    shops: { mode: off, cors: { origins: ["https://shop.example.com"] } }

\`description\` and \`mode: off\` stand beside every kind. To have a native policy for some requests only, apply it to a route of their own.`,
  },
  SL0429: {
    severity: "error",
    fix: "suggested",
    message: "`{policy}` keeps callers out, so it cannot let them pass when it fails (`{kind}` always denies)",
    help: `With \`onError: allow\` whoever makes the check fail would be let in. So \`authenticate\` and \`authorize\` answer 503 to what they
cannot judge, whatever happens.

    known: { onError: allow, authenticate: { anyOf: [{ apiKey: { header: x-api-key } }] } }   # SL0429
    known: { authenticate: { anyOf: [{ apiKey: { header: x-api-key } }] } }

A \`rateLimit\` may take either; by itself it lets pass what it cannot count. To try a policy out without refusing anybody, put it in
\`mode: shadow\`.`,
  },
  SL0431: {
    severity: "error",
    message: "`{attribute}` is not known yet: `{policy}` is what finds out who calls",
    help: `The \`when\` of an \`authenticate\` is decided before anybody is authenticated, so it can ask about the request and the route only.

    known: { when: 'auth.tier != "free"', authenticate: { ... } }               # SL0431
    known: { when: 'request.method != "GET"', authenticate: { ... } }

To treat callers in different ways once they are known, write rules of an \`authorize\`.`,
  },
  SL0432: {
    severity: "warning",
    message: "nothing keeps callers out of this route where the `when` of `{policy}` is false",
    needs: ["routes", "policies", "defaults", "mandatory"],
    help: `Every policy that keeps callers out of the route has a \`when\`, so requests for which these are false reach the service without any
check. What a client can choose, such as a header, is then a way around.

    policies:
      known: { when: 'request.method != "GET"', authenticate: { anyOf: [{ apiKey: { header: x-api-key } }] } }
      members: { authorize: { rules: [{ name: readers, allow: 'request.method == "GET" || has(auth.consumer)' }] } }
    routes:
      - { name: orders, match: { path: /orders/** }, to: orders, apply: [known] }            # SL0432
      - { name: orders, match: { path: /orders/** }, to: orders, apply: [known, members] }

An \`authorize\` without \`when\` closes the gap: it refuses what no rule allows. Or give the open requests a route of their own; or silence
the finding and say why.`,
  },
  SL0434: {
    severity: "warning",
    message: "`{policy}` counts each request by itself: `request.id` is another for every request",
    help: `Envoy gives each request from outside an identifier of its own, so no two of them share a count, and a limit above one call refuses nothing.
Who comes from an internal network may send an identifier, and then chooses the count.

    per-call: { rateLimit: { key: [request.id], rate: 10/minute } }          # SL0434
    per-consumer: { rateLimit: { key: [auth.consumer], rate: 10/minute } }

Count by who calls, \`auth.consumer\` or \`source.ip\`, or leave out \`key\` for one count for each route.`,
  },
  SL0435: {
    severity: "warning",
    message: "the client chooses what `{policy}` counts it by, so it can go around the limit",
    help: `Headers, cookies and query parameters are the client's word. Whoever sends another value with each call has another count with each call,
and the table of counts fills with them.

    per-tenant: { rateLimit: { key: ['request.headers["x-tenant"]'], rate: 10/minute } }                # SL0435
    per-tenant: { rateLimit: { key: [source.ip, 'request.headers["x-tenant"]'], rate: 10/minute } }

The second line is tighter for one address with several tenants, but still lets an address have as many counts as it names tenants. What binds
is a key that the client cannot change: \`auth.consumer\` behind an \`authenticate\`, or \`source.ip\` alone. If a proxy before Envoy sets the
header and clients cannot reach Envoy without it, silence the finding and say so.

By such a \`key\` of a \`lockout\` whoever guesses is always heard, and can have anybody locked out whom the key names.`,
  },
  SL0436: {
    severity: "warning",
    message: "anybody can have a name below `{suffix}`, and its scripts could call with the cookies of your users",
    help: `Such a suffix is shared: a provider or a registry hands out names below it to everybody (https://publicsuffix.org lists such suffixes; Sluice knows
the usual ones). With \`credentials: true\` a page on any of these names may read what your users see.

    cors: { origins: ["https://*.github.io"], credentials: true }                # SL0436
    cors: { origins: ["https://our-project.github.io"], credentials: true }

Name the origins that are yours.`,
  },
  SL0437: {
    severity: "error",
    message: "`{key}` cannot stand beside `{kind}`: what a route converts, it converts for every request",
    help: `The routes of a conversion are made of its operations, and the service understands nothing else. So there is no request that it could
leave as it is, and none that it could only watch; what it cannot convert is refused.

    crm: { mode: shadow, soap: { wsdl: crm.wsdl } }   # SL0437
    crm: { mode: off, soap: { wsdl: crm.wsdl } }

\`description\` and \`mode: off\` stand beside every kind.`,
  },
  SL0438: {
    severity: "error",
    message: "`{policy}` converts requests to a service, but {where} to none",
    help: `A conversion is done on the way to a service and back. A route that answers by itself or sends the client elsewhere has no such way, nor have
the answers to unknown paths, on which everything mandatory runs.

    mandatory: { apply: [crm] }                                                    # SL0438
    routes:
      - { name: hello, match: { path: /hello }, respond: { status: 200 }, apply: [crm] }   # SL0438
      - { name: partners, match: { path: /partners/** }, to: crm, apply: [crm] }

Apply it to the routes that lead to the service, and leave it out of others with \`except\`.`,
  },
  SL0439: {
    severity: "error",
    message: "`{policy}` is a second conversion on this route; `{first}` is the first",
    help: `A request is converted once: what comes out of one conversion is nothing that another could read. Give each of them a route of its own, or
leave a default out with \`except\`.`,
  },
} as const satisfies Section<"04">;
