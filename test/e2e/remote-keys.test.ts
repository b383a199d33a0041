import { Agent } from "node:http";
import { describe, expect, it } from "vitest";
import { standingOracle } from "../support/envoy.js";
import { request } from "../support/http.js";
import { CLAIMS, setOf } from "../support/key-service.js";
import { published, type SigningKey, TOKEN_KEYS, tokenBy } from "../support/token-keys.js";
import { type Script, startUpstream, type Upstream } from "../support/upstream.js";
import { clean } from "./support/clean.js";
import { passOnBoth } from "./support/on-both.js";
import { type Gateway, serve, WORKER_COUNTS } from "./support/serve.js";
import { NO_ENVOY } from "./support/served-policy.js";
import { until } from "./support/until.js";
import { workplace } from "./support/workplace.js";

// Keys that a service publishes, with a real Envoy between.

const { rsa, otherRsa, ec, ec384 } = TOKEN_KEYS;

const policyOf = (services: string, jwks = "") => `apiVersion: sluice/v1
kind: Gateway
name: tokens
listeners:
  public: { address: 127.0.0.1:8080 }
services:
${services}
policies:
  known:
    authenticate:
      anyOf:
        - jwt:
            issuer: https://id.example.com/
            audiences: [orders]
            algorithms: [RS256, ES256, ES384]
            jwks: { service: idp, path: /jwks${jwks} }
routes:
  - { name: known, match: { path: /known/** }, to: echo, apply: [known] }
`;
const POLICY = policyOf("  echo: { endpoints: [127.0.0.1:9001] }\n  idp: { endpoints: [127.0.0.1:9002] }");
const OFTEN = policyOf(
  "  echo: { endpoints: [127.0.0.1:9001] }\n  idp: { endpoints: [127.0.0.1:9002] }",
  ", refresh: 10s",
);

const tokenOf = (key: SigningKey) => tokenBy(key, CLAIMS);

interface Served {
  gateway: Gateway;
  idp: Upstream;
  counted(outcome: string): Promise<number>;
  /** Waits until each thread has taken over so many sets. */
  taken(sets: number): Promise<void>;
  status(token: string, agent?: Agent): Promise<number>;
}

async function serveKeys(policy: string, script: Script, concurrency: number): Promise<Served> {
  const idp = await startUpstream(script);
  clean.push(() => idp.close());
  const gateway = await serve(policy, { concurrency, ports: { idp: idp.port } });
  clean.push(() => gateway.stop());
  const counted = async (outcome: string) => {
    const stats = await gateway.envoy.admin.stats("^wasmcustom\\.sluice_key_sets\\.known\\.");
    return stats.get(`wasmcustom.sluice_key_sets.known.${outcome}`) ?? 0;
  };
  return {
    gateway,
    idp,
    counted,
    async taken(sets) {
      // The main thread has a VM, too.
      const wanted = sets * (concurrency + 1);
      await until(`${wanted} sets to be taken over`, async () => (await counted("taken")) >= wanted, 40_000);
    },
    async status(token, agent) {
      const headers = { authorization: `Bearer ${token}` };
      const options = agent === undefined ? { headers } : { headers, agent };
      return (await request(gateway.url("/known/x"), options)).status;
    },
  };
}

describe.each(WORKER_COUNTS)("keys of a service, with %i workers", (concurrency) => {
  it("are fetched once at the start, and all workers have them", async () => {
    const { gateway, idp, taken, status, counted } = await serveKeys(POLICY, { body: setOf(rsa, ec) }, concurrency);
    const oracle = await standingOracle(gateway.envoy);
    await taken(1);
    const token = tokenOf(rsa);
    for (const key of [rsa, ec]) expect(await status(tokenOf(key))).toBe(200);
    expect(idp.received.map(({ method, url }) => `${method} ${url}`)).toEqual(["GET /jwks"]);
    const [asked] = idp.received;
    expect([asked?.values("host"), asked?.values("accept")]).toEqual([
      ["idp"],
      ["application/jwk-set+json, application/json"],
    ]);
    expect([await counted("fetched"), await counted("failed")]).toEqual([1, 0]);
    const metrics = (await gateway.envoy.admin.get("/stats/prometheus")).text.split("\n");
    expect(metrics.filter((line) => /^sluice_key_?s/.test(line))).toEqual(
      expect.arrayContaining([
        'sluice_key_sets{policy="known",outcome="fetched"} 1',
        'sluice_keys{policy="known"} 2',
        expect.stringMatching(/^sluice_keys_age_seconds\{policy="known"\} \d+$/),
      ]),
    );
    await oracle.check({ goodRequest: async (agent) => ({ status: await status(token, agent) }), secrets: [token] });
  });

  it("are not fetched again for whoever invents names of keys", async () => {
    const { gateway, idp, taken, status } = await serveKeys(POLICY, { body: setOf(rsa) }, concurrency);
    await taken(1);
    const oracle = await standingOracle(gateway.envoy);
    const good = tokenOf(rsa);
    gateway.forget();
    const kids = ["unknown", "../", "' OR 1=1 --", "x".repeat(256), "x".repeat(10_240), "\u0000"];
    for (let turn = 0; turn < 20; turn++)
      for (const kid of kids) expect(await status(tokenOf({ ...otherRsa, kid }))).toBe(401);
    expect(gateway.heard()).toEqual([]);
    expect(idp.received.length).toBe(1);
    await oracle.check({ goodRequest: async (agent) => ({ status: await status(good, agent) }), secrets: [good] });
    // Half a minute after the first.
    await until("the one request for the unknown keys", () => idp.received.length > 1, 45_000);
    expect(idp.received.length).toBe(2);
  });

  it("may be others while requests run: a key that stays is good all the time, and one that goes is over", async () => {
    const { gateway, idp, taken, status } = await serveKeys(OFTEN, { body: setOf(rsa, ec) }, concurrency);
    await taken(1);
    const oracle = await standingOracle(gateway.envoy);
    const [old, kept, fresh] = [tokenOf(rsa), tokenOf(ec), tokenOf(ec384)];
    const seen = new Map<string, Set<number>>();
    let runs = true;
    const ask = async (name: string, token: string) => {
      const statuses = seen.get(name) ?? new Set();
      seen.set(name, statuses);
      while (runs) statuses.add(await status(token));
    };
    const clients = [ask("old", old), ask("kept", kept), ask("fresh", fresh)];
    idp.reply({ body: setOf(ec, ec384) });
    await taken(2);
    runs = false;
    await Promise.all(clients);
    expect(seen.get("kept")).toEqual(new Set([200]));
    expect(seen.get("old")?.has(200)).toBe(true);
    expect(seen.get("fresh")?.has(401)).toBe(true);
    for (let turn = 0; turn < 10; turn++)
      expect([await status(old), await status(kept), await status(fresh)]).toEqual([401, 200, 200]);
    await oracle.check({ goodRequest: async (agent) => ({ status: await status(kept, agent) }), secrets: [old, kept] });
  });

  it("outlast their service, which may come back", async () => {
    const { gateway, idp, taken, status, counted } = await serveKeys(OFTEN, { body: setOf(rsa) }, concurrency);
    await taken(1);
    const oracle = await standingOracle(gateway.envoy);
    const token = tokenOf(rsa);
    await idp.close();
    await until("two fetches to fail", async () => (await counted("failed")) > 1, 30_000);
    for (let turn = 0; turn < 10; turn++) expect(await status(token)).toBe(200);
    const back = await startUpstream({ body: setOf(ec) }, idp.port);
    clean.push(() => back.close());
    await taken(2);
    expect([await status(token), await status(tokenOf(ec))]).toEqual([401, 200]);
    const good = tokenOf(ec);
    await oracle.check({ goodRequest: async (agent) => ({ status: await status(good, agent) }), secrets: [token] });
  });

  it("are waited for, whatever is answered in their place, and a bad one among good ones is passed over", async () => {
    const answers: Script[] = [
      { status: 500 },
      { body: '{"keys":[]}' },
      { body: `{"keys":[${'{"kty":"RSA","n":"AQAB"},'.repeat(42_000)}{}]}` },
      { body: "<html>" },
      { body: setOf({ ...published(otherRsa), d: "AQAB" }) },
      { body: setOf({ kty: "oct", kid: "s", k: Buffer.alloc(32, 7).toString("base64url") }, {}, rsa) },
    ];
    let turn = 0;
    const script: Script = (received) => {
      const answer = answers[Math.min(turn++, answers.length - 1)] ?? {};
      return typeof answer === "function" ? answer(received) : answer;
    };
    const { gateway, idp, taken, status, counted } = await serveKeys(POLICY, script, concurrency);
    const oracle = await standingOracle(gateway.envoy);
    const token = tokenOf(rsa);
    expect(await status(token)).toBe(503);
    expect(await status(`${token}=`)).toBe(401);
    expect(gateway.heard()).toEqual([]);
    await taken(1);
    expect([await counted("fetched"), await counted("failed")]).toEqual([1, answers.length - 1]);
    expect(idp.received.length).toBe(answers.length);
    expect([await status(token), await status(tokenOf({ ...otherRsa, kid: "s" }))]).toEqual([200, 401]);
    await oracle.check({ goodRequest: async (agent) => ({ status: await status(token, agent) }), secrets: [token] });
  });
});

describe("sluice run", () => {
  const place = workplace("sluice-keys-", "first");

  it.each([
    ["with 1 worker", ["--concurrency", "1"], {}],
    ["with 2 workers", ["--concurrency", "2"], {}],
    ["without an Envoy", ["--embedded"], NO_ENVOY],
  ])("takes keys along into a new configuration, %s", async (_, args, env) => {
    const idp = await startUpstream({ body: setOf(rsa) });
    clean.push(() => idp.close());
    const services = `  echo: { endpoints: ["${place.upstream.address}"] }\n  idp: { endpoints: ["${idp.address}"] }`;
    const { cli, url } = await place.start(policyOf(services), args, { env });
    const token = tokenOf(rsa);
    // Each on a connection of its own, so that all workers are asked.
    const status = async () => {
      const options = { headers: { authorization: `Bearer ${token}` }, agent: new Agent({ keepAlive: false }) };
      return (await request(`${url}/known/x`, options)).status;
    };
    await until("keys on all workers", async () => {
      for (let turn = 0; turn < 50; turn++) if ((await status()) !== 200) return false;
      return true;
    });
    let runs = true;
    const seen = new Set<number>();
    const client = (async () => {
      while (runs) seen.add(await status());
    })();
    expect(await place.change(cli, policyOf(services, ", maxStale: 2h"))).toBe("taken over");
    for (let turn = 0; turn < 50; turn++) expect(await status()).toBe(200);
    runs = false;
    await client;
    expect([...seen]).toEqual([200]);
    // And once more where the update came more than half a minute later.
    expect(idp.received.length).toBeLessThanOrEqual(2);
  });
});

describe("policy tests", () => {
  const consumers = "consumers: { acme: { credentials: [{ jwt: { subject: acme-app } }] } }\n";
  const token = tokenOf(rsa);
  const sent = `request: { path: /known/x, headers: { authorization: "Bearer ${token}" } }`;

  it("have keys of the runner's own, and those that they say, on both engines", async () => {
    await passOnBoth(POLICY.replace("policies:", `${consumers}policies:`), [
      "as: acme, request: { path: /known/x }, expect: { status: 200, upstream: { service: echo, headers: { x-consumer: acme } } }",
      `${sent}, expect: { status: 401, decidedBy: known, upstream: none }`,
      `upstreams: { idp: { jwks: { keys: [${JSON.stringify(published(rsa))}] } } }, ${sent}, expect: { status: 200 }`,
      "as: acme, upstreams: { idp: { jwks: { status: 503 } } }, request: { path: /known/x }, expect: { status: 503, decidedBy: known, upstream: none }",
      "as: acme, steps: [{ request: { path: /known/x }, expect: { status: 200 } }, { wait: 1s }, { request: { path: /known/x }, expect: { status: 200 } }]",
      'request: { path: /known/x, headers: { authorization: "Bearer a.b.c" } }, expect: { status: 401, metrics: { known.denied: 1 } }',
    ]);
  });
});
