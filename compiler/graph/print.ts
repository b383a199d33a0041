import { dotText } from "./dot.js";
import { mermaidText } from "./mermaid.js";
import type { ServiceGraph } from "./model.js";

/** How a graph is printed. */
export type GraphFormat = "mermaid" | "dot" | "json";

/** A graph as text; the same graph always gives the same bytes. */
export function graphText(graph: ServiceGraph, format: GraphFormat): string {
  switch (format) {
    case "mermaid":
      return mermaidText(graph);
    case "dot":
      return dotText(graph);
    case "json":
      return `${JSON.stringify({ version: 1, ...graph }, undefined, 2)}\n`;
  }
}
