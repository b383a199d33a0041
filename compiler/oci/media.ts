/** Media types of images and of what is in them. */
export const MEDIA = {
  index: "application/vnd.oci.image.index.v1+json",
  manifest: "application/vnd.oci.image.manifest.v1+json",
  config: "application/vnd.oci.image.config.v1+json",
  layer: "application/vnd.oci.image.layer.v1.tar+gzip",
  /** Of an artifact: what its module is for. */
  moduleConfig: "application/vnd.module.wasm.config.v1+json",
  module: "application/vnd.module.wasm.content.layer.v1+wasm",
  empty: "application/vnd.oci.empty.v1+json",
  bill: "application/vnd.cyclonedx+json",
  dockerIndex: "application/vnd.docker.distribution.manifest.list.v2+json",
  dockerManifest: "application/vnd.docker.distribution.manifest.v2+json",
  dockerLayer: "application/vnd.docker.image.rootfs.diff.tar.gzip",
} as const;

/**
 * How a module is put into an image. `compat` is a layer as every container image has them, with one file, and goes into any
 * registry; `artifact` has the module as it is, and two media types of its own.
 */
export const IMAGE_FORMATS = ["compat", "artifact"] as const;
export type ImageFormat = (typeof IMAGE_FORMATS)[number];

/** The one name of a module in a layer (spec-compat.md of the Wasm image specification). */
export const PLUGIN_FILE = "plugin.wasm";

/** More of a module, or of a layer that is unpacked, neither Istio nor Envoy Gateway reads. */
export const MOST_BYTES = 256 * 1024 * 1024;

export const IMAGE_ANNOTATION = {
  title: "org.opencontainers.image.title",
  version: "org.opencontainers.image.version",
  licenses: "org.opencontainers.image.licenses",
  source: "org.opencontainers.image.source",
  revision: "org.opencontainers.image.revision",
  refName: "org.opencontainers.image.ref.name",
  /** What the specification of compat images asks for. */
  variant: "module.wasm.image/variant",
  /** Of the module, in lower-case hexadecimal; the digest of an image is that of its manifest. */
  moduleSha256: "sluice.module.sha256",
  abi: "sluice.module.abi",
  /** What Envoy has to let the module use at most, by the names of `capability_restriction_config`, with commas between. */
  capabilities: "sluice.module.capabilities",
  /** Of an index: who may write over it. */
  writer: "sluice.writer",
} as const;

/** Files of a layout (OCI image layout, version 1.0.0). */
export const LAYOUT = { marker: "oci-layout", index: "index.json", version: "1.0.0" } as const;

/** Where a layout has a blob. */
export function blobPath(digest: string): string {
  return `blobs/${digest.replace(":", "/")}`;
}

/** What a registry is asked for where a manifest or an index may be. */
export const readManifestTypes: readonly string[] = [
  MEDIA.manifest,
  MEDIA.index,
  MEDIA.dockerManifest,
  MEDIA.dockerIndex,
];
