import { complexOf, elementsOf, maybeEmpty, requiredValues } from "./content.js";
import type { ComplexType, ElementModel, GroupModel, ServiceModel } from "./model.js";

// What of an input no request can bring, as it is neither in the path, nor in the query, nor under the body.

/** The parts of an input that requests bring: a parameter, all of an object but what is named, or what is named. */
export type Brought = { is: "parameter"; always: boolean } | { is: "body" } | Partly;

export interface Partly {
  is: "partly";
  /** The body brings the members that are not here. */
  open: boolean;
  members: Map<string, Brought>;
}

export function partly(open: boolean): Partly {
  return { is: "partly", open, members: new Map() };
}

/** Puts a part to its place in the tree; false if something is there already, or in a part of it. */
export function bring(tree: Partly, path: readonly string[], part: Brought): boolean {
  let node = tree;
  for (const [index, name] of path.entries()) {
    const there = node.members.get(name);
    if (index === path.length - 1) {
      if (there !== undefined) return false;
      node.members.set(name, part);
    } else if (there === undefined) {
      // Who brings what is beside an object also brings what else is in it.
      const inner = partly(node.open);
      node.members.set(name, inner);
      node = inner;
    } else if (there.is === "partly") node = there;
    else return false;
  }
  return true;
}

/** Paths of required fields of a type that no request brings; of a choice the alternatives, joined. */
export function missingOf(model: ServiceModel, type: ComplexType, tree: Partly, prefix = ""): string[] {
  const own = tree.open ? [] : requiredValues(type).filter((name) => !tree.members.has(name));
  return [...own.map((name) => prefix + name), ...(type.content ? inGroup(model, type.content, tree, prefix) : [])];
}

function inGroup(model: ServiceModel, group: GroupModel, tree: Partly, prefix: string): string[] {
  const touched = group.of.filter((part) => touches(part, tree));
  if (touched.length === 0 && (group.optional || tree.open)) return [];
  if (group.order !== "choice") return group.of.flatMap((part) => inPart(model, part, tree, prefix));
  if (touched.length > 0) return touched.flatMap((part) => inPart(model, part, tree, prefix));
  if (group.of.some(maybeEmpty)) return [];
  return [
    elementsOf(group)
      .map(({ name }) => `${prefix}${name}`)
      .join("|"),
  ];
}

function inPart(model: ServiceModel, part: ElementModel | GroupModel, tree: Partly, prefix: string): string[] {
  if (part.kind === "group") return inGroup(model, part, tree, prefix);
  const brought = tree.members.get(part.name);
  if (brought === undefined) return part.min > 0 && !tree.open ? [`${prefix}${part.name}`] : [];
  const type = brought.is === "partly" ? complexOf(model, part.type) : undefined;
  return brought.is === "partly" && type ? missingOf(model, type, brought, `${prefix}${part.name}.`) : [];
}

function touches(part: ElementModel | GroupModel, tree: Partly): boolean {
  return elementsOf(part).some(({ name }) => tree.members.has(name));
}

/** Two fields that every request brings and that are alternatives of one choice; undefined if there are none. */
export function exclusive(model: ServiceModel, type: ComplexType, tree: Partly): [string, string] | undefined {
  const found = type.content === undefined ? undefined : exclusiveIn(type.content, tree);
  if (found !== undefined) return found;
  for (const element of elementsOf(type.content)) {
    const inner = tree.members.get(element.name);
    const of = complexOf(model, element.type);
    const below = inner?.is === "partly" && of !== undefined ? exclusive(model, of, inner) : undefined;
    if (below !== undefined) return below;
  }
  return undefined;
}

function exclusiveIn(group: GroupModel, tree: Partly): [string, string] | undefined {
  if (group.order === "choice") {
    const [one, other] = group.of.flatMap((part) => alwaysIn(part, tree).slice(0, 1));
    if (one !== undefined && other !== undefined) return [one, other];
  }
  for (const part of group.of) {
    const found = part.kind === "group" ? exclusiveIn(part, tree) : undefined;
    if (found !== undefined) return found;
  }
  return undefined;
}

function alwaysIn(part: ElementModel | GroupModel, tree: Partly): string[] {
  return elementsOf(part).flatMap(({ name }) => {
    const brought = tree.members.get(name);
    return brought !== undefined && isAlways(brought) ? [name] : [];
  });
}

function isAlways(brought: Brought): boolean {
  switch (brought.is) {
    case "parameter":
      return brought.always;
    case "body":
      return true;
    case "partly":
      return [...brought.members.values()].some(isAlways);
  }
}
