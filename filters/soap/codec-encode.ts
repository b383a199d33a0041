import type { Json } from "../../compiler/plan/plan.js";
import { isObject, memberOf } from "./codec-check.js";
import { elementsOf, isRepeated, typeOf } from "./content.js";
import { lexicalOf } from "./lexical.js";
import type { ElementModel, ServiceModel } from "./model.js";
import { XML } from "./wsdl/names.js";

export const XSI = "http://www.w3.org/2001/XMLSchema-instance";

/** Prefixes by namespace, in the order in which they were asked for. */
export class Prefixes {
  private readonly known = new Map<string, string>([[XSI, "xsi"]]);

  /** A name with the prefix of its namespace. */
  name(namespace: string, local: string): string {
    if (namespace === "") return local;
    // Its prefix is bound, and no other may be (Namespaces in XML 1.0, section 3).
    if (namespace === XML) return `xml:${local}`;
    const prefix = this.known.get(namespace) ?? `n${this.known.size}`;
    this.known.set(namespace, prefix);
    return `${prefix}:${local}`;
  }

  /** ` xmlns:n1="..."` of all, to be written once all names are known. */
  declarations(): string {
    return [...this.known].map(([namespace, prefix]) => ` xmlns:${prefix}="${escapedAttribute(namespace)}"`).join("");
  }
}

/** An element that is there once, from a value that fits it, in the order of the schema. */
export function encodeElement(model: ServiceModel, element: ElementModel, value: Json, prefixes: Prefixes): string {
  const tag = prefixes.name(element.namespace, element.name);
  if (value === null) return `<${tag} xsi:nil="true"/>`;
  if ("simple" in element.type) return `<${tag}>${escapedText(lexicalOf(model, element.type.simple, value))}</${tag}>`;
  const type = typeOf(model, element.type.complex);
  const members = isObject(value) ? value : {};
  const attributes = type.attributes.map(({ name, namespace, simple }) => {
    const member = memberOf(members, `@${name}`);
    if (member === undefined) return "";
    return ` ${prefixes.name(namespace, name)}="${escapedAttribute(lexicalOf(model, simple, member))}"`;
  });
  const text = type.text === undefined ? undefined : memberOf(members, "$value");
  const inner = elementsOf(type.content).map((child) =>
    encodeMember(model, child, memberOf(members, child.name), prefixes),
  );
  const own = text === undefined || type.text === undefined ? "" : escapedText(lexicalOf(model, type.text, text));
  return `<${tag}${attributes.join("")}>${own}${inner.join("")}</${tag}>`;
}

function encodeMember(model: ServiceModel, element: ElementModel, value: Json | undefined, prefixes: Prefixes): string {
  if (value === undefined) return "";
  if (!isRepeated(element) || !Array.isArray(value)) return encodeElement(model, element, value, prefixes);
  return value.map((item) => encodeElement(model, element, item, prefixes)).join("");
}

/** A carriage return in a file is read as a line feed: XML 1.0, section 2.11. */
export function escapedText(text: string): string {
  return text.replace(/[&<>\r]/g, (character) => `&#${character.charCodeAt(0)};`);
}

function escapedAttribute(text: string): string {
  return text.replace(/[&<>"\r\n\t]/g, (character) => `&#${character.charCodeAt(0)};`);
}
