import { AMBIGUOUS, type Environment } from "../expression/evaluate.js";
import { nameOfAuthority } from "../plan/authority.js";
import { claimAt, claimList, claimText } from "../plan/claims.js";
import type { RoutePlan } from "../plan/plan.js";
import { capturesOf } from "../policy/path.js";
import { principalOf } from "./certificate.js";
import { pathOnly } from "./match.js";
import type { RoutedRequest } from "./request.js";
import type { Verdict } from "./verdict.js";

/** What there is of an attribute in one request: nothing, a value, or something that no value can be told of. */
export type Found = ReturnType<Environment>;

/** What attributes are read from. */
export interface Known {
  request: RoutedRequest;
  route: RoutePlan;
  caller: Verdict["caller"];
}

type Read = (known: Known, argument: string) => Found;

/** One function for each attribute, under its name in the language; those of a response have none. */
const ATTRIBUTES: ReadonlyMap<string, Read> = new Map<string, Read>([
  ["auth.claims", ({ caller }, path) => claimText(claimAt(caller?.claims, path))],
  ["auth.claims[]", ({ caller }, path) => claimList(claimAt(caller?.claims, path))],
  ["auth.consumer", ({ caller }) => caller?.consumer?.name],
  ["auth.groups", ({ caller }) => caller?.consumer?.groups],
  ["auth.issuer", ({ caller }) => caller?.issuer],
  ["auth.method", ({ caller }) => caller?.method],
  ["auth.scopes", ({ caller }) => caller?.scopes],
  ["auth.subject", ({ caller }) => caller?.subject],
  ["auth.tier", ({ caller }) => caller?.consumer?.tier],
  ["request.cookies", ({ request }, name) => cookie(request.headers.get("cookie") ?? [], name)],
  ["request.headers", ({ request }, name) => only(request.headers.get(name) ?? [])],
  ["request.host", ({ request }) => nameOfAuthority(request.authority) ?? AMBIGUOUS],
  // Envoy makes an id for each request, and the client's port is known to the connection alone.
  ["request.id", () => AMBIGUOUS],
  ["request.method", ({ request }) => request.method],
  ["request.path", ({ request }) => pathOnly(request.path)],
  ["request.protocol", () => "HTTP/1.1"],
  ["request.query", ({ request }, name) => queryParameter(request.path, name)],
  ["request.scheme", ({ request }) => scheme(request.headers.get("x-forwarded-proto") ?? [])],
  ["request.size", ({ request }) => size(request.headers.get("content-length") ?? [], request.ends)],
  ["request.time", ({ request }) => request.time],
  ["route.name", ({ route }) => route.name],
  ["route.params", ({ request, route }, name) => capture(request.path, route, name)],
  ["soap.operation", ({ route }) => route.operation?.operation.name],
  ["source.ip", ({ request }) => request.source],
  ["source.port", ({ request }) => request.sourcePort ?? AMBIGUOUS],
  ["source.principal", ({ request }) => principalOf(request.certificate)],
]);

export function readAttribute(known: Known, name: string, argument: string | undefined): Found {
  return ATTRIBUTES.get(name)?.(known, argument ?? "");
}

function only(values: readonly string[]): Found {
  return values.length > 1 ? AMBIGUOUS : values[0];
}

/** A trusted hop writes what it likes, and a service may take it for what it resembles. */
function scheme(values: readonly string[]): Found {
  const text = only(values);
  return text === undefined || text === "http" || text === "https" ? text : AMBIGUOUS;
}

/** A request that ends with its headers has no body (RFC 9112, section 6.3). */
function size(values: readonly string[], ends: boolean): Found {
  const text = only(values);
  if (text === undefined && ends) return 0;
  if (typeof text !== "string") return text;
  return /^[0-9]{1,15}$/.test(text) ? Number(text) : AMBIGUOUS;
}

/** Pairs between `&`; `+` is a space, names and values are percent-decoded. */
function queryParameter(path: string, name: string): Found {
  const question = path.indexOf("?");
  if (question < 0) return undefined;
  const values: (string | undefined)[] = [];
  for (const pair of path.slice(question + 1).split("&")) {
    const equals = pair.indexOf("=");
    const key = parameterName(equals < 0 ? pair : pair.slice(0, equals));
    // A name that cannot be decoded may be any name to the service.
    if (key === undefined) return AMBIGUOUS;
    if (key === name) values.push(equals < 0 ? "" : decoded(pair.slice(equals + 1).replaceAll("+", " ")));
  }
  return onlyDecoded(values);
}

/** The name of a parameter as it was meant; undefined if it may be any. */
export function parameterName(sent: string): string | undefined {
  return decoded(sent.replaceAll("+", " "));
}

/**
 * Pairs of the one `Cookie` line (RFC 6265, section 4.2); the value as it was sent. What that grammar does not have, and
 * servers read in different ways, is ambiguous (filters/lib/cookies.ts).
 */
function cookie(lines: readonly string[], name: string): Found {
  if (lines.length > 1) return AMBIGUOUS;
  const pairs = lines.flatMap((line) => line.split(";").map(withoutSpace));
  const mine = pairs.filter((pair) => withoutSpace(pair.split("=", 1)[0] ?? "") === name);
  const [pair, second] = mine;
  if (pair === undefined) return undefined;
  const value = /^[^= \t]+=(?![ \t])(.*)$/s.exec(pair)?.[1];
  return second === undefined && value !== undefined ? value : AMBIGUOUS;
}

/** White space as HTTP has it: spaces and tabs (RFC 9110, section 5.6.3). */
function withoutSpace(text: string): string {
  return text.replace(/^[ \t]+|(?<![ \t])[ \t]+$/g, "");
}

/** Entries of a route that is split share its name, and so does the guard's knowledge of where a segment stands. */
function capture(path: string, { match, rest }: RoutePlan, name: string): Found {
  const index = (rest?.captures ?? capturesOf(match.path)).find((one) => one.name === name)?.segment;
  const segment = index === undefined ? undefined : pathOnly(path).split("/")[index + 1];
  return segment === undefined ? undefined : onlyDecoded([decoded(segment)]);
}

function onlyDecoded(values: readonly (string | undefined)[]): Found {
  const [first] = values;
  if (values.length === 0) return undefined;
  return values.length > 1 || first === undefined ? AMBIGUOUS : first;
}

/** Percent-decoded UTF-8; undefined if it is not that. */
function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
