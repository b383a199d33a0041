import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { comparePaths, covers, mayMeet, type PathPattern, parsePath, templateRegex } from "./path.js";

function pattern(text: string): PathPattern {
  const parsed = parsePath(text);
  if (typeof parsed === "string") throw new Error(`${text}: ${parsed}`);
  return parsed;
}

/** What Envoy does with the match that a pattern compiles to. */
function matches(form: PathPattern, path: string): boolean {
  switch (form.form) {
    case "exact":
      return path === form.path;
    case "prefix":
      return form.path === "/" || path === form.path || path.startsWith(`${form.path}/`);
    case "template":
      return new RegExp(`^(?:${templateRegex(form.segments, form.rest)})$`).test(path);
    case "regex":
      return new RegExp(`^(?:${form.regex})$`).test(path);
  }
}

describe("parsePath", () => {
  const cases: [string, string[], string[]][] = [
    ["/a", ["/a"], ["/a/", "/a/b", "/ab", "/"]],
    ["/a/", ["/a/"], ["/a", "/a/b"]],
    ["/a/*", ["/a/b", "/a/b.c"], ["/a", "/a/", "/a/b/c"]],
    ["/a/**", ["/a", "/a/", "/a/b", "/a/b/c"], ["/ab", "/"]],
    ["/**", ["/", "/a", "/a/b"], []],
    ["/a/{id}", ["/a/7"], ["/a", "/a/7/b"]],
    ["/a/{id}/b/**", ["/a/7/b", "/a/7/b/c"], ["/a/7", "/a/7/bc", "/a//b"]],
    ["/v1.0/*", ["/v1.0/x"], ["/v1x0/x"]],
    ["~/v[0-9]+", ["/v1"], ["/v", "/v1/"]],
  ];
  for (const [text, yes, no] of cases)
    it(text, () => {
      for (const path of yes) expect(matches(pattern(text), path), path).toBe(true);
      for (const path of no) expect(matches(pattern(text), path), path).toBe(false);
    });

  it("refuses what a normalised path never is", () => {
    for (const text of [
      "a",
      "",
      "/a//b",
      "/./a",
      "/a/../b",
      "/a b",
      "/a%20b",
      "/a?b",
      "/a/**/b",
      "/a*",
      "/{a}b",
      "/{A}",
      "~",
      "/*/",
    ])
      expect(typeof parsePath(text), text).toBe("string");
  });
});

const segment = fc.constantFrom("a", "b", "c", "*", "{x}");
const patterns = fc
  .tuple(fc.array(segment, { maxLength: 4 }), fc.constantFrom("", "/**"))
  .map(([parts, rest]) => `/${parts.join("/")}${rest}`.replace("//", "/"))
  .filter((text) => typeof parsePath(text) !== "string")
  .map(pattern);
const paths = fc.array(fc.constantFrom("a", "b", "c", "d"), { maxLength: 5 }).map((parts) => `/${parts.join("/")}`);

it("a pattern that covers another matches every path of it", () => {
  fc.assert(
    fc.property(patterns, patterns, fc.array(paths, { minLength: 20, maxLength: 40 }), (outer, inner, all) => {
      if (!covers(outer, inner)) return;
      for (const path of all) if (matches(inner, path)) expect(matches(outer, path), path).toBe(true);
    }),
    { numRuns: 500 },
  );
});

it("the order of paths is an order", () => {
  fc.assert(
    fc.property(patterns, patterns, patterns, (a, b, c) => {
      expect(Math.sign(comparePaths(a, b))).toBe(-Math.sign(comparePaths(b, a)) + 0);
      if (comparePaths(a, b) < 0 && comparePaths(b, c) < 0) expect(comparePaths(a, c)).toBeLessThan(0);
    }),
    { numRuns: 500 },
  );
});

it("a more specific path comes before the one that covers it", () => {
  fc.assert(
    fc.property(patterns, patterns, (outer, inner) => {
      if (covers(outer, inner) && !covers(inner, outer)) expect(comparePaths(inner, outer)).toBeLessThan(0);
    }),
    { numRuns: 1_000 },
  );
});

it("patterns that both match a path are known to meet", () => {
  const regexes = fc
    .constantFrom("~/a", "~/a.*", "~/ab*", "~/a/b", "~/[ab]/c", "~/a|/b", "~/a/b/.*", "~.*")
    .map(pattern);
  const any = fc.oneof(patterns, regexes);
  fc.assert(
    fc.property(any, any, fc.array(paths, { minLength: 20, maxLength: 40 }), (one, other, all) => {
      for (const path of all)
        if (matches(one, path) && matches(other, path)) expect(mayMeet(one, other), path).toBe(true);
    }),
    { numRuns: 1_000 },
  );
});

it("patterns that cannot meet are told apart", () => {
  for (const [one, other] of [
    ["/a/**", "/b/**"],
    ["/a/{x}", "/a/{x}/b"],
    ["/a/{x}/c", "/a/{x}/d"],
    ["~/a.*", "~/b.*"],
    ["~/a/.*", "/b/**"],
    ["/a", "/a/"],
  ] as const)
    expect(mayMeet(pattern(one), pattern(other)), `${one} ${other}`).toBe(false);
});
