import { imageOf } from "../oci/image.js";
import { EnvironmentError } from "./exit.js";
import { modulesAt } from "./oci/packaging.js";

/** What a cluster loads of this package. */
const LOADED = "guard.wasm";

/**
 * What a cluster fetches, by its SHA-256 in hexadecimal: of an image that of its manifest, as `sluice wasm package` makes it without options; of a
 * file that of the module.
 *
 * @param modules what stands before `/guard`
 * @param pin of what `--pin` says in its place
 */
export async function pinsOf(modules: string, pin: string | undefined): Promise<Readonly<Record<string, string>>> {
  if (pin !== undefined) return { [LOADED]: pin };
  const module = modulesAt(undefined).modules.find(({ name }) => name === LOADED);
  if (module === undefined)
    throw new EnvironmentError(`the ${LOADED} of this package is not as it was built; install it again`);
  if (!modules.startsWith("oci:")) return { [LOADED]: module.facts.sha256 };
  const { descriptor } = await imageOf(module, "compat", {});
  return { [LOADED]: descriptor.digest.replace(/^sha256:/, "") };
}
