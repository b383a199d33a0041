// Writes the types of the API beside dist/compiler/api, and those that they import; `npm pack` calls it. They are checked by
// `npm run check`, not here.
//   node scripts/build-types.mjs
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import process, { pid } from "node:process";
import { fileURLToPath } from "node:url";

const ENTRY = "compiler/api/index";
const root = fileURLToPath(new URL("..", import.meta.url));
const work = join(root, "dist", `.types-${pid}`);

try {
  emit();
  for (const name of reachable()) {
    const to = join(root, "dist", `${name}.d.ts`);
    mkdirSync(dirname(to), { recursive: true });
    renameSync(join(work, `${name}.d.ts`), to);
  }
} finally {
  rmSync(work, { recursive: true, force: true });
}

/** The compiler writes a file for each source that takes part, most of which nobody outside can see. */
function emit() {
  mkdirSync(work, { recursive: true });
  const config = {
    extends: "../../tsconfig.json",
    compilerOptions: { noEmit: false, emitDeclarationOnly: true, noCheck: true, rootDir: "../..", outDir: "." },
    files: [`../../${ENTRY}.ts`],
    include: [],
  };
  writeFileSync(join(work, "tsconfig.json"), JSON.stringify(config));
  const tsc = join(root, "node_modules/typescript/bin/tsc");
  const { status } = spawnSync(process.execPath, [tsc, "-p", work], { stdio: "inherit" });
  if (status !== 0) throw new Error("the types of the API were not written");
}

/** Names of the files whose types the API has in its own, without their ending. */
function reachable(names = [ENTRY]) {
  for (const name of names) {
    const text = readFileSync(join(work, `${name}.d.ts`), "utf8");
    for (const [, from] of text.matchAll(/(?:from |import\()"(\.[^"]*)\.js"/g)) {
      const next = posix.join(posix.dirname(name), from);
      if (!names.includes(next)) names.push(next);
    }
  }
  return names;
}
