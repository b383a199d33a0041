import type { MessageInitShape } from "@bufbuild/protobuf";
import {
  type AccessLogFilterSchema,
  type AccessLogSchema,
  ComparisonFilter_Op as Op,
} from "../../envoy/generated/envoy/config/accesslog/v3/accesslog_pb.js";
import { FileAccessLogSchema } from "../../envoy/generated/envoy/extensions/access_loggers/file/v3/file_pb.js";
import { StdoutAccessLogSchema } from "../../envoy/generated/envoy/extensions/access_loggers/stream/v3/stream_pb.js";
import { FractionalPercent_DenominatorType as Denominator } from "../../envoy/generated/envoy/type/v3/percent_pb.js";
import { extensionNames, packed } from "../../envoy/message.js";
import type { AccessLogPlan, LogCondition } from "../../plan/access-log.js";
import { hasOperations } from "../../plan/body.js";
import { globalLimits, isEnforced } from "../../plan/global-limits.js";
import { filterStateKey, NOTED_FAILURE } from "../../plan/names.js";
import type { GatewayPlan, ListenerPlan } from "../../plan/plan.js";
import { tracedNatively } from "../../plan/tracers.js";
import { tracerOf } from "../../plan/tracing.js";
import { notedRefusals } from "./native.js";
import { NOTED_STATE, needsNotes } from "./notes.js";
import { type EnvoyOptions, STANDARD_OUTPUT } from "./options.js";

type AccessLogInit = MessageInitShape<typeof AccessLogSchema>;
type FilterInit = MessageInitShape<typeof AccessLogFilterSchema>;

/** Whether an access log shows who called, and who refused a request, or a header of the answers does. */
export function isLogged({ listeners }: GatewayPlan, { accessLog }: EnvoyOptions): boolean {
  return accessLog !== undefined || listeners.some((one) => one.accessLog !== undefined || one.tellsDecision);
}

/** Where a log finds a value: a command of its format, with what it is about. */
export interface LogOperator {
  command: string;
  param: string;
}

/**
 * One JSON line a request: what `sluice` tells people about a decision is read from it.
 *
 * @param refusals where those of Envoy's own filters that refuse requests leave who did
 */
export function decisionLog(path: string, plan: GatewayPlan, refusals = noted(plan)): AccessLogInit {
  return logger(path === STANDARD_OUTPUT ? "stdout" : { file: path }, decisionMembers(plan, refusals));
}

function noted(plan: GatewayPlan): LogOperator[] {
  return notedRefusals(plan).map((param) => ({ command: "DYNAMIC_METADATA", param }));
}

/** The access log that the policy asks for on a listener. */
export function listenerLogs({ name, accessLog }: ListenerPlan, plan: GatewayPlan): AccessLogInit[] {
  if (accessLog === undefined) return [];
  return [logger(accessLog.to, logMembers(name, plan), filterOf(accessLog))];
}

/** What a line of it says, as Envoy's format has it. */
export function logMembers(listener: string, plan: GatewayPlan, refusals = noted(plan)): Record<string, string> {
  return { ...decisionMembers(plan, refusals), ...courseMembers(listener) };
}

/** Who called, what was decided, and where it went. No value of a header is in it but the id that Envoy gave, and no path: a key may be in its query. */
function decisionMembers(plan: GatewayPlan, refusals: readonly LogOperator[]): Record<string, string> {
  const shadowed = plan.policies.some((policy) => policy.mode?.is === "shadow");
  return {
    request_id: "%REQ(X-REQUEST-ID)%",
    method: "%REQ(:METHOD)%",
    status: "%RESPONSE_CODE%",
    route: "%ROUTE_NAME%",
    decision: decision(plan, refusals),
    consumer: `%FILTER_STATE(${filterStateKey("consumer")}:PLAIN)%`,
    ...(shadowed ? { shadow: `%FILTER_STATE(${filterStateKey("shadow")}:PLAIN)%` } : {}),
    ...traceMember(plan),
    ...(hasOperations(plan.hosts) ? { operation: "%METADATA(ROUTE:sluice:operation)%" } : {}),
    ...(plan.services.some(({ protocol }) => protocol === "grpc")
      ? { grpc_status: "%GRPC_STATUS(SNAKE_STRING)%" }
      : {}),
  };
}

/** By which a request is found among traces: that of the guard, or of Envoy's own tracer. */
function traceMember({ policies }: GatewayPlan): Record<string, string> {
  if (tracerOf(policies) !== undefined) return { trace_id: `%FILTER_STATE(${filterStateKey("trace-id")}:PLAIN)%` };
  return tracedNatively(policies).length === 0 ? {} : { trace_id: "%TRACE_ID%" };
}

/** When, how long, how much, and who was asked. Envoy names the service of the route also where a policy answered: then there is no endpoint. */
function courseMembers(listener: string): Record<string, string> {
  return {
    time: "%START_TIME%",
    listener,
    protocol: "%PROTOCOL%",
    service: "%UPSTREAM_CLUSTER_RAW%",
    endpoint: "%UPSTREAM_HOST%",
    attempts: "%UPSTREAM_REQUEST_ATTEMPT_COUNT%",
    flags: "%RESPONSE_FLAGS%",
    duration_ms: "%DURATION%",
    first_byte_ms: "%RESPONSE_DURATION%",
    bytes_received: "%BYTES_RECEIVED%",
    bytes_sent: "%BYTES_SENT%",
  };
}

function logger(to: AccessLogPlan["to"], members: Record<string, string>, filter?: FilterInit): AccessLogInit {
  const format = { case: "jsonFormat" as const, value: members };
  const accessLogFormat = { case: "logFormat" as const, value: { format } };
  const asked = filter === undefined ? {} : { filter };
  if (to === "stdout")
    return {
      ...asked,
      name: extensionNames.stdoutAccessLog,
      configType: { case: "typedConfig", value: packed(StdoutAccessLogSchema, { accessLogFormat }) },
    };
  return {
    ...asked,
    name: extensionNames.fileAccessLog,
    configType: { case: "typedConfig", value: packed(FileAccessLogSchema, { path: to.file, accessLogFormat }) },
  };
}

/** What the guard noted, or who refused before or behind it. */
function decision(plan: GatewayPlan, refusals: readonly LogOperator[]): string {
  const guarded = `${filterStateKey("decision")}:PLAIN`;
  const isNoted = needsNotes(plan.policies);
  if (refusals.length === 0 && !isNoted) return `%FILTER_STATE(${guarded})%`;
  const operators = [
    ...failedQuestions(plan),
    ...(isNoted ? [{ command: "FILTER_STATE", param: NOTED_STATE }] : []),
    { command: "FILTER_STATE", param: guarded },
    ...refusals,
  ];
  return `%COALESCE(${JSON.stringify({ operators })})%`;
}

/** Who refused a request because nobody could count it: an expression that fails is passed over. */
function failedQuestions({ policies }: GatewayPlan): LogOperator[] {
  if (!globalLimits(policies).some((limit) => isEnforced(limit) && limit.onError === "deny")) return [];
  const param = `response.code_details == "rate_limiter_error" ? filter_state["${NOTED_FAILURE}"] : filter_state[""]`;
  return [{ command: "CEL", param }];
}

function filterOf({ when, percent }: AccessLogPlan): FilterInit | undefined {
  const filters = [
    ...(when === undefined ? [] : [conditionFilter(when)]),
    ...(percent === undefined ? [] : [sampleFilter(percent)]),
  ];
  const [only, ...others] = filters;
  return others.length === 0 ? only : { filterSpecifier: { case: "andFilter", value: { filters } } };
}

/** The client chooses the id of a request where it is trusted, so the chance does not come from there. */
function sampleFilter(percent: number): FilterInit {
  return {
    filterSpecifier: {
      case: "runtimeFilter",
      value: {
        runtimeKey: "sluice.access_log.sample",
        percentSampled: { numerator: percent, denominator: Denominator.HUNDRED },
        useIndependentRandomness: true,
      },
    },
  };
}

const OPERATORS = { eq: Op.EQ, ne: Op.NE, ge: Op.GE, le: Op.LE } as const;

function conditionFilter(condition: LogCondition): FilterInit {
  switch (condition.test) {
    case "status":
    case "duration": {
      const { test, compare, value } = condition;
      const comparison = {
        op: OPERATORS[compare],
        value: { defaultValue: value, runtimeKey: `sluice.access_log.${test}` },
      };
      return test === "status"
        ? { filterSpecifier: { case: "statusCodeFilter", value: { comparison } } }
        : { filterSpecifier: { case: "durationFilter", value: { comparison } } };
    }
    case "present":
      return headerFilter({
        name: condition.name,
        headerMatchSpecifier: { case: "presentMatch", value: condition.present },
      });
    case "header": {
      const { name, form, value, not } = condition;
      return headerFilter({
        name,
        headerMatchSpecifier: { case: "stringMatch", value: { matchPattern: { case: form, value } } },
        // Envoy matches no header that is not there, inverted or not, unless it is told to take it for empty.
        invertMatch: not,
      });
    }
    case "all":
    case "any": {
      const filters = condition.of.map(conditionFilter);
      return condition.test === "all"
        ? { filterSpecifier: { case: "andFilter", value: { filters } } }
        : { filterSpecifier: { case: "orFilter", value: { filters } } };
    }
  }
}

type HeaderInit = NonNullable<
  Extract<NonNullable<FilterInit["filterSpecifier"]>, { case: "headerFilter" }>["value"]["header"]
>;

function headerFilter(header: HeaderInit): FilterInit {
  return { filterSpecifier: { case: "headerFilter", value: { header } } };
}
