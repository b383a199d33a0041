import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { alertsText } from "../../dashboards/alerts.js";
import { dashboardText } from "../../dashboards/dashboard.js";
import { WRITTEN_BY } from "../../dashboards/subjects.js";
import { EnvironmentError, EXIT } from "../exit.js";
import { checkFile, writeAll } from "../files.js";
import { printFindings } from "../print.js";

export interface DashboardsOptions {
  policy: string;
  out: string;
}

/** `sluice dashboards`: what to watch of a policy. Writes both files or none, and nothing over a file that it did not write. */
export async function dashboardsCommand({ policy, out }: DashboardsOptions): Promise<number> {
  const { plan, diagnostics } = checkFile(policy);
  if (plan === undefined) {
    printFindings(diagnostics, "text");
    return EXIT.findings;
  }
  const files = [
    { path: `${plan.name}.dashboard.json`, contents: dashboardText(plan) },
    { path: `${plan.name}.rules.yaml`, contents: alertsText(plan) },
  ];
  const taken = files.map(({ path }) => join(out, path)).filter(isOfOthers);
  if (taken.length > 0)
    throw new EnvironmentError(
      `nothing was written; ${taken.join(" and ")} ${taken.length === 1 ? "is" : "are"} from somebody else`,
    );
  await writeAll(out, files);
  process.stdout.write(files.map(({ path }) => `wrote ${join(out, path)}\n`).join(""));
  return EXIT.ok;
}

/** A folder is left to the writing, which says why it cannot be. */
function isOfOthers(path: string): boolean {
  const found = statSync(path, { throwIfNoEntry: false });
  return found?.isFile() === true && !readFileSync(path, "utf8").includes(WRITTEN_BY);
}
