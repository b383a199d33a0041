import { join } from "node:path";
import { environmentVariables } from "../../plan/guard.js";
import type { GatewayPlan } from "../../plan/plan.js";
import { startDynamicEnvoy, type UpdateOutcome } from "../../runtime/dynamic.js";
import type { Envoy } from "../../runtime/launcher.js";
import { dynamicBootstrapText, resourceTexts } from "../../targets/envoy/emit.js";
import { DEFAULT_OPTIONS, type EnvoyOptions, STANDARD_OUTPUT } from "../../targets/envoy/options.js";
import { workFolder } from "../envoy.js";
import type { PolicyServer, Takeover } from "./policy-server.js";

export interface EnvoyRun {
  envoy: Envoy;
  concurrency: number;
  accessLog: boolean;
}

/** Connections of a replaced listener are closed after this: a changed rule must not wait for old clients to leave. */
const DRAIN_SECONDS = 5;

/** A real Envoy with a policy, which takes over others without a restart. */
export async function runEnvoy(
  plan: GatewayPlan,
  secrets: Readonly<Record<string, string>>,
  { envoy, concurrency, accessLog }: EnvoyRun,
): Promise<PolicyServer> {
  const options: EnvoyOptions = {
    ...DEFAULT_OPTIONS,
    admin: undefined,
    accessLog: accessLog ? STANDARD_OUTPUT : undefined,
  };
  const work = await workFolder();
  try {
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
      },
    });
    return {
      listeners: () => running.envoy.listeners(),
      about: [`admin: ${running.envoy.adminUrl}`],
      takeOver: async (next): Promise<Takeover> => {
        const unknown = environmentVariables(next).filter((name) => !Object.hasOwn(secrets, name));
        if (unknown.length === 0)
          return { isNews: true, says: describe(await running.update(resourceTexts(next, options))) };
        const names = unknown.map((name) => `env:${name}`).join(", ");
        return {
          isNews: false,
          says: `${names} is new, and Envoy reads its environment once; start again. The policy before stays in force.`,
        };
      },
      ended: running.envoy.exited.then((exit) => `Envoy ended by itself (${exit.signal ?? `status ${exit.code}`})`),
      async stop() {
        await running.envoy.stop();
        await work.remove();
      },
    };
  } catch (error) {
    await work.remove();
    throw error;
  }
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
