import { lstatSync, statSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { EnvironmentError, EXIT, UsageError } from "../exit.js";
import { writeAll } from "../files.js";
import { gatewayName, projectFiles } from "../init/project.js";
import { shellWord } from "../shell.js";
import { packageVersion } from "../version.js";

/** `sluice init`: a small project to begin with. Writes all of its files, or none where one of them is there. */
export async function initCommand(folder: string): Promise<number> {
  mustNotBeFile(folder);
  const isThere = (path: string) => lstatSync(join(folder, path), { throwIfNoEntry: false }) !== undefined;
  const all = projectFiles(gatewayName(basename(resolve(folder))), packageVersion());
  // Of a package that is there only the dependency is missing.
  const hasManifest = isThere("package.json");
  const files = all.filter(({ path }) => path !== "package.json" || !hasManifest);
  const taken = files.filter(({ path }) => isThere(path)).map(({ path }) => join(folder, path));
  if (taken.length > 0) throw new EnvironmentError(`nothing was written; there is already ${taken.join(", ")}`);
  await writeAll(folder, files);

  const policy = join(folder, "policy.yaml");
  const lines = [
    ...files.map(({ path }) => `wrote ${join(folder, path)}`),
    ...(hasManifest ? ["package.json was there already; add sluicegate to its devDependencies"] : []),
    "",
    "next:",
    `  sluice check ${shellWord(policy)} ${shellWord(join(folder, "policy.test.yaml"))}`,
    `  sluice test ${shellWord(folder)}`,
    `  ACME_KEY=secret-1 GLOBEX_KEY=secret-2 sluice run ${shellWord(policy)}`,
  ];
  process.stdout.write(`${lines.join("\n")}\n`);
  return EXIT.ok;
}

/** @throws UsageError if the folder, or one around it, is a file; EnvironmentError if that cannot be found out */
function mustNotBeFile(folder: string): void {
  try {
    if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== false) return;
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code !== "ENOTDIR")
      throw new EnvironmentError(`${folder}: ${error instanceof Error ? error.message : String(error)}`);
  }
  throw new UsageError(`${folder} is not a folder; name the folder that the project is written to`);
}
