import { outputOf } from "../cli/compiled.js";
import { pinsOf } from "../cli/pins.js";
import { compile as compileFor, defaultModulesDir } from "../index.js";
import type { CheckResult } from "./check.js";
import { checkResult, reading } from "./result.js";

/** What `compile` takes beside the path. */
export interface CompileOptions {
  /** One of `targets`. Default `envoy`, a bootstrap file for Envoy 1.40. */
  readonly target?: string | undefined;
  /** A file that Envoy writes one JSON line a request to, with the decision; `-` for its standard output. Default: none. */
  readonly accessLog?: string | undefined;
  /** Where Envoy will find the modules: absolute, or from its working directory. Default `modules`. */
  readonly modulesDir?: string | undefined;
  /** Where a cluster fetches the modules, without the name of one: `oci://…`, `https://…` or `file:///…`. Default: what the policy says. */
  readonly modules?: string | undefined;
  /** SHA-256, in hexadecimal, of what a cluster fetches as the guard. Default: that of the module, or of its image as `sluice wasm package` makes it. */
  readonly pin?: string | undefined;
}

/** A file to be written: a text in UTF-8, or the bytes of a module. */
export interface Artifact {
  /** From the folder of the output, with `/` between its parts: `envoy.yaml`, `modules/guard.wasm`, `sluice.lock.json`. */
  readonly path: string;
  readonly contents: string | Uint8Array;
}

/** What was compiled, beside what is to be said about it. */
export interface CompileResult extends CheckResult {
  /** All that the target needs, and the lock last, which tells what it was made from; empty unless `ok`. The same files give the same bytes. */
  readonly artifacts: readonly Artifact[];
}

/**
 * Compiles a policy file with all that it includes. Writes nothing: the artifacts are the files that `sluice compile`
 * would write.
 *
 * ```ts
 * const { ok, findings, artifacts } = await compile("policy.yaml");
 * ```
 *
 * @param path of the policy file; findings name files by the same path
 * @returns a promise that is also fulfilled for a policy with errors: then `ok` is false
 * @throws RangeError if there is no such target; EnvironmentError if the file cannot be read
 */
export async function compile(path: string, options: CompileOptions = {}): Promise<CompileResult> {
  const { target = "envoy", modulesDir = defaultModulesDir } = options;
  const chosen = {
    modulesDir,
    ...(options.modules === undefined ? {} : { modules: options.modules }),
    ...(options.pin === undefined ? {} : { pin: options.pin }),
    ...(options.accessLog === undefined ? {} : { accessLog: options.accessLog }),
  };
  const compiled = await reading(path, () => {
    const { pin, ...emitted } = chosen;
    return compileFor(path, target, { ...emitted, pins: (modules) => pinsOf(modules, pin) });
  });
  const result = checkResult(compiled);
  if (compiled.emission === undefined) return { ...result, artifacts: [] };
  const { artifacts, modules, lockFile } = await outputOf(compiled.emission, compiled, chosen);
  return { ...result, artifacts: [...artifacts, ...modules, lockFile] };
}
