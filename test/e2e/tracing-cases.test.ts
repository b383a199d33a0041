import { join } from "node:path";
import { it } from "vitest";
import { packageRoot } from "../../compiler/cli/files.js";
import { passOnBoth } from "./support/on-both.js";

// What policies of the cases of tracing say of spans comes true in the embedded host and in a real Envoy.

const caseOf = (name: string) => join(packageRoot(), "filters/tracing/cases", name, "policy.yaml");
const UNSAMPLED = "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";

it("operations of a conversion are told, and who calls decides what is sampled", () =>
  passOnBoth(
    caseOf("converts"),
    [
      "as: acme, request: { path: /partners/7 }, expect: { status: 200, spans: [{ name: 'GET /partners/{id}', tags: { operation: GetPartner } }, { name: convert request }, { name: convert response }, { name: GET crm }] }",
      "as: globex, request: { path: /partners/7 }, expect: { status: 200, spans: none }",
      `as: acme, request: { path: /partners/7, headers: { ${UNSAMPLED} } }, expect: { status: 200, spans: none }`,
      "as: globex, request: { method: DELETE, path: /partners/7 }, expect: { status: 200, spans: [{ name: 'DELETE /partners/{id}', tags: { operation: DropPartner } }], metrics: { trace.kept: 1 } }",
      "request: { path: /partners/7 }, expect: { status: 401, spans: none }",
    ],
    "upstreams: { crm: { soap: { GetPartner: { response: Acme }, DropPartner: { response: Acme } } } }\n",
  ));

it("what is kept is asked of request, caller and answer together", () =>
  passOnBoth(caseOf("shop"), [
    `as: acme, request: { method: POST, path: /lists/1, headers: { ${UNSAMPLED} } }, upstreams: { orders: { status: 500 } }, expect: { status: 500, spans: [{ name: POST /lists/**, parent: caller, tags: { customer: acme, has-token: "false", user_agent.original: false } }] }`,
    `as: acme, request: { path: /lists/1, headers: { ${UNSAMPLED} } }, upstreams: { orders: { status: 500 } }, expect: { status: 500, spans: none }`,
    `as: acme, request: { path: /lists/1, headers: { ${UNSAMPLED} } }, upstreams: { orders: { headers: { x-fault: "1" } } }, expect: { status: 200, spans: [{ name: GET /lists/** }] }`,
    "as: acme, request: { path: /orders/health }, expect: { spans: none }",
    'as: acme, request: { path: "/orders/7?deep=1", headers: { x-debug: on, x-tenant: ACME } }, expect: { spans: [{ name: "GET /orders/{id}", tags: { tenant: acme, order: "7", large: "false" } }] }',
    "request: { path: /carts/1, headers: { baggage: a=b } }, expect: { spans: [{ name: GET /carts/**, service: shop }], upstream: { service: orders, headers: { baggage: false, traceparent: false, uber-trace-id: ~.*:1, x-b3-sampled: '1' } } }",
    "request: { path: /files/1 }, expect: { spans: none, upstream: { service: orders, headers: { traceparent: '~00-.*-0[13]', b3: false } } }",
  ]));

it("Envoy's own tracers are left out of tests", () =>
  passOnBoth(caseOf("native-otlp"), [
    "as: acme, request: { path: /orders/7, headers: { b3: '0', baggage: a=b } }, expect: { status: 200, spans: none, upstream: { service: orders, headers: { b3: false, baggage: false } } }",
  ]));
