// What istiod makes of the compiled examples, stored for the tests: they serve it with Envoy, and need no Go then.
//   npm run translate:istio [-- example ...]
// Builds istiod and istioctl of the Istio that the target is for, once, from their Go module. Every file must be one that istioctl
// has nothing against, and every resource of Envoy one that Envoy takes.
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { inspect } from "./inspect.mjs";
import { stored } from "./stored.mjs";
import { buildTools } from "./tools.mjs";
import { translate } from "./translate.mjs";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const here = join(root, "test", "targets", "istio");
const target = join(here, "translated");
const folders = [join(root, "examples"), join(here, "policies")];

const asked = process.argv.slice(2);
const subjects = folders
  .flatMap((folder) => readdirSync(folder).map((name) => ({ name, text: golden(join(folder, name)) })))
  .filter(({ name, text }) => (asked.length === 0 || asked.includes(name)) && text !== undefined);

const tools = buildTools();
mkdirSync(target, { recursive: true });
let failed = false;
for (const { name, text } of subjects) {
  const folder = mkdtempSync(join(tmpdir(), "sluice-istio-"));
  try {
    const faults = inspect(text, folder, tools);
    if (faults.length > 0) throw new Error(faults.join("\n"));
    const { dump, replaced } = await translate(text, folder, tools, root);
    const digest = createHash("sha256").update(text).digest("hex");
    writeFileSync(join(target, `${name}.json`), stored(dump, replaced, digest));
    console.log(`${name}: translated`);
  } catch (error) {
    failed = true;
    console.error(`${name}: ${error instanceof Error ? error.message : error}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
process.exit(failed ? 1 : 0);

function golden(folder) {
  try {
    return readFileSync(join(folder, "golden", "istio.yaml"), "utf8");
  } catch {
    return undefined;
  }
}
