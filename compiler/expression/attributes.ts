import { HEADER_NAME } from "../policy/values.js";
import type { Type } from "./tree.js";

/**
 * When an attribute can be known: `request` from the request's headers on, `route` on those routes whose path captures
 * it, `identity` once the caller is authenticated, `operation` of what is told of a request that a conversion took, `response` when the
 * service has answered. Every attribute may be
 * missing all the same; then it is unknown.
 */
export type Availability = "request" | "route" | "identity" | "operation" | "response";

/** What names the value after the attribute: nothing, or what kind of name. */
export type Argument = "none" | "header" | "parameter" | "cookie" | "capture" | "claim";

/** One attribute of the language. The predicate form reads it under the same name (filters/modules/README.md). */
export interface Attribute {
  readonly name: string;
  readonly type: Type;
  readonly availability: Availability;
  readonly argument: Argument;
}

/** Every attribute. */
export const ATTRIBUTES: readonly Attribute[] = [
  attribute("auth.claims", "string", "identity", "claim"),
  attribute("auth.consumer", "string", "identity"),
  attribute("auth.groups", "list", "identity"),
  attribute("auth.issuer", "string", "identity"),
  attribute("auth.method", "string", "identity"),
  attribute("auth.scopes", "list", "identity"),
  attribute("auth.subject", "string", "identity"),
  attribute("auth.tier", "string", "identity"),
  attribute("request.cookies", "string", "request", "cookie"),
  attribute("request.headers", "string", "request", "header"),
  attribute("request.host", "string", "request"),
  attribute("request.id", "string", "request"),
  attribute("request.method", "string", "request"),
  attribute("request.path", "string", "request"),
  attribute("request.protocol", "string", "request"),
  attribute("request.query", "string", "request", "parameter"),
  attribute("request.scheme", "string", "request"),
  attribute("request.size", "int", "request"),
  attribute("request.time", "timestamp", "request"),
  attribute("response.duration", "duration", "response"),
  attribute("response.headers", "string", "response", "header"),
  attribute("response.status", "int", "response"),
  attribute("route.name", "string", "request"),
  attribute("route.params", "string", "route", "capture"),
  attribute("soap.operation", "string", "operation"),
  attribute("source.ip", "string", "request"),
  attribute("source.port", "int", "request"),
  attribute("source.principal", "string", "request"),
];

function attribute(name: string, type: Type, availability: Availability, argument: Argument = "none"): Attribute {
  return { name, type, availability, argument };
}

/** A claim as a list, on the right side of `in`: the same claim, which modules read in another way. */
export const CLAIM_LIST: Attribute = attribute("auth.claims[]", "list", "identity", "claim");

/** Whether it is a claim, as a text or as a list. Its argument is made of names with spaces between them. */
export function isClaim(name: string): boolean {
  return name === "auth.claims" || name === CLAIM_LIST.name;
}

export function attributeNamed(name: string): Attribute | undefined {
  return ATTRIBUTES.find((known) => known.name === name);
}

/** Names of the attributes that begin with `<group>.`; empty if there is no such group. */
export function attributesUnder(group: string): string[] {
  return ATTRIBUTES.map((known) => known.name).filter((name) => name.startsWith(`${group}.`));
}

/** An attribute as it is written: `request.headers["x-a"]`, `route.params.id`. */
export function written(name: string, argument: string | undefined): string {
  if (argument === undefined) return name;
  if (isClaim(name)) return writtenClaim(argument.split(" "));
  return attributeNamed(name)?.argument === "capture" ? `${name}.${argument}` : `${name}[${JSON.stringify(argument)}]`;
}

function writtenClaim(names: readonly string[]): string {
  const isPlain = names.every((name) => /^[A-Za-z_]\w*$/.test(name));
  return isPlain ? ["auth.claims", ...names].join(".") : `auth.claims[${JSON.stringify(names.join(" "))}]`;
}

/** The longest name of a value that the modules look for; they compare names by words in tables of this width. */
const LONGEST = 64;

/** Why a text cannot be the name of a header, parameter, cookie or capture; undefined if it can. */
export function nameProblem(argument: Argument, name: string): string | undefined {
  if (name === "") return "it is empty";
  switch (argument) {
    case "none":
      return undefined;
    case "header":
      return HEADER_NAME.test(name.toLowerCase())
        ? undefined
        : `it may have up to ${LONGEST} letters, digits, dashes, underscores and dots`;
    case "parameter":
      return name.length <= LONGEST && /^[\x21-\x7e]+$/.test(name)
        ? undefined
        : `it may have up to ${LONGEST} visible characters of ASCII`;
    case "cookie":
      // A token: RFC 6265, section 4.1.1, and RFC 9110, section 5.6.2.
      return name.length <= LONGEST && /^[A-Za-z0-9!#$%&'*+\-.^_`|~]+$/.test(name)
        ? undefined
        : `it may have up to ${LONGEST} letters, digits and signs, but no separators`;
    case "claim":
      return name.length <= LONGEST && /^[\x21-\x7e]+( [\x21-\x7e]+)*$/.test(name)
        ? undefined
        : `it may have up to ${LONGEST} visible characters of ASCII`;
    case "capture":
      return /^[a-z][a-zA-Z0-9_]{0,31}$/.test(name)
        ? undefined
        : "a path captures names of up to 32 letters, digits and underscores, the first a small letter";
  }
}
