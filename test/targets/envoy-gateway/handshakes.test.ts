import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { workFolder } from "../../../compiler/cli/envoy.js";
import { packageRoot } from "../../../compiler/cli/files.js";
import { loadTestFile } from "../../../compiler/index.js";
import type { Json, JsonObject } from "../../../compiler/plan/plan.js";
import { issue, type KeyedCertificate, makeAuthority } from "../../../compiler/runtime/certificates.js";
import { type RunningEnvoy, startEnvoy } from "../../../compiler/runtime/process.js";
import { type SecureService, secureGet, secureService } from "../../e2e/support/tls.js";
import { requireEnvoy } from "../../support/envoy.js";
import { changing, movedCluster, readTranslated } from "../../support/envoy-gateway/stored.js";
import { request } from "../../support/http.js";

// What Envoy Gateway made of TLS, in real handshakes. Services look at what they are asked for, in which version of HTTP, and what they are
// shown; one that somebody else vouches for gets no request. Clients are asked for certificates.

const SERVICES = [
  ["known", { httpVersion: "1.1", servername: "known.example.com", client: undefined }],
  ["chosen", { httpVersion: "2.0", servername: "chosen.example.com", client: undefined }],
  ["shown", { httpVersion: "1.1", servername: "shown.internal", client: "gateway" }],
  ["fast", { httpVersion: "2.0", servername: "fast.example.com", client: "gateway" }],
  // A Service of the cluster chooses the version.
  ["local", { httpVersion: "2.0", servername: "local.internal", client: undefined }],
] as const;

const stored = readTranslated("secured");
let authority: KeyedCertificate;
let strangers: KeyedCertificate;
let work: Awaited<ReturnType<typeof workFolder>>;
beforeAll(async () => {
  authority = await makeAuthority("tests");
  strangers = await makeAuthority("strangers");
  work = await workFolder();
});
afterAll(() => work?.remove());

/** An Envoy that leads `/<service>` to a cluster of that service alone; all of them are at one port. */
function envoyTo(port: number): Promise<RunningEnvoy> {
  const folder = join(packageRoot(), "test/targets/envoy-gateway/policies/secured");
  const plan = loadTestFile(join(folder, "policy.test.yaml"))?.ready?.plan;
  if (plan === undefined) throw new Error("there are no tests");
  const ports = new Map(plan.services.map(({ name }) => [name, port]));
  const clusters = stored.clusters.map((cluster) => movedCluster(stored, cluster, plan, ports));
  const routes = SERVICES.map(([name]) => {
    const own = `"name":"${name === "local" ? name : `secured-${name}`}"`;
    const found = clusters.find(({ loadAssignment = null }) => {
      const text = JSON.stringify(loadAssignment);
      return text.includes(own) && text.match(/"kind":"(Backend|Service)"/g)?.length === 1;
    });
    return { match: { path: `/${name}` }, route: { cluster: found?.name ?? "none" } };
  });
  return envoyWith({ listeners: [listener("public", routes, {})], clusters });
}

/** An Envoy with the certificates that Envoy Gateway gives it, of Secrets and ConfigMaps, or of the system. */
async function envoyWith(resources: { listeners: JsonObject[]; clusters: JsonObject[] }): Promise<RunningEnvoy> {
  const gateway = await issue(authority, { name: "gateway", names: ["gw.test"], usage: "client" });
  const shop = await issue(authority, { name: "shop", names: ["shop.test"], usage: "server" });
  const secrets = new Map<string, JsonObject>();
  // Without a place to ask for it, a name is that of a secret beside it.
  const named = (value: Json, secret: JsonObject) => {
    const { name } = z.looseObject({ name: z.string() }).parse(value);
    secrets.set(name, { name, ...secret });
    return { name };
  };
  const staticResources = changing(resources, (value) => {
    const { tlsCertificateSdsSecretConfigs: own, validationContextSdsSecretConfig: trusted, ...rest } = value;
    const pair = "alpnProtocols" in value && JSON.stringify(own ?? null).includes("-certificate") ? shop : gateway;
    const tlsCertificate = {
      certificateChain: { inlineString: pair.certificate },
      privateKey: { inlineString: pair.key },
    };
    const validationContext = { trustedCa: { inlineString: authority.certificate } };
    return {
      ...rest,
      ...(Array.isArray(own)
        ? { tlsCertificateSdsSecretConfigs: own.map((one) => named(one, { tlsCertificate })) }
        : {}),
      ...(trusted === undefined ? {} : { validationContextSdsSecretConfig: named(trusted, { validationContext }) }),
    };
  });
  return startEnvoy({
    envoy: await requireEnvoy(),
    workDir: work.path,
    configText: JSON.stringify({ staticResources: { ...staticResources, secrets: [...secrets.values()] } }),
    concurrency: 1,
  });
}

function listener(name: string, routes: JsonObject[], chain: JsonObject): JsonObject {
  const extensions = "type.googleapis.com/envoy.extensions.filters";
  const manager = {
    "@type": `${extensions}.network.http_connection_manager.v3.HttpConnectionManager`,
    statPrefix: name,
    routeConfig: { virtualHosts: [{ name: "all", domains: ["*"], routes }] },
    httpFilters: [{ name: "router", typedConfig: { "@type": `${extensions}.http.router.v3.Router` } }],
  };
  return {
    name,
    address: { socketAddress: { address: "127.0.0.1", portValue: 0 } },
    filterChains: [{ ...chain, filters: [{ name: "http", typedConfig: manager }] }],
  };
}

async function portOf(envoy: RunningEnvoy, listener: string): Promise<number> {
  return (await envoy.listeners()).find(({ name }) => name === listener)?.port ?? 0;
}

async function answerOf(envoy: RunningEnvoy, path: string): Promise<number> {
  return (await request(`http://127.0.0.1:${await portOf(envoy, "public")}/${path}`)).status;
}

function serviceCertificate(signer: KeyedCertificate): Promise<KeyedCertificate> {
  return issue(signer, { name: "service", names: SERVICES.map(([, { servername }]) => servername), usage: "server" });
}

describe("services that are what they say", () => {
  let service: SecureService;
  let envoy: RunningEnvoy;
  beforeAll(async () => {
    const asks = { requestCert: true, rejectUnauthorized: false, ca: authority.certificate };
    service = await secureService(await serviceCertificate(authority), asks);
    envoy = await envoyTo(service.port);
  });
  afterAll(async () => {
    await envoy?.stop();
    await service?.close();
  });

  it.each(SERVICES)("%s is asked, and shown, what the policy says", async (name, seen) => {
    service.seen.length = 0;
    expect(await answerOf(envoy, name)).toBe(200);
    expect(service.seen).toEqual([seen]);
  });
});

it("services that others vouch for get no request", async () => {
  const service = await secureService(await serviceCertificate(strangers));
  const envoy = await envoyTo(service.port);
  try {
    for (const [name] of SERVICES) expect(await answerOf(envoy, name), name).toBe(503);
    expect(service.seen).toEqual([]);
  } finally {
    await envoy.stop();
    await service.close();
  }
});

describe("clients", () => {
  const chains = z.looseObject({
    name: z.string(),
    filterChains: z.array(z.looseObject({ transportSocket: z.json() })),
  });
  let envoy: RunningEnvoy;
  beforeAll(async () => {
    const listeners = ["public", "partners"].map((name) => {
      const made = stored.listeners.find((one) => one.name === `default/secured/${name}`);
      const { transportSocket } = chains.parse(made).filterChains[0] ?? {};
      return listener(name, [{ match: { prefix: "/" }, directResponse: { status: 204 } }], {
        transportSocket: transportSocket ?? null,
      });
    });
    envoy = await envoyWith({ listeners, clusters: [] });
  });
  afterAll(() => envoy?.stop());

  it.each([
    ["public", undefined, false],
    ["public", "authority", true],
    ["public", "strangers", false],
    ["partners", undefined, true],
    ["partners", "authority", true],
    ["partners", "strangers", false],
  ] as const)("of %s with a certificate of %s get an answer: %s", async (name, signer, isTaken) => {
    const client = { name: "client", names: ["client.test"], usage: "client" } as const;
    const own = signer === undefined ? undefined : await issue(signer === "authority" ? authority : strangers, client);
    const shown = own === undefined ? {} : { cert: own.certificate, key: own.key };
    const answer = secureGet(await portOf(envoy, name), "/", { ca: authority.certificate, ...shown });
    if (isTaken) await expect(answer).resolves.toMatchObject({ status: 204 });
    else await expect(answer).rejects.toThrow();
  });
});
