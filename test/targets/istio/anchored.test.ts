import { mkdtemp } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { workFolder } from "../../../compiler/cli/envoy.js";
import { packageRoot } from "../../../compiler/cli/files.js";
import { check } from "../../../compiler/index.js";
import { startEnvoy } from "../../../compiler/runtime/process.js";
import { withTestKeys } from "../../../compiler/testing/credentials.js";
import { sendOverWire } from "../../../compiler/testing/envoy/client.js";
import { requireEnvoy } from "../../support/envoy.js";
import { type Translation, translatedBootstrap, translationOf, withFilters } from "../../support/istio.js";
import { startUpstream, type Upstream } from "../../support/upstream.js";

// A resource that is not in force, as its labels or its namespace are wrong: nobody is told, and no request may come to a service.

const GUARD = /^extensions\.istio\.io\//;

let service: Upstream;
beforeAll(async () => {
  service = await startUpstream({ status: 200 });
});
afterAll(() => service.close());

/** Statuses of requests that are all well, for everybody or with a key, and of one that a client has anchored itself. */
async function answers(translation: Translation): Promise<number[]> {
  const { plan } = check(join(packageRoot(), "examples", "istio", "policy.yaml"));
  const [listener] = plan?.listeners ?? [];
  if (plan === undefined || listener === undefined) throw new Error("the example has no listener");
  const keyed = withTestKeys(plan);
  const work = await workFolder();
  try {
    const accessLog = join(await mkdtemp(join(work.path, "log-")), "decisions.jsonl");
    const services = new Map(plan.services.map(({ name }) => [name, service.port]));
    const replica = { name: "case-1", plan: keyed.plan, listener };
    const envoy = await startEnvoy({
      envoy: await requireEnvoy(),
      workDir: work.path,
      configText: translatedBootstrap(translation)([replica], { services, accessLog }),
      env: keyed.environment,
      concurrency: 1,
    });
    try {
      const port = (await envoy.listeners())[0]?.port ?? 0;
      const send = async (target: string, headers: [string, string][] = []) => {
        const client = { method: "GET", target, host: "localhost", source: "192.0.2.7", headers, time: Date.now() };
        return (await sendOverWire(port, { client, body: new Uint8Array(0) }, 40_000)).status;
      };
      const key: [string, string] = ["x-api-key", keyed.environment.ACME_KEY ?? ""];
      return [
        await send("/healthz"),
        await send("/catalogue/1"),
        await send("/orders/7", [key]),
        await send("/orders/7", [key, ["x-sluice-anchor", "elsewhere"]]),
      ];
    } finally {
      await envoy.stop();
    }
  } finally {
    await work.remove();
  }
}

describe("the example for Istio", () => {
  it("serves with all of it", async () => {
    expect(await answers(translationOf("istio"))).toEqual([200, 200, 200, 200]);
  });

  it("serves nobody without the module", async () => {
    const before = service.received.length;
    expect(await answers(withFilters(translationOf("istio"), ({ name }) => !GUARD.test(name)))).toEqual([
      403, 403, 403, 403,
    ]);
    expect(service.received.length).toBe(before);
  });

  it("serves nobody without the EnvoyFilter", async () => {
    const before = service.received.length;
    const unpatched = withFilters(translationOf("istio"), ({ name }) => !name.startsWith("sluice."), false);
    expect(await answers(unpatched)).toEqual([403, 403, 403, 403]);
    expect(service.received.length).toBe(before);
  });

  it("serves nobody without both", async () => {
    const before = service.received.length;
    const bare = withFilters(
      translationOf("istio"),
      ({ name }) => !name.startsWith("sluice.") && !GUARD.test(name),
      false,
    );
    expect(await answers(bare)).toEqual([503, 503, 503, 503]);
    expect(service.received.length).toBe(before);
  });
});
