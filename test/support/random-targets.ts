import fc from "fast-check";
import type { PathPattern } from "../../compiler/policy/path.js";

/** Paths that a pattern takes, in most cases. */
export function hit(pattern: PathPattern, words: readonly string[]): fc.Arbitrary<string> {
  const word = fc.constantFrom(...words).map((text) => text.replace(/[/?#]/g, ""));
  const below = fc.oneof(
    fc.constant(""),
    fc.array(word, { minLength: 1, maxLength: 2 }).map((all) => `/${all.join("/")}`),
  );
  switch (pattern.form) {
    case "exact":
      return fc.constant(pattern.path);
    case "prefix":
      return below.map((rest) => `${pattern.path === "/" ? "" : pattern.path}${rest}` || "/");
    case "template": {
      const segments = pattern.segments.map((one) => ("literal" in one ? fc.constant(one.literal) : word));
      return fc
        .tuple(fc.tuple(...segments), pattern.rest ? below : fc.constant(""))
        .map(([all, rest]) => `/${all.join("/")}${rest}`);
    }
    case "regex":
      return matching(
        pattern.regex,
        word.map((text) => `/${text}`),
      ).map(asTarget);
  }
}

/** Texts that an expression covers; those of `otherwise` where Node does not read it as RE2 does. */
export function matching(regex: string, otherwise: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const [, ignoresCase, rest = ""] = /^(\(\?i\))?(.*)$/s.exec(regex) ?? [];
  try {
    const text = fc.stringMatching(new RegExp(`^(?:${rest})$`), { maxLength: 20 });
    return ignoresCase === undefined ? text : text.map((one) => one.toLowerCase());
  } catch {
    return otherwise;
  }
}

function asTarget(text: string): string {
  const path = text.replace(/[^\x21-\x7e]|[?#]/g, (character) => encodeURIComponent(character).replace(/^[?#]$/, "_"));
  return path.startsWith("/") ? path : `/${path}`;
}

/** What a client does to a path in the hope that the gateway and the service read it differently. */
const TRICKS: readonly ((path: string, at: number) => string)[] = [
  (path) => `${path}/`,
  (path) => path.replace(/\/$/, ""),
  (path, at) => inserted(path, at, "/"),
  (path, at) => inserted(path, at, "/."),
  (path, at) => inserted(path, at, "/z/.."),
  (path, at) => inserted(path, at, "/%2e%2E"),
  (path, at) => inserted(path, at, "/..;x"),
  (path, at) => inserted(path, at, "/z\\.."),
  (path, at) => inserted(path, at, "/..%2f"),
  (path, at) => inserted(path, at, ";v=1"),
  (path) => `${path};jsessionid=1`,
  (path) => `${path}%2Fb`,
  (path) => `${path}%00`,
  (path) => `${path}%`,
  (path) => `${path}.`,
  (path) => `${path}#b`,
  (path) => `/b/..${path}`,
  (path) => `/${path}`,
  (path) => path.toUpperCase(),
  (path) => path.toLowerCase(),
  (path) => path.slice(0, -1) || "/",
  (path) => `${path}x`,
  (path, at) => escapedAt(path, at, (hex) => hex),
  (path, at) => escapedAt(path, at, (hex) => hex.toLowerCase()),
  (path, at) => escapedAt(path, at, (hex) => `25${hex}`),
  (path) => path.slice(1),
  (path) => `http://api.example.com${path}`,
  () => "*",
  () => "/nowhere",
];

export function tricked(paths: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const tricks = fc.array(fc.tuple(fc.constantFrom(...TRICKS), fc.nat({ max: 30 })), { minLength: 1, maxLength: 2 });
  return fc.tuple(paths, tricks).map(([path, all]) => all.reduce((text, [trick, at]) => trick(text, at), path));
}

/** Before one of the slashes of the path, the first or a later one. */
function inserted(path: string, at: number, text: string): string {
  const slashes = [...path.matchAll(/\//g)].map(({ index }) => index);
  const place = slashes[at % Math.max(1, slashes.length)] ?? 0;
  return `${path.slice(0, place)}${text}${path.slice(place)}`;
}

function escapedAt(path: string, at: number, shown: (hex: string) => string): string {
  const place = 1 + (at % Math.max(1, path.length - 1));
  const character = path.charAt(place);
  if (character === "") return path;
  const hex = character.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0");
  return `${path.slice(0, place)}%${shown(hex)}${path.slice(place + 1)}`;
}
