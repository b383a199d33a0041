import { sha256 } from "../wasm/verify.js";
import { fetchedModule } from "./fetchers.js";
import { type Descriptor, type Manifest, readIndex, readManifest } from "./manifest.js";
import { MEDIA } from "./media.js";

/** Where images are: a layout on the disk, or a registry. */
export interface Store {
  /** As a verdict names what has this digest. */
  place(digest: string): string;
  /** Undefined if it is not there. */
  manifest(descriptor: Descriptor): Promise<Uint8Array | undefined>;
  blob(descriptor: Descriptor): Promise<Uint8Array | undefined>;
}

/** What was found where an image should be. */
export interface FoundImage {
  /** Of the manifest. */
  readonly path: string;
  readonly found?: { readonly sha256: string; readonly size: number };
  readonly manifest?: Manifest;
  /** How the fetchers read it. */
  readonly format?: "compat" | "artifact" | "docker";
  readonly module?: Uint8Array;
  /** Each a part of a sentence about the manifest; none if both fetchers take it. */
  readonly faults: readonly string[];
}

/**
 * Holds an image to its digests and to what the fetchers of a cluster take. What belongs to an image, such as a bill of
 * materials, is held to its digests only: no fetcher looks at it.
 *
 * @param from what names the image, such as the path of an index
 */
export async function verifyImage(store: Store, descriptor: Descriptor, from: string): Promise<FoundImage> {
  const path = store.place(descriptor.digest);
  const bytes = await store.manifest(descriptor);
  if (bytes === undefined) return { path, faults: [missing(from)] };
  const found = { sha256: sha256(bytes), size: bytes.length };
  const changed = differences("", descriptor, bytes, from);
  if (changed.length > 0) return { path, found, faults: changed };
  switch (descriptor.mediaType) {
    case MEDIA.manifest:
    case MEDIA.dockerManifest:
      return { path, found, ...(await judged(store, bytes, path)) };
    case MEDIA.index:
    case MEDIA.dockerIndex:
      return { found, ...(await chosen(store, bytes, path)) };
    default:
      return {
        path,
        found,
        faults: [
          `is of the type ${descriptor.mediaType} by ${from}, and the fetchers want an image: ${MEDIA.manifest}; make it by \`sluice wasm package\``,
        ],
      };
  }
}

/** Of an index both fetchers take the image for the platform that their library has for its default. */
async function chosen(store: Store, bytes: Uint8Array, path: string): Promise<FoundImage> {
  const read = readIndex(textOf(bytes));
  if (read.outcome === "damaged") return { path, faults: [`is no index that can be read: ${read.reason}`] };
  const image = read.document.manifests.find(
    ({ platform }) => platform === undefined || (platform.os === "linux" && platform.architecture === "amd64"),
  );
  if (image === undefined)
    return {
      path,
      faults: [
        "is an index without an image for linux/amd64, which the fetchers look for on any processor; push the image itself, by `sluice wasm push`",
      ],
    };
  if (image.mediaType === MEDIA.index || image.mediaType === MEDIA.dockerIndex)
    return { path, faults: ["is an index of an index, which the fetchers do not follow; push the image itself"] };
  return verifyImage(store, image, path);
}

async function judged(store: Store, bytes: Uint8Array, path: string): Promise<Omit<FoundImage, "path" | "found">> {
  const read = readManifest(textOf(bytes));
  if (read.outcome === "damaged") return { faults: [`is no manifest that can be read: ${read.reason}`] };
  const manifest = read.document;
  const blobs = new Map<string, Uint8Array>();
  const faults: string[] = [];
  for (const descriptor of distinct([manifest.config, ...manifest.layers])) {
    const contents = await store.blob(descriptor);
    if (contents === undefined)
      faults.push(`names ${descriptor.digest}, which is missing; make it by \`sluice wasm package\``);
    else {
      faults.push(...differences(`names ${descriptor.digest}, which `, descriptor, contents, path));
      blobs.set(descriptor.digest, contents);
    }
  }
  // What the layers are not tells nothing about what they should be.
  if (faults.length > 0 || manifest.subject !== undefined) return { manifest, faults };
  const fetched = await fetchedModule(manifest, async ({ digest }) => blobs.get(digest));
  if (fetched.outcome === "refused") return { manifest, faults: [fetched.fault] };
  return { manifest, format: fetched.format, module: fetched.module, faults: [] };
}

function distinct(descriptors: readonly Descriptor[]): Descriptor[] {
  return [...new Map(descriptors.map((descriptor) => [descriptor.digest, descriptor])).values()];
}

const CHANGED = "make it by `sluice wasm package`, or find out who changed it";

function differences(what: string, { digest, size }: Descriptor, bytes: Uint8Array, from: string): string[] {
  const actual = `sha256:${sha256(bytes)}`;
  if (actual !== digest) return [`${what}has the digest ${actual}, and ${from} says ${digest}; ${CHANGED}`];
  return bytes.length === size ? [] : [`${what}has ${bytes.length} bytes, and ${from} says ${size}; ${CHANGED}`];
}

function missing(from: string): string {
  return `is missing, and ${from} names it; make it by \`sluice wasm package\``;
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("utf8");
}
