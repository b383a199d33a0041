import type { Gateway, Route } from "../policy/gateway.js";
import type { PathPattern } from "../policy/path.js";
import { rewriteHost, rewritePath, type Substitution } from "../policy/rewrite.js";
import { versionName } from "../policy/versions.js";

/** What a route does with a request beside sending it to its service. */
export interface RouteForwarding {
  mirror?: MirrorPlan[];
  rewrite?: RewritePlan;
  /** A try that takes too long goes on beside the next one. */
  hedges?: true;
  /** Its connections may become WebSockets. */
  upgrades?: true;
}

/** What the service gets in place of the path and the host of the request. */
export interface RewritePlan {
  path?: Rewritten & Substitution;
  host?: Rewritten & (Substitution | { host: string });
}

interface Rewritten {
  /** As the file says it. */
  text: string;
}

/** A service that gets copies of some requests. */
export interface MirrorPlan {
  service: string;
  /** Share of the requests, of a million. */
  millionths: number;
}

/** @param pattern of the route's path */
export function planForwarding(
  { mirror, rewrite, hedge, websocket }: Route,
  pattern: PathPattern,
  gateway: Gateway,
): RouteForwarding {
  return {
    ...(mirror === undefined
      ? {}
      : { mirror: mirror.map((copy) => ({ service: versionName(gateway, copy), millionths: copy.percent })) }),
    ...(rewrite === undefined ? {} : { rewrite: planRewrite(rewrite, pattern) }),
    ...(hedge === undefined ? {} : { hedges: true }),
    ...(websocket === true ? { upgrades: true } : {}),
  };
}

/** What cannot be rewritten has a finding of its own. */
function planRewrite({ path, host }: NonNullable<Route["rewrite"]>, pattern: PathPattern): RewritePlan {
  const plan: RewritePlan = {};
  const newPath = path === undefined ? undefined : rewritePath(pattern, path);
  if (path !== undefined && newPath !== undefined && !("fault" in newPath)) plan.path = { text: path, ...newPath };
  const newHost = host === undefined ? undefined : rewriteHost(pattern, host);
  if (host !== undefined && newHost !== undefined && !("fault" in newHost)) plan.host = { text: host, ...newHost };
  return plan;
}
