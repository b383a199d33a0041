import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type StandingOracle, standingOracle } from "../support/envoy.js";
import { request } from "../support/http.js";
import { changedTokens, keysOfAllAlgorithms, published, type SigningKey, tokenBy } from "../support/token-keys.js";
import { type Gateway, serve, WORKER_COUNTS } from "./support/serve.js";

// Tokens by each algorithm, and by RSA keys of each size, in a real Envoy, whose BoringSSL verifies.

const { publicKeys, secrets, environment } = keysOfAllAlgorithms();
const jwks = (keys: readonly SigningKey[]) => JSON.stringify({ keys: keys.map(published) });

const ISSUER = "https://id.example.com/";
const PLACES = [["public", publicKeys] as const, ...secrets.map((key) => [key.alg, [key]] as const)];

const POLICY = `apiVersion: sluice/v1
kind: Gateway
name: algorithms
listeners: { public: { address: 127.0.0.1:8080, decisionHeader: true } }
services: { echo: { endpoints: [127.0.0.1:9001] } }
policies:
${PLACES.map(([name, keys]) => `  ${name.toLowerCase()}: { authenticate: { anyOf: [{ jwt: { issuer: ${ISSUER}, audiences: [orders], jwks: ${jwks(keys)} } }] } }`).join("\n")}
routes:
${PLACES.map(([name]) => `  - { name: ${name.toLowerCase()}, match: { path: /${name} }, to: echo, apply: [${name.toLowerCase()}] }`).join("\n")}
`;

describe.each(WORKER_COUNTS)("with %i workers", (concurrency) => {
  let gateway: Gateway;
  let oracle: StandingOracle;
  beforeAll(async () => {
    gateway = await serve(POLICY, { concurrency, env: environment });
    oracle = await standingOracle(gateway.envoy);
  });
  afterAll(() => gateway?.stop());

  const placeOf = ({ alg }: SigningKey) => (alg.startsWith("HS") ? alg : "public");
  const good = (key: SigningKey) =>
    tokenBy(key, { iss: ISSUER, aud: "orders", exp: Math.floor(Date.now() / 1000) + 600 });
  const send = async (key: SigningKey, token: string) => {
    const reply = await gateway.send(`/${placeOf(key)}`, { headers: { authorization: `Bearer ${token}` } });
    return [reply.status, reply.headers["x-sluice-decision"]];
  };

  it.each([...publicKeys, ...secrets])("a token by $kid is let in, and none with one bit changed", async (key) => {
    const token = good(key);
    const policy = placeOf(key).toLowerCase();
    gateway.forget();
    for (const changed of changedTokens(token))
      expect(await send(key, changed)).toEqual([401, `${policy} denied token-signature`]);
    expect(gateway.heard()).toEqual([]);
    expect(await send(key, token)).toEqual([200, `${policy} allowed authenticated`]);
  });

  it("afterwards no VM has trapped, no secret is shown, and every worker serves", async () => {
    const [key] = secrets;
    if (key === undefined) throw new Error("there are secrets");
    const headers = { authorization: `Bearer ${good(key)}` };
    await oracle.check({
      goodRequest: (agent) => request(gateway.url(`/${placeOf(key)}`), { agent, headers }),
      secrets: Object.values(environment),
    });
  });
});
