import type { ElementModel, GroupModel } from "../model.js";

// Groups as schemas have them, made into those of the model: without groups that hold one thing or nothing, and without repetition of
// more than one thing.

export type Particle = ElementModel | GroupModel;

export interface Occurs {
  readonly min: number;
  readonly max: number | "unbounded";
}

export const ONCE: Occurs = { min: 1, max: 1 };

/** Beyond it a bound is none: the module counts no further. */
const MOST_OCCURRENCES = 65_535;

/**
 * A group of these children, undefined if it is empty, or "repeated" if the order of what is repeated would be lost.
 *
 * @param children undefined stands for a branch or member without content
 */
export function groupOf(
  order: GroupModel["order"],
  children: readonly (Particle | undefined)[],
  { min, max }: Occurs,
): Particle | undefined | "repeated" {
  if (max === 0) return undefined;
  const of = children.flatMap((child) => (child === undefined ? [] : spliced(order, child)));
  const empty = order === "choice" && (children.includes(undefined) || of.some(maybeEmpty));
  const occurs = { min: empty ? 0 : min, max };
  const [first] = of;
  if (first === undefined) return undefined;
  if (of.length === 1) return alone(first, occurs);
  if (max !== 1) return "repeated";
  return { kind: "group", order, optional: occurs.min === 0, of };
}

/** Members of a group of the same order belong to the group around it. */
function spliced(order: GroupModel["order"], child: Particle): readonly Particle[] {
  return child.kind === "group" && child.order === order && order !== "all" && !child.optional ? child.of : [child];
}

/** The only member of a group has the occurrences of both. */
function alone(child: Particle, outer: Occurs): Particle | "repeated" {
  if (child.kind === "group") {
    if (outer.max !== 1) return "repeated";
    return outer.min === 0 ? { ...child, optional: true } : child;
  }
  if (!isContiguous(child, outer))
    return outer.max === 1 ? { kind: "group", order: "sequence", optional: true, of: [child] } : "repeated";
  return { ...child, min: child.min * outer.min, max: product(child.max, outer.max) };
}

/** Whether every number from the least to the greatest is possible: `a{2}` once to three times is 2, 4 or 6. */
function isContiguous({ min, max }: Occurs, outer: Occurs): boolean {
  if (outer.min === outer.max) return max === "unbounded" || min === max || min <= 1 || outer.min <= 1;
  if (max === "unbounded") return outer.min > 0 || min <= 1;
  return (outer.min + 1) * min <= outer.min * max + 1;
}

function product(one: Occurs["max"], other: Occurs["max"]): Occurs["max"] {
  if (one === 0 || other === 0) return 0;
  return one === "unbounded" || other === "unbounded" ? "unbounded" : capped(one * other);
}

/** A bound that is beyond what is counted is none. */
export function capped(max: number): Occurs["max"] {
  return max > MOST_OCCURRENCES ? "unbounded" : max;
}

/** True if there may be no element of the particle. */
export function maybeEmpty(particle: Particle): boolean {
  if (particle.kind === "element") return particle.min === 0;
  if (particle.optional || particle.of.length === 0) return true;
  return particle.order === "choice" ? particle.of.some(maybeEmpty) : particle.of.every(maybeEmpty);
}

/** The elements of a particle, in the order of the schema. */
export function elementsOf(particle: Particle | undefined): ElementModel[] {
  if (particle === undefined) return [];
  return particle.kind === "element" ? [particle] : particle.of.flatMap(elementsOf);
}
