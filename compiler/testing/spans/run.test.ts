import { beforeAll, describe, expect, it } from "vitest";
import { suiteOf } from "../../../test/support/suites.js";
import { moduleBytes } from "../../cli/files.js";
import { checkText } from "../../index.js";
import type { GatewayPlan } from "../../plan/plan.js";
import { formatSpan } from "../../syntax/source.js";
import { Coverage, coverageLines } from "../coverage.js";
import { renderTestText } from "../report.js";
import { type CaseResult, SuiteRunner } from "../run.js";

const POLICY = `apiVersion: sluice/v1
kind: Gateway
name: shop
listeners: { public: { address: 127.0.0.1:8080 } }
services:
  orders: { endpoints: [127.0.0.1:9001] }
  collector: { endpoints: [127.0.0.1:9411] }
policies:
  some:
    tracing:
      sample: { ratio: 0.1%, rules: [{ when: 'request.path == "/orders/up"', ratio: 0% }] }
      tags: { state: 'request.query["state"]' }
      export: { zipkin: collector }
  failed: { tracing: { sample: 0%, always: 'response.status >= 400', export: { otlp: collector } } }
  reads: { authorize: { rules: [{ name: get, allow: 'request.method == "GET"' }] } }
  slow: { fault: { delay: { for: 2s } } }
  late: { tracing: { sample: 0%, always: 'response.duration >= duration("2s")', export: { otlp: collector } } }
routes:
  - { name: orders, match: { path: /orders/** }, to: orders, apply: [some] }
  - { name: reads, match: { path: /reads }, to: orders, apply: [failed, reads] }
  - { name: late, match: { path: /late }, to: orders, apply: [late, slow] }
`;

const HEAD = "apiVersion: sluice/v1\nkind: Test\npolicy: policy.yaml\ncases:\n";

let runner: SuiteRunner;
let plan: GatewayPlan;

beforeAll(async () => {
  runner = new SuiteRunner({ guard: await moduleBytes("guard.wasm") });
  const checked = checkText("policy.yaml", POLICY);
  expect(checked.diagnostics.filter(({ severity }) => severity === "error")).toEqual([]);
  if (checked.plan === undefined) throw new Error("no plan");
  plan = checked.plan;
});

async function run(body: string): Promise<CaseResult> {
  const [result] = await runner.run(suiteOf(`${HEAD}  - { name: it, ${body} }\n`), plan);
  if (result === undefined) throw new Error("no result");
  return result;
}

/** `what: expected, actual` of each difference. */
function found({ failure }: CaseResult): string[] {
  return (failure?.differences ?? []).map(({ what, expected, actual }) => `${what}: ${expected}, ${actual}`);
}

describe("spans that are expected", () => {
  it.each([
    // A share is all of it, or nothing.
    "repeat: 20, request: { path: /orders/7 }, expect: { metrics: { some.sampled: 20, some.exported: 40 } }",
    "request: { path: /orders/up }, expect: { spans: none, metrics: { some.sampled: 0 } }",
    'request: { path: "/orders/7?state=open" }, expect: { spans: [{ name: GET /orders/**, kind: server, parent: none, tags: { state: open } }, { name: GET orders, kind: client, parent: GET /orders/** }] }',
    "request: { path: /reads }, expect: { spans: none }",
    "request: { path: /reads, method: PUT }, expect: { status: 403, spans: [{ name: PUT /reads }, { name: authorize reads, tags: { sluice.decision: ~reads denied .* } }], metrics: { failed.kept: 1 } }",
    // Time passes in the policy and nowhere else.
    "request: { path: /late }, expect: { spans: [{ name: GET /late }] }",
    "steps: [{ request: { path: /orders/1 } }, { wait: 10s }, { request: { path: /reads }, expect: { spans: none } }, { request: { path: /orders/1 }, repeat: 2, expect: { spans: [{ name: GET orders }, { name: GET orders }] } }]",
    "request: { path: /elsewhere }, expect: { status: 404, spans: none }",
  ])("come: %s", async (body) => {
    const result = await run(body);
    expect([found(result), result.outcome]).toEqual([[], "passed"]);
  });

  it.each([
    ["{ spans: none }", ["spans: none, GET /orders/**, GET orders"]],
    ["{ spans: [{ name: GET /orders }] }", ["span: GET /orders, GET /orders/**, GET orders"]],
    [
      "{ spans: [{ name: ~GET /.*, kind: client, tags: { state: any, url.path: false } }] }",
      [
        "kind of span GET /orders/**: client, server",
        "tag state of span GET /orders/**: any, none",
        "tag url.path of span GET /orders/**: none, /orders/7",
      ],
    ],
    ["{ spans: [{ name: GET orders }, { name: GET orders }] }", ["span GET orders: one more, no other"]],
  ])("or the case fails: %s", async (expected, differences) => {
    expect(found(await run(`request: { path: /orders/7 }, expect: ${expected}`))).toEqual(differences);
  });

  it("are none of a collector that does not take them", async () => {
    const failing = "upstreams: { collector: { status: 503 } }, request: { path: /orders/7 }";
    expect(found(await run(`${failing}, expect: { status: 200, spans: none, metrics: { some.exported: 0 } }`))).toEqual(
      [],
    );
    const refusing = failing.replace("503", "400");
    expect(found(await run(`${refusing}, expect: { status: 200, spans: none, metrics: { some.dropped: 2 } }`))).toEqual(
      [],
    );
  });
});

it("a failure stands at the part that is not so, with the spans that came", async () => {
  const caller = "headers: { traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00 }";
  const unsampled = `request: { path: /orders/7, ${caller} }, expect: { spans: [{ name: GET /orders/**, parent: caller }] }`;
  expect(found(await run(unsampled))).toEqual(["span: GET /orders/**, none"]);
  const wrong = await run(
    "request: { path: /orders/7 }, expect: { spans: [{ name: GET orders, parent: none, tags: { a: b } }] }",
  );
  expect(wrong.failure?.differences.map(({ place }) => formatSpan(place))).toEqual([
    "policy.test.yaml:5:93",
    "policy.test.yaml:5:110",
  ]);
  const text = renderTestText(
    { files: [{ path: "policy.test.yaml", cases: [wrong] }], coverage: [] },
    { color: false },
  );
  expect(text).toMatch(/ {4}parent of span GET orders: expected none, got GET \/orders\/\*\*\n/);
  expect(text).toMatch(/ {4}tag a of span GET orders: expected b, got none\n/);
  expect(text).toMatch(
    /\n {4}spans {5}GET \/orders\/\*\*: server, under none; .*http\.route=\/orders\/\*\*.*\n {14}GET orders: client, /,
  );
});

it("a policy that traces is exercised by what it sees, sampled or not", async () => {
  const coverage = new Coverage(plan, []);
  const cases = ["/orders/up", "/reads"].map(
    (path, index) => `  - { name: c${index}, request: { path: ${path} }, expect: { status: 200 } }\n`,
  );
  await runner.run(suiteOf(HEAD + cases.join("")), plan, { observer: coverage });
  const lines = coverageLines(coverage.report()).join("\n");
  expect(lines).toContain("covered: 2 of 3 routes, 3 of 5 policies");
  expect(lines).toContain("no case exercises the policy late");
});
