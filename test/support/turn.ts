import type { RunningEnvoy } from "../../compiler/runtime/process.js";

/** Milliseconds in which what was written on this machine is where it can be read. */
const DELIVERED = 50;

/** Lets Envoy find what happens meanwhile all at once: each of its workers in one turn of its loop, in the order in which it came. */
export async function inOneTurn<R>(envoy: RunningEnvoy, happens: () => Promise<R> | R): Promise<R> {
  process.kill(envoy.pid, "SIGSTOP");
  try {
    const result = await happens();
    await new Promise((resolve) => setTimeout(resolve, DELIVERED));
    return result;
  } finally {
    process.kill(envoy.pid, "SIGCONT");
  }
}
