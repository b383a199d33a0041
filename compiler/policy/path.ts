/** The path forms of `routes[].match.path`. All but `regex` are compared with the path without its query. */
export type PathPattern =
  | { form: "exact"; path: string }
  | { form: "template"; segments: Segment[]; rest: boolean }
  | { form: "prefix"; path: string }
  | { form: "regex"; regex: string };

export type Segment = { literal: string } | { capture: string } | { any: true };

/** RFC 3986 `pchar` without percent-encoding: Envoy decodes unreserved characters before it matches. */
const LITERAL = /^[A-Za-z0-9\-._~!$&'()+,;=:@]+$/;
const CAPTURE = /^\{([a-z][a-zA-Z0-9_]{0,31})\}$/;

/**
 * Reads `/a` (exact), `/a/*` (one segment), `/a/**` (that path and everything below it), `/a/{id}` (one segment,
 * named), `~regex`. Returns a sentence when the text is none of them or could never match a normalised path.
 */
export function parsePath(text: string): PathPattern | string {
  if (text.startsWith("~")) {
    const regex = text.slice(1);
    return regex === "" ? "the regular expression after `~` is empty" : { form: "regex", regex };
  }
  if (!text.startsWith("/")) return "a path starts with `/` (or with `~` for a regular expression)";
  if (text === "/") return { form: "exact", path: "/" };

  const parts = text.slice(1).split("/");
  const rest = parts.at(-1) === "**";
  if (rest) parts.pop();
  const trailingSlash = !rest && parts.at(-1) === "";
  if (trailingSlash) parts.pop();

  const segments: Segment[] = [];
  for (const part of parts) {
    const segment = parseSegment(part);
    if (typeof segment === "string") return segment;
    segments.push(segment);
  }
  const names = segments.flatMap((segment) => ("capture" in segment ? [segment.capture] : []));
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) return `the capture \`{${twice}}\` stands twice in the path`;

  if (segments.every((segment) => "literal" in segment)) {
    const path = `/${segments.map((segment) => ("literal" in segment ? segment.literal : "")).join("/")}`;
    if (rest) return { form: "prefix", path: segments.length === 0 ? "/" : path };
    return { form: "exact", path: trailingSlash ? `${path}/` : path };
  }
  if (trailingSlash) return "a path with `*` or `{name}` cannot end with `/`";
  return { form: "template", segments, rest };
}

function parseSegment(part: string): Segment | string {
  if (part === "*") return { any: true };
  const capture = CAPTURE.exec(part)?.[1];
  if (capture !== undefined) return { capture };
  if (part === "") return "an empty segment (`//`) never matches: Envoy merges slashes first";
  if (part === "." || part === "..") return `\`${part}\` never matches: Envoy resolves dot segments first`;
  if (part === "**") return "`**` stands only at the end of a path";
  if (part.includes("*") || part.includes("{") || part.includes("}"))
    return "`*` and `{name}` stand for a whole segment, such as /orders/* or /orders/{id}";
  if (!LITERAL.test(part))
    return `\`${part}\` has characters that a normalised path does not have; use a regular expression (\`~\`)`;
  return { literal: part };
}

/** RE2 text that matches exactly the paths of a template, without the query. */
export function templateRegex(segments: readonly Segment[], rest: boolean): string {
  const body = segments.map((segment) => `/${"literal" in segment ? escapeRegex(segment.literal) : "[^/]+"}`).join("");
  return rest ? `${body}(/.*)?` : body;
}

export function escapeRegex(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
}

/**
 * True if every path that `inner` matches is surely matched by `outer` as well. Regular expressions are compared by
 * their text only.
 */
export function covers(outer: PathPattern, inner: PathPattern): boolean {
  if (outer.form === "regex" || inner.form === "regex")
    return outer.form === "regex" && inner.form === "regex" && outer.regex === inner.regex;
  const a = shape(outer);
  const b = shape(inner);
  if (a.trailingSlash !== b.trailingSlash && !a.rest) return false;
  if (b.rest && !a.rest) return false;
  if (a.rest ? a.segments.length > b.segments.length : a.segments.length !== b.segments.length) return false;
  return a.segments.every((segment, index) => {
    if (!("literal" in segment)) return true;
    const other = b.segments[index];
    return other !== undefined && "literal" in other && other.literal === segment.literal;
  });
}

function shape(pattern: Exclude<PathPattern, { form: "regex" }>): {
  segments: Segment[];
  rest: boolean;
  trailingSlash: boolean;
} {
  if (pattern.form === "template") return { segments: pattern.segments, rest: pattern.rest, trailingSlash: false };
  const parts = pattern.path === "/" ? [] : pattern.path.split("/").slice(1);
  const trailingSlash = parts.at(-1) === "";
  if (trailingSlash) parts.pop();
  return {
    segments: parts.map((literal) => ({ literal })),
    rest: pattern.form === "prefix",
    trailingSlash: trailingSlash && pattern.form === "exact",
  };
}

/** Order of specificity: negative if `a` is the more specific path and so comes first. */
export function comparePaths(a: PathPattern, b: PathPattern): number {
  const [x, y] = [rank(a), rank(b)];
  for (let i = 0; i < x.length; i++) {
    const difference = (y[i] ?? 0) - (x[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/**
 * Exact, then regular expressions, then the others by how many literal segments they have, closed before open, longer
 * before shorter. Templates and prefixes stand on one scale, so that a pattern always comes before one that covers it:
 * `/admin/**` before `/{tenant}/**`, whose policies may be weaker.
 */
function rank(pattern: PathPattern): number[] {
  if (pattern.form === "exact") return [3, 0, 0, 0];
  if (pattern.form === "regex") return [2, 0, 0, pattern.regex.length];
  const { segments, rest } = shape(pattern);
  const literals = segments.filter((segment) => "literal" in segment && segment.literal !== "").length;
  return [1, literals, rest ? 0 : 1, segments.length];
}
