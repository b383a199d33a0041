import type { Section } from "./entry.js";

/** SL03xx: routes. */
export const routes = {
  SL0301: {
    severity: "error",
    message: "the route `{route}` needs exactly one of `to`, `respond` and `redirect`",
    help: `A route either leads to services, answers by itself, or sends the client elsewhere.

    - { name: old, match: { path: /old }, redirect: { path: /new } }`,
  },
  SL0302: {
    severity: "error",
    fix: "safe",
    message: "`{path}` is not a path: {reason}",
    help: `Paths are \`/a\` (exactly that path), \`/a/*\` (one segment below), \`/a/**\` (that path and everything below),
\`/a/{id}\` (one segment, with a name) and \`~regex\` (the whole path as an RE2 expression). Envoy normalises a path before it
matches, so dot segments, doubled slashes and percent-encoded letters never arrive. The query is no part of the path: \`match.query\` chooses
by it, and an \`authorize\` judges it.

    - { name: drafts, match: { path: "/posts?draft=1" }, to: drafts }              # SL0302
    - { name: drafts, match: { path: /posts, query: { draft: "1" } }, to: drafts }
    - { name: posts, match: { path: /posts }, to: posts, apply: [no-drafts] }

    no-drafts: { authorize: { rules: [{ name: drafts, deny: 'request.query["draft"] == "1"' }], otherwise: allow } }`,
  },
  SL0303: {
    severity: "error",
    message: "not a regular expression that Envoy takes: {reason}",
    help: `Envoy matches with RE2, in linear time. RE2 has no look-around, back-references or possessive repetition.`,
  },
  SL0304: {
    severity: "error",
    fix: "suggested",
    message: "all weights are 0, so no service would get a request",
    help: `Weights are shares of the requests, relative to each other. At least one must be above 0.`,
  },
  SL0305: {
    severity: "error",
    message: "a redirect needs exactly one of `to` and `path`",
    help: `\`to\` is an absolute URL, \`path\` a new path on the same host.`,
  },
  SL0306: {
    severity: "error",
    fix: "either",
    message: "`{key}` has no meaning on a route without `to`",
    help: `Only a service can be waited for, asked again or chosen among endpoints. Remove the key.`,
  },
  SL0307: {
    severity: "error",
    message: "a timeout of 0 would wait for ever",
    help: `Envoy reads 0 as "no timeout": one slow service then holds every request. Give a time, such as \`15s\`.`,
  },
  SL0308: {
    severity: "error",
    message: "no request ever has the header `{header}` here: it is removed before routes are matched",
    help: `Headers that tell who calls are written by Sluice, so what a client sends under these names is removed first. A route that
matched them would never be chosen, and if the header was kept a client could choose the route by forging it.`,
  },
  SL0309: {
    severity: "error",
    message: "the route `{route}` takes the same requests as `{first}`",
    help: `Routes are ordered by how specific they are: exact path, template, prefix by length, then methods, headers and query. These two are
equal, so which one serves would be chance. Make one more specific, or remove it.`,
  },
  SL0310: {
    severity: "warning",
    message: "`{first}` comes before `{later}` and takes some of its requests without {missing}",
    needs: ["routes", "policies", "defaults", "mandatory"],
    help: `Two routes overlap, neither lies inside the other, and the one that Envoy tries first lets in callers whom the other keeps out.

    - { name: tenants, match: { path: "/{tenant}/reports/daily" }, to: reports }
    - { name: admin, match: { path: /admin/** }, to: admin, apply: [staff-only] }   # /admin/reports/daily is open

Routes of one path overlap by their headers in the same way: a client that sends both headers reaches the first.

    - { name: beta, match: { path: /a, headers: { x-beta: "1" } }, to: beta }
    - { name: staff, match: { path: /a, headers: { x-staff: "1" } }, to: admin, apply: [staff-only] }

Apply the policy to the first route too, make it a default, or give the two routes paths that do not meet.`,
  },
  SL0311: {
    severity: "error",
    message: "{hosts} hosts repeat the routes of wider hosts to more than {most} entries",
    help: `Envoy chooses a virtual host and stays in it, so each host of the file gets a copy of the routes that hold for any host. Give the
routes hosts of their own, or split the gateway.`,
  },
  SL0312: {
    severity: "warning",
    message: "no request reaches the route `{route}`: `{first}` comes before it and takes them all",
    needs: ["routes"],
    help: `Routes are tried from the most specific path to the least: exact paths, then regular expressions, then the others; of equal paths
those with more headers first. In every host of this route, another stands before it that matches whatever it matches.

    - { name: everything, match: { path: "~/.*" }, to: site }
    - { name: orders, match: { path: /orders/** }, to: orders }   # SL0312: the expression comes before

Write the wide route as a prefix, which comes after what lies inside it, or remove the route that is never reached:

    - { name: everything, match: { path: /** }, to: site }`,
  },
  SL0313: {
    severity: "warning",
    message: "by its choice of {headers} a client reaches `{first}`, which lacks {missing}, instead of `{later}`",
    needs: ["routes", "policies", "defaults", "mandatory"],
    help: `Paths and methods make exceptions: what is at a path is the same for every client. Headers and parameters are the client's word, who may send
any or leave it out. Here two routes take the same paths, one of them only with certain ones, and that one lets in callers whom the
other keeps out.

    - { name: orders, match: { path: /orders }, to: orders, apply: [staff-only] }
    - { name: orders-v2, match: { path: /orders, headers: { x-version: "2" } }, to: orders-v2 }   # SL0313

Apply the policy to both routes, or make it a default:

    - { name: orders-v2, match: { path: /orders, headers: { x-version: "2" } }, to: orders-v2, apply: [staff-only] }

If what serves the first route holds nothing that the second protects, silence the warning with that reason.`,
  },
  SL0314: {
    severity: "warning",
    fix: "suggested",
    message: "no request arrives over HTTP/1.1 with the method `{method}`{hint}",
    needs: ["routes"],
    help: `Over HTTP/1.1 Envoy reads the methods of RFC 9110, PATCH, and those of WebDAV and its like, in capital letters. It answers any other
400 before a route is looked for, and CONNECT 403. Only HTTP/2 brings other methods.

    - { name: a, match: { path: /a, methods: [POTS] }, to: a }   # SL0314: did you mean \`POST\`?
    - { name: a, match: { path: /a, methods: [POST] }, to: a }

Correct the method or remove it.`,
  },
  SL0315: {
    severity: "warning",
    fix: "safe",
    message: "the method `{method}` is named twice",
    help: `A route takes a method or does not. Perhaps another one was meant.

    - { name: a, match: { path: /a, methods: [GET, GET] }, to: a }   # SL0315
    - { name: a, match: { path: /a, methods: [GET, POST] }, to: a }`,
  },
  SL0316: {
    severity: "warning",
    message: "no request has a path that `{path}` matches: {reason}",
    help: `A regular expression is compared with the whole path as Envoy leaves it: it begins with \`/\` and has no query, dot segments are resolved, slashes
merged, and letters, digits, \`-\`, \`.\`, \`_\` and \`~\` decoded. Nothing of that form is matched by this one, so the route is never chosen and its
requests go to other routes, perhaps under weaker policies.

    - { name: v1, match: { path: "~v[12]/orders" }, to: orders }      # SL0316: no \`/\` at the beginning
    - { name: v1, match: { path: "~/v[12]/orders" }, to: orders }`,
  },
  SL0319: {
    severity: "warning",
    message: "routes overlap in too many ways to look at all of them; {found} were told",
    help: `Sluice looks for routes that let in callers whom a later route keeps out (SL0310). Here so many routes cross each other that it
stopped: after a hundred findings, or after a million pairs. Further routes may be weaker than they should be.

    - { name: t1, match: { path: "/{tenant}/one" }, to: a }      # each of these
    - { name: t2, match: { path: "/{tenant}/two" }, to: a }
    - { name: s1, match: { path: "/x/{id}" }, to: a, apply: [staff-only] }   # crosses each of these
    - { name: s2, match: { path: "/y/{id}" }, to: a, apply: [staff-only] }

Give the open and the protected routes different beginnings, or make the policy a default.`,
  },
  SL0320: {
    severity: "error",
    fix: "suggested",
    message: "no try would end by `perTry`: it is not below the {timeout} that all tries have together",
    help: `\`timeout\` holds for the whole answer, retries and waits among them; it is 15s if absent. A try that takes as long as that leaves no time for another.

    - { name: a, match: { path: /a }, to: a, timeout: 1s, retry: { perTry: 1s } }      # SL0320
    - { name: a, match: { path: /a }, to: a, timeout: 1s, retry: { perTry: 400ms } }`,
  },
  SL0321: {
    severity: "error",
    fix: "suggested",
    message: "the service `{service}` has a budget of {first} from the route `{route}`, and here of {budget}",
    help: `A budget is a share of all that is under way to a service, whichever route it comes by, so there can be one only. Give the routes the same budget.

    - { name: a, match: { path: /a }, to: orders, retry: { budget: 20% } }
    - { name: b, match: { path: /b }, to: orders, retry: { budget: 50% } }   # SL0321`,
  },
  SL0322: {
    severity: "error",
    needs: ["services"],
    message: "the service `{service}` balances by `{policy}`, and the route does not say by what: it has no `hashBy`",
    help: `\`ringHash\` and \`maglev\` send what has the same hash to the same endpoint. Without \`hashBy\` there is none, and Envoy takes any endpoint.

    services:
      sessions: { endpoints: [10.0.0.7:8080, 10.0.0.8:8080], loadBalancing: maglev }
    routes:
      - { name: a, match: { path: /a }, to: sessions }                               # SL0322
      - { name: b, match: { path: /b }, to: sessions, hashBy: { cookie: session } }`,
  },
  SL0323: {
    severity: "warning",
    fix: "safe",
    needs: ["services"],
    message: "`hashBy` chooses nothing: no service of the route balances by `ringHash` or `maglev`",
    help: `Only these two look at the hash of a request. Say so at the service, or remove \`hashBy\`.

    services:
      orders: { endpoints: [10.0.0.7:8080, 10.0.0.8:8080] }
    routes:
      - { name: a, match: { path: /a }, to: orders, hashBy: { header: x-tenant } }   # SL0323`,
  },
  SL0324: {
    severity: "error",
    message: "the longest wait, {max}, is below the first, {base}",
    help: `Waits between tries grow from \`base\` up to \`max\`.

    retry: { backoff: { base: 100ms, max: 50ms } }   # SL0324
    retry: { backoff: { base: 100ms, max: 1s } }`,
  },
  SL0325: {
    severity: "error",
    message:
      "the route `{route}` never gets requests for the operation `{operation}` of `{policy}`: they have another path or method",
    help: `Where a route converts, each operation has a path of its own inside that of the route, and a method that the route takes.

    routes:
      - { name: partners, match: { path: /partners/** }, to: crm, apply: [crm] }
    policies:
      crm: { soap: { wsdl: crm.wsdl, operations: { GetPartner: "GET /people/{id}" } } }     # SL0325
      crm: { soap: { wsdl: crm.wsdl, operations: { GetPartner: "GET /partners/{id}" } } }

Widen the path of the route, or move the operation into it.`,
  },
  SL0326: {
    severity: "error",
    message: "{second} takes the same requests as {first}",
    help: `Each operation of a conversion is a route entry of its own, by its path and method. These two are equal, so which one serves would be chance.

    GetPartner: "GET /partners/{id}"
    GetByNumber: "GET /partners/{number}"   # SL0326: another name of the segment is no other path

Give one of them another path or another method.`,
  },
  SL0327: {
    severity: "error",
    message:
      "`{policy}` reads `{attribute}`, which `{first}` and `{operation}` of the route `{route}` have at different places of their paths",
    help: `The operations of a route share its policies, and a policy finds a captured segment by its place in the path. So a capture that a policy reads
stands at the same place in all of them.

    GetPartner: "GET /partners/{id}"
    GetOrders: "GET /partners/by-id/{id}/orders"   # SL0327
    GetOrders: "GET /partners/{id}/orders"

Move the segment, or give the operations routes of their own.`,
  },
  SL0339: {
    severity: "error",
    message: "the route `{route}` has `{key}`, and `{policy}` says itself how its service is asked",
    help: `A policy such as \`soap\` turns each request into another one: what it was asked for is gone when the request leaves for the service.

    - match: { path: /partners/** }
      to: crm
      rewrite: { path: /v2/** }           # SL0339
      apply: [crm-as-rest]

Leave it out; \`path\` of the policy says under which path the service is asked.`,
  },
} as const satisfies Section<"03">;
