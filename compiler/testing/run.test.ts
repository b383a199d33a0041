import { beforeAll, describe, expect, it } from "vitest";
import { suiteOf } from "../../test/support/suites.js";
import { moduleBytes } from "../cli/files.js";
import { checkText } from "../index.js";
import type { GatewayPlan } from "../plan/plan.js";
import { formatSpan } from "../syntax/source.js";
import { type CaseResult, SuiteRunner } from "./run.js";

const POLICY = `apiVersion: sluice/v1
kind: Gateway
name: shop
listeners:
  public: { address: 127.0.0.1:8080, trustedHops: 1 }
services:
  orders: { endpoints: [127.0.0.1:9001] }
  copies: { endpoints: [127.0.0.1:9002] }
consumers:
  acme: { tier: gold, groups: [partners], credentials: [{ apiKey: env:ACME_KEY }] }
  globex: { credentials: [{ apiKey: sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 }] }
policies:
  known: { authenticate: { anyOf: [{ apiKey: { header: x-key } }] } }
  gold: { authorize: { rules: [{ name: golden, allow: 'auth.tier == "gold"' }, { name: reads, allow: 'request.method == "GET"' }] } }
  at-home: { mode: shadow, authorize: { rules: [{ name: home, allow: 'source.ip == "192.0.2.1"' }] } }
  safe: { authorize: { rules: [{ name: tls, allow: 'request.scheme == "https"' }] } }
  slow: { rateLimit: { key: [auth.consumer], rate: 2/minute } }
  by-night: { authorize: { rules: [{ name: dawn, allow: 'request.time < timestamp("2027-01-16T00:00:00Z")' }] } }
routes:
  - { name: orders, match: { path: /orders/** }, to: orders, apply: [known, gold, at-home, slow] }
  - { name: safe, match: { path: /safe }, to: orders, apply: [safe] }
  - { name: night, match: { path: /night }, to: orders, apply: [by-night] }
  - { name: split, match: { path: /split }, to: [{ service: orders, weight: 1 }, { service: copies, weight: 1 }] }
`;

const HEAD = `apiVersion: sluice/v1
kind: Test
policy: policy.yaml
upstreams:
  orders: { status: 201, headers: { x-total: "3" }, json: { items: [{ id: 7, name: lamp }, { id: 8 }] } }
cases:
`;

let runner: SuiteRunner;
let plan: GatewayPlan;

beforeAll(async () => {
  runner = new SuiteRunner({ guard: await moduleBytes("guard.wasm") });
  const checked = checkText("policy.yaml", POLICY);
  expect(checked.diagnostics.filter(({ severity }) => severity === "error")).toEqual([]);
  if (checked.plan === undefined) throw new Error("no plan");
  plan = checked.plan;
});

/** The result of one case, given by what follows its name. */
async function run(body: string): Promise<CaseResult> {
  const [result] = await runner.run(suiteOf(`${HEAD}  - { name: it, ${body} }\n`), plan);
  if (result === undefined) throw new Error("no result");
  return result;
}

/** `what: expected, actual` of each difference. */
function found({ failure }: CaseResult): string[] {
  return (failure?.differences ?? []).map(({ what, expected, actual }) => `${what}: ${expected}, ${actual}`);
}

const ACME = "as: acme, request: { path: /orders/7 }";

describe("an expectation that is met", () => {
  it.each([
    [
      `${ACME}, expect: { status: 201, headers: { x-total: "3", x-nothing: false, server: true, content-type: "~application/.*" } }`,
    ],
    [`${ACME}, expect: { json: { items: [{ id: 7 }] }, body: "~.*lamp.*" }`],
    [`${ACME}, expect: { decidedBy: gold, shadow: at-home, upstream: orders }`],
    [`${ACME}, expect: { decidedBy: gold/golden, metrics: { gold.allowed: 1, gold.denied: 0, at-home.shadow: 1 } }`],
    ["as: globex, request: { path: /orders/7 }, expect: { decidedBy: gold/reads }"],
    ["as: globex, request: { path: /orders, method: POST }, expect: { status: 403, decidedBy: gold, upstream: none }"],
    ["request: { path: /orders/7 }, expect: { status: 401, problem: { title: Unauthorized }, shadow: none }"],
    ["as: acme, request: { path: /orders, source: 192.0.2.1 }, expect: { shadow: none }"],
    ["request: { path: /safe, scheme: https }, expect: { status: 201 }"],
    ["request: { path: /safe }, expect: { status: 403 }"],
    [
      'as: acme, request: { path: "/orders?a=1", query: { b: ["x y", "&"] } }, expect: { upstream: { service: orders, path: "/orders?a=1&b=x%20y&b=%26", method: GET, headers: { x-consumer: acme, x-key: false } } }',
    ],
    [
      'as: acme, request: { path: /orders, method: POST, json: { a: 1 } }, expect: { upstream: { service: orders, headers: { content-type: application/json, content-length: "7" } } }',
    ],
    ["request: { path: /orders/7, headers: { x-key: test-key-of-globex } }, expect: { status: 201 }"],
  ])("lets the case pass: %s", async (body) => {
    const result = await run(body);
    expect([found(result), result.outcome]).toEqual([[], "passed"]);
  });
});

describe("an expectation that is not met", () => {
  it.each([
    [`${ACME}, expect: { status: 200 }`, ["status: 200, 201"]],
    [`${ACME}, expect: { headers: { x-total: "4" } }`, ["header x-total: 4, 3"]],
    [`${ACME}, expect: { headers: { x-total: false } }`, ["header x-total: none, 3"]],
    [`${ACME}, expect: { headers: { x-nothing: true } }`, ["header x-nothing: any value, none"]],
    [
      `${ACME}, expect: { headers: { content-type: ~application } }`,
      ["header content-type: ~application, application/json"],
    ],
    [`${ACME}, expect: { body: x }`, ['body: "x", "{\\"items\\":[{\\"id\\":7,\\"name\\":\\"lamp\\"},{\\"id\\":8}]}"']],
    [`${ACME}, expect: { json: { items: [{ id: 7 }, { id: 9 }] } }`, ["json.items.1.id: 9, 8"]],
    [`${ACME}, expect: { json: { items: [{ id: 7 }, { id: 8 }, {}] } }`, ["json.items.2: {}, nothing"]],
    [`${ACME}, expect: { problem: { title: x } }`, ["content-type: application/problem+json, application/json"]],
    ["request: { path: /orders }, expect: { problem: { title: x } }", ['problem.title: "x", "Unauthorized"']],
    [`${ACME}, expect: { decidedBy: gold/reads }`, ["decided by: gold/reads, gold/golden allowed rule"]],
    [`${ACME}, expect: { shadow: none }`, ["refused in shadow by: none, at-home denied otherwise"]],
    [`${ACME}, expect: { upstream: none }`, ["service: none, orders"]],
    [`${ACME}, expect: { upstream: { service: copies } }`, ["service: copies, orders"]],
    ["request: { path: /orders }, expect: { upstream: orders }", ["service: orders, none"]],
    [
      `${ACME}, expect: { upstream: { service: orders, method: PUT, path: ~/x, headers: { x-consumer: root } } }`,
      [
        'method at the service: "PUT", "GET"',
        'path at the service: "~/x", "/orders/7"',
        "header at the service x-consumer: root, acme",
      ],
    ],
    [`${ACME}, repeat: 2, expect: { metrics: { gold.allowed: 1 } }`, ["counter gold.allowed: 1, 2"]],
    ["request: { path: /%2f }, expect: { decidedBy: gold }", ["decided by: gold, nobody: the listener answered 400"]],
  ])("makes the case fail: %s", async (body, expected) => {
    const result = await run(body);
    expect([found(result), result.outcome]).toEqual([expected, "failed"]);
  });
});

describe("a case", () => {
  const LIMIT = `steps: [
      { request: { path: /orders }, repeat: 2, expect: { status: 201 } },
      { request: { path: /orders }, expect: { status: 429, decidedBy: slow } },
      { request: { path: /orders }, as: globex, expect: { status: 201 } },
      { wait: 30s },
      { request: { path: /orders }, expect: { status: 201 } },
      { request: { path: /orders }, expect: { status: 429 } },
    ]`;

  it("goes step by step, in a time of its own", async () => {
    expect(found(await run(`as: acme, ${LIMIT}`))).toEqual([]);
  });

  it("starts anew: nobody has called before", async () => {
    const cases = ["one", "two"].map((name) => `  - { name: ${name}, as: acme, ${LIMIT} }\n`).join("");
    expect((await runner.run(suiteOf(HEAD + cases), plan)).map(({ outcome }) => outcome)).toEqual(["passed", "passed"]);
  });

  it("can wait for days, which the clock of the machine shows too", async () => {
    const steps = "{ request: { path: /night }, expect: { status: 201 } }, { wait: 24h }";
    expect(found(await run(`steps: [${steps}, { request: { path: /night }, expect: { status: 403 } }]`))).toEqual([]);
  });

  it("ends with its first failure, and tells where it is and what became of the request", async () => {
    const first = "{ request: { path: /orders }, repeat: 3, expect: { status: 201 } }";
    const result = await run(
      `as: acme, steps: [{ wait: 1s }, ${first}, { request: { path: /x }, expect: { status: 599 } }]`.replace(
        "100",
        "599",
      ),
    );
    expect(found(result)).toEqual(["status: 201, 429"]);
    expect(result.failure?.position).toBe("step 2 of 3, request 3 of 3");
    expect(result.failure?.differences.map(({ place }) => formatSpan(place))).toEqual(["policy.test.yaml:7:108"]);
    expect(result.failure?.trace.join("\n")).toMatch(
      /^request +GET \/orders, host localhost, from 127\.0\.0\.1, as acme\nroute +orders +policy\.yaml:\d+:\d+\npolicies +known: allowed, .*\n(.*\n)*decision +slow denied .*\nshadow +at-home .*\nservice +none\nanswer +429$/,
    );
  });

  it("explains itself with the scheme that the request has", async () => {
    const { failure } = await run("request: { path: /safe, scheme: https }, expect: { status: 403 }");
    expect(failure?.trace).toContainEqual(expect.stringMatching(/safe: allowed, rule tls allows it$/));
  });

  it("shows no key in its trace", async () => {
    const { failure } = await run(
      'request: { path: "/orders?api_key=hunter2", headers: { x-key: hunter2 } }, expect: { status: 200 }',
    );
    expect(failure?.trace).not.toEqual([]);
    expect(failure?.trace.join()).not.toContain("hunter2");
  });

  it("of a real Envoy is not run, and has not passed", async () => {
    expect(await run("engine: envoy, request: { path: /orders }, expect: { status: 200 }")).toMatchObject({
      outcome: "not-run",
      reason: "needs a real Envoy",
    });
  });

  it("tells the seed where chance had a say, and gives the same each time", async () => {
    const split = "steps: [{ request: { path: /split }, repeat: 20, expect: { upstream: orders } }]";
    const [first, second] = [await run(split), await run(split)];
    expect(first.failure).toMatchObject({ seed: 1 });
    expect(second).toEqual(first);
    expect((await run(`${ACME}, expect: { status: 200 }`)).failure).not.toHaveProperty("seed");
  });

  it("is chosen by its name", async () => {
    const cases = ["one", "two"].map((name) => `  - { name: ${name}, ${ACME}, expect: { status: 201 } }\n`).join("");
    const results = await runner.run(suiteOf(HEAD + cases), plan, { filter: (name) => name === "two" });
    expect(results.map(({ name }) => name)).toEqual(["two"]);
  });
});
