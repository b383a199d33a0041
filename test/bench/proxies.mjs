import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { findEnvoy } from "../../dist/compiler/runtime/find.js";
import { startEnvoy } from "../../dist/compiler/runtime/process.js";
import { pin, startProgram, startScript } from "./processes.mjs";
import { bootstrapText, EXT_AUTHZ, EXT_AUTHZ_GRPC, upstreamText } from "./variants.mjs";
import { CALLS_PER_SECOND, callerLines, LIMIT_NAME } from "./workload.mjs";

const MODULES = fileURLToPath(new URL("../../dist/modules", import.meta.url));

export async function requireEnvoy() {
  const search = await findEnvoy();
  if (!search.ok) throw new Error(`${search.problem.message} ${search.problem.fix}`);
  return search.envoy;
}

/**
 * The servers that stand behind the proxy, on the core that is not measured.
 *
 * @param {{ path: string }} envoy
 * @param {Record<string, string>} built files by variant
 */
export async function startBackends(envoy, names, built) {
  const workDir = mkdtempSync(join(tmpdir(), "sluice-bench-"));
  symlinkSync(MODULES, join(workDir, "modules"));
  const upstream = await startEnvoy({ envoy, workDir, configText: upstreamText(), concurrency: 1 });
  pin(upstream.pid, { measured: false });
  const [listener] = await upstream.listeners();
  const services = new Map();
  const authorizationPorts = {};
  if (names.includes(EXT_AUTHZ)) {
    const service = startScript("ext-authz.mjs");
    services.set(EXT_AUTHZ, service);
    authorizationPorts[EXT_AUTHZ] = (await service.next()).port;
  }
  if (names.includes(EXT_AUTHZ_GRPC)) {
    const service = startProgram(built[EXT_AUTHZ_GRPC], [String(CALLS_PER_SECOND), LIMIT_NAME], callerLines());
    services.set(EXT_AUTHZ_GRPC, service);
    authorizationPorts[EXT_AUTHZ_GRPC] = Number(await service.firstLine);
  }
  return {
    places: { upstreamPort: listener.port, authorizationPorts, modulesDir: "modules", built },
    workDir,
    /** By the variant that their time counts for; `upstream` is none. */
    processes: {
      upstream: upstream.pid,
      ...Object.fromEntries([...services].map(([name, { pid }]) => [name, pid])),
    },
    async stop() {
      for (const service of services.values()) service.stop();
      await upstream.stop();
      rmSync(workDir, { recursive: true, force: true });
    },
  };
}

/** The proxy that is measured: one worker, one listener a variant. */
export async function startProxy(envoy, backends, names, options = {}) {
  const proxy = await startEnvoy({
    envoy,
    workDir: backends.workDir,
    configText: bootstrapText(names, backends.places),
    concurrency: 1,
    ...options,
  });
  pin(proxy.pid, { measured: true });
  const ports = Object.fromEntries((await proxy.listeners()).map(({ name, port }) => [name, port]));
  return { pid: proxy.pid, ports, logText: () => proxy.logText(), stop: () => proxy.stop() };
}
