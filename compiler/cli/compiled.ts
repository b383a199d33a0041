import type { Compiled } from "../index.js";
import { LOCK_NAME, type Lock, type LockOptions, lockOf, textOf } from "../lock/lock.js";
import type { Emission } from "../targets/target.js";
import { contractOf } from "../wasm/contracts.js";
import { verifyModule } from "../wasm/verify.js";
import { EnvironmentError } from "./exit.js";
import { type OutputFile, shippedModule } from "./files.js";
import { packageVersion } from "./version.js";

/** All that `sluice compile` writes, in the order in which it is put in place: the lock last, which vouches for the others. */
export interface Output {
  readonly modules: readonly OutputFile[];
  readonly artifacts: readonly (OutputFile & { contents: string })[];
  readonly lockFile: OutputFile & { contents: string };
  readonly lock: Lock;
}

/** The folder of the modules in that of the output, whatever Envoy calls it. */
const MODULES = "modules";

/** @throws EnvironmentError if a module of the package is not as it was built */
export async function outputOf(
  emission: Emission,
  { target, sources }: Compiled,
  options: LockOptions,
): Promise<Output> {
  const modules = await Promise.all(
    emission.modules.map(async ({ name, capabilities }) => {
      const { bytes, pin } = await shippedModule(name);
      const { facts, faults } = verifyModule(bytes, contractOf(name.replace(/\.wasm$/, "")));
      if (faults.length > 0)
        throw new EnvironmentError(`the ${name} of this package ${faults.join("; ")}; install it again`);
      return { path: `${MODULES}/${name}`, contents: bytes, facts, capabilities, version: pin.version };
    }),
  );
  const sluice = packageVersion();
  const lock = lockOf({ sluice, target, options, sources, files: emission.artifacts, modules });
  return {
    modules: modules.map(({ path, contents }) => ({ path, contents })),
    artifacts: emission.artifacts,
    lockFile: { path: LOCK_NAME, contents: textOf(lock) },
    lock,
  };
}
