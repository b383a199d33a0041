import type { GraphFormat } from "../../graph/print.js";

/** How a graph is printed. */
export const GRAPH_FORMATS: readonly GraphFormat[] = ["mermaid", "dot", "json"];
