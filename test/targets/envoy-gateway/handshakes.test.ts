import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { workFolder } from "../../../compiler/cli/envoy.js";
import { packageRoot } from "../../../compiler/cli/files.js";
import { loadTestFile } from "../../../compiler/index.js";
import type { Json } from "../../../compiler/plan/plan.js";
import { issue, type KeyedCertificate, makeAuthority } from "../../../compiler/runtime/certificates.js";
import { type RunningEnvoy, startEnvoy } from "../../../compiler/runtime/process.js";
import { type SecureService, secureService } from "../../e2e/support/tls.js";
import { requireEnvoy } from "../../support/envoy.js";
import { changing, movedCluster, readTranslated } from "../../support/envoy-gateway/stored.js";
import { request } from "../../support/http.js";

// The clusters that Envoy Gateway made, and services that look at the handshake: what they are asked for, in which version of HTTP, what they
// are shown, and whether one that somebody else vouches for gets a request.

const SERVICES = [
  ["known", { httpVersion: "1.1", servername: "known.example.com", client: undefined }],
  ["chosen", { httpVersion: "2.0", servername: "chosen.example.com", client: undefined }],
  ["shown", { httpVersion: "1.1", servername: "shown.internal", client: "gateway" }],
  ["fast", { httpVersion: "2.0", servername: "fast.example.com", client: "gateway" }],
  // A Service of the cluster chooses the version.
  ["local", { httpVersion: "2.0", servername: "local.internal", client: undefined }],
] as const;

let authority: KeyedCertificate;
let work: Awaited<ReturnType<typeof workFolder>>;
beforeAll(async () => {
  authority = await makeAuthority("tests");
  work = await workFolder();
});
afterAll(() => work?.remove());

function certificateOf(signer: KeyedCertificate): Promise<KeyedCertificate> {
  return issue(signer, { name: "service", names: SERVICES.map(([, { servername }]) => servername), usage: "server" });
}

/** An Envoy that leads `/<service>` to the clusters of that service alone, all at one port. */
async function envoyTo(port: number): Promise<RunningEnvoy> {
  const folder = join(packageRoot(), "test/targets/envoy-gateway/policies/secured");
  const plan = loadTestFile(join(folder, "policy.test.yaml"))?.ready?.plan;
  if (plan === undefined) throw new Error("there are no tests");
  const stored = readTranslated("secured");
  const ports = new Map(plan.services.map(({ name }) => [name, port]));
  const clusters = stored.clusters.map((cluster) => movedCluster(stored, cluster, plan, ports));
  const names = SERVICES.map(([name]) => {
    const own = `"name":"${name === "local" ? name : `secured-${name}`}"`;
    const found = clusters.filter(({ loadAssignment = null }) => {
      const text = JSON.stringify(loadAssignment);
      return text.includes(own) && text.match(/"kind":"(Backend|Service)"/g)?.length === 1;
    });
    return [name, String(found[0]?.name)] as const;
  });
  return startEnvoy({
    envoy: await requireEnvoy(),
    workDir: work.path,
    configText: JSON.stringify({
      staticResources: {
        listeners: [listener(names)],
        // A name alone is that of a secret beside them.
        clusters: clusters.map((cluster) =>
          changing(cluster, ({ sdsConfig, ...rest }) => (sdsConfig === undefined ? rest : { name: rest.name ?? null })),
        ),
        secrets: await secrets(JSON.stringify(clusters)),
      },
    }),
    concurrency: 1,
  });
}

function listener(clusters: readonly (readonly [string, string])[]): Json {
  const routes = clusters.map(([name, cluster]) => ({ match: { path: `/${name}` }, route: { cluster } }));
  const manager = {
    "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
    statPrefix: "public",
    routeConfig: { virtualHosts: [{ name: "all", domains: ["*"], routes }] },
    httpFilters: [
      {
        name: "router",
        typedConfig: { "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router" },
      },
    ],
  };
  return {
    name: "public",
    address: { socketAddress: { address: "127.0.0.1", portValue: 0 } },
    filterChains: [{ filters: [{ name: "http", typedConfig: manager }] }],
  };
}

/** What Envoy Gateway gives proxies of the Secrets and ConfigMaps, and of the authorities of the system. */
async function secrets(clusters: string): Promise<Json> {
  const { certificate, key } = await issue(authority, { name: "gateway", names: ["gw.test"], usage: "client" });
  const named = (expression: RegExp) => [...new Set(clusters.match(expression))].map((one) => one.replaceAll('"', ""));
  return [
    ...named(/"(secured-[a-z]+\/default-ca|system_ca_certificates)"/g).map((name) => ({
      name,
      validationContext: { trustedCa: { inlineString: authority.certificate } },
    })),
    ...named(/"default\/secured-[a-z]+-client"/g).map((name) => ({
      name,
      tlsCertificate: { certificateChain: { inlineString: certificate }, privateKey: { inlineString: key } },
    })),
  ];
}

async function answerOf(envoy: RunningEnvoy, path: string): Promise<number> {
  const port = (await envoy.listeners())[0]?.port ?? 0;
  return (await request(`http://127.0.0.1:${port}/${path}`)).status;
}

describe("services that are what they say", () => {
  let service: SecureService;
  let envoy: RunningEnvoy;
  beforeAll(async () => {
    const asks = { requestCert: true, rejectUnauthorized: false, ca: authority.certificate };
    service = await secureService(await certificateOf(authority), asks);
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
  const service = await secureService(await certificateOf(await makeAuthority("strangers")));
  const envoy = await envoyTo(service.port);
  try {
    for (const [name] of SERVICES) expect(await answerOf(envoy, name), name).toBe(503);
    expect(service.seen).toEqual([]);
  } finally {
    await envoy.stop();
    await service.close();
  }
});
