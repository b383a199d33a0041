import { describe, expect, it } from "vitest";
import { checkText } from "../../compiler/index.js";
import type { RequestView } from "../../compiler/request/verdict.js";
import { guardCapabilities } from "../../compiler/targets/envoy/capabilities.js";
import { TOKEN_KEYS, tokenBy } from "../../test/support/token-keys.js";

// Policies whose keys a service publishes, as the compiler sees them.

const policyOf = (count: number, jwks = "{ service: idp, path: /jwks }") => {
  const names = Array.from({ length: count }, (_, index) => `p${index}`);
  return `apiVersion: sluice/v1
kind: Gateway
name: shop
listeners: { public: { address: 127.0.0.1:8080 } }
services:
  orders: { endpoints: [127.0.0.1:9001] }
  idp: { dns: id.example.com:8443, tls: {} }
policies:
${names.map((name) => `  ${name}: { authenticate: { anyOf: [{ jwt: { issuer: i, audiences: [a], jwks: ${jwks} } }] } }`).join("\n")}
routes:
${names.map((name) => `  - { name: ${name}, match: { path: /${name} }, to: orders, apply: [${name}] }`).join("\n")}
`;
};

it("a gateway has 64 of them at most", () => {
  expect(checkText("policy.yaml", policyOf(64)).diagnostics).toEqual([]);
  const { plan, diagnostics } = checkText("policy.yaml", policyOf(65));
  expect(plan).toBeUndefined();
  expect(
    diagnostics.map(({ code, message, span }) => `${code} ${message} ${span.source.text.slice(span.start, span.end)}`),
  ).toEqual(["SL0555 65 policies have their keys from services; at most 64 are possible authenticate"]);
});

it("a service is asked by its own name, and the guard may ask only where there is one", () => {
  const { plan } = checkText("policy.yaml", policyOf(1));
  if (plan === undefined) throw new Error("the policy has no error");
  expect(plan.policies[0]?.fetches).toEqual({ service: "idp", authority: "id.example.com:8443", path: "/jwks" });
  const asking = ["proxy_http_call", "proxy_on_http_call_response", "proxy_on_tick", "proxy_record_metric"];
  expect(guardCapabilities(plan)).toEqual(expect.arrayContaining(asking));
  expect(guardCapabilities(plan)).not.toContain("proxy_on_log");
  const local = checkText(
    "policy.yaml",
    policyOf(1).replace(/jwks: .*\} \} \}\] \} \}/, "secret: env:S } }] } }"),
  ).plan;
  if (local === undefined) throw new Error("the policy has no error");
  for (const name of asking) expect(guardCapabilities(local)).not.toContain(name);
});

describe("what is said of a token without the service", () => {
  const { plan } = checkText("policy.yaml", policyOf(1));
  const viewOf = (token: string): RequestView => ({
    route: "p0",
    sent: { method: "GET", target: "/p0", authority: "shop.example" },
    attribute: () => undefined,
    header: (name) => (name === "authorization" ? [`Bearer ${token}`] : []),
    consumers: [],
    variable: () => undefined,
    assumed: undefined,
    show: () => "",
  });
  const token = tokenBy(TOKEN_KEYS.rsa, { iss: "i", aud: "a", exp: 4_000_000_000 });
  const decide = (text: string) => plan?.policies[0]?.decide?.(viewOf(text));

  it("is open where it could be good", () => {
    const verdict = decide(token);
    expect(verdict).toMatchObject({ outcome: "open", decision: " denied token-key" });
    expect(verdict?.summary).toContain("the service idp publishes");
  });

  it("is certain where it cannot be", () => {
    expect(decide("a.b.c")).toMatchObject({ outcome: "denied", decision: " denied token-encoding" });
    expect(decide(tokenBy(TOKEN_KEYS.ec384, {}))).toMatchObject({ decision: " denied token-algorithm" });
  });
});
