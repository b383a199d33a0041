import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { check, checkAny } from "../index.js";

const POLICY = `apiVersion: sluice/v1
kind: Gateway
name: shop
listeners: { public: { address: 127.0.0.1:8080 } }
services: { orders: { endpoints: [127.0.0.1:9001] }, collector: { endpoints: [127.0.0.1:9411] } }
consumers: { acme: { tier: gold, credentials: [{ apiKey: env:ACME_KEY }] } }
policies:
  partners-only: { authenticate: { anyOf: [{ apiKey: { header: x-api-key } }] } }
  orders-access: { authorize: { rules: [{ name: readers, allow: 'request.method == "GET"' }] } }
  per-partner: { rateLimit: { key: [auth.consumer], rate: 10/minute } }
  trace: { tracing: { export: { zipkin: collector } } }
  tiers: { mode: shadow, authorize: { rules: [{ name: gold-only, deny: 'auth.tier != "gold"' }] } }
routes:
  - { name: orders, match: { path: /orders/** }, to: orders, apply: [trace, partners-only, orders-access, per-partner, tiers] }
`;

const HEAD = `apiVersion: sluice/v1
kind: Test
policy: policy.yaml
`;

let folder = "";

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "sluice-suite-"));
  writeFileSync(join(folder, "policy.yaml"), POLICY);
  writeFileSync(join(folder, "broken.yaml"), POLICY.replace("to: orders", "to: order"));
  mkdirSync(join(folder, "tests"));
});

afterAll(() => rmSync(folder, { recursive: true }));

/** Findings as `line <text at the place>: code message`, of a test file with this text. */
function findings(text: string, path = "policy.test.yaml"): string[] {
  const file = join(folder, path);
  writeFileSync(file, text);
  return checkAny(file).diagnostics.map(({ span, code, message }) => {
    expect(span.source.path).toBe(file);
    const { line } = span.source.position(span.start);
    return `${line} <${text.slice(span.start, span.end)}>: ${code} ${message}`;
  });
}

/** The same, of one case. */
function findingsOf(one: string): string[] {
  return findings(`${HEAD}cases:\n  - ${one}\n`);
}

it("takes a file that uses all that there is", () => {
  const text = `${HEAD}description: what partners may do
upstreams:
  orders: { status: 201, headers: { x-a: b }, json: { id: 7 } }
cases:
  - name: everything
    description: at once
    as: acme
    engine: embedded
    repeat: 2
    request:
      method: POST
      path: /orders/7?a=b
      host: api.example.com:8080
      scheme: https
      source: 192.0.2.7
      headers: { x-one: a, x-two: [b, c] }
      query: { state: [open, late] }
      json: { a: [1] }
    expect:
      status: 201
      headers: { x-a: b, x-b: ~b+, x-c: false, x-d: true }
      body: ~.*
      json: { id: 7 }
      problem: { title: Forbidden, extension: 1 }
      decidedBy: orders-access/readers
      upstream: { service: orders, method: POST, path: ~/orders/.*, headers: { x-consumer: acme } }
      shadow: none
      metrics: { partners-only.allowed: 2, per-partner.error: 0, tiers.shadow: 0, tiers.denied: 0, trace.sampled: 2 }
      spans:
        - { name: POST /orders/**, kind: server, parent: none, service: shop, error: false }
        - { name: "authenticate partners-only", parent: POST /orders/**, tags: { sluice.decision: ~.+, url.path: false } }
        - { name: "limit per-partner", kind: internal }
        - { name: ~POST .*, kind: client }
  - name: in steps
    engine: envoy
    steps:
      - { request: { path: /orders }, as: acme, expect: { decidedBy: per-partner, upstream: none } }
      - { wait: 5s }
      - { request: { path: /orders }, expect: { upstream: orders, shadow: tiers/gold-only } }
      - { request: { path: /orders }, expect: { shadow: tiers, spans: none } }
      - request: { path: /orders, headers: { b3: 0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-1 } }
        expect: { spans: [{ name: GET /orders/**, parent: caller }] }
`;
  expect(findings(text)).toEqual([]);
  expect(findings(text.replace("policy: policy.yaml", "policy: ../policy.yaml"), "tests/policy.test.yaml")).toEqual([]);
  expect(findings(text, "named-otherwise.yaml")).toEqual([]);
});

describe("says at the place", () => {
  it.each([
    [
      "{ name: a, as: acne, request: { path: /a }, expect: { status: 200 } }",
      "5 <acne>: SL0201 no consumer is named `acne`; did you mean `acme`?",
    ],
    [
      "{ name: a, request: { path: /a }, expect: { upstream: order } }",
      "5 <order>: SL0201 no service is named `order`; did you mean `orders`?",
    ],
    [
      "{ name: a, request: { path: /a }, expect: { upstream: { service: shop } } }",
      "5 <shop>: SL0201 no service is named `shop`",
    ],
    [
      "{ name: a, request: { path: /a }, expect: { decidedBy: partner-only } }",
      "5 <partner-only>: SL0201 no policy that a route applies is named `partner-only`; did you mean `partners-only`?",
    ],
    [
      "{ name: a, request: { path: /a }, expect: { decidedBy: 'orders-access/reader' } }",
      "5 <reader>: SL0201 no rule of `orders-access` is named `reader`; did you mean `readers`?",
    ],
    [
      "{ name: a, request: { path: /a }, expect: { decidedBy: per-partner/x } }",
      "5 <x>: SL0201 no rule of `per-partner` is named `x`",
    ],
    [
      "{ name: a, request: { path: /a }, expect: { metrics: { per-partners.denied: 1 } } }",
      "5 <per-partners>: SL0201 no policy that a route applies is named `per-partners`; did you mean `per-partner`?",
    ],
    [
      "{ name: a, request: { path: /a }, expect: { decidedBy: tiers/gold-only } }",
      "5 <tiers>: SL0201 no enforced policy that a route applies is named `tiers`",
    ],
    [
      "{ name: a, request: { path: /a }, expect: { shadow: tier/gold-only } }",
      "5 <tier>: SL0201 no policy in shadow that a route applies is named `tier`; did you mean `tiers`?",
    ],
    [
      "{ name: a, request: { path: /a }, expect: { shadow: tiers/gold } }",
      "5 <gold>: SL0201 no rule of `tiers` is named `gold`",
    ],
    [
      "{ name: a, request: { path: /a }, expect: { shadow: per-partner } }",
      "5 <per-partner>: SL0201 no policy in shadow that a route applies is named `per-partner`",
    ],
    [
      "{ name: a, request: { path: /a }, expect: { metrics: { per-partner.shadow: 1 } } }",
      "5 <per-partner>: SL0201 no policy in shadow that a route applies is named `per-partner`",
    ],
    [
      "{ name: a, request: { path: /a }, expect: { headers: { x-a: ~( } } }",
      "5 <~(>: SL0303 not a regular expression that Envoy takes: missing closing ): `(`",
    ],
    [
      "{ name: a, request: { path: /a }, expect: { body: '~' } }",
      "5 <'~'>: SL0303 not a regular expression that Envoy takes: it is empty",
    ],
    [
      "{ name: a, request: { path: /a }, expect: { spans: [{ name: 'authenticate partner-only' }] } }",
      "5 <partner-only>: SL0201 no policy that a route applies is named `partner-only`; did you mean `partners-only`?",
    ],
    [
      "{ name: a, request: { path: /a }, expect: { spans: [{ name: 'limit per-partner, tier' }] } }",
      "5 <tier>: SL0201 no policy that a route applies is named `tier`; did you mean `tiers`?",
    ],
    [
      "{ name: a, request: { path: /a }, expect: { spans: [{ name: GET /a, parent: caller }] } }",
      "5 <caller>: SL0811 the request names no caller that the span `GET /a` could stand under",
    ],
    [
      "{ name: a, steps: [{ request: { path: /a, headers: { traceparent: x } }, expect: { spans: [{ name: a, parent: caller }] } }] }",
      "5 <caller>: SL0811 the request names no caller that the span `a` could stand under",
    ],
    [
      "{ name: a, request: { path: /a }, expect: { spans: [{ name: '~a(' }] } }",
      "5 <'~a('>: SL0303 not a regular expression that Envoy takes: missing closing ): `a(`",
    ],
    [
      "{ name: a, request: { path: /a }, expect: { spans: [{ name: a, tags: { b: '~[' } }] } }",
      "5 <'~['>: SL0303 not a regular expression that Envoy takes: missing closing ]: `[`",
    ],
    [
      "{ name: a, request: { path: /a }, expect: { spans: [{ kind: server }] } }",
      "5 <{ kind: server }>: SL0102 `name` is missing",
    ],
    [
      "{ name: a, request: { path: /a }, expect: { spans: [{ name: a, kind: producer }] } }",
      '5 <producer>: SL0105 found "producer", expected one of: server, client, internal',
    ],
    [
      "{ name: a, request: { path: /a }, expect: { metrics: { partners-only.sampled: 1 } } }",
      "5 <partners-only>: SL0201 no policy with traces that a route applies is named `partners-only`",
    ],
    [
      "{ name: a, request: { path: /a }, expect: { metrics: { trace.allowed: 1 } } }",
      "5 <trace>: SL0201 no policy with a decision that a route applies is named `trace`",
    ],
    [
      "{ name: a, request: { path: /a }, expect: { decidedBy: trace } }",
      "5 <trace>: SL0201 no enforced policy that a route applies is named `trace`",
    ],
    ["{ name: a }", "5 <a>: SL0803 the case `a` needs exactly one of `request` and `steps`"],
    [
      "{ name: a, request: { path: /a }, steps: [{ request: { path: /a }, expect: { status: 200 } }] }",
      "5 <a>: SL0803 the case `a` needs exactly one of `request` and `steps`",
    ],
    [
      "{ name: a, steps: [{ request: { path: /a }, wait: 1s }] }",
      "5 <{ request: { path: /a }, wait: 1s }>: SL0804 a step needs exactly one of `request` and `wait`",
    ],
    [
      "{ name: a, steps: [{ request: { path: /a } }], expect: { status: 200 } }",
      "5 <expect>: SL0805 `expect` has no meaning beside `steps`",
    ],
    [
      "{ name: a, steps: [{ wait: 1s, as: acme }, { request: { path: /a }, expect: { status: 200 } }] }",
      "5 <as>: SL0805 `as` has no meaning beside `wait`",
    ],
    ["{ name: a, request: { path: /a } }", "5 <a>: SL0806 the case `a` expects nothing, so it cannot fail"],
    ["{ name: a, request: { path: /a }, expect: {} }", "5 <a>: SL0806 the case `a` expects nothing, so it cannot fail"],
    [
      "{ name: a, engine: envoy, steps: [{ wait: 3s }, { wait: 3s }, { request: { path: /a }, expect: { status: 200 } }] }",
      "5 <envoy>: SL0807 the case `a` waits 6s in all, and a case for the real Envoy at most 5s",
    ],
    [
      "{ name: a, request: { path: orders }, expect: { status: 200 } }",
      "5 <orders>: SL0104 a path starts with `/` and is written as it is sent: spaces as %20",
    ],
    [
      "{ name: a, request: { path: /a, body: x, json: y }, expect: { status: 200 } }",
      "5 <y>: SL0104 give `body` or `json`, not both",
    ],
    [
      "{ name: a, request: { path: /a, headers: { host: b } }, expect: { status: 200 } }",
      "5 <host>: SL0104 this header is written by the client that sends the request; the host is given by `host`",
    ],
    [
      "{ name: a, request: { path: /a }, expects: { status: 200 } }",
      "5 <expects>: SL0101 unknown key `expects`; did you mean `expect`?",
    ],
  ])("of %s what is wrong", (one, finding) => {
    expect(findingsOf(one)).toEqual([finding]);
  });
});

it("tells all findings at once, also beside a case that does not fit", () => {
  const text = `${HEAD}upstreams: { order: { status: 200 } }
cases:
  - { name: a, request: { pat: /a }, expect: { status: 200 } }
  - { name: b, as: nobody, request: { path: /a }, expect: { status: 200 } }
  - { name: b, request: { path: /a }, expect: { upstream: order } }
`;
  expect(findings(text)).toEqual([
    "4 <order>: SL0201 no service is named `order`; did you mean `orders`?",
    "6 <request>: SL0102 `path` is missing",
    expect.stringContaining("SL0101 unknown key `pat`"),
    "7 <nobody>: SL0201 no consumer is named `nobody`",
    "8 <b>: SL0202 the case `b` is defined twice",
    "8 <order>: SL0201 no service is named `order`; did you mean `orders`?",
  ]);
});

it("says where no spans can be expected, as nothing sends any", () => {
  writeFileSync(join(folder, "silent.yaml"), POLICY.replace("{ export: { zipkin: collector } }", "{}"));
  const head = HEAD.replace("policy.yaml", "silent.yaml");
  const of = (spans: string) =>
    findings(`${head}cases: [{ name: a, request: { path: /a }, expect: { spans: ${spans} } }]\n`);
  expect(of("[{ name: GET /a }]")).toEqual([
    "4 <spans>: SL0812 no policy that a route applies sends spans, so no collector gets any",
  ]);
  expect(of("none")).toEqual([]);
});

it("says where no keys can be published, as nobody fetches any", () => {
  const cases = "cases: [{ name: a, request: { path: /a }, expect: { status: 200 } }]\n";
  expect(findings(`${HEAD}upstreams: { orders: { jwks: { status: 503 } } }\n${cases}`)).toEqual([
    "4 <jwks>: SL0556 no policy that a route applies has its keys from the service `orders`",
  ]);
  expect(findings(`${HEAD}upstreams: { orders: { jwks: { status: 204 } } }\n${cases}`)).toEqual([
    "4 <jwks>: SL0556 no policy that a route applies has its keys from the service `orders`",
    "4 <204>: SL0104 an answer with this status has no body",
  ]);
});

it("names the nearest policy file where the one that is named is not there", () => {
  const cases = "cases: [{ name: a, request: { path: /a }, expect: { status: 200 } }]\n";
  const of = (policy: string) => findings(`${HEAD.replace("policy.yaml", policy)}${cases}`);
  expect(of("./polcy.yaml")).toEqual([
    "3 <./polcy.yaml>: SL0801 there is no policy file `./polcy.yaml`; did you mean `policy.yaml`?",
  ]);
  expect(of("elsewhere/x.yaml")).toEqual(["3 <elsewhere/x.yaml>: SL0801 there is no policy file `elsewhere/x.yaml`"]);
  expect(of("tests")).toEqual(["3 <tests>: SL0801 there is no policy file `tests`"]);
  expect(of("/etc/passwd")).toEqual([
    expect.stringContaining("3 </etc/passwd>: SL0104 a path from the folder of the test file"),
  ]);
});

it("wants a policy that takes tokens where a request has one", () => {
  const request = "request: { path: /orders, token: { sub: alice } }";
  const cases = `cases: [{ name: a, ${request}, expect: { status: 200 } }, { name: b, steps: [{ ${request}, expect: { status: 200 } }] }]\n`;
  expect(findings(`${HEAD}${cases}`)).toEqual([
    expect.stringContaining("<token>: SL0813 no policy that a route applies takes tokens"),
    expect.stringContaining("<token>: SL0813 no policy that a route applies takes tokens"),
  ]);
});

it("does not judge names by a policy file with errors", () => {
  const cases = "cases: [{ name: a, as: nobody, request: { path: /a }, expect: { status: 200 } }]\n";
  expect(findings(`${HEAD.replace("policy.yaml", "broken.yaml")}${cases}`)).toEqual([
    "3 <broken.yaml>: SL0802 the policy file `broken.yaml` does not pass `sluice check`, so it cannot be tested",
  ]);
});

it("is no policy file", () => {
  const file = join(folder, "policy.test.yaml");
  writeFileSync(file, HEAD);
  const { plan, diagnostics } = check(file);
  expect(plan).toBeUndefined();
  expect(diagnostics.map(({ code }) => code)).toEqual(["SL0808"]);
  expect(
    findings(
      `${HEAD.replace("policy.yaml", "policy.test.yaml")}cases: [{ name: a, request: { path: /a }, expect: { status: 200 } }]\n`,
    ),
  ).toEqual([expect.stringContaining("SL0802")]);
});
