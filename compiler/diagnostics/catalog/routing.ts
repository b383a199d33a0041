import type { Section } from "./entry.js";

/** SL033x to SL036x: what routes do with requests, and where those of some callers go. */
export const routing = {
  SL0331: {
    severity: "warning",
    fix: "suggested",
    message: "`{service}` gets requests of this route twice: it is its service, and gets copies",
    help: `A copy is a request as any other: what it orders is ordered twice. Copies are for a service that nobody waits for, such as a new
version.

    - { name: a, match: { path: /a }, to: orders, mirror: [{ service: orders }] }             # SL0331
    - { name: b, match: { path: /b }, to: orders, mirror: [{ service: orders-v2, percent: 5% }] }`,
  },
  SL0332: {
    severity: "warning",
    fix: "suggested",
    message: "`{service}` gets two copies of a request",
    help: `Each entry of \`mirror\` is a copy of its own, by chances of their own. Name another service, or one share for both.

    - { name: a, match: { path: /a }, to: orders, mirror: [{ service: v2 }, { service: v2 }] }   # SL0332`,
  },
  SL0333: {
    severity: "error",
    message: "`{text}` is no {what} that a service could get: {reason}",
    help: `A new path is made of text as it stands in a path, of captures of the route's path as whole segments, and of \`/**\` at the end
for what the same takes there. A new host is a name, perhaps with captures and a port. Where the path of the route is an expression,
\`\\1\` to \`\\9\` are its groups.

    - { name: a, match: { path: /a/** }, to: a, rewrite: { path: /b/** } }
    - { name: b, match: { path: "/users/{id}" }, to: b, rewrite: { path: "/v2/users/{id}" } }
    - { name: c, match: { path: "~/v([0-9]+)/(.*)" }, to: c, rewrite: { path: '/\\2/\\1' } }
    - { name: d, match: { path: "/t/{tenant}/**" }, to: d, rewrite: { path: /**, host: "{tenant}.internal" } }`,
  },
  SL0334: {
    severity: "error",
    fix: "suggested",
    message: "the path of this route has no `{name}` that a new one could take{hint}",
    help: `Captures of the path, the groups of an expression and what \`/**\` takes can stand in a new path. This one names something that the
path of the route does not have.

    - { name: a, match: { path: "/users/{id}" }, to: a, rewrite: { path: "/v2/{user}" } }   # SL0334
    - { name: b, match: { path: /b }, to: b, rewrite: { path: /v2/** } }                    # SL0334`,
  },
  SL0335: {
    severity: "warning",
    fix: "suggested",
    message: "whatever is asked for under `{match}`, the service gets `{path}`; `{below}` would keep what follows",
    help: `The route takes everything below a path, and the new path has no \`/**\` for it, so all of these requests become the same one.

    - { name: a, match: { path: /a/** }, to: a, rewrite: { path: /b } }       # SL0335: /a/x becomes /b
    - { name: b, match: { path: /a/** }, to: a, rewrite: { path: /b/** } }    # /a/x becomes /b/x

Where one page serves all of them, silence the warning with that reason.`,
  },
  SL0336: {
    severity: "warning",
    message: "`{group}` may make `..` or `//` in the new path, which a service resolves to another one",
    help: `Envoy resolves dot segments before it looks for a route, and not again in the new path. A group that is not a whole segment may take
dots, and one that begins with a slash may come behind another.

    - { name: a, match: { path: "~/files(.*)" }, to: a, rewrite: { path: '/public/\\1' } }    # SL0336: /files.. becomes /public/..
    - { name: b, match: { path: "~/files/(.*)" }, to: a, rewrite: { path: '/public/\\1' } }

Let the group begin behind a slash and end before one, or at the end; or name the characters that it takes.`,
  },
  SL0337: {
    severity: "warning",
    fix: "suggested",
    message: "`{service}` stands twice among the services of this route",
    help: `Its share is the sum of both weights. Perhaps another service was meant.

    - { name: a, match: { path: /a }, to: [{ service: v1, weight: 90 }, { service: v1, weight: 10 }] }   # SL0337
    - { name: b, match: { path: /b }, to: [{ service: v1, weight: 90 }, { service: v2, weight: 10 }] }`,
  },
  SL0338: {
    severity: "error",
    fix: "suggested",
    message: "`hedge` needs `perTry` in `retry`: without it no try takes too long while there is time for another",
    help: `A hedge lets a try that takes longer than \`perTry\` go on beside the next one, and takes whichever answers first.

    - { name: a, match: { path: /a }, to: a, hedge: { onTimeout: true } }                                  # SL0338
    - { name: b, match: { path: /b }, to: a, retry: { perTry: 200ms }, hedge: { onTimeout: true } }`,
  },
  SL0340: {
    severity: "error",
    message: "the outbound listener `{listener}` is bound to {address}, where others than this machine reach it",
    help: `Whoever reaches an outbound listener calls services as this machine does, with its certificates. Bind it to an address that
only this machine has; what the kernel redirects to it arrives there too.

    listeners:
      outbound: { address: 127.0.0.1:15001, direction: outbound, capture: true }`,
  },
  SL0341: {
    severity: "error",
    message: "this leads past `{policy}` to the service `{service}`, which is behind an inbound route with it",
    needs: ["routes", "mandatory", "defaults"],
    help: `What inbound policies protect must not be reached by way of an outbound listener without them. It is looked for by the name of the
service, by its endpoints, and by who stands in for it or gets copies.

    services:
      app: { endpoints: [127.0.0.1:8080], hosts: [app] }        # SL0341
    routes:
      - { name: app, match: { path: /** }, to: app, apply: [partners-only] }

Take it away from the outbound side, or give the outbound route the same policies.`,
  },
  SL0342: {
    severity: "error",
    message: "the route `{route}` is on inbound and on outbound listeners, whose policies differ",
    help: `A route has one list of policies, and \`mandatory\` and \`defaults\` have one for each direction. Write two routes.

    routes:
      - { name: status, listeners: [inbound], match: { path: /status }, respond: { status: 200 } }
      - { name: status-out, listeners: [outbound], match: { path: /status }, respond: { status: 200 } }`,
  },
  SL0343: {
    severity: "warning",
    fix: "safe",
    needs: ["listeners"],
    message: "`{key}` has no effect: no listener is `outbound`",
    help: `    listeners:
      outbound: { address: 127.0.0.1:15001, direction: outbound }`,
  },
  SL0344: {
    severity: "error",
    message: "`{host}` is the host of another service, or stands here twice",
    help: `An outbound request goes to the one service that has its host. Share requests among several by a route with weights.`,
  },
  SL0345: {
    severity: "error",
    message: "`{listener}` {reason}, so nobody hands connections to it",
    needs: ["listeners"],
    help: `A listener with \`capturedBy\` serves connections that another one takes from the kernel: that one is bound, has \`capture\`, and is of the same direction.

    listeners:
      inbound: { address: 0.0.0.0:15006, capture: true }
      metrics: { address: 0.0.0.0:9090, capturedBy: inbound }`,
  },
  SL0346: {
    severity: "error",
    message: "the route `{route}` is on no listener: all of them are outbound, and it names none",
    needs: ["listeners"],
    help: `What an outbound listener does is only said by name, so that no route gets there by accident.

    listeners:
      outbound: { address: 127.0.0.1:15001, direction: outbound }
    routes:
      - { name: payments, listeners: [outbound], match: { host: payments, path: /** }, to: payments }`,
  },
  SL0347: {
    severity: "warning",
    message: "no route is on the listener `{listener}`, so it answers 404 to everything",
    needs: ["routes", "services"],
    help: `Routes without \`listeners\` are on all listeners that are not outbound. On an outbound one are the routes that name it, and the \`hosts\` of services.`,
  },
  SL0350: {
    severity: "error",
    message: "`callers` chooses by {key}, but {reason}",
    needs: ["defaults", "mandatory"],
    help: `Who calls is known only after an \`authenticate\` policy, so a route that leads some callers elsewhere needs one that is enforced. In
shadow it leaves everybody anonymous.

    - { name: a, match: { path: /a }, to: v1, callers: [{ tiers: gold, to: v2 }] }                      # SL0350
    - { name: b, match: { path: /b }, to: v1, callers: [{ tiers: gold, to: v2 }], apply: [partners-only] }`,
  },
  SL0351: {
    severity: "warning",
    fix: "suggested",
    message: "no consumer has the {what} `{name}`{hint}",
    needs: ["consumers"],
    help: `The entry waits for somebody whom no consumer of the file is, so its requests go where those of everybody go.

    consumers:
      acme: { tier: gold, groups: [testers], credentials: [{ apiKey: env:ACME_KEY }] }
    routes:
      - { name: a, match: { path: /a }, to: v1, callers: [{ tiers: golden, to: v2 }], apply: [known] }   # SL0351
      - { name: b, match: { path: /b }, to: v1, callers: [{ tiers: gold, to: v2 }], apply: [known] }`,
  },
  SL0352: {
    severity: "warning",
    fix: "suggested",
    message: "none of these consumers has the tier and a group that the entry wants",
    needs: ["consumers"],
    help: `All keys of an entry must fit one caller. Write two entries for callers who have the one or the other.

    callers: [{ consumers: acme, tiers: free, to: v2 }]                      # SL0352 where acme has the tier gold
    callers: [{ consumers: acme, to: v2 }, { tiers: free, to: v2 }]`,
  },
  SL0353: {
    severity: "warning",
    fix: "suggested",
    message: "an earlier entry takes all callers of this one",
    help: `The first entry that fits decides, so the narrower one stands first.

    callers: [{ tiers: gold, to: v2 }, { tiers: gold, groups: testers, to: v3 }]   # SL0353
    callers: [{ tiers: gold, groups: testers, to: v3 }, { tiers: gold, to: v2 }]`,
  },
  SL0354: {
    severity: "warning",
    fix: "suggested",
    message: "these callers go where everybody goes",
    help: `The last entry of \`callers\` leads to the very services of \`to\`, so it changes nothing. Perhaps another service, version or weight
was meant. An earlier entry may do so: it keeps its callers from a later one.

    - { name: a, match: { path: /a }, to: v1, callers: [{ tiers: gold, to: v1 }], apply: [known] }   # SL0354`,
  },
  SL0355: {
    severity: "error",
    message: "{count} {what} in one entry are more than Envoy compares at once",
    help: `Envoy compares them by one expression, of a bounded size. Give those consumers a group, and name it.

    consumers:
      acme: { groups: [testers], credentials: [{ apiKey: env:ACME_KEY }] }
    callers: [{ groups: testers, to: v2 }]`,
  },
  SL0356: {
    severity: "error",
    message: "`consumers`, `tiers` or `groups` say whose requests go there",
    help: `Where the requests of everybody go is said by \`to\` of the route; an entry of \`callers\` is for some.

    callers: [{ to: v2 }]                 # SL0356
    callers: [{ tiers: gold, to: v2 }]`,
  },
  SL0357: {
    severity: "error",
    message: "a page is exactly one of `body` and `file`",
    help: `A page stands in the policy or in a file beside it.

    errors: [{ on: 404, body: "<h1>Nothing here</h1>" }, { on: 5xx, file: errors/5xx.html }]`,
  },
  SL0358: {
    severity: "error",
    message: "the page `{file}` has {size} bytes; 1 to {most} are possible",
    help: `Pages are a part of Envoy's configuration, which holds them in memory. Link to pictures and styles, and leave them where they are.`,
  },
  SL0359: {
    severity: "error",
    message: "the route `{route}` has `errors`, and `{policy}` says itself what clients get when its service fails",
    help: `A policy such as \`soap\` turns faults of its service into problem documents, by its \`faults\`. A page in their place would hide what clients are
promised.

    - match: { path: /partners/** }
      to: crm
      errors: [{ on: 5xx, body: "<h1>Sorry</h1>" }]   # SL0359
      apply: [crm-as-rest]`,
  },
  SL0360: {
    severity: "error",
    message: "two pages are for {status}",
    help: `A status has one page. \`4xx\` and \`5xx\` are for those that no page names.

    errors: [{ on: [404, 410], body: "<h1>Gone</h1>" }, { on: 404, body: "<h1>Nothing here</h1>" }]   # SL0360
    errors: [{ on: 410, body: "<h1>Gone</h1>" }, { on: 4xx, body: "<h1>Nothing here</h1>" }]`,
  },
  SL0361: {
    severity: "warning",
    fix: "suggested",
    message: "of {tries} tries of {perTry} only {fit} fit into the {timeout} that all have together",
    help: `\`timeout\` holds for the whole answer, retries and waits among them; it is 15s if absent. A try that begins too late is cut short, and the
client gets 504 all the same.

    - { name: a, match: { path: /a }, to: a, timeout: 1s, retry: { attempts: 2, perTry: 500ms } }   # SL0361: 3 tries
    - { name: a, match: { path: /a }, to: a, timeout: 1s, retry: { attempts: 2, perTry: 300ms } }`,
  },
  SL0362: {
    severity: "warning",
    fix: "suggested",
    message:
      "a request may be tried {all} times: `{route}` tries {tries} times what comes back to this gateway, where `{other}` tries each {each} times",
    needs: ["services", "listeners"],
    help: `Retries of two layers multiply, so a service that is slow gets many times its requests, just when it can do least. One layer should ask
again: the one that is next to the service. What stands in by \`failover\`, and versions, count too.

    listeners: { public: { address: 0.0.0.0:8080 }, inside: { address: 127.0.0.1:8081 } }
    services: { again: { endpoints: [127.0.0.1:8081] }, orders: { endpoints: [10.0.0.7:8080] } }
    routes:
      - { name: outer, match: { path: /a }, to: again, rewrite: { path: /b }, retry: {} }   # SL0362
      - { name: inner, match: { path: /b }, to: orders, retry: {} }`,
  },
  SL0363: {
    severity: "warning",
    fix: "suggested",
    message: "the weights are {sum} together; were they meant as percentages?",
    help: `Weights are relative: of 90 and 5, the first gets 94.7% of the requests. That is right for any numbers, and a slip where they look like
percentages.

    to: [{ service: v1, weight: 90 }, { service: v2, weight: 5 }]    # SL0363
    to: [{ service: v1, weight: 95 }, { service: v2, weight: 5 }]`,
  },
  SL0364: {
    severity: "warning",
    fix: "suggested",
    message: "while `{well}` is not well, copies and requests both go to `{at}`",
    help: `\`failover\` holds for copies too. A service that gets a request and its copy does everything twice.

    services:
      orders: { endpoints: [10.0.0.7:8080], health: { tcp: true }, failover: [next] }
      next: { endpoints: [10.0.0.8:8080] }
    routes:
      - { name: a, match: { path: /a }, to: orders, mirror: [{ service: next }] }   # SL0364`,
  },
} as const satisfies Section<"03">;
