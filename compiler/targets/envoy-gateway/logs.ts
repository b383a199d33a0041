import type { AccessLogPlan, LogCondition } from "../../plan/access-log.js";
import { decisionOfOne } from "../../plan/decisions.js";
import { ADDRESS_DENIED, FAULT_DENIED } from "../../plan/native.js";
import type { GatewayPlan, JsonObject } from "../../plan/plan.js";
import { type LogOperator, logMembers } from "../envoy/access-logs.js";
import { present } from "../kubernetes/resource.js";

/** The access log of the proxies. By itself Envoy Gateway logs every request with its path, and so keys that are in a query. */
export function accessLog(plan: GatewayPlan): JsonObject {
  const [listener] = plan.listeners;
  if (listener?.accessLog === undefined) return { disable: true };
  const { when } = listener.accessLog;
  return {
    settings: [
      present({
        type: "Route",
        format: { type: "JSON", json: logMembers(listener.name, plan, notedRefusals(plan)) },
        matches: when === undefined ? undefined : [condition(when)],
        sinks: [{ type: "File", file: { path: "/dev/stdout" } }],
      }),
    ],
  };
}

/**
 * How a log finds out which policies may have refused an address, or answered on purpose: Envoy Gateway has one name for all of them, which is in
 * what Envoy says of the answer. An expression that fails is passed over.
 */
export function notedRefusals(plan: GatewayPlan): LogOperator[] {
  return [
    ...noted("rbac_access_denied_matched_policy[DENY]", refusing(plan), ADDRESS_DENIED),
    ...noted("fault_filter_abort", aborting(plan), FAULT_DENIED),
  ];
}

function noted(details: string, policies: readonly string[], decided: string): LogOperator[] {
  if (policies.length === 0) return [];
  const decision = `"${decisionOfOne(policies, decided)}"`;
  return [{ command: "CEL", param: `response.code_details == "${details}" ? ${decision} : filter_state[""]` }];
}

/** Policies that refuse addresses. */
export function refusing({ policies }: GatewayPlan): string[] {
  return policies.flatMap(({ name, native }) => (native?.filter === "rbac" ? [name] : []));
}

/** Policies that answer requests on purpose. */
export function aborting({ policies }: GatewayPlan): string[] {
  return policies.flatMap(({ name, native }) =>
    native?.filter === "fault" && native.abort !== undefined ? [name] : [],
  );
}

/** Why an access log cannot be had; undefined if it can. */
export function whyNoLog({ to, when, percent }: AccessLogPlan, { listeners }: GatewayPlan): string | undefined {
  if (listeners.length > 1) return "an EnvoyProxy has an access log for all of its listeners";
  if (to !== "stdout") return "a file is on the disk of a machine, and the log of a pod is its standard output";
  if (percent !== undefined) return "an EnvoyProxy has no share of the lines by chance";
  if (when !== undefined && !canBeSaid(when))
    return "its condition cannot be said so that an absent value is what it is to Envoy";
  return undefined;
}

/** An expression with an attribute that is absent is not true: that must be what the condition says of 0. */
function canBeSaid(when: LogCondition): boolean {
  switch (when.test) {
    case "status":
    case "duration":
      return (when.compare === "ge" || when.compare === "eq") && when.value > 0;
    case "header":
    case "present":
      return false;
    case "all":
    case "any":
      return when.of.every(canBeSaid);
  }
}

const SIGNS = { eq: "==", ne: "!=", ge: ">=", le: "<=" } as const;

function condition(when: LogCondition): string {
  switch (when.test) {
    case "status":
      return `response.code ${SIGNS[when.compare]} ${when.value}`;
    case "duration":
      return `request.duration ${SIGNS[when.compare]} duration("${when.value}ms")`;
    case "all":
      return when.of.map((one) => `(${condition(one)})`).join(" && ");
    case "any":
      return when.of.map((one) => `(${condition(one)})`).join(" || ");
    case "header":
    case "present":
      throw new RangeError("an access log that is refused");
  }
}
