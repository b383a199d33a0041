import { isUtf8 } from "node:buffer";
import { readFileSync } from "node:fs";
import { kinds } from "../filters/index.js";
import { type Diagnostic, diagnose } from "./diagnostics/diagnostic.js";
import { hasErrors, type Planned, planSource, verified } from "./pipeline.js";
import { SourceFile } from "./syntax/source.js";
import { targets } from "./targets/index.js";
import type { Emission, EmitOptions } from "./targets/target.js";

export type { Diagnostic } from "./diagnostics/diagnostic.js";
export type { GatewayPlan } from "./plan/plan.js";
export { SourceFile } from "./syntax/source.js";

/**
 * Reads and checks a policy file.
 *
 * @param path of the file, as it is to be named in findings
 * @throws Error (ENOENT, EACCES, ...) if the file cannot be read
 */
export function check(path: string): Planned {
  const bytes = readFileSync(path);
  if (isUtf8(bytes)) return checkText(path, bytes.toString("utf8"));
  const text = bytes.toString("utf8");
  const start = text.indexOf("\ufffd");
  return { diagnostics: [diagnose("SL0020", {}, { source: new SourceFile(path, text), start, end: start + 1 })] };
}

/** The same for a text that is at hand. */
export function checkText(path: string, text: string): Planned {
  return planSource(new SourceFile(path.replaceAll("\\", "/"), text), kinds);
}

export interface Compiled {
  /** Absent if there is an error among the diagnostics. */
  emission?: Emission;
  diagnostics: Diagnostic[];
}

/**
 * Compiles a policy file for a target. Writes nothing.
 *
 * @param target a name of `targetNames`
 */
export async function compile(path: string, target: string, options: EmitOptions = {}): Promise<Compiled> {
  const { plan, diagnostics } = check(path);
  const chosen = targets.find((candidate) => candidate.name === target);
  if (chosen === undefined) throw new RangeError(`no target is named ${target}; there are: ${targetNames.join(", ")}`);
  if (plan === undefined) return { diagnostics };
  const { emission, diagnostics: broken } = verified(plan, await chosen.emit(plan, options));
  const all = [...diagnostics, ...broken];
  return hasErrors(all) ? { diagnostics: all } : { emission, diagnostics: all };
}

export const targetNames: readonly string[] = targets.map((target) => target.name);
