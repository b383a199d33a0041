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
import { grpcTarget } from "./grpc-target.js";
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
    ...(tellsQuota(limit) ? [waitingFilter(globalLimitFilter(limit.name, "tell"), tellingScript())] : []),
    waitingFilter(globalLimitFilter(limit.name, "ask"), packed(RateLimitSchema, question(limit, domain))),
  ]);
}

/** What they do on a route. */
export function globalLimitsOnRoute(limits: readonly Limit[], isLogged: boolean): FilterConfiguration[] {
  const first = limits.find(tellsQuota);
  return limits.flatMap((limit) => [
    ...(isEnforced(limit) ? [note(limit, isLogged)] : []),
    ...(tellsQuota(limit) ? [telling(limit, limit === first)] : []),
    { filter: globalLimitFilter(limit.name, "ask"), configuration: packed(RateLimitPerRouteSchema, {}) },
  ]);
}

function tells(limit: Limit, header: GlobalLimitPlan["headers"][number]): boolean {
  return isEnforced(limit) && limit.native.headers.includes(header);
}

/** Whether clients are told what is left, in whatever headers. */
function tellsQuota(limit: Limit): boolean {
  return tells(limit, "ietf") || tells(limit, "x-ratelimit");
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
    enableXRatelimitHeaders: tellsQuota(limit) ? Draft.DRAFT_VERSION_03 : Draft.OFF,
    statPrefix: name,
    rateLimitService: {
      transportApiVersion: ApiVersion.V3,
      grpcService: { targetSpecifier: grpcTarget(native.service) },
    },
    rateLimits: descriptorsOf(name, native).map((entries) => descriptor(entries, native)),
  };
}

function descriptor(
  entries: readonly DescriptorEntry[],
  { calls }: GlobalLimitPlan,
): MessageInitShape<typeof DescriptorsSchema> {
  return {
    actions: entries.map(action),
    ...(calls === undefined ? {} : { hitsAddend: { number: BigInt(calls) } }),
  };
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
    case "auth.tier": {
      // What the guard tells is ASCII, and bytes to an expression.
      const [map, key] = ["filter_state", JSON.stringify(filterStateKey(COUNTED_RESULTS[attribute]))];
      return `${key} in ${map} ? ${map}[${key}] : ${NONE}`;
    }
    case "request.headers": {
      const [map, key] = ["request.headers", JSON.stringify(argument)];
      return `${key} in ${map} && ${isText(`${map}[${key}]`)} ? ${map}[${key}] : ${NONE}`;
    }
    case "request.path":
      return `${isText("request.url_path")} ? request.url_path : ${NONE}`;
    case "request.method":
      return "request.method";
    case "route.name":
      return "xds.route_name";
    case "source.ip":
      return "source.address";
  }
}

const NONE = JSON.stringify(NO_PART);

/** What is no text of ASCII could not be sent: the message to the service is UTF-8, and an error lets pass. */
function isText(value: string): string {
  return `${value}.matches(${JSON.stringify(COUNTED_TEXT)})`;
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
 * Envoy's filter writes what the service says in the headers of draft-polli-ratelimit-headers-03. Of these the fields of
 * draft-ietf-httpapi-ratelimit-headers-10 are made; where nobody said anything, there are none. Answers come to the policy behind
 * first, so each takes its own away, which it knows by the name in them, and the first of a route writes those of the limit that is
 * nearest to its end.
 */
const SCRIPT = `local raw = {${RAW_HEADERS.map((name) => `"${name}"`).join(", ")}}

local function tell_fields(headers, policy, limit, left, reset)
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

function envoy_on_response(handle)
  local headers = handle:headers()
  local context = handle:filterContext()
  local policy = context:get("policy")
  local limit, left, reset = headers:get(raw[1]), headers:get(raw[2]), headers:get(raw[3])
  local known = limit ~= nil and left ~= nil and reset ~= nil
  known = known and string.find(limit, 'name="' .. policy .. '"', 1, true) ~= nil
  if known then
    for _, name in ipairs(raw) do
      headers:remove(name)
    end
  end
  if known and context:get("fields") ~= nil then
    tell_fields(headers, policy, limit, left, reset)
  end
  local metadata = handle:streamInfo():dynamicMetadata()
  local before = metadata:get("${LIMITED_BY}")
  local values = before and before["values"]
  if known and context:get("raw") ~= nil and (values == nil or tonumber(left) < tonumber(values[2])) then
    values = {limit, left, reset}
    metadata:set("${LIMITED_BY}", "values", values)
  end
  if values ~= nil and context:get("first") ~= nil then
    for index, name in ipairs(raw) do
      headers:add(name, values[index])
    end
  end
end
`;

function tellingScript() {
  return packed(LuaSchema, { defaultSourceCode: { specifier: { case: "inlineString", value: SCRIPT } } });
}

/** @param isFirst of those of the route that tell clients anything */
function telling({ name, native }: Limit, isFirst: boolean): FilterConfiguration {
  const filterContext = {
    policy: name,
    ...(native.headers.includes("ietf") ? { fields: true } : {}),
    ...(native.headers.includes("x-ratelimit") ? { raw: true } : {}),
    ...(isFirst ? { first: true } : {}),
  };
  return {
    filter: globalLimitFilter(name, "tell"),
    configuration: packed(LuaPerRouteSchema, { filterContext }),
  };
}
