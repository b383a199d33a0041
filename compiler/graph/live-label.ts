import { countText, type LiveEdge, type LiveGraph, type LiveNode } from "./live.js";
import type { Picture, PictureEdge, PictureNode } from "./picture.js";

/** A graph of traces as it is drawn: what only the policy has is dashed, what only the traces have is bold. */
export function livePicture({ gateway, nodes, edges }: LiveGraph): Picture {
  return {
    title: gateway,
    nodes: nodes.map((node) => ({ id: node.id, shape: SHAPES[node.type], lines: nodeLines(node) })),
    edges: edges.map((edge) => ({
      from: edge.from,
      to: edge.to,
      stroke: STROKES[edge.standing],
      lines: edgeLines(edge),
    })),
  };
}

const SHAPES: Readonly<Record<LiveNode["type"], PictureNode["shape"]>> = {
  outside: "round",
  gateway: "hexagon",
  service: "cylinder",
  other: "box",
};

const STROKES: Readonly<Record<LiveEdge["standing"], PictureEdge["stroke"]>> = {
  agreed: "plain",
  beyond: "plain",
  unseen: "dashed",
  unplanned: "bold",
};

function nodeLines(node: LiveNode): string[] {
  if (node.type !== "service" || node.tracedAs.length === 0) return [node.name];
  return [node.name, `as ${node.tracedAs.join(", ")}`];
}

function edgeLines({ standing, calls, errorRate, p50Ms, p99Ms }: LiveEdge): string[] {
  if (calls === 0) return ["not in the traces"];
  return [
    countText(calls),
    `${Math.round(errorRate * 1000) / 10}% errors`,
    ...(p50Ms === undefined || p99Ms === undefined ? [] : [`p50 ${timeText(p50Ms)}, p99 ${timeText(p99Ms)}`]),
    ...(standing === "unplanned" ? ["not in the policy"] : []),
  ];
}

/** With three digits, which is more than such figures are worth. */
function timeText(milliseconds: number): string {
  const [value, unit] = milliseconds < 1000 ? [milliseconds, "ms"] : [milliseconds / 1000, "s"];
  return `${Number(value.toPrecision(3))} ${unit}`;
}
