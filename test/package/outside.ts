import { cp, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { z } from "zod";
import { packageRoot } from "../../compiler/cli/files.js";
import { runCommand } from "../../compiler/runtime/command.js";

/** What git does not keep: a clone has none of it. */
const NOT_CLONED = [".git", "node_modules", "dist", "generated", "coverage"];
const TIMEOUT_MS = 110_000;

/** A tarball that `npm pack` made of a copy of the repository with nothing bundled. */
export interface Packed {
  readonly path: string;
  /** Paths of the files in it, sorted. */
  readonly files: readonly string[];
  /** Bytes of the tarball. */
  readonly size: number;
}

/** @param folder where the copy and the tarball are put */
export async function packed(folder: string): Promise<Packed> {
  const root = packageRoot();
  const clone = join(folder, "clone");
  await cp(root, clone, {
    recursive: true,
    filter: (path) => path === root || !NOT_CLONED.includes(basename(path)),
  });
  // Two steps of setup.mjs that take longest are done already, and it sees that: `npm ci`, and the modules, which have the
  // same bytes wherever they are built.
  await cp(join(root, "dist/modules"), join(clone, "dist/modules"), { recursive: true });
  await symlink(join(root, "node_modules"), join(clone, "node_modules"));
  const stdout = await demand("npm", ["pack", "--json", "--silent", "--pack-destination", folder], clone);
  const [pack] = z
    .array(z.object({ filename: z.string(), size: z.number(), files: z.array(z.object({ path: z.string() })) }))
    .parse(JSON.parse(stdout.slice(stdout.indexOf("[\n"))));
  if (pack === undefined) throw new Error("npm pack made nothing");
  const files = pack.files.map(({ path }) => path).toSorted();
  return { path: join(folder, pack.filename), files, size: pack.size };
}

/** An empty folder, outside of any repository. */
export async function emptyFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), "sluice-outside-"));
}

/** Copies of the programs beside this file, and whatever else is to be compiled there. */
export async function programs(folder: string, more: Readonly<Record<string, string>>): Promise<void> {
  for (const name of ["use.mts", "use.cts", "wrong.mts"])
    await cp(join(packageRoot(), "test/package", name), join(folder, name));
  for (const [name, text] of Object.entries(more)) await writeFile(join(folder, name), text);
}

/**
 * What the TypeScript compiler says of some files, line by line; nothing if it is content.
 *
 * @param options beside the strict ones
 */
export async function compiledTypes(
  folder: string,
  files: readonly string[],
  options: Readonly<Record<string, unknown>>,
): Promise<string[]> {
  const config = join(folder, "tsconfig.json");
  const strict = { strict: true, noUncheckedIndexedAccess: true, exactOptionalPropertyTypes: true };
  const compilerOptions = { ...strict, target: "ES2023", lib: ["ES2023"], skipLibCheck: false, types: [], ...options };
  await writeFile(config, JSON.stringify({ compilerOptions, files }));
  const tsc = join(packageRoot(), "node_modules/typescript/bin/tsc");
  const result = await runCommand(process.execPath, [tsc, "-p", config], { cwd: folder, timeoutMs: TIMEOUT_MS });
  if (result.kind !== "ended") throw new Error(JSON.stringify(result));
  return result.stdout.split("\n").filter((line) => line !== "");
}

/** Standard output of a command that must succeed. */
export async function demand(
  file: string,
  args: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  const result = await runCommand(file, args, { cwd, env: { ...cleanEnvironment(), ...env }, timeoutMs: TIMEOUT_MS });
  if (result.kind === "ended" && result.code === 0) return result.stdout;
  throw new Error(`${file} ${args.join(" ")}: ${JSON.stringify(result, null, 2)}`);
}

/** Without what the npm that runs these tests hands on, such as the folder of its project; its settings for the network stay. */
function cleanEnvironment(): NodeJS.ProcessEnv {
  const own = /^(npm_(package|lifecycle|command|execpath|node_execpath)|npm_config_(local_prefix|prefix)$|INIT_CWD$)/;
  const rest = Object.entries(process.env).filter(([name]) => !own.test(name));
  // So that npx takes what is installed, or fails.
  return { ...Object.fromEntries(rest), npm_config_yes: "false" };
}

/** Takes folders away. */
export async function removeAll(folders: readonly string[]): Promise<void> {
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
}
