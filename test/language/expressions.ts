import { ATTRIBUTES, type Attribute, type Availability } from "../../compiler/expression/attributes.js";
import { evaluate } from "../../compiler/expression/evaluate.js";
import { ATTRIBUTE_MEANINGS, OPERATION_MEANINGS } from "../../compiler/expression/meanings.js";
import {
  functionNames,
  OPERATIONS,
  SPECIAL,
  type SpecialName,
  spelling,
} from "../../compiler/expression/operations.js";
import type { Type, Typed } from "../../compiler/expression/tree.js";
import { markdownTable } from "./schema-table.js";

/** Expressions with what they say. Each is compiled in a test, on a route whose path captures `tenant`. */
export const EXAMPLES: readonly (readonly [string, string])[] = [
  ['request.method in ["GET", "HEAD"]', "the call only reads"],
  ['"finance" in auth.groups', "the caller is of that group"],
  ["route.params.tenant in auth.groups", "the tenant in the path is one of the caller's"],
  ['auth.tier == "gold" || request.size <= 65536', "only one tier sends large bodies"],
  ['request.headers["user-agent"].startsWith("robot/")', "the header begins so"],
  ['request.path.matches(r"\\.(js|css)$")', "the path ends so; in a raw string `\\` is itself"],
  ['cidr(source.ip, "10.0.0.0/8") && !cidr(source.ip, "10.9.0.0/16")', "from these addresses, but not from those"],
  ['has(request.query["page"]) && int(request.query["page"]) > 100', "the parameter is there and too large"],
  ['request.cookies["beta"] == "1" ? auth.tier == "gold" : true', "who sends the cookie has to be of that tier"],
  ['request.time >= timestamp("2027-01-01T00:00:00+01:00")', "from a day on"],
];

/** Pairs that mean the same, as the operators bind. Held against the compiler in a test. */
export const BINDING: readonly (readonly [string, string])[] = [
  [
    'auth.tier == "gold" || auth.tier == "free" && request.method == "GET"',
    'auth.tier == "gold" || (auth.tier == "free" && request.method == "GET")',
  ],
  [
    '!has(auth.tier) && request.method == "GET" ? true : false',
    '((!has(auth.tier)) && request.method == "GET") ? true : false',
  ],
];

/** Strings as they are written, with what they are. */
export const ESCAPES: readonly (readonly [string, string])[] = [
  ['"a\\"b"', 'a"b'],
  ["'a\\'b'", "a'b"],
  ['"\\\\d"', "\\d"],
  ['r"\\d"', "\\d"],
  ['"\\n\\t"', "\n\t"],
  ['"\\x41\\101"', "AA"],
  ['"\\u00e9\\U0001F600"', "é😀"],
];

export function expressions(): string {
  return [
    INTRODUCTION,
    examples(),
    VALUES,
    BINDS,
    KNOWN,
    attributes(),
    "### Operations\n",
    operations(),
    unknown(),
  ].join("\n");
}

const INTRODUCTION = `A part of [CEL](https://cel.dev). It is checked for types before anything runs, so an expression cannot fail; it can only be *unknown*, because a value is
missing or can be read in two ways ([below](#what-is-unknown)). \`allow\`, \`deny\` and \`when\` take a bool; each \`key\` of a limit is one attribute.
`;

function examples(): string {
  return markdownTable(
    ["expression", "says"],
    EXAMPLES.map(([expression, meaning]) => [`\`${expression}\``, meaning]),
  );
}

const VALUES = `### Values

| type | written |
|---|---|
| bool | \`true\`, \`false\` |
| int | \`65536\`, \`-1\`, \`0x1f\`; from -9007199254740991 to 9007199254740991. There is no arithmetic |
| string | in double or single quotes; \`\\"\` \`\\'\` \`\\\\\` \`\\n\` \`\\r\` \`\\t\` \`\\x41\` \`\\101\` \`\\u00e9\` \`\\U0001F600\` stand for a character, and any other \`\\\` is an error. In \`r"..."\` a \`\\\` is itself |
| list | \`["GET", "HEAD"]\` or \`[1, 2]\`, behind \`in\` or in \`size\` |
| duration | \`duration("1h30m")\`: numbers with \`h\`, \`m\`, \`s\` or \`ms\` |
| timestamp | \`timestamp("2026-01-31T12:00:00Z")\` |

YAML reads the text first: in its single quotes a \`\\\` is itself and \`''\` is one quote; in its double quotes each \`\\\` is written twice.
`;

const BINDS = `### What binds first

| | operators |
|---|---|
| 1 | \`a.b\`, \`a["b"]\`, \`f(a)\`, \`( )\` |
| 2 | \`!a\` |
| 3 | \`==\` \`!=\` \`<\` \`<=\` \`>\` \`>=\` \`in\` |
| 4 | \`&&\` |
| 5 | \`\\|\\|\` |
| 6 | \`a ? b : c\` |

So \`a || b && c\` is \`a || (b && c)\`. \`!request.method == "GET"\` is an error, as \`!\` takes a bool: write \`!=\`, or parentheses.
`;

const KNOWN_FROM: Readonly<Record<Availability, string>> = {
  request: "arrival",
  route: "route",
  identity: "identity",
  operation: "operation",
  response: "response",
};

const KNOWN = `### Attributes

An attribute is known from one of these moments on:

- *arrival*: the headers of the request are there. Any policy can read it.
- *route*: the path of the route has \`{name}\`. On a route without it, a policy that reads it is an error (SL0527).
- *identity*: an enforced \`authenticate\` of the route has found out who calls. \`authorize\` can read it, and limits, which then run behind it. On a route
  without one it is an error (SL0408), and so it is in the \`when\` of that \`authenticate\` (SL0431).
- *operation*: a conversion of the route has an operation for the request. \`tags\` and \`always\` of a \`tracing\` can read it; what decides about requests cannot
  (SL0533).
- *response*: the answer is over. \`always\` of a \`tracing\` can read it, and \`when\` of an access log; what decides about requests cannot (SL0521).
`;

function attributes(): string {
  const rows = ATTRIBUTES.map((attribute) => {
    const meaning = ATTRIBUTE_MEANINGS[attribute.name];
    if (meaning === undefined) throw new Error(`say in meanings.ts what ${attribute.name} means`);
    return [`\`${spelled(attribute)}\``, TYPES[attribute.type], KNOWN_FROM[attribute.availability], meaning];
  });
  return markdownTable(["attribute", "type", "known from", "meaning"], rows);
}

function spelled({ name, argument }: Attribute): string {
  switch (argument) {
    case "none":
      return name;
    case "capture":
    case "claim":
      return `${name}.<name>`;
    case "header":
    case "parameter":
    case "cookie":
      return `${name}["<name>"]`;
  }
}

/** The words of findings. */
const TYPES: Readonly<Record<Type, string>> = {
  bool: "bool",
  string: "string",
  int: "int",
  list: "list of strings",
  ints: "list of ints",
  duration: "duration",
  timestamp: "timestamp",
};

function operations(): string {
  const logic = [
    ["`!a`, `a && b`, `a || b`", "bool", "bool", "not, and, or"],
    ["`a ? b : c`", "bool, then two of one type", "that type", "`b` if `a` is true, else `c`"],
  ];
  const rows = Object.entries(OPERATIONS).map(([name, { signatures }]) => {
    const results = [...new Set(signatures.map((one) => TYPES[one.result]))];
    return [`\`${spelling(name) ?? `a ${name} b`}\``, taken(signatures), results.join(", "), meaningOf(name)];
  });
  const special = specialNames().map((name) => [`\`${spelling(name)}\``, ...SPECIAL_TYPES[name], meaningOf(name)]);
  return markdownTable(["operation", "takes", "gives", "meaning"], [...logic, ...rows, ...special]);
}

/** Operands, briefly where each signature takes two of one type. */
function taken(signatures: readonly { readonly operands: readonly Type[] }[]): string {
  const pairs = signatures.every(({ operands: [a, b] }) => a === b);
  if (pairs && signatures.length > 1)
    return `two of one type: ${signatures.flatMap(({ operands: [type] }) => (type === undefined ? [] : [TYPES[type]])).join(", ")}`;
  return signatures.map(({ operands }) => operands.map((type) => TYPES[type]).join(" and ")).join("; ");
}

/** What they take and what they give; the table of the compiler has only their forms. */
const SPECIAL_TYPES: Readonly<Record<SpecialName, readonly [string, string]>> = {
  has: ["an attribute", "bool"],
  cidr: ["string and a constant block", "bool"],
  duration: ["a constant string", "duration"],
  timestamp: ["a constant string", "timestamp"],
  matches: ["string and a constant expression", "bool"],
};

function specialNames(): SpecialName[] {
  const names: SpecialName[] = [];
  for (const name of functionNames) if (isSpecial(name)) names.push(name);
  return names;
}

function isSpecial(name: string): name is SpecialName {
  return name in SPECIAL;
}

function meaningOf(name: string): string {
  const meaning = Object.entries(OPERATION_MEANINGS).find(([known]) => known === name)?.[1];
  if (meaning === undefined) throw new Error(`say in meanings.ts what ${name} means`);
  return meaning;
}

function unknown(): string {
  return `### What is unknown

A value is *missing* if the request, the route or the caller does not have it: a header that was not sent, a consumer without tier, everything under \`auth\`
for a caller who is anonymous. It is *ambiguous* if the service may read it in another way than the gateway: two headers, parameters or cookies of one
name, a bad percent-encoding, a host that is no proper name. [The page of the modules](../filters/modules/README.md#predicates) lists every case.

Both are unknown, and so is each comparison and function of them. \`has(a)\` is false of what is missing and true of what is ambiguous, never unknown. In CEL a missing
value ends in an error; this is the only difference. \`&&\` and \`||\` still decide where the other side is enough (Kleene's logic):

${kleene()}
\`!\` of unknown is unknown. \`a ? b : c\` is unknown if \`a\` is; else only the chosen side counts.

${markdownTable(
  ["where", "true", "false", "unknown"],
  [
    ["`allow` of a rule", "lets pass", "the next rule", "the next rule"],
    ["`deny` of a rule", "refuses", "the next rule", "refuses"],
    ["`when` of authenticate, authorize", "applies", "does not apply", "applies"],
    ["`when` of rateLimit", "applies", "does not apply", "does not apply"],
  ],
)}
So nobody gets in by leaving something out. \`deny: 'auth.tier == "free"'\` also refuses a caller without tier; \`deny: 'has(request.query["debug"])'\` refuses exactly the calls that have it.
In the \`key\` of a limit, calls without the value share one count.
`;
}

type Truth = true | false | undefined;

/** By the evaluation that the modules are compared with. */
function kleene(): string {
  const truths: readonly Truth[] = [true, false, undefined];
  const rows = truths.flatMap((a, index) =>
    truths.slice(index).map((b) => [said(a), said(b), said(logic("and", a, b)), said(logic("or", a, b))]),
  );
  return markdownTable(["a", "b", "`a && b`", "`a || b`"], rows);
}

function said(truth: Truth): string {
  return truth === undefined ? "unknown" : String(truth);
}

function logic(kind: "and" | "or", ...truths: readonly Truth[]): Truth {
  const operands = truths.map((truth) => (truth === undefined ? NEVER_KNOWN : constant(truth)));
  const value = evaluate({ kind, type: "bool", operands, start: 0, end: 0 }, () => undefined);
  return typeof value === "boolean" ? value : undefined;
}

function constant(value: boolean): Typed {
  return { kind: "constant", type: "bool", value, start: 0, end: 0 };
}

const NEVER_KNOWN: Typed = {
  kind: "attribute",
  type: "bool",
  attribute: { name: "a", type: "bool", availability: "request", argument: "none" },
  argument: undefined,
  start: 0,
  end: 0,
};
