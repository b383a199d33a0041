import { CALLS_PER_SECOND, consumers, LIMIT_NAME } from "./workload.mjs";

/** Where the script leaves what the route writes into the answer, as `%DYNAMIC_METADATA(...)%`. */
export const LUA_METADATA = "envoy.filters.http.lua";

/**
 * The policy as a careful person would write it in Lua: tables made at load, one pass over the few headers that are
 * needed. The buckets are those of one worker, as Lua has no memory that workers share.
 */
export function luaScript() {
  const rows = consumers.map(
    ({ name, tier, groups, key }) =>
      `  ["${key}"] = { name = "${name}", tier = "${tier}", groups = "${groups.join(",")}", tokens = ${CALLS_PER_SECOND}, filled = 0 },`,
  );
  return `local consumers = {
${rows.join("\n")}
}
local rate = ${CALLS_PER_SECOND}
local rate_policy = '"${LIMIT_NAME}";q=${CALLS_PER_SECOND};w=1'
local problem = { ["content-type"] = "application/problem+json" }

local function refuse(handle, status, body)
  problem[":status"] = status
  handle:respond(problem, body)
end

local function allowed(headers)
  local method = headers:get(":method")
  if method == "GET" then return true end
  return method == "POST" and string.sub(headers:get(":path"), 1, 15) == "/orders/drafts/"
end

function envoy_on_request(handle)
  local headers = handle:headers()
  local key = headers:get("x-api-key")
  local consumer = key and consumers[key]
  if not consumer then
    return refuse(handle, "401", '{"type":"about:blank","title":"Unauthorized","status":401}')
  end
  if not allowed(headers) then
    return refuse(handle, "403", '{"type":"about:blank","title":"Forbidden","status":403}')
  end
  local now = tonumber(handle:timestamp(EnvoyTimestampResolution.MILLISECOND))
  local tokens = math.min(rate, consumer.tokens + (now - consumer.filled) * rate / 1000)
  consumer.filled = now
  if tokens < 1 then
    consumer.tokens = tokens
    return refuse(handle, "429", '{"type":"about:blank","title":"Too Many Requests","status":429}')
  end
  tokens = tokens - 1
  consumer.tokens = tokens
  headers:remove("x-api-key")
  headers:add("x-consumer", consumer.name)
  headers:add("x-consumer-tier", consumer.tier)
  headers:add("x-consumer-groups", consumer.groups)
  local metadata = handle:streamInfo():dynamicMetadata()
  metadata:set("${LUA_METADATA}", "ratelimit", string.format('"${LIMIT_NAME}";r=%d;t=1', tokens))
  metadata:set("${LUA_METADATA}", "ratelimit-policy", rate_policy)
end
`;
}
