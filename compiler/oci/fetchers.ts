import { posix } from "node:path";
import { unpacked } from "./archive.js";
import type { Descriptor, Manifest } from "./manifest.js";
import { MEDIA, MOST_BYTES, PLUGIN_FILE } from "./media.js";

// What the fetchers of Istio (pkg/wasm) and Envoy Gateway (internal/wasm) take for the image of a module. Both say why they
// refuse one only in the log of a proxy or a controller, and then every request is denied.

export type Fetched =
  | { readonly outcome: "fetched"; readonly format: "compat" | "artifact" | "docker"; readonly module: Uint8Array }
  | { readonly outcome: "refused"; readonly fault: string };

/** Bytes of a layer, whose digest and size were checked; undefined if it is not there. */
type Open = (layer: Descriptor) => Promise<Uint8Array | undefined>;

/**
 * The module that both fetchers find in an image.
 *
 * @param most bytes that they read
 */
export async function fetchedModule(manifest: Manifest, open: Open, most = MOST_BYTES): Promise<Fetched> {
  const fetched = await formatOf(manifest, open, most);
  return fetched.outcome === "refused" ? fetched : withMagic(fetched, most);
}

function formatOf(manifest: Manifest, open: Open, most: number): Promise<Fetched> | Fetched {
  const { mediaType } = manifest;
  // Their library finds a layer by its digest, so of two descriptors of one blob the first tells the type.
  const layers = manifest.layers.map((layer) => manifest.layers.find(({ digest }) => digest === layer.digest) ?? layer);
  const last = layers.at(-1);
  if (last === undefined) return refused(`has no layers, so there is no module in it; ${REPACKAGE}`);
  if (mediaType === MEDIA.dockerManifest)
    return last.mediaType === MEDIA.dockerLayer
      ? inArchive("docker", layers, open, most)
      : refused(
          `ends with a layer of the type ${last.mediaType}, and of an image of Docker the fetchers want ${MEDIA.dockerLayer}; ${REPACKAGE}`,
        );
  if (last.mediaType === MEDIA.layer) return inArchive("compat", layers, open, most);
  return asArtifact(layers, last, open);
}

const REPACKAGE = "make it by `sluice wasm package`";

async function asArtifact(layers: readonly Descriptor[], last: Descriptor, open: Open): Promise<Fetched> {
  const module = layers.find(({ mediaType }) => mediaType === MEDIA.module);
  if (module === undefined)
    return refused(
      `ends with a layer of the type ${last.mediaType}, and the fetchers take ${MEDIA.layer} there, or two layers of which one is ${MEDIA.module}; ${REPACKAGE}`,
    );
  if (layers.length !== 2)
    return refused(
      `has ${layers.length} ${layers.length === 1 ? "layer" : "layers"}, and of an artifact with ${MEDIA.module} the fetchers want exactly 2; ${REPACKAGE} --format artifact`,
    );
  const bytes = await open(module);
  return bytes === undefined ? refused(absent(module)) : { outcome: "fetched", format: "artifact", module: bytes };
}

async function inArchive(
  format: "compat" | "docker",
  layers: readonly Descriptor[],
  open: Open,
  most: number,
): Promise<Fetched> {
  const last = layers.at(-1);
  const bytes = last === undefined ? undefined : await open(last);
  if (last === undefined || bytes === undefined) return refused(last === undefined ? "has no layers" : absent(last));
  const archive = await unpacked(bytes, most);
  if (archive.outcome === "damaged") return refused(`has a layer that cannot be read: ${archive.reason}; ${REPACKAGE}`);
  const plugin = archive.files.find(({ name }) => posix.basename(name) === PLUGIN_FILE);
  if (plugin !== undefined) return { outcome: "fetched", format, module: plugin.contents };
  const names = archive.files.slice(0, 3).map(({ name }) => name);
  const held = names.length === 0 ? "nothing" : `${names.join(", ")}${archive.files.length > 3 ? " and more" : ""}`;
  const which =
    layers.length === 1 ? "its layer" : `the last of its ${layers.length} layers, the only one that they open,`;
  return refused(
    `has no ${PLUGIN_FILE}, which is the one name that the fetchers look for: ${which} holds ${held}; ${REPACKAGE}`,
  );
}

const MAGIC = [0x00, 0x61, 0x73, 0x6d];

/** Both want magic number and version, 8 bytes, and look at the former. */
function withMagic(fetched: Extract<Fetched, { outcome: "fetched" }>, most: number): Fetched {
  const { module } = fetched;
  if (module.length > most)
    return refused(
      `has a module of more than ${most / 1024 / 1024} MiB, of which the fetchers read no more; take a smaller one`,
    );
  if (module.length < 8 || MAGIC.some((byte, index) => module[index] !== byte))
    return refused(
      isGzip(module)
        ? `has a module that is compressed, and of an artifact the fetchers read it as it is; ${REPACKAGE}`
        : "has something for a module that does not begin as WebAssembly does (00 61 73 6d, and a version); package the .wasm file itself",
    );
  return fetched;
}

function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

function absent({ digest }: Descriptor): string {
  return `names the layer ${digest}, which is missing; ${REPACKAGE}`;
}

function refused(fault: string): Fetched {
  return { outcome: "refused", fault };
}
