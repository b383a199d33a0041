import type { Picture, PictureEdge, PictureNode } from "./picture.js";

/** A directed graph for Graphviz. */
export function dotText({ title, nodes, edges }: Picture): string {
  const lines = [
    "rankdir=LR;",
    'node [fontname="sans-serif"];',
    'edge [fontname="sans-serif"];',
    ...nodes.map(({ id, shape, lines }) => `${quoted([id])} [label=${quoted(lines)}, shape=${SHAPES[shape]}];`),
    ...edges.map((edge) => `${quoted([edge.from])} -> ${quoted([edge.to])}${attributes(edge)};`),
  ];
  return `digraph ${quoted([title])} {\n${lines.map((line) => `  ${line}\n`).join("")}}\n`;
}

const SHAPES: Readonly<Record<PictureNode["shape"], string>> = {
  round: "ellipse",
  hexagon: "hexagon",
  box: "box",
  cylinder: "cylinder",
};

function attributes({ stroke, lines }: PictureEdge): string {
  const said = [
    ...(lines.length === 0 ? [] : [`label=${quoted(lines)}`]),
    ...(stroke === "plain" ? [] : [`style=${stroke}`]),
  ];
  return said.length === 0 ? "" : ` [${said.join(", ")}]`;
}

/** A string of DOT: a quote ends it, a backslash begins an escape such as `\N`, and `\n` ends a line of a label. */
function quoted(lines: readonly string[]): string {
  const escaped = lines.map((line) => line.replace(/\s+/g, " ").replace(/[\\"]/g, "\\$&"));
  // Graphviz reads entities of HTML in every string.
  return `"${escaped.map((line) => line.replaceAll("&", "&amp;")).join("\\n")}"`;
}
