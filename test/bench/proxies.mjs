import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { findEnvoy } from "../../dist/compiler/runtime/find.js";
import { startEnvoy } from "../../dist/compiler/runtime/process.js";
import { pin, startScript } from "./processes.mjs";
import { bootstrapText, EXT_AUTHZ, upstreamText } from "./variants.mjs";

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
 */
export async function startBackends(envoy, names) {
  const workDir = mkdtempSync(join(tmpdir(), "sluice-bench-"));
  symlinkSync(MODULES, join(workDir, "modules"));
  const upstream = await startEnvoy({ envoy, workDir, configText: upstreamText(), concurrency: 1 });
  pin(upstream.pid, { measured: false });
  const [listener] = await upstream.listeners();
  const authorization = names.includes(EXT_AUTHZ) ? startScript("ext-authz.mjs") : undefined;
  const authorizationPort = authorization === undefined ? undefined : (await authorization.next()).port;
  return {
    places: { upstreamPort: listener.port, authorizationPort, modulesDir: "modules" },
    workDir,
    /** By the variant that their time counts for; `upstream` is none. */
    processes: { upstream: upstream.pid, ...(authorization === undefined ? {} : { [EXT_AUTHZ]: authorization.pid }) },
    async stop() {
      authorization?.stop();
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
