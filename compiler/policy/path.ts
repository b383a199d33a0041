/** The path forms of `routes[].match.path`. All but `regex` are compared with the path without its query. */
export type PathPattern =
  | { form: "exact"; path: string }
  | { form: "template"; segments: Segment[]; rest: boolean }
  | { form: "prefix"; path: string }
  | { form: "regex"; regex: string };

export type Segment = { literal: string } | { capture: string } | { any: true };

/** The unreserved characters, percent-encoded: RFC 3986, section 2.3. */
const ESCAPED_UNRESERVED = /%(?:2[DEde]|3[0-9]|[46][1-9A-Fa-f]|[57][0-9Aa]|5[Ff]|7[Ee])/g;

/** A path with every percent-encoded letter, digit, `-`, `.`, `_` and `~` as itself, as Envoy matches it. */
export function decodeUnreserved(text: string): string {
  return text.replace(ESCAPED_UNRESERVED, (escaped) => String.fromCharCode(Number.parseInt(escaped.slice(1), 16)));
}

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

/** The names that a path captures, each with the zero-based index of its segment. */
export function capturesOf(pattern: PathPattern): { name: string; segment: number }[] {
  if (pattern.form !== "template") return [];
  return pattern.segments.flatMap((part, segment) => ("capture" in part ? [{ name: part.capture, segment }] : []));
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
  if (part.includes("?")) return "a path is without its query; `match.query` asks for parameters";
  if (part.includes("#")) return "clients do not send what follows a `#`, and Envoy refuses a path with one";
  if (decodeUnreserved(part) !== part)
    return `\`${part}\` never matches: Envoy decodes letters, digits, \`-\`, \`.\`, \`_\` and \`~\` first`;
  if (!LITERAL.test(part))
    return `\`${part}\` has characters that stand percent-encoded in a path; use a regular expression (\`~\`)`;
  return { literal: part };
}

/** RE2 text that matches exactly the paths of a template, without the query. */
export function templateRegex(segments: readonly Segment[], rest: boolean): string {
  const body = segments.map((segment) => `/${"literal" in segment ? literalRegex(segment.literal) : "[^/]+"}`).join("");
  return rest ? `${body}(/.*)?` : body;
}

/** Characters of a path that a client may also send percent-encoded, because Envoy decodes the unreserved ones only. */
const TWO_SPELLINGS = /[!$&'()+,;=:@]/g;

/** True if a request can spell the literal path in more than one way, so that it must be matched as an expression. */
export function hasTwoSpellings(path: string): boolean {
  return path.search(TWO_SPELLINGS) >= 0;
}

/** RE2 text of a literal, in either spelling: services decode `%3A` to the `:` that the policy names. */
export function literalRegex(literal: string): string {
  return escapeRegex(literal).replace(/\\?[!$&'()+,;=:@]/g, (escaped) => {
    const code = escaped
      .charCodeAt(escaped.length - 1)
      .toString(16)
      .toUpperCase();
    return `(?:${escaped}|%${[...code].map((digit) => (/[A-F]/.test(digit) ? `[${digit}${digit.toLowerCase()}]` : digit)).join("")})`;
  });
}

/** RE2 text of a path that may be spelled in two ways: exactly it, or it and everything below. */
export function spellingsRegex(path: string, rest: boolean): string {
  return `${path.split("/").map(literalRegex).join("/")}${rest ? "(/.*)?" : ""}`;
}

export function escapeRegex(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
}

/** A pattern as a list of segments: what order, cover and overlap are told by. Regular expressions have none. */
interface Shape {
  /** A literal, or null for any one segment. */
  segments: (string | null)[];
  rest: boolean;
  trailingSlash: boolean;
}

const shapes = new WeakMap<PathPattern, Shape>();

function shape(pattern: Exclude<PathPattern, { form: "regex" }>): Shape {
  const known = shapes.get(pattern);
  if (known !== undefined) return known;
  const made = makeShape(pattern);
  shapes.set(pattern, made);
  return made;
}

function makeShape(pattern: Exclude<PathPattern, { form: "regex" }>): Shape {
  if (pattern.form === "template") {
    const segments = pattern.segments.map((segment) => ("literal" in segment ? segment.literal : null));
    return { segments, rest: pattern.rest, trailingSlash: false };
  }
  const segments = pattern.path === "/" ? [] : pattern.path.split("/").slice(1);
  const trailingSlash = segments.at(-1) === "";
  if (trailingSlash) segments.pop();
  return { segments, rest: pattern.form === "prefix", trailingSlash };
}

/** Equal for two patterns that match the same paths, such as templates that differ in the names of their captures. */
export function shapeKey(pattern: PathPattern): string {
  return JSON.stringify(pattern.form === "regex" ? pattern.regex : shape(pattern));
}

/** A pattern as steps from the root: a literal, or null for any one segment. A slash at the end is a last, empty step. */
export function steps(pattern: Exclude<PathPattern, { form: "regex" }>): { steps: (string | null)[]; rest: boolean } {
  const { segments, rest, trailingSlash } = shape(pattern);
  return { steps: trailingSlash ? [...segments, ""] : segments, rest };
}

/**
 * True if every path that `inner` matches is surely matched by `outer` as well. Regular expressions are compared by
 * their text only, but that a prefix of `/` covers them.
 */
export function covers(outer: PathPattern, inner: PathPattern): boolean {
  if (outer.form === "prefix" && outer.path === "/") return true;
  if (outer.form === "regex" || inner.form === "regex")
    return outer.form === "regex" && inner.form === "regex" && outer.regex === inner.regex;
  const a = shape(outer);
  const b = shape(inner);
  if (a.trailingSlash !== b.trailingSlash && !a.rest) return false;
  if (b.rest && !a.rest) return false;
  if (a.rest ? a.segments.length > b.segments.length : a.segments.length !== b.segments.length) return false;
  return a.segments.every((segment, index) => segment === null || segment === b.segments[index]);
}

/** False if surely no path is matched by both. */
export function mayMeet(one: PathPattern, other: PathPattern): boolean {
  if (one.form === "regex" || other.form === "regex") {
    const [x, y] = [beginningOf(one), beginningOf(other)];
    const length = Math.min(x.text.length, y.text.length);
    if (x.text.slice(0, length) !== y.text.slice(0, length)) return false;
    return x.text.length === y.text.length || (x.text.length > length ? y.open : x.open);
  }
  const a = shape(one);
  const b = shape(other);
  const shared = Math.min(a.segments.length, b.segments.length);
  if (a.segments.length > shared && !b.rest) return false;
  if (b.segments.length > shared && !a.rest) return false;
  if (a.trailingSlash !== b.trailingSlash && !a.rest && !b.rest) return false;
  for (let i = 0; i < shared; i++) {
    const [x, y] = [a.segments[i] ?? null, b.segments[i] ?? null];
    if (x !== null && y !== null && x !== y) return false;
  }
  return true;
}

/** The text that all paths of a pattern begin with, and whether anything may follow it. */
export function beginningOf(pattern: PathPattern): { text: string; open: boolean } {
  if (pattern.form === "regex") {
    // Up to the first operator; a letter before `*`, `?` or `{` need not be there.
    const text = /^\^?([^\\.*+?()[\]{}|^$]*)(?![*?{])/.exec(pattern.regex)?.[1] ?? "";
    return { text: pattern.regex.includes("|") ? "" : text, open: true };
  }
  const { segments, rest, trailingSlash } = shape(pattern);
  const wildcard = segments.indexOf(null);
  if (wildcard >= 0)
    return {
      text: `/${segments
        .slice(0, wildcard)
        .map((segment) => `${segment}/`)
        .join("")}`,
      open: true,
    };
  return { text: `/${segments.join("/")}${trailingSlash ? "/" : ""}`, open: rest };
}

/**
 * Order of specificity: negative if `a` is the more specific path and so comes first. Exact; then regular expressions;
 * then the others by how many literal segments they have, closed before open, longer before shorter, and at last by the
 * leftmost segment that only one of them names. Templates and prefixes stand on one scale, so that a pattern always
 * comes before one that covers it: `/admin/**` before `/{tenant}/**`, whose policies may be weaker.
 */
export function comparePaths(a: PathPattern, b: PathPattern): number {
  const [x, y] = [rank(a), rank(b)];
  for (let i = 0; i < x.length; i++) {
    const difference = (y[i] ?? 0) - (x[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return a.form === "regex" || b.form === "regex" ? 0 : leftmost(shape(a).segments, shape(b).segments);
}

const ranks = new WeakMap<PathPattern, readonly number[]>();

function rank(pattern: PathPattern): readonly number[] {
  const known = ranks.get(pattern);
  if (known !== undefined) return known;
  const made = makeRank(pattern);
  ranks.set(pattern, made);
  return made;
}

function makeRank(pattern: PathPattern): number[] {
  if (pattern.form === "exact") return [3, 0, 0, 0];
  if (pattern.form === "regex") return [2, 0, 0, pattern.regex.length];
  const { segments, rest } = shape(pattern);
  return [1, segments.filter((segment) => segment !== null).length, rest ? 0 : 1, segments.length];
}

function leftmost(a: readonly (string | null)[], b: readonly (string | null)[]): number {
  for (let i = 0; i < a.length; i++) if ((a[i] === null) !== (b[i] === null)) return a[i] === null ? 1 : -1;
  return 0;
}
