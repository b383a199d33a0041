import type { HeaderMap } from "../host/header-map.js";
import type { Pairs } from "../host/pairs.js";
import { RAW_HEADERS, WINDOW_SECONDS } from "../plan/global-limits.js";
import type { LimitStatus } from "./limit-service.js";
import type { GuardedRequest, ToldLimit } from "./passage.js";

/** Writes what clients are told of the limits that a request was counted by. */
export function tellLimits({ limits }: Pick<GuardedRequest, "limits">, headers: HeaderMap): void {
  for (const [name, value] of toldHeaders(limits)) headers.add(name, value);
}

/** Answers come to the policy behind first. */
function toldHeaders(limits: readonly ToldLimit[]): Pairs {
  const pairs: [string, string][] = [];
  let nearest: { left: number; values: readonly string[] } | undefined;
  for (const { policy, headers, statuses } of limits.toReversed()) {
    const quota = quotaOf(statuses);
    if (quota === undefined) continue;
    const { windows, left, reset, count } = quota;
    if (headers.includes("ietf")) {
      const named = windows.map((window, index) => ({
        ...window,
        item: index === 0 ? policy : `${policy}-${index + 1}`,
      }));
      const current = named.find((window) => window.count === count)?.item ?? policy;
      pairs.push(["ratelimit-policy", named.map(({ item, count, w }) => `"${item}";q=${count};w=${w}`).join(", ")]);
      pairs.push(["ratelimit", `"${current}";r=${left};t=${reset}`]);
    }
    if (headers.includes("x-ratelimit") && (nearest === undefined || left < nearest.left)) {
      const limit = [String(count), ...windows.map(({ count, w, name }) => `${count};w=${w};name="${name}"`)].join(
        ", ",
      );
      nearest = { left, values: [limit, String(left), String(reset)] };
    }
  }
  const values = nearest?.values ?? [];
  return [
    ...pairs,
    ...RAW_HEADERS.flatMap((name, index) => (values[index] === undefined ? [] : [[name, values[index]] as const])),
  ];
}

/** What Envoy's filter tells: all windows, and what is left in the one that is nearest to its end. */
function quotaOf(statuses: readonly LimitStatus[]) {
  const known = statuses.flatMap((status) => (status.limit === undefined ? [] : [{ ...status, limit: status.limit }]));
  const [first] = known;
  if (first === undefined) return undefined;
  const nearest = known.reduce((one, other) => (other.remaining < one.remaining ? other : one), first);
  return {
    windows: known.map(({ limit }) => ({ count: limit.count, w: WINDOW_SECONDS[limit.unit], name: limit.name })),
    count: nearest.limit.count,
    left: nearest.remaining,
    reset: nearest.resetSeconds,
  };
}
