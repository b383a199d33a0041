import { type MapNode, type Node, nodeAt, type Path, toValue, type Value } from "../syntax/document.js";

/**
 * A file of which some parts do not fit the schema, with two views of it: the value without these parts, for the later
 * checks, and the tree as written, for places and names. An item that is left out of a list is in neither, so that
 * indexes mean the same in both.
 */
export interface Fit {
  readonly written: MapNode;
  readonly fitting: Node;
}

/** Leaves out what stands at some paths, or around them where they lead to nothing: the innermost entry or item. */
export function leaveOut({ written, fitting }: Fit, paths: readonly Path[]): { fit: Fit; left: Path[] } {
  const left = paths.map((path) => reachable(fitting, path)).filter((path) => path.length > 0);
  const removal = removalOf(left);
  const rest = without(written, removal, true);
  return {
    fit: { written: rest.kind === "map" ? rest : written, fitting: without(fitting, removal, false) },
    left,
  };
}

export function fittingValue({ fitting }: Fit): Value {
  return toValue(fitting);
}

function reachable(root: Node, path: Path): Path {
  for (let length = path.length; length > 0; length--) {
    const part = path.slice(0, length);
    if (nodeAt(root, part) !== undefined) return part;
  }
  return [];
}

/** What is removed below a node, by the steps that lead there. */
interface Removal {
  whole: boolean;
  readonly inner: Map<string, Removal>;
}

function removalOf(paths: readonly Path[]): Removal {
  const top: Removal = { whole: false, inner: new Map() };
  for (const path of paths) {
    let at = top;
    for (const step of path) {
      const next = at.inner.get(String(step)) ?? { whole: false, inner: new Map() };
      at.inner.set(String(step), next);
      at = next;
    }
    at.whole = true;
  }
  return top;
}

function without(node: Node, { inner }: Removal, keepsKeys: boolean): Node {
  const remaining = <T>(member: T, step: string, value: Node, rebuild: (value: Node) => T, keep: boolean): T[] => {
    const removal = inner.get(step);
    if (removal === undefined || (removal.whole && keep)) return [member];
    return removal.whole ? [] : [rebuild(without(value, removal, keepsKeys))];
  };
  switch (node.kind) {
    case "scalar":
      return node;
    case "list":
      return {
        kind: "list",
        items: node.items.flatMap((item, index) => remaining(item, String(index), item, (value) => value, false)),
        span: node.span,
      };
    case "map":
      return {
        kind: "map",
        entries: node.entries.flatMap((entry) =>
          remaining(entry, String(entry.key.value), entry.value, (value) => ({ key: entry.key, value }), keepsKeys),
        ),
        span: node.span,
      };
  }
}
