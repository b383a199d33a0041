/** Attributes of spans by OpenTelemetry's semantic conventions for HTTP, and what Sluice adds, that a policy may leave out. */
export const REDACTABLE = [
  "client.address",
  "http.route",
  "network.protocol.version",
  "server.address",
  "server.port",
  "sluice.decision",
  "sluice.route",
  "url.path",
  "url.scheme",
  "user_agent.original",
] as const;
export type Redactable = (typeof REDACTABLE)[number];

/** Those that say nothing of who calls what, and by which spans are searched. */
const ALWAYS_THERE = [
  // What makes a span one of a failure in Zipkin.
  "error",
  "error.type",
  "http.request.method",
  "http.request.resend_count",
  "http.response.status_code",
] as const;

/** Names that no tag can have; `service.name` is an attribute of what makes the spans. */
export const TAKEN: readonly string[] = [...REDACTABLE, ...ALWAYS_THERE];

/** True of a name that spans have an attribute of by themselves. */
export function isOwnAttribute(name: string): boolean {
  return TAKEN.includes(name) || name === "service.name" || name.startsWith("sluice.");
}

/** What a tag may be called, as spans have it: letters, digits and `.`, `_`, `-`, the first a letter. */
export const TAG_NAME = /^[A-Za-z][A-Za-z0-9._-]{0,63}$/;
