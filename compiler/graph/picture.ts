/** A graph without its meaning: what is drawn, and what is written at it. */
export interface Picture {
  readonly title: string;
  readonly nodes: readonly PictureNode[];
  readonly edges: readonly PictureEdge[];
}

export interface PictureNode {
  /** That of no other node. */
  readonly id: string;
  readonly shape: "round" | "hexagon" | "box" | "cylinder";
  readonly lines: readonly string[];
}

export interface PictureEdge {
  readonly from: string;
  readonly to: string;
  readonly stroke: "plain" | "dashed" | "bold";
  readonly lines: readonly string[];
}
