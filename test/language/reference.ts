import { catalog, codes } from "../../compiler/diagnostics/catalog.js";
import { ATTRIBUTES, type Attribute, type Availability } from "../../compiler/expression/attributes.js";
import { ATTRIBUTE_MEANINGS, OPERATION_MEANINGS } from "../../compiler/expression/meanings.js";
import {
  functionNames,
  OPERATIONS,
  SPECIAL,
  type SpecialName,
  spelling,
} from "../../compiler/expression/operations.js";
import type { Type } from "../../compiler/expression/tree.js";
import { schemas } from "./documents.js";
import { cell, schemaTables } from "./schema-table.js";

/** `compiler/LANGUAGE.md`: every key, attribute, operation and finding that this version has. */
export function languageReference(): string {
  return `${[
    INTRODUCTION,
    "## Gateway\n",
    "A policy file: `kind: Gateway`.\n",
    schemaTables(schemas.gateway),
    "## Fragment\n",
    fragment(),
    "## Test\n",
    "What a policy promises, as requests and what must come of them. `sluice check` reads such a file too: its shape, and that every name in it stands in the policy file.\n",
    schemaTables(schemas.test),
    "## Expressions\n",
    EXPRESSIONS,
    attributes(),
    operations(),
    "## Findings\n",
    "`sluice explain SL0101` prints the page of one, with examples.\n",
    findings(),
  ].join("\n")}`;
}

const INTRODUCTION = `# Language reference

<!-- Written by npm run golden:update from the schemas and tables of the compiler; do not edit it here. -->

- [Gateway](#gateway): the policy file
- [Fragment](#fragment): a file that it includes
- [Test](#test): what a policy promises
- [Expressions](#expressions): attributes, operators and functions
- [Findings](#findings): what \`sluice check\` can report

Files are YAML 1.2 in UTF-8, without anchors, aliases and tags. An unknown key is an error. A first line tells editors the schema, for completion,
descriptions and errors while one types; \`sluice schema gateway\` prints it:

\`\`\`yaml
# yaml-language-server: $schema=./node_modules/sluicegate/schema/gateway.v1.json
apiVersion: sluice/v1
kind: Gateway
name: shop
listeners:
  public: { address: 127.0.0.1:8080 }
routes:
  - { name: hello, match: { path: /hello }, respond: { status: 200, body: "hello\\n" } }
\`\`\`

| value | form |
|---|---|
| name | 1 to 63 lower-case letters, digits and dashes; a letter or digit at both ends |
| duration | a whole number and \`ms\`, \`s\`, \`m\`, \`h\` or \`d\`: \`250ms\`, \`10s\`, \`24h\`; at most 365 days |
| rate | \`100/minute\` (also \`second\`, \`hour\`, \`day\`), \`100 per 15s\`; with \`burst 20\`, so many at once |
| address | \`host:port\`; an IPv6 address in brackets |
| header name | lower case: up to 64 letters, digits, \`-\`, \`_\` and \`.\` |
| secret | a reference: \`env:NAME\`, read by Envoy when it starts, or \`sha256:\` and the digest; never the secret itself |

\`<name>\` in a heading stands for a name of your own, \`[]\` for each item of a list.
`;

const EXPRESSIONS = `A subset of [CEL](https://cel.dev), checked for types before anything runs. A missing attribute makes its comparison *unknown*; \`&&\`, \`||\`, \`!\` and
\`? :\` carry that on as in Kleene's tables. \`allow\` needs true; \`deny\` also refuses when it is unknown.

Literals are texts in double or single quotes, whole numbers, \`true\`, \`false\`, and lists of texts or numbers behind \`in\`.
`;

function fragment(): string {
  const keys = Object.keys(schemas.fragment.properties ?? {}).filter((key) => !["apiVersion", "kind"].includes(key));
  return `A part of a gateway, in a file that a gateway names under \`include\`: \`kind: Fragment\`, and any of ${keys
    .map((key) => `\`${key}\``)
    .join(", ")}, as the [gateway](#gateway) has them.\n`;
}

const KNOWN_FROM: Readonly<Record<Availability, string>> = {
  request: "the request's headers",
  route: "the route, if its path captures the name",
  identity: "the `authenticate` policy of the route",
  response: "the answer, which no policy of this version sees",
};

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
      return `${name}.<name>`;
    case "header":
    case "parameter":
    case "cookie":
      return `${name}["<name>"]`;
  }
}

const TYPES: Readonly<Record<Type, string>> = {
  bool: "boolean",
  string: "text",
  int: "whole number",
  list: "list of texts",
  ints: "list of whole numbers",
  duration: "duration",
  timestamp: "point in time",
};

function operations(): string {
  const logic = [
    ["`!a`, `a && b`, `a || b`", "boolean", "boolean", "not, and, or"],
    ["`a ? b : c`", "boolean, then two of one type", "that type", "`b` if `a` is true, else `c`"],
  ];
  const rows = Object.entries(OPERATIONS).map(([name, { signatures }]) => {
    const operands = [...new Set(signatures.map((one) => one.operands.map((type) => TYPES[type]).join(" and ")))];
    const results = [...new Set(signatures.map((one) => TYPES[one.result]))];
    return [`\`${spelling(name) ?? `a ${name} b`}\``, operands.join("; "), results.join(", "), meaningOf(name)];
  });
  const special = specialNames().map((name) => [`\`${spelling(name)}\``, ...SPECIAL_TYPES[name], meaningOf(name)]);
  return markdownTable(["operation", "takes", "gives", "meaning"], [...logic, ...rows, ...special]);
}

/** What they take and what they give; the table of the compiler has only their forms. */
const SPECIAL_TYPES: Readonly<Record<SpecialName, readonly [string, string]>> = {
  has: ["an attribute", "boolean"],
  cidr: ["text and a constant block", "boolean"],
  duration: ["a constant text", "duration"],
  timestamp: ["a constant text", "point in time"],
  matches: ["text and a constant expression", "boolean"],
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

function findings(): string {
  const rows = codes.map((code) => [
    code,
    catalog[code].severity,
    catalog[code].message.replace(/(?<! )\{hint\}$/, ""),
  ]);
  return markdownTable(["code", "severity", "message"], rows);
}

function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, head.map(() => "---"), ...rows.map((row) => row.map(cell))];
  return `${lines.map((line) => `| ${line.join(" | ")} |`).join("\n")}\n`;
}
