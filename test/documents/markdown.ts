import { readdirSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { packageRoot } from "../../compiler/cli/files.js";

/** A fenced block of a document. */
export interface Block {
  /** Path of the document from the root of the repository. */
  readonly document: string;
  /** One-based line of the first line of the text. */
  readonly line: number;
  /** The word after the fence; empty if there is none. */
  readonly language: string;
  readonly text: string;
}

export interface Document {
  readonly path: string;
  readonly text: string;
  readonly blocks: readonly Block[];
}

const NOT_OURS = new Set([".git", "node_modules", "dist", "coverage"]);
const FENCE = /^( *)```(\S*)[^\n]*\n([\s\S]*?)^\1```/gm;

/** Every Markdown file of the project, sorted by path. */
export function allDocuments(): Document[] {
  return markdownFiles("").map((path) => {
    const text = readFileSync(join(packageRoot(), path), "utf8");
    return { path, text, blocks: blocksOf(path, text) };
  });
}

function markdownFiles(folder: string): string[] {
  return readdirSync(join(packageRoot(), folder), { withFileTypes: true })
    .filter((entry) => !NOT_OURS.has(entry.name))
    .flatMap((entry) => {
      const path = posix.join(folder, entry.name);
      if (entry.isDirectory()) return markdownFiles(path);
      return path.endsWith(".md") ? [path] : [];
    })
    .toSorted();
}

function blocksOf(document: string, text: string): Block[] {
  return [...text.matchAll(FENCE)].map(({ 1: margin = "", 2: language = "", 3: body = "", index }) => ({
    document,
    line: text.slice(0, index).split("\n").length + 1,
    language,
    text: body
      .split("\n")
      .map((line) => (line.startsWith(margin) ? line.slice(margin.length) : line))
      .join("\n"),
  }));
}

/** `README.md:12`, as it is shown in findings. */
export function placeOf(block: Block): string {
  return `${block.document}:${block.line}`;
}

/** The commands of `sh` blocks, one a line, without their comments. */
export function commandLines(documents: readonly Document[]): { document: string; line: string }[] {
  return documents
    .flatMap(({ blocks }) => blocks.filter(({ language }) => language === "sh"))
    .flatMap(({ document, text }) =>
      text.split("\n").map((line) => ({ document, line: line.replace(/ +#.*$/, "").trim() })),
    )
    .filter(({ line }) => line !== "");
}

/** The commands by which README.md has the package made and installed elsewhere, in their order. */
export function installationLines(documents: readonly Document[]): string[] {
  const block = documents
    .flatMap(({ blocks }) => blocks)
    .find(({ document, language, text }) => document === "README.md" && language === "sh" && /^npm pack\b/.test(text));
  return (block?.text.split("\n") ?? []).map((line) => line.replace(/ +#.*$/, "").trim()).filter((line) => line !== "");
}

/** Targets of links within the repository, as paths from its root; `#anchors` are left out. */
export function relativeLinks({ path, text }: Document): string[] {
  const prose = text.replaceAll(FENCE, "").replaceAll(/`[^`\n]*`/g, "");
  const targets = [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = ""]) => target.replace(/#.*$/, ""));
  return targets
    .filter((target) => target !== "" && !/^[a-z]+:/.test(target))
    .map((target) => posix.join(posix.dirname(path), target));
}

/** True if the lines of a block stand in a text one after another, however far they are indented there. */
export function isExcerpt(block: string, text: string): boolean {
  const lines = block.trimEnd().split("\n");
  return Array.from({ length: 64 }, (_, indent) => " ".repeat(indent)).some((margin) =>
    `\n${text}`.includes(`\n${lines.map((line) => (line === "" ? "" : margin + line)).join("\n")}\n`),
  );
}
