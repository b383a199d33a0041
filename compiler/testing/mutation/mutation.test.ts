import { describe, expect, it } from "vitest";
import { checkText } from "../../index.js";
import { type Path, readDocument, toValue, type Value } from "../../syntax/document.js";
import { SourceFile } from "../../syntax/source.js";
import { mutatedText, type PolicyFile } from "./mutation.js";
import { OPERATORS } from "./operators.js";
import { mutationsOf } from "./run.js";

const POLICY = `apiVersion: sluice/v1
kind: Gateway
name: shop
listeners:
  public: { address: 127.0.0.1:8080, escapedSlashes: unescape }
  inner: { address: 127.0.0.1:8081 }
services:
  orders: { endpoints: [127.0.0.1:9001] }
  reports: { endpoints: [127.0.0.1:9002] }
consumers:
  acme: { tier: gold, groups: [partners, finance], credentials: [{ apiKey: env:ACME_KEY }] }
  globex: { tier: free, credentials: [{ apiKey: env:GLOBEX_KEY }] }
policies:
  known:
    authenticate: { anyOf: [{ apiKey: { header: x-key } }] }
  page:
    cors: { origins: ["https://a.b.example.com"], methods: [GET], headers: [x-key], maxAge: 10m }
  rules:
    when: '!(request.method == "HEAD" && request.host != "x") || request.path.startsWith("/a")'
    authorize:
      rules:
        - { name: old, deny: 'request.size >= 10 && !cidr(source.ip, "10.1.0.0/16")' }
        - { name: some, allow: 'request.query["a"] in ["b", "c"] || request.query["m"].matches("^[0-9]+$")' }
      otherwise: deny
  often:
    mode: shadow
    rateLimit: { key: [auth.consumer], rate: { gold: 10/second burst 20, default: 5/minute } }
  long:
    rateLimit: { rate: 100 per 15s }
  small:
    bodyLimit: { bytes: 64Ki }
  near:
    ipAccess: { allow: [10.2.0.0/16] }
  trace:
    tracing:
      sample:
        ratio: 10%
        perSecond: 50
        rules: [{ when: 'request.path == "/orders/up"', ratio: 0% }]
      always: response.status >= 500
      tags: { small: request.size < 10 }
      baggage: drop
      export: { zipkin: reports }
defaults: { apply: [known] }
routes:
  - name: orders
    match: { host: api.example.com, path: /orders/**, methods: [GET], headers: { x-version: "2" } }
    to: orders
    timeout: 2s
    apply: [page, rules, often, long, near, small, trace]
  - { name: up, match: { path: /healthz }, respond: { status: 200, body: ok, headers: { x-a: b } }, except: [known] }
  - { name: old, match: { path: /old/* }, redirect: { path: /new, status: 301 } }
  - { name: any, match: { path: "~/v[0-9]" }, redirect: { to: "https://www.example.com" } }
`;

function filesOf(...texts: string[]): PolicyFile[] {
  return texts.map((text, index) => {
    const source = new SourceFile(`policy-${index}.yaml`, text);
    const { root, diagnostics } = readDocument(source);
    expect(diagnostics).toEqual([]);
    if (root === undefined) throw new Error("no root");
    return { source, root };
  });
}

function mutations(text = POLICY) {
  const { plan, diagnostics } = checkText("policy.yaml", text);
  expect(diagnostics.filter(({ severity }) => severity === "error")).toEqual([]);
  if (plan === undefined) throw new Error("no plan");
  return mutationsOf(filesOf(text), plan);
}

/** `path: change` of every mutation of an operator. */
function made(operator: string): string[] {
  return mutations().flatMap(({ mutation }) =>
    mutation.operator === operator ? [`${mutation.path.join(".")}: ${mutation.shown}`] : [],
  );
}

const RULES = "policies.rules.authorize.rules";

const EXPECTED: Readonly<Record<string, readonly string[]>> = {
  "always-true": [`${RULES}.1.allow: it becomes \`true\``],
  "never-true": [
    "policies.rules.when: it becomes `false`",
    `${RULES}.0.deny: it becomes \`false\``,
    "policies.trace.tracing.sample.rules.0.when: it becomes `false`",
    "policies.trace.tracing.always: it becomes `false`",
  ],
  "side-dropped": [
    'policies.rules.when: it becomes `request.path.startsWith("/a")`',
    'policies.rules.when: it becomes `!(request.method == "HEAD" && request.host != "x")`',
    'policies.rules.when: it becomes `!(request.host != "x") || request.path.startsWith("/a")`',
    'policies.rules.when: it becomes `!(request.method == "HEAD") || request.path.startsWith("/a")`',
    `${RULES}.0.deny: it becomes \`!cidr(source.ip, "10.1.0.0/16")\``,
    `${RULES}.0.deny: it becomes \`request.size >= 10\``,
    `${RULES}.1.allow: it becomes \`request.query["m"].matches("^[0-9]+$")\``,
    `${RULES}.1.allow: it becomes \`request.query["a"] in ["b", "c"]\``,
  ],
  "comparison-turned": [
    'policies.rules.when: it becomes `!(request.method != "HEAD" && request.host != "x") || request.path.startsWith("/a")`',
    'policies.rules.when: it becomes `!(request.method == "HEAD" && request.host == "x") || request.path.startsWith("/a")`',
    'policies.trace.tracing.sample.rules.0.when: it becomes `request.path != "/orders/up"`',
  ],
  "bound-shifted": [
    `${RULES}.0.deny: it becomes \`request.size > 10 && !cidr(source.ip, "10.1.0.0/16")\``,
    "policies.trace.tracing.always: it becomes `response.status > 500`",
    "policies.trace.tracing.tags.small: it becomes `request.size <= 10`",
  ],
  "negation-dropped": [
    'policies.rules.when: it becomes `(request.method == "HEAD" && request.host != "x") || request.path.startsWith("/a")`',
    `${RULES}.0.deny: it becomes \`request.size >= 10 && cidr(source.ip, "10.1.0.0/16")\``,
  ],
  "element-dropped": [
    `${RULES}.1.allow: it becomes \`request.query["a"] in ["c"] || request.query["m"].matches("^[0-9]+$")\``,
    `${RULES}.1.allow: it becomes \`request.query["a"] in ["b"] || request.query["m"].matches("^[0-9]+$")\``,
  ],
  "text-test-loosened": [
    'policies.rules.when: it becomes `!(request.method == "HEAD" && request.host != "x") || request.path.contains("/a")`',
  ],
  "anchor-dropped": [
    `${RULES}.1.allow: it becomes \`request.query["a"] in ["b", "c"] || request.query["m"].matches("[0-9]+$")\``,
    `${RULES}.1.allow: it becomes \`request.query["a"] in ["b", "c"] || request.query["m"].matches("^[0-9]+")\``,
  ],
  "block-widened": [`${RULES}.0.deny: it becomes \`request.size >= 10 && !cidr(source.ip, "10.0.0.0/15")\``],
  "rest-allowed": ["policies.rules.authorize.otherwise: `deny` becomes `allow`"],
  "rate-doubled": [
    "policies.often.rateLimit.rate.gold: `10/second burst 20` becomes `20/second burst 20`",
    "policies.often.rateLimit.rate.default: `5/minute` becomes `10/minute`",
    "policies.long.rateLimit.rate: `100 per 15s` becomes `200 per 15s`",
  ],
  "burst-raised": ["policies.often.rateLimit.rate.gold: `10/second burst 20` becomes `10/second burst 21`"],
  "window-changed": [
    "policies.often.rateLimit.rate.gold: `10/second burst 20` becomes `10 per 2s burst 20`",
    "policies.often.rateLimit.rate.default: `5/minute` becomes `5/second`",
    "policies.long.rateLimit.rate: `100 per 15s` becomes `100 per 30s`",
  ],
  shadowed: ["known", "page", "rules", "long", "small", "near", "trace"].map(
    (name) => `policies.${name}.mode: \`mode: shadow\` is added`,
  ),
  "switched-off": [
    ...["known", "page", "rules"].map((name) => `policies.${name}.mode: \`mode: off\` is added`),
    "policies.often.mode: `mode: shadow` becomes `mode: off`",
    "policies.long.mode: `mode: off` is added",
    "policies.small.mode: `mode: off` is added",
    "policies.near.mode: `mode: off` is added",
    "policies.trace.mode: `mode: off` is added",
  ],
  "made-optional": ["policies.known.authenticate.optional: `optional: true` is added"],
  "credential-forwarded": ["policies.known.authenticate.forward: `forward: true` is added"],
  "default-excepted": [0, 2, 3].map((index) => `routes.${index}.except: \`except: [known]\` instead of \`[]\``),
  "tier-changed": ["consumers.acme.tier: `gold` becomes `free`", "consumers.globex.tier: `free` becomes `gold`"],
  "group-changed": [
    "consumers.acme.groups: it becomes `[another-group, finance]`",
    "consumers.acme.groups: it becomes `[partners, another-group]`",
  ],
  "method-added": [
    "policies.page.cors.methods: it becomes `[GET, POST]`",
    "routes.0.match.methods: it becomes `[GET, POST]`",
  ],
  "path-widened": [
    "routes.0.match.path: `/orders/**` becomes `/**`",
    "routes.1.match.path: `/healthz` becomes `/healthz/**`",
    "routes.2.match.path: `/old/*` becomes `/old/**`",
    "routes.3.match.path: `~/v[0-9]` becomes `~/v[0-9].*`",
  ],
  "host-widened": ["routes.0.match.host: `api.example.com` becomes `*.example.com`"],
  "any-value": ["routes.0.match.headers.x-version: `2` becomes `true`"],
  "other-service": ["routes.0.to: `orders` becomes `reports`"],
  "timeout-doubled": ["routes.0.timeout: `2s` becomes `4s`"],
  "answer-changed": [
    "routes.1.respond.body: `ok` becomes `ok!`",
    "routes.1.respond.headers.x-a: `b` becomes `b!`",
    "routes.2.redirect.path: `/new` becomes `/new/elsewhere`",
    "routes.3.redirect.to: `https://www.example.com` becomes `https://www.example.com/elsewhere`",
  ],
  "status-changed": ["routes.1.respond.status: `200` becomes `201`", "routes.2.redirect.status: `301` becomes `307`"],
  "hop-trusted": ["listeners.public.trustedHops: `trustedHops: 1` is added"],
  "slashes-accepted": ["listeners.public.escapedSlashes: `escapedSlashes: unescape` becomes `escapedSlashes: keep`"],
  "underscores-accepted": [
    "listeners.public.headerUnderscores: `headerUnderscores: drop` is added",
    "listeners.public.headerUnderscores: `headerUnderscores: allow` is added",
  ],
  "network-widened": ["policies.near.ipAccess.allow.0: `10.2.0.0/16` becomes `10.2.0.0/15`"],
  "origin-widened": [
    "policies.page.cors.origins.0: `https://a.b.example.com` becomes `*`",
    "policies.page.cors.origins.0: `https://a.b.example.com` becomes `https://*.b.example.com`",
  ],
  "cookies-allowed": ["policies.page.cors.credentials: `credentials: true` is added"],
  "header-allowed": ["policies.page.cors.headers: it becomes `[x-key, x-another]`"],
  "body-doubled": ["policies.small.bodyLimit.bytes: `64Ki` becomes `128Ki`"],
  "age-doubled": ["policies.page.cors.maxAge: `10m` becomes `20m`"],
  "sampling-turned": [
    "policies.trace.tracing.sample.ratio: `10%` becomes `0%`",
    "policies.trace.tracing.sample.rules.0.ratio: `0%` becomes `100%`",
  ],
  "parent-turned": ["policies.trace.tracing.sample.parent: `parent: false` is added"],
  "baggage-passed": ["policies.trace.tracing.baggage: `baggage: drop` becomes `baggage: pass`"],
  "cap-raised": ["policies.trace.tracing.sample.perSecond: `50` becomes `100`"],
};

describe("an operator", () => {
  const others = [...new Set(OPERATORS.map(({ name }) => name))].filter((name) => name !== "removed");

  it("has its changes written down here", () => {
    expect(Object.keys(EXPECTED).toSorted()).toEqual(others.toSorted());
  });

  it.each(others)("%s", (name) => {
    expect(made(name)).toEqual(EXPECTED[name]);
  });

  it("removed: every entry and every item of the first listener and of all other sections", () => {
    const removed = made("removed").map((line) => line.replace(": the policy without it", ""));
    expect(removed).toEqual(expect.arrayContaining(["policies", "policies.rules", `${RULES}.0`, `${RULES}.0.deny`]));
    expect(removed).toEqual(expect.arrayContaining(["listeners.public.escapedSlashes", "routes.0.apply.3"]));
    expect(removed.filter((path) => path.startsWith("listeners.inner"))).toEqual([]);
    // Tests have all of a share that is not nothing, and so does a policy that says none.
    expect(removed).toContain("policies.trace.tracing.sample.rules.0.ratio");
    expect(removed).not.toContain("policies.trace.tracing.sample.ratio");
  });

  it("trusts a hop only where a policy reads what hops tell", () => {
    const without = (text: string) => POLICY.replace(text, "");
    const unread = without(' && !cidr(source.ip, "10.1.0.0/16")')
      .replace(/ {2}near:\n.*\n/, "")
      .replace(", near", "");
    expect(mutations(unread).filter(({ mutation }) => mutation.operator === "hop-trusted")).toEqual([]);
  });
});

describe("a mutation", () => {
  it("makes a file that differs at its path and nowhere else", () => {
    for (const { file, mutation } of mutations()) {
      const [changed] = filesOf(mutatedText(file.root, mutation));
      const place = changed === undefined ? [] : difference(toValue(file.root), toValue(changed.root));
      const name = `${mutation.path.join(".")}: ${mutation.shown}`;
      expect(place, name).toBeDefined();
      const shorter = (place ?? []).slice(0, mutation.path.length);
      // What follows an item that was taken out has moved up.
      const isInside = shorter.every((step, index) => step === mutation.path[index] || typeof step === "number");
      expect(isInside, `${name} changes ${place?.join(".")}`).toBe(true);
    }
  });
});

/** The path to the one place where two values differ; undefined if they do not. */
function difference(a: Value, b: Value): Path | undefined {
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return a === b ? undefined : [];
  const keys = [...new Set([...Object.keys(a), ...Object.keys(b)])];
  const [members, others] = [new Map(Object.entries(a)), new Map(Object.entries(b))];
  const differing = keys.flatMap((key): Path[] => {
    const inner = difference(members.get(key) ?? null, others.get(key) ?? null);
    return inner === undefined ? [] : [[Array.isArray(a) ? Number(key) : key, ...inner]];
  });
  const [only, another] = differing;
  return another === undefined ? only : [];
}
