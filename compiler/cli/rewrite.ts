import { randomBytes } from "node:crypto";
import { access, constants, open, readFile, realpath, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { EnvironmentError } from "./exit.js";

export interface Rewrite {
  readonly path: string;
  readonly before: string;
  readonly after: string;
}

/**
 * Gives files another text: each in one step, with the mode that it has, and the file itself where the path is a link. One
 * that has several names keeps them (hard links), so it is written in place; if that is interrupted, the whole text is in
 * the `.sluice-*.tmp` beside it.
 *
 * @throws EnvironmentError if a file is no longer what it was, or cannot be written; no file of which that is known is changed
 */
export async function rewrite(files: readonly Rewrite[]): Promise<void> {
  const staged: Staged[] = [];
  try {
    for (const file of files) staged.push(await stage(file));
    for (const { from, to, hasNames } of staged) await (hasNames ? overwrite(from, to) : rename(from, to));
  } catch (error) {
    for (const { from } of staged) await rm(from, { force: true });
    throw error instanceof EnvironmentError
      ? error
      : new EnvironmentError(`cannot write the fixes: ${messageOf(error)}`);
  }
}

interface Staged {
  /** Holds the new text. */
  readonly from: string;
  readonly to: string;
  /** True if other names lead to the file too. */
  readonly hasNames: boolean;
}

async function overwrite(from: string, to: string): Promise<void> {
  const file = await open(to, "r+");
  try {
    const bytes = await readFile(from);
    await file.write(bytes, 0, bytes.length, 0);
    await file.truncate(bytes.length);
    await file.sync();
  } finally {
    await file.close();
  }
  await rm(from);
}

async function stage({ path, before, after }: Rewrite): Promise<Staged> {
  const to = await realpath(path);
  // A rename would also replace a file that may not be written.
  await access(to, constants.W_OK);
  if (!(await readFile(to)).equals(Buffer.from(before)))
    throw new EnvironmentError(`${path}: the file has changed meanwhile; nothing was fixed`);
  const { mode, nlink } = await stat(to);
  const from = join(dirname(to), `.sluice-${randomBytes(6).toString("hex")}.tmp`);
  const file = await open(from, "wx", 0o600);
  try {
    await file.writeFile(after);
    // The mode of `open` would be cut by the mask of the process.
    await file.chmod(mode & 0o7777);
    await file.sync();
    return { from, to, hasNames: nlink > 1 };
  } catch (error) {
    await rm(from, { force: true });
    throw error;
  } finally {
    await file.close();
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
