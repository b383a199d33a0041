import { type ServiceConfiguration, type ServiceDescriptor, serviceConfiguration } from "../../plan/global-limits.js";
import type { GatewayPlan } from "../../plan/plan.js";

/** The file that the service which counts for all gateways reads, beside the bootstrap. */
export const LIMITS_FILE = "ratelimit.yaml";

/** Its text; undefined if the plan has no limit of all gateways. */
export function limitServiceText(plan: GatewayPlan): string | undefined {
  const configuration = serviceConfiguration(plan);
  return configuration && header(plan) + textOf(configuration);
}

function header({ name }: GatewayPlan): string {
  return [
    `# Compiled by sluice from the gateway ${name}, for the ratelimit service of Envoy (github.com/envoyproxy/ratelimit) on Redis.`,
    "# Do not edit: change the policy and compile again. It belongs into the service's folder of configurations.",
    "",
  ].join("\n");
}

/** All texts are in quotes: the service reads YAML 1.1, in which names such as `on` or `1e3` are none. */
function textOf({ domain, descriptors }: ServiceConfiguration): string {
  return [`domain: ${quoted(domain)}`, "descriptors:", ...listOf(descriptors, "  "), ""].join("\n");
}

function listOf(descriptors: readonly ServiceDescriptor[], indent: string): string[] {
  return descriptors.flatMap((descriptor) => {
    const [first = "", ...others] = linesOf(descriptor);
    return [`${indent}- ${first}`, ...others.map((line) => `${indent}  ${line}`)];
  });
}

function linesOf({
  key,
  value,
  rate_limit: rate,
  shadow_mode: isShadow,
  descriptors = [],
}: ServiceDescriptor): string[] {
  return [
    `key: ${quoted(key)}`,
    ...(value === undefined ? [] : [`value: ${quoted(value)}`]),
    ...(rate === undefined
      ? []
      : [
          "rate_limit:",
          `  name: ${quoted(rate.name)}`,
          `  unit: ${rate.unit}`,
          `  requests_per_unit: ${rate.requests_per_unit}`,
        ]),
    ...(isShadow ? ["shadow_mode: true"] : []),
    ...(descriptors.length === 0 ? [] : ["descriptors:", ...listOf(descriptors, "  ")]),
  ];
}

function quoted(text: string): string {
  return JSON.stringify(text);
}
