import { BootstrapSchema } from "../../envoy/generated/envoy/config/bootstrap/v3/bootstrap_pb.js";
import { toYaml } from "../../envoy/print.js";
import { verify } from "../../envoy/verify.js";
import { environmentVariables } from "../../plan/guard.js";
import type { GatewayPlan } from "../../plan/plan.js";
import type { Emission, Target } from "../target.js";
import { staticBootstrap } from "./bootstrap.js";
import { GUARD_MODULE } from "./guard.js";
import { DEFAULT_OPTIONS, type EnvoyOptions } from "./options.js";

/** A bare Envoy: one bootstrap file, and the modules it loads. */
export const envoy: Target = {
  name: "envoy",
  summary: "an Envoy 1.40 bootstrap and the modules it loads",
  emit: (plan) => emitEnvoy(plan, DEFAULT_OPTIONS),
};

export function emitEnvoy(plan: GatewayPlan, options: EnvoyOptions): Emission {
  const bootstrap = staticBootstrap(plan, options);
  return {
    artifacts: [{ path: "envoy.yaml", contents: header(plan, options) + toYaml(BootstrapSchema, bootstrap) }],
    modules: [GUARD_MODULE],
    violations: verify(BootstrapSchema, bootstrap),
  };
}

/** What a person who opens the file must know: where it comes from and what it needs to start. */
function header(plan: GatewayPlan, options: EnvoyOptions): string {
  const variables = environmentVariables(plan);
  return [
    `# Compiled by sluice for Envoy 1.40 from the gateway ${plan.name}. Do not edit: change the policy and compile again.`,
    `# Envoy's working directory must hold ${options.modulesDir}/${GUARD_MODULE}.`,
    ...(variables.length === 0 ? [] : [`# Environment variables that Envoy needs: ${variables.join(", ")}`]),
    "",
  ].join("\n");
}
