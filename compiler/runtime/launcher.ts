import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { runCommand } from "./command.js";

/** What Envoy is: a binary of this machine, or an image that the `docker` on PATH runs on this machine. */
export type Envoy = { path: string; image?: never } | { image: string; path?: never };

/** What Envoy finds around it. Folders are absolute, and have the same paths in a container. */
export interface Surroundings {
  workDir: string;
  /** Variables for Envoy beside the few that it inherits. */
  env: Readonly<Record<string, string>>;
  /** Folders that it reads, beside `workDir`. */
  reads: readonly string[];
  /** The folder that it may write to. */
  writes: string;
}

/** A command that runs Envoy in the foreground: its output is Envoy's, it hands signals on, and it ends as Envoy does. */
export interface Launch {
  file: string;
  args: readonly string[];
  env: NodeJS.ProcessEnv;
  cwd: string;
  /** It gets signals of this process only, none that a terminal sends to all processes of its foreground. */
  apart: boolean;
  /** Takes away what is left of Envoy when the command has ended, however that came. Never rejects. */
  clear(): Promise<void>;
  /** The same, before this process ends. */
  clearAtOnce(): void;
}

const INHERITED = ["PATH", "HOME", "TMPDIR", "TZ", "LANG", "SSL_CERT_FILE", "SSL_CERT_DIR"] as const;
const REMOVAL_TIMEOUT_MS = 15_000;

/** @param args Envoy's own */
export function launchOf(envoy: Envoy, args: readonly string[], surroundings: Surroundings): Launch {
  return envoy.path === undefined
    ? inContainer(envoy.image, args, surroundings)
    : onThisMachine(envoy.path, args, surroundings);
}

function onThisMachine(file: string, args: readonly string[], { workDir, env }: Surroundings): Launch {
  return {
    file,
    args,
    env: environmentOf(env),
    cwd: workDir,
    apart: false,
    clear: async () => {},
    clearAtOnce: () => {},
  };
}

/** The environment of an Envoy of this machine: what is given, and the few variables that it inherits. */
export function environmentOf(given: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = {};
  for (const name of INHERITED) {
    if (process.env[name] !== undefined) env[name] = process.env[name];
  }
  return { ...env, ...given };
}

function inContainer(image: string, args: readonly string[], surroundings: Surroundings): Launch {
  const { workDir, env, reads, writes } = surroundings;
  const name = `sluice-${randomBytes(6).toString("hex")}`;
  const folders = new Set([workDir, ...reads].filter((folder) => folder !== writes));
  const removal = ["rm", "--force", "--volumes", name];
  return {
    file: "docker",
    args: [
      ...["run", "--rm", "--name", name, "--pull", "never"],
      // The listeners are reached, and reach the services, as those of an Envoy without a container.
      ...["--network", "host"],
      // The output is read from the command; the daemon need not keep it too.
      ...["--log-driver", "none"],
      ...confinement(),
      ...[...folders].flatMap((folder) => ["--mount", mount(folder, "readonly")]),
      ...["--mount", mount(writes), "--workdir", workDir],
      // By name: a value on a command line is seen by everybody on the machine.
      ...Object.keys(env).flatMap((variable) => ["--env", variable]),
      // The image's own entry point would change the user, and log to files that this one may not open.
      ...["--entrypoint", "envoy", image, ...args],
    ],
    env: { ...process.env, ...env },
    cwd: workDir,
    // At a third signal the command gives up at once. It gets one for Ctrl-C and one to stop; the terminal's would be more.
    apart: true,
    // The command asks the daemon to end the container; if it is killed, nobody does.
    clear: async () => void (await runCommand("docker", removal, { timeoutMs: REMOVAL_TIMEOUT_MS })),
    clearAtOnce: () => void spawnSync("docker", removal, { stdio: "ignore", timeout: REMOVAL_TIMEOUT_MS }),
  };
}

/** The user of this process, so that it reads the run folder, which is nobody else's; of root only what a low port needs. */
function confinement(): string[] {
  const user = [process.getuid?.(), process.getgid?.()];
  return [
    ...(user.includes(undefined) ? [] : ["--user", user.join(":")]),
    ...["--read-only", "--cap-drop", "ALL", "--cap-add", "NET_BIND_SERVICE", "--security-opt", "no-new-privileges"],
  ];
}

/** A folder at its own path; the option is a line of CSV (RFC 4180). */
function mount(folder: string, ...flags: string[]): string {
  const fields = ["type=bind", `source=${folder}`, `target=${folder}`, ...flags];
  return fields.map((field) => (/[",]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field)).join(",");
}
