import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { standingOracle } from "../support/envoy.js";
import { request } from "../support/http.js";
import { type Members, published, secretKey, TOKEN_KEYS, tokenBy } from "../support/token-keys.js";
import { base64url } from "../support/tokens.js";
import { sluice } from "./support/cli.js";
import { type Gateway, serve, WORKER_COUNTS } from "./support/serve.js";

// Tokens on a real Envoy, and beside its own filter for them.

const { rsa, ec, ec384, otherEc } = TOKEN_KEYS;
const SECRET = "a secret that is shared with an issuer, of 64 bytes as it has to";
const hmac = secretKey("HS256", SECRET, "TOKEN_SECRET");

const ISSUER = "https://id.example.com/";
const KEYS = [rsa, ec, ec384].map(published);

const POLICY = `apiVersion: sluice/v1
kind: Gateway
name: tokens
listeners:
  public: { address: 127.0.0.1:8080 }
services:
  echo: { endpoints: [127.0.0.1:9001] }
consumers:
  acme: { tier: gold, groups: [partners], credentials: [{ jwt: { subject: acme-app } }] }
policies:
  known:
    authenticate:
      anyOf:
        - jwt:
            issuer: ${ISSUER}
            audiences: [orders, shop]
            jwks: ${JSON.stringify({ keys: KEYS })}
            claimsToHeaders: { sub: x-user, realm.roles: x-roles }
  shared:
    authenticate: { anyOf: [{ jwt: { issuer: ${ISSUER}, audiences: [orders], secret: env:TOKEN_SECRET } }] }
  rules:
    authorize:
      rules:
        - { name: admins, allow: '"admin" in auth.claims.realm.roles && int(auth.claims.level) >= 3' }
        - { name: readers, allow: '"orders:read" in auth.scopes' }
routes:
  - { name: known, match: { path: /known/** }, to: echo, apply: [known] }
  - { name: shared, match: { path: /shared/** }, to: echo, apply: [shared] }
  - { name: rules, match: { path: /rules/** }, to: echo, apply: [known, rules] }
  - { name: open, match: { path: /open/** }, to: echo }
`;

const POLICY_TEST = `apiVersion: sluice/v1
kind: Test
policy: policy.yaml
cases:
  - name: acme is known by its token, which the service does not see
    as: acme
    request: { path: /known/x, headers: { x-user: root } }
    expect:
      status: 200
      upstream: { service: echo, headers: { x-consumer: acme, x-consumer-tier: gold, x-user: acme-app, authorization: false } }
  - name: nobody is without one
    request: { path: /known/x }
    expect: { status: 401, decidedBy: known, upstream: none }
  - name: a token has to be one
    request: { path: /shared/x, headers: { authorization: Bearer a.b.c } }
    expect: { status: 401, decidedBy: shared, upstream: none }
`;

const now = () => Math.floor(Date.now() / 1000);
const good = (): Members => ({ iss: ISSUER, aud: ["orders"], sub: "alice", exp: now() + 600 });

describe.each(WORKER_COUNTS)("with %i workers", (concurrency) => {
  let gateway: Gateway;
  beforeAll(async () => {
    gateway = await serve(POLICY, { concurrency, env: { TOKEN_SECRET: SECRET } });
  });
  afterAll(() => gateway?.stop());
  beforeEach(() => gateway.forget());

  const send = (path: string, token: string, headers: Record<string, string> = {}) =>
    gateway.send(path, { headers: { ...headers, authorization: `Bearer ${token}` } });

  it.each([
    ["RS256", rsa, "/known/x"],
    ["ES256", ec, "/known/x"],
    ["ES384", ec384, "/known/x"],
    ["HS256", hmac, "/shared/x"],
  ])("a token by %s is let in, again and again", async (_, key, path) => {
    const token = tokenBy(key, good());
    for (let turn = 0; turn < 5; turn++) expect((await send(path, token)).status).toBe(200);
    expect((await send(path, `${token.slice(0, -8)}AAAAAAAA`)).status).toBe(401);
  });

  it("tells the service who calls, and neither the token nor what the client claims", async () => {
    const sent = { "x-user": "root", "x-roles": "admin", "x-consumer": "root" };
    const claims = { ...good(), sub: "acme-app", realm: { roles: ["a", "é"] } };
    for (let turn = 0; turn < 2; turn++) await send("/known/x", tokenBy(rsa, claims), sent);
    await send("/known/x", tokenBy(rsa, good()), sent);
    await gateway.send("/open/x", { headers: sent });
    const names = ["x-user", "x-roles", "x-consumer", "x-consumer-tier", "authorization"];
    expect(gateway.heard().map((one) => names.map((name) => one.values(name)))).toEqual([
      [["acme-app"], [Buffer.from("a,é").toString("latin1")], ["acme"], ["gold"], []],
      [["acme-app"], [Buffer.from("a,é").toString("latin1")], ["acme"], ["gold"], []],
      [["alice"], [], [], [], []],
      [[], [], [], [], []],
    ]);
  });

  it("asks for claims and scopes", async () => {
    const status = async (claims: Members) => (await send("/rules/x", tokenBy(ec, { ...good(), ...claims }))).status;
    expect(await status({ realm: { roles: ["admin"] }, level: 3 })).toBe(200);
    expect(await status({ realm: { roles: ["admin"] }, level: 2 })).toBe(403);
    expect(await status({ realm: { roles: "administrator" }, level: 9 })).toBe(403);
    expect(await status({ scope: "openid orders:read" })).toBe(200);
    expect(await status({ scope: "openid orders:reader" })).toBe(403);
  });

  it("refuses what is wrong, and the service hears nothing", async () => {
    const oracle = await standingOracle(gateway.envoy);
    const token = tokenBy(rsa, good());
    const [header = "", payload = "", signature = ""] = token.split(".");
    const bad = [
      [`${header}.${payload}.`, "token-parts"],
      [`${header}.${payload}.${signature}=`, "token-encoding"],
      [`${base64url('{"alg":"none"}')}.${payload}.${signature}`, "token-algorithm"],
      [tokenBy(secretKey("HS256", rsa.jwk.n ?? "", ""), good()), "token-algorithm"],
      [tokenBy({ ...otherEc, kid: "ec" }, good()), "token-signature"],
      [tokenBy(otherEc, good()), "token-key"],
      [tokenBy(rsa, good(), { crit: ["b64"], b64: false }), "token-extension"],
      [tokenBy(rsa, { ...good(), exp: now() - 60 }), "token-expired"],
      [tokenBy(rsa, { ...good(), aud: "other" }), "token-audience"],
      [tokenBy(rsa, { ...good(), iss: "other" }), "token-issuer"],
      [tokenBy(rsa, { ...good(), sub: "a\r\nx-admin: 1" }), "token-claim"],
      [tokenBy(ec, good()).replace(/[^.]+$/, base64url(Buffer.alloc(64))), "token-signature"],
      [tokenBy(ec, good()).replace(/[^.]+$/, base64url(Buffer.alloc(65, 1))), "token-signature"],
      ["x".repeat(20_000), "token-too-long"],
    ] as const;
    for (const [text, refusal] of bad) {
      const { reply, decision } = await gateway.judged(() => send("/known/x", text));
      expect([refusal, reply.status, decision.decision]).toEqual([refusal, 401, `known denied ${refusal}`]);
    }
    expect(gateway.heard()).toEqual([]);
    await oracle.check({
      goodRequest: (agent) =>
        request(gateway.url("/known/x"), { agent, headers: { authorization: `Bearer ${token}` } }),
      secrets: [SECRET, signature],
    });
  });
});

it("signs consumers of policy tests in, on both engines", async () => {
  const folder = await mkdtemp(join(tmpdir(), "sluice-tokens-"));
  try {
    await writeFile(join(folder, "policy.yaml"), POLICY);
    await writeFile(join(folder, "policy.test.yaml"), POLICY_TEST);
    const { code, stdout, stderr } = await sluice(["test", folder, "--engine", "both"]);
    expect([code, stdout, stderr]).toEqual([0, expect.stringContaining("3 passed; 3 of 3 on Envoy"), ""]);
  } finally {
    await rm(folder, { recursive: true });
  }
});
