import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { workFolder } from "../../compiler/cli/envoy.js";
import { moduleBytes } from "../../compiler/cli/files.js";
import type { CheckedSuite } from "../../compiler/testing/check.js";
import { Coverage } from "../../compiler/testing/coverage.js";
import type { EnvoyPlace } from "../../compiler/testing/envoy/gateway.js";
import { type CaseResult, SuiteRunner } from "../../compiler/testing/run.js";
import { wat } from "../host/support/wat.js";
import { requireEnvoy } from "../support/envoy.js";
import { casesOf } from "../support/suites.js";
import { planOf } from "./support/serve.js";

// `sluice test --engine envoy|both`: the cases of a file on a real Envoy.

const POLICY = `apiVersion: sluice/v1
kind: Gateway
name: shop
listeners:
  public: { address: 127.0.0.1:8080, trustedHops: 1 }
services:
  orders: { endpoints: [127.0.0.1:9001] }
  copies: { endpoints: [127.0.0.1:9002] }
  empty: { endpoints: [127.0.0.1:9003] }
  failing:
    endpoints: [127.0.0.1:9004, 127.0.0.1:9005]
    loadBalancing: maglev
    health: { path: /healthz, interval: 100ms, unhealthyAfter: 1 }
    outliers: { consecutive5xxErrors: 1, maxEjectionPercent: 100% }
    panic: 0%
    circuitBreakers: { requests: 10 }
consumers:
  acme: { tier: gold, groups: [partners], credentials: [{ apiKey: env:ACME_KEY }] }
  globex: { credentials: [{ apiKey: sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 }] }
policies:
  known: { authenticate: { anyOf: [{ apiKey: { header: x-key } }] } }
  gold: { authorize: { rules: [{ name: golden, allow: 'auth.tier == "gold"' }, { name: reads, allow: 'request.method == "GET"' }] } }
  at-home: { mode: shadow, authorize: { rules: [{ name: home, allow: 'source.ip == "192.0.2.1"' }] } }
  near: { authorize: { rules: [{ name: near, allow: 'cidr(source.ip, "2001:db8::/32") || cidr(source.ip, "10.0.0.0/8")' }] } }
  safe: { authorize: { rules: [{ name: tls, allow: 'request.scheme == "https"' }] } }
  port: { authorize: { rules: [{ name: ours, allow: 'source.port == 49152' }] } }
  slow: { rateLimit: { key: [auth.consumer], rate: 2/minute } }
  quick: { rateLimit: { key: [source.ip], rate: 1/second } }
  many: { rateLimit: { rate: 100/second } }
routes:
  - { name: orders, match: { path: /orders/** }, to: orders, apply: [known, gold, at-home, slow] }
  - { name: open, match: { path: /open/** }, to: orders }
  - { name: empty, match: { path: /empty }, to: empty }
  - { name: near, match: { path: /near }, to: orders, apply: [near] }
  - { name: safe, match: { path: /safe }, to: orders, apply: [safe] }
  - { name: port, match: { path: /port }, to: orders, apply: [port] }
  - { name: quick, match: { path: /quick }, to: orders, apply: [quick] }
  - { name: many, match: { path: /many }, to: orders, apply: [many] }
  - { name: again, match: { path: /again }, to: failing, hashBy: { source: ip }, retry: { attempts: 2, on: [503], perTry: 9s } }
  - { name: split, match: { path: /split }, to: [{ service: orders, weight: 1 }, { service: copies, weight: 1 }] }
`;

const UPSTREAMS = `upstreams:
  orders: { status: 201, headers: { x-total: "3", x-name: green }, json: { items: [{ id: 7 }] } }
  empty: { status: 204 }
  failing: { status: 503, body: not now }
`;

const cases = (...bodies: string[]) => casesOf(UPSTREAMS, bodies);

const plan = planOf(POLICY);
let runner: SuiteRunner;
let place: EnvoyPlace;
let work: Awaited<ReturnType<typeof workFolder>>;

beforeAll(async () => {
  runner = new SuiteRunner({ guard: await moduleBytes("guard.wasm") });
  work = await workFolder();
  place = { envoy: await requireEnvoy(), folder: work.path };
});
afterAll(() => work.remove());

const both = (suite: CheckedSuite) => runner.run(suite, plan, { envoy: { place, compare: true, now: Date.now() } });

/** The engines of each case, and what failed. */
function shown(results: readonly CaseResult[]): unknown[] {
  return results.map(({ name, outcome, engines, failure, reason }) => [
    name,
    outcome,
    engines.join(" and "),
    ...(reason === undefined ? [] : [reason]),
    ...(failure === undefined ? [] : [failure.on, failure.differences.map(({ what }) => what)]),
  ]);
}

describe("a case on both engines", () => {
  it("comes to the same, whatever it sends and asks for", async () => {
    const results = await both(
      cases(
        "request: { path: /orders }, expect: { status: 401, decidedBy: known, upstream: none, problem: { status: 401 } }",
        "as: acme, request: { path: /orders/7, method: POST, json: { a: 1 } }, expect: { status: 201, decidedBy: gold/golden, shadow: at-home, upstream: { service: orders, method: POST, path: /orders/7, headers: { x-consumer: acme, x-key: false } }, headers: { x-total: '3', x-name: green } }",
        "as: globex, request: { path: /orders, source: 192.0.2.1 }, expect: { status: 201, json: { items: [{ id: 7 }] }, shadow: none, metrics: { gold.allowed: 1, known.allowed: 1 } }",
        "request: { path: /near, source: 2001:db8::7 }, expect: { status: 201, decidedBy: near/near }",
        "request: { path: /near, source: 203.0.113.9, headers: { x-forwarded-for: '192.0.2.9, 10.1.2.3' } }, expect: { status: 201 }",
        "request: { path: /near, source: 10.1.2.3, headers: { x-forwarded-for: 203.0.113.9 } }, expect: { status: 403 }",
        "request: { path: /safe, scheme: https }, expect: { status: 201 }",
        "request: { path: /safe }, expect: { status: 403 }",
        "request: { path: /port }, expect: { status: 201 }",
        "request: { path: /open/%C3%A4, method: HEAD, headers: { x-many: [one, two], x-consumer: root } }" +
          ", expect: { status: 201, body: '', upstream: { service: orders, headers: { x-consumer: false } } }",
        "request: { path: /open/x, method: DELETE, query: { a: [b, ä] } }, expect: { status: 201 }",
        "request: { path: /open/x, method: PUT, body: hello }, expect: { status: 201 }",
        "request: { path: /empty }, expect: { status: 204, body: '', upstream: empty }",
        "steps: [{ request: { path: /again }, repeat: 5, expect: { status: 503, body: not now, upstream: { service: failing, path: /again, headers: { x-envoy-expected-rq-timeout-ms: '9000' } } } }]",
        "request: { path: /nowhere, host: 'shop.example.com:81' }, expect: { status: 404, upstream: none }",
        "request: { path: /%2f }, expect: { status: 400, upstream: none }",
      ),
    );
    expect(shown(results)).toEqual(results.map(({ name }) => [name, "passed", "embedded and envoy"]));
  });

  it("waits in real time, and starts anew", async () => {
    const steps =
      "steps: [{ request: { path: /quick }, expect: { status: 201 } }, { request: { path: /quick }, expect: { status: 429 } }, { wait: 1s }, { request: { path: /quick }, expect: { status: 201 } }]";
    const sent = "request: { path: /orders }, repeat: 2, expect: { status: 201 }";
    expect(shown(await both(cases(steps, `as: acme, ${sent}`, `as: acme, ${sent}`)))).toEqual(
      ["case 1", "case 2", "case 3"].map((name) => [name, "passed", "embedded and envoy"]),
    );
  });

  it("fails with what differs from what is expected", async () => {
    const results = await both(cases("request: { path: /orders }, expect: { status: 200, upstream: orders }"));
    expect(shown(results)).toEqual([["case 1", "failed", "embedded and envoy", "both", ["status", "service"]]]);
    const trace = results[0]?.failure?.trace.join("\n") ?? "";
    expect(trace).toMatch(/decision +known denied no-credential\nservice +none\nanswer +401$/);
  });

  it("is left to the embedded host where a real clock has nothing to say", async () => {
    const results = await both(
      cases(
        "steps: [{ request: { path: /open }, expect: { status: 201 } }, { wait: 10m }, { request: { path: /open } }]",
        "engine: embedded, request: { path: /open }, expect: { status: 201 }",
        "steps: [{ request: { path: /many }, repeat: 100 }, { request: { path: /many }, expect: { status: 429 } }]",
      ),
    );
    expect(shown(results)).toEqual([
      ["case 1", "passed", "embedded", "it waits 600 s"],
      ["case 2", "passed", "embedded", "as it says"],
      ["case 3", "passed", "embedded", "its result depends on time or chance"],
    ]);
  });

  it("does not compare what is left to chance", async () => {
    const results = await both(cases("request: { path: /split }, repeat: 20, expect: { decidedBy: sluice }"));
    expect(shown(results)).toEqual([["case 1", "passed", "embedded and envoy"]]);
  });
});

describe("a case of Envoy", () => {
  it("is run there, and exercises what it reaches", async () => {
    const coverage = new Coverage(plan, []);
    const suite = cases(
      "engine: envoy, as: acme, request: { path: /orders }, expect: { status: 201 }",
      "request: { path: /safe }, expect: { status: 403 }",
    );
    const results = await runner.run(suite, plan, {
      envoy: { place, compare: false, now: Date.now() },
      observer: coverage,
    });
    expect(shown(results)).toEqual([
      ["case 1", "passed", "envoy"],
      ["case 2", "passed", "envoy"],
    ]);
    const uncovered = coverage.report().uncovered.map(({ what, name }) => `${what} ${name}`);
    for (const reached of ["route orders", "policy known", "policy slow", "route safe", "policy safe"])
      expect(uncovered).not.toContain(reached);
    expect(uncovered).toContain("route near");
  });
});

describe("a module that does something else on Envoy", () => {
  let altered: typeof work;

  beforeAll(async () => {
    altered = await workFolder();
    // Lets everybody pass.
    await writeFile(
      join(altered.path, "modules", "guard.wasm"),
      wat(`(func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) (i32.const 0))`),
    );
  });
  afterAll(() => altered.remove());

  it("fails on Envoy what expects otherwise, and disagrees where nobody expects anything", async () => {
    const suite = cases(
      "request: { path: /orders }, expect: { status: 401 }",
      "request: { path: /safe }, expect: { headers: { x-no: false } }",
      "request: { path: /open }, expect: { status: 201 }",
    );
    const other = { envoy: place.envoy, folder: altered.path };
    const results = await runner.run(suite, plan, { envoy: { place: other, compare: true, now: Date.now() } });
    const [first, second, third] = shown(results);
    expect(first).toEqual(["case 1", "failed", "embedded and envoy", "envoy", ["status"]]);
    expect(second).toEqual([
      ...["case 2", "failed", "embedded and envoy", "disagreement"],
      expect.arrayContaining(["status", "decision", "body", "service"]),
    ]);
    expect(third).toEqual(["case 3", "failed", "embedded and envoy", "disagreement", ["decision"]]);
    const lenient = await runner.run(suite, plan, { envoy: { place: other, compare: false, now: Date.now() } });
    expect(lenient.map(({ outcome }) => outcome)).toEqual(["failed", "passed", "passed"]);
  });
});
