import { describe, expect, it } from "vitest";
import { SourceFile } from "../syntax/source.js";
import { type Environment, evaluate } from "./evaluate.js";
import { checkExpressionAt, namedOf, requirementsOf } from "./expression.js";
import type { JsonPredicate } from "./lower.js";
import type { Value } from "./tree.js";

function checkBool(text: string) {
  const source = new SourceFile("policy.yaml", text);
  const place = { span: { source, start: 0, end: text.length }, map: (index: number) => index };
  return checkExpressionAt(text, place, "bool");
}

/** `code|marked text|message` */
function findingsOf(text: string): string[] {
  return checkBool(text).diagnostics.map(
    ({ code, span, message }) => `${code}|${text.slice(span.start, span.end)}|${message}`,
  );
}

describe("the form of", () => {
  const path: JsonPredicate = ["get", "request.path"];
  const sound: [string, JsonPredicate][] = [
    ["request.size > 1024", [">", ["get", "request.size"], 1024]],
    ["1024 >= request.size", [">=", 1024, ["get", "request.size"]]],
    ['request.path < "/b"', ["<", path, "/b"]],
    ["source.port in [80, 443]", ["in", ["get", "source.port"], ["list", 80, 443]]],
    [
      'request.path.endsWith("/") && request.path.contains("a")',
      ["&&", ["endsWith", path, "/"], ["contains", path, "a"]],
    ],
    ["size(request.path) == request.path.size()", ["==", ["size", path], ["size", path]]],
    ["auth.groups.size() > 0", [">", ["size", ["get", "auth.groups"]], 0]],
    ['request.path.lowerAscii() == "/a"', ["==", ["lowerAscii", path], "/a"]],
    ['int(request.query["n"]) != 5', ["!=", ["int", ["get", "request.query", "n"]], 5]],
    ['string(request.size) == "5"', ["==", ["string", ["get", "request.size"]], "5"]],
    ['cidr(source.ip, "::ffff:10.0.0.0/104")', ["cidr", ["get", "source.ip"], "10.0.0.0/8"]],
    ['cidr(source.ip, "2001:DB8:0:0::/32")', ["cidr", ["get", "source.ip"], "2001:db8::/32"]],
    ['has(request.headers["X-A"])', ["has", ["get", "request.headers", "x-a"]]],
    ["has(auth.tier)", ["has", ["get", "auth.tier"]]],
    ['"Page" in request.query', ["has", ["get", "request.query", "Page"]]],
    ['!("sid" in request.cookies)', ["!", ["has", ["get", "request.cookies", "sid"]]]],
    [
      'route.params.id == "7" || route.params["id"] == "8"',
      ["||", ["==", ["get", "route.params", "id"], "7"], ["==", ["get", "route.params", "id"], "8"]],
    ],
    [
      'auth.tier == (has(auth.subject) ? "a" : "b")',
      ["==", ["get", "auth.tier"], ["?:", ["has", ["get", "auth.subject"]], "a", "b"]],
    ],
    ['request.time < timestamp("1970-01-01T00:00:01.500Z")', ["<", ["get", "request.time"], 1500]],
    ["request.size < (true ? 5 : 6)", ["<", ["get", "request.size"], 5]],
    ["request.size < int(string(7))", ["<", ["get", "request.size"], 7]],
    ['string(request.size).matches("")', ["matches", ["string", ["get", "request.size"]], emptyPattern()]],
  ];
  it.each(sound)("%s", (text, lowered) => {
    expect(findingsOf(text)).toEqual([]);
    expect(checkBool(text).expression?.lower()).toEqual(lowered);
  });

  it("an automaton is that of the module", () => {
    const form = checkBool('request.path.matches("^a$")').expression?.lower();
    const bytes = Array.isArray(form) ? Buffer.from(String(form[2]), "base64") : Buffer.alloc(0);
    // Version, states, classes, start; class of each byte: "a" is the second; rows of next; flags.
    expect([...bytes.subarray(0, 8)]).toEqual([1, 0, 2, 0, 2, 0, 0, 0]);
    expect(bytes.subarray(8, 264).indexOf(1)).toBe("a".charCodeAt(0));
    expect([...bytes.subarray(264)]).toEqual([0xff, 0xff, 1, 0, 0xff, 0xff, 0xff, 0xff, 0, 2]);
  });
});

/** One state, which has found it already. */
function emptyPattern(): string {
  return Buffer.from([1, 0, 1, 0, 1, 0, 0, 0, ...Buffer.alloc(256), 0, 0, 1]).toString("base64");
}

describe("what an expression reads", () => {
  it("is known by name, and what not every request has", () => {
    const { expression } = checkBool(
      'has(request.query["a"]) && route.params.id == auth.tier || request.headers["b"] == "c"',
    );
    if (expression === undefined) throw new Error("refused");
    expect(namedOf(expression)).toEqual(['request.query["a"]', "route.params.id"]);
    expect(requirementsOf(expression).map(({ attribute }) => attribute)).toEqual(["route.params.id", "auth.tier"]);
  });
});

describe("the value of", () => {
  const values: [string, Record<string, Value>, boolean | undefined][] = [
    ['request.path < "\u{1f600}"', { "request.path": "\uffee" }, true],
    ["size(request.path) == 2", { "request.path": "a\u{1f600}" }, true],
    ["int(request.path) == -7", { "request.path": "-007" }, true],
    ["int(request.path) == 0", { "request.path": "-0" }, true],
    ["int(request.path) > 0", { "request.path": "9007199254740992" }, undefined],
    ["int(request.path) > 0", { "request.path": "+7" }, undefined],
    ["int(request.path) > 0", { "request.path": "" }, undefined],
    ['request.path.lowerAscii() == "aäÄ"', { "request.path": "AäÄ" }, true],
    ['cidr(source.ip, "10.0.0.0/8")', { "source.ip": "::ffff:10.1.2.3" }, true],
    ['cidr(source.ip, "10.0.0.0/8")', { "source.ip": "::ffff:a01:203" }, true],
    ['cidr(source.ip, "10.0.0.0/8")', { "source.ip": "010.1.2.3" }, undefined],
    ['cidr(source.ip, "10.0.0.0/8")', { "source.ip": "fe80::1%eth0" }, undefined],
    ['cidr(source.ip, "::/0")', { "source.ip": "10.1.2.3" }, false],
    ['cidr(source.ip, "::/0")', { "source.ip": "::1" }, true],
    ['cidr(source.ip, "2001:db8::8/125")', { "source.ip": "2001:db8::f" }, true],
    ['cidr(source.ip, "2001:db8::8/125")', { "source.ip": "2001:db8::10" }, false],
    ['has(auth.tier) ? auth.tier == "a" : true', {}, true],
    ['auth.tier == "a" ? true : true', {}, undefined],
    ["!has(auth.tier)", {}, true],
  ];
  it.each(values)("%s for %o", (text, attributes, value) => {
    const environment: Environment = (name) => attributes[name];
    const tree = checkBool(text).expression?.tree;
    if (tree === undefined) throw new Error(findingsOf(text).join());
    expect(evaluate(tree, environment)).toBe(value);
  });
});

describe("a wrong use", () => {
  const wrong: [string, string[]][] = [
    [
      "request.path.matches(auth.tier)",
      ["SL0520|auth.tier|`matches` needs a string literal here, because the compiler reads it"],
    ],
    ["cidr(source.ip, 5)", ["SL0520|5|`cidr` needs a string literal here, because the compiler reads it"]],
    [
      'cidr(source.port, "10.0.0.0/8")',
      ["SL0508|source.port|the first argument of `cidr` must be a string, but is an int"],
    ],
    [
      'cidr(source.ip, "10.1.0.0/8")',
      [
        'SL0522|"10.1.0.0/8"|`10.1.0.0/8` is not a block of addresses: it has bits beyond its prefix; write 10.0.0.0/8, or 10.1.0.0/32 for this address alone',
      ],
    ],
    [
      'cidr(source.ip, "10.1.0.0")',
      ['SL0522|"10.1.0.0"|`10.1.0.0` is not a block of addresses: it has no prefix length; write 10.1.0.0/32'],
    ],
    [
      'cidr(source.ip, "10.1.0.0/33")',
      ['SL0522|"10.1.0.0/33"|`10.1.0.0/33` is not a block of addresses: its prefix length is a number up to 32'],
    ],
    [
      'cidr(source.ip, "lan")',
      [
        'SL0522|"lan"|`lan` is not a block of addresses: it is an address and the length of a prefix, such as 10.0.0.0/8 or 2001:db8::/32',
      ],
    ],
    ["cidr(source.ip)", ["SL0516|cidr(source.ip)|`cidr` takes 2 in its parentheses, found 1"]],
    ['request.path.matches("a(")', ['SL0523|"a("|the regular expression is not valid: missing closing ): `a(`']],
    [
      'request.path.matches("(a|b)*a(a|b){30}")',
      [
        'SL0524|"(a|b)*a(a|b){30}"|the regular expression is too large: it takes too many states to be looked for in one pass',
      ],
    ],
    ['matches(request.path, "a")', ['SL0507|matches|there is no function `matches`; it is a method: a.matches("b")']],
    ["request.path.int() == 5", ["SL0507|int|there is no function `int`; it is a function: int(a)"]],
    [
      'request.time > timestamp("2026-02-30T00:00:00Z")',
      [
        'SL0525|"2026-02-30T00:00:00Z"|`2026-02-30T00:00:00Z` is not a timestamp; write as in RFC 3339, such as 2026-01-31T12:00:00Z',
      ],
    ],
    [
      'duration("1 hour") == duration("1h")',
      ['SL0525|"1 hour"|`1 hour` is not a duration; write numbers with h, m, s or ms, such as 90s or 1h30m'],
    ],
    ['int("1k") == 5', ['SL0526|int("1k")|`int("1k")` has no value']],
    [
      'auth.tier == (has(auth.tier) ? 1 : "a")',
      ['SL0528|1 : "a"|both sides of `?:` must be of one type that is no list, but are an int and a string'],
    ],
    ["auth.tier ? true : false", ["SL0508|auth.tier|the condition of `?:` must be a bool, but is a string"]],
    [
      "has(size(request.path))",
      ["SL0508|size(request.path)|the argument of `has` must be an attribute, but is an int"],
    ],
    [
      "has(request.headers.Accept)",
      [
        'SL0511|request.headers.Accept|the name of a header must be a string literal, such as request.headers["x-tenant"]',
      ],
    ],
    [
      "auth.tier in request.query",
      ['SL0511|auth.tier|the name of a query parameter must be a string literal, such as request.query["page"]'],
    ],
    [
      'request.cookies["a b"] == "c"',
      [
        'SL0512|"a b"|`a b` cannot be the name of a cookie: it may have up to 64 letters, digits and signs, but no separators',
      ],
    ],
    [
      'request.query["ä"] == "c"',
      ['SL0512|"ä"|`ä` cannot be the name of a query parameter: it may have up to 64 visible characters of ASCII'],
    ],
    [
      'route.params.Id == "c"',
      [
        "SL0512|Id|`Id` cannot be the name of a route parameter: a path captures names of up to 32 letters, digits and underscores, the first a small letter",
      ],
    ],
    [
      'route.params == "c"',
      ["SL0517|route.params|`route.params` is not a value by itself; name one of them: route.params.id"],
    ],
    ["request.size > request.time", ["SL0509|request.size > request.time|`>` cannot compare an int with a timestamp"]],
    [
      "auth.groups < auth.groups",
      ["SL0509|auth.groups < auth.groups|`<` cannot compare a list of strings with a list of strings"],
    ],
    ["(1 < 2) < true", ["SL0509|(1 < 2) < true|`<` cannot compare a bool with a bool"]],
    [
      "size(5) == 1",
      ["SL0508|5|the argument of `size` must be a string or a list of strings or a list of ints, but is an int"],
    ],
    ['1 in [1, "a"]', ['SL0508|"a"|an element of a list must be an int, but is a string']],
    ['1 in ["a"]', ["SL0508|1|the left side of `in` must be a string, but is an int"]],
    [
      'auth.tier.lowerAscii(1) == "a"',
      ["SL0516|auth.tier.lowerAscii(1)|`lowerAscii` takes 0 in its parentheses, found 1"],
    ],
    [
      "request.size > 5 && request.size <= 5",
      ["SL0514|request.size > 5 && request.size <= 5|the expression is never true, whatever the request"],
    ],
    [
      'request.path.matches("a") && !request.path.matches("a")',
      [
        'SL0514|request.path.matches("a") && !request.path.matches("a")|the expression is never true, whatever the request',
      ],
    ],
    [
      '"b".matches("^b$") || auth.tier == "a"',
      ['SL0513|"b".matches("^b$") || auth.tier == "a"|the expression is always true, whatever the request'],
    ],
  ];
  it.each(wrong)("%s", (text, findings) => {
    expect(findingsOf(text)).toEqual(findings);
  });

  it.each([
    ['cidr(source.ip, "10.1.0.0/8")', 'cidr(source.ip, "10.0.0.0/8")'],
    ['request.headers["n"] > 5', 'int(request.headers["n"]) > 5'],
    ['5 == request.query["n"]', '5 == int(request.query["n"])'],
    ['request.query.page in ["1"]', 'request.query["page"] in ["1"]'],
    ['request.path.endWith("a")', 'request.path.endsWith("a")'],
    ['rout.params.id == "a"', 'route.params.id == "a"'],
  ])("%s has a fix", (text, fixed) => {
    const [edit] = checkBool(text).diagnostics[0]?.fix?.edits ?? [];
    expect(edit && text.slice(0, edit.span.start) + edit.newText + text.slice(edit.span.end)).toBe(fixed);
    expect(findingsOf(fixed)).toEqual([]);
  });
});
