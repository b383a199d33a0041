import { rmSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { environmentVariables } from "../plan/guard.js";
import type { GatewayPlan } from "../plan/plan.js";
import { clearWithParent } from "../runtime/children.js";
import { type EnvoyBinary, type EnvoySearch, findEnvoy } from "../runtime/find.js";
import { type EnvoyImage, findEnvoyImage } from "../runtime/image.js";
import { installEnvoy } from "../runtime/install.js";
import { moduleNames } from "../wasm/contracts.js";
import { EnvironmentError } from "./exit.js";
import { moduleBytes } from "./files.js";

/**
 * The Envoy of this machine; fetches it into the cache if there is none.
 * @param instead a sentence about what can be done without one
 * @throws EnvironmentError that says how to get one
 */
export async function requireEnvoy(instead = ""): Promise<EnvoyBinary> {
  const search = await obtainEnvoy();
  if (search.ok) return search.envoy;
  const { message, fix } = search.problem;
  throw new EnvironmentError(`${message}\n  fix: ${fix}${instead === "" ? "" : `\n  ${instead}`}`);
}

/** The same, with the reason if there is none and none can be fetched. */
export async function obtainEnvoy(): Promise<EnvoySearch> {
  const found = await findEnvoy();
  if (found.ok || found.problem.code !== "not-found") return found;
  return installEnvoy({ onProgress: (line) => process.stderr.write(`${line}\n`) });
}

/** The image that Envoy runs from; nothing is pulled. */
export async function requireEnvoyImage(): Promise<EnvoyImage> {
  const found = await findEnvoyImage();
  if (found.ok) return found.envoy;
  throw new EnvironmentError(`${found.problem.message}\n  fix: ${found.problem.fix}`);
}

/**
 * A folder for Envoy to run in, with the modules in it, each held to its pin. `remove` takes it away again; so does the end of this
 * process, however it comes.
 */
export async function workFolder(): Promise<{ path: string; remove(): Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), "sluice-run-"));
  const forget = clearWithParent(() => rmSync(path, { recursive: true, force: true }));
  const remove = async () => {
    await rm(path, { recursive: true, force: true });
    forget();
  };
  try {
    await mkdir(join(path, "modules"));
    for (const name of moduleNames)
      await writeFile(join(path, "modules", `${name}.wasm`), await moduleBytes(`${name}.wasm`));
  } catch (error) {
    await remove();
    throw error;
  }
  return { path, remove };
}

/** The secrets that a policy refers to, out of this process's environment. */
export function secretsOf(plan: GatewayPlan): Record<string, string> {
  const names = environmentVariables(plan);
  const absent = names.filter((name) => (process.env[name] ?? "") === "");
  if (absent.length > 0)
    throw new EnvironmentError(
      `the policy refers to ${absent.map((name) => `env:${name}`).join(", ")}, which ${absent.length === 1 ? "is" : "are"} not set`,
    );
  return Object.fromEntries(names.map((name) => [name, process.env[name] ?? ""]));
}

/** A signal so soon after another one is the same wish: `npm` hands on what the terminal has sent to all. Milliseconds. */
const SAME_WISH_MS = 200;

/**
 * Settles when the user asks to end with Ctrl-C or the process is told to, so many times. From the call on the process no
 * longer ends by itself on these signals, however many come: whoever waits clears away first.
 */
export function interrupted(times = 1): Promise<void> {
  return new Promise((resolve) => {
    let wishes = 0;
    let latest = Number.NEGATIVE_INFINITY;
    const onSignal = () => {
      const now = performance.now();
      if (now - latest < SAME_WISH_MS) return;
      latest = now;
      if (++wishes === times) resolve();
    };
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, onSignal);
  });
}
