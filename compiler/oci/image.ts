import { billName } from "../wasm/bill.js";
import { type ModuleFacts, sha256 } from "../wasm/verify.js";
import { archiveOf, compressed } from "./archive.js";
import type { Descriptor, Manifest } from "./manifest.js";
import { IMAGE_ANNOTATION, type ImageFormat, MEDIA, PLUGIN_FILE } from "./media.js";

export interface Blob {
  readonly digest: string;
  readonly bytes: Uint8Array;
}

/** A manifest, and the blobs that it names. */
export interface Image {
  /** Of the manifest. */
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
  readonly manifest: Manifest;
  readonly blobs: readonly Blob[];
}

/** A module in an image, and its bill of materials in another one that belongs to it. */
export interface ModuleImage extends Image {
  /** Without `.wasm`. */
  readonly name: string;
  readonly bill?: Image;
}

export interface Packaged {
  /** With `.wasm`. */
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly facts: ModuleFacts;
  readonly version?: string;
  /** CycloneDX, as the build has written it; and the licence of the module, as an expression of SPDX. */
  readonly bill?: { readonly text: string; readonly license: string };
}

/** Where the module comes from, as far as whoever packages it says so. */
export interface Origin {
  readonly source?: string;
  readonly revision?: string;
}

/** The image of a module: a function of what it is given, so the same module has the same digest on each machine. */
export async function imageOf(module: Packaged, format: ImageFormat, origin: Origin): Promise<ModuleImage> {
  const name = module.name.replace(/\.wasm$/, "");
  const annotations = annotationsOf(module, format, origin);
  const image = format === "compat" ? await compatImage(module, annotations) : artifact(module, annotations);
  const { bill } = module;
  return { name, ...image, ...(bill === undefined ? {} : { bill: billImage(module, bill.text, image.descriptor) }) };
}

function annotationsOf({ name, facts, version, bill }: Packaged, format: ImageFormat, origin: Origin) {
  const { title, licenses, source, revision, variant, moduleSha256, abi, capabilities } = IMAGE_ANNOTATION;
  return Object.fromEntries(
    [
      [title, name],
      [IMAGE_ANNOTATION.version, version],
      [licenses, bill?.license],
      [source, origin.source],
      [revision, origin.revision],
      [variant, format === "compat" ? format : undefined],
      [moduleSha256, facts.sha256],
      [abi, facts.abi.join(",")],
      [capabilities, capabilitiesOf(facts).join(",")],
    ].flatMap(([key, value]) => (key === undefined || value === undefined ? [] : [[key, value]])),
  );
}

/** Functions of the host, and callbacks: what an Envoy that restricts modules has to let this one use. */
function capabilitiesOf({ imports, exports }: ModuleFacts): string[] {
  const called = imports.map((name) => name.replace(/^.*\./, ""));
  const callbacks = exports.flatMap((name) => /^function (proxy_on_\w+)$/.exec(name)?.[1] ?? []);
  return [...new Set([...called, ...callbacks])].toSorted();
}

async function compatImage({ bytes }: Packaged, annotations: Record<string, string>): Promise<Image> {
  const archive = await archiveOf({ name: PLUGIN_FILE, contents: bytes });
  const layer = blobOf(compressed(archive));
  // A module runs on any processor. From an index, both fetchers take the image for this platform.
  const config = jsonBlob({
    architecture: "amd64",
    os: "linux",
    config: {},
    rootfs: { type: "layers", diff_ids: [`sha256:${sha256(archive)}`] },
  });
  return imageWith({
    config: described(config, MEDIA.config),
    layers: [described(layer, MEDIA.layer)],
    annotations,
    blobs: [config, layer],
  });
}

function artifact({ bytes, facts }: Packaged, annotations: Record<string, string>): Image {
  const config = jsonBlob({ type: "envoy_proxy", abiVersions: facts.abi, config: {} });
  const module = blobOf(bytes);
  const titled = (name: string) => ({ [IMAGE_ANNOTATION.title]: name });
  return imageWith({
    config: described(config, MEDIA.moduleConfig),
    layers: [
      described(config, MEDIA.moduleConfig, titled("runtime-config.json")),
      described(module, MEDIA.module, titled(PLUGIN_FILE)),
    ],
    annotations,
    blobs: [config, module],
  });
}

/** Beside the image and not in it: a third layer would be one too many for the fetchers. */
function billImage({ name }: Packaged, text: string, subject: Descriptor): Image {
  const empty = jsonBlob({});
  const bill = blobOf(Buffer.from(text));
  return imageWith({
    artifactType: MEDIA.bill,
    config: described(empty, MEDIA.empty),
    layers: [described(bill, MEDIA.bill, { [IMAGE_ANNOTATION.title]: billName(name) })],
    subject: { mediaType: subject.mediaType, digest: subject.digest, size: subject.size },
    blobs: [empty, bill],
  });
}

function imageWith({ blobs, ...parts }: Omit<Manifest, "schemaVersion"> & { blobs: readonly Blob[] }): Image {
  const { artifactType, config, layers, subject, annotations } = parts;
  const manifest: Manifest = {
    schemaVersion: 2,
    mediaType: MEDIA.manifest,
    ...(artifactType === undefined ? {} : { artifactType }),
    config,
    layers,
    ...(subject === undefined ? {} : { subject }),
    ...(annotations === undefined ? {} : { annotations }),
  };
  const { bytes, ...blob } = jsonBlob(manifest);
  const descriptor = described({ bytes, ...blob }, MEDIA.manifest);
  return { descriptor, bytes, manifest, blobs };
}

function described({ digest, bytes }: Blob, mediaType: string, annotations?: Record<string, string>): Descriptor {
  return { mediaType, digest, size: bytes.length, ...(annotations === undefined ? {} : { annotations }) };
}

function jsonBlob(value: unknown): Blob {
  return blobOf(Buffer.from(JSON.stringify(value)));
}

function blobOf(bytes: Uint8Array): Blob {
  return { digest: `sha256:${sha256(bytes)}`, bytes };
}
