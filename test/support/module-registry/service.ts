import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { runCommand } from "../../../compiler/runtime/command.js";
import { prepareRegistry } from "./prepare.js";

/** What tests need when they start it: the first time it is built. Milliseconds. */
export const START_TIMEOUT_MS = 30 * 60_000;

const outcomeSchema = z.object({
  url: z.string(),
  fetcher: z.enum(["istio", "envoy-gateway"]),
  /** Of the module. */
  sha256: z.string().optional(),
  error: z.string().optional(),
});
export type FetchOutcome = z.infer<typeof outcomeSchema>;

export interface RealRegistry {
  /** `127.0.0.1:` and a port. */
  readonly host: string;
  /**
   * Fetches each module by each fetcher, as a cluster does.
   *
   * @param urls each with `#` and the `sha256` of a resource behind it, if it has one
   */
  fetch(urls: readonly string[]): Promise<FetchOutcome[]>;
  stop(): Promise<void>;
}

/** `tester` and `secret-of-a-test`, by bcrypt. */
const PASSWORDS = "tester:$2a$04$vOX3diee/urXurRv6nHYE.n6m8bc3NOCSyqRhJm9k/o/gaIVluCnO\n";

/**
 * @param users true if it asks for the password of `tester`
 * @param tls files of a certificate for 127.0.0.1 and its key
 */
export async function startRegistry({
  users = false,
  tls,
}: {
  users?: boolean;
  tls?: { certificate: string; key: string };
} = {}): Promise<RealRegistry> {
  const programs = await prepareRegistry();
  const folder = await mkdtemp(join(tmpdir(), "sluice-registry-"));
  await writeFile(join(folder, "passwords"), PASSWORDS);
  const auth = users ? { auth: { htpasswd: { realm: "test", path: join(folder, "passwords") } } } : {};
  const secured = tls === undefined ? {} : { tls };
  const config = {
    version: "0.1",
    storage: { inmemory: {} },
    http: { addr: "127.0.0.1:0", secret: "test", ...secured },
    ...auth,
  };
  // JSON is YAML too.
  await writeFile(join(folder, "config.yaml"), JSON.stringify(config));
  const child = spawn(programs.registry, ["serve", join(folder, "config.yaml")], {
    env: { PATH: process.env.PATH, OTEL_TRACES_EXPORTER: "none" },
    stdio: ["ignore", "ignore", "pipe"],
  });
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const clear = async () => {
    child.kill("SIGKILL");
    await ended;
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const host = await new Promise<string>((resolve, reject) => {
      let said = "";
      child.stderr.setEncoding("utf8").on("data", (text: string) => {
        said += text;
        const [, found] = /listening on (127\.0\.0\.1:\d+)/.exec(said) ?? [];
        if (found !== undefined) resolve(found);
      });
      child.once("error", reject);
      child.once("close", () => reject(new Error(`the registry ended: ${said}`)));
    });
    return { host, fetch: (urls) => fetched(programs.fetchers, urls), stop: clear };
  } catch (error) {
    await clear();
    throw error;
  }
}

async function fetched(program: string, urls: readonly string[]): Promise<FetchOutcome[]> {
  const result = await runCommand(program, urls, { timeoutMs: 60_000 });
  if (result.kind !== "ended" || result.code !== 0) throw new Error(`${program} failed: ${JSON.stringify(result)}`);
  // Istio logs to standard output, too.
  return result.stdout
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => outcomeSchema.parse(JSON.parse(line)));
}
