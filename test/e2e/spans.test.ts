import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { workFolder } from "../../compiler/cli/envoy.js";
import { embeddedModules } from "../../compiler/cli/files.js";
import type { CheckedSuite } from "../../compiler/testing/check.js";
import type { EnvoyPlace } from "../../compiler/testing/envoy/gateway.js";
import { type CaseResult, SuiteRunner } from "../../compiler/testing/run.js";
import { requireEnvoy } from "../support/envoy.js";
import { casesOf } from "../support/suites.js";
import { planOf } from "./support/serve.js";

// What `sluice test` sees of spans, on both engines.

const POLICY = `apiVersion: sluice/v1
kind: Gateway
name: shop
listeners:
  public: { address: 127.0.0.1:8080 }
services:
  orders: { endpoints: [127.0.0.1:9001] }
  failing: { endpoints: [127.0.0.1:9002] }
  zipkin: { endpoints: [127.0.0.1:9411] }
  telemetry: { endpoints: [127.0.0.1:4318] }
  crm: { endpoints: [127.0.0.1:9010] }
consumers:
  acme: { tier: gold, credentials: [{ apiKey: env:ACME_KEY }] }
policies:
  known: { authenticate: { anyOf: [{ apiKey: { header: x-key } }] } }
  reads: { authorize: { rules: [{ name: get, allow: 'request.method == "GET"' }] } }
  slow: { rateLimit: { key: [auth.consumer], rate: 100/hour } }
  late: { fault: { delay: { for: 300ms } } }
  some:
    tracing:
      propagate: [w3c, b3]
      sample: { ratio: 10%, rules: [{ when: 'request.path == "/orders/up"', ratio: 0% }] }
      tags: { customer: auth.consumer, gold: 'auth.tier == "gold"', bytes: size(request.path) }
      redact: [url.path]
      export: { zipkin: zipkin }
  failed:
    tracing:
      sample: 0%
      always: response.status >= 500 || response.duration > duration("200ms")
      service: edge
      export: { otlp: { service: telemetry, path: /in/v1/traces } }
  few: { tracing: { sample: { perSecond: 2 }, export: { zipkin } } }
  many: { tracing: { sample: { perSecond: 100000 }, export: { zipkin: zipkin } } }
  nothing: { tracing: {} }
  crm-as-rest:
    soap:
      fields:
        namespace: urn:crm
        version: "1.2"
        path: /services/crm
        operations:
          GetPartner: { action: "urn:crm#GetPartner", request: { id: integer }, response: { name: string } }
      operations: { GetPartner: "GET /partners/{id}" }
routes:
  - { name: order, match: { path: "/orders/{id}" }, to: orders, apply: [some, known, reads, slow] }
  - { name: failing, match: { path: /failing/** }, to: failing, retry: { attempts: 2, on: [503], perTry: 9s }, apply: [failed] }
  - { name: late, match: { path: /late }, to: orders, apply: [failed, late] }
  - { name: few, match: { path: /few }, respond: { status: 200 }, apply: [few] }
  - { name: many, match: { path: /many }, to: orders, apply: [many, known, reads] }
  - { name: handed-on, match: { path: /handed-on }, to: orders, apply: [nothing] }
  - { name: partners, match: { path: /partners/* }, to: crm, apply: [some, crm-as-rest] }
  - { name: spans, match: { path: /api/v2/spans }, to: zipkin, apply: [few] }
`.replace("export: { zipkin } }", "export: { zipkin: zipkin } }");

const UPSTREAMS = `upstreams:
  failing: { status: 503 }
  zipkin: { status: 202 }
  crm: { soap: { GetPartner: { response: Acme } } }
`;
const cases = (...bodies: string[]) => casesOf(UPSTREAMS, bodies);

const plan = planOf(POLICY);
let runner: SuiteRunner;
let place: EnvoyPlace;
let work: Awaited<ReturnType<typeof workFolder>>;

beforeAll(async () => {
  runner = new SuiteRunner(await embeddedModules());
  work = await workFolder();
  place = { envoy: await requireEnvoy(), folder: work.path };
});
afterAll(() => work.remove());

const both = (suite: CheckedSuite) => runner.run(suite, plan, { envoy: { place, compare: true, now: Date.now() } });

/** What failed, of each case that did. */
function failed(results: readonly CaseResult[]): unknown[] {
  return results
    .filter(({ outcome }) => outcome !== "passed")
    .map(({ name, reason, failure }) => [
      name,
      reason,
      failure?.on,
      ...(failure?.differences ?? []).map(({ what, expected, actual }) => `${what}: ${expected}, ${actual}`),
      failure?.trace,
    ]);
}

const CONTEXT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331";

describe("spans of a case", () => {
  it("tell of what is converted", async () => {
    const spans = `[
      { name: "GET /partners/{id}", kind: server, parent: none },
      { name: convert request, kind: internal, parent: "GET /partners/{id}" },
      { name: GET crm, kind: client, parent: "GET /partners/{id}" },
      { name: convert response, kind: internal, parent: "GET /partners/{id}" } ]`;
    const results = await both(
      cases(`request: { path: /partners/7 }, expect: { status: 200, json: Acme, spans: ${spans} }`),
    );
    expect(failed(results)).toEqual([]);
  });

  it("all come, also those that take several bodies", async () => {
    const expected =
      "metrics: { many.sampled: 300, many.exported: 1200, many.dropped: 0 }, spans: [{ name: GET /many }]";
    const results = await both(
      cases(`as: acme, repeat: 300, request: { path: /many }, expect: { status: 200, ${expected} }`),
    );
    expect(failed(results)).toEqual([]);
    expect(results.map(({ engines }) => engines)).toEqual([["embedded", "envoy"]]);
  });

  it("are the same on both engines, and as the case says", async () => {
    const results = await both(
      cases(
        `as: acme, request: { path: "/orders/7?a=1", headers: { traceparent: ${CONTEXT}-01, user-agent: curl } }, expect: { status: 200, upstream: { service: orders, headers: { traceparent: "~00-0af7651916cd43dd8448eb211c80319c-[0-9a-f]{16}-01", b3: true } }, metrics: { some.sampled: 1, some.exported: 5 }, spans: [
          { name: "GET /orders/{id}", kind: server, parent: caller, service: shop, error: false, tags: { customer: acme, gold: "true", bytes: "9", url.path: false, http.route: "/orders/{id}", http.response.status_code: "200", sluice.route: order, sluice.decision: ~.+, client.address: 127.0.0.1, user_agent.original: curl } },
          { name: authenticate known, kind: internal, parent: "GET /orders/{id}", tags: { sluice.decision: ~known.* } },
          { name: authorize reads, parent: "GET /orders/{id}" },
          { name: limit slow, parent: "GET /orders/{id}" },
          { name: GET orders, kind: client, parent: "GET /orders/{id}", tags: { server.address: 127.0.0.1, server.port: true } } ] }`,
        `request: { path: /orders/7 }, expect: { status: 401, spans: [
          { name: "GET /orders/{id}", kind: server, parent: none, tags: { customer: false, http.response.status_code: "401" } }, { name: authenticate known, tags: { sluice.decision: ~.*denied.* } } ] }`,
        `as: acme, request: { path: /orders/up }, expect: { status: 200, spans: none, metrics: { some.sampled: 0 } }`,
        `as: acme, request: { path: /orders/7, headers: { traceparent: ${CONTEXT}-00 } }, expect: { status: 200, spans: none }`,
        `as: acme, repeat: 30, request: { path: /orders/7 }, expect: { status: 200, metrics: { some.sampled: 30, some.exported: 150 }, spans: [{ name: GET orders }, { name: GET orders }, { name: GET orders }] }`,
        `steps: [{ request: { path: /handed-on }, expect: { status: 200, spans: none, upstream: { service: orders, headers: { traceparent: true, b3: false } } } }, { request: { path: /failing/x, headers: { b3: 0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0 } }, expect: { status: 503, metrics: { failed.kept: 1, failed.sampled: 0 }, spans: [
          { name: GET /failing/**, parent: caller, service: edge, error: true, tags: { error.type: "503" } }, { name: GET failing, kind: client, parent: GET /failing/**, error: true } ] } }]`,
        `request: { path: /late }, expect: { status: 200, spans: [{ name: GET /late, error: false }] }`,
        `repeat: 4, request: { path: /few }, expect: { status: 200, spans: [{ name: GET /few }, { name: GET /few }], metrics: { few.sampled: 2, few.capped: 2, few.exported: 2 } }`,
        `upstreams: { zipkin: { status: 503 } }, repeat: 2, request: { path: /few }, expect: { status: 200, spans: none, metrics: { few.sampled: 2, few.exported: 0 } }`,
        `upstreams: { zipkin: { status: 400 } }, request: { path: /few }, expect: { status: 200, spans: none, metrics: { few.sampled: 1, few.exported: 0, few.dropped: 1 } }`,
        `request: { path: /api/v2/spans, method: POST, json: [] }, expect: { status: 202, upstream: { service: zipkin, path: /api/v2/spans }, spans: [{ name: POST /api/v2/spans }, { name: POST zipkin }] }`,
      ),
    );
    expect(failed(results)).toEqual([]);
    // The seventh second of a clock may end between its requests.
    expect(results.filter(({ engines }) => engines.length !== 2).map(({ reason }) => reason)).toEqual([
      "its result depends on time or chance",
    ]);
  });
});
