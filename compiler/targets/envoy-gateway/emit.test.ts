import { describe, expect, it } from "vitest";
import { allCases } from "../../../test/support/cases.js";
import { checkText } from "../../index.js";
import type { GatewayPlan } from "../../plan/plan.js";
import { supportOf } from "../support.js";
import { Cluster, durationText } from "./context.js";
import { emitEnvoyGateway, FILE } from "./emit.js";
import { allRules, byRoute, MOST_MATCHES_OF_ROUTE, MOST_RULES } from "./rules.js";
import { SUPPORT } from "./support.js";

const OPTIONS = { modules: "https://modules.example.com/sluice", moduleDigests: { "guard.wasm": "a".repeat(64) } };

function textOf(plan: GatewayPlan, options = {}): string {
  const { artifacts, violations } = emitEnvoyGateway(plan, { ...OPTIONS, ...options });
  expect(violations).toEqual([]);
  return artifacts.find(({ path }) => path === FILE)?.contents ?? "";
}

function planOf(text: string): GatewayPlan {
  const { plan, diagnostics } = checkText("policy.yaml", text);
  if (plan === undefined) throw new Error(diagnostics.map(({ message }) => message).join("\n"));
  return plan;
}

const policy = (targets: string) => `apiVersion: sluice/v1
kind: Gateway
name: shop
${targets}listeners:
  public: { address: 0.0.0.0:8080 }
services:
  s: { dns: "s.example.com:80" }
routes:
  - { name: r, match: { path: /a, methods: [GET, POST] }, to: s }
`;

describe("of every case that is not refused", () => {
  const taken = allCases().flatMap(({ folder, policy: text, files, rejects }) => {
    if (rejects) return [];
    const { plan } = checkText("policy.yaml", text, files);
    const fits = plan !== undefined && supportOf(plan, SUPPORT).every(({ support }) => support.means !== "refused");
    return fits ? [{ folder, plan }] : [];
  });

  it("there are enough", () => expect(taken.length).toBeGreaterThan(20));

  it.each(taken)("$folder keeps the schemas, has each name once, and has room in its routes", ({ plan }) => {
    const text = textOf(plan);
    const names = [...text.matchAll(/^kind: (\S+)\nmetadata:\n {2}name: (\S+)$/gm)].map(
      ([, kind, name]) => `${kind}/${name}`,
    );
    expect(names.length).toBe(text.split("---\n").length - 1);
    expect(new Set(names).size).toBe(names.length);
    for (const rules of byRoute(allRules(new Cluster(plan)))) {
      expect(rules.length).toBeLessThanOrEqual(MOST_RULES);
      expect(new Set(rules.map(({ name }) => name)).size).toBe(rules.length);
      expect(rules.reduce((sum, { matches }) => sum + matches.length, 0)).toBeLessThanOrEqual(MOST_MATCHES_OF_ROUTE);
    }
  });
});

describe("the modules", () => {
  it("are files of a server, pinned", () => {
    const text = textOf(planOf(policy("")));
    expect(text).toContain("url: https://modules.example.com/sluice/guard.wasm\n");
    expect(text).toContain(`sha256: ${"a".repeat(64)}\n`);
    expect(text).toContain("failOpen: false\n");
  });

  it("are images of a registry, by their digest where it is known", () => {
    const modules = "oci://registry.example.com/sluice";
    expect(textOf(planOf(policy("")), { modules })).toContain(`url: ${modules}/guard@sha256:${"a".repeat(64)}\n`);
    expect(textOf(planOf(policy("")), { modules, moduleDigests: {} })).toContain(`url: ${modules}/guard\n`);
  });
});

it("a SecurityPolicy is one for the rules that run the same, with a name of its own, and the log knows who refuses", () => {
  const text = textOf(
    planOf(`apiVersion: sluice/v1
kind: Gateway
name: shop
listeners:
  public: { address: 0.0.0.0:8080, accessLog: { to: stdout } }
services:
  s: { dns: "s.example.com:80" }
policies:
  a: { ipAccess: { deny: [10.0.0.0/8] } }
  b-c: { ipAccess: { deny: [11.0.0.0/8] } }
  a-b: { ipAccess: { deny: [12.0.0.0/8] } }
  c: { cors: { origins: ["https://c.example.com"] } }
routes:
  - { name: one, match: { path: /one }, to: s, apply: [a, b-c] }
  - { name: two, match: { path: /two }, to: s, apply: [a-b, c] }
  - { name: three, match: { path: /three }, respond: { status: 200 }, apply: [a, b-c] }
  - { name: four, match: { path: /four }, respond: { status: 200 } }
`),
  );
  const policies = text.split("---\n").filter((one) => one.includes("kind: SecurityPolicy\n"));
  expect(
    policies.map((one) => [
      /\n {2}name: (\S+)/.exec(one)?.[1],
      [...one.matchAll(/sectionName: (\S+)/g)].map(([, section]) => section),
      [...one.matchAll(/- (\d\S+)/g)].map(([, block]) => block),
    ]),
  ).toEqual([
    ["shop-a-b-c", ["one", "three"], ["10.0.0.0/8", "11.0.0.0/8"]],
    ["shop-a-b-c-2", ["two"], ["12.0.0.0/8"]],
  ]);
  expect(text).toContain(String.raw`? \"a|b-c|a-b denied address\" : filter_state`);
});

it("the namespace and the class are those of the file, and so are the names of routes", () => {
  const text = textOf(
    planOf(policy('targets: { envoyGateway: { version: "1.9", namespace: prod, gatewayClass: edge } }\n')),
  );
  expect(text).toContain("gatewayClassName: edge\n");
  expect(text).toContain("- httproute/prod/shop/rule/1/match/1/*\n");
  expect(text).not.toContain("namespace: default");
});

it.each([
  [0, "0s"],
  [900, "900ms"],
  [90_000, "1m30s"],
  [3_723_004, "1h2m3s4ms"],
])("%i milliseconds are %s", (milliseconds, text) => expect(durationText(milliseconds)).toBe(text));
