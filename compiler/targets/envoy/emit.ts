import { create } from "@bufbuild/protobuf";
import type { Any } from "@bufbuild/protobuf/wkt";
import { BootstrapSchema } from "../../envoy/generated/envoy/config/bootstrap/v3/bootstrap_pb.js";
import { ClusterSchema } from "../../envoy/generated/envoy/config/cluster/v3/cluster_pb.js";
import { ListenerSchema } from "../../envoy/generated/envoy/config/listener/v3/listener_pb.js";
import { DiscoveryResponseSchema } from "../../envoy/generated/envoy/service/discovery/v3/discovery_pb.js";
import { packed } from "../../envoy/message.js";
import { objectToYaml, toObject, toYaml } from "../../envoy/print.js";
import { verify } from "../../envoy/verify.js";
import { hasDigests, hasOperations } from "../../plan/body.js";
import { endpointTexts } from "../../plan/discovery.js";
import { environmentVariables } from "../../plan/guard.js";
import { openApiDocuments } from "../../plan/openapi.js";
import type { GatewayPlan } from "../../plan/plan.js";
import { mountedFiles } from "../../plan/transport.js";
import type { Artifact, Emission, EmittedModule } from "../target.js";
import { BODY_MODULE } from "./body.js";
import { dynamicBootstrap, staticBootstrap, type WatchedFile } from "./bootstrap.js";
import { BODY_CAPABILITIES, DIGEST_CAPABILITIES, guardCapabilities } from "./capabilities.js";
import { clusters } from "./clusters.js";
import { GUARD_MODULE } from "./guard.js";
import { LIMITS_FILE, limitServiceText } from "./limit-service.js";
import { listeners } from "./listeners.js";
import { DEFAULT_OPTIONS, type EnvoyOptions } from "./options.js";
import { secretFiles } from "./tls.js";
import { whereIn } from "./where.js";

/** The bootstrap of a plan, with what Envoy would have against it. */
export function emitEnvoy(plan: GatewayPlan, options: EnvoyOptions): Emission {
  const bootstrap = staticBootstrap(plan, options);
  const printed = toObject(BootstrapSchema, bootstrap);
  const secrets = secretFiles(plan);
  return {
    artifacts: [
      { path: "envoy.yaml", contents: header(plan, options) + objectToYaml(printed) },
      ...openApiDocuments(plan),
      ...limitFiles(plan),
      ...secretTexts(plan).map(({ name, text }) => ({ path: `${DEFAULT_OPTIONS.secretsDir}/${name}`, contents: text })),
      ...endpointTexts(plan).map(({ name, text }) => ({
        path: `${DEFAULT_OPTIONS.endpointsDir}/${name}`,
        contents: text,
      })),
    ],
    // Printed again for whoever asks: a large configuration is not to be kept for those who do not.
    where: {
      "envoy.yaml": (path) => whereIn(plan, toObject(BootstrapSchema, staticBootstrap(plan, options)))(path),
    },
    modules: modulesOf(plan),
    violations: [
      ...verify(BootstrapSchema, bootstrap, printed),
      ...secrets.flatMap(({ response }) => verify(DiscoveryResponseSchema, response)),
    ],
  };
}

/** What the service that counts for all gateways reads. */
function limitFiles(plan: GatewayPlan): Artifact[] {
  const contents = limitServiceText(plan);
  return contents === undefined ? [] : [{ path: LIMITS_FILE, contents }];
}

/** What Envoy loads for a plan. */
function modulesOf(plan: GatewayPlan): EmittedModule[] {
  const guard = { name: GUARD_MODULE, capabilities: guardCapabilities(plan) };
  // What it may do where it converts is more than where it compares.
  if (hasOperations(plan.hosts)) return [guard, { name: BODY_MODULE, capabilities: BODY_CAPABILITIES }];
  return hasDigests(plan) ? [guard, { name: BODY_MODULE, capabilities: DIGEST_CAPABILITIES }] : [guard];
}

/** The files that say where certificates are, by their names in `secretsDir`. */
export function secretTexts(plan: GatewayPlan): { name: string; text: string }[] {
  return secretFiles(plan).map(({ name, response }) => ({ name, text: toYaml(DiscoveryResponseSchema, response) }));
}

/** What a person who opens the file must know: where it comes from and what it needs to start. */
function header(plan: GatewayPlan, options: EnvoyOptions): string {
  const variables = environmentVariables(plan);
  const mounted = mountedFiles(plan);
  const hasEndpoints = endpointTexts(plan).length > 0;
  const modules = modulesOf(plan).map(({ name }) => `${options.modulesDir}/${name}`);
  const named = modules.join(" and ");
  return [
    `# Compiled by sluice for Envoy 1.40 from the gateway ${plan.name}. Do not edit: change the policy and compile again.`,
    ...(secretFiles(plan).length === 0
      ? []
      : [`# Envoy's working directory must hold ${options.secretsDir}, whose files say where certificates are.`]),
    ...(hasEndpoints
      ? [
          `# Envoy's working directory must hold ${options.endpointsDir}, whose files say where services are; one that is renamed into its place holds at once.`,
        ]
      : []),
    ...(mounted.length === 0 ? [] : [`# Files that Envoy reads: ${mounted.join(", ")}`]),
    options.modulesDir.startsWith("/") ? `# Envoy loads ${named}.` : `# Envoy's working directory must hold ${named}.`,
    ...(limitServiceText(plan) === undefined
      ? []
      : [`# ${LIMITS_FILE} is for the service that counts for all gateways, which this file knows as a cluster.`]),
    ...(plan.gateways === undefined ? [] : ["# Envoy's option --service-zone says in which zone it is."]),
    ...(variables.length === 0 ? [] : [`# Environment variables that Envoy needs: ${variables.join(", ")}`]),
    "",
  ].join("\n");
}

/** The bootstrap of `sluice run`: what may change while Envoy runs comes from the two files. */
export function dynamicBootstrapText(
  plan: GatewayPlan,
  options: EnvoyOptions,
  files: { listeners: WatchedFile; clusters: WatchedFile },
): string {
  return toYaml(BootstrapSchema, dynamicBootstrap(plan, options, files));
}

/** The contents of the two files: discovery responses as YAML. */
export function resourceTexts(plan: GatewayPlan, options: EnvoyOptions): { listeners: string; clusters: string } {
  const response = (resources: Any[]) =>
    toYaml(DiscoveryResponseSchema, create(DiscoveryResponseSchema, { resources }));
  return {
    listeners: response(listeners(plan, options).map((listener) => packed(ListenerSchema, listener))),
    clusters: response(clusters(plan, options).map((cluster) => packed(ClusterSchema, cluster))),
  };
}
