import type { JsonObject } from "../../compiler/plan/plan.js";
import type { AttributeModel, ComplexType, ElementModel, GroupModel, ServiceModel, TypeReference } from "./model.js";
import { elementsOf } from "./wsdl/occurrence.js";

export { elementsOf, maybeEmpty } from "./wsdl/occurrence.js";

// What a complex type holds, as JSON has it: members by their names, whatever the groups are that the schema puts them into.

/** A member of the object that JSON has for a complex type. */
export type Member = { name: string } & (
  | { kind: "element"; element: ElementModel }
  | { kind: "attribute"; attribute: AttributeModel }
  | { kind: "text"; simple: string }
);

/** The complex type that a reference means; undefined if it means a simple one. */
export function complexOf(model: ServiceModel, reference: TypeReference): ComplexType | undefined {
  return "complex" in reference ? typeOf(model, reference.complex) : undefined;
}

/** A type of the model; it has all that it refers to. */
export function typeOf(model: ServiceModel, id: string): ComplexType {
  const type = model.types.get(id);
  if (type === undefined) throw new Error(`the model of ${model.name} has no type ${id}`);
  return type;
}

/** Members of the object that JSON has for a type: attributes, text, elements. */
export function membersOf(type: ComplexType): Member[] {
  return [
    ...type.attributes.map((attribute) => ({ kind: "attribute" as const, name: `@${attribute.name}`, attribute })),
    ...(type.text === undefined ? [] : [{ kind: "text" as const, name: "$value", simple: type.text }]),
    ...elementsOf(type.content).map((element) => ({ kind: "element" as const, name: element.name, element })),
  ];
}

/** Names of the attributes and the text without which no object of a type is. */
export function requiredValues({ attributes, text }: ComplexType): string[] {
  return [
    ...attributes.filter((one) => one.required).map(({ name }) => `@${name}`),
    ...(text === undefined ? [] : ["$value"]),
  ];
}

/** True if no answer or request can do without a member of that name: not in a choice, not optional. */
export function isRequired(type: ComplexType, name: string): boolean {
  if (name === "$value") return type.text !== undefined;
  if (name.startsWith("@")) return type.attributes.some((one) => one.required && `@${one.name}` === name);
  return type.content !== undefined && requiredIn(type.content, name);
}

function requiredIn(group: GroupModel, name: string): boolean {
  if (group.optional || (group.order === "choice" && group.of.length > 1)) return false;
  return group.of.some((part) =>
    part.kind === "element" ? part.name === name && part.min > 0 : requiredIn(part, name),
  );
}

/** The only field of a type, if its value says all that there is to say; else why it does not. One that is absent is like null. */
export function onlyChild(type: ComplexType): ElementModel | string {
  const [child, ...others] = elementsOf(type.content);
  if (type.attributes.length > 0) return "it has attributes";
  if (child === undefined) return "it has no field";
  if (others.length > 0) return `it has ${others.length + 1} fields`;
  return child;
}

/** True if the answer may be without the only field that it is, and so be null. */
export function maybeNull(type: ComplexType, child: ElementModel): boolean {
  return !isRepeated(child) && !isRequired(type, child.name);
}

/** True if JSON has an array for the element. */
export function isRepeated(element: ElementModel): boolean {
  return element.max !== 1;
}

/** Puts the arrays of a group that may be absent and is into the object; those of choices stay out. */
export function putEmptyArrays(group: GroupModel, value: JsonObject): void {
  for (const part of group.of) {
    if (part.kind === "element" && isRepeated(part)) value[part.name] = [];
    else if (part.kind === "group" && part.order !== "choice") putEmptyArrays(part, value);
  }
}
