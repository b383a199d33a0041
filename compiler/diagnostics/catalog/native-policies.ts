import type { Section } from "./entry.js";

/** SL044x and SL045x: policies that Envoy carries out. */
export const nativePolicies = {
  SL0440: {
    severity: "warning",
    message: "`{policy}` lets nobody call",
    help: `\`deny\` has the last word, and it holds all that \`allow\` lists, or all addresses there are. Every request is answered 403.

    office: { ipAccess: { allow: [10.1.0.0/16], deny: [10.0.0.0/8] } }       # SL0440
    office: { ipAccess: { allow: [10.0.0.0/8], deny: [10.1.0.0/16] } }

To close a route for good, remove it.`,
  },
  SL0441: {
    severity: "warning",
    message: "the block `{block}` changes nothing: {reason}",
    help: `Who may call is decided by the other blocks already. A block that was meant to open or to close something does not.

    office: { ipAccess: { allow: [10.0.0.0/8, 10.1.0.0/16] } }               # SL0441: the first holds the second
    office: { ipAccess: { allow: [10.0.0.0/8], deny: [192.0.2.0/24] } }      # SL0441: nobody there may call anyway
    office: { ipAccess: { allow: [10.0.0.0/8], deny: [10.1.0.0/16] } }

An address is in \`allow\` and in no block of \`deny\`, or it is refused.`,
  },
  SL0442: {
    severity: "error",
    message: "`{policy}` lists no address: it needs `allow`, `deny`, or both",
    help: `Such a policy would let everybody call, and look as if it did not.

    office: { ipAccess: {} }                         # SL0442
    office: { ipAccess: { allow: [10.0.0.0/8] } }`,
  },
  SL0443: {
    severity: "error",
    message: "the header `{header}` is not for this policy: {reason}",
    help: `Some headers have a meaning that a policy of headers would break: those of one connection, the length of a message, what Envoy and \`authenticate\` tell
services, what other policies write into answers, and credentials.

    tidy: { headers: { request: { set: { x-consumer: admin } } } }      # SL0443: then anybody would be admin
    tidy: { headers: { request: { set: { x-caller: { attribute: auth.consumer } } } } }

Removing \`authorization\` or \`cookie\` from requests is fine.`,
  },
  SL0444: {
    severity: "error",
    message: "the header `{header}` of the {side} is changed twice by one policy",
    help: `One of the changes would be lost. \`set\` replaces what is there, so nothing needs to be removed before. Only \`remove\` and \`add\` go together.

    tidy: { headers: { response: { remove: [server-timing], set: { server-timing: "none" } } } }   # SL0444
    tidy: { headers: { response: { set: { server-timing: "none" } } } }`,
  },
  SL0445: {
    severity: "error",
    message: "`{policy}` changes no header",
    help: `It needs \`set\`, \`add\` or \`remove\` under \`request\` or \`response\`.

    tidy: { headers: {} }                                                   # SL0445
    tidy: { headers: { response: { set: { x-frame-options: DENY } } } }`,
  },
  SL0446: {
    severity: "error",
    message: "`{policy}` disturbs nothing: it needs `delay`, `abort`, or both",
    help: `Such a policy would look as if requests were disturbed, and none is.

    chaos: { fault: { headers: { x-test: "1" } } }                                              # SL0446
    chaos: { fault: { headers: { x-test: "1" }, abort: { status: 503, percent: 5% } } }

To keep a policy and switch it off, write \`mode: off\` beside its kind.`,
  },
  SL0447: {
    severity: "warning",
    message: "`{policy}` {what}",
    help: `A fault that hits every request closes its routes for everybody, and one of 0% does nothing. Without \`percent\` it hits all.

    chaos: { fault: { abort: { status: 503 } } }                                # SL0447: every request is answered 503
    chaos: { fault: { abort: { status: 503, percent: 1% } } }
    chaos: { fault: { abort: { status: 503 }, headers: { x-test: "1" } } }      # those that ask for it

Write \`mode: off\` beside a fault that is not wanted now.`,
  },
  SL0448: {
    severity: "warning",
    message: "`{policy}` compresses answers to callers whom browsers make known by themselves",
    help: `Where an answer has a secret beside a part of the request, its length tells how much of the one is in the other. A page elsewhere that
makes a browser call often enough, with the cookies of its user, finds the secret out (BREACH, CVE-2013-3587). It cannot with a key in a header,
which no browser sends by itself.

    shops: { cors: { origins: ["https://shop.example.com"], credentials: true } }
    small: { compress: {} }                                                         # SL0448 on a route with both

Leave the route out, or compress only what has no secret in it, such as scripts and styles on a route of their own. Where answers hold no secret, or nothing
of the request, say so in a comment that silences the warning.`,
  },
  SL0449: {
    severity: "warning",
    message: "`{type}` is compressed already",
    help: `Such an answer costs time to compress, and does not get smaller.

    small: { compress: { contentTypes: [text/html, image/png] } }      # SL0449
    small: { compress: { contentTypes: [text/html] } }`,
  },
  SL0450: {
    severity: "error",
    message: "`{policy}` must say who is asked: by exactly one of `http` and `grpc`",
    help: `A policy that asks nobody would let everybody pass, and of two it is not clear whose answer holds.

    outside: { externalAuth: { timeout: 200ms } }                            # SL0450
    outside: { externalAuth: { http: { service: auth, path: /check } } }`,
  },
  SL0451: {
    severity: "error",
    message: "the service `{service}` is asked by gRPC, and does not say that it speaks HTTP/2",
    help: `gRPC needs HTTP/2 from the first byte on, which Envoy does not try by itself.

    auth: { endpoints: [127.0.0.1:9090] }                      # SL0451
    auth: { endpoints: [127.0.0.1:9090], protocol: grpc }`,
  },
  SL0452: {
    severity: "error",
    message: "the rate `{rate}` cannot be counted for all gateways: {reason}",
    fix: "suggested",
    help: `Each gateway counts by the generic cell rate algorithm. The service that counts for all of them has windows of a second, a minute, an hour, a day,
7 days (\`per 7d\`) and 30 days (\`per 30d\`), which begin at whole multiples of their length, and lets pass in each what the rate says.

    calls: { rateLimit: { rate: 100 per 15s, scope: global, service: limits } }            # SL0452
    calls: { rateLimit: { rate: 400/minute, scope: global, service: limits } }
    calls: { rateLimit: { rate: 10/second burst 20, scope: global, service: limits } }     # SL0452
    calls: { rateLimit: { scope: { local: 10/second burst 20, global: 600/minute }, service: limits } }`,
  },
  SL0453: {
    severity: "error",
    message: "`{policy}` counts for all gateways, and does not say by which `service`",
    fix: "suggested",
    help: `Somebody must count for all of them: the ratelimit service of Envoy (github.com/envoyproxy/ratelimit) on Redis, which is a service of the file and asked by gRPC.

    calls: { rateLimit: { rate: 1000/day, scope: global } }                        # SL0453

    services:
      limits: { endpoints: [127.0.0.1:8081], protocol: grpc }
    policies:
      calls: { rateLimit: { rate: 1000/day, scope: global, service: limits } }

Its configuration is written by \`sluice compile\`, as \`ratelimit.yaml\`.`,
  },
  SL0454: {
    severity: "error",
    message: "`{attribute}` cannot be counted by for all gateways: {reason}",
    help: `The service is told of a call what Envoy can say of it: \`auth.consumer\`, \`auth.tier\`, \`request.headers["..."]\`, \`request.method\`, \`request.path\`,
\`route.name\` and \`source.ip\`.

    calls: { rateLimit: { key: [auth.subject], rate: 1000/day, scope: global, service: limits } }      # SL0454
    calls: { rateLimit: { key: [auth.consumer], rate: 1000/day, scope: global, service: limits } }

A limit of each gateway, without \`scope\`, can count by all attributes.`,
  },
  SL0455: {
    severity: "error",
    message: "`{key}` has no meaning with `scope: {scope}`: {reason}",
    help: `Limits of each gateway and of all gateways are counted in different places, and some keys belong to one of them.

    calls: { rateLimit: { rate: 1000/day, service: limits } }                      # SL0455: no scope is local
    calls: { rateLimit: { rate: 1000/day, scope: global, service: limits } }

The service is asked once about a call, when it comes, and counts it whatever becomes of it: so \`inFlight\`, \`penalize\`, \`jitter\` and \`store\` are of counts of
each gateway, also in front of one of all, and a \`cost\` of calls that all gateways count is a number.

    calls: { rateLimit: { rate: 1000/day, inFlight: 10, scope: global, service: limits } }                              # SL0455
    calls: { rateLimit: { scope: { local: 20/second, global: 1000/day }, inFlight: 10, service: limits } }

\`when\` is for limits of each gateway, as Envoy asks the service about all requests of a route: for some of them, make a route of their own.`,
  },
  SL0456: {
    severity: "error",
    message: "`{policy}` {what}",
    help: `A limit of all gateways has a \`rate\`, or \`scope\` has one for each. Which of them would hold, of both, is not clear.

    calls: { rateLimit: { key: [source.ip], scope: global, service: limits } }                                      # SL0456
    calls: { rateLimit: { rate: 9/second, scope: { local: 20/second, global: 1000/day }, service: limits } }        # SL0456
    calls: { rateLimit: { scope: { local: 20/second, global: 1000/day }, service: limits } }`,
  },
  SL0457: {
    severity: "warning",
    message: "`{policy}` counts nothing for all gateways on `{route}`: the route leads to no service",
    help: `Envoy asks about requests that go to a service. What a route answers by itself costs little, and is not counted.

    calls: { rateLimit: { rate: 1000/day, scope: global, service: limits } }
    routes: [{ name: health, match: { path: /healthz }, respond: { status: 200 }, apply: [calls] }]      # SL0457

Leave the policy out there (\`except\` for defaults), or let each gateway count by itself: a limit without \`scope\` works on every route.`,
  },
  SL0458: {
    severity: "error",
    message: "a limit of all gateways is counted by `{attribute}`, which carries credentials",
    help: `The service has what it counts by in the names of its counters, which whoever looks into its Redis, or its log, can read.

    calls: { rateLimit: { key: ['request.headers["x-api-key"]'], rate: 1000/day, scope: global, service: limits } }      # SL0458
    calls: { rateLimit: { key: [auth.consumer], rate: 1000/day, scope: global, service: limits } }

Count by who calls: an \`authenticate\` finds it out, and the credential stays in the gateway.`,
  },
  SL0459: {
    severity: "warning",
    message: "a limit of all gateways is counted by `{attribute}`, which by its name may be a secret",
    help: `Tokens, passwords and keys are often sent under such names, and the service has what it counts by in the names of its counters.

    calls: { rateLimit: { key: [source.ip, 'request.headers["x-session-token"]'], rate: 1000/day, scope: global, service: limits } }      # SL0459
    calls: { rateLimit: { key: [auth.consumer], rate: 1000/day, scope: global, service: limits } }

If the value is no secret, silence the finding and say so.`,
  },
} as const satisfies Section<"04">;
