import { catalog, entryOf } from "../../diagnostics/catalog.js";
import { nearest } from "../../diagnostics/suggest.js";
import { explainRoute, planOutline } from "../../plan/explain.js";
import { guardConfiguration } from "../../plan/guard.js";
import type { GatewayPlan } from "../../plan/plan.js";
import { envoy } from "../../targets/envoy/target.js";
import { EXIT, UsageError } from "../exit.js";
import { checkFile } from "../files.js";
import { printFindings } from "../print.js";

export const STAGES = ["plan", "filters", "envoy"] as const;
export type Stage = (typeof STAGES)[number];

export interface ExplainOptions {
  policy: string;
  stage?: Stage;
}

/** `sluice explain`: a diagnostic code, the effective policies of a route, or what flows between two stages. */
export async function explainCommand(subject: string | undefined, options: ExplainOptions): Promise<number> {
  if (subject !== undefined && /^SL[0-9]{4}$/i.test(subject)) {
    process.stdout.write(codePage(subject));
    return EXIT.ok;
  }
  const { plan, diagnostics } = checkFile(options.policy);
  if (plan === undefined) {
    printFindings(diagnostics, "text");
    return EXIT.findings;
  }
  process.stdout.write(options.stage === undefined ? routePage(plan, subject) : await stagePage(plan, options.stage));
  return EXIT.ok;
}

function codePage(code: string): string {
  const entry = entryOf(code);
  if (entry === undefined) {
    const known = nearest(code.toUpperCase(), Object.keys(catalog));
    throw new UsageError(`no finding has the code ${code}${known === undefined ? "" : `; did you mean ${known}?`}`);
  }
  return `${entry.code} (${entry.severity}): ${entry.message}\n\n${entry.help.trim()}\n`;
}

function routePage(plan: GatewayPlan, subject: string | undefined): string {
  const names = [...new Set(plan.hosts.flatMap((host) => host.routes.map((route) => route.name)))];
  if (subject === undefined) return names.map((name) => explainRoute(plan, name)).join("\n");
  if (names.includes(subject)) return explainRoute(plan, subject);
  const known = nearest(subject, names);
  throw new UsageError(`no route is named ${subject}${known === undefined ? "" : `; did you mean ${known}?`}`);
}

async function stagePage(plan: GatewayPlan, stage: Stage): Promise<string> {
  switch (stage) {
    case "plan":
      return `${JSON.stringify(planOutline(plan), undefined, 2)}\n`;
    case "filters":
      return `${JSON.stringify(guardConfiguration(plan, []), undefined, 2)}\n`;
    case "envoy":
      return (await envoy.emit(plan, {})).artifacts.map((artifact) => artifact.contents).join("\n");
  }
}
