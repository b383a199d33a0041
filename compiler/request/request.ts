import { isIP } from "node:net";
import type { ErrorPage } from "../plan/errors.js";
import type { GatewayPlan, ListenerPlan } from "../plan/plan.js";
import type { ClientCertificate } from "./certificate.js";
import { acceptedCodings, namedByConnection } from "./connection.js";
import { refusedByParser } from "./parser.js";
import { normalizePath } from "./path.js";
import { readTarget } from "./target.js";

/** A request as a client sends it over HTTP/1.1. */
export interface ClientRequest {
  method: string;
  /** Path with query as on the request line, or what else stands there: an absolute URL, `*`. */
  target: string;
  host: string;
  /** In order, names in lower case, without `host`. A name may stand more than once. Values as `wire-text.ts` has them. */
  headers: readonly (readonly [name: string, value: string])[];
  /** IP address that the connection comes from. */
  source: string;
  /** Of the connection; that of the listener if absent. */
  scheme?: "http" | "https";
  /** What the client shows where a listener asks for a certificate. */
  certificate?: ClientCertificate;
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
  /** Of the connection, or what a trusted hop says of its own. */
  scheme: "http" | "https";
  /** Values by name in lower case; more than one only where Envoy keeps repeated lines apart. */
  headers: ReadonlyMap<string, readonly string[]>;
  /** Address of the client behind the trusted hops. */
  source: string;
  /** Port of that client, where only its address was told; absent if it is that of the connection. */
  sourcePort?: number;
  /** Of the client; absent where none was asked for. */
  certificate?: ClientCertificate;
  time: number;
  /** Whether nothing follows the headers. */
  ends: boolean;
  /** Pages of its listener in place of what the gateway itself answers; absent if there are none. */
  errors?: readonly ErrorPage[];
  /** There if its listener tells clients which policy decided. */
  tellsDecision?: true;
}

export type Arrival =
  | { request: RoutedRequest; changes: string[] }
  /**
   * Answered before a route is looked for: by the parser, which has the words of the status as the body of its answers, or by what
   * comes behind it, which has none.
   */
  | { status: number; reason: string; by: "parser" | "listener" };

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

/** Headers of one connection (RFC 9110, section 7.6.1), which Envoy takes off before it looks for a route; `te` only in part. */
const OF_THE_CONNECTION = ["connection", "keep-alive", "proxy-connection", "te", "transfer-encoding", "upgrade"];

/** Of the certificate of a client: Envoy, told to hand none on, takes it off whatever the connection is (seen). */
const CLIENT_CERTIFICATE = "x-forwarded-client-cert";

/** What a listener makes of a request before a route is looked for. */
export function arrive(plan: GatewayPlan, listener: ListenerPlan, sent: ClientRequest): Arrival {
  const request = { ...sent, scheme: sent.scheme ?? schemeOf(listener) };
  const unreadable = refusedByParser(request);
  if (unreadable !== undefined) return { ...unreadable, by: "parser" };
  const asked = readTarget(request);
  if ("status" in asked) return { ...asked, by: "parser" };
  const underscored = request.headers.find(([name]) => name.includes("_"))?.[0];
  if (underscored !== undefined && listener.headerUnderscores === "reject")
    return { status: 400, reason: `the header name ${underscored} has an underscore`, by: "parser" };
  if (!asked.path.startsWith("/"))
    return {
      status: 404,
      reason: `the target \`${request.target}\` has no path, so no route takes it`,
      by: "listener",
    };
  const target = normalizePath(asked.path, listener.escapedSlashes);
  if ("status" in target) return { ...target, by: "listener" };

  const named = namedByConnection(request);
  if ("status" in named) return named;
  const { headers, changes } = readHeaders(plan, listener, {
    ...request,
    headers: request.headers.filter(([name]) => !named.has(name)),
  });
  for (const name of named)
    if (request.headers.some(([other]) => other === name)) changes.push(`header ${name}: removed, connection names it`);
  const told = toldAddress(listener, request);
  const source = told ?? request.source;
  const forwarded = forwardedScheme(listener, request);
  headers.set("x-forwarded-proto", [forwarded]);
  headers.set("x-forwarded-for", [[...(headers.get("x-forwarded-for") ?? []), request.source].join(",")]);
  headers.set("x-envoy-external-address", [source]);
  return {
    request: {
      method: request.method,
      path: target.path,
      authority: withoutDot(asked.host),
      scheme: knownScheme(forwarded) ?? request.scheme,
      headers,
      source,
      ...(told === undefined ? {} : { sourcePort: 0 }),
      ...(listener.tls?.clientCertificate === undefined || request.certificate === undefined
        ? {}
        : { certificate: request.certificate }),
      time: request.time,
      ends: !request.headers.some(([name]) => name === "transfer-encoding"),
      ...(listener.errors === undefined ? {} : { errors: listener.errors }),
      ...(listener.tellsDecision === undefined ? {} : { tellsDecision: listener.tellsDecision }),
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
    else if (OF_THE_CONNECTION.includes(name) || name === CLIENT_CERTIFICATE || name.startsWith("x-envoy-"))
      changes.push(`header ${name}: removed by Envoy`);
    else {
      const values = headers.get(name);
      if (values === undefined) headers.set(name, [value]);
      else if (JOINED_HEADERS.has(name) || name === "x-forwarded-for") headers.set(name, [joined([...values, value])]);
      else values.push(value);
    }
  }
  const codings = acceptedCodings(request);
  if (codings.length > 0) headers.set("te", codings);
  return { headers, changes };
}

/** The entry of `x-forwarded-for` that the outermost trusted hop wrote; undefined if there is none. */
function toldAddress({ trustedHops }: ListenerPlan, { headers }: ClientRequest): string | undefined {
  if (trustedHops === 0) return undefined;
  const forwarded = headers.filter(([name]) => name === "x-forwarded-for").flatMap(([, value]) => value.split(","));
  const found = forwarded.at(-trustedHops)?.trim() ?? "";
  return isIP(found) === 0 ? undefined : found;
}

/** The scheme of connections to a listener. */
export function schemeOf({ tls }: Pick<ListenerPlan, "tls">): "http" | "https" {
  return tls === undefined ? "http" : "https";
}

/** A listener takes what is said of the scheme from a trusted hop only, whatever it is; otherwise it is that of the connection. */
function forwardedScheme({ trustedHops }: ListenerPlan, { headers, scheme = "http" }: ClientRequest): string {
  const told = headers.filter(([name]) => name === "x-forwarded-proto").map(([, value]) => value);
  return trustedHops > 0 && told.length > 0 ? joined(told) : scheme;
}

function knownScheme(text: string): "http" | "https" | undefined {
  const scheme = text.toLowerCase();
  return scheme === "http" || scheme === "https" ? scheme : undefined;
}

/** Lines of a header as one: Envoy leaves out those without a value. */
function joined(values: readonly string[]): string {
  return values.filter((value) => value !== "").join(",");
}

/** One dot at the end of the name goes, with or without a port behind it (`strip_trailing_host_dot`). */
function withoutDot(host: string): string {
  return host.endsWith(".") ? host.slice(0, -1) : host.replace(/\.(:[^.]*)$/, "$1");
}
