import { constants, gunzipSync } from "node:zlib";
import { gzipSync } from "fflate/browser";
import { extract, pack } from "tar-stream";

/** A file of an archive. */
export interface ArchivedFile {
  readonly name: string;
  readonly contents: Uint8Array;
}

/** An archive of one file: the same bytes wherever and whenever it is made. */
export async function archiveOf(file: ArchivedFile): Promise<Uint8Array> {
  const archive = pack();
  const { name, contents } = file;
  archive.entry(
    { name, size: contents.length, type: "file", mode: 0o644, uid: 0, gid: 0, mtime: new Date(0) },
    contents,
  );
  archive.finalize();
  return joined(archive);
}

/**
 * Compressed by a library in JavaScript, and not by the zlib of Node, whose output is another one with another processor and
 * version.
 */
export function compressed(bytes: Uint8Array): Uint8Array {
  return gzipSync(bytes, { level: 9, mtime: 0 });
}

export type Unpacked =
  | { readonly outcome: "unpacked"; readonly files: readonly ArchivedFile[] }
  | { readonly outcome: "damaged"; readonly reason: string };

/**
 * The files of a compressed archive, in their order.
 *
 * @param most bytes that it may have when it is unpacked
 */
export async function unpacked(bytes: Uint8Array, most: number): Promise<Unpacked> {
  let archive: Buffer;
  try {
    archive = gunzipSync(bytes, { maxOutputLength: most, finishFlush: constants.Z_FINISH });
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    return damaged(
      code === "ERR_BUFFER_TOO_LARGE"
        ? `it unpacks to more than ${most / 1024 / 1024} MiB`
        : `it is not compressed by gzip (${messageOf(error)})`,
    );
  }
  const reader = extract();
  reader.end(archive);
  const files: ArchivedFile[] = [];
  try {
    for await (const entry of reader) {
      const contents = await joined(entry);
      if (entry.header.type === "file") files.push({ name: entry.header.name, contents });
    }
  } catch (error) {
    return damaged(`it holds no archive of tar (${messageOf(error)})`);
  }
  return { outcome: "unpacked", files };
}

function damaged(reason: string): Unpacked {
  return { outcome: "damaged", reason };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

async function joined(stream: AsyncIterable<unknown>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const part of stream) if (part instanceof Uint8Array) parts.push(part);
  return Buffer.concat(parts);
}
