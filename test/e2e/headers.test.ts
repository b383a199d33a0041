import { it } from "vitest";
import { passOnBoth } from "./support/on-both.js";

const POLICY = `apiVersion: sluice/v1
kind: Gateway
name: headers
listeners:
  public: { address: 127.0.0.1:8080 }
services:
  orders: { endpoints: [127.0.0.1:9001] }
consumers:
  acme: { tier: gold, groups: [partners, finance], credentials: [{ apiKey: env:ACME_KEY }] }
  globex: { credentials: [{ apiKey: env:GLOBEX_KEY }] }
policies:
  known: { authenticate: { anyOf: [{ apiKey: { header: x-api-key } }] } }
  shops: { cors: { origins: ["https://shop.example.com"] } }
  nobody: { ipAccess: { allow: [10.0.0.0/8] } }
  safe:
    headers:
      response:
        remove: [x-powered-by]
        set: { x-frame-options: DENY, x-rate: "100%" }
        add: { cache-control: no-transform, x-tag: safe }
  caller:
    headers:
      request:
        remove: [cookie, x-debug]
        set: { x-caller: { attribute: auth.consumer }, x-of: { attribute: auth.tier }, x-in: { attribute: auth.groups }, x-fixed: "%REQ(X-API-KEY)%" }
        add: { accept: text/plain, x-many: three }
      response: { set: { x-served-to: { attribute: auth.consumer }, x-of: { attribute: auth.tier } } }
  again:
    headers:
      request: { remove: [x-fixed], set: { x-in: elsewhere }, add: { x-many: four } }
      response: { remove: [x-tag], set: { x-frame-options: SAMEORIGIN } }
  replaced: { headers: { response: { remove: [x-tag], add: { x-tag: ours } } } }
mandatory: { apply: [safe] }
routes:
  - { name: orders, match: { path: /orders/** }, to: orders, apply: [known, caller] }
  - { name: shared, match: { path: /shared, methods: [GET] }, to: orders, apply: [known, shops, caller] }
  - { name: again, match: { path: /again }, to: orders, apply: [known, caller, again] }
  - { name: tagged, match: { path: /tagged }, to: orders, apply: [replaced] }
  - { name: far, match: { path: /far }, to: orders, apply: [nobody] }
  - { name: text, match: { path: /text }, respond: { status: 200, body: hi, headers: { x-frame-options: ALLOW, x-powered-by: us } } }
  - { name: moved, match: { path: /moved }, redirect: { path: /text }, apply: [known, caller] }
`;

const UPSTREAMS = `upstreams:
  orders: { status: 200, headers: { x-powered-by: php, x-frame-options: ALLOW, cache-control: private, x-tag: theirs, x-of: them }, body: ok }
`;

const SAFE = 'x-powered-by: false, x-frame-options: DENY, x-rate: "100%"';

it("headers are removed, set and added in requests to services and in every answer, as Envoy does it", () =>
  passOnBoth(
    POLICY,
    [
      `as: acme, request: { path: /orders/7, headers: { cookie: a=b, x-debug: "1", x-caller: root, accept: text/html, x-many: [one, two] } }, expect: {
         status: 200, headers: { ${SAFE}, cache-control: "private,no-transform", x-served-to: acme, x-of: gold },
         upstream: { service: orders, headers: { cookie: false, x-debug: false, x-caller: acme, x-of: gold, x-in: "partners,finance", x-fixed: "%REQ(X-API-KEY)%", x-consumer: acme, x-api-key: false } } }`,
      `as: globex, request: { path: /orders/7, headers: { x-of: gold } }, expect: {
         headers: { x-served-to: globex, x-of: false }, upstream: { service: orders, headers: { x-caller: globex, x-of: false } } }`,
      `request: { path: /orders/7 }, expect: { status: 401, upstream: none, headers: { x-frame-options: DENY, x-served-to: false, content-type: application/problem+json } }`,
      `as: acme, request: { path: /again, headers: { x-fixed: a } }, expect: {
         headers: { x-frame-options: SAMEORIGIN, x-tag: false }, upstream: { service: orders, headers: { x-fixed: false, x-in: elsewhere, x-caller: acme } } }`,
      `request: { path: /tagged }, expect: { headers: { x-tag: ours } }`,
      `request: { path: /far }, expect: { status: 403, decidedBy: nobody, headers: { x-frame-options: DENY, x-tag: safe } }`,
      `request: { path: /text }, expect: { status: 200, body: hi, headers: { x-frame-options: DENY, x-powered-by: us, x-tag: safe } }`,
      `request: { path: /text, method: HEAD }, expect: { status: 200, headers: { x-frame-options: DENY } }`,
      `as: acme, request: { path: /moved }, expect: { status: 302, headers: { x-frame-options: DENY, x-served-to: acme } }`,
      `request: { path: /moved }, expect: { status: 401 }`,
      `request: { path: /orders/%2f }, expect: { status: 400 }`,
      `request: { path: /tagged%00 }, expect: { status: 400 }`,
      `request: { path: /orders/%00 }, expect: { status: 400 }`,
      `request: { path: /orders/../%00 }, expect: { status: 400 }`,
      `request: { path: /text%00 }, expect: { status: 400 }`,
      `request: { path: /orders/7, headers: { x_y: a } }, expect: { status: 400 }`,
      `request: { path: /orders/7, host: a/b }, expect: { status: 400 }`,
      `request: { path: /nowhere }, expect: { status: 404, headers: { x-frame-options: DENY } }`,
      `request: { path: /shared, method: POST }, expect: { status: 405, headers: { x-frame-options: DENY } }`,
      `request: { path: /shared, method: OPTIONS, headers: { origin: https://shop.example.com, access-control-request-method: GET } }, expect: { status: 200 }`,
      `as: acme, request: { path: /shared, headers: { origin: https://shop.example.com } }, expect: { status: 200, headers: { x-frame-options: DENY, access-control-allow-origin: https://shop.example.com } }`,
      `request: { path: /orders/7, headers: { content-type: application/grpc } }, expect: { status: 200, headers: { x-frame-options: DENY, grpc-status: "16" } }`,
    ],
    UPSTREAMS,
  ));
