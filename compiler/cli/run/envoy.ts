import { createHash } from "node:crypto";
import { accessSync, constants } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { endpointTexts, mountedEndpoints } from "../../plan/discovery.js";
import { environmentVariables } from "../../plan/guard.js";
import type { GatewayPlan } from "../../plan/plan.js";
import { collectors } from "../../plan/tracing.js";
import { mountedFiles } from "../../plan/transport.js";
import { writeAtomically } from "../../runtime/atomic-write.js";
import { drain } from "../../runtime/drain.js";
import { startDynamicEnvoy, type UpdateOutcome } from "../../runtime/dynamic.js";
import type { Envoy } from "../../runtime/launcher.js";
import { dynamicBootstrapText, resourceTexts, secretTexts } from "../../targets/envoy/emit.js";
import { DEFAULT_OPTIONS, type EnvoyOptions, STANDARD_OUTPUT } from "../../targets/envoy/options.js";
import { workFolder } from "../envoy.js";
import { EnvironmentError } from "../exit.js";
import { type LimitsBeside, startLimitsBeside, uncountedNotice } from "./limits.js";
import type { PolicyServer, Takeover } from "./policy-server.js";

export interface EnvoyRun {
  envoy: Envoy;
  concurrency: number;
  accessLog: boolean;
  /** Zone that it is in; nobody knows if absent. */
  zone?: string;
  /** Whether a service that counts for all gateways is started beside it. */
  countsForAll?: boolean;
}

/** Connections of a replaced listener are closed after this: a changed rule must not wait for old clients to leave. */
const DRAIN_SECONDS = 5;

/** A real Envoy with a policy, which takes over others without a restart. */
export async function runEnvoy(
  plan: GatewayPlan,
  secrets: Readonly<Record<string, string>>,
  { envoy, concurrency, accessLog, zone, countsForAll = false }: EnvoyRun,
): Promise<PolicyServer> {
  const fixed: EnvoyOptions = {
    ...DEFAULT_OPTIONS,
    admin: undefined,
    accessLog: accessLog ? STANDARD_OUTPUT : undefined,
    zone,
  };
  const notice = countsForAll ? undefined : uncountedNotice(plan);
  if (notice !== undefined) process.stderr.write(`sluice: ${notice}\n`);
  const problem = mountedProblem(plan, envoy);
  if (problem !== undefined) throw new EnvironmentError(problem);
  const work = await workFolder();
  let limits: LimitsBeside | undefined;
  try {
    limits = countsForAll ? await startLimitsBeside(plan, work.path) : undefined;
    const endpoints = new EndpointFiles(join(work.path, "endpoints"));
    const placed = { ...fixed, endpointsDir: endpoints.folder };
    const options = await withSecrets(plan, placed, work.path);
    await endpoints.begin(plan);
    // A policy that is replaced sends what it has for as long as its connections are drained.
    const collecting = new Set(collectors(plan.policies).map(({ service }) => service));
    const running = await startDynamicEnvoy({
      folder: join(work.path, "resources"),
      bootstrap: (files) => dynamicBootstrapText(plan, options, files),
      resources: resourceTexts(plan, options),
      start: {
        envoy,
        workDir: work.path,
        env: secrets,
        concurrency,
        drainSeconds: DRAIN_SECONDS,
        accessLogFlushMs: 100,
        onOutput: (stream, text) => process[stream].write(text),
        apart: true,
      },
    });
    return {
      listeners: () => running.envoy.listeners(),
      about: [`admin: ${running.envoy.adminUrl}`, ...(limits === undefined ? [] : [limits.about])],
      takeOver: async (next): Promise<Takeover> => {
        if (next.gateways !== undefined && JSON.stringify(next.gateways) !== JSON.stringify(plan.gateways))
          return {
            isNews: false,
            says: "there are other zones, and Envoy reads once which there are; start again. The policy before stays in force.",
          };
        if (JSON.stringify(next.overload) !== JSON.stringify(plan.overload))
          return {
            isNews: false,
            says: "`overload` is another one, and Envoy reads it once; start again. The policy before stays in force.",
          };
        const elsewhere = limits?.problem(next);
        if (elsewhere !== undefined)
          return { isNews: false, says: `${elsewhere}; start again. The policy before stays in force.` };
        const unknown = environmentVariables(next).filter((name) => !Object.hasOwn(secrets, name));
        const mounted = mountedProblem(next, envoy);
        if (mounted !== undefined) return { isNews: false, says: `${mounted}. The policy before stays in force.` };
        if (unknown.length === 0) {
          const resources = resourceTexts(next, await withSecrets(next, placed, work.path));
          await endpoints.begin(next);
          const outcome = await running.update(resources);
          const isTaken = outcome.kind === "accepted" || outcome.kind === "unchanged";
          const countsAnew = isTaken && (await limits?.update(next)) === true;
          if (isTaken) for (const { service } of collectors(next.policies)) collecting.add(service);
          const hasMoved = isTaken && (await endpoints.replace(next));
          return { isNews: true, says: hasMoved || countsAnew ? "taken over" : describe(outcome) };
        }
        const names = unknown.map((name) => `env:${name}`).join(", ");
        return {
          isNews: false,
          says: `${names} is new, and Envoy reads its environment once; start again. The policy before stays in force.`,
        };
      },
      ended: Promise.race([
        running.envoy.exited.then((exit) => `Envoy ended by itself (${exit.signal ?? `status ${exit.code}`})`),
        ...(limits === undefined ? [] : [limits.ended]),
      ]),
      async stop(hurry) {
        if (collecting.size > 0) await drain(running.envoy, { collectors: collecting, hurry });
        await running.envoy.stop();
        await limits?.stop();
        await work.remove();
      },
    };
  } catch (error) {
    await limits?.stop();
    await work.remove();
    throw error;
  }
}

/** The files by which Envoy finds services: a copy of those beside the policy, which Envoy reads again after each rename. */
class EndpointFiles {
  readonly folder: string;
  private readonly texts = new Map<string, string>();

  constructor(folder: string) {
    this.folder = folder;
  }

  /** Writes those that are new: Envoy takes no cluster whose file is not there. */
  async begin(plan: GatewayPlan): Promise<void> {
    await mkdir(this.folder, { recursive: true });
    for (const file of endpointTexts(plan)) if (!this.texts.has(file.name)) await this.write(file);
  }

  /** Writes those that are not as they were; true if there are any. */
  async replace(plan: GatewayPlan): Promise<boolean> {
    const changed = endpointTexts(plan).filter(({ name, text }) => this.texts.get(name) !== text);
    for (const file of changed) await this.write(file);
    return changed.length > 0;
  }

  private async write({ name, text }: { name: string; text: string }): Promise<void> {
    await writeAtomically(join(this.folder, name), text);
    this.texts.set(name, text);
  }
}

/** Why Envoy could not have the files of a policy; absent if it can. It would start all the same, and refuse every connection. */
function mountedProblem(plan: GatewayPlan, envoy: Envoy): string | undefined {
  const files = mountedFiles(plan);
  if (files.length === 0) return undefined;
  if (envoy.image !== undefined)
    return `the policy refers to mounted:${files[0]}, and a container of \`sluice run --docker\` has no files of this machine; run it without --docker`;
  const absent = files.filter((file) => !isReadable(file));
  if (absent.length === 0) return undefined;
  const isCertificate = absent.some((file) => !mountedEndpoints(plan).includes(file));
  const hint = isCertificate ? "; `sluice certs dev` makes certificates to try with" : "";
  return `the policy refers to ${absent.map((file) => `mounted:${file}`).join(", ")}, which cannot be read${hint}`;
}

function isReadable(file: string): boolean {
  try {
    accessSync(file, constants.R_OK);
    return true;
  } catch {
    return false;
  }
}

/** In a folder by their content: a policy that Envoy refuses changes nothing of those that it has. */
async function withSecrets(plan: GatewayPlan, options: EnvoyOptions, work: string): Promise<EnvoyOptions> {
  const texts = secretTexts(plan);
  if (texts.length === 0) return options;
  const digest = createHash("sha256").update(JSON.stringify(texts)).digest("hex");
  const secretsDir = join(work, "secrets", digest);
  await mkdir(secretsDir, { recursive: true });
  for (const { name, text } of texts) await writeAtomically(join(secretsDir, name), text);
  return { ...options, secretsDir };
}

function describe(outcome: UpdateOutcome): string {
  switch (outcome.kind) {
    case "accepted":
      return "taken over";
    case "unchanged":
      return "no change for Envoy";
    case "refused":
      return `refused by Envoy, the policy before stays in force:\n  ${outcome.findings.join("\n  ")}`;
    case "late":
      return `Envoy has not taken the new ${outcome.resource} yet`;
    case "gone":
      return "Envoy has ended";
  }
}
