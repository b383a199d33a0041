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

it("applies what keeps callers out before any route", () => {
  const office = "policies: { office: { ipAccess: { allow: [10.0.0.0/8] } } }\n";
  const text = textOf(planOf(policy(office).replace("to: s }", "to: s, apply: [office] }")));
  const kinds = [...text.matchAll(/^kind: (\w+)$/gm)].map(([, kind]) => kind);
  for (const kind of ["EnvoyExtensionPolicy", "SecurityPolicy"]) {
    expect(kinds).toContain(kind);
    expect(kinds.lastIndexOf(kind)).toBeLessThan(kinds.indexOf("HTTPRoute"));
  }
});

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

it("certificates of services are a ConfigMap and a Secret, of which the head says what is in them", () => {
  const files = "ca: mounted:/etc/ca.crt, certificate: mounted:/etc/client.crt, key: mounted:/etc/client.key";
  const text = textOf(
    planOf(
      policy("").replace('dns: "s.example.com:80"', `endpoints: [10.0.0.5:443], tls: { sni: s.internal, ${files} }`),
    ),
  );
  expect(text).toMatch(/caCertificateRefs:\n +- group: ''\n +kind: ConfigMap\n +name: shop-s-authority\n/);
  expect(text).toMatch(/clientCertificateRef:\n +group: ''\n +kind: Secret\n +name: shop-s-client\n/);
  expect(text).toContain(
    "# The ConfigMap shop-s-authority in default must have in ca.crt what the file has in /etc/ca.crt.\n",
  );
  expect(text).toContain(
    "# The Secret shop-s-client in default, of type kubernetes.io/tls, must have what the file has in /etc/client.crt and /etc/client.key.\n",
  );
});

it("where one listener of two tells the decision, a route has an HTTPRoute for each, and one entry of the guard", () => {
  const plan = planOf(
    policy("").replace("services:", "  inside: { address: 0.0.0.0:8081, decisionHeader: true }\nservices:"),
  );
  const text = textOf(plan);
  const [inside = "", outside = ""] = text
    .split("---\n")
    .filter((one) => one.startsWith("apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\n"));
  expect(inside).toContain("sectionName: inside\n");
  expect(inside.match(/name: x-sluice-decision\n/g)).toHaveLength(inside.match(/matches:\n/g)?.length ?? 0);
  expect(outside).toContain("sectionName: public\n");
  expect(outside).not.toContain("x-sluice-decision");
  const names = ["inside", "public"].flatMap((listener) =>
    [0, 1].map((match) => `httproute/default/shop-${listener}/rule/1/match/${match}/*`),
  );
  for (const name of names) expect(text).toContain(`- ${name}\n`);
});

it.each([
  [0, "0s"],
  [900, "900ms"],
  [90_000, "1m30s"],
  [3_723_004, "1h2m3s4ms"],
])("%i milliseconds are %s", (milliseconds, text) => expect(durationText(milliseconds)).toBe(text));
