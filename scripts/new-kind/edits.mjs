import { Refusal } from "./names.mjs";

// The places where a file knows all kinds. Each is looked for in what the file has today; one that is gone stops the script.

/**
 * The files that know all kinds, with a new one in them.
 * @param {ReturnType<typeof import("./names.mjs").namesOf>} names
 * @param {(path: string) => string} read
 * @returns {{ path: string, text: string }[]}
 */
export function editedFiles(names, read) {
  return Object.entries(editsFor(names, read)).map(([path, edits]) => ({
    path,
    text: edits.reduce((text, edit) => applied(path, text, edit), read(path)),
  }));
}

/** Each of them names what it changes, finds it `times` (once if that is left out), and says what comes in its place. */
function editsFor(names, read) {
  const { kebab, camel } = names;
  const targets = Object.keys(JSON.parse(read("asconfig.json")).targets).length;
  return {
    "asconfig.json": [
      {
        what: "the list `use` of each module",
        find: /"([a-z-]+)": \{\s*"use": \[([^\]]*?)\s*\]/g,
        times: targets,
        by: (_, module, use) => `"${module}": { "use": [${use}, "${names.define}=${module === "guard" ? 1 : 0}"]`,
      },
    ],
    "filters/README.md": [
      {
        what: "the folders of kinds in the tree",
        find: /(?:^ {2}[a-z-]+\/ +README\.md kind\.ts .*\n)+/gm,
        by: (lines) =>
          withLine(lines, `  ${`${kebab}/`.padEnd(21)}  README.md kind.ts model.ts module.ts assembly/ cases/`),
      },
      {
        what: "the rows of the table of kinds",
        find: /(?:^\| \[\w+\]\([a-z-]+\/README\.md\) \|.*\n)+/gm,
        by: (lines) => withLine(lines, `| [${camel}](${kebab}/README.md) | wants a request header | 403 | closed |`),
      },
    ],
    "filters/index.ts": [
      {
        what: "the import of authenticate",
        find: /^import \{ authenticate \} from .*\n/gm,
        by: (line) => `import { ${camel} } from "./${kebab}/kind.js";\n${line}`,
      },
      {
        what: "the list `kinds`",
        find: /(const kinds: readonly PolicyKind\[\] = \[)([^\]]*)\]/g,
        by: (_, before, list) => `${before}${withWord(list, camel)}]`,
      },
      {
        what: "the kinds of guard.wasm in `modules`",
        find: /( {2}guard: \[)([^\]]*)\]/g,
        by: (_, before, list) => `${before}${withWord(list, camel)}]`,
      },
    ],
    "filters/modules/README.md": [
      {
        what: "the row of guard.wasm",
        find: /^\| `guard\.wasm` \| ([^|]*) \|/gm,
        by: (_, list) => `| \`guard.wasm\` | ${withWord(list, `\`${camel}\``)} |`,
      },
    ],
    "filters/modules/kinds.ts": kindsInTheModule(names),
    "test/language/chapters.ts": [
      {
        what: "the policies of the phase `authorize`",
        find: /( authorize: \[\s*"\[authorize\][^"]*)"/g,
        by: (_, before) => `${before}, [${camel}](../filters/${kebab}/README.md)"`,
      },
    ],
  };
}

function kindsInTheModule({ kebab, camel, pascal, define }) {
  return [
    {
      what: "the import of authorize",
      find: /^import \{ AuthorizePolicy, readAuthorize \} from .*\n/gm,
      by: (line) =>
        `${line}import { judge${pascal}, ${camel}Decision } from "../${kebab}/assembly/${kebab}";
import { ${pascal}Policy, read${pascal} } from "../${kebab}/assembly/policy";\n`,
    },
    {
      what: "the members of `Kind`",
      find: /(export enum Kind \{\n)((?: {2}\w+ = \d+,\n)+)/g,
      by: (_, before, members) => `${before}${members}  ${pascal} = ${members.split("\n").length},\n`,
    },
    {
      what: "the comment before the common members of `Policy`",
      find: /^ {2}\/\/ What the core asks of every kind\.\n/gm,
      by: (line) => `  ${camel}: ${pascal}Policy = none<${pascal}Policy>();\n${line}`,
    },
    {
      what: "the names of members in `readPolicy`",
      find: /"name mode when onError ([A-Za-z0-9 ]+)"/g,
      by: (_, list) => `"name mode when onError ${list} ${camel}"`,
    },
    {
      what: "the end of `readKind`",
      find: /^ {2}return refuse\(body, "is not part of this module"\);\n/gm,
      by: (line) =>
        `  if (${define} && stringIs(kind, "${camel}")) {
    policy.kind = Kind.${pascal};
    const own = keepRecord<${pascal}Policy>();
    policy.${camel} = own;
    if (!read${pascal}(body, policy.name, own, interest)) return false;
    return setCommon(policy, own.counters, own.needs);
  }\n${line}`,
    },
    {
      what: "the end of `counterWord`",
      find: /^ {2}return "rate-limit";\n/gm,
      by: (line) => `  if (${define} && kind === Kind.${pascal}) return "${kebab}";\n${line}`,
    },
    {
      what: "the end of `ask`",
      find: /^ {2}\/\/ There is no other kind; .*\n/gm,
      by: (line) =>
        `  if (${define} && policy.kind === Kind.${pascal}) {
    const allowed = judge${pascal}(policy.${camel});
    decision = ${camel}Decision();
    denial = policy.${camel}.denial;
    return allowed;
  }\n${line}`,
    },
  ];
}

function applied(path, text, { what, find, by, times = 1 }) {
  const count = [...text.matchAll(find)].length;
  if (count === times) return text.replaceAll(find, by);
  const found = count === 0 ? "is not found" : `is found ${count} times`;
  throw new Refusal(
    `${path}: ${what} ${found}: ${find.source}`,
    "The file has changed; say in scripts/new-kind/edits.mjs where the kind goes now.",
  );
}

/** Lines with one more, in order. */
function withLine(lines, line) {
  return `${[...lines.trimEnd().split("\n"), line].toSorted().join("\n")}\n`;
}

/** A list between commas with one more, in order. */
function withWord(list, word) {
  const words = list.split(",").map((one) => one.trim());
  return [...words.filter((one) => one !== ""), word].toSorted().join(", ");
}
