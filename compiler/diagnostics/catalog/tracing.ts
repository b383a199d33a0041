import type { Section } from "./entry.js";

/** SL046x and SL047x: policies that trace. */
export const tracing = {
  SL0460: {
    severity: "error",
    message: "`{key}` cannot stand beside `{kind}`: it decides nothing about a request",
    help: `A trace belongs to a request whoever sends it, and nothing is refused because of it. So there is nothing that could be tried out in shadow,
and nothing to answer when it fails: the request goes on without a span.

    trace: { when: 'request.method == "GET"', tracing: { sample: 10% } }      # SL0460
    trace: { tracing: { sample: { rules: [{ when: 'request.method == "GET"', ratio: 10% }], ratio: 0% } } }

\`description\` and \`mode: off\` stand beside every kind. Which requests are sampled is said by \`sample.rules\`; to leave routes out, apply the policy to the
others, or name it in their \`except\`.`,
  },
  SL0462: {
    severity: "error",
    message: "`{part}` looks at a value of the request and one of the answer together",
    help: `When the answer is over the request is gone: the module keeps, for each stream, what came of conditions over the request, and not its values. So a
condition may look at either, and \`&&\`, \`||\`, \`!\` and \`?:\` join them.

    always: 'response.headers["x-tenant"] != request.headers["x-tenant"]'          # SL0462
    always: 'request.headers["x-tenant"] == "acme" && response.status >= 500'

Compare each of them with a constant.`,
  },
  SL0463: {
    severity: "error",
    message: "`always` asks {count} conditions of the request; at most {most} are possible",
    help: `What came of each condition over the request is kept until the answer is over, for which every stream has a fixed place. Conditions that stand beside
each other under one \`&&\` or \`||\` count once, so put together what does not look at the answer:

    always: '(request.path == "/a" || request.path == "/b") && response.status >= 500'     # one condition`,
  },
  SL0464: {
    severity: "error",
    message: "the tag `{tag}` reads `{attribute}`, which carries credentials",
    help: `Spans go to a collector, and from there to whoever looks at traces. A credential in them is one that all of these people have. Headers that carry
credentials are \`authorization\`, \`cookie\`, \`proxy-authorization\`, \`x-api-key\` and those that an \`authenticate\` of the gateway takes keys from; and every cookie
counts.

    tags: { who: 'request.headers["x-api-key"]' }      # SL0464
    tags: { who: auth.consumer }

To tell only whether it is there, ask \`has(request.headers["authorization"])\`.`,
  },
  SL0465: {
    severity: "warning",
    message: "the tag `{tag}` reads `{attribute}`, which by its name may be a secret",
    help: `Tokens, passwords and keys are often sent under such names, and a span shows them to everybody who looks at traces.

    tags: { token: 'request.query["token"]' }          # SL0465
    tags: { has-token: 'has(request.query["token"])' }

If the value is no secret, silence the finding and say so.`,
  },
  SL0466: {
    severity: "warning",
    message: "`{policy}` reads `{attribute}`, which is not known on any route that it runs on",
    help: `\`auth.*\` is found out by an \`authenticate\`, and a segment of the path by a route that captures it. Where nobody does, a tag is left out and a condition is
unknown, which is meant for some routes; here it is so on all of them.

    trace: { tracing: { tags: { customer: auth.consumer }, export: { zipkin: collector } } }
    routes:
      - { name: orders, match: { path: /orders/** }, to: orders, apply: [trace] }            # SL0466
      - { name: orders, match: { path: /orders/** }, to: orders, apply: [trace, partners] }`,
  },
  SL0467: {
    severity: "error",
    message: "the tag `{tag}` has the name of an attribute that spans have by themselves",
    help: `Two attributes of one name are none that a collector could show. Names of the span's own are those of OpenTelemetry's semantic conventions for HTTP, and what
begins with \`sluice.\`.

    tags: { url.path: request.path }                   # SL0467: it is there
    tags: { tenant: 'request.headers["x-tenant"]' }`,
  },
  SL0468: {
    severity: "error",
    message: "`export` of `{policy}` must name exactly one of `zipkin` and `otlp`",
    help: `Spans are sent once, in one form. Without \`export\` none are made, and the trace is only handed on.

    export: { zipkin: collector, otlp: collector }     # SL0468
    export: { otlp: collector }

A collector that takes both forms wants one of them.`,
  },
  SL0469: {
    severity: "error",
    message: "spans of this gateway go to {count} collectors; at most {most} are possible",
    help: `Each worker has a queue for each of them, of a megabyte. Collectors differ by their service, path and form, and by \`service\`, the name that spans bear.
Send them to one collector that hands them on.`,
  },
  SL0470: {
    severity: "warning",
    message: "`{key}` of `{policy}` has no effect: without `export` no span is made",
    help: `The trace is handed on to services, and that is all.

    trace: { tracing: { always: 'response.status >= 500' } }                                  # SL0470
    trace: { tracing: { always: 'response.status >= 500', export: { zipkin: collector } } }`,
  },
  SL0471: {
    severity: "error",
    message: "`{key}` of `{policy}` is more than Envoy's own tracer can say: {reason}",
    help: `\`native: true\` takes Envoy's tracers in the place of the module. They sample by a percentage of requests, and know nothing of what this language can ask.
What differs would be left out in silence, so it is an error.

    trace: { tracing: { native: true, propagate: [w3c], always: 'response.status >= 500', export: { otlp: collector } } }    # SL0471
    trace: { tracing: { propagate: [w3c], always: 'response.status >= 500', export: { otlp: collector } } }

What each of the two tracers can say:

    propagate          zipkin: [b3multi] or [b3multi, w3c]; otlp: [w3c]
    sample.ratio       zipkin: of each policy by itself; otlp: the same in all policies of the gateway
    sample             neither parent: false nor perSecond nor rules
    always             no
    tags               as they are: a constant, request.headers["x"], request.method, request.id, request.protocol,
                       source.ip, source.port, route.name, auth.consumer, auth.tier
    redact             url.path
    baggage            pass or drop, without a limit
    service            zipkin: the name of the gateway; otlp: any`,
  },
  SL0472: {
    severity: "error",
    message: "`{policy}` has another `{what}` than `{first}`, but Envoy has one tracer for all routes",
    help: `Envoy's own tracers belong to a listener, and all listeners of a gateway have the same routes. What a route can choose by itself are its
tags and, with Zipkin, how many of its requests are sampled; with OpenTelemetry a sampler of the tracer has the ratio, as only that follows callers.

    one: { tracing: { native: true, export: { otlp: near } } }
    two: { tracing: { native: true, export: { otlp: far } } }      # SL0472

Send to one collector, or leave out \`native\`: the module can send to several.`,
  },
  SL0473: {
    severity: "error",
    message:
      "`{policy}` traces in the module and `{first}` in Envoy's own tracer, which writes its headers on every route",
    help: `Once a listener has a tracer, it makes a span of each request and writes where that belongs over what the module wrote. So services would be told of spans
that nobody sends.

    one: { tracing: { native: true, export: { otlp: collector } } }
    two: { tracing: { export: { otlp: collector } } }                        # SL0473
    two: { tracing: { native: true, export: { otlp: collector } } }

Have all policies of the gateway native, or none.`,
  },
  SL0474: {
    severity: "warning",
    message: "Envoy's own tracer of `{policy}` also changes requests of routes without it, such as `{route}`",
    help: `Envoy's tracers belong to a listener and not to a route. On a route without the policy no trace begins that is sampled, but each request gets new headers of
a trace: \`traceparent\` of a caller is replaced by one that says not sampled (OpenTelemetry), or its spans are sent although nobody asked for it (Zipkin).

    policies:
      trace: { tracing: { native: true, export: { otlp: collector } } }
    defaults: { apply: [trace] }                                             # every route
    routes:
      - { name: orders, match: { path: /orders/** }, to: orders }
      - { name: files, match: { path: /files/** }, to: files, except: [trace] }      # SL0474

Apply the policy to every route, or leave out \`native\`; or silence the finding and say why.`,
  },
  SL0475: {
    severity: "error",
    message: "`{policy}` is native and has no `export`: Envoy's own tracers send spans, and hand on no trace without",
    help: `Handing on alone is what the module does.

    trace: { tracing: { native: true } }                               # SL0475
    trace: { tracing: {} }
    trace: { tracing: { native: true, export: { otlp: collector } } }`,
  },
} as const satisfies Section<"04">;
