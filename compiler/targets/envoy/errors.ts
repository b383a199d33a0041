import type { MessageInitShape } from "@bufbuild/protobuf";
import type { Any } from "@bufbuild/protobuf/wkt";
import {
  type AccessLogFilterSchema,
  ComparisonFilter_Op as Op,
} from "../../envoy/generated/envoy/config/accesslog/v3/accesslog_pb.js";
import { HeaderValueOption_HeaderAppendAction as Append } from "../../envoy/generated/envoy/config/core/v3/base_pb.js";
import { ExpressionFilterSchema } from "../../envoy/generated/envoy/extensions/access_loggers/filters/cel/v3/cel_pb.js";
import { LuaPerRouteSchema, LuaSchema } from "../../envoy/generated/envoy/extensions/filters/http/lua/v3/lua_pb.js";
import type { ResponseMapperSchema } from "../../envoy/generated/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.js";
import { extensionNames, packed } from "../../envoy/message.js";
import { type ErrorPage, NO_PAGES_FOR, OF_THE_BODY, ownAnswer, pageFor } from "../../plan/errors.js";
import { globalLimits, isEnforced, LIMITED, UNCOUNTED } from "../../plan/global-limits.js";
import { ERRORS_FILTER, LIMITED_BY } from "../../plan/names.js";
import type { GatewayPlan, ListenerPlan, RoutePlan } from "../../plan/plan.js";
import { literal } from "./formats.js";
import { waitingFilter } from "./waiting-filter.js";

/*
 * Envoy's own `custom_response` would do the first: it is work in progress in 1.40, leaves out what other filters write into answers,
 * such as the headers of CORS, and makes the page the message of gRPC. `local_reply_config` does the second.
 */

/**
 * Puts a page in the place of a failed answer. A request that some filter before this one refused has left no note. A body of any
 * length goes by piece by piece: the page is the first of them, and the others are empty.
 */
const SCRIPT = `local about_the_body = {${OF_THE_BODY.map((name) => `"${name}"`).join(", ")}}

function envoy_on_request(handle)
  local headers = handle:headers()
  local kind = headers:get("content-type")
  if kind ~= nil and string.sub(string.lower(kind), 1, ${NO_PAGES_FOR.length}) == "${NO_PAGES_FOR}" then
    return
  end
  handle:streamInfo():dynamicMetadata():set("${ERRORS_FILTER}", "head", headers:get(":method") == "HEAD")
end

function envoy_on_response(handle)
  local note = handle:streamInfo():dynamicMetadata():get("${ERRORS_FILTER}")
  if note == nil then
    return
  end
  local headers = handle:headers()
  local status = headers:get(":status")
  local pages = handle:filterContext()
  local page = pages:get(status) or pages:get(string.sub(status, 1, 1) .. "xx")
  if page == nil then
    return
  end
  for _, name in ipairs(about_the_body) do
    headers:remove(name)
  end
  headers:replace("content-type", page.type)
  headers:replace("content-length", tostring(#page.body))
  if page.status ~= nil then
    headers:replace(":status", page.status)
  end
  if note.head then
    return
  end
  local rest = page.body
  for chunk in handle:bodyChunks() do
    chunk:setBytes(rest)
    rest = ""
  end
  if rest ~= "" then
    handle:body(true):setBytes(rest)
  end
end
`;

/** The filter for answers of services; none if no route needs it. It stands behind all that may refuse a request. */
export function errorsFilter({ hosts }: GatewayPlan) {
  const isNeeded = hosts.some(({ routes }) => routes.some(({ action }) => "errors" in action));
  if (!isNeeded) return [];
  const script = packed(LuaSchema, { defaultSourceCode: { specifier: { case: "inlineString", value: SCRIPT } } });
  return [waitingFilter(ERRORS_FILTER, script)];
}

/** The pages of routes: one message for all routes with the same. */
export class RouteErrors {
  private readonly made = new Map<string, Any>();

  of({ action }: RoutePlan): [string, Any][] {
    if (action.type !== "forward" || action.errors === undefined) return [];
    const key = JSON.stringify(action.errors);
    const before = this.made.get(key) ?? packed(LuaPerRouteSchema, { filterContext: contextOf(action.errors) });
    this.made.set(key, before);
    return [[ERRORS_FILTER, before]];
  }
}

function contextOf(pages: readonly ErrorPage[]) {
  return Object.fromEntries(
    pages.map(({ on, body, contentType, status }) => [
      on,
      { type: contentType, body, ...(status === undefined ? {} : { status: String(status) }) },
    ]),
  );
}

type FilterInit = MessageInitShape<typeof AccessLogFilterSchema>;

/** What a listener answers in place of the answers of the gateway itself. */
export function localReplies({ hosts, policies }: GatewayPlan, { errors = [] }: ListenerPlan) {
  const mappers = [...errors.map((page) => mapper(page, saying(page, hosts))), ...limitMappers(policies)];
  return mappers.length === 0 ? {} : { localReplyConfig: { mappers } };
}

/** The answers of limits of all gateways, to which Envoy's filter gives no body. What calls of gRPC get stands in its headers. */
function limitMappers(policies: GatewayPlan["policies"]) {
  const enforced = globalLimits(policies).filter(isEnforced);
  const limited = LIMITED.body(`%FILTER_STATE(${LIMITED_BY}:PLAIN)%`);
  return [
    ...(enforced.length === 0 ? [] : [problem("RL", limited)]),
    ...(enforced.some(({ onError }) => onError === "deny") ? [problem("RLSE", UNCOUNTED.body)] : []),
  ];
}

function problem(flag: string, body: string): MessageInitShape<typeof ResponseMapperSchema> {
  return {
    filter: all([{ filterSpecifier: { case: "responseFlagFilter", value: { flags: [flag] } } }, noPagesFor()]),
    bodyFormatOverride: {
      format: { case: "textFormatSource", value: { specifier: { case: "inlineString", value: body } } },
      contentType: "application/problem+json",
    },
  };
}

/** Names of routes whose own answers have a status that a page is for, be it that another page comes before it. */
function saying(page: ErrorPage, hosts: GatewayPlan["hosts"]): string[] {
  const names = hosts.flatMap(({ routes }) =>
    routes.flatMap((route) => {
      const status = ownAnswer(route);
      return status !== undefined && pageFor([page], status) !== undefined ? [route.name] : [];
    }),
  );
  return [...new Set(names)].toSorted();
}

function mapper(page: ErrorPage, answering: readonly string[]): MessageInitShape<typeof ResponseMapperSchema> {
  const { body, contentType, status } = page;
  const type = literal(contentType);
  return {
    filter: all([...statusFilters(page), noPagesFor(), ...(answering.length === 0 ? [] : [otherThan(answering)])]),
    body: { specifier: { case: "inlineString", value: body } },
    bodyFormatOverride: {
      format: {
        case: "textFormatSource",
        value: { specifier: { case: "inlineString", value: "%LOCAL_REPLY_BODY%" } },
      },
      contentType,
    },
    // What the module or a route says of the type stands otherwise.
    headersToAdd: [{ header: { key: "content-type", value: type }, appendAction: Append.OVERWRITE_IF_EXISTS_OR_ADD }],
    ...(status === undefined ? {} : { statusCode: status }),
  };
}

function statusFilters({ on }: ErrorPage): FilterInit[] {
  const exact = Number(on);
  if (!Number.isNaN(exact)) return [statusFilter(Op.EQ, exact)];
  const first = Number(on.slice(0, 1)) * 100;
  return [statusFilter(Op.GE, first), statusFilter(Op.LE, first + 99)];
}

function statusFilter(op: Op, status: number): FilterInit {
  const comparison = { op, value: { defaultValue: status, runtimeKey: "sluice.errors.status" } };
  return { filterSpecifier: { case: "statusCodeFilter", value: { comparison } } };
}

/** Envoy matches no header that is not there, inverted or not, unless it is told to take it for empty. */
function noPagesFor(): FilterInit {
  const matchPattern = { case: "prefix" as const, value: NO_PAGES_FOR };
  const header = {
    name: "content-type",
    headerMatchSpecifier: { case: "stringMatch" as const, value: { matchPattern, ignoreCase: true } },
    invertMatch: true,
    treatMissingHeaderAsEmpty: true,
  };
  return { filterSpecifier: { case: "headerFilter", value: { header } } };
}

/** What these routes answer by themselves is left alone; what policies answer on them is not. */
function otherThan(routes: readonly string[]): FilterInit {
  const names = routes.map((name) => `"${name}"`).join(", ");
  const expression = `!(response.code_details == "direct_response" && xds.route_name in [${names}])`;
  const typedConfig = packed(ExpressionFilterSchema, { expression });
  return {
    filterSpecifier: {
      case: "extensionFilter",
      value: { name: extensionNames.celFilter, configType: { case: "typedConfig", value: typedConfig } },
    },
  };
}

function all(filters: FilterInit[]): FilterInit {
  return { filterSpecifier: { case: "andFilter", value: { filters } } };
}
