import type { ChildProcess } from "node:child_process";

/** Child processes that must not outlive this one. The process is global, and so is this. */
const children = new Set<ChildProcess>();
const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
/** How long a child may take to end by itself before this process, told to end, kills it. Milliseconds. */
const FAREWELL_MS = 2_000;

/**
 * Ends the child when this process ends: by `process.exit`, an uncaught error, or a signal. The handlers are there only
 * while there is a child; a child that has ended is forgotten. SIGKILL to this process cannot be answered.
 */
export function endWithParent(child: ChildProcess): void {
  if (children.size === 0) {
    process.on("exit", killAll);
    for (const signal of signals) process.on(signal, onSignal);
  }
  children.add(child);
  child.once("close", () => forget(child));
}

function forget(child: ChildProcess): void {
  if (children.delete(child) && children.size === 0) removeHandlers();
}

function removeHandlers(): void {
  process.off("exit", killAll);
  for (const signal of signals) process.off(signal, onSignal);
}

function killAll(): void {
  for (const child of children) child.kill("SIGKILL");
}

function onSignal(signal: NodeJS.Signals): void {
  for (const child of children) child.kill("SIGTERM");
  // A listener of the program's own decides when the program ends; alone, we stand in for the default action, which our
  // listener has switched off.
  if (process.listenerCount(signal) > 1) return;
  const leave = () => {
    killAll();
    removeHandlers();
    process.kill(process.pid, signal);
  };
  const timer = setTimeout(leave, FAREWELL_MS);
  for (const child of children) {
    child.once("close", () => {
      if (children.size > 0) return;
      clearTimeout(timer);
      leave();
    });
  }
}
