import type { MessageInitShape } from "@bufbuild/protobuf";
import { ApiVersion } from "../../envoy/generated/envoy/config/core/v3/config_source_pb.js";
import type {
  RateLimit_ActionSchema as ActionSchema,
  RateLimitSchema as DescriptorsSchema,
} from "../../envoy/generated/envoy/config/route/v3/route_components_pb.js";
import { LuaPerRouteSchema, LuaSchema } from "../../envoy/generated/envoy/extensions/filters/http/lua/v3/lua_pb.js";
import {
  RateLimit_XRateLimitHeadersRFCVersion as Draft,
  RateLimitPerRouteSchema,
  RateLimitSchema,
} from "../../envoy/generated/envoy/extensions/filters/http/ratelimit/v3/rate_limit_pb.js";
import { ConfigSchema } from "../../envoy/generated/envoy/extensions/filters/http/set_filter_state/v3/set_filter_state_pb.js";
import { DescriptorSchema } from "../../envoy/generated/envoy/extensions/rate_limit_descriptors/expr/v3/expr_pb.js";
import { StatusCode } from "../../envoy/generated/envoy/type/v3/http_status_pb.js";
import { duration, extensionNames, packed } from "../../envoy/message.js";
import {
  COUNTED_RESULTS,
  COUNTED_TEXT,
  type DescriptorEntry,
  descriptorsOf,
  type GlobalLimitPlan,
  globalLimits,
  isEnforced,
  type KeyPart,
  LIMITED,
  NO_PART,
  RAW_HEADERS,
  UNCOUNTED,
} from "../../plan/global-limits.js";
import { filterStateKey, globalLimitFilter, LIMITED_BY, NOTED, NOTED_FAILURE } from "../../plan/names.js";
import type { PolicyPlan } from "../../plan/plan.js";
import type { FilterConfiguration } from "./native.js";
import { stateValue } from "./state-value.js";
import { waitingFilter } from "./waiting-filter.js";

type Limit = Pick<PolicyPlan, "name" | "mode" | "onError"> & { native: GlobalLimitPlan };

/**
 * The filters for each policy: whoever is refused by it is noted before, what clients are told is made of what Envoy's own filter
 * writes, and that asks. Routes that do not name them pass them by.
 *
 * @param domain what the service knows the gateway by
 */
export function globalLimitFilters(policies: readonly PolicyPlan[], domain: string) {
  return globalLimits(policies).flatMap((limit) => [
    ...(isEnforced(limit) ? [waitingFilter(globalLimitFilter(limit.name, "note"), packed(ConfigSchema, {}))] : []),
    ...(tells(limit, "ietf") ? [waitingFilter(globalLimitFilter(limit.name, "tell"), tellingScript())] : []),
    waitingFilter(globalLimitFilter(limit.name, "ask"), packed(RateLimitSchema, question(limit, domain))),
  ]);
}

/** What they do on a route. */
export function globalLimitsOnRoute(run: readonly PolicyPlan[], isLogged: boolean): FilterConfiguration[] {
  return globalLimits(run).flatMap((limit) => [
    ...(isEnforced(limit) ? [note(limit, isLogged)] : []),
    ...(tells(limit, "ietf") ? [telling(limit)] : []),
    { filter: globalLimitFilter(limit.name, "ask"), configuration: packed(RateLimitPerRouteSchema, {}) },
  ]);
}

function tells(limit: Limit, header: GlobalLimitPlan["headers"][number]): boolean {
  return isEnforced(limit) && limit.native.headers.includes(header);
}

function question(limit: Limit, domain: string): MessageInitShape<typeof RateLimitSchema> {
  const { name, native, onError } = limit;
  const unavailable = Object.values(StatusCode).find((one) => one === UNCOUNTED.status);
  return {
    domain,
    timeout: duration(native.timeoutMs),
    failureModeDeny: onError === "deny",
    ...(onError === "deny" && unavailable !== undefined ? { statusOnError: { code: unavailable } } : {}),
    // In shadow the service refuses nothing either; here it holds whichever of the two has the older configuration.
    ...(isEnforced(limit)
      ? {}
      : { filterEnforced: { defaultValue: { numerator: 0 }, runtimeKey: "sluice.rate_limit.enforced" } }),
    rateLimitedAsResourceExhausted: true,
    disableXEnvoyRatelimitedHeader: true,
    enableRetryAfterHeader: tells(limit, "retry-after"),
    enableXRatelimitHeaders: tells(limit, "ietf") || tells(limit, "x-ratelimit") ? Draft.DRAFT_VERSION_03 : Draft.OFF,
    statPrefix: name,
    rateLimitService: {
      transportApiVersion: ApiVersion.V3,
      grpcService: { targetSpecifier: { case: "envoyGrpc", value: { clusterName: native.service } } },
    },
    rateLimits: descriptorsOf(name, native).map(descriptor),
  };
}

function descriptor(entries: readonly DescriptorEntry[]): MessageInitShape<typeof DescriptorsSchema> {
  return { actions: entries.map(action) };
}

type ActionInit = MessageInitShape<typeof ActionSchema>;

/**
 * A part that Envoy cannot tell would leave out the whole descriptor, and with it the limit. So each is an expression that is a text
 * whatever the request is. (Format commands in `generic_key` are behind a runtime switch in 1.40.)
 */
function action({ key, value }: DescriptorEntry): ActionInit {
  if ("constant" in value)
    return {
      actionSpecifier: { case: "genericKey", value: { descriptorKey: key, descriptorValue: value.constant } },
    };
  if (value.attribute === "source.ip") return { actionSpecifier: { case: "remoteAddress", value: {} } };
  const typedConfig = packed(DescriptorSchema, {
    descriptorKey: key,
    exprSpecifier: { case: "text", value: expressionOf(value) },
  });
  return { actionSpecifier: { case: "extension", value: { name: extensionNames.descriptorExpression, typedConfig } } };
}

function expressionOf({ attribute, argument = "" }: KeyPart): string {
  switch (attribute) {
    case "auth.consumer":
    case "auth.tier":
      return found("filter_state", filterStateKey(COUNTED_RESULTS[attribute]));
    case "request.headers":
      return found("request.headers", argument);
    case "request.method":
      return "request.method";
    case "request.path":
      return textOr("request.url_path");
    case "route.name":
      return "xds.route_name";
    case "source.ip":
      return "source.address";
  }
}

function found(map: string, name: string): string {
  const [key, none] = [JSON.stringify(name), JSON.stringify(NO_PART)];
  return `${key} in ${map} ? (${textOr(`${map}[${key}]`)}) : ${none}`;
}

/** What is no text of ASCII could not be sent: the message to the service is UTF-8, and an error lets pass. */
function textOr(value: string): string {
  return `${value}.matches(${JSON.stringify(COUNTED_TEXT)}) ? ${value} : ${JSON.stringify(NO_PART)}`;
}

/** Who will have refused a request that goes no further, for the answer and for the access log. */
function note({ name, onError }: Limit, isLogged: boolean): FilterConfiguration {
  const values = [
    stateValue(LIMITED_BY, name),
    ...(isLogged ? [stateValue(NOTED, `${name}${LIMITED.decision}`)] : []),
    ...(isLogged && onError === "deny" ? [stateValue(NOTED_FAILURE, `${name}${UNCOUNTED.decision}`)] : []),
  ];
  return {
    filter: globalLimitFilter(name, "note"),
    configuration: packed(ConfigSchema, { onRequestHeaders: values }),
  };
}

/**
 * Envoy's filter writes what the service says in the headers of draft-03. Of these the fields of
 * draft-ietf-httpapi-ratelimit-headers-10 are made; where nobody said anything, there are none.
 */
const SCRIPT = `local raw = {${RAW_HEADERS.map((name) => `"${name}"`).join(", ")}}

local function last(headers, name)
  local count = headers:getNumValues(name)
  if count == 0 then
    return nil
  end
  return headers:getAtIndex(name, count - 1)
end

function envoy_on_response(handle)
  local headers = handle:headers()
  local context = handle:filterContext()
  local policy = context:get("policy")
  local limit, left, reset = last(headers, raw[1]), last(headers, raw[2]), last(headers, raw[3])
  if limit ~= nil and left ~= nil and reset ~= nil then
    local nearest = string.match(limit, "^%d+")
    local windows, current = {}, nil
    for count, seconds in string.gmatch(limit, "(%d+);w=(%d+)") do
      local name = #windows == 0 and policy or policy .. "-" .. #windows + 1
      table.insert(windows, string.format('"%s";q=%s;w=%s', name, count, seconds))
      if current == nil and count == nearest then
        current = name
      end
    end
    headers:add("ratelimit-policy", table.concat(windows, ", "))
    headers:add("ratelimit", string.format('"%s";r=%s;t=%s', current or policy, left, reset))
  end
  if context:get("raw") == nil then
    for _, name in ipairs(raw) do
      headers:remove(name)
    end
  end
end
`;

function tellingScript() {
  return packed(LuaSchema, { defaultSourceCode: { specifier: { case: "inlineString", value: SCRIPT } } });
}

function telling({ name, native }: Limit): FilterConfiguration {
  const filterContext = { policy: name, ...(native.headers.includes("x-ratelimit") ? { raw: true } : {}) };
  return {
    filter: globalLimitFilter(name, "tell"),
    configuration: packed(LuaPerRouteSchema, { filterContext }),
  };
}
