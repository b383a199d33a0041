import type { ClientRequest } from "./request.js";

/** As many names as Envoy reads in `Connection`; with one more it refuses the request. */
const MOST_NAMES = 9;
/** Options of the connection, and headers that are dealt with by themselves. */
const NO_HEADERS: ReadonlySet<string> = new Set([
  "close",
  "http2-settings",
  "keep-alive",
  "te",
  "transfer-encoding",
  "upgrade",
]);
const NEVER_NAMED: ReadonlySet<string> = new Set(["x-forwarded-for", "x-forwarded-host", "x-forwarded-proto"]);

/**
 * The headers that a request names as those of its connection (RFC 9110, section 7.6.1). Envoy takes them off before anything else
 * reads them (source/common/http/utility.cc, `sanitizeConnectionHeader`; seen on 1.40).
 */
export function namedByConnection({
  headers,
}: Pick<ClientRequest, "headers">): ReadonlySet<string> | { status: 400; reason: string; by: "parser" | "listener" } {
  const names = listed(headers, "connection");
  if (names.length > MOST_NAMES)
    return { status: 400, reason: `the header connection has more than ${MOST_NAMES} names`, by: "parser" };
  const forbidden = names.find((name) => name.startsWith(":") || NEVER_NAMED.has(name));
  if (forbidden !== undefined) return { status: 400, reason: `the header connection names ${forbidden}`, by: "parser" };
  // It is taken off like any other, and then missing.
  if (names.includes("host")) return { status: 400, reason: "the header connection names host", by: "listener" };
  const isH2c = names.includes("upgrade") && listed(headers, "upgrade").includes("h2c");
  return new Set([...names.filter((name) => !NO_HEADERS.has(name)), ...(isH2c ? ["http2-settings"] : [])]);
}

/**
 * What is handed on of `te`: that a client takes trailers, without all else and the parameters. The word is looked for in any case where
 * `connection` names `te`. An empty header stays, unless it is named (seen on 1.40).
 */
export function acceptedCodings({ headers }: Pick<ClientRequest, "headers">): string[] {
  const lines = headers.filter(([name]) => name === "te").map(([, value]) => value);
  const isNamed = listed(headers, "connection").includes("te");
  if (!isNamed && lines.length > 0 && lines.every((line) => line === "")) return [""];
  const parts = lines.flatMap((line) => line.split(",")).map((part) => part.trim());
  return parts.some((part) => (isNamed ? part.toLowerCase() : part) === "trailers") ? ["trailers"] : [];
}

/** The parts of a list in lower case, of all lines of a header. */
export function listed(headers: ClientRequest["headers"], wanted: string): string[] {
  return headers
    .filter(([name]) => name === wanted)
    .flatMap(([, value]) => value.split(","))
    .map((part) => part.trim().toLowerCase())
    .filter((part) => part !== "");
}
