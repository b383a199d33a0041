import { readFileSync, statSync } from "node:fs";
import { visible } from "../diagnostics/render/visible.js";
import { readSpans } from "../traces/read.js";
import type { Span } from "../traces/span.js";
import { EnvironmentError, UsageError } from "./exit.js";
import { unreadable } from "./files.js";

/** What is asked of a Zipkin server. */
export interface TraceQuery {
  /** Milliseconds back from now. */
  readonly lookbackMs: number;
  /** Most traces. */
  readonly limit: number;
}

/** Traces of a day's worth of looking; more than that is for a database. */
const MOST_BYTES = 64 * 1024 * 1024;
const TIMEOUT_MS = 30_000;

/** Whether it is a Zipkin server, which is asked by its API, and not a document. */
export function isZipkinServer(source: string): boolean {
  const url = URL.canParse(source) ? new URL(source) : undefined;
  return url !== undefined && isHttp(url) && url.pathname.endsWith("/") && url.search === "";
}

/**
 * The spans of a store.
 *
 * @param source the URL of a Zipkin server, which ends with `/` or has no path; another URL, which is asked as it is; or a file
 * @throws UsageError for a URL that cannot be asked; EnvironmentError if there are no spans to be had, with the reason
 */
export async function spansFrom(source: string, query: TraceQuery): Promise<readonly Span[]> {
  const url = /^[a-z][a-z0-9+.-]*:\/\//i.test(source) ? askedUrl(source, query) : undefined;
  const text = url === undefined ? textOfFile(source) : await textOfUrl(url);
  const read = readSpans(text);
  if (read.outcome === "read") return read.spans;
  throw new EnvironmentError(
    `${url === undefined ? source : shown(url)}: no spans that can be read: ${visible(read.reason)}`,
  );
}

function askedUrl(source: string, { lookbackMs, limit }: TraceQuery): URL {
  const url = URL.canParse(source) ? new URL(source) : undefined;
  if (url === undefined || !isHttp(url))
    throw new UsageError("--traces needs a URL that begins with http:// or https://, or a file");
  if (!isZipkinServer(source)) return url;
  const asked = new URL("api/v2/traces", url);
  asked.search = new URLSearchParams({ lookback: String(lookbackMs), limit: String(limit) }).toString();
  return asked;
}

function isHttp({ protocol }: URL): boolean {
  return protocol === "http:" || protocol === "https:";
}

/** Without its query and its user, which may be secret. */
function shown({ origin, pathname }: URL): string {
  return `${origin}${pathname}`;
}

async function textOfUrl(url: URL): Promise<string> {
  const { username, password } = url;
  const user = `${unescaped(username)}:${unescaped(password)}`;
  // `fetch` takes no URL with a user.
  const authorization = user === ":" ? {} : { authorization: `Basic ${Buffer.from(user).toString("base64")}` };
  const bare = new URL(url);
  bare.username = "";
  bare.password = "";
  try {
    const response = await fetch(bare, {
      headers: { accept: "application/json", ...authorization },
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    if (response.status !== 200) throw new EnvironmentError(`${shown(url)}: it answered ${response.status}`);
    return await textOf(response, shown(url));
  } catch (error) {
    if (error instanceof EnvironmentError) throw error;
    throw new EnvironmentError(`${shown(url)}: ${reasonOf(error)}`);
  }
}

/** A percent sign that escapes nothing stands for itself. */
function unescaped(text: string): string {
  return text.replace(/(%[0-9a-f]{2})+/gi, (escapes) =>
    Buffer.from(escapes.replaceAll("%", ""), "hex").toString("utf8"),
  );
}

async function textOf(response: Response, where: string): Promise<string> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of response.body ?? []) {
    length += part.length;
    if (length > MOST_BYTES) throw tooLarge(where);
    parts.push(part);
  }
  return Buffer.concat(parts).toString("utf8");
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === "TimeoutError") return `no whole answer in ${TIMEOUT_MS / 1000} s`;
  // `fetch failed`: what failed is its cause, and of several addresses that of the first.
  const cause = error.cause instanceof AggregateError ? error.cause.errors[0] : error.cause;
  return `it cannot be asked: ${cause instanceof Error ? cause.message : error.message}`;
}

function textOfFile(path: string): string {
  const status = statSync(path, { throwIfNoEntry: false });
  if (status === undefined) throw new EnvironmentError(`${path}: no such file`);
  if (!status.isFile()) throw new EnvironmentError(`${path}: not a file`);
  if (status.size > MOST_BYTES) throw tooLarge(path);
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const reason = unreadable(path, error);
    throw reason === undefined ? error : new EnvironmentError(reason);
  }
}

function tooLarge(where: string): EnvironmentError {
  return new EnvironmentError(`${where}: more than ${MOST_BYTES / 1024 / 1024} MiB; ask for fewer traces`);
}
