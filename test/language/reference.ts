import { catalog, codes } from "../../compiler/diagnostics/catalog.js";
import { kinds } from "../../filters/index.js";
import { INTRODUCTION, policies, routes, SILENCE, TEST } from "./chapters.js";
import { schemas } from "./documents.js";
import { expressions } from "./expressions.js";
import { markdownTable, schemaTables } from "./schema-table.js";

/** `compiler/LANGUAGE.md`: every key, attribute, operation and finding that this version has, and how they work together. */
export function languageReference(): string {
  return [
    INTRODUCTION,
    routes(),
    policies(),
    "## Gateway\n",
    "A policy file: `kind: Gateway`. `<name>` in a heading stands for a name of your own, `[]` for each item of a list.\n",
    schemaTables(schemas.gateway, pagesOfKinds()),
    "## Fragment\n",
    fragment(),
    "## Test\n",
    TEST,
    schemaTables(schemas.test),
    "## Expressions\n",
    expressions(),
    "## Findings\n",
    SILENCE,
    findings(),
  ].join("\n");
}

/** Where a table is only the beginning: the page of a kind tells what it decides, counts and writes. */
function pagesOfKinds(): ReadonlyMap<string, string> {
  return new Map(
    kinds.map(({ name }) => {
      const folder = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
      return [
        `policies.<name>.${name}`,
        `[Its page](../filters/${folder}/README.md) tells what it decides, what it counts, and what happens when it fails.`,
      ];
    }),
  );
}

function fragment(): string {
  const keys = Object.keys(schemas.fragment.properties ?? {}).filter((key) => !["apiVersion", "kind"].includes(key));
  return `A part of a gateway, in a file that a gateway names under \`include\`: \`kind: Fragment\`, and any of ${keys
    .map((key) => `\`${key}\``)
    .join(
      ", ",
    )}, as the [gateway](#gateway) has them. A name means the same in every file, and one that is given twice is an error at both places.

\`\`\`yaml
apiVersion: sluice/v1
kind: Fragment
consumers:
  acme: { tier: gold, groups: [partners], credentials: [{ apiKey: env:ACME_KEY }] }
\`\`\`
`;
}

function findings(): string {
  const rows = codes.map((code) => {
    const { severity, message } = catalog[code];
    const title = TITLES[code];
    if (/^\{(reason|what|construct)\}/.test(message) !== (title !== undefined))
      throw new Error(`say in TITLES what ${code} is about if nothing but a parameter does, and only then`);
    return [code, severity, title ?? message.replace(/(?<! )\{hint\}$/, "")];
  });
  return markdownTable(["code", "severity", "message"], rows);
}

/** For messages that do not say what they are about without their parameters. */
const TITLES: Readonly<Record<string, string>> = {
  SL0104: "the value has not the form that its key takes, such as `timeout: 2 seconds`",
  SL0504: "the construct is not part of the expression language, such as `+` or a macro",
  SL0508: "an operand must be {expected}, but is {found}",
  SL0513: "the expression, or a part of it, is always {value}, whatever the request",
  SL0514: "the expression, or a part of it, is never true, whatever the request",
  SL0703:
    "a folder, a pattern or an address of the web cannot be included; write the path of a file, relative to this one",
  SL0711:
    "a folder, a pattern or an address of the web cannot be read here; write the path of a file, relative to this one",
};
