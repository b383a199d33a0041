import type { Picture, PictureEdge, PictureNode } from "./picture.js";

/** A flow chart of Mermaid, as Markdown on GitHub shows it. Nodes are numbered: an id of ours could be a word of Mermaid. */
export function mermaidText({ nodes, edges }: Picture): string {
  const numbers = new Map(nodes.map(({ id }, index) => [id, `n${index}`]));
  const lines = [
    ...nodes.map((node, index) => `n${index}${shape(node)}`),
    ...edges.map(({ from, to, stroke, lines }) => {
      const label = labelText(lines);
      return `${numbers.get(from)} ${ARROWS[stroke]}${label === "" ? "" : `|"${label}"|`} ${numbers.get(to)}`;
    }),
  ];
  return `flowchart LR\n${lines.map((line) => `  ${line}\n`).join("")}`;
}

const ARROWS: Readonly<Record<PictureEdge["stroke"], string>> = { plain: "-->", dashed: "-.->", bold: "==>" };

function shape({ shape, lines }: PictureNode): string {
  const label = `"${labelText(lines)}"`;
  switch (shape) {
    case "round":
      return `([${label}])`;
    case "hexagon":
      return `{{${label}}}`;
    case "box":
      return `[${label}]`;
    case "cylinder":
      return `[(${label})]`;
  }
}

function labelText(lines: readonly string[]): string {
  return lines.map(escapeMermaid).join("<br/>");
}

/**
 * A text inside of a quoted label. Mermaid reads `#...;` there as an entity and shows the rest as HTML; `%%` could begin a
 * directive, a backtick or `*` Markdown.
 */
function escapeMermaid(text: string): string {
  return oneLine(text).replace(/["#&<>`*_~\\]|%%/g, (found) =>
    [...found].map((character) => `#${character.charCodeAt(0)};`).join(""),
  );
}

/** A line break would end the statement. */
function oneLine(text: string): string {
  return text.replace(/\s+/g, " ");
}
