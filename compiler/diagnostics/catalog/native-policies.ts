import type { Section } from "./entry.js";

/** SL044x: policies that Envoy carries out. */
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
} as const satisfies Section<"04">;
