import type { Any } from "@bufbuild/protobuf/wkt";
import { LuaPerRouteSchema, LuaSchema } from "../../envoy/generated/envoy/extensions/filters/http/lua/v3/lua_pb.js";
import { packed } from "../../envoy/message.js";
import { REMAINS, remainsOf } from "../../plan/keys.js";
import { filterStateKey, KEYS_FILTER } from "../../plan/names.js";
import type { PolicyPlan } from "../../plan/plan.js";
import { waitingFilter } from "./waiting-filter.js";

/*
 * The guard knows what it took for a key, and says what remains. Envoy's own mutation of parameters would take out what has the name as it is sent,
 * where services decode it, and write all others anew, in another order; its mutation of headers refuses to write a path. A module that wrote the
 * path would have the route matched again, so that a route which asks for the key as a parameter were the one no longer; a script need not.
 */
const SCRIPT = `local function take(handle)
  local state = handle:streamInfo():filterState()
  local headers = handle:headers()
  local path = state:get("${filterStateKey(REMAINS.path.property)}")
  if path ~= nil then
    headers:replace(":path", path)
  end
  if handle:filterContext():get("cookies") then
    headers:remove("cookie")
    local cookie = state:get("${filterStateKey(REMAINS.cookies.property)}")
    if cookie ~= nil then
      headers:replace("cookie", cookie)
    end
  end
end

function envoy_on_request(handle)
  if not pcall(take, handle) then
    handle:respond({[":status"] = "503"}, "")
  end
end
`;

/** The filter behind the guard that writes what remains of paths and cookies; none if no policy takes keys from there. */
export function keysFilter(policies: readonly PolicyPlan[]) {
  if (remainsOf(policies).length === 0) return [];
  const defaultSourceCode = { specifier: { case: "inlineString" as const, value: SCRIPT } };
  return [waitingFilter(KEYS_FILTER, packed(LuaSchema, { defaultSourceCode, clearRouteCache: false }))];
}

/** What it does on a route. A path that stays as it is has no result, and is not written; of cookies, none may remain. */
export function takingOut(run: readonly PolicyPlan[]): [string, Any][] {
  const remains = remainsOf(run);
  if (remains.length === 0) return [];
  const filterContext = { cookies: remains.includes("cookies") };
  return [[KEYS_FILTER, packed(LuaPerRouteSchema, { filterContext })]];
}
