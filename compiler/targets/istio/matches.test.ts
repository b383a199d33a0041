import { describe, expect, it } from "vitest";
import type { HeaderMatch, RoutePlan } from "../../plan/plan.js";
import { cookieRegex } from "../../policy/cookies.js";
import { httpMatches } from "./matches.js";

const ANY: RoutePlan["match"] = { path: { form: "prefix", path: "/" }, methods: [], headers: [] };

function matched(match: Partial<RoutePlan["match"]>) {
  return httpMatches({ ...ANY, ...match });
}

describe("paths", () => {
  it("of segments are two texts, as a prefix of Istio is one of the text", () => {
    expect(matched({ path: { form: "prefix", path: "/orders" } })).toEqual([
      { uri: { exact: "/orders" } },
      { uri: { prefix: "/orders/" } },
    ]);
  });

  it("are exact, expressions where clients spell them in several ways, or everything", () => {
    expect(matched({ path: { form: "exact", path: "/a/" } })).toEqual([{ uri: { exact: "/a/" } }]);
    expect(matched({ path: { form: "exact", path: "/a:b" } })).toEqual([{ uri: { regex: "/a(?::|%3[Aa])b" } }]);
    expect(matched({ path: { form: "prefix", path: "/a:b" } })).toEqual([{ uri: { regex: "/a(?::|%3[Aa])b(/.*)?" } }]);
    expect(matched({ path: { form: "regex", regex: "/v[0-9]" } })).toEqual([{ uri: { regex: "/v[0-9]" } }]);
    expect(
      matched({ path: { form: "template", segments: [{ literal: "a" }, { capture: "id" }], rest: true } }),
    ).toEqual([{ uri: { regex: "/a/[^/]+(/.*)?" } }]);
    expect(matched({})).toEqual([{ uri: { prefix: "/" } }]);
  });
});

describe("headers", () => {
  it.each<[HeaderMatch, object]>([
    [{ name: "x-a", form: "exact", value: "1" }, { headers: { "x-a": { exact: "1" } } }],
    [{ name: "x-a", form: "regex", regex: "a|b" }, { headers: { "x-a": { regex: "a|b" } } }],
    [{ name: "x-a", form: "contains", text: "a.b" }, { headers: { "x-a": { regex: ".*a\\.b.*" } } }],
    [{ name: "x-a", form: "present", present: true }, { headers: { "x-a": {} } }],
    [{ name: "x-a", form: "present", present: false }, { withoutHeaders: { "x-a": {} } }],
    [
      { name: "x-a", form: "unlike", regex: "a" },
      { headers: { "x-a": {} }, withoutHeaders: { "x-a": { regex: "a" } } },
    ],
    [{ name: ":authority", form: "unlike", regex: "a" }, { withoutHeaders: { ":authority": { regex: "a" } } }],
  ])("%j", (header, said) => {
    expect(matched({ headers: [header] })).toEqual([{ uri: { prefix: "/" }, ...said }]);
  });

  it("of one name are under several spellings of it", () => {
    const cookies: HeaderMatch[] = [
      { name: "cookie", form: "cookie", cookie: "a", value: "1" },
      { name: "cookie", form: "cookie", cookie: "b" },
    ];
    expect(matched({ headers: cookies })).toEqual([
      {
        uri: { prefix: "/" },
        headers: { cookie: { regex: cookieRegex("a", "1") }, Cookie: { regex: cookieRegex("b", undefined) } },
      },
    ]);
  });

  it("that begin with a colon have one spelling", () => {
    const twice: HeaderMatch[] = [
      { name: ":path", form: "regex", regex: "a" },
      { name: ":path", form: "regex", regex: "b" },
    ];
    expect(matched({ headers: twice })).toEqual({ unsaid: expect.stringContaining("one matcher of `:path` only") });
  });

  it("are not looked for before an expression that has them too", () => {
    const headers: HeaderMatch[] = [
      { name: ":path", form: "contains", text: ";" },
      { name: ":path", form: "regex", regex: "a;.*" },
    ];
    expect(matched({ headers })).toEqual([{ uri: { prefix: "/" }, headers: { ":path": { regex: "a;.*" } } }]);
  });
});

describe("the rest", () => {
  it("of methods is one or an expression", () => {
    expect(matched({ methods: ["GET"] })).toEqual([{ uri: { prefix: "/" }, method: { exact: "GET" } }]);
    expect(matched({ methods: ["GET", "POST"] })).toEqual([{ uri: { prefix: "/" }, method: { regex: "GET|POST" } }]);
  });

  it("of parameters has what must be there, and the path tells what must not", () => {
    const query = [
      { name: "a", form: "exact" as const, value: "1" },
      { name: "b", form: "present" as const, present: true },
      { name: "c", form: "present" as const, present: false },
      { name: "d", form: "regex" as const, regex: "x+" },
    ];
    expect(matched({ query })).toEqual([
      {
        uri: { prefix: "/" },
        queryParams: { a: { exact: "1" }, b: {}, d: { regex: "x+" } },
        withoutHeaders: { ":path": { regex: "[^?]*\\?(.*&)?c([=&].*)?" } },
      },
    ]);
  });

  it("of long expressions is refused, as istiod refuses them", () => {
    const regex = `/${"a".repeat(1_023)}`;
    expect(matched({ path: { form: "regex", regex } })).toEqual([{ uri: { regex } }]);
    expect(matched({ path: { form: "regex", regex: `${regex}a` } })).toEqual({
      unsaid: "its expression has 1025 characters, and istiod takes 1024",
    });
  });
});
