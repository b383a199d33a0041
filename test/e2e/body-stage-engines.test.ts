import { expect, it } from "vitest";
import { envelopeModule, envelopePlan } from "../support/envelope/module.js";
import { passOnBoth } from "./support/on-both.js";

const policy = `apiVersion: sluice/v1
kind: Gateway
name: crm
listeners: { public: { address: 127.0.0.1:8080 } }
services:
  crm: { endpoints: [127.0.0.1:9001] }
  other: { endpoints: [127.0.0.1:9002] }
consumers:
  acme: { credentials: [{ apiKey: env:ACME_KEY }] }
policies:
  known: { authenticate: { anyOf: [{ apiKey: { header: x-api-key } }] } }
  shops: { cors: { origins: ["https://shop.example.com"] } }
  tidy: { headers: { request: { set: { x-by: sluice } }, response: { set: { x-frame-options: DENY } } } }
  crm:
    envelope:
      service: /svc?a=1
      headers: { soapaction: '"urn:get"' }
      secret: CRM_PASSWORD
      operations: { GetPartner: "GET /partners/{id}", CreatePartner: POST /partners }
routes:
  - { name: partners, match: { path: /partners/** }, to: crm, apply: [known, shops, tidy, crm] }
  - { name: beta, match: { path: /partners/**, headers: { x-beta: "1" } }, to: other, apply: [crm] }
  - { name: plain, match: { path: /plain/** }, to: other }
`;

const upstreams = `upstreams:
  crm: { headers: { content-type: text/xml, x-from: crm }, body: '<GetPartner>{"id":7}</GetPartner>' }
  other: { body: "<html>" }
`;

const get = "request: { path: /partners/7, headers: { origin: https://shop.example.com } }";
const post = (body: string) => `request: { path: "/partners?dry=1", method: POST, body: '${body}' }`;

it("requests for operations, and what is none, come out alike on both engines", async () => {
  await passOnBoth(
    envelopePlan(policy),
    [
      `as: acme, ${get}, expect: { status: 200, json: { id: 7 }, headers: { content-type: application/json, x-frame-options: DENY, x-from: crm, access-control-allow-origin: https://shop.example.com }, upstream: { service: crm, method: POST, path: /svc?a=1, headers: { content-type: text/xml, soapaction: '"urn:get"', x-by: sluice, x-consumer: acme, x-sluice-pin: false, x-api-key: false, x-envoy-original-path: /partners/7 } } }`,
      `${get}, expect: { status: 401, decidedBy: known, upstream: none, headers: { access-control-allow-origin: https://shop.example.com } }`,
      `as: acme, ${post('{"name":"Ada"}')}, expect: { status: 502, problem: { title: Bad Gateway }, decidedBy: crm, upstream: crm }`,
      "as: acme, request: { path: /partners, method: POST, body: '{}', headers: { origin: https://shop.example.com } }, expect: { status: 502, headers: { access-control-allow-origin: false, vary: true } }",
      `as: acme, request: { path: /partners, method: POST, body: bad, headers: { origin: https://shop.example.com } }, expect: { status: 400, headers: { access-control-allow-origin: true } }`,
      "as: acme, request: { path: /partners, method: POST, body: '' }, expect: { status: 400, upstream: none }",
      `as: acme, ${post("bad")}, expect: { status: 400, problem: { title: Bad Request }, decidedBy: crm, upstream: none, headers: { x-frame-options: DENY } }`,
      "as: acme, request: { path: /partners, method: POST }, expect: { status: 400, upstream: none }",
      "as: acme, request: { path: /partners/7, body: '{}' }, expect: { status: 200, upstream: crm }",
      "as: acme, request: { path: /partners/7/x }, expect: { status: 404, upstream: none, headers: { content-type: application/problem+json, x-frame-options: DENY } }",
      "request: { path: /partners/7/x }, expect: { status: 401, upstream: none }",
      "as: acme, request: { path: /partners/7, method: DELETE }, expect: { status: 405, upstream: none, headers: { allow: GET } }",
      "request: { path: /partners/7, headers: { x-beta: '1', origin: https://shop.example.com } }, expect: { status: 502, decidedBy: crm, upstream: other }",
      "request: { path: '/partners/7?full=1', headers: { x-beta: '1', accept-encoding: gzip } }, expect: { status: 502, upstream: { service: other, headers: { accept-encoding: false } } }",
      "request: { path: /partners/7, headers: { x-sluice-pin: crm/GetPartner } }, expect: { status: 401, upstream: none }",
      "request: { path: /plain/x, headers: { x-sluice-pin: crm/GetPartner } }, expect: { status: 200, body: <html>, upstream: { service: other, headers: { x-sluice-pin: false } } }",
      "request: { path: /partners/7, method: OPTIONS, headers: { origin: https://shop.example.com, access-control-request-method: GET } }, expect: { status: 200, upstream: none }",
      `as: acme, request: { path: /partners, method: POST, body: '${"x".repeat(100_000)}' }, expect: { status: 502, upstream: crm }`,
    ],
    upstreams,
    await envelopeModule(),
  );
  expect.hasAssertions();
}, 60_000);

const byOperation = `upstreams:
  crm: { soap: { GetPartner: { response: { id: 7, name: Zoë } }, CreatePartner: { fault: { Missing: { why: x } } } } }
`;

it("services answer by operation on both engines, as the file says or the case", async () => {
  await passOnBoth(
    envelopePlan(policy),
    [
      "as: acme, request: { path: /partners/7 }, expect: { status: 200, json: { id: 7, name: Zoë }, upstream: { service: crm, operation: GetPartner, input: { path: /partners/7 }, body: '~<GetPartner>.*' } }",
      "as: acme, request: { path: /partners, method: POST, json: { name: Ada } }, expect: { status: 404, json: { name: Missing }, upstream: { service: crm, operation: CreatePartner, input: { name: Ada } } }",
      "as: acme, upstreams: { crm: { soap: { CreatePartner: { response: { id: 8 } } } } }, steps: [{ request: { path: /partners, method: POST, json: {} }, expect: { status: 200, json: { id: 8 } } }, { request: { path: /partners/7 }, expect: { json: { id: 7 } } }]",
      "as: acme, upstreams: { crm: { status: 500 } }, request: { path: /partners/7 }, expect: { json: { id: 7 } }",
      "request: { path: /partners/7, headers: { x-beta: '1' } }, expect: { status: 502, upstream: { service: other, operation: GetPartner } }",
    ],
    byOperation,
    await envelopeModule(),
  );
  expect.hasAssertions();
}, 60_000);
