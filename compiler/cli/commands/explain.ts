import { codes } from "../../diagnostics/catalog.js";
import { codePage } from "../../diagnostics/page.js";
import { nearest } from "../../diagnostics/suggest.js";
import { shown, targetNames } from "../../index.js";
import { bodyConfiguration, digestConfiguration, hasDigests, hasOperations } from "../../plan/body.js";
import { explainRoute, planOutline } from "../../plan/explain.js";
import { guardConfiguration } from "../../plan/guard.js";
import type { GatewayPlan, JsonObject } from "../../plan/plan.js";
import { EXIT, UsageError } from "../exit.js";
import { checkFile } from "../files.js";
import { printFindings } from "../print.js";
import { REQUEST_EXAMPLE } from "../request.js";

/** Stages of every policy, and each target. */
export const STAGES: readonly string[] = ["plan", "filters", ...targetNames];

/** How the explanation of a request is printed. */
export const REQUEST_FORMATS = ["text", "json"] as const;

export interface ExplainOptions {
  policy: string;
  stage?: string;
  where?: string;
  request?: string;
  header?: string[];
  as?: string;
  source?: string;
  listener?: string;
  format: (typeof REQUEST_FORMATS)[number];
}

/** `sluice explain`: a diagnostic code, a route, a request, or what flows between two stages. */
export async function explainCommand(subject: string | undefined, options: ExplainOptions): Promise<number> {
  refuseMixture(subject, options);
  if (subject !== undefined && /^SL[0-9]{4}$/i.test(subject)) {
    process.stdout.write(findingPage(subject));
    return EXIT.ok;
  }
  const { plan, diagnostics } = checkFile(options.policy);
  if (plan === undefined) {
    printFindings(diagnostics, "text");
    return EXIT.findings;
  }
  if (options.stage !== undefined && targetNames.includes(options.stage))
    return targetStage(options.policy, options.stage);
  process.stdout.write(await page(plan, subject, options));
  return EXIT.ok;
}

async function page(plan: GatewayPlan, subject: string | undefined, options: ExplainOptions): Promise<string> {
  const { request, stage, where } = options;
  if (where !== undefined) return (await import("./explain-where.js")).wherePage(options.policy, where);
  if (stage !== undefined) return stagePage(plan, stage);
  if (request === undefined) return routePage(plan, subject);
  return (await import("./explain-request.js")).requestPage(plan, { ...options, request });
}

/** Options that would be left out of account are a slip of the one who typed them. */
function refuseMixture(subject: string | undefined, options: ExplainOptions): void {
  const { request, stage, where } = options;
  if (where !== undefined && (subject !== undefined || stage !== undefined || request !== undefined))
    throw new UsageError("--where stands alone, beside --policy");
  if (request !== undefined && (subject !== undefined || stage !== undefined))
    throw new UsageError(`--request cannot go with ${stage === undefined ? `the subject ${subject}` : "--stage"}`);
  const needing = ["header", "as", "source", "listener"] as const;
  const lone = needing.find((name) => options[name] !== undefined);
  if (request === undefined && lone !== undefined)
    throw new UsageError(`--${lone} needs --request\nexample: ${REQUEST_EXAMPLE}`);
  if (request === undefined && options.format !== "text") throw new UsageError("--format needs --request");
}

function findingPage(code: string): string {
  const page = codePage(code);
  if (page !== undefined) return page;
  const known = nearest(code.toUpperCase(), codes);
  throw new UsageError(`no finding has the code ${code}${known === undefined ? "" : `; did you mean ${known}?`}`);
}

function routePage(plan: GatewayPlan, subject: string | undefined): string {
  const names = [...new Set(plan.hosts.flatMap((host) => host.routes.map((route) => route.name)))];
  if (subject === undefined) return names.map((name) => explainRoute(plan, name)).join("\n");
  if (names.includes(subject)) return explainRoute(plan, subject);
  const known = nearest(subject, names);
  throw new UsageError(`no route is named ${subject}${known === undefined ? "" : `; did you mean ${known}?`}`);
}

/** What the guard reads, or where there are several modules, what each of them does. */
function filtersOf(plan: GatewayPlan): JsonObject {
  const guard = guardConfiguration(plan, []);
  if (!hasOperations(plan.hosts) && !hasDigests(plan)) return guard;
  return {
    "guard.wasm": guard,
    ...(hasDigests(plan) ? { "body.wasm, for digests": digestConfiguration(plan) } : {}),
    ...(hasOperations(plan.hosts) ? { "body.wasm": bodyConfiguration(plan) } : {}),
  };
}

function stagePage(plan: GatewayPlan, stage: string): string {
  const shown = stage === "filters" ? filtersOf(plan) : planOutline(plan);
  return `${JSON.stringify(shown, undefined, 2)}\n`;
}

/** What a target writes. */
async function targetStage(policy: string, target: string): Promise<number> {
  const { emission, diagnostics } = await shown(policy, target);
  if (emission === undefined) {
    printFindings(diagnostics, "text");
    return EXIT.findings;
  }
  process.stdout.write(emission.artifacts.map((artifact) => artifact.contents).join("\n"));
  return EXIT.ok;
}
