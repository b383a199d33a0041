import { edgeLines, nodeLines } from "./label.js";
import type { GraphNode, ServiceGraph } from "./model.js";

/** A flow chart of Mermaid, as Markdown on GitHub shows it. Nodes are numbered: an id of ours could be a word of Mermaid. */
export function mermaidText({ nodes, edges }: ServiceGraph): string {
  const numbers = new Map(nodes.map(({ id }, index) => [id, `n${index}`]));
  const lines = [
    ...nodes.map((node, index) => `n${index}${shape(node)}`),
    ...edges.map((edge) => {
      const label = labelText(edgeLines(edge));
      return `${numbers.get(edge.from)} -->${label === "" ? "" : `|"${label}"|`} ${numbers.get(edge.to)}`;
    }),
  ];
  return `flowchart LR\n${lines.map((line) => `  ${line}\n`).join("")}`;
}

function shape(node: GraphNode): string {
  const label = `"${labelText(nodeLines(node))}"`;
  switch (node.type) {
    case "listener":
      return `([${label}])`;
    case "gateway":
      return `{{${label}}}`;
    case "route":
      return `[${label}]`;
    case "service":
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
