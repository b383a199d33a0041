import { beforeAll, describe, expect, it } from "vitest";
import { checkText } from "../../compiler/index.js";
import { guardConfiguration } from "../../compiler/plan/guard.js";
import type { PolicyPlan } from "../../compiler/plan/plan.js";
import type { RequestView } from "../../compiler/request/verdict.js";
import { type CompiledModule, loadModule, ModuleVm } from "../../test/support/module-host.js";
import {
  type Members,
  published,
  type SigningKey,
  secretKey,
  TOKEN_KEYS,
  tokenBy,
} from "../../test/support/token-keys.js";
import { base64url } from "../../test/support/tokens.js";

// What `explain` says of a token, and how tests sign in, against the module.

const { rsa, ec, ec384, otherRsa } = TOKEN_KEYS;
const SECRET = "a secret that is as long as HS256 asks";
const hmac = secretKey("HS256", SECRET, "TOKEN_SECRET");
const ISSUER = "https://id.example.com/";
const NOW = 1_800_000_000;
const GOOD = { iss: ISSUER, aud: "orders", azp: "acme-app", sub: "alice", exp: NOW + 60 } as const;

const keys = JSON.stringify([rsa, ec, ec384].map(published)).replace(
  /\]$/,
  ", { kty: oct, kid: shared, k: env:TOKEN_KEY }]",
);
const POLICY = `apiVersion: sluice/v1
kind: Gateway
name: shop
listeners:
  public: { address: 127.0.0.1:8080 }
services:
  orders: { endpoints: [127.0.0.1:9001] }
consumers:
  acme: { credentials: [{ jwt: { subject: acme-app } }] }
  globex: { credentials: [{ jwt: { subject: globex-app, issuer: https://other.example.com/ } }] }
policies:
  known:
    authenticate:
      anyOf: [{ jwt: { issuer: ${ISSUER}, audiences: [orders], consumer: claims.azp, jwks: { keys: ${keys} } } }]
routes:
  - { name: orders, match: { path: /orders/** }, to: orders, apply: [known] }
`;

const { plan } = checkText("policy.yaml", POLICY);
const [policy] = plan?.policies ?? [];

function viewOf(token: string, scheme = "Bearer"): RequestView {
  return {
    route: "orders",
    sent: { method: "GET", target: "/orders/7", authority: "shop.example" },
    attribute: (name) => (name === "request.time" ? NOW * 1000 : undefined),
    header: (name) => (name === "authorization" ? [`${scheme} ${token}`] : []),
    consumers: plan?.consumers ?? [],
    variable: (name) => (name === "TOKEN_KEY" ? base64url(SECRET) : undefined),
    assumed: undefined,
    show: () => "",
  };
}

let guard: CompiledModule;
beforeAll(async () => {
  guard = await loadModule("guard");
});

function decidedByModule(config: PolicyPlan["config"], token: string) {
  if (plan === undefined || policy === undefined) throw new Error("the policy has no error");
  const vm = new ModuleVm(guard, {
    environment: { TOKEN_KEY: base64url(SECRET) },
    wallClock: { now: BigInt(NOW) * 1_000_000_000n },
  });
  const configuration = guardConfiguration({ ...plan, policies: [{ ...policy, config }] }, ["consumer", "decision"]);
  expect(vm.configure(configuration), vm.lastError).toBe(true);
  const { properties } = vm.send({ route: "orders", headers: [["authorization", `Bearer ${token}`]] });
  return { decision: properties["sluice.decision"], consumer: properties["sluice.consumer"] };
}

const header = (members: Members | string, key: SigningKey = rsa) => tokenBy(key, GOOD, members);
const claims = (members: Members) => tokenBy(rsa, { ...GOOD, ...members });
const [first = "", second = "", third = ""] = tokenBy(rsa, GOOD).split(".");

it.each([
  ["by RSA", tokenBy(rsa, GOOD)],
  ["by EC", tokenBy(ec, GOOD)],
  ["by the larger EC", tokenBy(ec384, GOOD)],
  ["by a secret", tokenBy({ ...hmac, kid: "shared" }, GOOD)],
  ["by another key", tokenBy(otherRsa, GOOD)],
  ["by a key of another name", tokenBy({ ...otherRsa, kid: "rsa" }, GOOD)],
  ["without the name of a key", tokenBy({ ...rsa, kid: "" }, GOOD)],
  ["by none", header({ alg: "none" })],
  ["by a number", header({ alg: 1 })],
  ["by RS512", header({ alg: "RS512" })],
  ["of another type", header({ typ: 1 })],
  ["with crit", header({ crit: ["x"] })],
  ["with a name twice in its header", header('{"alg":"RS256","kid":"rsa","a":1,"a":2}')],
  ["with a name twice", tokenBy(rsa, `{"exp":1,"a":{"b":1,"b":2}}`)],
  [
    "with one name in two objects",
    tokenBy(rsa, `{"iss":"${ISSUER}","aud":"orders","exp":${NOW + 1},"a":{"b":1},"c":{"b":2}}`),
  ],
  ["whose payload is a text", tokenBy(rsa, '"a"')],
  ["of two parts", `${first}.${second}`],
  ["with padding", `${first}.${second}.${third}=`],
  ["with an empty payload", `${first}..${third}`],
  ["without an end", tokenBy(rsa, { iss: ISSUER, aud: "orders" })],
  ["that ends as a text", claims({ exp: "1" })],
  ["that has ended", claims({ exp: NOW - 30 })],
  ["that has nearly ended", claims({ exp: NOW - 29 })],
  ["that begins later", claims({ nbf: NOW + 31 })],
  ["of the future", claims({ iat: NOW + 30.5 })],
  ["of another issuer", claims({ iss: "other" })],
  ["for others", claims({ aud: ["a", "b"] })],
  ["for one of several", claims({ aud: ["a", "orders"] })],
  ["for a number", claims({ aud: 1 })],
  ["of nobody", claims({ azp: "alice" })],
  ["of a consumer of another issuer", claims({ azp: "globex-app" })],
  ["with a comma", `${first}.${second},${third}`],
])("a token %s is explained as it is decided", (_, token) => {
  const verdict = policy?.decide?.(viewOf(token));
  const consumer = verdict?.caller?.consumer?.name;
  expect({ decision: `known${verdict?.decision}`, consumer }).toEqual(decidedByModule(policy?.config ?? {}, token));
});

describe("the secret", () => {
  it("that is not set here leaves the question open", () => {
    const view = { ...viewOf(tokenBy({ ...hmac, kid: "shared" }, GOOD)), variable: () => undefined };
    expect(policy?.decide?.(view)).toMatchObject({ outcome: "open", decision: " denied token-signature" });
  });
});

it("signs consumers in by a key of the runner's own, which no gateway has outside of tests", () => {
  const [acme, globex] = plan?.consumers ?? [];
  const tested = policy?.inTests?.();
  if (acme === undefined || globex === undefined || tested === undefined) throw new Error("the policy has no error");
  const request = { method: "GET", target: "/orders/1", host: "a", headers: [], source: "127.0.0.1", time: NOW * 1000 };
  const tokenOf = (consumer: typeof acme) =>
    (policy?.signIn?.sign(request, consumer, new Uint8Array(0)).headers[0]?.[1] ?? "").slice("Bearer ".length);
  expect(policy?.signIn?.credentials(acme)).toEqual([]);
  expect(policy?.signIn?.credentials(globex)).toEqual([{ jwt: { subject: "test-subject-of-globex" } }]);
  expect(decidedByModule(tested.config, tokenOf(acme))).toEqual({
    decision: "known allowed authenticated",
    consumer: "acme",
  });
  expect(tested.decide?.(viewOf(tokenOf(acme)))).toMatchObject({ outcome: "allowed", caller: { subject: "acme-app" } });
  expect(decidedByModule(policy?.config ?? {}, tokenOf(acme)).decision).toBe("known denied token-key");
  expect(JSON.stringify(tested.config)).not.toContain("TOKEN_KEY");
});
