import { setFlagsFromString } from "node:v8";

/**
 * Has V8 of Node 20 leave functions as they are until they have run 3 MB of bytecode, some forty times as long as usual. A command that compiles a policy runs
 * for a second, and the machine code that is made of it meanwhile takes half of all its time. Functions that go on for longer get it as ever. Later V8s have
 * a quick compiler between the two, and no such flag.
 */
export function optimizeLate(): void {
  if (process.versions.v8.startsWith("11.")) setFlagsFromString("--interrupt-budget=3000000");
}
