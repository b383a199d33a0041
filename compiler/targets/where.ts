import type { JsonValue } from "@bufbuild/protobuf";
import { readDocument } from "../syntax/document.js";
import { type Node, nodeAt, type Path } from "../syntax/node.js";
import { SourceFile } from "../syntax/source.js";

// Of a text of several documents a path begins with the number of one, from 0.

/** Each document of a YAML text, at the lines that it has there. */
function documentsOf(text: string): Node[] {
  const lines = text.split("\n");
  const starts = lines.flatMap((line, index) => (line === "---" ? [index] : []));
  // What stands before the first line `---` are comments.
  if (starts.length === 0) return parsed(lines);
  return starts.flatMap((start, index) =>
    parsed(lines.map((line, at) => (at > start && at < (starts[index + 1] ?? lines.length) ? line : ""))),
  );
}

function parsed(lines: readonly string[]): Node[] {
  const { root } = readDocument(new SourceFile("", lines.join("\n")));
  return root === undefined ? [] : [root];
}

/** The path of what stands in a line of an artifact, the innermost that begins there or before; undefined where nothing stands. */
export function pathOfLine(text: string, line: number): Path | undefined {
  const documents = documentsOf(text);
  for (const [index, root] of documents.entries()) {
    const { line: first } = root.span.source.position(root.span.start);
    const { line: last } = root.span.source.position(root.span.end);
    if (line >= first && line <= last)
      return [...(documents.length > 1 || text.includes("\n---\n") ? [index] : []), ...innermost(root, line)];
  }
  return undefined;
}

function innermost(node: Node, line: number): Path {
  const inside = children(node).filter(({ from }) => lineOf(node, from) <= line);
  const last = inside.at(-1);
  return last === undefined ? [] : [last.step, ...innermost(last.value, line)];
}

function lineOf({ span }: Node, offset: number): number {
  return span.source.position(offset).line;
}

function children(node: Node): { step: string | number; value: Node; from: number }[] {
  switch (node.kind) {
    case "scalar":
      return [];
    case "list":
      return node.items.map((value, step) => ({ step, value, from: value.span.start }));
    case "map":
      return node.entries.map(({ key, value }) => ({ step: String(key.value), value, from: key.span.start }));
  }
}

/**
 * A path as it is written: `static_resources.clusters[0]`, and of several documents `VirtualService/shop.spec.http[0]`.
 *
 * @returns undefined if it is none, or no document has the name
 */
export function readPath(text: string, artifact: string): Path | undefined {
  const [, kind, rest] = /^([A-Za-z0-9]+)\/(.+)$/.exec(text) ?? [];
  if (rest === undefined) return steps(text);
  // A name may have dots, and another one may be its beginning.
  const [found] = documentsOf(artifact)
    .flatMap((root, index) => {
      const name = scalar(root, ["kind"]) === kind ? scalar(root, ["metadata", "name"]) : undefined;
      return typeof name === "string" && `${rest}.`.startsWith(`${name}.`) ? [{ index, name }] : [];
    })
    .toSorted((a, b) => b.name.length - a.name.length);
  if (found === undefined) return undefined;
  const inner = rest === found.name ? [] : steps(rest.slice(found.name.length + 1));
  return inner === undefined ? undefined : [found.index, ...inner];
}

function scalar(root: Node, path: Path): unknown {
  const node = nodeAt(root, path);
  return node?.kind === "scalar" ? node.value : undefined;
}

function steps(text: string): Path | undefined {
  if (!/^[^.[\]]+(\.[^.[\]]+|\[[0-9]+\])*$/.test(text)) return undefined;
  return [...text.matchAll(/\[([0-9]+)\]|[^.[\]]+/g)].map(([step, index]) =>
    index === undefined ? step : Number.parseInt(index, 10),
  );
}

/** One step of a path into an artifact. */
export function child(value: JsonValue | undefined, step: string | number): JsonValue | undefined {
  if (Array.isArray(value)) return typeof step === "number" ? value[step] : undefined;
  return typeof value === "object" && value !== null ? value[step] : undefined;
}

/** A path for people. */
export function pathText(path: Path): string {
  return path.map((step, index) => (typeof step === "number" ? `[${step}]` : index === 0 ? step : `.${step}`)).join("");
}
