import { describe, expect, it } from "vitest";
import { expressions } from "../diagnostics/catalog/expressions.js";
import { applyEdits } from "../diagnostics/fixing.js";
import { SourceFile } from "../syntax/source.js";
import { checkExpressionAt, checkKeyAt } from "./expression.js";
import type { JsonPredicate } from "./lower.js";
import type { Place } from "./place.js";

/** Where the text of an expression begins in the file below. */
const BASE = 12;

/** An expression in the middle of a file, as a block scalar, which has no quoting. */
function inFile(text: string): Place {
  const source = new SourceFile("policy.yaml", `allow: |-\n  ${text}\n`);
  return { span: { source, start: 7, end: BASE + text.length }, map: (index) => BASE + index };
}

function checkBool(text: string) {
  const { expression, diagnostics } = checkExpressionAt(text, inFile(text), "bool");
  return { expression, findings: diagnostics.map(show) };
}

/** `code|marked text|message` */
function show({ code, span, message }: ReturnType<typeof checkExpressionAt>["diagnostics"][number]): string {
  return `${code}|${span.source.text.slice(span.start, span.end)}|${message}`;
}

describe("a sound expression", () => {
  const sound: [string, JsonPredicate][] = [
    ['request.method == "GET"', ["==", ["get", "request.method"], "GET"]],
    ['"/a" != request.path', ["!=", "/a", ["get", "request.path"]]],
    ["request.host == 'x'", ["==", ["get", "request.host"], "x"]],
    ['request.headers["X-Tenant"] == "t"', ["==", ["get", "request.headers", "x-tenant"], "t"]],
    ['"partners" in auth.groups', ["in", "partners", ["get", "auth.groups"]]],
    ['auth.consumer in ["a", "b",]', ["in", ["get", "auth.consumer"], ["list", "a", "b"]]],
    ["route.name.startsWith(source.ip)", ["startsWith", ["get", "route.name"], ["get", "source.ip"]]],
    ['!(auth.tier == "free")', ["!", ["==", ["get", "auth.tier"], "free"]]],
    ['(auth.method == "apiKey") == true', ["==", ["==", ["get", "auth.method"], "apiKey"], true]],
    [
      'request.scheme == "a" && (request.path == "/b" && (request.path == "/b" && !!(request.host == "c")))',
      [
        "&&",
        ["==", ["get", "request.scheme"], "a"],
        ["==", ["get", "request.path"], "/b"],
        ["==", ["get", "request.path"], "/b"],
        ["==", ["get", "request.host"], "c"],
      ],
    ],
    [
      'source.ip == "10.0.0.1" || source.ip == "::1" && route.name == "3"',
      [
        "||",
        ["==", ["get", "source.ip"], "10.0.0.1"],
        ["&&", ["==", ["get", "source.ip"], "::1"], ["==", ["get", "route.name"], "3"]],
      ],
    ],
    ['request.id == "\\u00e4\\n" // note', ["==", ["get", "request.id"], "ä\n"]],
    ['request.id == r"\\d"', ["==", ["get", "request.id"], "\\d"]],
  ];
  it.each(sound)("%s", (text, lowered) => {
    const { expression, findings } = checkBool(text);
    expect(findings).toEqual([]);
    expect(expression?.type).toBe("bool");
    expect(expression?.lower()).toEqual(lowered);
  });

  it("names every attribute it reads, in order, with its place", () => {
    const text = 'auth.tier == "gold" && request.headers["A"] == auth.consumer';
    const { expression } = checkBool(text);
    const uses = expression?.attributes.map(({ span, ...use }) => [
      use,
      text.slice(span.start - BASE, span.end - BASE),
    ]);
    expect(uses).toEqual([
      [{ name: "auth.tier", argument: undefined, availability: "identity" }, "auth.tier"],
      [{ name: "request.headers", argument: "a", availability: "request" }, 'request.headers["A"]'],
      [{ name: "auth.consumer", argument: undefined, availability: "identity" }, "auth.consumer"],
    ]);
  });

  it("may give a string or a list where one is expected", () => {
    const give = (text: string, type: "string" | "list") => checkExpressionAt(text, inFile(text), type);
    expect(give("(auth.tier)", "string").expression?.lower()).toEqual(["get", "auth.tier"]);
    expect(give("auth.groups", "list").expression?.type).toBe("list");
    expect(give('["a"]', "list").expression?.lower()).toEqual(["list", "a"]);
  });
});

/** Text, and what is found in it as `code|marked text|message`. */
const WRONG: [string, string[]][] = [
  ["", ["SL0502||the expression is empty"]],
  ["request.path ==", ["SL0501|=|the expression is not valid: it ends where an operand should follow"]],
  ['(request.path == "a"', ['SL0501|"|the expression is not valid: a `)` is missing at the end']],
  ['request.path in ["a"', ['SL0501|"|the expression is not valid: a `]` is missing at the end']],
  ["request.", ["SL0501|.|the expression is not valid: it ends too early"]],
  ['request.path = "a"', ["SL0501|=|the expression is not valid: `=` is no operator; write `==`"]],
  ["a and b", ["SL0501|and|the expression is not valid: `and` is no operator; write `&&`"]],
  ["a == “b”", ['SL0501|“|the expression is not valid: `“` is no quotation mark; write `"`']],
  ["request.path == 😀", ["SL0501|😀|the expression is not valid: `😀` cannot stand here"]],
  ["a == )", ["SL0501|)|the expression is not valid: `)` cannot stand here"]],
  ["if", ["SL0501|if|the expression is not valid: `if` is a reserved word"]],
  ['a == "b', ['SL0501|"b|the expression is not valid: the string has no closing quote']],
  ['a == "b\n"', ["SL0501|\n|the expression is not valid: a string in single quote marks ends on its line"]],
  ['a == "\\q"', ["SL0501|\\q|the expression is not valid: `\\q` is no escape sequence of a string"]],
  ["1 == 0x", ["SL0501|0x|the expression is not valid: `0x` is no number"]],
  ["[1].all(1, true)", ["SL0501|1|the expression is not valid: `1` cannot be the argument of a macro"]],
  ["1 + 2 == 3", ["SL0504|+|the operator `+` is not part of the expression language"]],
  ['-request.path == "a"', ["SL0504|-|the operator `-` is not part of the expression language"]],
  ['{"a": 1} == 1', ['SL0504|{"a": 1}|a map is not part of the expression language']],
  ["auth.tier == null", ["SL0504|null|`null` is not part of the expression language"]],
  ["1.5 == 2", ["SL0504|1.5|a floating-point number is not part of the expression language"]],
  ["1u == 2", ["SL0504|1u|an unsigned integer is not part of the expression language"]],
  ['b"a" == "a"', ['SL0504|b"a"|a bytes literal is not part of the expression language']],
  ["auth.groups.exists(g, g == 1)", ["SL0504|exists|the macro `exists` is not part of the expression language"]],
  [
    'auth.groups[0] == "a"',
    ["SL0504|auth.groups[0]|an index in brackets after `auth.groups` is not part of the expression language"],
  ],
  ['["a"][0] == "a"', ["SL0504|[0]|an index in brackets is not part of the expression language"]],
  ['"a".length == 1', ["SL0504|.length|the field `.length` of a value is not part of the expression language"]],
  [
    '"a" in [auth.tier]',
    ["SL0504|auth.tier|a list element that is not a literal is not part of the expression language"],
  ],
  ['auth.claims.sub.x == "a"', ["SL0505|auth.claims.sub.x|the attribute `auth.claims.sub.x` is not built yet"]],
  ["response.status == 5", ["SL0521|response.status|`response.status` is known only after the answer"]],
  [
    'response.headers["A"] == "5"',
    ['SL0521|response.headers["A"]|`response.headers["a"]` is known only after the answer'],
  ],
  ['"a" in [1]', ['SL0508|"a"|the left side of `in` must be an int, but is a string']],
  [
    'request.methd == "A"',
    ["SL0506|request.methd|there is no attribute `request.methd`; did you mean `request.method`?"],
  ],
  ['tier == "A"', ["SL0506|tier|there is no attribute `tier`; did you mean `auth.tier`?"]],
  ["request.method == GET", ['SL0506|GET|there is no attribute `GET`; a string is written in quotes: `"GET"`']],
  [
    'weather["x"] == "A"',
    ['SL0506|weather|there is no attribute `weather`; a string is written in quotes: `"weather"`'],
  ],
  ['request.path.startWith("a")', ["SL0507|startWith|there is no function `startWith`; did you mean `startsWith`?"]],
  ['request.path.trimmed("a")', ["SL0507|trimmed|there is no function `trimmed`"]],
  [
    'startsWith(request.path, "a")',
    ["SL0507|startsWith|there is no function `startsWith`; it is a method: a.startsWith(b)"],
  ],
  ['auth.tier && request.path == "a"', ["SL0508|auth.tier|an operand of `&&` must be a bool, but is a string"]],
  ["!(auth.tier)", ["SL0508|(auth.tier)|the operand of `!` must be a bool, but is a string"]],
  ['"a" in auth.tier', ["SL0508|auth.tier|the right side of `in` must be a list of strings, but is a string"]],
  ["1 in auth.groups", ["SL0508|1|the left side of `in` must be a string, but is an int"]],
  ["request.path.startsWith(1)", ["SL0508|1|the argument of `startsWith` must be a string, but is an int"]],
  [
    'auth.groups.startsWith("a")',
    ["SL0508|auth.groups|the receiver of `startsWith` must be a string, but is a list of strings"],
  ],
  ['"a" in ["a", true]', ["SL0508|true|an element of a list must be a string, but is a bool"]],
  ["auth.tier == 1", ["SL0509|auth.tier == 1|`==` cannot compare a string with an int"]],
  [
    "(auth.groups) == auth.groups",
    ["SL0509|(auth.groups) == auth.groups|`==` cannot compare a list of strings with a list of strings"],
  ],
  ["auth.tier", ["SL0510|auth.tier|the expression must give a bool, but gives a string"]],
  [
    'request.headers[auth.tier] == "a"',
    ['SL0511|auth.tier|the name of a header must be a string literal, such as request.headers["x-tenant"]'],
  ],
  [
    'request.headers.Accept == "a"',
    [
      'SL0511|request.headers.Accept|the name of a header must be a string literal, such as request.headers["x-tenant"]',
    ],
  ],
  [
    'request.headers["a b"] == "a"',
    [
      'SL0512|"a b"|`a b` cannot be the name of a header: it may have up to 64 letters, digits, dashes, underscores and dots',
    ],
  ],
  ['request.headers[""] == "a"', ['SL0512|""|`` cannot be the name of a header: it is empty']],
  [
    'request.headers["Host"] == "a"',
    ['SL0512|request.headers["Host"]|`Host` cannot be the name of a header: write `request.host`'],
  ],
  ['"a" == "a"', ['SL0513|"a" == "a"|the expression is always true, whatever the request']],
  ["true", ["SL0513|true|the expression is always true, whatever the request"]],
  [
    '!("b".startsWith("b")) || 1 == 2',
    ['SL0513|!("b".startsWith("b")) || 1 == 2|the expression is always false, whatever the request'],
  ],
  ['1 != 1 || auth.tier == "a"', ["SL0513|1 != 1|this part is always false, whatever the request"]],
  [
    'auth.tier == "a" && auth.tier == "b"',
    ['SL0514|auth.tier == "a" && auth.tier == "b"|the expression is never true, whatever the request'],
  ],
  ["auth.tier in []", ["SL0514|auth.tier in []|the expression is never true, whatever the request"]],
  [
    'auth.tier == "a" && !auth.tier.startsWith("a") || auth.tier == "b"',
    ['SL0514|auth.tier == "a" && !auth.tier.startsWith("a")|this part is never true, whatever the request'],
  ],
  [
    '"a" in auth.groups && !("a" in auth.groups)',
    ['SL0514|"a" in auth.groups && !("a" in auth.groups)|the expression is never true, whatever the request'],
  ],
  [
    'request.path.startsWith("a", "b")',
    ['SL0516|request.path.startsWith("a", "b")|`startsWith` takes 1 in its parentheses, found 2'],
  ],
  [
    'request.headers == "a"',
    [
      'SL0517|request.headers|`request.headers` is not a value by itself; name one of them: request.headers["x-tenant"]',
    ],
  ],
  [
    'source == "a"',
    ["SL0517|source|`source` is not a value by itself; name one of source.ip, source.port, source.principal"],
  ],
  [
    "9007199254740992 == 1",
    [
      "SL0518|9007199254740992|the number 9007199254740992 is out of range: at most 9007199254740991 either side of zero",
    ],
  ],
  ['auth.tier == "\ud800"', ['SL0519|"\ud800"|the string has half of a surrogate pair, which is no character']],
];

describe("a finding", () => {
  it.each(WRONG)("%s", (text, findings) => {
    expect(checkBool(text).findings).toEqual(findings);
  });

  it("comes with all others of the expression", () => {
    const { expression, findings } = checkBool(
      'request.pth == "a" && 1 + auth.foo == 2 || auth.tier == 1 || auth.tier',
    );
    expect(expression).toBeUndefined();
    expect(findings.map((finding) => finding.split("|").slice(0, 2).join(" "))).toEqual([
      "SL0506 request.pth",
      "SL0504 +",
      "SL0506 auth.foo",
      "SL0509 auth.tier == 1",
      "SL0508 auth.tier",
    ]);
  });

  it("that is only a warning leaves the expression", () => {
    expect(checkBool('1 == 1 && auth.tier == "a"').expression?.lower()).toEqual(["==", ["get", "auth.tier"], "a"]);
    expect(checkBool('false && auth.tier == "a"').expression).toMatchObject({ attributes: [{ name: "auth.tier" }] });
    expect(checkBool('auth.tier == "a" || 1 == 1').expression?.lower()).toBe(true);
  });

  it("is not made of what may be true", () => {
    const possible = [
      'auth.tier == "a" || auth.tier != "a"',
      'request.path.startsWith("/a") && request.path != "/a" && !request.path.startsWith("/ab")',
      '"a" in auth.groups && !("b" in auth.groups)',
      "auth.tier == auth.consumer && auth.tier != auth.consumer",
      Array.from({ length: 40 }, (_, i) => `"g${i}" in auth.groups`).join(" && "),
      Array.from({ length: 40 }, (_, i) => `request.headers["h${i}"] == "${i}"`).join(" && "),
    ];
    for (const text of possible) expect(checkBool(text).findings, text).toEqual([]);
  });

  it("exists for every code, and here is an expression for each", () => {
    const here = WRONG.flatMap(([, findings]) => findings.map((finding) => finding.slice(0, 6)));
    // SL0520 to SL0528 are in functions.test.ts, but for SL0527, which a route has (filters/authorize/cases).
    const elsewhere = Object.keys(expressions).filter((code) => code >= "SL0520" && code !== "SL0521");
    elsewhere.push("SL0503", "SL0515");
    expect([...new Set([...here, ...elsewhere])].toSorted()).toEqual(Object.keys(expressions).toSorted());
  });
});

describe("a fix", () => {
  const fixes: [string, string][] = [
    ['request.path = "/a"', 'request.path == "/a"'],
    ['auth.tier == "a" or auth.tier == "b"', 'auth.tier == "a" || auth.tier == "b"'],
    ['request.methd == "A"', 'request.method == "A"'],
    ["request.method == GET", 'request.method == "GET"'],
    ['request.path.startWith("/a")', 'request.path.startsWith("/a")'],
    ['auth.groups == "a"', '"a" in auth.groups'],
    ['"a" != auth.groups', '!("a" in auth.groups)'],
    ['request.headers.Accept == "a"', 'request.headers["accept"] == "a"'],
    ['request.headers["host"] == "a"', 'request.host == "a"'],
  ];
  it.each(fixes)("%s", (text, fixed) => {
    const [diagnostic] = checkExpressionAt(text, inFile(text), "bool").diagnostics;
    const edits = diagnostic?.fix?.edits ?? [];
    expect(edits).toHaveLength(1);
    const result = edits.map(
      ({ span, newText }) => text.slice(0, span.start - BASE) + newText + text.slice(span.end - BASE),
    );
    expect(result).toEqual([fixed]);
    expect(checkBool(fixed).findings).toEqual([]);
  });

  const translated: [string, string][] = [
    [
      'request.method = "A" and auth.tier <> "b" or auth.tier == "or"',
      'request.method == "A" && auth.tier != "b" || auth.tier == "or"',
    ],
    ['not request.method == "A" and true', '!(request.method == "A") && true'],
    [
      '(auth.tier == "a" and auth.tier == "b") or size(["and"]) = 1',
      '(auth.tier == "a" && auth.tier == "b") || size(["and"]) == 1',
    ],
    ['not has(auth.tier) | not (request.method === "A")', '!has(auth.tier) || !(request.method == "A")'],
    [
      '(not not has(auth.tier)) & not request.method in ["A", "B"]',
      '(!!has(auth.tier)) && !(request.method in ["A", "B"])',
    ],
    ["auth.tier == “a” AND auth.tier == ‘b’", "auth.tier == \"a\" && auth.tier == 'b'"],
  ];
  it.each(translated)("of all signs at once: %s", (text, fixed) => {
    const [diagnostic] = checkExpressionAt(text, inFile(text), "bool").diagnostics;
    const { edits, safe } = diagnostic?.fix ?? { edits: [], safe: false };
    const moved = edits.map(({ span, newText }) => ({
      span: { ...span, start: span.start - BASE, end: span.end - BASE },
      newText,
    }));
    expect([applyEdits(text, moved), safe]).toEqual([fixed, true]);
    expect(checkBool(fixed).findings.filter((finding) => finding.startsWith("SL0501"))).toEqual([]);
  });

  it.each(['auth.tier = "a" and', "a not in b or c", '“a"b” == c', 'auth.tier == "a and b'])(
    "is not offered where it does not suffice: %s",
    (text) => {
      expect(checkExpressionAt(text, inFile(text), "bool").diagnostics.map(({ fix }) => fix)).toEqual([undefined]);
    },
  );

  it("stays inside the quotes of its scalar", () => {
    for (const [quoted, newText] of [
      [`"auth.groups == 'a'"`, "'a' in auth.groups"],
      [`'request.method == GET'`, '"GET"'],
      [`"request.method == GET"`, '\\"GET\\"'],
    ] as const) {
      const text = quoted.slice(1, -1);
      const span = { source: new SourceFile("p.yaml", quoted), start: 0, end: quoted.length };
      const { diagnostics } = checkExpressionAt(text, { span, map: (index) => index + 1 }, "bool");
      expect(diagnostics[0]?.fix?.edits[0]?.newText).toBe(newText);
    }
  });
});

describe("the fix of a plain scalar", () => {
  const fix = (text: string) => {
    const span = { source: new SourceFile("p.yaml", text), start: 0, end: text.length };
    const { diagnostics } = checkExpressionAt(text, { span, map: (index) => index }, "bool");
    const [edit] = diagnostics[0]?.fix?.edits ?? [];
    return edit && text.slice(0, edit.span.start) + edit.newText + text.slice(edit.span.end);
  };

  it("quotes all of it where YAML would read its first character as a sign of its own", () => {
    expect(fix(`auth.groups == "it's" || auth.tier == "b"`)).toBe(`'"it''s" in auth.groups || auth.tier == "b"'`);
    expect(fix('auth.groups != "a"')).toBe(`'!("a" in auth.groups)'`);
    expect(fix('auth.tier == "b" || auth.groups == "a"')).toBe('auth.tier == "b" || "a" in auth.groups');
    expect(fix('tier == "b"')).toBe('auth.tier == "b"');
  });
});

describe("a key", () => {
  const key = (text: string) => checkKeyAt(text, inFile(text));

  it("is one attribute that is a string", () => {
    expect(key("auth.consumer").key?.lower()).toEqual(["get", "auth.consumer"]);
    expect(key('request.headers["X-A"]').key?.lower()).toEqual(["get", "request.headers", "x-a"]);
    expect(key("auth.consumer").key?.attributes).toMatchObject([{ name: "auth.consumer", availability: "identity" }]);
  });

  it.each([
    ['"a"', 'SL0515|"a"|a key is a single attribute, such as auth.consumer'],
    ['auth.tier == "a"', 'SL0515|auth.tier == "a"|a key is a single attribute, such as auth.consumer'],
    ["auth.groups", "SL0510|auth.groups|the expression must give a string, but gives a list of strings"],
    ["auth.consumr", "SL0506|auth.consumr|there is no attribute `auth.consumr`; did you mean `auth.consumer`?"],
    ["source.port", "SL0510|source.port|the expression must give a string, but gives an int"],
    ["response.status", "SL0521|response.status|`response.status` is known only after the answer"],
  ])("is not %s", (text, finding) => {
    const result = key(text);
    expect(result.key).toBeUndefined();
    expect(result.diagnostics.map(show)).toEqual([finding]);
  });
});
