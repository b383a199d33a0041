// Makes a policy kind that works at once: `npm run new:kind -- require-header`. CONTRIBUTING.md tells what a person does then.
// The kind lets a request pass that has a header. Its files come from scripts/new-kind/, where it is called sample-kind; files that know all
// kinds get their part at places that are looked for. Nothing is written unless all of it can be.

import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { editedFiles } from "./new-kind/edits.mjs";
import { namesOf, Refusal } from "./new-kind/names.mjs";
import { styled } from "./new-kind/style.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const templates = join(root, "scripts", "new-kind");

try {
  const [name, ...others] = process.argv.slice(2);
  if (name === undefined || others.length > 0)
    throw new Refusal("One name is wanted.", "Write `npm run new:kind -- require-header`, with a name of your own.");
  make(namesOf(name));
} catch (error) {
  if (!(error instanceof Refusal)) throw error;
  console.error(`new:kind: ${error.message}\nfix: ${error.fix}\nNothing was written.`);
  process.exit(1);
}

function make(names) {
  const folder = `filters/${names.kebab}`;
  if (existsSync(join(root, folder))) throw new Refusal(`${folder} is there already.`, "Choose another name.");
  const read = (path) => readFileSync(join(root, path), "utf8");
  const changed = editedFiles(names, read).map(({ path, text }) => ({ path, text: styled(root, path, text) }));
  const added = templateFiles("").map((template) => {
    const path = `${folder}/${names.fill(template.replace(/\.txt$/, ""))}`;
    return { path, text: styled(root, path, names.fill(readFileSync(join(templates, template), "utf8"))) };
  });
  write(folder, added, changed, read);
  const list = (files) => files.map(({ path }) => `  ${path}\n`).join("");
  console.log(`The kind ${names.camel} is there.

new
${list(added)}
changed
${list(changed)}
next
  npm run build                          # modules and dist with the kind
  npm run golden:update                  # plans, findings, schemas and references; read the difference
  npx vitest run ${folder} test/golden.test.ts test/repository.test.ts
  CONTRIBUTING.md, "Add a kind", from step 3 on: what to make of it`);
}

/** Paths of the templates, with `.txt` at their end. */
function templateFiles(folder) {
  return readdirSync(join(templates, folder), { withFileTypes: true })
    .flatMap((entry) => {
      const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
      return entry.isDirectory() ? templateFiles(path) : [path];
    })
    .filter((path) => path.endsWith(".txt"))
    .toSorted();
}

/** Everything is first written beside its place, then renamed; what was renamed is taken back if a later one fails. */
function write(folder, added, changed, read) {
  const mark = `.new-kind-${process.pid}`;
  const temporary = join(root, `${folder}${mark}`);
  const before = new Map(changed.map(({ path }) => [path, read(path)]));
  const renamed = [];
  try {
    for (const { path, text } of added) {
      const target = join(temporary, path.slice(folder.length + 1));
      mkdirSync(dirname(target), { recursive: true });
      writeFileSync(target, text);
    }
    for (const { path, text } of changed) writeFileSync(join(root, path + mark), text);
    renameSync(temporary, join(root, folder));
    renamed.push(folder);
    for (const { path } of changed) {
      renameSync(join(root, path + mark), join(root, path));
      renamed.push(path);
    }
  } catch (error) {
    for (const path of renamed) {
      if (path === folder) rmSync(join(root, folder), { recursive: true });
      else writeFileSync(join(root, path), before.get(path));
    }
    throw new Refusal(`It cannot be written: ${error.message}.`, "See to it that the repository can be written to.");
  } finally {
    rmSync(temporary, { recursive: true, force: true });
    for (const { path } of changed) rmSync(join(root, path + mark), { force: true });
  }
}
