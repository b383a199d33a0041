import { type Entry, type MapNode, type Node, nodeAt, type Path, toValue, type Value } from "../syntax/document.js";

/**
 * A file of which some parts do not fit the schema, with two views of it: the value without these parts, for the later
 * checks, and the tree as written, for places and names. An item that is left out of a list is in neither, so that
 * indexes mean the same in both.
 */
export interface Fit {
  readonly written: MapNode;
  readonly fitting: MapNode;
}

/** Leaves out what stands at some paths, or around them where they lead to nothing: the innermost entry or item. */
export function leaveOut({ written, fitting }: Fit, paths: readonly Path[]): { fit: Fit; left: Path[] } {
  const left = paths.map((path) => reachable(fitting, path)).filter((path) => path.length > 0);
  const removal: Removal = stepsOf(
    left,
    (path) => path,
    () => true as const,
  );
  return {
    fit: { written: mapWithout(written, removal, true), fitting: mapWithout(fitting, removal, false) },
    left,
  };
}

export function fittingValue({ fitting }: Fit): Value {
  return toValue(fitting);
}

/** The entry at a path under another key. */
export interface Renaming {
  readonly path: Path;
  readonly meant: string;
}

/** Gives entries other keys; their places stay. */
export function renameKeys(root: MapNode, renamings: readonly Renaming[]): MapNode {
  const top = stepsOf(
    renamings,
    ({ path }) => path,
    ({ meant }) => meant,
  );
  return renamings.length === 0 ? root : { ...root, entries: root.entries.map((entry) => renamedEntry(entry, top)) };
}

/** Adds the entries of one mapping to another one beside it, but for those that are there. */
export function joined(root: MapNode, { path, meant }: Renaming): MapNode {
  const from = nodeAt(root, path);
  const into = nodeAt(root, [meant]);
  if (from?.kind !== "map" || into?.kind !== "map") return root;
  const there = new Set(into.entries.map(({ key }) => key.value));
  const value: MapNode = {
    ...into,
    entries: [...into.entries, ...from.entries.filter(({ key }) => !there.has(key.value))],
  };
  return { ...root, entries: root.entries.map((entry) => (entry.value === into ? { key: entry.key, value } : entry)) };
}

function reachable(root: Node, path: Path): Path {
  for (let length = path.length; length > 0; length--) {
    const part = path.slice(0, length);
    if (nodeAt(root, part) !== undefined) return part;
  }
  return [];
}

/** What changes below a node, by the steps that lead there. There can be a hundred thousand, most of them without others inside. */
interface Steps<Change> {
  change?: Change;
  inner?: Map<string, Steps<Change>>;
}

function stepsOf<Item, Change>(
  items: readonly Item[],
  pathOf: (item: Item) => Path,
  changeOf: (item: Item) => Change,
): Steps<Change> {
  const top: Steps<Change> = {};
  for (const item of items) {
    let at = top;
    for (const step of pathOf(item)) {
      const inner: Map<string, Steps<Change>> = at.inner ?? new Map();
      at.inner = inner;
      const next = inner.get(String(step)) ?? {};
      inner.set(String(step), next);
      at = next;
    }
    at.change = changeOf(item);
  }
  return top;
}

function renamed(node: Node, steps: Steps<string>): Node {
  switch (node.kind) {
    case "scalar":
      return node;
    case "list":
      return { ...node, items: node.items.map((item, index) => renamedAt(item, steps.inner?.get(String(index)))) };
    case "map":
      return { ...node, entries: node.entries.map((entry) => renamedEntry(entry, steps)) };
  }
}

function renamedAt(node: Node, steps: Steps<string> | undefined): Node {
  return steps === undefined ? node : renamed(node, steps);
}

function renamedEntry(entry: Entry, { inner }: Steps<string>): Entry {
  const steps = inner?.get(String(entry.key.value));
  if (steps === undefined) return entry;
  const key = steps.change === undefined ? entry.key : { ...entry.key, value: steps.change };
  return { key, value: renamedAt(entry.value, steps) };
}

type Removal = Steps<true>;

function without(node: Node, removal: Removal, keepsKeys: boolean): Node {
  switch (node.kind) {
    case "scalar":
      return node;
    case "list":
      return {
        ...node,
        items: node.items.flatMap((item, index) => {
          const steps = removal.inner?.get(String(index));
          if (steps === undefined) return [item];
          return steps.change === undefined ? [without(item, steps, keepsKeys)] : [];
        }),
      };
    case "map":
      return mapWithout(node, removal, keepsKeys);
  }
}

function mapWithout(map: MapNode, removal: Removal, keepsKeys: boolean): MapNode {
  const entries = map.entries.flatMap((entry): Entry[] => {
    const steps = removal.inner?.get(String(entry.key.value));
    if (steps === undefined) return [entry];
    if (steps.change !== undefined) return keepsKeys ? [entry] : [];
    return [{ key: entry.key, value: without(entry.value, steps, keepsKeys) }];
  });
  return { ...map, entries };
}
