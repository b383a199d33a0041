import type { Image, ModuleImage } from "./image.js";
import type { Descriptor, Index } from "./manifest.js";
import { blobPath, IMAGE_ANNOTATION, LAYOUT, MEDIA } from "./media.js";

/** What this command may write over. */
export const WRITER = "sluice wasm package";

export interface LayoutFile {
  /** From the folder of the layout. */
  readonly path: string;
  readonly contents: string | Uint8Array;
}

/** The files of a layout, in the order in which they are put in place: the index last, which vouches for the others. */
export function layoutFiles(images: readonly ModuleImage[]): LayoutFile[] {
  const blobs = new Map(
    images.flatMap((image) => [image, ...billOf(image)].flatMap(contentsOf)).map((file) => [file.path, file]),
  );
  const sorted = [...blobs.values()].toSorted((one, other) => (one.path < other.path ? -1 : 1));
  const index: Index = {
    schemaVersion: 2,
    mediaType: MEDIA.index,
    manifests: images.flatMap(entries),
    annotations: { [IMAGE_ANNOTATION.writer]: WRITER },
  };
  return [
    ...sorted,
    { path: LAYOUT.marker, contents: `${JSON.stringify({ imageLayoutVersion: LAYOUT.version })}\n` },
    { path: LAYOUT.index, contents: `${JSON.stringify(index, null, 2)}\n` },
  ];
}

/** By its name an image is found by other tools too; what belongs to it is found by its subject. */
function entries(image: ModuleImage): Descriptor[] {
  const named = { ...image.descriptor, annotations: { [IMAGE_ANNOTATION.refName]: image.name } };
  return [named, ...billOf(image).map(({ descriptor }) => ({ ...descriptor, artifactType: MEDIA.bill }))];
}

function billOf({ bill }: ModuleImage): Image[] {
  return bill === undefined ? [] : [bill];
}

function contentsOf({ descriptor, bytes, blobs }: Image): LayoutFile[] {
  return [{ digest: descriptor.digest, bytes }, ...blobs].map((blob) => ({
    path: blobPath(blob.digest),
    contents: blob.bytes,
  }));
}
