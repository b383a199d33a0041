import { createHmac } from "node:crypto";
import { Agent as PlainAgent } from "node:http";
import { Agent } from "node:https";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { issue, makeAuthority } from "../../compiler/runtime/certificates.js";
import { type StandingOracle, standingOracle } from "../support/envoy.js";
import { request } from "../support/http.js";
import { passOnBoth } from "./support/on-both.js";
import { type Gateway, serve, WORKER_COUNTS } from "./support/serve.js";
import { type CertificateFolder, certificateFolder, secureGet } from "./support/tls.js";

// Callers that are known by the certificate which they show to Envoy, and by signatures.

let folder: CertificateFolder;
let gateway: Gateway;
let oracle: StandingOracle;
beforeAll(async () => {
  folder = await certificateFolder();
  await folder.put("shop", await issue(folder.authority, { name: "shop", names: ["shop.test"], usage: "server" }));
});
afterAll(() => folder?.remove());

const SECRET = "a-secret-of-acme-that-nobody-guesses";
const ACME = "spiffe://shop.test/acme";

function policy(path: string): string {
  const pair = `certificate: "mounted:${path}/shop.crt", key: "mounted:${path}/shop.key"`;
  return `apiVersion: sluice/v1
kind: Gateway
name: shop
listeners:
  anybody: { address: 127.0.0.1:8443, tls: { ${pair}, clientCertificate: { ca: "mounted:${path}/ca.crt", required: false } } }
  plain: { address: 127.0.0.1:8080 }
services: { orders: { endpoints: [127.0.0.1:9001] } }
consumers:
  acme: { tier: gold, credentials: [{ certificate: { san: "${ACME}" } }, { hmac: { keyId: acme, secret: env:ACME_SECRET } }] }
  globex: { credentials: [{ certificate: { san: globex.test } }, { apiKey: env:GLOBEX_KEY }] }
policies:
  known: { authenticate: { anyOf: [{ mtls: {} }, { apiKey: { header: x-api-key } }] } }
  signed: { authenticate: { anyOf: [{ hmac: { components: ["@method", "@path", "@query"] } }] } }
  ours: { authorize: { rules: [{ name: ours, allow: 'source.principal.startsWith("spiffe://shop.test/")' }] } }
  each: { rateLimit: { key: [source.principal], rate: 1/day } }
routes:
  - { name: known, match: { path: /known }, to: orders, apply: [known] }
  - { name: signed, match: { path: /signed/** }, to: orders, apply: [signed] }
  - { name: ours, match: { path: /ours }, to: orders, apply: [ours] }
  - { name: each, match: { path: /each }, to: orders, apply: [each] }
`;
}

/** What the service was told first. */
function told(name: string): string | undefined {
  return gateway.heard()[0]?.values(name)[0];
}

/** Status and whom the service was told of, for a client with names in a certificate, or with none. */
async function known(names: readonly string[] | undefined, headers: Record<string, string> = {}) {
  const shown = names && (await issue(folder.authority, { name: "client", names, usage: "client" }));
  const agent = new Agent({
    ca: folder.authority.certificate,
    ...(shown === undefined ? {} : { cert: shown.certificate, key: shown.key }),
  });
  gateway.forget();
  try {
    const { status } = await secureGet(gateway.port("anybody"), "/known", { agent, headers });
    return [status, told("x-consumer")];
  } finally {
    agent.destroy();
  }
}

describe.each(WORKER_COUNTS)("with %i workers", (concurrency) => {
  beforeAll(async () => {
    gateway = await serve(policy(folder.path), { concurrency, env: { ACME_SECRET: SECRET } });
    oracle = await standingOracle(gateway.envoy);
  });
  afterAll(() => gateway?.stop());

  describe("a listener that takes certificates", () => {
    test.each<readonly [string, readonly string[] | undefined, readonly [number, string | undefined]]>([
      ["a URI", [ACME], [200, "acme"]],
      ["a URI beside DNS names", ["a.test", ACME, "b.test"], [200, "acme"]],
      ["a DNS name", ["globex.test"], [200, "globex"]],
      ["a DNS name in capitals", ["GLOBEX.test"], [200, "globex"]],
      ["two URIs", [ACME, "spiffe://shop.test/other"], [401, undefined]],
      ["two DNS names", ["globex.test", "other.test"], [401, undefined]],
      ["an IP address", ["127.0.0.1"], [401, undefined]],
      ["no name", [], [401, undefined]],
      ["nobody's name", ["spiffe://shop.test/nobody"], [401, undefined]],
      ["no certificate", undefined, [401, undefined]],
    ])("knows who shows %s", async (_, names, expected) => {
      expect(await known(names)).toEqual(expected);
    });

    test("believes no header about it, and hands none on", async () => {
      const claimed = { "x-forwarded-client-cert": `By=x;URI=${ACME}`, "x-consumer": "acme" };
      expect(await known(undefined, claimed)).toEqual([401, undefined]);
      expect(await known(["globex.test"], claimed)).toEqual([200, "globex"]);
      expect(told("x-forwarded-client-cert")).toBeUndefined();
    });

    test("lets nobody connect whose certificate it cannot verify", async () => {
      const strangers = await makeAuthority("strangers");
      const { certificate, key } = await issue(strangers, { name: "client", names: [ACME], usage: "client" });
      const agent = new Agent({ ca: folder.authority.certificate, cert: certificate, key });
      await expect(secureGet(gateway.port("anybody"), "/known", { agent })).rejects.toThrow();
      agent.destroy();
    });
  });

  test("a replay is refused by whichever worker it comes to", async () => {
    const list = `("@method" "@path" "@query");created=${Math.floor(Date.now() / 1000)};keyid="acme";nonce="once"`;
    const base = `"@method": GET\n"@path": /signed/a\n"@query": ?x=1\n"@signature-params": ${list}`;
    const tag = createHmac("sha256", SECRET).update(base).digest("base64");
    const headers = { "signature-input": `s=${list}`, signature: `s=:${tag}:` };
    gateway.forget();
    const agents = Array.from({ length: 12 }, () => new PlainAgent());
    const statuses: number[] = [];
    for (const agent of agents)
      statuses.push((await request(gateway.url("/signed/a?x=1", "plain"), { agent, headers })).status);
    for (const agent of agents) agent.destroy();
    expect(statuses).toEqual([200, ...Array.from({ length: 11 }, () => 401)]);
    expect(gateway.heard()).toHaveLength(1);
    expect([told("x-consumer"), told("signature"), told("signature-input")]).toEqual(["acme", undefined, undefined]);
    // It says nothing of another path.
    expect((await request(gateway.url("/signed/b?x=1", "plain"), { headers })).status).toBe(401);
  });

  test("afterwards no VM has trapped, no secret is shown, and every worker serves", async () => {
    const headers = { "x-api-key": gateway.env.GLOBEX_KEY ?? "" };
    await oracle.check({
      goodRequest: (agent) => request(gateway.url("/known", "plain"), { agent, headers }),
      secrets: Object.values(gateway.env),
    });
  });
});

test("both engines know the same callers", async () => {
  const shows = (path: string, ...san: string[]) =>
    `request: { path: ${path}, certificate: { san: ${JSON.stringify(san)} } }`;
  await passOnBoth(policy("/etc/tls"), [
    `${shows("/known", ACME)}, expect: { status: 200, upstream: { service: orders, headers: { x-consumer: acme } } }`,
    `${shows("/known", "a.test", ACME, "b.test")}, expect: { status: 200, upstream: { service: orders, headers: { x-consumer: acme } } }`,
    `${shows("/known", "GLOBEX.test")}, expect: { status: 200, upstream: { service: orders, headers: { x-consumer: globex } } }`,
    `${shows("/known", "globex.test", "b.test")}, expect: { status: 401, decidedBy: known }`,
    `${shows("/known", ACME, "spiffe://shop.test/b")}, expect: { status: 401, decidedBy: known }`,
    `${shows("/known")}, expect: { status: 401, decidedBy: known }`,
    "request: { path: /known }, expect: { status: 401, decidedBy: known }",
    "as: acme, request: { path: /known }, expect: { status: 200, upstream: { service: orders, headers: { x-consumer: acme, x-consumer-tier: gold } } }",
    `request: { path: /known, headers: { x-api-key: wrong }, certificate: { san: ["${ACME}"] } }, expect: { status: 401, decidedBy: known }`,
    `${shows("/ours", "spiffe://shop.test/x")}, expect: { status: 200 }`,
    `${shows("/ours", "spiffe://shop.test/x", "spiffe://shop.test/y")}, expect: { status: 403, decidedBy: ours }`,
    "request: { path: /ours }, expect: { status: 403, decidedBy: ours }",
    'as: acme, request: { path: "/signed/a?x=1", method: POST, body: hi }, expect: { status: 200, upstream: { service: orders, headers: { x-consumer: acme, signature: false, signature-input: false } } }',
    "as: acme, request: { path: /signed/../signed/a }, expect: { status: 401, decidedBy: signed }",
    'request: { path: /signed/a, headers: { signature-input: "a=()", signature: "a=:YQ==:" } }, expect: { status: 401, decidedBy: signed }',
    `steps: [{ ${shows("/each", ACME)}, expect: { status: 200 } }, { ${shows("/each", ACME)}, expect: { status: 429 } }, { ${shows("/each", "b.test")}, expect: { status: 200 } }]`,
  ]);
});
