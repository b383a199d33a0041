import { matchText } from "../plan/shown.js";
import type { GraphEdge, GraphNode, ServiceGraph } from "./model.js";
import type { Picture, PictureNode } from "./picture.js";

/** A graph as it is drawn. */
export function pictureOf({ gateway, nodes, edges }: ServiceGraph): Picture {
  return {
    title: gateway,
    nodes: nodes.map((node) => ({ id: node.id, shape: SHAPES[node.type], lines: nodeLines(node) })),
    edges: edges.map((edge) => ({ from: edge.from, to: edge.to, stroke: "plain", lines: edgeLines(edge) })),
  };
}

const SHAPES: Readonly<Record<GraphNode["type"], PictureNode["shape"]>> = {
  listener: "round",
  gateway: "hexagon",
  route: "box",
  service: "cylinder",
};

/** Matches and operations that a picture shows; of more it says how many there are. */
const SHOWN = 4;

/** What stands in the box of a node, line by line; the name comes first. */
function nodeLines(node: GraphNode): string[] {
  switch (node.type) {
    case "listener":
      return [node.name, `${node.tls ? "https" : "http"}://${node.address}`];
    case "gateway":
      return [node.name];
    case "route": {
      const { answer } = node;
      const reply = answer === undefined ? [] : [`${answer.redirect ? "redirects" : "answers"} ${answer.status}`];
      const on = node.listeners === undefined ? [] : [`on ${node.listeners.join(", ")}`];
      return [node.name, ...on, ...few(node.matches.map(matchText)), ...reply];
    }
    case "service":
      return [
        node.name,
        ...(node.file === undefined ? [] : [node.file]),
        ...few(node.endpoints),
        ...(node.tls ? ["TLS"] : []),
      ];
  }
}

/** What is written at an edge, line by line; nothing at some. */
function edgeLines(edge: GraphEdge): string[] {
  switch (edge.type) {
    case "listens":
      return [];
    case "routes":
      return edge.policies.map(({ name, shadow, when }) => {
        const conduct = [...(shadow ? ["shadow"] : []), ...(when === undefined ? [] : ["when"])];
        return conduct.length === 0 ? name : `${name} (${conduct.join(", ")})`;
      });
    case "forwards": {
      const operations = edge.operations.map(({ name, method, path }) => `${name}: ${method} ${path}`);
      return [...(edge.callers === undefined ? [] : [edge.callers]), ...shareOf(edge), ...few(operations)];
    }
    case "copies":
      return ["copies", ...shareOf(edge)];
    case "failsOver":
      return [edge.position === 1 ? "failover" : `failover ${edge.position}`];
  }
}

function shareOf({ percent }: { percent: number }): string[] {
  return percent === 100 ? [] : [`${percent}%`];
}

function few(lines: readonly string[]): string[] {
  return lines.length <= SHOWN ? [...lines] : [...lines.slice(0, SHOWN), `and ${lines.length - SHOWN} more`];
}
