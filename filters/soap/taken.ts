import type { BoundParam } from "./binding.js";
import { complexOf, type Member, membersOf } from "./content.js";
import type { ComplexType, ServiceModel } from "./model.js";

// What of an object the body does not bring, as parameters do.

/** Members by their names: of those that parameters are in, which; of those that are parameters themselves, an empty map. */
export interface Taken extends ReadonlyMap<string, Taken> {}

/** What parameters take of a field of the input; of all of it without the field. */
export function takenOf(params: readonly Pick<BoundParam, "field">[], field: readonly string[] = []): Taken {
  const inside = params.filter((one) => field.every((name, index) => one.field[index] === name));
  const names = new Set(inside.flatMap((one) => one.field[field.length] ?? []));
  return new Map([...names].map((name) => [name, takenOf(inside, [...field, name])]));
}

/** Members that the body brings, or part of them. */
export function membersLeft(model: ServiceModel, type: ComplexType, taken: Taken): Member[] {
  return membersOf(type).filter((member) => {
    const part = taken.get(member.name);
    if (part === undefined) return true;
    const inner = part.size > 0 && member.kind === "element" ? complexOf(model, member.element.type) : undefined;
    return inner !== undefined && membersLeft(model, inner, part).length > 0;
  });
}
