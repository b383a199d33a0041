import type { RedirectTarget } from "../plan/plan.js";
import type { RoutedRequest } from "../request/request.js";

/** The `Location` of a redirect, as Envoy writes it (source/common/router/config_impl.cc, `newUri`). */
export function locationOf(url: RedirectTarget, request: RoutedRequest): string {
  const before = request.scheme;
  const scheme = url.scheme ?? before;
  const port = url.port === undefined ? "" : `:${url.port}`;
  const host = url.host ?? requestHost(request.authority, before, scheme, port);
  return `${scheme}://${host}${port}${pathOf(url.path, request.path)}`;
}

/** A port of the request goes where another one is written, or where it is the default of the scheme that goes. */
function requestHost(authority: string, before: string, scheme: string, port: string): string {
  const [, name, own] = /^(.*?)(:[0-9]*)$/.exec(authority) ?? [];
  if (name === undefined || (authority.startsWith("[") && !name.endsWith("]"))) return authority;
  const isDefault = scheme !== before && own === (before === "https" ? ":443" : ":80");
  return port !== "" || isDefault ? name : authority;
}

/** The query stays, unless the new path has one. */
function pathOf(path: string | undefined, before: string): string {
  if (path === undefined || path === "") return before;
  const question = before.indexOf("?");
  return path.includes("?") || question < 0 ? path : `${path}${before.slice(question)}`;
}
