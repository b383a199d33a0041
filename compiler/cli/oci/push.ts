import { type Descriptor, type Index, type Manifest, readIndex, readManifest } from "../../oci/manifest.js";
import { blobPath, IMAGE_ANNOTATION, MEDIA } from "../../oci/media.js";
import { pinnedUrl, type Reference, readReference } from "../../oci/reference.js";
import { sha256 } from "../../wasm/verify.js";
import { contentsIn } from "../compiled-folder.js";
import { EnvironmentError, UsageError } from "../exit.js";
import { indexIn } from "./layout-store.js";
import type { Repository } from "./registry.js";

/** An image of a layout, and where it goes. */
export interface Shipment {
  /** As the layout calls it. */
  readonly name: string;
  readonly image: Stored;
  /** What belongs to it, such as a bill of materials. */
  readonly referrers: readonly Stored[];
  readonly to: Reference & { readonly tag: string };
}

interface Stored {
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
  readonly manifest: Manifest;
}

/** Stands for the name of each module. */
const PLACEHOLDER = "{module}";

/**
 * What goes where.
 *
 * @param target reference with `{module}` for the name of the module; without a tag it is the version of the module
 * @throws UsageError if two images would have one name
 */
export function shipmentsOf(folder: string, target: string): Shipment[] {
  const found = indexIn(folder);
  if (found.outcome === "damaged") throw new EnvironmentError(`${found.path} ${found.fault}`);
  const stored = found.index.manifests.map((descriptor) => storedIn(folder, descriptor));
  const images = stored.filter(({ manifest }) => manifest.subject === undefined);
  if (images.length > 1 && !target.includes(PLACEHOLDER))
    throw new UsageError(
      `${folder} holds ${images.length} images, and ${target} is one; write ${PLACEHOLDER} where their names shall stand, as in registry.example.com/sluice/${PLACEHOLDER}`,
    );
  return images.map((image) => {
    const name =
      image.descriptor.annotations?.[IMAGE_ANNOTATION.refName] ??
      image.manifest.annotations?.[IMAGE_ANNOTATION.title]?.replace(/\.wasm$/, "") ??
      "";
    const referrers = stored.filter(({ manifest }) => manifest.subject?.digest === image.descriptor.digest);
    return { name, image, referrers, to: placeFor(target, name, image.manifest) };
  });
}

function storedIn(folder: string, descriptor: Descriptor): Stored {
  const bytes = blobIn(folder, descriptor);
  const read = readManifest(bytes.toString("utf8"));
  if (read.outcome === "damaged")
    throw new EnvironmentError(`${folder}: ${descriptor.digest} is no manifest: ${read.reason}`);
  return { descriptor, bytes, manifest: read.document };
}

function blobIn(folder: string, { digest }: Descriptor): Buffer {
  const bytes = contentsIn(folder, blobPath(digest));
  if (bytes === undefined) throw new EnvironmentError(`${folder}: ${blobPath(digest)} is missing`);
  return bytes;
}

function placeFor(target: string, name: string, manifest: Manifest): Shipment["to"] {
  const text = target.replaceAll(PLACEHOLDER, name);
  const read = readReference(text);
  if (read.outcome === "wrong") throw new UsageError(`${text}: ${read.reason}`);
  const { reference } = read;
  if (reference.digest !== undefined)
    throw new UsageError(`${text}: a digest comes of what is pushed; name a tag, or nothing`);
  const tag = reference.tag ?? manifest.annotations?.[IMAGE_ANNOTATION.version];
  if (tag === undefined)
    throw new UsageError(`${text}: the image does not say which version it is; name a tag, as in ${text}:1.0.0`);
  return { ...reference, tag };
}

export interface Pushed {
  readonly name: string;
  /** With the tag. */
  readonly reference: string;
  readonly digest: string;
  /** `oci://…@sha256:…` */
  readonly url: string;
  /** Blobs and their bytes that were sent, as they were not there. */
  readonly sent: { readonly blobs: number; readonly bytes: number };
  /** Digests of what belongs to it. */
  readonly referrers: readonly string[];
}

/**
 * Sends blobs, then the manifest that names them, then what belongs to the image. What is there is not sent again.
 *
 * @throws EnvironmentError if the registry refuses
 */
export async function push(
  folder: string,
  { name, image, referrers, to }: Shipment,
  repository: Repository,
): Promise<Pushed> {
  const sent = { blobs: 0, bytes: 0 };
  const send = async ({ manifest, descriptor, bytes }: Stored, as: string) => {
    for (const blob of distinct([manifest.config, ...manifest.layers])) {
      if (!(await repository.pushBlob(blob.digest, blobIn(folder, blob)))) continue;
      sent.blobs += 1;
      sent.bytes += blob.size;
    }
    return repository.pushManifest(as, { ...descriptor, bytes });
  };
  await send(image, to.tag);
  for (const referrer of referrers) {
    const { keepsReferrers } = await send(referrer, referrer.descriptor.digest);
    if (!keepsReferrers) await listReferrer(repository, image.descriptor, referrer);
  }
  const { digest } = image.descriptor;
  return {
    name,
    reference: `${to.registry}/${to.repository}:${to.tag}`,
    digest,
    url: pinnedUrl(to, digest),
    sent,
    referrers: referrers.map(({ descriptor }) => descriptor.digest),
  };
}

function distinct(descriptors: readonly Descriptor[]): Descriptor[] {
  return [...new Map(descriptors.map((descriptor) => [descriptor.digest, descriptor])).values()];
}

/** Where the registry keeps no list of what belongs to an image, an index under a tag is that list (distribution 1.1, "Referrers Tag Schema"). */
async function listReferrer(
  repository: Repository,
  image: Descriptor,
  { descriptor, manifest }: Stored,
): Promise<void> {
  const tag = image.digest.replace(":", "-");
  const before = await repository.manifest(tag);
  const read = before === undefined ? undefined : readIndex(Buffer.from(before.bytes).toString("utf8"));
  const listed = read?.outcome === "read" ? read.document.manifests : [];
  if (listed.some(({ digest }) => digest === descriptor.digest)) return;
  const { mediaType, digest, size } = descriptor;
  const entry = {
    mediaType,
    digest,
    size,
    ...(manifest.artifactType === undefined ? {} : { artifactType: manifest.artifactType }),
  };
  const index: Index = { schemaVersion: 2, mediaType: MEDIA.index, manifests: [...listed, entry] };
  const bytes = Buffer.from(JSON.stringify(index));
  await repository.pushManifest(tag, { mediaType: MEDIA.index, digest: `sha256:${sha256(bytes)}`, bytes });
}
