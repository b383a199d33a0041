import { compileScript } from "../../support/assembly.js";

let compiled: Promise<Uint8Array> | undefined;

/** The probe as a module, compiled once in a process. */
export function compileProbe(): Promise<Uint8Array> {
  compiled ??= compileScript(new URL("../probes/script.as", import.meta.url), { runtime: "incremental", pages: 2048 });
  return compiled;
}
