import { byteTextOf } from "../host/byte-text.js";
import { NO_PAGES_FOR } from "../plan/errors.js";
import {
  COUNTED_RESULTS,
  COUNTED_TEXT,
  type DescriptorEntry,
  descriptorsOf,
  globalLimitsInOrder,
  isEnforced,
  LIMITED,
  NO_PART,
  type ServiceConfiguration,
  serviceConfiguration,
} from "../plan/global-limits.js";
import type { GatewayPlan, PolicyPlan } from "../plan/plan.js";
import { type Refusal, refuse } from "./behind-guard.js";
import type { LimitService } from "./limit-service.js";
import type { Answer, GuardedRequest } from "./passage.js";

// The model of Envoy's filters for limits of all gateways (`targets/envoy/global-limits.ts`), and of the service that they ask.

/** What is asked about the requests of a plan. */
export class GlobalLimits {
  private readonly service: LimitService;
  private readonly domain: string;
  private readonly policies: readonly PolicyPlan[];
  private readonly configuration: ServiceConfiguration | undefined;

  constructor(plan: GatewayPlan, service: LimitService) {
    this.service = service;
    this.domain = plan.name;
    this.policies = plan.policies;
    this.configuration = serviceConfiguration(plan);
  }

  /**
   * Counts a request that the guard let pass; what clients are told of it is noted in it.
   * @param now milliseconds since 1970
   * @returns the answer if it is refused
   */
  refusal(guarded: GuardedRequest, now: number): Answer | undefined {
    if (this.configuration === undefined || guarded.route.action.type !== "forward") return undefined;
    for (const limit of globalLimitsInOrder(this.policies, guarded.run)) {
      const { name, native } = limit;
      const asked = descriptorsOf(name, native).map((entries) => ({
        entries: entries.map((entry) => ({ key: entry.key, value: textOf(entry, guarded) })),
        calls: native.calls ?? 1,
      }));
      const statuses = this.service.judge(this.configuration, this.domain, asked, now);
      if (!isEnforced(limit)) continue;
      guarded.limits.push({ policy: name, headers: native.headers, statuses });
      const over = statuses.filter(({ isOver }) => isOver);
      if (over.length === 0) continue;
      const wait = Math.max(...over.map(({ resetSeconds }) => resetSeconds));
      return refuse(guarded, refusalOf(guarded, name, native.headers.includes("retry-after") ? wait : undefined));
    }
    return undefined;
  }
}

function refusalOf({ request }: GuardedRequest, policy: string, wait: number | undefined): Refusal {
  // What calls of gRPC get stands in headers.
  const [type = ""] = request.headers.get("content-type") ?? [];
  const isProblem = !type.toLowerCase().startsWith(NO_PAGES_FOR);
  return {
    status: LIMITED.status,
    body: isProblem ? LIMITED.body(policy) : "",
    headers: [
      ...(wait === undefined ? [] : [["retry-after", String(wait)] as const]),
      ...(isProblem ? [["content-type", "application/problem+json"] as const] : []),
    ],
    grpcStatus: RESOURCE_EXHAUSTED,
    details: "request_rate_limited",
    decision: `${policy}${LIMITED.decision}`,
  };
}

const RESOURCE_EXHAUSTED = 8;

function textOf({ value }: DescriptorEntry, { stream, route, request }: GuardedRequest): string {
  if ("constant" in value) return value.constant;
  const headers = stream.request.headers?.pairs() ?? [];
  const of = (wanted: string) => headers.flatMap(([name, text]) => (name === wanted ? [text] : []));
  switch (value.attribute) {
    case "auth.consumer":
    case "auth.tier": {
      const told = stream.filterState.get(`sluice.${COUNTED_RESULTS[value.attribute]}`);
      return told === undefined ? NO_PART : byteTextOf(told);
    }
    case "request.headers":
      return counted(of(value.argument ?? "").join(","));
    case "request.method":
      return of(":method").join("");
    case "request.path":
      return counted(of(":path").join("").replace(/\?.*$/s, ""));
    case "route.name":
      return route.name;
    case "source.ip":
      return request.source;
  }
}

const COUNTED = new RegExp(COUNTED_TEXT);

function counted(text: string): string {
  return COUNTED.test(text) ? text : NO_PART;
}
