import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { GatewayPlan } from "../../plan/plan.js";
import type { EnvoyBinary } from "../../runtime/find.js";
import { startEnvoy } from "../../runtime/process.js";
import { emitEnvoy } from "../../targets/envoy/emit.js";
import { DEFAULT_OPTIONS } from "../../targets/envoy/options.js";
import { workFolder } from "../envoy.js";
import { EnvironmentError } from "../exit.js";
import { startEmbedded } from "../run/embedded.js";
import type { EchoServer } from "./echo-server.js";
import type { TourOptions } from "./tour.js";

/** The quickstart being served, by whatever could be had. */
export interface DemoGateway {
  url: string;
  /** Of Envoy only. */
  adminUrl?: string;
  /** Such as `Envoy 1.40.0, 2 workers`. */
  engine: string;
  logged: TourOptions["logged"];
  /** Settles if it ends by itself. */
  exited: Promise<unknown>;
  stop(): Promise<void>;
}

interface Parts {
  plan: GatewayPlan;
  servers: readonly EchoServer[];
  keys: Readonly<Record<string, string>>;
}

const WORKERS = 2;
const FREE = { address: "127.0.0.1", port: 0 };

/** @throws EnvoyStartError */
export async function demoInEnvoy({ plan, servers, keys }: Parts, envoy: EnvoyBinary): Promise<DemoGateway> {
  const work = await workFolder();
  const decisions = join(work.path, "decisions.jsonl");
  const { artifacts } = emitEnvoy(plan, {
    ...DEFAULT_OPTIONS,
    admin: FREE,
    listeners: anywhere(plan),
    endpoints: endpoints(servers),
    accessLog: decisions,
  });
  try {
    const [bootstrap] = artifacts;
    if (bootstrap === undefined) throw new EnvironmentError("the target gave no configuration");
    const running = await startEnvoy({
      envoy,
      workDir: work.path,
      configText: bootstrap.contents,
      concurrency: WORKERS,
      env: keys,
      accessLogFlushMs: 20,
    });
    return {
      url: urlOf(await running.listeners()),
      adminUrl: running.adminUrl,
      engine: `Envoy ${envoy.version}, ${WORKERS} workers`,
      logged: (number) => lineOf(decisions, number),
      exited: running.exited,
      async stop() {
        await running.stop();
        await work.remove();
      },
    };
  } catch (error) {
    await work.remove();
    throw error;
  }
}

/** The same in the embedded host. */
export async function demoEmbedded({ plan, servers, keys }: Parts): Promise<DemoGateway> {
  const lines: string[] = [];
  const server = await startEmbedded(plan, keys, {
    listeners: anywhere(plan),
    endpoints: endpoints(servers),
    onAccess: (line) => void lines.push(line),
  });
  return {
    url: urlOf(server.listeners()),
    engine: "the embedded host, without Envoy",
    logged: async (number) => lines[number],
    exited: new Promise(() => {}),
    stop: () => server.stop(),
  };
}

function anywhere(plan: GatewayPlan): Record<string, typeof FREE> {
  return Object.fromEntries(plan.listeners.map((listener) => [listener.name, FREE]));
}

function endpoints(servers: readonly EchoServer[]): Record<string, { host: string; port: number }[]> {
  return Object.fromEntries(servers.map(({ name, port }) => [name, [{ host: "127.0.0.1", port }]]));
}

function urlOf([listener]: readonly { address: string; port: number }[]): string {
  if (listener === undefined) throw new EnvironmentError("there is no listener");
  return `http://${listener.address}:${listener.port}`;
}

async function lineOf(path: string, number: number): Promise<string | undefined> {
  const lines = (await readFile(path, "utf8").catch(() => "")).split("\n");
  // The last element is what stands after the last line break: a line that is not complete yet.
  return number < lines.length - 1 ? lines[number] : undefined;
}
