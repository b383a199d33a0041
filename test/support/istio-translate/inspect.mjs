// What istioctl has against a file of resources.
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

/** Istio says it of every EnvoyFilter, whatever is in it. */
const ALWAYS =
  "EnvoyFilter exposes internal implementation details that may change at any time. Prefer other APIs if possible, and exercise extreme caution, especially around upgrades.";

/** @returns findings, without what is said of every EnvoyFilter */
export function inspect(text, folder, tools) {
  const file = join(folder, "inspected.yaml");
  writeFileSync(file, text);
  const validated = run(tools.istioctl, "validate", "-f", file);
  const analyzed = run(tools.istioctl, "analyze", "--use-kube=false", "--failure-threshold", "Error", file);
  const lines = [validated, analyzed].flatMap(({ output }) => output.split("\n"));
  const found = lines.filter(
    (line) => !line.includes(ALWAYS) && /\b(?:IST\d{4}|error|Error|warning|Warning|unknown|\* )/.test(line),
  );
  // The line that says that there are warnings.
  const said = found.filter((line) => !line.endsWith('" has warnings: '));
  return validated.status === 0 && analyzed.status === 0 ? said : [...said, validated.output, analyzed.output];
}

function run(command, ...args) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: "utf8" });
  return { status, output: error?.message ?? `${stdout}${stderr}` };
}
