import { posix } from "node:path";

/** A claim of a printed tree: something at this path, where `*` stands for any part of a name. */
export interface Claim {
  readonly pattern: string;
  /** One-based line in the document. */
  readonly line: number;
}

const FENCE = /^( *)```[^\n]*\n([\s\S]*?)^\1```/gm;
const FILE_NAME = /^[\w.*-]+(\/[\w.*-]+)*(\/|\.(ts|mjs|md|json|yaml|wasm|binpb))$/;

/**
 * The paths that the trees of a Markdown document name. A tree is a fenced block that begins with `package.json`. Two
 * spaces of indentation are one level; a line is names, then two spaces or more, then words about them. File names
 * among those words are within the folders of the line. `<name>` and `*` stand for any name, `{a,b}` for each of two.
 */
export function claimsOf(markdown: string): Claim[] {
  return [...markdown.matchAll(FENCE)].flatMap(({ 0: block, 1: margin = "", 2: body = "", index }) => {
    if (!body.slice(margin.length).startsWith("package.json ")) return [];
    const first = markdown.slice(0, index).split("\n").length + 1;
    return block === "" ? [] : claimsOfTree(body, margin.length, first);
  });
}

function claimsOfTree(tree: string, margin: number, firstLine: number): Claim[] {
  /** Folders of the lines above, by indentation. */
  const open: { indent: number; folders: readonly string[] }[] = [];
  return tree.split("\n").flatMap((text, offset) => {
    const line = text.slice(margin);
    const indent = line.length - line.trimStart().length;
    const [head = "", about = ""] = divide(line.trim());
    if (head === "") return [];
    while ((open.at(-1)?.indent ?? -1) >= indent) open.pop();
    const parents = open.at(-1)?.folders ?? [""];
    const named = within(parents, head.split(/\s+/));
    const folders = named.filter((path) => path.endsWith("/"));
    if (folders.length > 0) open.push({ indent, folders });
    const mentioned = within(
      folders,
      about.split(/[\s,;:()`]+/).filter((word) => isFileName(word)),
    );
    return [...named, ...mentioned].map((pattern) => ({ pattern, line: firstLine + offset }));
  });
}

/** Names and the words about them. */
function divide(line: string): [string, string] {
  const gap = line.search(/ {2,}/);
  return gap < 0 ? [line, ""] : [line.slice(0, gap), line.slice(gap).trim()];
}

function within(folders: readonly string[], names: readonly string[]): string[] {
  const plain = names.flatMap((name) => alternatives(name.replace(/<[^>]*>/g, "*")));
  return folders.flatMap((folder) => plain.map((name) => posix.join(folder, name)));
}

function isFileName(word: string): boolean {
  return alternatives(word.replace(/<[^>]*>/g, "*")).every((name) => FILE_NAME.test(name));
}

/** `a/{b,c}.ts` is `a/b.ts` and `a/c.ts`. */
function alternatives(name: string): string[] {
  const [, before = "", choices = "", after = ""] = /^([^{]*)\{([^}]*)\}(.*)$/.exec(name) ?? [];
  return choices === "" ? [name] : choices.split(",").flatMap((choice) => alternatives(before + choice + after));
}

/** Claims that no file or folder bears out. Paths are from the root; those of folders end with `/`. */
export function unfounded(claims: readonly Claim[], paths: readonly string[]): Claim[] {
  return claims.filter(({ pattern }) => {
    const matcher = new RegExp(`^${pattern.split("*").map(literally).join("[^/]*")}$`);
    return !paths.some((path) => matcher.test(path));
  });
}

function literally(text: string): string {
  return text.replace(/[\\^$.|?+()[\]{}]/g, "\\$&");
}
