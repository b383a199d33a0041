import { mkdtemp, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { GatewayPlan } from "../../../compiler/plan/plan.js";
import { REDIS_SOCKET, type RunningLimits, startLimits } from "../../../compiler/runtime/limits.js";
import { limitServiceText } from "../../../compiler/targets/envoy/limit-service.js";
import { freePort } from "../../e2e/support/http3.js";
import { prepareLimits } from "./prepare.js";

/** What tests need when they start it: the first time it is built. Milliseconds. */
export const START_TIMEOUT_MS = 10 * 60_000;

/** The ratelimit service of Envoy with the configuration of a plan, on a Redis of its own. */
export interface RealLimits extends RunningLimits {
  readonly port: number;
  /** What has been counted, by key: the count and the seconds for which it is kept. */
  counted(): Promise<Map<string, { count: number; seconds: number }>>;
}

export async function startRealLimits(plan: GatewayPlan): Promise<RealLimits> {
  const programs = await prepareLimits();
  const port = await freePort();
  const folder = await mkdtemp(join(tmpdir(), "sluice-limits-"));
  const clear = () => rm(folder, { recursive: true, force: true });
  try {
    const running = await startLimits(programs, { host: "127.0.0.1", port }, folder, limitServiceText(plan) ?? "");
    const ask = (command: string) => redis(join(folder, REDIS_SOCKET), command);
    return {
      ...running,
      port,
      async counted() {
        const counted = new Map<string, { count: number; seconds: number }>();
        for (const key of await ask("KEYS *")) {
          const [count] = await ask(`GET ${JSON.stringify(key)}`);
          const [seconds] = await ask(`TTL ${JSON.stringify(key)}`);
          counted.set(key, { count: Number(count), seconds: Number(seconds) });
        }
        return counted;
      },
      async stop() {
        await running.stop();
        await clear();
      },
    };
  } catch (error) {
    await clear();
    throw error;
  }
}

/** One inline command; the values of its answer, whatever they are (RESP 2). */
function redis(path: string, command: string): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const socket = connect(path, () => socket.write(`${command}\r\nQUIT\r\n`));
    let text = "";
    socket.setEncoding("utf8").on("data", (part: string) => {
      text += part;
    });
    socket.once("error", reject);
    socket.once("close", () => {
      const lines = text.split("\r\n").slice(0, -2);
      if (text.startsWith("-")) reject(new Error(text));
      else if (text.startsWith(":")) resolve([(lines[0] ?? "").slice(1)]);
      else resolve(lines.filter((line) => !/^[*$]\d+$/.test(line)));
    });
  });
}
