import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { EnvironmentError } from "../exit.js";

/** What somebody proves to a registry who they are by. Nothing here is ever printed. */
export type Credentials =
  | { readonly kind: "password"; readonly username: string; readonly password: string }
  /** Exchanged for tokens where the registry says. */
  | { readonly kind: "identity"; readonly token: string }
  | { readonly kind: "bearer"; readonly token: string };

const entrySchema = z.object({
  auth: z.string().optional(),
  username: z.string().optional(),
  password: z.string().optional(),
  identitytoken: z.string().optional(),
  registrytoken: z.string().optional(),
});

const configSchema = z.object({
  auths: z.record(z.string(), entrySchema).optional(),
  credHelpers: z.record(z.string(), z.string()).optional(),
  credsStore: z.string().optional(),
});

const answerSchema = z.object({ Username: z.string(), Secret: z.string() });

/**
 * What `docker login` has left for a registry: in the file itself, or with the helper that it names. Nothing if there is no file
 * or it does not know the registry; then the registry is asked by nobody in particular.
 *
 * @throws EnvironmentError if the file cannot be read, or the helper fails
 */
export async function credentialsFor(registry: string, env: NodeJS.ProcessEnv): Promise<Credentials | undefined> {
  const folder = env.DOCKER_CONFIG || join(env.HOME || homedir(), ".docker");
  const path = join(folder, "config.json");
  const text = textOf(path);
  if (text === undefined) return undefined;
  const { auths = {}, credHelpers = {}, credsStore } = configOf(path, text);
  const helper = credHelpers[registry] ?? (credsStore || undefined);
  const asked = helper === undefined ? undefined : await fromHelper(helper, keysOf(registry), env);
  return asked ?? fromEntry(path, keysOf(registry).flatMap((key) => auths[key] ?? [])[0]);
}

/** As Docker and its successors write the key of a registry. */
function keysOf(registry: string): string[] {
  return [registry, `https://${registry}`, `https://${registry}/v1/`, `https://${registry}/v2/`];
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw new EnvironmentError(`${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** The message of a parser would quote the text. */
function configOf(path: string, text: string): z.infer<typeof configSchema> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new EnvironmentError(`${path}: this is not JSON; write it anew by \`docker login\``);
  }
  const { data, error } = configSchema.safeParse(value);
  if (data !== undefined) return data;
  const place = error.issues[0]?.path.slice(0, 2).join(".") ?? "";
  throw new EnvironmentError(`${path}: ${place} is not what Docker writes; write it anew by \`docker login\``);
}

function fromEntry(path: string, entry: z.infer<typeof entrySchema> | undefined): Credentials | undefined {
  if (entry === undefined) return undefined;
  if (entry.registrytoken) return { kind: "bearer", token: entry.registrytoken };
  if (entry.identitytoken) return { kind: "identity", token: entry.identitytoken };
  if (entry.username && entry.password) return { kind: "password", username: entry.username, password: entry.password };
  if (!entry.auth) return undefined;
  const pair = Buffer.from(entry.auth, "base64").toString("utf8");
  const colon = pair.indexOf(":");
  if (colon < 1)
    throw new EnvironmentError(`${path}: an \`auth\` is not a name and a password; write it anew by \`docker login\``);
  return { kind: "password", username: pair.slice(0, colon), password: pair.slice(colon + 1).replace(/\0+$/, "") };
}

const HELPER_TIMEOUT_MS = 60_000;

/** A name stands for a program on PATH; it knows a registry by one of its keys. */
async function fromHelper(
  helper: string,
  keys: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<Credentials | undefined> {
  if (!/^[A-Za-z0-9._-]+$/.test(helper))
    throw new EnvironmentError("a credential helper of the Docker configuration has no name that a program can have");
  const program = `docker-credential-${helper}`;
  for (const key of keys) {
    const { code, stdout } = await answerOf(program, key, env);
    if (code === 0) return credentialsIn(program, stdout);
    // What it says then is on standard output, too, and is the same in all helpers.
    if (!/credentials not found/i.test(stdout))
      throw new EnvironmentError(
        `${program} failed, so there are no credentials for ${keys[0]}; try: echo ${keys[0]} | ${program} get`,
      );
  }
  return undefined;
}

function credentialsIn(program: string, stdout: string): Credentials {
  let value: unknown;
  try {
    value = JSON.parse(stdout);
  } catch {
    value = undefined;
  }
  const { data } = answerSchema.safeParse(value);
  if (data === undefined) throw new EnvironmentError(`${program} gave something else than a name and a secret`);
  return data.Username === "<token>"
    ? { kind: "identity", token: data.Secret }
    : { kind: "password", username: data.Username, password: data.Secret };
}

function answerOf(
  program: string,
  key: string,
  env: NodeJS.ProcessEnv,
): Promise<{ code: number | null; stdout: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, ["get"], { env, stdio: ["pipe", "pipe", "ignore"], timeout: HELPER_TIMEOUT_MS });
    let stdout = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
    });
    child.once("error", (error) =>
      reject(
        new EnvironmentError(`${program}, which the Docker configuration names, cannot be started: ${error.message}`),
      ),
    );
    child.once("close", (code) => resolve({ code, stdout }));
    // A helper may end before it has read all.
    child.stdin.on("error", () => {});
    child.stdin.end(key);
  });
}
