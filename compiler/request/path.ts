import type { ListenerPlan } from "../plan/plan.js";

/** What Envoy made of the target of a request line: a path with its query, or a refusal with a sentence why. */
export type NormalizedPath = { path: string; changes: string[] } | { status: 400; reason: string };

/**
 * Treats a target as the listeners do: escaped slashes, then dot segments and percent-encoding (`normalize_path`), then
 * repeated slashes (`merge_slashes`). The query stays as it is.
 */
export function normalizePath(target: string, escapedSlashes: ListenerPlan["escapedSlashes"]): NormalizedPath {
  const refused = unreadable(target);
  if (refused !== undefined) return { status: 400, reason: refused };
  const question = target.indexOf("?");
  const end = question < 0 ? target.length : question;
  const changes: string[] = [];
  const step = (what: string, before: string, after: string) => {
    if (after !== before) changes.push(`${what}: ${after}`);
    return after;
  };

  let path = target.slice(0, end);
  if (escapedSlashes !== "keep" && /%(2f|5c)/i.test(path)) {
    if (escapedSlashes === "reject") return { status: 400, reason: "the path has an escaped slash (%2F or %5C)" };
    path = step("escaped slashes decoded", path, path.replace(/%2f/gi, "/").replace(/%5c/gi, "\\"));
  }
  if (/%00/.test(path)) return { status: 400, reason: "the path has a NUL (%00)" };
  path = step("dot segments resolved, unreserved characters decoded", path, canonical(path));
  path = step("slashes merged", path, mergeSlashes(path));
  return { path: path + target.slice(end), changes };
}

/** What the parser of HTTP/1.1 does not take for an origin-form target (RFC 9112, section 3.2.1). */
function unreadable(target: string): string | undefined {
  if (target.includes("#")) return "the target has a fragment (`#`)";
  if (/[^\x21-\x7e]/.test(target)) return "the target has a character that is not visible ASCII";
  if (!target.startsWith("/")) return "the target does not start with `/`";
  return undefined;
}

/** Envoy takes `..;x` for `..`, but only where the dots are written as dots and the segment lies between slashes. */
function withoutDotParameters(path: string): string {
  return path.replace(/(?<=\/)(\.{1,2});[^/]*/g, "$1");
}

/** Segment by segment as in WHATWG URL, section 4.4. */
function canonical(path: string): string {
  const parts = withoutDotParameters(path).split(/[/\\]/).slice(1);
  const segments: string[] = [];
  for (const [index, part] of parts.entries()) {
    const last = index === parts.length - 1;
    const name = part.replace(/%2e/gi, ".");
    if (name === "..") segments.pop();
    if (name !== "." && name !== "..") segments.push(canonicalSegment(part));
    else if (last) segments.push("");
  }
  return `/${segments.join("/")}`;
}

const UNRESERVED = /^[A-Za-z0-9\-._~]$/;
/** Characters of a request line that RFC 3986 does not allow in a path. */
const ESCAPED = /^["<>^`{|}]$/;

/** Decodes unreserved characters, escapes what a path cannot have, and leaves every other escape as it was written. */
function canonicalSegment(segment: string): string {
  let output = "";
  /** Where a `%` stands in the output that begins no escape; decoding what follows it must not make it one. */
  let lone = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < segment.length; i++) {
    const character = segment.charAt(i);
    const code = character === "%" ? escapeAt(segment, i) : undefined;
    if (code !== undefined) {
      const decoded = String.fromCharCode(code);
      if (UNRESERVED.test(decoded)) output = guarded(output + decoded, lone, segment.charAt(i + 3));
      else output += segment.slice(i, i + 3);
      i += 2;
    } else {
      if (character === "%") lone = output.length;
      output += ESCAPED.test(character) ? `%${hex(character.charCodeAt(0))}` : character;
    }
  }
  return output;
}

/** `%4%31` must not become `%41`: the lone percent sign is escaped then. */
function guarded(output: string, lone: number, next: string): string {
  if (lone < output.length - 3) return output;
  const complete = lone === output.length - 2 ? output + next : output;
  if (escapeAt(complete, lone) === undefined) return output;
  return `${output.slice(0, lone)}%25${output.slice(lone + 1)}`;
}

function escapeAt(text: string, index: number): number | undefined {
  const digits = /^%([0-9A-Fa-f]{2})/.exec(text.slice(index, index + 3))?.[1];
  return digits === undefined ? undefined : Number.parseInt(digits, 16);
}

function hex(code: number): string {
  return code.toString(16).toUpperCase().padStart(2, "0");
}

/** A path of slashes only keeps two of them: Envoy writes the first and the last anew. */
function mergeSlashes(path: string): string {
  if (!path.includes("//")) return path;
  const segments = path.split("/").filter((segment) => segment !== "");
  return `/${segments.join("/")}${path.endsWith("/") ? "/" : ""}`;
}
