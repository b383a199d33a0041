import { BAD_PATH, generatedAnswer } from "../../plan/names.js";
import type { HeaderMatch, JsonObject, RoutePlan } from "../../plan/plan.js";
import { cookieRegex } from "../../policy/cookies.js";
import { hasTwoSpellings, type PathPattern, spellingsRegex, templateRegex } from "../../policy/path.js";

/** Methods that a match of Gateway API can name. */
export const METHODS: ReadonlySet<string> = new Set([
  "GET",
  "HEAD",
  "POST",
  "PUT",
  "DELETE",
  "CONNECT",
  "OPTIONS",
  "TRACE",
  "PATCH",
]);

/** The longest value of a match, of a path or a header. */
export const LONGEST_PATH = 1_024;
export const LONGEST_VALUE = 4_096;

/**
 * The matches of an entry: one for each of its methods, as a match has one at most.
 *
 * @param also headers that all of them want beside
 * @param part which HTTPRoute of its host it is in
 */
export function matchesOf(route: RoutePlan, also: readonly HeaderMatch[], part: number): JsonObject[] {
  const { path, methods, headers } = route.match;
  const wanted = [...(generatedAnswer(route) === BAD_PATH ? [] : headers), ...also].map(headerMatch);
  const common: JsonObject = {
    path: generatedAnswer(route) === BAD_PATH ? { type: REGEX, value: badPath(headers, part) } : pathMatch(path),
    ...(wanted.length === 0 ? {} : { headers: wanted }),
  };
  return methods.length === 0 ? [common] : methods.map((method) => ({ ...common, method }));
}

const REGEX = "RegularExpression";

/** A match looks at the path without its query, and at no pseudo-header; this expression ends where a query begins. Every HTTPRoute has it. */
function badPath(headers: readonly HeaderMatch[], part: number): string {
  const expressions = headers.flatMap((match) => (match.form === "regex" ? [match.regex] : []));
  const [only, ...others] = expressions;
  if (only === undefined || others.length > 0) throw new RangeError("a bad path has one expression");
  // Envoy Gateway warns of two HTTPRoutes with one match, so that of each is written in another way.
  return `${only}${".*".repeat(part)}`;
}

export function pathMatch(path: PathPattern): JsonObject {
  switch (path.form) {
    case "exact":
      return hasTwoSpellings(path.path)
        ? { type: REGEX, value: spellingsRegex(path.path, false) }
        : { type: "Exact", value: path.path };
    case "prefix":
      return hasTwoSpellings(path.path)
        ? { type: REGEX, value: spellingsRegex(path.path, true) }
        : { type: "PathPrefix", value: path.path };
    case "template":
      return { type: REGEX, value: templateRegex(path.segments, path.rest) };
    case "regex":
      return { type: REGEX, value: path.regex };
  }
}

/**
 * Whether a header can be asked for in this way. That it is there at all, or has a text in it, would take an expression, and those
 * see no value that is not UTF-8: a client could choose another route with one.
 */
export function canMatch({ name, form }: HeaderMatch): boolean {
  return !name.startsWith(":") && (form === "exact" || form === "regex" || form === "cookie");
}

function headerMatch(match: HeaderMatch): JsonObject {
  const { name } = match;
  switch (match.form) {
    case "exact":
      return { name, type: "Exact", value: match.value };
    case "regex":
      return { name, type: REGEX, value: match.regex };
    case "cookie":
      return { name, type: REGEX, value: cookieRegex(match.cookie, match.value) };
    case "contains":
    case "unlike":
    case "present":
      throw new RangeError(`a match of Gateway API cannot ask for ${name} in the form ${match.form}`);
  }
}
