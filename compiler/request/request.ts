import { isIP } from "node:net";
import type { GatewayPlan, ListenerPlan } from "../plan/plan.js";
import { namedByConnection } from "./connection.js";
import { refusedByParser } from "./parser.js";
import { normalizePath } from "./path.js";

/** A request as a client sends it over HTTP/1.1. */
export interface ClientRequest {
  method: string;
  /** Path with query as on the request line. */
  target: string;
  host: string;
  /** In order, names in lower case, without `host`. A name may stand more than once. Values as `wire-text.ts` has them. */
  headers: readonly (readonly [name: string, value: string])[];
  /** IP address that the connection comes from. */
  source: string;
  /** Of the connection; http if absent. */
  scheme?: "http" | "https";
  /** When it arrives: milliseconds since 1970. */
  time: number;
}

/** The same once the listener has read it: what routes are matched with and what the guard sees. */
export interface RoutedRequest {
  method: string;
  /** Normalised, with the query. */
  path: string;
  /** As the service gets it: case and port kept, one dot at the end removed. */
  authority: string;
  /** Values by name in lower case; more than one only where Envoy keeps repeated lines apart. */
  headers: ReadonlyMap<string, readonly string[]>;
  /** Address of the client behind the trusted hops. */
  source: string;
  time: number;
  /** Whether nothing follows the headers. */
  ends: boolean;
}

export type Arrival =
  | { request: RoutedRequest; changes: string[] }
  /** Answered before a route is looked for. */
  | { status: number; reason: string };

/** Headers that Envoy keeps as one value: a second line is joined to the first with a comma (seen on 1.40). */
export const JOINED_HEADERS: ReadonlySet<string> = new Set([
  "accept",
  "accept-encoding",
  "access-control-request-headers",
  "access-control-request-method",
  "authorization",
  "cache-control",
  "content-type",
  "grpc-timeout",
  "if-match",
  "if-modified-since",
  "if-none-match",
  "origin",
  "pragma",
  "referer",
  "user-agent",
  "via",
  "x-client-trace-id",
  "x-forwarded-host",
  "x-forwarded-port",
]);

/** Headers of one connection (RFC 9110, section 7.6.1), which Envoy takes off before it looks for a route. */
const OF_THE_CONNECTION = ["connection", "keep-alive", "proxy-connection", "te", "transfer-encoding", "upgrade"];

/** What a listener makes of a request before a route is looked for. */
export function arrive(plan: GatewayPlan, listener: ListenerPlan, request: ClientRequest): Arrival {
  const unreadable = refusedByParser(request);
  if (unreadable !== undefined) return unreadable;
  if (!/^[A-Za-z0-9!$%&'()*+,\-.:;=@[\]_~]*$/.test(request.host))
    return { status: 400, reason: "the host has a character that no host has (RFC 3986, section 3.2)" };
  if (request.method === "OPTIONS" && request.target === "*")
    return { status: 404, reason: "the target `*` has no path, so no route takes it" };
  const target = normalizePath(request.target, listener.escapedSlashes);
  if ("status" in target) return target;
  const underscored = request.headers.find(([name]) => name.includes("_"))?.[0];
  if (underscored !== undefined && listener.headerUnderscores === "reject")
    return { status: 400, reason: `the header name ${underscored} has an underscore` };

  const named = namedByConnection(request);
  if ("status" in named) return named;
  const { headers, changes } = readHeaders(plan, listener, {
    ...request,
    headers: request.headers.filter(([name]) => !named.has(name)),
  });
  for (const name of named)
    if (request.headers.some(([other]) => other === name)) changes.push(`header ${name}: removed, connection names it`);
  const source = clientAddress(listener, request);
  headers.set("x-forwarded-proto", [forwardedScheme(listener, request)]);
  headers.set("x-forwarded-for", [[...(headers.get("x-forwarded-for") ?? []), request.source].join(",")]);
  headers.set("x-envoy-external-address", [source]);
  return {
    request: {
      method: request.method,
      path: target.path,
      authority: withoutDot(request.host),
      headers,
      source,
      time: request.time,
      ends: !request.headers.some(([name]) => name === "transfer-encoding"),
    },
    changes: [...target.changes.map((change) => `path: ${change}`), ...changes],
  };
}

function readHeaders(plan: GatewayPlan, listener: ListenerPlan, request: ClientRequest) {
  const headers = new Map<string, string[]>();
  const changes: string[] = [];
  for (const [name, value] of request.headers) {
    if (name.includes("_") && listener.headerUnderscores === "drop")
      changes.push(`header ${name}: dropped, it has an underscore`);
    else if (plan.ownedRequestHeaders.includes(name))
      changes.push(`header ${name}: removed, only the gateway writes it`);
    else if (OF_THE_CONNECTION.includes(name) || name.startsWith("x-envoy-"))
      changes.push(`header ${name}: removed by Envoy`);
    else {
      const values = headers.get(name);
      if (values === undefined) headers.set(name, [value]);
      else if (JOINED_HEADERS.has(name) || name === "x-forwarded-for")
        headers.set(name, [`${values.join(",")},${value}`]);
      else values.push(value);
    }
  }
  return { headers, changes };
}

/** The entry of `x-forwarded-for` that the outermost trusted hop wrote; the peer of the connection if there is none. */
function clientAddress({ trustedHops }: ListenerPlan, { headers, source }: ClientRequest): string {
  if (trustedHops === 0) return source;
  const forwarded = headers.filter(([name]) => name === "x-forwarded-for").flatMap(([, value]) => value.split(","));
  const found = forwarded.at(-trustedHops)?.trim() ?? "";
  return isIP(found) === 0 ? source : found;
}

/** A listener takes the scheme from a trusted hop only, otherwise it is that of the connection. */
function forwardedScheme({ trustedHops }: ListenerPlan, { headers, scheme: own = "http" }: ClientRequest): string {
  const told = headers.filter(([name]) => name === "x-forwarded-proto").map(([, value]) => value.toLowerCase());
  const [scheme = own] = told;
  return trustedHops > 0 && told.length === 1 && (scheme === "http" || scheme === "https") ? scheme : own;
}

/** One dot at the end of the name goes, with or without a port behind it (`strip_trailing_host_dot`). */
function withoutDot(host: string): string {
  return host.endsWith(".") ? host.slice(0, -1) : host.replace(/\.(:[^.]*)$/, "$1");
}
