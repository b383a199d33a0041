import type { MapNode, Node, Path, Value } from "../../syntax/document.js";
import { toValue } from "../../syntax/document.js";
import type { SourceFile, Span } from "../../syntax/source.js";

/** One file of a policy, read as YAML. */
export interface PolicyFile {
  readonly source: SourceFile;
  readonly root: Node;
}

/** A place in a policy file where something may be changed. */
export interface Site {
  /** In its own file, which has the sections of a gateway. */
  readonly path: Path;
  readonly node: Node;
  /** Where a finding about it would stand: an entry begins at its key. */
  readonly span: Span;
}

/** What the whole gateway tells about one of its parts. */
export interface Surroundings {
  readonly tiers: readonly string[];
  readonly groups: readonly string[];
  readonly services: readonly string[];
  /** Policies under `defaults`. */
  readonly defaults: readonly string[];
  /** True if a policy reads the address or the scheme that trusted hops may tell. */
  readonly readsHops: boolean;
}

/** What an operator makes of a site. */
export interface Change {
  /** Of what is replaced, if it is not the site itself. */
  readonly path?: Path;
  /** In its place; undefined takes it out. */
  readonly value: Value | undefined;
  /** In words: `5/minute becomes 10/minute`. */
  readonly shown: string;
}

/** One way to remove or weaken something. */
export interface Operator {
  readonly name: string;
  /** Finds what there is to do at a site. */
  changes(site: Site, around: Surroundings): readonly Change[];
}

/** One change of one file, after which the policy protects less, or something else. */
export interface Mutation extends Change {
  readonly operator: string;
  readonly path: Path;
  readonly span: Span;
}

/** Every entry and every item below a mapping, in the order of the file. */
export function sitesIn(root: MapNode): Site[] {
  return below(root, []);
}

function below(node: Node, path: Path): Site[] {
  const inner = (child: Node, step: string | number, span: Span): Site[] => {
    const place = [...path, step];
    return [{ path: place, node: child, span }, ...below(child, place)];
  };
  switch (node.kind) {
    case "scalar":
      return [];
    case "list":
      return node.items.flatMap((item, index) => inner(item, index, item.span));
    case "map":
      return node.entries.flatMap(({ key, value }) =>
        inner(value, String(key.value), { ...key.span, end: Math.max(key.span.end, value.span.end) }),
      );
  }
}

/** The text of a file after a change: JSON, which is YAML. Comments are gone, and with them what they silence. */
export function mutatedText(root: Node, { path, value }: Mutation): string {
  return JSON.stringify(replaced(toValue(root), path, value));
}

function replaced(before: Value, [step, ...rest]: Path, value: Value | undefined): Value {
  if (step === undefined) return value ?? null;
  const goes = rest.length === 0 && value === undefined;
  if (Array.isArray(before))
    return before.flatMap((item, index) => (index !== step ? [item] : goes ? [] : [replaced(item, rest, value)]));
  if (typeof before !== "object" || before === null) return before;
  const kept = Object.entries(before).filter(([key]) => !(goes && key === step));
  if (goes) return Object.fromEntries(kept);
  // A key that is not there yet comes last.
  return { ...before, [step]: replaced(before[step] ?? null, rest, value) };
}

/** True if a path begins as a pattern says, such as `routes.*.match.path`, in which `*` stands for any one step. */
export function startsLike(path: Path, pattern: string): boolean {
  const steps = pattern.split(".");
  return steps.length <= path.length && steps.every((step, index) => step === "*" || step === String(path[index]));
}

/** True if a path is as a pattern says. */
export function isLike(path: Path, pattern: string): boolean {
  return path.length === pattern.split(".").length && startsLike(path, pattern);
}
