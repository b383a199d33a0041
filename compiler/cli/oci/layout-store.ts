import { join } from "node:path";
import { type Index, readIndex, readMarker } from "../../oci/manifest.js";
import { blobPath, LAYOUT } from "../../oci/media.js";
import type { Store } from "../../oci/verify.js";
import { contentsIn } from "../compiled-folder.js";

/** Whether a folder says of itself that it is an image layout. */
export function isLayout(folder: string): boolean {
  return contentsIn(folder, LAYOUT.marker) !== undefined;
}

/** The blobs of a layout. */
export function layoutStore(folder: string): Store {
  const read = async ({ digest }: { digest: string }) => contentsIn(folder, blobPath(digest));
  return { place: (digest) => join(folder, blobPath(digest)), manifest: read, blob: read };
}

export type FoundIndex =
  | { readonly outcome: "read"; readonly path: string; readonly bytes: Uint8Array; readonly index: Index }
  | { readonly outcome: "damaged"; readonly path: string; readonly fault: string };

/** What a layout holds, or the first reason why that cannot be told. */
export function indexIn(folder: string): FoundIndex {
  const marker = contentsIn(folder, LAYOUT.marker);
  const version = readMarker(marker?.toString("utf8") ?? "");
  if (version.outcome === "damaged")
    return {
      outcome: "damaged",
      path: join(folder, LAYOUT.marker),
      fault: `does not say that this is an image layout of version ${LAYOUT.version}: ${version.reason}`,
    };
  const path = join(folder, LAYOUT.index);
  const bytes = contentsIn(folder, LAYOUT.index);
  if (bytes === undefined)
    return {
      outcome: "damaged",
      path,
      fault: "is missing, so nothing says what is in the layout; make it by `sluice wasm package`",
    };
  const read = readIndex(bytes.toString("utf8"));
  if (read.outcome === "damaged")
    return { outcome: "damaged", path, fault: `is no index that can be read: ${read.reason}` };
  return { outcome: "read", path, bytes, index: read.document };
}
