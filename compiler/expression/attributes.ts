import { HEADER_NAME } from "../policy/values.js";
import type { Type } from "./tree.js";

/**
 * When an attribute can be known: `request` from the request's headers on, `identity` once the caller is authenticated,
 * `response` when the service has answered. Every attribute may be missing all the same; then it is unknown.
 */
export type Availability = "request" | "identity" | "response";

/** One attribute of the language. The predicate form reads it under the same name (filters/modules/README.md). */
export interface Attribute {
  readonly name: string;
  readonly type: Type;
  readonly availability: Availability;
  /** What stands in brackets after the name: `header` the name of a header field, `none` nothing. */
  readonly argument: "none" | "header";
}

/** Every attribute that is built. */
export const ATTRIBUTES: readonly Attribute[] = [
  attribute("auth.consumer", "string", "identity"),
  attribute("auth.groups", "list", "identity"),
  attribute("auth.method", "string", "identity"),
  attribute("auth.tier", "string", "identity"),
  attribute("request.headers", "string", "request", "header"),
  attribute("request.host", "string", "request"),
  attribute("request.method", "string", "request"),
  attribute("request.path", "string", "request"),
  attribute("request.scheme", "string", "request"),
  attribute("route.name", "string", "request"),
  attribute("source.ip", "string", "request"),
];

/** Attributes of the language that are not built yet; a trailing `.` stands for every name under it. */
const PLANNED: readonly string[] = [
  "auth.claims",
  "auth.claims.",
  "auth.issuer",
  "auth.scopes",
  "auth.subject",
  "request.cookies",
  "request.cookies.",
  "request.id",
  "request.protocol",
  "request.query",
  "request.query.",
  "request.size",
  "request.time",
  "response.duration",
  "response.headers",
  "response.headers.",
  "response.status",
  "route.params",
  "route.params.",
  "soap.operation",
  "source.port",
  "source.principal",
];

function attribute(
  name: string,
  type: Type,
  availability: Availability,
  argument: Attribute["argument"] = "none",
): Attribute {
  return { name, type, availability, argument };
}

export function attributeNamed(name: string): Attribute | undefined {
  return ATTRIBUTES.find((known) => known.name === name);
}

/** True if the language has the attribute but this version does not. */
export function isPlanned(name: string): boolean {
  return PLANNED.some((known) => (known.endsWith(".") ? name.startsWith(known) : name === known));
}

/** Names of the built attributes that begin with `<group>.`; empty if there is no such group. */
export function attributesUnder(group: string): string[] {
  return ATTRIBUTES.map((known) => known.name).filter((name) => name.startsWith(`${group}.`));
}

/** A name that the modules can look for; it is compared in lower case. */
export function isHeaderName(name: string): boolean {
  return HEADER_NAME.test(name.toLowerCase());
}
