import type { ChildProcess } from "node:child_process";

/** Child processes that must not outlive this one. Global, as the process is. */
const children = new Set<ChildProcess>();
/** Those of them that signals leave alone while the program listens for signals itself. */
const left = new Set<ChildProcess>();
/** What must be cleared away when this process ends, after its children. */
const remains = new Set<() => void>();
const signals = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"] as const;
/** How long a child may take to end by itself before this process, told to end, kills it. Milliseconds. */
const FAREWELL_MS = 2_000;

/**
 * Calls `clear`, which has no time to wait, if this process ends by `process.exit`, an uncaught error, or a signal; what
 * was asked for last, first.
 * @returns what takes that back
 */
export function clearWithParent(clear: () => void): () => void {
  addHandlers();
  remains.add(clear);
  return () => {
    if (remains.delete(clear)) removeHandlers();
  };
}

/**
 * Ends the child when this process ends: by `process.exit`, an uncaught error, or a signal. The handlers are there only
 * while there is a child; a child that has ended is forgotten. SIGKILL to this process cannot be answered.
 */
export function endWithParent(child: ChildProcess): void {
  addHandlers();
  children.add(child);
  child.once("close", () => forget(child));
}

/** From now on a signal that the program listens for itself does not end the child: the program does, when it is time. */
export function leaveToProgram(child: ChildProcess): void {
  if (children.has(child)) left.add(child);
}

function forget(child: ChildProcess): void {
  left.delete(child);
  if (children.delete(child)) removeHandlers();
}

function addHandlers(): void {
  if (children.size + remains.size > 0) return;
  process.on("exit", killAll);
  for (const signal of signals) process.on(signal, onSignal);
}

/** Unless they are needed still. */
function removeHandlers(): void {
  if (children.size + remains.size > 0) return;
  process.off("exit", killAll);
  for (const signal of signals) process.off(signal, onSignal);
}

function killAll(): void {
  for (const child of children) child.kill("SIGKILL");
  for (const clear of [...remains].toReversed()) clear();
}

function onSignal(signal: NodeJS.Signals): void {
  // A listener of the program's own decides when the program ends; alone, we stand in for the default action, which our
  // listener has switched off.
  const isAlone = process.listenerCount(signal) === 1;
  for (const child of children) if (isAlone || !left.has(child)) child.kill("SIGTERM");
  if (!isAlone) return;
  const leave = () => {
    killAll();
    children.clear();
    remains.clear();
    removeHandlers();
    process.kill(process.pid, signal);
  };
  if (children.size === 0) {
    leave();
    return;
  }
  const timer = setTimeout(leave, FAREWELL_MS);
  for (const child of children) {
    child.once("close", () => {
      if (children.size > 0) return;
      clearTimeout(timer);
      leave();
    });
  }
}
