import { describe, it } from "vitest";
import { passOnBoth } from "./support/on-both.js";

// A route of a SOAP service in the embedded host and in a real Envoy: both must do the same with every request and answer.

const policy = `apiVersion: sluice/v1
kind: Gateway
name: crm
listeners: { public: { address: 127.0.0.1:8080 } }
services: { crm: { endpoints: [127.0.0.1:9001] } }
consumers: { acme: { credentials: [{ apiKey: env:ACME_KEY }] } }
policies:
  browsers: { cors: { origins: ["https://shop.example.com"], methods: [GET, POST] } }
  known: { authenticate: { anyOf: [{ apiKey: { header: x-api-key } }] } }
  few: { rateLimit: { key: [auth.consumer], rate: 2/hour } }
  marked: { headers: { response: { set: { x-frame-options: DENY } } } }
  crm-as-rest:
    soap:
      fields:
        namespace: urn:crm
        path: /services/crm
        operations:
          Get: { action: "urn:crm#50%", request: { id: integer }, response: { name: string, tags: "string[]" }, faults: { Gone: { id: integer } } }
          Put: { request: { name: string, note: string? }, response: { id: integer } }
      operations: { Get: "GET /partners/{id}", Put: { rest: POST /partners, success: 201 } }
      faults: { Gone: 410 }
      limits: { body: 1Ki, response: 1Ki }
routes:
  - name: partners
    match: { path: /partners/** }
    to: crm
    apply: [browsers, known, few, marked, crm-as-rest]
`;

const ACME = "{ name: Acme, tags: [] }";
const GET = "path: /partners/7";
const answer = (soap: string) => `upstreams: { crm: { soap: { Get: ${soap} } } }`;
const raw = (more: string) => `upstreams: { crm: { ${more} } }`;
const ORIGIN = "headers: { origin: https://shop.example.com }";
const FOR_BROWSERS = "access-control-allow-origin: https://shop.example.com, x-frame-options: DENY";

describe("a REST face on a SOAP service", () => {
  it("asks the service and tells its answer", async () => {
    await passOnBoth(policy, [
      `as: acme, ${answer(`{ response: ${ACME} }`)}, request: { ${GET} }, expect: { status: 200, json: ${ACME}, headers: { content-type: application/json, x-frame-options: DENY }, upstream: { service: crm, method: POST, path: /services/crm, headers: { soapaction: '"urn:crm#50%"', content-type: "text/xml; charset=utf-8", accept-encoding: false, x-sluice-pin: false, x-consumer: acme }, operation: Get, input: { id: 7 } }, metrics: { crm-as-rest.allowed: 1 } }`,
      `as: acme, request: { method: POST, path: /partners, json: { note: "<&>", name: Zoë } }, ${raw("soap: { Put: { response: 7 } }")}, expect: { status: 201, json: 7, upstream: { service: crm, operation: Put, input: { name: Zoë, note: "<&>" } } }`,
      `as: acme, ${answer("{ fault: { Gone: { id: 7 } } }")}, request: { ${GET} }, expect: { status: 410, problem: { title: Gone, fault: { Gone: { id: 7 } } } }`,
      `as: acme, ${answer("{ fault: { Receiver: {} } }")}, request: { ${GET} }, expect: { status: 502, body: '{"type":"about:blank","title":"Bad Gateway","status":502}' }`,
    ]);
  });

  it("refuses what does not fit, and the service hears nothing", async () => {
    const none = "upstream: none";
    await passOnBoth(policy, [
      `request: { ${GET} }, expect: { status: 401, decidedBy: known, ${none} }`,
      `as: acme, request: { path: /partners/x }, expect: { status: 400, decidedBy: crm-as-rest, ${none}, metrics: { crm-as-rest.denied: 1 } }`,
      `as: acme, request: { path: /partners/7?more=1 }, expect: { status: 400, ${none} }`,
      `as: acme, request: { method: POST, path: /partners }, expect: { status: 400, ${none} }`,
      `as: acme, request: { method: POST, path: /partners, json: { name: [] } }, expect: { status: 400, problem: { pointer: /name }, ${none} }`,
      `as: acme, request: { method: POST, path: /partners, body: "<a/>", headers: { content-type: text/xml } }, expect: { status: 415, ${none} }`,
      `as: acme, request: { method: POST, path: /partners, json: { name: ${"x".repeat(1025)} } }, expect: { status: 413, ${none} }`,
      `as: acme, request: { method: PUT, path: /partners/7 }, expect: { status: 405, headers: { allow: GET }, ${none} }`,
      `as: acme, request: { path: /partners/7/more }, expect: { status: 404, ${none} }`,
      `as: acme, request: { path: /partners/7, headers: { x-sluice-pin: crm-as-rest/Get } }, ${answer(`{ response: ${ACME} }`)}, expect: { status: 200, upstream: { service: crm, operation: Get } }`,
      `as: acme, request: { ${GET} }, ${raw(`status: 200, headers: { content-type: text/xml }, body: "${" ".repeat(1025)}"`)}, expect: { status: 502, decidedBy: crm-as-rest }`,
      `as: acme, steps: [{ request: { ${GET} }, repeat: 2, expect: { status: 502 } }, { request: { ${GET} }, expect: { status: 429, decidedBy: few, ${none} } }]`,
    ]);
  });

  it("tells browsers of another origin whatever comes of it, so that they may read it", async () => {
    const asked = `as: acme, request: { ${GET}, ${ORIGIN} }`;
    const seen = (status: number) => `expect: { status: ${status}, headers: { ${FOR_BROWSERS} } }`;
    await passOnBoth(policy, [
      `${asked}, ${answer(`{ response: ${ACME} }`)}, ${seen(200)}`,
      `${asked}, ${answer("{ fault: { Gone: { id: 7 } } }")}, ${seen(410)}`,
      `${asked}, ${raw("status: 200, headers: { content-type: text/html }, body: <html/>")}, ${seen(502)}`,
      `${asked}, ${raw('status: 200, headers: { content-type: text/xml, content-encoding: gzip }, body: "no"')}, ${seen(502)}`,
      `${asked}, ${raw("status: 503, headers: { content-type: text/plain }, body: busy")}, ${seen(502)}`,
    ]);
  });
});
