import { readdirSync } from "node:fs";
import { join, relative } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { embeddedModules, packageRoot } from "../compiler/cli/files.js";
import { filesBelow, isTestName } from "../compiler/cli/folder.js";
import { checkText, loadTestFile, mutationSubject } from "../compiler/index.js";
import { readDocument } from "../compiler/syntax/document.js";
import { SourceFile } from "../compiler/syntax/source.js";
import type { CheckedSuite } from "../compiler/testing/check.js";
import { mutationLines, unnoticed } from "../compiler/testing/mutation/report.js";
import { FailingCase, type MutationResult, type Subject, tryMutations } from "../compiler/testing/mutation/run.js";
import { UNOBSERVABLE } from "../compiler/testing/mutation/unobservable.js";
import { SuiteRunner } from "../compiler/testing/run.js";
import { suiteOf } from "./support/suites.js";

// Without any one line of an example, or with a weaker one, a case of it fails: the examples promise all that they say.

let runner: SuiteRunner;
beforeAll(async () => {
  runner = new SuiteRunner(await embeddedModules());
});

const examples = join(packageRoot(), "examples");
/** Those with a policy; a Dockerfile alone promises nothing. */
const folders = readdirSync(examples).filter((name) =>
  readdirSync(join(examples, name)).some((file) => file.endsWith(".yaml")),
);
/** What came of the mutations of every policy, for the check of the list of excuses. */
const all: MutationResult[] = [];

/** The policies of a folder that have tests, with these. */
function subjectsIn(folder: string): { policy: string; subject: Subject }[] {
  const files = [...readdirSync(folder).map((name) => join(folder, name)), ...filesBelow(folder)].filter(isTestName);
  const suites = new Map<string, CheckedSuite[]>();
  for (const path of new Set(files)) {
    const { ready, files: read = [], diagnostics = [] } = loadTestFile(relative(process.cwd(), path)) ?? {};
    if (ready === undefined) throw new Error(`${path}: ${diagnostics.map(({ message }) => message).join("; ")}`);
    const policy = read[1] ?? path;
    suites.set(policy, [...(suites.get(policy) ?? []), ready.suite]);
  }
  return [...suites].map(([policy, own]) => ({ policy, subject: mutationSubject(policy, own) }));
}

describe.each(folders)("each line of the example %s is promised by a case", (folder) => {
  const subjects = subjectsIn(join(examples, folder));

  it("has tests", () => {
    expect(subjects).not.toEqual([]);
  });

  it.each(
    subjects.flatMap(({ policy, subject }) =>
      subject.files.map(({ source }) => ({ file: source.path, policy, subject })),
    ),
  )("$file", async ({ file, policy, subject }) => {
    const results = await tryMutations(runner, subject, file);
    all.push(...results);
    const missed = unnoticed({ policy, results }).flatMap(mutationLines);
    expect(missed.join("\n"), "changes of the policy that no case notices; write one for each").toBe("");
    expect(results).not.toEqual([]);
  });
});

/** Has every key of the list of what no test can see, and one rule. */
const POLICY = `apiVersion: sluice/v1
kind: Gateway
name: shop
description: a shop
targets: { envoy: "1.40" }
gateways: { here: 2 }
overload: { connections: 1000 }
metrics: { routes: true }
listeners:
  public:
    address: 127.0.0.1:8080
    protocols: [http1, http2]
    accessLog: { to: stdout, when: response.status >= 500, sample: 10% }
    tls:
      certificate: mounted:/etc/tls/tls.crt
      key: mounted:/etc/tls/tls.key
      clientCertificate: { ca: mounted:/etc/tls/clients.crt, required: false }
services:
  orders: { endpoints: [127.0.0.1:9001, 127.0.0.1:9002], connectTimeout: 2s, loadBalancing: maglev }
  copies: { endpoints: [127.0.0.1:9003] }
  audit: { endpoints: [127.0.0.1:9004] }
  limits: { endpoints: [127.0.0.1:9005], protocol: grpc }
consumers:
  acme: { credentials: [{ apiKey: env:ACME_KEY }, { apiKey: env:OTHER_KEY }, { hmac: { keyId: acme, secret: env:ACME_SECRET } }] }
policies:
  known: { authenticate: { anyOf: [{ apiKey: { header: x-key } }] } }
  signed: { authenticate: { anyOf: [{ hmac: { components: ["@method", "@path"] } }] } }
  reads: { authorize: { rules: [{ name: get, allow: 'request.method == "GET"' }] } }
  chaos: { fault: { delay: { for: 1s }, abort: { status: 503, percent: 1% }, headers: { x-test: "1" } } }
  outside: { externalAuth: { http: { service: orders }, timeout: 1s } }
  slow: { description: a limit, onError: deny, rateLimit: { rate: 5/minute, store: { slots: 2048 } } }
  together: { rateLimit: { scope: { local: 5/second, global: 100/day }, service: limits, timeout: 1s } }
  trace:
    tracing:
      sample: { ratio: 10%, perSecond: 1, parent: false, rules: [{ when: 'request.path == "/quiet"', ratio: 0% }] }
      always: response.status == 503
      tags: { customer: auth.consumer }
      redact: [url.path]
      service: front
      baggage: drop
      propagate: [w3c, b3]
      export: { zipkin: { service: audit, path: /spans } }
routes:
  - name: orders
    match: { path: /orders }
    to: [{ service: orders, weight: 3 }, { service: copies, weight: 1 }]
    callers: [{ consumers: acme, to: [{ service: orders }, { service: copies, weight: 2 }] }]
    timeout: 10s
    idleTimeout: 5s
    retry: { attempts: 3, on: [503], perTry: 1s, backoff: { base: 10ms }, otherHosts: false }
    hashBy: [{ header: x-tenant }, { source: ip }]
    mirror: [{ service: audit, percent: 5% }]
    websocket: true
    hedge: { onTimeout: true }
    apply: [known, reads, slow, together, chaos, outside]
  - { name: quiet, match: { path: /quiet }, respond: { status: 200 }, apply: [trace] }
  - { name: traced, match: { path: "/traced/{id}" }, to: copies, apply: [trace, known] }
`;

const CASES = `apiVersion: sluice/v1
kind: Test
policy: policy.yaml
cases:
  - { name: a stranger, request: { path: /orders }, expect: { status: 401 } }
  - { name: a caller, as: acme, request: { path: /orders }, expect: { status: 200 } }
`;

function rootOf(text: string) {
  const source = new SourceFile("policy.yaml", text);
  const { root } = readDocument(source);
  if (root?.kind !== "map") throw new Error("no mapping");
  return { source, root };
}

function tried(cases: string): Promise<MutationResult[]> {
  return tryMutations(runner, {
    files: [rootOf(POLICY)],
    suites: [suiteOf(cases)],
    check: (texts) => checkText("policy.yaml", texts.get("policy.yaml") ?? POLICY),
  });
}

function missedIn(results: MutationResult[]): string[] {
  return unnoticed({ policy: "policy.yaml", results }).map(({ operator, path }) => `${operator} ${path.join(".")}`);
}

describe("what no case notices", () => {
  it("is found, and no longer once there is a case", async () => {
    const before = missedIn(await tried(CASES));
    expect(before).toContain("always-true policies.reads.authorize.rules.0.allow");
    expect(before).toContain("switched-off policies.reads.mode");
    expect(before).not.toContain("switched-off policies.known.mode");
    const posts =
      "  - { name: no writes, as: acme, request: { method: POST, path: /orders }, expect: { status: 403 } }\n";
    const after = missedIn(await tried(CASES + posts));
    expect(after.filter((missed) => missed.includes("policies.reads"))).toEqual([]);
    expect(after).toContain("rate-doubled policies.slow.rateLimit.rate");
    expect(after).toContain("rate-doubled policies.together.rateLimit.scope.local");
    expect(after).toContain("rate-doubled policies.together.rateLimit.scope.global");
  });

  it("is found of traces, which cases can see all of", async () => {
    const of = (results: MutationResult[]) => missedIn(results).filter((missed) => missed.includes("policies.trace"));
    expect(of(await tried(CASES))).toContain("sampling-turned policies.trace.tracing.sample.ratio");
    const caller = "headers: { traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00, baggage: a=b }";
    const seen = `
  - name: a trace
    as: acme
    request: { path: /traced/7, ${caller} }
    expect:
      upstream: { service: copies, headers: { traceparent: "~.*-01", b3: ~.*-1, baggage: false } }
      spans: [{ name: "GET /traced/{id}", service: front, parent: caller, tags: { customer: acme, url.path: false } }]
  - { name: no trace, request: { path: /quiet }, expect: { spans: none } }
  - name: a trace kept
    as: acme
    upstreams: { copies: { status: 503 } }
    repeat: 3
    request: { path: /traced/7 }
    expect: { spans: [{ name: "GET /traced/{id}" }, { name: "GET /traced/{id}" }], metrics: { trace.sampled: 1, trace.kept: 1 } }
`;
    expect(of(await tried(CASES + seen))).toEqual([]);
  });

  it("is not looked for where a case fails anyway", async () => {
    await expect(tried(CASES.replace("401", "402"))).rejects.toThrow(FailingCase);
    await expect(tried(CASES.replace("401", "402"))).rejects.toThrow(
      "policy.test.yaml:5:13: the case fails before anything is changed: a stranger",
    );
  });
});

describe("the list of what no test can see", () => {
  let seen: MutationResult[] = [];
  beforeAll(async () => {
    seen = [...all, ...(await tried(CASES))];
  });

  it.each(Object.keys(UNOBSERVABLE))("%s: something survives, and no case ever sees it", (key) => {
    const here = seen.filter(({ excuse }) => excuse === key);
    expect(here.filter(({ outcome }) => outcome === "killed").map(({ mutation }) => mutationLines(mutation))).toEqual(
      [],
    );
    expect(here.some(({ outcome }) => outcome === "survived")).toBe(true);
  });
});
