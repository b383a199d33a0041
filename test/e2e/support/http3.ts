import { spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { createServer } from "node:net";
import { join } from "node:path";
import { z } from "zod";
import { packageRoot } from "../../../compiler/cli/files.js";
import { pythonPackages } from "../../soap/servers/prepare.js";

const FOLDER = join(packageRoot(), "test/e2e/support");

export interface Http3Request {
  method?: string;
  path: string;
  headers?: Readonly<Record<string, string>>;
  body?: string;
}

const answer = z.object({ status: z.number(), headers: z.record(z.string(), z.string()), text: z.string() });
export type Http3Answer = z.infer<typeof answer>;

/**
 * Sends requests over one connection of QUIC, by a Python client, and gives the answers. Rejects with its words if it cannot connect.
 *
 * @param to the port on 127.0.0.1, the name that is asked for, and a file with authorities; and files of a certificate and its key, to be shown
 */
export async function askHttp3(
  to: { port: number; name: string; ca: string; own?: readonly [certificate: string, key: string] },
  requests: readonly Http3Request[],
): Promise<Http3Answer[]> {
  const { python, packages } = await pythonPackages("http3", join(FOLDER, "http3.requirements.txt"));
  const child = spawn(python, [join(FOLDER, "http3.py"), String(to.port), to.name, to.ca, ...(to.own ?? [])], {
    env: { ...process.env, PYTHONPATH: packages },
    stdio: ["pipe", "pipe", "pipe"],
  });
  let [stdout, stderr] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const lines = requests.map(({ method = "GET", path, headers = {}, body = "" }) =>
    JSON.stringify({ method, path, headers: { host: to.name, ...headers }, body }),
  );
  child.stdin.end(`${lines.join("\n")}\n`);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  if (code !== 0) throw new Error(stderr.trimEnd().split("\n").at(-1) ?? "");
  return stdout
    .trimEnd()
    .split("\n")
    .map((line) => answer.parse(JSON.parse(line)));
}

/** A port of 127.0.0.1 that is free over TCP and over UDP. */
export async function freePort(): Promise<number> {
  for (;;) {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const bound = server.address();
    const port = bound === null || typeof bound === "string" ? 0 : bound.port;
    const socket = createSocket("udp4");
    const isFree = await new Promise<boolean>((resolve) => {
      socket.once("error", () => resolve(false));
      socket.bind(port, "127.0.0.1", () => resolve(true));
    });
    await new Promise<void>((resolve) => server.close(() => resolve()));
    if (isFree) await new Promise<void>((resolve) => socket.close(() => resolve()));
    if (isFree) return port;
  }
}
