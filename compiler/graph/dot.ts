import { edgeLines, nodeLines } from "./label.js";
import type { GraphNode, ServiceGraph } from "./model.js";

/** A directed graph for Graphviz. */
export function dotText({ gateway, nodes, edges }: ServiceGraph): string {
  const lines = [
    "rankdir=LR;",
    'node [fontname="sans-serif"];',
    'edge [fontname="sans-serif"];',
    ...nodes.map((node) => `${quoted([node.id])} [label=${quoted(nodeLines(node))}, shape=${shape(node)}];`),
    ...edges.map((edge) => {
      const label = edgeLines(edge);
      const said = label.length === 0 ? "" : ` [label=${quoted(label)}]`;
      return `${quoted([edge.from])} -> ${quoted([edge.to])}${said};`;
    }),
  ];
  return `digraph ${quoted([gateway])} {\n${lines.map((line) => `  ${line}\n`).join("")}}\n`;
}

function shape({ type }: GraphNode): string {
  switch (type) {
    case "listener":
      return "ellipse";
    case "gateway":
      return "hexagon";
    case "route":
      return "box";
    case "service":
      return "cylinder";
  }
}

/** A string of DOT: a quote ends it, a backslash begins an escape such as `\N`, and `\n` ends a line of a label. */
function quoted(lines: readonly string[]): string {
  const escaped = lines.map((line) => line.replace(/\s+/g, " ").replace(/[\\"]/g, "\\$&"));
  // Graphviz reads entities of HTML in every string.
  return `"${escaped.map((line) => line.replaceAll("&", "&amp;")).join("\\n")}"`;
}
