import { fork, spawn, spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { cpus } from "node:os";
import { fileURLToPath } from "node:url";

/** The proxy that is measured has a core of its own; all else shares the other. */
const MEASURED_CORE = 0;
const OTHER_CORE = 1;

const canPin = cpus().length > 1 && spawnSync("taskset", ["--version"]).status === 0;

export function isPinned() {
  return canPin;
}

/** Puts all threads of a process on a core; later threads inherit it. */
export function pin(pid, { measured }) {
  if (!canPin) return;
  const core = measured ? MEASURED_CORE : OTHER_CORE;
  const { status, stderr } = spawnSync("taskset", ["-acp", String(core), String(pid)], { encoding: "utf8" });
  if (status !== 0) throw new Error(`taskset: ${stderr.trim()}`);
}

/**
 * Nanoseconds of CPU that a process has had, user and system, over all of its threads (field 1 of `schedstat`, see
 * sched-stats in the kernel's documentation).
 */
export function cpuTime(pid) {
  let total = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    total += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8").split(" ")[0]);
  }
  return total;
}

/** Resident memory in bytes: all of it, and what is not backed by a file. */
export function residentMemory(pid) {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const bytes = (field) => Number(new RegExp(`^${field}:\\s+(\\d+) kB`, "m").exec(status)?.[1]) * 1024;
  return { all: bytes("VmRSS"), anonymous: bytes("RssAnon") };
}

/** Nanoseconds that all processes of this machine but idle have had, from `/proc/stat` (10 ms ticks). */
export function machineBusyTime() {
  const [, user, nice, system, , , irq, softirq] = readFileSync("/proc/stat", "utf8")
    .split("\n")[0]
    .split(/\s+/)
    .map(Number);
  return (user + nice + system + irq + softirq) * 1e7;
}

/** A Node process of one of the scripts here, which ends when this one does. */
export function startScript(name) {
  const child = fork(fileURLToPath(new URL(name, import.meta.url)), { stdio: ["ignore", "inherit", "inherit", "ipc"] });
  pin(child.pid, { measured: false });
  return {
    pid: child.pid,
    /** Its next message. */
    next: () =>
      new Promise((resolve, reject) => {
        const ended = (code) => reject(new Error(`${name} ended with status ${code}`));
        child.once("exit", ended);
        child.once("message", (message) => {
          child.off("exit", ended);
          if (message.error === undefined) resolve(message);
          else reject(new Error(message.error));
        });
      }),
    send: (message) => child.send(message),
    stop() {
      if (child.connected) child.disconnect();
    },
  };
}

/** A program that reads lines from standard input up to an empty one, prints a line when it is ready, and ends with its input. */
export function startProgram(path, args, lines) {
  const child = spawn(path, args, { stdio: ["pipe", "pipe", "inherit"] });
  pin(child.pid, { measured: false });
  child.stdin.write([...lines, ""].map((line) => `${line}\n`).join(""));
  const firstLine = new Promise((resolve, reject) => {
    let text = "";
    child.once("exit", (code) => reject(new Error(`${path} ended with status ${code}`)));
    child.stdout.on("data", (part) => {
      text += part;
      if (text.includes("\n")) resolve(text.split("\n")[0]);
    });
  });
  return { pid: child.pid, firstLine, stop: () => child.stdin.end() };
}

export function machineLine(envoyVersion) {
  const all = cpus();
  const day = new Date().toISOString().slice(0, 10);
  return `${all[0]?.model ?? "unknown CPU"}, ${all.length} cores, Envoy ${envoyVersion}, Node ${process.versions.node}, ${day}`;
}
