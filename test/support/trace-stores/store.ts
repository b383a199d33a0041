import { type ChildProcess, spawn } from "node:child_process";
import { endWithParent } from "../../../compiler/runtime/children.js";
import { readOtlp } from "../../../compiler/traces/otlp.js";
import type { Span, SpansRead } from "../../../compiler/traces/span.js";
import { readZipkin } from "../../../compiler/traces/zipkin.js";
import { request } from "../http.js";
import { prepareOtlpReceiver, prepareZipkin } from "./prepare.js";

/** Something of others that takes spans and gives them back, in a process of its own, on free ports of 127.0.0.1. */
export interface TraceStore {
  /** Where spans are sent by HTTP. */
  readonly port: number;
  /** What `sluice graph --traces` takes. */
  readonly url: string;
  /** All that is in it, as it says it by its API. */
  text(): Promise<string>;
  /** The same as spans. */
  spans(): Promise<readonly Span[]>;
  stop(): Promise<void>;
}

/** What tests need when they start a store: the first time it is fetched and built. Milliseconds. */
export const START_TIMEOUT_MS = 10 * 60_000;

/** A Zipkin server that keeps spans in memory: `POST /api/v2/spans`. */
export async function startZipkin(): Promise<TraceStore> {
  const jar = await prepareZipkin();
  const settings = ["ip=127.0.0.1", "port=0", "protocols[0]=http"].map((setting) => `--armeria.ports[0].${setting}`);
  const child = start(
    "java",
    ["-XX:TieredStopAtLevel=1", "-Xmx256m", "-jar", jar, "--spring.main.banner-mode=off", ...settings],
    // None of the other storages, whatever the environment of this process says.
    { STORAGE_TYPE: "mem" },
  );
  const [port = 0] = await portsIn(child, [/Serving HTTP at \/127\.0\.0\.1:(\d+)/]);
  const url = `http://127.0.0.1:${port}`;
  // All that memory holds, of any time.
  const all = `${url}/api/v2/traces?limit=1000000&lookback=${Date.now()}`;
  return storeOf({ child, port, url, all, read: readZipkin });
}

/** The OTLP receiver of the OpenTelemetry Collector: `POST /v1/traces` in JSON or protobuf. */
export interface OtlpReceiver extends TraceStore {
  clear(): Promise<void>;
}

export async function startOtlpReceiver(): Promise<OtlpReceiver> {
  const child = start(await prepareOtlpReceiver(), [], {});
  const said = ["Starting HTTP server", "Giving traces back"];
  const [port = 0, reader = 0] = await portsIn(
    child,
    said.map((what) => new RegExp(`"${what}","endpoint":"127\\.0\\.0\\.1:(\\d+)"`)),
  );
  const url = `http://127.0.0.1:${reader}/traces`;
  return {
    ...storeOf({ child, port, url, all: url, read: readOtlp }),
    clear: async () => {
      const { status } = await request(url, { method: "DELETE" });
      if (status !== 204) throw new Error(`DELETE ${url}: ${status}`);
    },
  };
}

interface Parts {
  readonly child: ChildProcess;
  readonly port: number;
  readonly url: string;
  readonly all: string;
  readonly read: (text: string) => SpansRead;
}

function storeOf({ child, port, url, all, read }: Parts): TraceStore {
  const text = async () => {
    const reply = await request(all);
    if (reply.status !== 200) throw new Error(`${all}: ${reply.status} ${reply.text}`);
    return reply.text;
  };
  return {
    port,
    url,
    text,
    spans: async () => {
      const result = read(await text());
      if (result.outcome === "damaged") throw new Error(`${all}: ${result.reason}`);
      return result.spans;
    },
    stop: () =>
      new Promise((resolve) => {
        if (child.exitCode !== null || child.signalCode !== null) return resolve();
        child.once("close", () => resolve());
        child.kill("SIGTERM");
      }),
  };
}

function start(file: string, args: readonly string[], env: Readonly<Record<string, string>>): ChildProcess {
  const child = spawn(file, args, { stdio: ["pipe", "pipe", "pipe"], env: { ...process.env, ...env } });
  endWithParent(child);
  return child;
}

/** The ports that it says it listens on: the first group of each expression, in their order. */
function portsIn(child: ChildProcess, announcements: readonly RegExp[]): Promise<number[]> {
  return new Promise((resolve, reject) => {
    let said = "";
    const listen = (text: string) => {
      said = `${said}${text}`.slice(-100_000);
      const found = announcements.flatMap((announcement) => announcement.exec(said)?.[1] ?? []);
      if (found.length === announcements.length) resolve(found.map(Number));
    };
    child.stdout?.setEncoding("utf8").on("data", listen);
    child.stderr?.setEncoding("utf8").on("data", listen);
    child.once("error", reject);
    child.once("close", (code) => reject(new Error(`${child.spawnfile} ended with ${code}:\n${said}`)));
  });
}
