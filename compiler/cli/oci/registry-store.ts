import type { Descriptor } from "../../oci/manifest.js";
import { pinnedUrl, type Reference } from "../../oci/reference.js";
import type { Store } from "../../oci/verify.js";
import { sha256 } from "../../wasm/verify.js";
import { EnvironmentError } from "../exit.js";
import type { Repository } from "./registry.js";

/**
 * An image of a registry, to be verified.
 *
 * @param name a tag or a digest
 * @throws EnvironmentError if the registry has none of that name
 */
export async function registryImage(
  repository: Repository,
  reference: Reference,
  name: string,
): Promise<{ store: Store; descriptor: Descriptor }> {
  const found = await repository.manifest(name);
  if (found === undefined)
    throw new EnvironmentError(
      `${reference.registry} has no ${reference.repository}${name.includes(":") ? "@" : ":"}${name}; push it by \`sluice wasm push\``,
    );
  const digest = reference.digest ?? `sha256:${sha256(found.bytes)}`;
  const descriptor = { mediaType: found.mediaType, digest, size: found.bytes.length };
  const store: Store = {
    place: (of) => pinnedUrl(reference, of),
    manifest: async (of) => (of.digest === digest ? found.bytes : (await repository.manifest(of.digest))?.bytes),
    blob: (of) => repository.blob(of.digest),
  };
  return { store, descriptor };
}
