import { isGenerated } from "./names.js";
import type { GatewayPlan, JsonObject, PolicyPlan, RoutePlan } from "./plan.js";
import { pathText } from "./shown.js";

/** Where spans go, and in which form: what a module posts to. */
export interface Collector {
  /** Name of the service in the plan. */
  service: string;
  /** The `Host` that it is asked for. */
  authority: string;
  path: string;
  format: "zipkin" | "otlp";
  /** `service.name` of the spans. */
  spansOf: string;
}

/** How many a module takes. */
export const MOST_COLLECTORS = 8;

/** Collectors that modules send spans to, each once, in the order of the file. */
export function collectors(policies: readonly PolicyPlan[]): Collector[] {
  const found = new Map<string, Collector>();
  for (const { collector } of policies)
    if (collector !== undefined && !found.has(keyOf(collector))) found.set(keyOf(collector), collector);
  return [...found.values()];
}

function keyOf({ service, path, format, spansOf }: Collector): string {
  return JSON.stringify([service, path, format, spansOf]);
}

/** The member `exporters` of a module's configuration, which policies refer to by number; none where nothing is sent. */
export function exportersMember(plan: GatewayPlan): JsonObject {
  const exporters = collectors(plan.policies).map(({ service, authority, path, format, spansOf }) => ({
    cluster: service,
    authority,
    path,
    format,
    service: spansOf,
  }));
  return exporters.length === 0 ? {} : { exporters };
}

/** The number of a policy's collector in that list. */
export function exportMember({ collector }: PolicyPlan, plan: GatewayPlan): JsonObject {
  if (collector === undefined) return {};
  return { export: collectors(plan.policies).findIndex((one) => keyOf(one) === keyOf(collector)) };
}

/** Whether some policy sends spans by the modules, which takes callbacks that cost every stream something. */
export function sendsSpans({ policies }: GatewayPlan): boolean {
  return policies.some(({ collector }) => collector !== undefined);
}

/** The policy that begins the traces of a route in the guard. */
export function tracerOf<Policy extends Pick<PolicyPlan, "phase" | "native">>(
  run: readonly Policy[],
): Policy | undefined {
  return run.find(({ phase, native }) => phase === "trace" && native === undefined);
}

/**
 * What spans of a route are named by: its path as the file has it, which stands for all of its operations. Answers of the compiler to
 * unknown paths have none.
 */
export function patternMember(entries: readonly RoutePlan[], policies: ReadonlyMap<string, PolicyPlan>): JsonObject {
  const route = entries.find(({ rest }) => rest !== undefined) ?? entries[0];
  if (route === undefined || isGenerated(route)) return {};
  const isSent = route.run.some(({ policy }) => policies.get(policy)?.collector !== undefined);
  return isSent ? { pattern: pathText(route.match.path) } : {};
}
