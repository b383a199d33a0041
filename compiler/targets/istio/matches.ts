import type { HeaderMatch, Json, JsonObject, RoutePlan } from "../../plan/plan.js";
import { cookieRegex } from "../../policy/cookies.js";
import { escapeRegex, hasTwoSpellings, type PathPattern, spellingsRegex, templateRegex } from "../../policy/path.js";
import type { QueryMatch } from "../../policy/query.js";
import { spellings } from "./names.js";

/*
 * What a route matches, as `HTTPMatchRequest` says it. istiod makes a matcher of Envoy of each member
 * (pilot/pkg/networking/core/route/route.go, TranslateRouteMatch), so the words are other ones and the meaning is the same:
 * `prefix` is one of the text, not of segments; an empty matcher is one for presence; `withoutHeaders` takes what is absent for empty.
 */

/** istiod refuses longer ones, as it cannot tell how large a program they are. */
const LONGEST_REGEX = 1_024;

/** Why a match cannot be said. */
export interface Unsaid {
  unsaid: string;
}

/**
 * A matcher for each way in which the path is said; a request that is taken by one is taken.
 * @param more header matchers that every request must pass too
 */
export function httpMatches(match: RoutePlan["match"], more: readonly HeaderMatch[] = []): JsonObject[] | Unsaid {
  const headers = new HeaderMatches();
  for (const one of [...withoutImplied(match.headers), ...more]) headers.add(one);
  const queryParams: JsonObject = {};
  for (const one of match.query ?? [])
    if (one.form === "present" && !one.present) headers.without(":path", { regex: withParameter(one) });
    else queryParams[one.name] = queryMatcher(one);
  const rest = {
    ...methodMatcher(match.methods),
    ...headers.members,
    ...(Object.keys(queryParams).length === 0 ? {} : { queryParams }),
  };
  const unsaid = headers.unsaid ?? tooLong([rest, ...pathMatchers(match.path)]);
  return unsaid === undefined ? pathMatchers(match.path).map((uri) => ({ uri, ...rest })) : { unsaid };
}

function pathMatchers(path: PathPattern): JsonObject[] {
  switch (path.form) {
    case "exact":
      if (hasTwoSpellings(path.path)) return [{ regex: spellingsRegex(path.path, false) }];
      return [{ exact: path.path }];
    case "prefix":
      if (path.path === "/") return [{ prefix: "/" }];
      if (hasTwoSpellings(path.path)) return [{ regex: spellingsRegex(path.path, true) }];
      return [{ exact: path.path }, { prefix: `${path.path}/` }];
    case "template":
      return [{ regex: templateRegex(path.segments, path.rest) }];
    case "regex":
      return [{ regex: path.regex }];
  }
}

function methodMatcher(methods: readonly string[]): JsonObject {
  const [only] = methods;
  if (only === undefined) return {};
  return { method: methods.length === 1 ? { exact: only } : { regex: methods.map(escapeRegex).join("|") } };
}

/** A text that is looked for before a dear expression, which has it too, is left out: Istio has no such matcher. */
function withoutImplied(headers: readonly HeaderMatch[]): HeaderMatch[] {
  const dear = new Set(headers.flatMap(({ name, form }) => (form === "regex" || form === "unlike" ? [name] : [])));
  return headers.filter(({ name, form }) => form !== "contains" || !dear.has(name));
}

class HeaderMatches {
  unsaid: string | undefined;
  private readonly headers: JsonObject = {};
  private readonly withoutHeaders: JsonObject = {};

  get members(): JsonObject {
    const { headers, withoutHeaders } = this;
    return {
      ...(Object.keys(headers).length === 0 ? {} : { headers }),
      ...(Object.keys(withoutHeaders).length === 0 ? {} : { withoutHeaders }),
    };
  }

  add(match: HeaderMatch): void {
    const { name } = match;
    switch (match.form) {
      case "exact":
        this.with(name, { exact: match.value });
        break;
      case "contains":
        this.with(name, { regex: `.*${escapeRegex(match.text)}.*` });
        break;
      case "regex":
        this.with(name, { regex: match.regex });
        break;
      case "cookie":
        this.with(name, { regex: cookieRegex(match.cookie, match.value) });
        break;
      case "unlike":
        // A request always has what begins with a colon.
        if (!name.startsWith(":")) this.with(name, {});
        this.without(name, { regex: match.regex });
        break;
      case "present":
        if (match.present) this.with(name, {});
        else this.without(name, {});
    }
  }

  private with(name: string, matcher: JsonObject): void {
    this.put(this.headers, name, matcher);
  }

  without(name: string, matcher: JsonObject): void {
    this.put(this.withoutHeaders, name, matcher);
  }

  private put(among: JsonObject, name: string, matcher: JsonObject): void {
    const key = spelled(name, among);
    if (key === undefined)
      this.unsaid = `a VirtualService has one matcher of \`${name}\` only, and the route needs several`;
    else among[key] = matcher;
  }
}

/** A mapping has each key once, while Envoy does not look at the case of letters: a second matcher of `cookie` is one of `Cookie`. */
function spelled(name: string, among: JsonObject): string | undefined {
  return spellings(name).find((key) => !Object.hasOwn(among, key));
}

function queryMatcher(match: QueryMatch): JsonObject {
  switch (match.form) {
    case "exact":
      return { exact: match.value };
    case "regex":
      return { regex: match.regex };
    case "present":
      return {};
  }
}

/** A path whose query has a parameter of the name, as Envoy reads it: between `&`, up to the first `=`. */
function withParameter({ name }: QueryMatch): string {
  return `[^?]*\\?(.*&)?${escapeRegex(name)}([=&].*)?`;
}

function tooLong(matchers: readonly Json[]): string | undefined {
  const longest = Math.max(0, ...matchers.flatMap(regexesIn).map((regex) => Buffer.byteLength(regex)));
  return longest <= LONGEST_REGEX
    ? undefined
    : `its expression has ${longest} characters, and istiod takes ${LONGEST_REGEX}`;
}

function regexesIn(value: Json): string[] {
  if (typeof value !== "object" || value === null) return [];
  if (Array.isArray(value)) return value.flatMap(regexesIn);
  return Object.entries(value).flatMap(([key, inner]) =>
    key === "regex" && typeof inner === "string" ? [inner] : regexesIn(inner),
  );
}
