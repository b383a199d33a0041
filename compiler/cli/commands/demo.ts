import { randomBytes } from "node:crypto";
import { join, relative } from "node:path";
import { check } from "../../index.js";
import { environmentVariables } from "../../plan/guard.js";
import type { GatewayPlan } from "../../plan/plan.js";
import { EnvoyStartError, type RunningEnvoy, startEnvoy } from "../../runtime/process.js";
import { emitEnvoy } from "../../targets/envoy/emit.js";
import { DEFAULT_OPTIONS } from "../../targets/envoy/options.js";
import { type EchoServer, echoServer } from "../demo/echo-server.js";
import { tour } from "../demo/tour.js";
import { interrupted, requireEnvoy, workFolder } from "../envoy.js";
import { EnvironmentError, EXIT } from "../exit.js";
import { packageRoot } from "../files.js";
import { printFindings } from "../print.js";

export interface DemoOptions {
  once?: boolean;
}

const WORKERS = 2;

/** `sluice demo`: the quickstart policy in a real Envoy before two real servers, a tour of it, then for playing. */
export async function demoCommand(options: DemoOptions): Promise<number> {
  const path = join(packageRoot(), "examples", "quickstart", "policy.yaml");
  const { plan, diagnostics } = check(path);
  printFindings(diagnostics, "text");
  if (plan === undefined) return EXIT.findings;
  const envoy = await requireEnvoy();
  const ended = interrupted();
  const work = await workFolder();
  const servers = await Promise.all(plan.services.map((service) => echoServer(service.name)));
  try {
    const keys = demoKeys(plan);
    const running = await start(plan, servers, keys, { envoy, workDir: work.path });
    try {
      const [listener] = await running.listeners();
      if (listener === undefined) throw new EnvironmentError("Envoy has no listener");
      const url = `http://${listener.address}:${listener.port}`;
      process.stdout.write(`${relative(process.cwd(), path)} in Envoy ${envoy.version}, ${WORKERS} workers\n\n`);
      const sound = await tour({ url, keys, decisions: join(work.path, DECISIONS) });
      if (options.once === true) return sound ? EXIT.ok : EXIT.findings;
      process.stdout.write(invitation(url, keys, running.adminUrl));
      await Promise.race([ended, running.exited]);
      return EXIT.ok;
    } finally {
      await running.stop();
    }
  } catch (error) {
    throw error instanceof EnvoyStartError ? new EnvironmentError(error.message) : error;
  } finally {
    await Promise.all(servers.map((server) => server.close()));
    await work.remove();
  }
}

const DECISIONS = "decisions.jsonl";

/** A fresh key for each `env:` reference, so that none is known before the demo runs. */
function demoKeys(plan: GatewayPlan): Record<string, string> {
  const keys = environmentVariables(plan).map((name) => [
    name,
    `${name.toLowerCase().replace(/_key$/, "")}-${randomBytes(6).toString("hex")}`,
  ]);
  return Object.fromEntries(keys);
}

async function start(
  plan: GatewayPlan,
  servers: readonly EchoServer[],
  keys: Record<string, string>,
  where: { envoy: { path: string }; workDir: string },
): Promise<RunningEnvoy> {
  const free = { address: "127.0.0.1", port: 0 };
  const { artifacts } = emitEnvoy(plan, {
    ...DEFAULT_OPTIONS,
    admin: free,
    listeners: Object.fromEntries(plan.listeners.map((listener) => [listener.name, free])),
    endpoints: Object.fromEntries(servers.map((server) => [server.name, [{ host: "127.0.0.1", port: server.port }]])),
    accessLog: join(where.workDir, DECISIONS),
  });
  const [bootstrap] = artifacts;
  if (bootstrap === undefined) throw new EnvironmentError("the target gave no configuration");
  return startEnvoy({
    ...where,
    configText: bootstrap.contents,
    concurrency: WORKERS,
    env: keys,
    accessLogFlushMs: 20,
  });
}

function invitation(url: string, keys: Record<string, string>, adminUrl: string): string {
  const lines = [
    `curl -i ${url}/healthz`,
    `curl -i ${url}/orders/7`,
    ...Object.values(keys).flatMap((key) => [
      `curl -i -H 'x-api-key: ${key}' ${url}/orders/7`,
      `curl -i -H 'x-api-key: ${key}' ${url}/reports/q3`,
    ]),
    `curl -s '${adminUrl}/stats?filter=sluice'`,
  ];
  return `\nTry it:\n${lines.map((line) => `  ${line}\n`).join("")}\nadmin: ${adminUrl}\nCtrl-C ends\n`;
}
