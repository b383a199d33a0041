import { beforeAll, describe, expect, it } from "vitest";
import { envelopeModule, envelopePlan } from "../../test/support/envelope/module.js";
import { suiteOf } from "../../test/support/suites.js";
import { moduleBytes } from "../cli/files.js";
import { readDocument } from "../syntax/document.js";
import { formatSpan, SourceFile } from "../syntax/source.js";
import { checkSuite } from "./check.js";
import { Coverage, coverageLines } from "./coverage.js";
import { checkReferences } from "./references.js";
import { SuiteRunner } from "./run.js";

const plan = envelopePlan(`apiVersion: sluice/v1
kind: Gateway
name: crm
listeners: { public: { address: 127.0.0.1:8080 } }
services: { crm: { endpoints: [127.0.0.1:9001] }, other: { endpoints: [127.0.0.1:9002] } }
policies:
  crm:
    envelope:
      service: /svc
      operations: { GetPartner: "GET /partners/{id}", CreatePartner: POST /partners, Match: POST /partners/match }
routes:
  - { name: partners, match: { path: /partners/** }, to: crm, apply: [crm] }
  - { name: plain, match: { path: /plain }, to: other }
`);

/** A test file with these upstreams and cases, in lines. */
const fileOf = (upstreams: string, cases: string) =>
  `apiVersion: sluice/v1\nkind: Test\npolicy: policy.yaml\nupstreams:\n${upstreams}cases:\n${cases}`;

const CASE = "  - { name: a, request: { path: /partners/7 }, expect: { status: 200 } }\n";

function found(upstreams: string, cases = CASE): string[] {
  const { root } = readDocument(new SourceFile("p.test.yaml", fileOf(upstreams, cases)));
  if (root?.kind !== "map") throw new Error("no mapping");
  const { checked, diagnostics } = checkSuite(root);
  const more = checked === undefined ? [] : checkReferences(checked, plan, []);
  return [...diagnostics, ...more].map(({ code, message, span }) => `${formatSpan(span)} ${code} ${message}`);
}

describe("answers by operation", () => {
  it("are for services that a policy converts for, and for operations that it has", () => {
    expect(
      found("  crm: { soap: { GetPartner: { response: { id: 7 } }, Match: { fault: { Missing: null } } } }\n"),
    ).toEqual([]);
    expect(found("  other: { soap: { GetPartner: { response: {} } } }\n")).toEqual([
      "p.test.yaml:5:12 SL0810 no route of the policy converts requests to the service `other`, so it has no operations",
    ]);
    expect(found("  crm: { soap: { GetPartners: { response: {} } } }\n")).toEqual([
      "p.test.yaml:5:18 SL0201 no operation is named `GetPartners`; did you mean `GetPartner`?",
    ]);
  });

  it("are a value or one fault, which fit the operation", () => {
    expect(found("  crm: { soap: { GetPartner: { response: [1], fault: { Missing: 1 } } } }\n").join()).toContain(
      "give `response` or `fault`, one of them",
    );
    expect(found("  crm: { soap: { GetPartner: { fault: { A: 1, B: 2 } } } }\n").join()).toContain(
      "a fault has one name",
    );
    expect(found("  crm: { soap: { GetPartner: { response: 7 } } }\n")).toEqual([
      "p.test.yaml:5:42 SL0809 the answer does not fit the operation `GetPartner`: an answer is an object",
    ]);
    expect(found("  crm: { soap: { GetPartner: { response: { id: 7, list: [{ bad: 1 }] } } } }\n")).toEqual([
      "p.test.yaml:5:65 SL0809 the answer does not fit the operation `GetPartner`: nothing may be bad",
    ]);
  });

  it("are checked in cases too, and so is the operation that is expected", () => {
    const own = "{ crm: { soap: { GetPartner: { fault: { Gone: null } } } }, nobody: { status: 204 } }";
    const one = `  - { name: a, request: { path: /partners/7 }, expect: { status: 200 }, upstreams: ${own} }\n`;
    expect(found("  crm: {}\n", one)).toEqual([
      expect.stringContaining("SL0809 the answer does not fit the operation `GetPartner`: no such fault"),
      expect.stringContaining("SL0201 no service is named `nobody`"),
    ]);
    const expecting = (upstream: string) =>
      found("  crm: {}\n", `  - { name: a, request: { path: /partners/7 }, expect: { upstream: ${upstream} } }\n`);
    expect(expecting("{ service: crm, operation: GetPartner, input: { path: /partners/7 } }")).toEqual([]);
    expect(expecting("{ service: crm, operation: Get }")).toEqual([
      expect.stringContaining("SL0201 no operation is named `Get`"),
    ]);
    expect(expecting("{ service: other, input: {} }")).toEqual([expect.stringContaining("SL0810")]);
  });
});

describe("a run", () => {
  let runner: SuiteRunner;

  beforeAll(async () => {
    runner = new SuiteRunner({ guard: await moduleBytes("guard.wasm"), body: await envelopeModule() });
  });

  const upstreams = `  crm: { soap: { GetPartner: { response: { id: 7, name: Zoë } }, CreatePartner: { fault: { Missing: { why: x } } } } }\n`;
  const suite = suiteOf(
    fileOf(
      upstreams,
      `  - name: an answer, and what was asked
    request: { path: /partners/7 }
    expect: { status: 200, json: { id: 7, name: Zoë }, upstream: { service: crm, operation: GetPartner, input: { path: /partners/7 }, body: "~<GetPartner>.*" } }
  - name: a fault
    request: { path: /partners, method: POST, json: { name: Ada, age: 7 } }
    expect: { status: 404, json: { name: Missing, detail: { why: x } }, upstream: { service: crm, input: { name: Ada } } }
  - name: an answer of a case
    request: { path: /partners/7 }
    upstreams: { crm: { soap: { GetPartner: { response: { id: 8 } } } } }
    expect: { json: { id: 8 } }
  - name: other operations are answered as the file says
    request: { path: /partners, method: POST, json: {} }
    upstreams: { crm: { soap: { GetPartner: { response: { id: 8 } } } } }
    expect: { status: 404 }
  - name: an operation without an answer
    request: { path: /partners/match, method: POST, json: { a: 1 } }
    expect: { status: 502, decidedBy: crm, upstream: crm }
  - name: what is not so
    request: { path: /partners/7 }
    expect: { upstream: { service: crm, operation: Match, body: x } }
  - name: what is not so in the input
    request: { path: /partners/7 }
    expect: { upstream: { service: crm, input: { path: /partners/8 } } }
`,
    ),
  );

  it("answers as the file says, and compares what the services were asked for", async () => {
    const coverage = new Coverage(plan, []);
    const results = await runner.run(suite, plan, { observer: coverage });
    const failures = results.flatMap(({ name, failure }) =>
      (failure?.differences ?? []).map(({ what, expected, actual }) => `${name}: ${what}: ${expected}, not ${actual}`),
    );
    expect(failures).toEqual([
      "what is not so: operation at the service: Match, not GetPartner",
      'what is not so: body at the service: "x", not "<GetPartner>{\\"path\\":\\"/partners/7\\"}</GetPartner>"',
      'what is not so in the input: upstream.input.path: "/partners/8", not "/partners/7"',
    ]);
    expect(coverageLines(coverage.report())).toEqual([
      "covered: 1 of 2 routes, 1 of 1 policies, 0 of 0 rules, 3 of 3 operations",
      expect.stringContaining("no case exercises the route plain"),
    ]);
  });

  it("tells the operations that no case exercises", async () => {
    const coverage = new Coverage(plan, []);
    await runner.run(suite, plan, { observer: coverage, filter: (name) => name === "a fault" });
    expect(coverageLines(coverage.report()).slice(0, 4)).toEqual([
      "covered: 1 of 2 routes, 1 of 1 policies, 0 of 0 rules, 1 of 3 operations",
      expect.stringContaining("no case exercises the route plain"),
      "  policy.yaml:10:33: no case exercises the operation crm/GetPartner",
      "  policy.yaml:10:93: no case exercises the operation crm/Match",
    ]);
  });
});
