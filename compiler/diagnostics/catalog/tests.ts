import type { Section } from "./entry.js";

/** SL08xx: test files. */
export const tests = {
  SL0801: {
    severity: "error",
    message: "there is no policy file `{path}`{hint}",
    fix: "suggested",
    help: `\`policy\` names the file that the cases are about, by its path from the folder of the test file.

    policy: ./polcy.yaml               # SL0801: did you mean \`policy.yaml\`?
    policy: ./policy.yaml

Write the path of a policy file that is there.`,
  },
  SL0802: {
    severity: "error",
    message: "the policy file `{path}` does not pass `sluice check`, so it cannot be tested",
    help: `Only a policy without errors runs. The names in the test file are not looked at until then.

    sluice check policy.yaml           # tells what is wrong

Correct the policy file first.`,
  },
  SL0803: {
    severity: "error",
    message: "the case `{case}` needs exactly one of `request` and `steps`",
    help: `A case sends one request, or it has several steps. With both, it would not be clear which comes first.

    - name: a stranger is turned away
      request: { path: /orders/7 }
      expect: { status: 401 }
    - name: the third call is one too many
      steps:
        - { request: { path: /orders/7 }, repeat: 2, expect: { status: 200 } }
        - { request: { path: /orders/7 }, expect: { status: 429 } }

Move the request into the steps, or remove one of the two.`,
  },
  SL0804: {
    severity: "error",
    message: "a step needs exactly one of `request` and `wait`",
    help: `A step either sends a request or lets time pass.

    - { request: { path: /orders/7 }, wait: 1s }     # SL0804
    - { request: { path: /orders/7 } }
    - { wait: 1s }

Make two steps of it.`,
  },
  SL0805: {
    severity: "error",
    message: "`{key}` has no meaning beside `{other}`",
    help: `\`repeat\` and \`expect\` are about one request. In a case with \`steps\` each step has its own, and while a test waits there is
nothing to expect.

    steps: [{ request: { path: /orders/7 } }]
    expect: { status: 200 }            # SL0805

    steps: [{ request: { path: /orders/7 }, expect: { status: 200 } }]

Move it into the step that it is about.`,
  },
  SL0806: {
    severity: "error",
    message: "the case `{case}` expects nothing, so it cannot fail",
    help: `A case that looks at nothing passes whatever the policy does, and makes a reader believe that something is tested.

    - { name: readers may read, request: { path: /orders/7 } }                              # SL0806
    - { name: readers may read, request: { path: /orders/7 }, expect: { status: 200 } }

Say with \`expect\` what must come of at least one request of the case.`,
  },
  SL0807: {
    severity: "error",
    message: "the case `{case}` waits {waits}s in all, and a case for the real Envoy at most {most}s",
    help: `The real Envoy has no virtual time: a wait of a day takes a day.

    engine: envoy
    steps: [{ request: { path: /a } }, { wait: 24h }]      # SL0807

Remove \`engine\`, or write \`engine: embedded\`, if the case needs time to pass; else wait for less.`,
  },
  SL0808: {
    severity: "error",
    message: "this file holds tests; name the policy file that they are about",
    help: `Tests are not compiled, explained or run. \`sluice check\` takes them, beside policy files.

    sluice compile policy.test.yaml    # SL0808
    sluice compile policy.yaml`,
  },
  SL0809: {
    severity: "error",
    message: "the answer does not fit the operation `{operation}`: {reason}",
    help: `Under \`soap\` stands what clients are to get of an operation, or a declared fault with its detail. It is checked against what the policy says of the
operation, so that a test never holds for a service that there could not be.

    upstreams:
      crm: { soap: { GetPartner: { response: { id: seven } } } }     # SL0809 where id is a number
      crm: { soap: { GetPartner: { response: { id: 7 } } } }

Write what the operation may answer.`,
  },
  SL0810: {
    severity: "error",
    message: "no route of the policy converts requests to the service `{service}`, so it has no operations",
    help: `Operations are those of a policy that converts, for the services to which a route with that policy leads.

    routes: [{ name: partners, match: { path: /partners/** }, to: crm, apply: [crm-soap] }]
    upstreams:
      orders: { soap: { GetPartner: { response: { id: 7 } } } }      # SL0810
      crm: { soap: { GetPartner: { response: { id: 7 } } } }

Name the service of such a route; for any other one say \`status\`, \`headers\`, \`body\` or \`json\`.`,
  },
  SL0811: {
    severity: "error",
    message: "the request names no caller that the span `{span}` could stand under",
    help: `\`parent: caller\` is the span that the request brings, in \`traceparent\`, \`b3\`, \`x-b3-traceid\` with \`x-b3-spanid\`, or \`uber-trace-id\`.

    request: { path: /orders/7 }
    expect: { spans: [{ name: "GET /orders/{id}", parent: caller }] }                 # SL0811

    request: { path: /orders/7, headers: { traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01 } }
    expect: { spans: [{ name: "GET /orders/{id}", parent: caller }] }

Send one of these headers, or expect \`parent: none\`, as a trace begins where there is no caller.`,
  },
  SL0812: {
    severity: "error",
    message: "no policy that a route applies sends spans, so no collector gets any",
    help: `Spans are those that a policy sends from the gateway to a collector, by \`export\`. Envoy's own tracer is left out in tests.

    policies: { trace: { tracing: { sample: 10% } } }
    expect: { spans: [{ name: "GET /orders/{id}" }] }                                 # SL0812

    policies: { trace: { tracing: { sample: 10%, export: { zipkin: collector } } } }
    expect: { spans: [{ name: "GET /orders/{id}" }] }

Write \`export\` into the policy and apply it, or look at the headers that the service gets, with \`upstream\`.`,
  },
  SL0813: {
    severity: "error",
    message: "no policy that a route applies takes tokens, so nobody would look at this one",
    help: `A request of a test has a \`token\` for policies that know callers by JSON Web Tokens.

    policies: { known: { authenticate: { anyOf: [{ apiKey: { header: x-api-key } }] } } }
    request: { path: /orders, token: { sub: alice } }                                 # SL0813

    policies: { known: { authenticate: { anyOf: [{ jwt: { issuer: "https://id.example.com/", audiences: [orders], jwks: file:jwks.json } }] } } }

Apply such a policy, sign in with \`as\`, or write the credential into the headers.`,
  },
} as const satisfies Section<"08">;
