import { type Row, spoilt } from "./row.js";

const METHOD = `'request.method == "GET"'`;

function condition(text: string): string {
  return spoilt([METHOD, JSON.stringify(text)]);
}

const repeated = (piece: string, count: number, between: string): string =>
  Array.from({ length: count }, () => piece).join(between);

const large: Row[] = [
  { name: "64 KiB of a string", policy: condition(`request.method == "${"a".repeat(65_000)}"`) },
  { name: "more than 64 KiB", policy: condition(`request.method == "${"a".repeat(66_000)}"`) },
  { name: "a million letters", policy: () => condition("a".repeat(1_000_000)) },
  { name: "30,000 parentheses", policy: condition(`${"(".repeat(30_000)}true${")".repeat(30_000)}`) },
  { name: "30,000 parentheses that are not closed", policy: condition("(".repeat(30_000)) },
  { name: "30,000 brackets", policy: condition(`${"[".repeat(30_000)}${"]".repeat(30_000)}`) },
  { name: "30,000 braces", policy: condition(`${"{".repeat(30_000)}${"}".repeat(30_000)}`) },
  { name: "60,000 negations", policy: condition(`${"!".repeat(60_000)}true`) },
  { name: "60,000 minus signs", policy: condition(`${"-".repeat(60_000)}1 == 1`) },
  { name: "10,000 operators", policy: condition(repeated("true", 8_000, " && ")) },
  { name: "3,000 comparisons", policy: condition(repeated('request.method == "A"', 2_500, "||")) },
  { name: "500 comparisons", policy: condition(repeated('request.method == "A"', 500, " || ")) },
  {
    name: "8,000 conditions in each other",
    policy: condition(`${"true ? ".repeat(4_000)}true${" : true".repeat(4_000)}`),
  },
  { name: "20,000 members", policy: condition(`request${".a".repeat(20_000)}`) },
  { name: "20,000 calls", policy: condition(`request.method${".f()".repeat(15_000)}`) },
  { name: "20,000 indexes", policy: condition(`a${"[0]".repeat(20_000)}`) },
  { name: "a list of 20,000 items", policy: condition(`request.method in [${repeated('"A"', 12_000, ",")}]`) },
  {
    name: "a list of 5,000 different items",
    policy: condition(`request.method in [${Array.from({ length: 5_000 }, (_, index) => `"A${index}"`).join(",")}]`),
  },
  { name: "a call with 20,000 arguments", policy: condition(`has(${repeated("1", 20_000, ",")})`) },
  { name: "an integer of 60,000 digits", policy: condition(`${"9".repeat(60_000)} == 1`) },
  { name: "a float of 60,000 digits", policy: condition(`0.${"9".repeat(60_000)} == 1.0`) },
  {
    name: "256 rules with 200 comparisons each",
    policy: () =>
      spoilt([
        `{ name: readers, allow: ${METHOD} }`,
        Array.from(
          { length: 256 },
          (_, rule) =>
            `{ name: r${rule}, allow: '${Array.from({ length: 200 }, (_, index) => `request.path == "/${rule}/${index}"`).join(" || ")}' }`,
        ).join(", "),
      ]),
  },
  {
    name: "256 rules of and-or that satisfy each other",
    policy: () =>
      spoilt([
        `{ name: readers, allow: ${METHOD} }`,
        Array.from(
          { length: 256 },
          (_, rule) =>
            `{ name: r${rule}, allow: '${Array.from({ length: 12 }, (_, index) => `(request.headers["a${index}"] == "${rule}" || request.headers["b${index}"] == "${rule}")`).join(" && ")}' }`,
        ).join(", "),
      ]),
  },
];

const ODD = [
  ...[
    "",
    " ",
    "\\",
    "'",
    '"',
    "`",
    "\u0000",
    "\r\n",
    "//",
    "/* */",
    "# x",
    "true # x",
    "true // x",
    "true; true",
    "true\n||\ntrue",
  ],
  ...[
    "1 / 0 == 1",
    "1 % 0 == 1",
    "9223372036854775807 + 1 == 0",
    "-9223372036854775808 == 1",
    "9007199254740993 == 1",
    "0xFFFFFFFFFFFFFFFF == 1",
    "1u == 1u",
    "1e400 == 1.0",
    "0777 == 1",
  ],
  ...[
    "b'\\xff' == b''",
    'r"\\" == ""',
    "'''a''' == ''",
    '"\\uD800" == request.method',
    '"\\0" == request.method',
    '"\\x00" == request.method',
    '"\\u0000" == request.method',
  ],
  ...[
    "[1].all(x, x == 1)",
    "[1].map(x, x)",
    "{'a': 1}.a == 1",
    "google.protobuf.Empty{}",
    "type(1) == int",
    "dyn(1) == 1",
    "timestamp('2026-01-01T00:00:00Z') == request.time",
    "optional.of(1)",
  ],
  ...[
    "request",
    "request.headers",
    "auth",
    "true == request",
    "request.headers['x'] == true",
    "request == request",
    "null == request.method",
  ],
  ...[
    "\u0024{request.method}",
    "%REQ(x)%",
    "{{ a }}",
    "request.method == '%REQ(x)%'",
    "request.method == '{{x}}'",
    "request.method == '\r\nset-cookie: a'",
  ],
  ...[
    "process.exit()",
    "require('fs')",
    "constructor.constructor('return 1')()",
    "this",
    "__proto__ == 1",
    "eval('1')",
    "import('x')",
    "new Date()",
    "a = 1",
    "() => 1",
    "`x`",
  ],
  ...[
    "\u202etrue",
    "tr\u200bue",
    "true\u00a0&& true",
    "true\u2028",
    "request\u3002method == 'a'",
    "request.mеthod == 'GET'",
    "request.method == \u201cGET\u201d",
  ],
];

/** Patterns that other engines never come to an end with, or that need very large programs. */
const PATTERNS = [
  ...["(a+)+$", "(a|a)*$", "(a|aa)+$", "(.*)*$", "(x+x+)+y", "((a*)*)*", "([a-z]+)*[A-Z]", "^(\\w+\\s?)*$"],
  ...[
    "a{1000}",
    "a{1001}",
    "a{1000}{1000}",
    "((a{100}){100}){100}",
    "(a{0,100}){0,100}",
    "a{,5}",
    "a{5,1}",
    "a{99999999999999999999}",
    "(?:a?){500}a{500}",
  ],
  ...[
    "(a|b)*a(a|b){12}",
    "(a|b)*a(a|b){20}",
    "(a|b)*a(a|b){200}",
    ".*a.{15}",
    ".*a.{30}b.{30}",
    "\\pL{300}",
    "[^\\x00-\\x{10FFFF}]",
    "\\p{Greek}{100}\\p{Han}{100}",
  ],
  ...[
    "(",
    ")",
    "[",
    "]",
    "*",
    "+",
    "?",
    "{",
    "\\",
    "a**",
    "(?",
    "(?P<",
    "(?P<a>b)(?P<a>c)",
    "(?i)K{200}",
    "(?s).{500}",
    "\\C",
    "\\Q",
    "[[:alpha:]]",
    "[[:x:]]",
    "\\z",
    "\\Z",
  ],
  ...[
    "(?=a)",
    "(?!a)",
    "(?<=a)",
    "(?>a)",
    "\\1",
    "(a)\\1",
    "(?R)",
    "\\k<a>",
    "(?(1)a)",
    "\\u0041",
    "\\x{110000}",
    "\\x{d800}",
    "\\0",
    "a\\x00b",
  ],
  ...["", "^", "$", "\\b", "\\B", "|", "(|)", "()*", "^*", "$*", "%REQ(x)%", "{{x}}", "\u0024{x}"],
  ...[
    `${"(".repeat(2_000)}a${")".repeat(2_000)}`,
    `${"a?".repeat(2_000)}`,
    `(${Array.from({ length: 5_000 }, (_, index) => `a${index}`).join("|")})`,
    `[${"a-z".repeat(10_000)}]`,
    "\\".repeat(9_999),
    "a|".repeat(20_000),
    "[".repeat(10_000),
  ],
];

function short(text: string): string {
  return text.length > 60 ? `${text.slice(0, 40)}… (${text.length})` : text;
}

export const expressions: readonly Row[] = [
  ...large,
  ...ODD.map((text): Row => ({ name: `the condition ${JSON.stringify(text)}`, policy: condition(text) })),
  ...PATTERNS.map(
    (pattern): Row => ({
      name: `a condition with the pattern ${short(pattern)}`,
      policy: condition(`request.path.matches(r'''${pattern}''')`),
    }),
  ),
  ...PATTERNS.map(
    (pattern): Row => ({
      name: `a path of the pattern ${short(pattern)}`,
      policy: spoilt(["path: /hello", `path: ${JSON.stringify(`~${pattern}`)}`]),
    }),
  ),
  ...PATTERNS.map(
    (pattern): Row => ({
      name: `a header of the pattern ${short(pattern)}`,
      policy: spoilt(['"2"', JSON.stringify(`~${pattern}`)]),
    }),
  ),
];
