import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { constants } from "node:fs";
import { access, mkdir, stat } from "node:fs/promises";
import { connect } from "node:net";
import { delimiter, join, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { writeAtomically } from "./atomic-write.js";
import { endWithParent, leaveToProgram } from "./children.js";
import { EnvironmentError } from "./environment-error.js";
import { cacheDirectory } from "./find.js";
import { OutputTail } from "./output.js";

// The ratelimit service of Envoy on a Redis of its own, as processes of this machine.

/** As the Go module proxy has it; its configuration is as `targets/envoy/limit-service.ts` writes it. */
export const LIMIT_SERVICE = "github.com/envoyproxy/ratelimit/src/service_cmd@v1.4.1-0.20260122083618-3fb702589d36";

export interface LimitPrograms {
  /** Paths of the two. */
  service: string;
  redis: string;
}

/** The programs, or a line for each that is missing, with how to get it. */
export async function findLimitPrograms(
  env: NodeJS.ProcessEnv = process.env,
): Promise<{ programs: LimitPrograms } | { missing: string[] }> {
  const folder = join(cacheDirectory(env), "ratelimit");
  const service = await find(env.SLUICE_RATELIMIT, ["ratelimit"], env, join(folder, "service_cmd"));
  const redis = await find(env.SLUICE_REDIS, ["redis-server", "valkey-server"], env);
  if (service !== undefined && redis !== undefined) return { programs: { service, redis } };
  const named = (variable: string, path: string | undefined) =>
    path ? `${variable} names ${path}, which cannot be run` : undefined;
  return {
    missing: [
      ...(service !== undefined
        ? []
        : [
            `the ratelimit service of Envoy: ${named("SLUICE_RATELIMIT", env.SLUICE_RATELIMIT) ?? `GOBIN=${folder} go install ${LIMIT_SERVICE} builds it, with Go 1.25.6 or newer; or set SLUICE_RATELIMIT to its path`}`,
          ]),
      ...(redis !== undefined
        ? []
        : [
            `Redis: ${named("SLUICE_REDIS", env.SLUICE_REDIS) ?? "install redis-server (Debian and Ubuntu: apt-get install redis-server); or set SLUICE_REDIS to its path"}`,
          ]),
    ],
  };
}

/** A program that is named is meant, and no other stands in for it. */
async function find(
  named: string | undefined,
  names: readonly string[],
  { PATH = "" }: NodeJS.ProcessEnv,
  ...others: readonly string[]
): Promise<string | undefined> {
  const folders = PATH.split(delimiter).filter((folder) => folder !== "");
  const candidates = named
    ? [resolve(named)]
    : [...names.flatMap((name) => folders.map((folder) => resolve(folder, name))), ...others];
  for (const candidate of candidates) if (await canRun(candidate)) return candidate;
  return undefined;
}

async function canRun(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}

/** Where the service listens. */
export interface LimitAddress {
  host: string;
  port: number;
}

/** The two, running. */
export interface RunningLimits {
  /** The Redis alone: what has been counted is gone with it. */
  stopRedis(): Promise<void>;
  startRedis(): Promise<void>;
  /** Gives the service another configuration, which it takes by itself. */
  update(configuration: string): Promise<void>;
  /** Settles when the service ends by itself, with the last that it said. */
  readonly ended: Promise<string>;
  stop(): Promise<void>;
}

/** Where Redis listens, in the folder. */
export const REDIS_SOCKET = "redis.sock";

const READY_TIMEOUT_MS = 20_000;
const POLL_MS = 20;

/**
 * Starts both. Redis listens on a socket in the folder and keeps nothing on the disk.
 *
 * @param folder is empty, and its path short: that of a socket has 107 characters at most
 * @throws EnvironmentError if one of them does not start, such as on an address that another program has
 */
export async function startLimits(
  { service, redis }: LimitPrograms,
  { host, port }: LimitAddress,
  folder: string,
  configuration: string,
): Promise<RunningLimits> {
  if (await answers({ host, port }))
    throw new EnvironmentError(`somebody listens at ${host}:${port} already, where the ratelimit service is to be`);
  const socket = join(folder, REDIS_SOCKET);
  const configurations = join(folder, "config");
  await mkdir(configurations, { recursive: true });
  const update = (text: string) => writeAtomically(join(configurations, "ratelimit.yaml"), text);
  await update(configuration);
  const startRedis = async () => {
    const args = ["--port", "0", "--unixsocket", socket, "--save", "", "--appendonly", "no", "--dir", folder];
    const started = new Child(redis, args, {});
    await started.ready("Redis", () => answers({ path: socket }));
    return started;
  };
  let store = await startRedis();
  const counting = new Child(service, [], {
    USE_STATSD: "false",
    DISABLE_STATS: "true",
    LOG_LEVEL: "warn",
    BACKEND_TYPE: "redis",
    REDIS_SOCKET_TYPE: "unix",
    REDIS_URL: socket,
    RUNTIME_ROOT: folder,
    RUNTIME_SUBDIRECTORY: "",
    RUNTIME_APPDIRECTORY: "config",
    RUNTIME_WATCH_ROOT: "false",
    RUNTIME_IGNOREDOTFILES: "true",
    GRPC_HOST: host,
    GRPC_PORT: String(port),
    // What it offers beside is for nobody here.
    HOST: "127.0.0.1",
    PORT: "0",
    DEBUG_HOST: "127.0.0.1",
    DEBUG_PORT: "0",
  });
  try {
    await counting.ready(`the ratelimit service at ${host}:${port}`, () => answers({ host, port }));
  } catch (error) {
    await store.stop();
    throw error;
  }
  return {
    update,
    stopRedis: () => store.stop(),
    async startRedis() {
      store = await startRedis();
    },
    ended: counting.ended,
    async stop() {
      await counting.stop();
      await store.stop();
    },
  };
}

/** A program that ends with this one at the latest. */
class Child {
  readonly ended: Promise<string>;
  private readonly child: ChildProcess;
  private readonly output = new OutputTail(64 * 1024);

  constructor(file: string, args: readonly string[], env: Readonly<Record<string, string>>) {
    const { PATH, HOME, TMPDIR, TZ, LANG } = process.env;
    // A session of its own: Ctrl-C in the terminal is for this program, which stops it when it is time.
    this.child = spawn(file, args, {
      stdio: ["ignore", "pipe", "pipe"],
      env: { PATH, HOME, TMPDIR, TZ, LANG, ...env },
      detached: true,
    });
    endWithParent(this.child);
    leaveToProgram(this.child);
    for (const stream of [this.child.stdout, this.child.stderr])
      stream?.setEncoding("utf8").on("data", (text: string) => this.output.append(text));
    this.ended = new Promise((resolve) => {
      this.child.once("error", (error) => resolve(error.message));
      this.child.once("close", () => resolve(this.lastWords()));
    });
  }

  /** @throws EnvironmentError with what it said, if it ends before, or is not ready in time */
  async ready(what: string, isReady: () => Promise<boolean>): Promise<void> {
    let words: string | undefined;
    void this.ended.then((text) => {
      words = text;
    });
    for (const start = performance.now(); performance.now() - start < READY_TIMEOUT_MS; await delay(POLL_MS)) {
      if (words !== undefined) throw new EnvironmentError(`${what} did not start: ${words}`);
      if (await isReady()) return;
    }
    await this.stop();
    throw new EnvironmentError(`${what} was not ready in ${READY_TIMEOUT_MS / 1_000} s: ${this.lastWords()}`);
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null || this.child.pid === undefined) return;
    const closed = once(this.child, "close");
    this.child.kill("SIGTERM");
    await closed;
  }

  private lastWords(): string {
    return this.output.text().trim().split("\n").slice(-3).join("\n") || "it said nothing";
  }
}

/** Whether somebody takes connections. */
function answers(to: { path: string } | LimitAddress): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = "path" in to ? connect(to.path) : connect(to.port, to.host);
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
