import type { Span } from "./source.js";

/** A single value. `raw` is its text as written: with quotes, or with the `|` or `>` of a block. */
export interface ScalarNode {
  readonly kind: "scalar";
  readonly value: string | number | boolean | null;
  readonly raw: string;
  readonly style: "plain" | "quoted" | "block";
  /** Quotes belong to it, and so does the header of a block; the line break after a block does not. */
  readonly span: Span;
}

export interface ListNode {
  readonly kind: "list";
  readonly items: readonly Node[];
  readonly span: Span;
}

/** Entries in the order of the file; their keys are texts and differ from each other. */
export interface MapNode {
  readonly kind: "map";
  readonly entries: readonly Entry[];
  readonly span: Span;
}

export interface Entry {
  readonly key: ScalarNode;
  readonly value: Node;
}

export type Node = ScalarNode | ListNode | MapNode;

/** Steps from a node to one inside it: keys of mappings and zero-based indexes of lists. */
export type Path = readonly (string | number)[];

/** A value as plain JavaScript; mappings have no prototype, so that a key `__proto__` is a key like any other. */
export type Value = string | number | boolean | null | Value[] | { [key: string]: Value };

/** The value of a node, without places. */
export function toValue(node: Node): Value {
  switch (node.kind) {
    case "scalar":
      return node.value;
    case "list":
      return node.items.map(toValue);
    case "map": {
      const value: { [key: string]: Value } = Object.create(null);
      for (const entry of node.entries) value[String(entry.key.value)] = toValue(entry.value);
      return value;
    }
  }
}

/** The node at a path, or undefined if the path leads nowhere. */
export function nodeAt(root: Node, path: Path): Node | undefined {
  let node: Node | undefined = root;
  for (const step of path) {
    if (node === undefined) return undefined;
    node = childOf(node, step)?.value;
  }
  return node;
}

/**
 * Where a path stands in the file. A path that leads nowhere gives the nearest ancestor that exists.
 *
 * @param part `key` for the key that leads to the node; an item of a list and the root have none and give their value
 */
export function locate(root: Node, path: Path, part: "key" | "value"): Span {
  let place: { readonly key?: ScalarNode; readonly value: Node } = { value: root };
  for (const step of path) {
    const child = childOf(place.value, step);
    if (child === undefined) break;
    place = child;
  }
  return part === "key" && place.key !== undefined ? place.key.span : place.value.span;
}

function childOf(node: Node, step: string | number): { readonly key?: ScalarNode; readonly value: Node } | undefined {
  switch (node.kind) {
    case "scalar":
      return undefined;
    case "list": {
      const item = node.items[Number(step)];
      return item === undefined ? undefined : { value: item };
    }
    case "map":
      return entryOf(node, String(step));
  }
}

/** Entries from which on a mapping is looked up by an index instead of one by one. */
const MANY_ENTRIES = 16;

const indexes = new WeakMap<MapNode, ReadonlyMap<unknown, Entry>>();

function entryOf(node: MapNode, key: string): Entry | undefined {
  if (node.entries.length < MANY_ENTRIES) return node.entries.find((entry) => entry.key.value === key);
  let index = indexes.get(node);
  if (index === undefined) {
    index = new Map(node.entries.map((entry) => [entry.key.value, entry]));
    indexes.set(node, index);
  }
  return index.get(key);
}
