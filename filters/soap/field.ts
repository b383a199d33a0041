import { nearest } from "../../compiler/diagnostics/suggest.js";
import { complexOf, type Member, membersOf } from "./content.js";
import type { ComplexType, ElementModel, ServiceModel } from "./model.js";

// Fields of an input by their path: `partner.address.city`, `amount.$value`, `partner.@id`.

/** A field that a path leads to. */
export interface Field {
  /** Names of members, from the outermost on. */
  path: readonly string[];
  member: Member;
}

/** What a path says that leads nowhere: in which object it stops, and what was likely meant. */
export interface NoField {
  reason: string;
}

/** The field of a path in the input. Objects on the way are no arrays; a name may have dots itself. */
export function fieldAt(model: ServiceModel, input: ElementModel | undefined, path: string): Field | NoField {
  let type = input === undefined ? undefined : complexOf(model, input.type);
  if (type === undefined) return { reason: input === undefined ? "there is no input" : "the input is a single value" };
  const names: string[] = [];
  let rest = path;
  for (;;) {
    const member = firstOf(membersOf(type), rest);
    if (member === undefined) return { reason: unknown(type, rest, names) };
    names.push(member.name);
    if (rest === member.name) return { path: names, member };
    rest = rest.slice(member.name.length + 1);
    const inner = objectOf(model, member);
    if (typeof inner === "string") return { reason: `\`${names.join(".")}\` ${inner}, so nothing in it has a path` };
    type = inner;
  }
}

export function isField(found: Field | NoField): found is Field {
  return "member" in found;
}

/** The top field of a name, letter case aside if there is only one such. */
export function topField(model: ServiceModel, input: ElementModel | undefined, name: string): Field | undefined {
  const type = input === undefined ? undefined : complexOf(model, input.type);
  if (type === undefined) return undefined;
  const members = membersOf(type);
  const member = members.find((one) => one.name === name) ?? alike(members, name);
  return member === undefined ? undefined : { path: [member.name], member };
}

function alike(members: readonly Member[], name: string): Member | undefined {
  const plain = (text: string) => text.replace(/^@/, "").toLowerCase();
  const found = members.filter((one) => plain(one.name) === plain(name));
  return found.length === 1 ? found[0] : undefined;
}

/** The member that a path begins with; the longest, where a name has dots. */
function firstOf(members: readonly Member[], path: string): Member | undefined {
  return members
    .filter(({ name }) => path === name || path.startsWith(`${name}.`))
    .toSorted((a, b) => b.name.length - a.name.length)[0];
}

function objectOf(model: ServiceModel, member: Member): ComplexType | string {
  if (member.kind !== "element") return "is a single value";
  const type = complexOf(model, member.element.type);
  if (type === undefined) return "is a single value";
  return member.element.max === 1 ? type : "is an array";
}

function unknown(type: ComplexType, rest: string, before: readonly string[]): string {
  const known = membersOf(type).map(({ name }) => name);
  const where = before.length === 0 ? "the input" : `\`${before.join(".")}\``;
  const word =
    known.find((name) => name.toLowerCase() === rest.toLowerCase()) ?? nearest(rest.split(".")[0] ?? "", known);
  const hint =
    word === undefined ? `; known there: ${list(known)}` : `; did you mean \`${[...before, word].join(".")}\`?`;
  return `${where} has no field \`${rest}\`${hint}`;
}

function list(names: readonly string[]): string {
  return names.length === 0 ? "none" : names.slice(0, 12).join(", ") + (names.length > 12 ? ", …" : "");
}

/** The simple type of a field as a parameter has it, and whether it takes several values; else why it can be none. */
export function parameterOf(model: ServiceModel, { member }: Field): { simple: string; repeated: boolean } | string {
  if (member.kind === "text") return listed(model, member.simple, false);
  if (member.kind === "attribute") return listed(model, member.attribute.simple, false);
  const { type, max } = member.element;
  if ("complex" in type) return max === 1 ? "is an object" : "is an array of objects";
  return listed(model, type.simple, max !== 1);
}

function listed(model: ServiceModel, id: string, repeated: boolean): { simple: string; repeated: boolean } | string {
  const isList = model.simpleTypes.get(id)?.form === "list";
  if (isList && repeated) return "is an array of lists";
  return { simple: id, repeated: repeated || isList };
}
