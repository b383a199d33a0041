import type { Json, JsonObject } from "../../../compiler/plan/plan.js";
import { complexOf, elementsOf, isRepeated, maybeEmpty, putEmptyArrays, typeOf } from "../content.js";
import { jsonOf } from "../lexical.js";
import type { ComplexType, ElementModel, GroupModel, ServiceModel } from "../model.js";
import { sampleOf } from "./sample-text.js";

/** What a value for a test is to show. */
export interface Wish {
  /** All that may be there, or no more than must be. */
  fill: "all" | "least";
  /** Members that must be there, by the ids of their types. */
  via?: ReadonlyMap<string, string>;
  /** An element that is null, by the type that it stands in. */
  nil?: { type: string; name: string };
  /** A branch that is taken. */
  branch?: { choice: GroupModel; index: number };
}

/** A value that fits an element and is as wished; undefined if there is none. */
export function sampleElement(model: ServiceModel, element: ElementModel, wish: Wish): Json | undefined {
  return new Sampler(model, wish).value(element);
}

class Sampler {
  private readonly model: ServiceModel;
  private readonly wish: Wish;
  /** Types around the value. */
  private readonly around: string[] = [];

  constructor(model: ServiceModel, wish: Wish) {
    this.model = model;
    this.wish = wish;
  }

  value(element: ElementModel): Json | undefined {
    const { type, name, fixed } = element;
    return "complex" in type ? this.object(typeOf(this.model, type.complex)) : this.simple(type.simple, name, fixed);
  }

  private simple(id: string, name: string, fixed: string | undefined): Json | undefined {
    return fixed === undefined ? sampleOf(this.model, id, name) : jsonOf(this.model, id, fixed);
  }

  private object(type: ComplexType): JsonObject | undefined {
    // What must be there and is in itself has no end.
    if (this.around.filter((id) => id === type.id).length > 1) return undefined;
    this.around.push(type.id);
    const value = this.members(type);
    this.around.pop();
    return value;
  }

  private members(type: ComplexType): JsonObject | undefined {
    const value: JsonObject = {};
    for (const { name, simple, required, fixed } of type.attributes) {
      if (!required && this.wish.fill === "least") continue;
      const sample = this.simple(simple, name, fixed);
      if (sample !== undefined) value[`@${name}`] = sample;
      else if (required) return undefined;
    }
    if (type.text !== undefined) {
      const text = sampleOf(this.model, type.text, "value");
      if (text === undefined) return undefined;
      value.$value = text;
    }
    return type.content === undefined || this.group(type, type.content, value) ? value : undefined;
  }

  /** Puts members into the object; false if one that must be there has no value. */
  private group(type: ComplexType, group: GroupModel, value: JsonObject): boolean {
    if (group.order === "choice") return this.choice(type, group, value);
    const isWanted = this.wish.fill === "all" || this.isForced(type, group);
    if (group.optional && !isWanted) {
      putEmptyArrays(group, value);
      return true;
    }
    return group.of.every((part) => this.part(type, part, value));
  }

  private choice(type: ComplexType, group: GroupModel, value: JsonObject): boolean {
    const { branch, fill } = this.wish;
    const forced =
      branch?.choice === group ? group.of[branch.index] : group.of.find((part) => this.isForced(type, part));
    if (forced !== undefined) return this.part(type, forced, value, true);
    if (fill === "least" && maybeEmpty(group)) return true;
    // The first of which there is a value.
    for (const part of group.of) {
      const inner: JsonObject = {};
      if (!this.part(type, part, inner, true)) continue;
      Object.assign(value, inner);
      return true;
    }
    return maybeEmpty(group);
  }

  private part(type: ComplexType, part: ElementModel | GroupModel, value: JsonObject, taken = false): boolean {
    return part.kind === "group" ? this.group(type, part, value) : this.element(type, part, value, taken);
  }

  /** @param taken it is the branch of a choice */
  private element(type: ComplexType, element: ElementModel, value: JsonObject, taken: boolean): boolean {
    const { name, min } = element;
    const isNil = this.wish.nil?.type === type.id && this.wish.nil.name === name;
    const inItself = "complex" in element.type && this.around.includes(element.type.complex);
    const isWanted =
      min > 0 || taken || isNil || this.isForced(type, element) || (this.wish.fill === "all" && !inItself);
    const inner = isNil ? null : isWanted ? this.value(element) : undefined;
    if (inner !== undefined) value[name] = isRepeated(element) ? repeated(element, inner) : inner;
    else if (min > 0 || taken) return false;
    else if (isRepeated(element)) value[name] = [];
    return true;
  }

  private isForced(type: ComplexType, part: ElementModel | GroupModel): boolean {
    const { via, nil, branch } = this.wish;
    const names = [via?.get(type.id), nil?.type === type.id ? nil.name : undefined];
    if (part.kind === "element") return names.includes(part.name);
    return part === branch?.choice || part.of.some((inner) => this.isForced(type, inner));
  }
}

function repeated({ min }: ElementModel, value: Json): Json[] {
  return Array.from({ length: Math.max(min, 1) }, () => value);
}

/** What a test can show of an element: a null, or a branch of a choice. */
export interface Aspect {
  /** As a title of a test has it. */
  title: string;
  /** The same for what is the same in another place. */
  key: string;
  wish: Wish;
}

/** Nulls and branches of an element and of what is in it, each once, with the members that lead there. */
export function aspectsOf(model: ServiceModel, element: ElementModel): Aspect[] {
  const root = complexOf(model, element.type);
  if (root === undefined) return [];
  const ways = new Map<string, ReadonlyMap<string, string>>([[root.id, new Map()]]);
  const aspects: Aspect[] = [];
  // The map grows while it is walked.
  for (const [id, via] of ways) {
    const type = typeOf(model, id);
    aspects.push(...ownAspects(type, via));
    for (const { name, type: inner } of elementsOf(type.content))
      if ("complex" in inner && !ways.has(inner.complex)) ways.set(inner.complex, new Map([...via, [id, name]]));
  }
  return aspects;
}

function ownAspects(type: ComplexType, via: ReadonlyMap<string, string>): Aspect[] {
  const around = [...via.values()].join(".");
  const named = (name: string) => (around === "" ? name : `${around}.${name}`);
  const nils = elementsOf(type.content).filter(({ nillable }) => nillable);
  return [
    ...nils.map(({ name }) => ({
      title: `null for ${named(name)}`,
      key: `nil ${type.id} ${name}`,
      wish: { fill: "least" as const, via, nil: { type: type.id, name } },
    })),
    ...choicesIn(type.content).flatMap((choice, number) =>
      choice.of.map((part, index) => {
        const [first] = elementsOf(part);
        return {
          title: `the branch ${named(first?.name ?? "")}`,
          key: `branch ${type.id} ${number} ${index}`,
          wish: { fill: "all" as const, via, branch: { choice, index } },
        };
      }),
    ),
  ];
}

function choicesIn(group: GroupModel | undefined): GroupModel[] {
  if (group === undefined) return [];
  const inner = group.of.flatMap((part) => (part.kind === "group" ? choicesIn(part) : []));
  return group.order === "choice" && group.of.length > 1 ? [group, ...inner] : inner;
}
