import type { Json, JsonObject } from "../../compiler/plan/plan.js";
import { complexOf, elementsOf, isRepeated, isRequired, type Member, requiredValues, typeOf } from "./content.js";
import { jsonOf } from "./lexical.js";
import type { AttributeModel, ComplexType, ElementModel, GroupModel, ServiceModel } from "./model.js";
import { simpleSchemaOf } from "./openapi-simple.js";
import { membersLeft, type Taken } from "./taken.js";

// Schemas of the objects that JSON has for complex types. Each type is a component; types refer to each other by it.

export class Schemas {
  private readonly model: ServiceModel;
  private readonly names = new Map<string, string>();
  private readonly taken = new Set<string>();
  private readonly written = new Map<string, JsonObject>();

  constructor(model: ServiceModel) {
    this.model = model;
  }

  /** `components.schemas`, sorted by name. */
  components(): JsonObject {
    return Object.fromEntries([...this.written].toSorted(([a], [b]) => (a < b ? -1 : 1)));
  }

  /** Puts a schema among the components, under the name or one like it; the same schema of one name once. */
  add(name: string, schema: JsonObject): JsonObject {
    const base = plainName(name);
    const text = JSON.stringify(schema);
    for (let number = 1; ; number++) {
      const key = number === 1 ? base : `${base}-${number}`;
      const there = this.written.get(key);
      if (there !== undefined && JSON.stringify(there) === text) return reference(key);
      if (there !== undefined || this.taken.has(key)) continue;
      this.taken.add(key);
      this.written.set(key, schema);
      return reference(key);
    }
  }

  /**
   * The member that an element is: of what occurs more than once an array.
   *
   * @param mayBeEmpty the array stands also where the element does not
   */
  member(element: ElementModel, around: string, mayBeEmpty = false): JsonObject {
    const { min, max, documentation } = element;
    const described = documentation === undefined ? {} : { description: documentation };
    if (!isRepeated(element)) return { ...this.value(element, around), ...described };
    return {
      type: "array",
      ...described,
      items: this.value(element, around),
      ...(min === 0 || mayBeEmpty ? {} : { minItems: min }),
      ...(max === "unbounded" ? {} : { maxItems: max }),
    };
  }

  /** The value of an element that is there once. */
  value(element: ElementModel, around = ""): JsonObject {
    if ("simple" in element.type) {
      const schema = simpleSchemaOf(this.model, element.type.simple, element.nillable);
      return { ...schema, ...this.given(element, element.type.simple) };
    }
    const type = typeOf(this.model, element.type.complex);
    return nullable(element, this.type(type, around + capitalised(element.name)));
  }

  /** A reference to the component of a type; `name` is that of one without a name of its own. */
  type(type: ComplexType, name: string): JsonObject {
    const known = this.names.get(type.id);
    if (known !== undefined) return reference(known);
    const key = this.free(plainName(type.name ?? name));
    this.names.set(type.id, key);
    // The place in the document is taken before what it refers to is written.
    this.written.set(key, {});
    this.written.set(key, this.object(type, key));
    return reference(key);
  }

  /** An object with the members of a type but for what is taken of them. */
  object(type: ComplexType, name: string, taken: Taken = new Map()): JsonObject {
    const members = membersLeft(this.model, type, taken);
    const own = requiredValues(type).filter((one) => !taken.has(one));
    const content = type.content === undefined ? {} : constraintOf(type.content, new Set(taken.keys()));
    // Those are said of the members themselves.
    const { required = [], properties: _, ...rules } = content;
    const all = [...own, ...(Array.isArray(required) ? required : [])];
    return {
      type: "object",
      ...(type.documentation === undefined ? {} : { description: type.documentation }),
      properties: Object.fromEntries(
        members.map((member) => [member.name, this.rest(member, name, taken) ?? this.property(member, name, type)]),
      ),
      ...(all.length === 0 ? {} : { required: all }),
      ...rules,
      additionalProperties: false,
    };
  }

  /** An object of which parameters bring a part; what is left of it may be absent. */
  private rest(member: Member, around: string, taken: Taken): JsonObject | undefined {
    const part = taken.get(member.name);
    if (part === undefined || member.kind !== "element") return undefined;
    const type = complexOf(this.model, member.element.type);
    return type && nullable(member.element, this.object(type, around + capitalised(member.name), part));
  }

  private property(member: Member, name: string, type: ComplexType): JsonObject {
    switch (member.kind) {
      case "element":
        return this.member(member.element, name, !isRequired(type, member.name));
      case "text":
        return simpleSchemaOf(this.model, member.simple);
      case "attribute": {
        const { attribute } = member;
        const described = attribute.documentation === undefined ? {} : { description: attribute.documentation };
        const schema = simpleSchemaOf(this.model, attribute.simple);
        return { ...schema, ...described, ...this.given(attribute, attribute.simple) };
      }
    }
  }

  /** Values that the schema gives: `default` and `fixed`. */
  private given(of: ElementModel | AttributeModel, simple: string): JsonObject {
    const isNillable = "nillable" in of && of.nillable;
    const constant = of.fixed === undefined || isNillable ? undefined : jsonOf(this.model, simple, of.fixed);
    const usual = of.default === undefined ? undefined : jsonOf(this.model, simple, of.default);
    return {
      ...(constant === undefined ? {} : { const: constant }),
      ...(usual === undefined ? {} : { default: usual }),
    };
  }

  private free(base: string): string {
    for (let number = 1; ; number++) {
      const key = number === 1 ? base : `${base}-${number}`;
      if (this.taken.has(key)) continue;
      this.taken.add(key);
      return key;
    }
  }
}

function nullable({ nillable }: ElementModel, schema: JsonObject): JsonObject {
  return nillable ? { anyOf: [schema, { type: "null" }] } : schema;
}

function reference(key: string): JsonObject {
  return { $ref: `#/components/schemas/${key}` };
}

/** OpenAPI 3.1, section 4.8.7.1: names of components have no other characters. */
function plainName(name: string): string {
  return name.replace(/[^A-Za-z0-9._-]+/g, "_");
}

export function capitalised(name: string): string {
  return name.slice(0, 1).toUpperCase() + name.slice(1);
}

/** What a content model says of which members are there together. */
function constraintOf(group: GroupModel, without: ReadonlySet<string>): JsonObject {
  const parts = group.of.filter((part) => leaves(part, without).length > 0);
  // A branch that the path or the query takes leaves no choice to the body.
  const isTaken = group.order === "choice" && parts.length < group.of.length;
  if (isTaken) return absent(parts.flatMap((part) => leaves(part, without)));
  const inner = group.order === "choice" ? choiceOf(parts, without) : sequenceOf(parts, without);
  if (!group.optional || Object.keys(inner).length === 0) return inner;
  const none = absent(parts.flatMap((part) => leaves(part, without)));
  const { anyOf, ...others } = inner;
  return { anyOf: Array.isArray(anyOf) && Object.keys(others).length === 0 ? [...anyOf, none] : [inner, none] };
}

function sequenceOf(parts: GroupModel["of"], without: ReadonlySet<string>): JsonObject {
  const required: string[] = [];
  const properties: JsonObject = {};
  const rules: Json[] = [];
  for (const part of parts) {
    if (part.kind === "group") {
      const rule = constraintOf(part, without);
      if (Object.keys(rule).length > 0) rules.push(rule);
    } else if (part.min > 0 && !without.has(part.name)) {
      required.push(part.name);
      if (isRepeated(part)) properties[part.name] = { minItems: part.min };
    }
  }
  return {
    ...(required.length === 0 ? {} : { required }),
    ...(Object.keys(properties).length === 0 ? {} : { properties }),
    ...(rules.length === 0 ? {} : { allOf: rules }),
  };
}

function choiceOf(parts: GroupModel["of"], without: ReadonlySet<string>): JsonObject {
  const [only, ...others] = parts;
  if (only === undefined) return {};
  if (others.length === 0) return sequenceOf([only], without);
  return {
    anyOf: parts.map((part) => {
      const strangers = parts.filter((other) => other !== part).flatMap((other) => leaves(other, without));
      return both(sequenceOf([part], without), absent(strangers));
    }),
  };
}

/** Two rules that both hold. */
function both(one: JsonObject, other: JsonObject): JsonObject {
  const isApart = Object.keys(one).every((key) => !Object.hasOwn(other, key));
  return isApart ? { ...one, ...other } : { allOf: [one, other] };
}

/** That none of the elements is there: an array without items is none. */
function absent(elements: readonly ElementModel[]): JsonObject {
  const present = elements.map((one) => ({
    required: [one.name],
    ...(isRepeated(one) ? { properties: { [one.name]: { minItems: 1 } } } : {}),
  }));
  const [only, ...others] = present;
  if (only === undefined) return {};
  return { not: others.length === 0 ? only : { anyOf: present } };
}

function leaves(part: ElementModel | GroupModel, without: ReadonlySet<string>): ElementModel[] {
  return elementsOf(part).filter(({ name }) => !without.has(name));
}
