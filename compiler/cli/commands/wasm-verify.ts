import { statSync } from "node:fs";
import { type FileVerdict, renderVerdicts, renderVerdictsJson } from "../../wasm/report.js";
import { EXIT } from "../exit.js";
import { verifiedFile, verifiedFolder, verifiedPackage } from "../verification.js";
import type { VERDICT_FORMATS } from "./wasm-options.js";

export interface WasmVerifyOptions {
  format: (typeof VERDICT_FORMATS)[number];
}

/** `sluice wasm verify`: modules by themselves or folders that were compiled into; without a path, the modules of the package. */
export function wasmVerifyCommand(paths: readonly string[], { format }: WasmVerifyOptions): number {
  const verdicts = paths.length === 0 ? verifiedPackage() : paths.flatMap(verified);
  process.stdout.write(rendered(verdicts, format));
  return verdicts.every(({ faults }) => faults.length === 0) ? EXIT.ok : EXIT.findings;
}

function verified(path: string): FileVerdict[] {
  const isFolder = statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
  return isFolder ? verifiedFolder(path) : [verifiedFile(path)];
}

function rendered(verdicts: readonly FileVerdict[], format: WasmVerifyOptions["format"]): string {
  switch (format) {
    case "text":
      return renderVerdicts(verdicts);
    case "json":
      return renderVerdictsJson(verdicts);
  }
}
