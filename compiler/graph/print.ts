import { dotText } from "./dot.js";
import { pictureOf } from "./label.js";
import type { LiveGraph } from "./live.js";
import { livePicture } from "./live-label.js";
import { mermaidText } from "./mermaid.js";
import type { ServiceGraph } from "./model.js";
import type { Picture } from "./picture.js";

/** How a graph is printed. */
export type GraphFormat = "mermaid" | "dot" | "json";

/** A graph as text; the same graph always gives the same bytes. */
export function graphText(graph: ServiceGraph, format: GraphFormat): string {
  return textOf({ version: 1, ...graph }, pictureOf(graph), format);
}

/** The graph of traces as text; the same graph always gives the same bytes. */
export function liveText(graph: LiveGraph, format: GraphFormat): string {
  return textOf({ version: 1, ...graph }, livePicture(graph), format);
}

function textOf(data: object, picture: Picture, format: GraphFormat): string {
  switch (format) {
    case "mermaid":
      return mermaidText(picture);
    case "dot":
      return dotText(picture);
    case "json":
      return `${JSON.stringify(data, undefined, 2)}\n`;
  }
}
