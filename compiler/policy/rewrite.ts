import { compileRe2 } from "../envoy/re2.js";
import { capturesOf, decodeUnreserved, literalRegex, type PathPattern, spellingsRegex } from "./path.js";

/** A text that is made of the path of a request: each `\1` to `\9` stands for what that group of the expression takes. */
export interface Substitution {
  /** Of the whole path, without the query. */
  regex: string;
  substitution: string;
}

/** Why a text is none that a request could get in place of its path or host. */
export type RewriteFault =
  | { fault: "form"; reason: string }
  /** Nothing of the route's path is called so; `captures` are what there is, as it is written. */
  | { fault: "unknown"; name: string; captures: readonly string[] }
  /** `/**` stands for what the same takes in the path of the route, which has none. */
  | { fault: "rest" };

/** RE2 takes one digit behind the backslash. */
const MOST_GROUPS = 9;

const CAPTURE = /^\{([a-z][a-zA-Z0-9_]{0,31})\}$/;
const IN_HOST = /\{([a-z][a-zA-Z0-9_]{0,31})\}/g;
const TEXT = /^(?:[A-Za-z0-9\-._~!$&'()+,;=:@]|%[0-9A-Fa-f]{2})*$/;

/** The path that requests of a pattern get: `/b/{id}`, `/b/**`, or `/\1` where the pattern is an expression. */
export function rewritePath(pattern: PathPattern, text: string): Substitution | RewriteFault {
  if (!text.startsWith("/")) return { fault: "form", reason: "a path starts with `/`" };
  if (/[?#]/.test(text)) return { fault: "form", reason: "the query stays as it is, so a new path has none" };
  return pattern.form === "regex" ? byGroups(pattern.regex, text) : byCaptures(pattern, text);
}

function byGroups(regex: string, text: string): Substitution | RewriteFault {
  if (text.endsWith("/**")) return { fault: "rest" };
  const compiled = compileRe2(regex);
  // Its own finding says what is wrong with it.
  const groups = compiled.ok ? Math.min(compiled.groups, MOST_GROUPS) : MOST_GROUPS;
  const [named] = text.match(IN_HOST) ?? [];
  const number = referencesOf(text).find((group) => group > groups);
  const unknown = named ?? (number === undefined ? undefined : `\\${number}`);
  if (unknown !== undefined) return { fault: "unknown", name: unknown, captures: numbers(groups) };
  if (!TEXT.test(text.replaceAll(/\\[0-9]/g, "").replaceAll("/", "")))
    return { fault: "form", reason: "it has text as it stands in a path, and groups from `\\1` to `\\9`" };
  return { regex: `^(?:${regex})$`, substitution: text };
}

function numbers(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `\\${index + 1}`);
}

/** The groups that a substitution refers to. */
function referencesOf(substitution: string): number[] {
  return [...substitution.matchAll(/\\([0-9])/g)].map(([, digit]) => Number(digit));
}

type SegmentedPattern = Exclude<PathPattern, { form: "regex" }>;

function byCaptures(pattern: SegmentedPattern, text: string): Substitution | RewriteFault {
  const wantsRest = text.endsWith("/**");
  const segments = (wantsRest ? text.slice(0, -"/**".length) : text).split("/").slice(1);
  for (const [index, segment] of segments.entries()) {
    const reason = whyNoSegment(segment, index === segments.length - 1 && !wantsRest);
    if (reason !== undefined) return { fault: "form", reason };
  }
  const names = segments.flatMap((segment) => CAPTURE.exec(segment)?.[1] ?? []);
  const fault = unknownAmong(names, pattern);
  if (fault !== undefined) return fault;
  if (wantsRest && !hasRest(pattern)) return { fault: "rest" };
  const used = capturesOf(pattern).flatMap(({ name }) => (names.includes(name) ? [name] : []));
  if (used.length + (wantsRest ? 1 : 0) > MOST_GROUPS)
    return { fault: "form", reason: `at most ${MOST_GROUPS} captures can be used` };
  const written = segments.map((segment) => {
    const name = CAPTURE.exec(segment)?.[1];
    return `/${name === undefined ? segment : `\\${used.indexOf(name) + 1}`}`;
  });
  // Without anything before it the rest keeps its slash, or the path would have none.
  const rest = wantsRest ? (segments.length === 0 ? "alone" : "behind") : "left out";
  const group = `${segments.length === 0 ? "/" : ""}\\${used.length + 1}`;
  return { regex: groupingRegex(pattern, used, rest), substitution: `${written.join("")}${wantsRest ? group : ""}` };
}

function whyNoSegment(segment: string, isLast: boolean): string | undefined {
  if (CAPTURE.test(segment)) return undefined;
  if (segment === "") return isLast ? undefined : "it has `//`";
  if (/[{}]/.test(segment)) return `in \`${segment}\` a capture is not a segment by itself, such as \`/{id}\``;
  if (segment.includes("*")) return "`*` has no name to be taken by; only `/**` at the end stands for what it takes";
  if (!TEXT.test(segment)) return `\`${segment}\` has characters that stand percent-encoded in a path`;
  return [".", ".."].includes(decodeUnreserved(segment)) ? "services resolve dot segments" : undefined;
}

function unknownAmong(names: readonly string[], pattern: PathPattern): RewriteFault | undefined {
  const captures = capturesOf(pattern).map(({ name }) => `{${name}}`);
  const unknown = names.map((name) => `{${name}}`).find((name) => !captures.includes(name));
  return unknown === undefined ? undefined : { fault: "unknown", name: unknown, captures };
}

/** Whether a pattern takes everything below a path. */
export function hasRest(pattern: PathPattern): boolean {
  return pattern.form === "prefix" || (pattern.form === "template" && pattern.rest);
}

/** The whole path, with a group for each capture that is used, and one for what `/**` takes: with its slash, or alone. */
function groupingRegex(pattern: SegmentedPattern, used: readonly string[], rest: "left out" | "behind" | "alone") {
  const below = hasRest(pattern) ? { "left out": "(?:/.*)?", behind: "(/.*)?", alone: "(?:/(.*))?" }[rest] : "";
  if (pattern.form !== "template")
    return `^${pattern.path === "/" && below !== "" ? "" : spellingsRegex(pattern.path, false)}${below}$`;
  const segments = pattern.segments.map((segment) => {
    if ("literal" in segment) return `/${literalRegex(segment.literal)}`;
    return "capture" in segment && used.includes(segment.capture) ? "/([^/]+)" : "/[^/]+";
  });
  return `^${segments.join("")}${below}$`;
}

const HOST =
  /^(?=.{1,253}(?::|$))[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*(?::[0-9]{1,5})?$/;

/** The host that requests of a pattern get: a name, perhaps with captures of the path and a port. */
export function rewriteHost(pattern: PathPattern, text: string): { host: string } | Substitution | RewriteFault {
  if (!HOST.test(text.replace(IN_HOST, "x")))
    return {
      fault: "form",
      reason: "a host is a name, such as api.internal or {tenant}.internal, perhaps with a port",
    };
  const names = [...text.matchAll(IN_HOST)].map(([, name = ""]) => name);
  if (names.length === 0) return { host: text };
  const fault = unknownAmong(names, pattern);
  if (fault !== undefined || pattern.form === "regex")
    return fault ?? { fault: "unknown", name: `{${names[0]}}`, captures: [] };
  const captures = capturesOf(pattern).flatMap(({ name }) => (names.includes(name) ? [name] : []));
  if (captures.length > MOST_GROUPS) return { fault: "form", reason: `at most ${MOST_GROUPS} captures can be used` };
  const substitution = text.replace(IN_HOST, (_, name: string) => `\\${captures.indexOf(name) + 1}`);
  return { regex: groupingRegex(pattern, captures, "left out"), substitution };
}

/** A segment that is no label of a host name (RFC 1123 section 2.1). */
export const NO_LABEL = "(?:[^/]*[^/A-Za-z0-9-][^/]*|[^/]{64,})";

/** The paths of a pattern that have something in one of these captures which no host name has. */
export function withoutLabels(pattern: PathPattern, captures: readonly string[]): PathPattern | undefined {
  if (pattern.form !== "template") return undefined;
  const rest = pattern.rest ? "(?:/.*)?" : "";
  const regexes = captures.map((bad) =>
    pattern.segments
      .map((segment) => {
        if ("literal" in segment) return `/${literalRegex(segment.literal)}`;
        return `/${"capture" in segment && segment.capture === bad ? NO_LABEL : "[^/]+"}`;
      })
      .join(""),
  );
  return { form: "regex", regex: `(?:${regexes.join("|")})${rest}` };
}

/**
 * The groups of an expression that a substitution puts where they may make a dot segment or `//`: they need not be whole
 * segments of the path, and what they take may begin or end with dots.
 */
export function riskyGroups(regex: string, substitution: string): number[] {
  const groups = groupsOf(regex);
  return [...new Set(referencesOf(substitution))].filter((number) => {
    const group = number === 0 ? WHOLE_PATH : groups[number - 1];
    if (group === undefined) return false;
    const before = substitution.charAt(substitution.indexOf(`\\${number}`) - 1);
    const odd = [...(group.isWhole ? [] : DOTS), ...(before === "/" && !group.isBehindSlash ? ["/x"] : [])];
    return odd.some((text) => mayTake(group.text, text));
  });
}

const DOTS = [".", "..", "./x", "../x", "x/.", "x/..", "/..", "/x/.."];

function mayTake(regex: string, text: string): boolean {
  try {
    return new RegExp(`^(?:${regex})$`).test(text);
  } catch {
    // Node does not read it as RE2 does.
    return true;
  }
}

interface Group {
  text: string;
  /** What it takes are whole segments of the path. */
  isWhole: boolean;
  /** Then what it takes begins with none: Envoy merges slashes. */
  isBehindSlash: boolean;
}

const WHOLE_PATH: Group = { text: "/.*", isWhole: true, isBehindSlash: false };

/** The groups of an expression that capture, by their numbers. */
function groupsOf(regex: string): Group[] {
  const groups: Group[] = [];
  const open: { start: number; number: number | undefined }[] = [];
  let inClass = false;
  let count = 0;
  for (let i = 0; i < regex.length; i++) {
    const character = regex.charAt(i);
    if (character === "\\") i++;
    else if (inClass) inClass = character !== "]";
    else if (character === "[") inClass = true;
    else if (character === "(") {
      const captures = !/^\(\?(?!P?<)/.test(regex.slice(i, i + 4));
      open.push({ start: i, number: captures ? count++ : undefined });
    } else if (character === ")") {
      const { start, number } = open.pop() ?? { start: 0, number: undefined };
      if (number === undefined) continue;
      const text = regex.slice(start + 1, i).replace(/^\?P?<[^>]*>/, "");
      const isBehindSlash = regex.charAt(start - 1) === "/";
      const isWhole =
        open.length === 0 && (isBehindSlash || text.startsWith("/")) && /^(\/|\??$)/.test(regex.slice(i + 1));
      groups[number] = { text, isWhole, isBehindSlash };
    }
  }
  return groups;
}
