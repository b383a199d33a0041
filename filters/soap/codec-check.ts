import type { Json, JsonObject } from "../../compiler/plan/plan.js";
import { elementsOf, isRepeated, membersOf, requiredValues, typeOf } from "./content.js";
import { problemOf } from "./lexical.js";
import type { ComplexType, ElementModel, GroupModel, ServiceModel } from "./model.js";

/** What of a value does not fit: a JSON pointer (RFC 6901) to it, and the end of a sentence about it. */
export interface Misfit {
  pointer: string;
  message: string;
}

/** What of a value of JSON does not fit an element that is there once; empty if all of it does. */
export function checkElement(model: ServiceModel, element: ElementModel, value: Json, pointer = ""): Misfit[] {
  if (value === null) return element.nillable ? [] : [{ pointer, message: "must not be null" }];
  const { type } = element;
  if ("complex" in type) return checkObject(model, typeOf(model, type.complex), value, pointer);
  const problem = problemOf(model, type.simple, value) ?? fixedProblem(element, value);
  return problem === undefined ? [] : [{ pointer, message: problem }];
}

function fixedProblem({ fixed }: { fixed?: string }, value: Json): string | undefined {
  return fixed === undefined || String(value) === fixed ? undefined : `must be \`${fixed}\``;
}

function checkObject(model: ServiceModel, type: ComplexType, value: Json, pointer: string): Misfit[] {
  if (!isObject(value)) return [{ pointer, message: "must be an object" }];
  const known = membersOf(type);
  const misfits = known.flatMap((member): Misfit[] => {
    const inner = memberOf(value, member.name);
    if (inner === undefined) return [];
    const place = `${pointer}/${pointerToken(member.name)}`;
    if (member.kind === "element") return checkMember(model, member.element, inner, place);
    const simple = member.kind === "text" ? member.simple : member.attribute.simple;
    const fixed = member.kind === "text" ? undefined : fixedProblem(member.attribute, inner);
    const problem = problemOf(model, simple, inner) ?? fixed;
    return problem === undefined ? [] : [{ pointer: place, message: problem }];
  });
  const names = known.map(({ name }) => name);
  const strangers = Object.keys(value)
    .filter((name) => !names.includes(name))
    .map((name) => ({ pointer: `${pointer}/${pointerToken(name)}`, message: notKnown(names) }));
  return [...strangers, ...misfits, ...missing(type, value, pointer)];
}

function notKnown(names: readonly string[]): string {
  if (names.length === 0) return "is not known here; nothing is";
  const shown = names.slice(0, 16).join(", ");
  return `is not known here; known are ${shown}${names.length > 16 ? ", …" : ""}`;
}

function checkMember(model: ServiceModel, element: ElementModel, value: Json, pointer: string): Misfit[] {
  if (!isRepeated(element)) return checkElement(model, element, value, pointer);
  if (!Array.isArray(value)) return [{ pointer, message: "must be an array" }];
  const { min, max } = element;
  const counted: Misfit[] = [];
  if (value.length < min && value.length > 0) counted.push({ pointer, message: `must have at least ${min} items` });
  if (max !== "unbounded" && value.length > max) counted.push({ pointer, message: `must have at most ${max} items` });
  return [...counted, ...value.flatMap((item, index) => checkElement(model, element, item, `${pointer}/${index}`))];
}

function missing(type: ComplexType, value: JsonObject, pointer: string): Misfit[] {
  const absent = requiredValues(type).filter((name) => memberOf(value, name) === undefined);
  return [
    ...absent.map((name) => ({ pointer: `${pointer}/${pointerToken(name)}`, message: `\`${name}\` is missing` })),
    ...(type.content === undefined ? [] : inGroup(type.content, value, pointer)),
  ];
}

/** Elements that are missing, and those of two branches of a choice. */
function inGroup(group: GroupModel, value: JsonObject, pointer: string): Misfit[] {
  const present = group.of.filter((part) => isPresent(part, value));
  if (present.length === 0 && group.optional) return [];
  if (group.order !== "choice") return group.of.flatMap((part) => inPart(part, value, pointer));
  const [taken, other] = present;
  if (taken === undefined) {
    const branches = group.of.map((part) => inPart(part, value, pointer));
    if (branches.some((misfits) => misfits.length === 0)) return [];
    return [
      {
        pointer,
        message: `must have one of ${elementsOf(group)
          .map(({ name }) => name)
          .join(", ")}`,
      },
    ];
  }
  if (other === undefined) return inPart(taken, value, pointer);
  const [one, two] = [nameIn(taken, value), nameIn(other, value)];
  return [{ pointer: `${pointer}/${pointerToken(two)}`, message: `cannot stand beside ${one}` }];
}

function inPart(part: ElementModel | GroupModel, value: JsonObject, pointer: string): Misfit[] {
  if (part.kind === "group") return inGroup(part, value, pointer);
  if (part.min === 0 || isPresent(part, value)) return [];
  return [{ pointer: `${pointer}/${pointerToken(part.name)}`, message: `\`${part.name}\` is missing` }];
}

function nameIn(part: ElementModel | GroupModel, value: JsonObject): string {
  return elementsOf(part).find((one) => isPresent(one, value))?.name ?? "";
}

/** An empty array is like no member. */
function isPresent(part: ElementModel | GroupModel, value: JsonObject): boolean {
  return elementsOf(part).some((element) => {
    const member = memberOf(value, element.name);
    return member !== undefined && !(isRepeated(element) && Array.isArray(member) && member.length === 0);
  });
}

export function isObject(value: Json): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A member that is its own, not one of the prototype. */
export function memberOf(value: JsonObject, name: string): Json | undefined {
  return Object.hasOwn(value, name) ? value[name] : undefined;
}

/** A name as a part of a JSON pointer (RFC 6901, section 3). */
export function pointerToken(name: string): string {
  return name.replaceAll("~", "~0").replaceAll("/", "~1");
}
