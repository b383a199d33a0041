import { expect, it, test } from "vitest";
import { rewritten } from "../request/rewrite.js";
import { type PathPattern, parsePath } from "./path.js";
import { rewriteHost, rewritePath, riskyGroups, withoutLabels } from "./rewrite.js";

function pattern(text: string): PathPattern {
  const parsed = parsePath(text);
  if (typeof parsed === "string") throw new Error(parsed);
  return parsed;
}

/** What a path becomes on a route of another one. */
function becomes(match: string, text: string, path: string): string | undefined {
  const made = rewritePath(pattern(match), text);
  if ("fault" in made) throw new Error(JSON.stringify(made));
  return rewritten({ path: { text, ...made } }, path).path;
}

test.each([
  ["/old", "/new", "/old?a=/old", "/new?a=/old"],
  ["/old:x", "/new/", "/old%3Ax", "/new/"],
  ["/", "/home", "/", "/home"],
  ["/a/**", "/b/**", "/a", "/b"],
  ["/a/**", "/b/**", "/a/", "/b/"],
  ["/a/**", "/b/**", "/a/a/a?x=1", "/b/a/a?x=1"],
  ["/a/**", "/**", "/a", "/"],
  ["/a/**", "/**", "/a/", "/"],
  ["/a/**", "/**", "/a/x/", "/x/"],
  ["/a/**", "/b", "/a/x", "/b"],
  ["/**", "/b/**", "/", "/b/"],
  ["/**", "/b/**", "/x", "/b/x"],
  ["/**", "/**", "/x", "/x"],
  ["/u/{id}", "/v2/users/{id}", "/u/a%20b?c", "/v2/users/a%20b?c"],
  ["/u/{id}/x:y/{to}/**", "/{to}/{id}/{to}/**", "/u/1/x%3ay/2/3/4", "/2/1/2/3/4"],
  ["/u/{id}/**", "/**", "/u/1", "/"],
  ["/u/*/{id}", "/{id}/", "/u/1/2", "/2/"],
  ["~/v([0-9]+)/(.*)", "/\\2/\\1", "/v10/a/b", "/a/b/10"],
  ["~/v([0-9]+)/(.*)", "/\\10", "/v1/a", "/10"],
  ["~/(a|ab)(c|bcd)", "/\\1/\\2", "/abcd", "/a/bcd"],
  ["~/a|/b", "/x", "/b", "/x"],
])("on %s, %s makes %s into %s", (match, text, path, wanted) => {
  expect(becomes(match, text, path)).toBe(wanted);
});

it("a host may have captures of the path", () => {
  const made = rewriteHost(pattern("/t/{a}/{b}/**"), "{b}.{a}-x.internal:8080");
  if ("fault" in made) throw new Error(JSON.stringify(made));
  expect(rewritten({ host: { text: "", ...made } }, "/t/1/2/3?4").host).toBe("2.1-x.internal:8080");
});

it("captures that are no labels of a host are found, whichever of several it is", () => {
  const found = withoutLabels(pattern("/t/{a}/{b}/**"), ["a", "b"]);
  if (found?.form !== "regex") throw new Error("no expression");
  const matches = (path: string) => new RegExp(`^(?:${found.regex})$`).test(path);
  expect(["/t/x@y/b", "/t/a/x%2Fy/c", "/t/a/b:1", `/t/${"a".repeat(64)}/b`].map(matches)).toEqual([
    true,
    true,
    true,
    true,
  ]);
  expect(["/t/a/b", "/t/a/b/c:d", "/t/A-1/b2/", "/t/a"].map(matches)).toEqual([false, false, false, false]);
});

test.each([
  ["/files(.*)", "/public/\\1", [1]],
  ["/files/(.*)", "/public/\\1", []],
  ["/files(/.*)?", "/public\\1", []],
  ["/files(/.*)?", "/public/\\1", [1]],
  ["/f/(.*)x", "/g/\\1", [1]],
  ["/f/([0-9]+)x", "/g/\\1", []],
  ["/f/((a|b)*)", "/g/\\1", []],
  ["/f/(?:(.*)y|x)", "/g/\\1", [1]],
  ["/.*", "\\0", []],
  ["/.*", "/x\\0", []],
  ["/.*", "/\\0", [0]],
  ["/(?P<rest>.*)z", "/\\1", [1]],
])("in %s, %s has the risky groups %j", (regex, substitution, groups) => {
  expect(riskyGroups(regex, substitution)).toEqual(groups);
});
