import type { XmlAttribute, XmlElement } from "./xml.js";

export const XSD = "http://www.w3.org/2001/XMLSchema";
export const WSDL = "http://schemas.xmlsoap.org/wsdl/";
export const XML = "http://www.w3.org/XML/1998/namespace";
/** Of types and arrays of SOAP encoding, by version. */
export const SOAP_ENCODINGS: readonly string[] = [
  "http://schemas.xmlsoap.org/soap/encoding/",
  "http://www.w3.org/2003/05/soap-encoding",
];

/** A name with its namespace, empty for none. */
export interface QName {
  readonly namespace: string;
  readonly local: string;
}

/** A name as the key of a map, and as the id of a type. */
export function keyOf({ namespace, local }: QName): string {
  return `{${namespace}}${local}`;
}

/** Local names among keys that have the beginning before the name, and a namespace. */
export function localNames(keys: Iterable<string>, beginning: string, namespace: string): string[] {
  const prefix = beginning + keyOf({ namespace, local: "" });
  return [...keys].flatMap((key) => (key.startsWith(prefix) ? [key.slice(prefix.length)] : []));
}

/** The namespace of a prefix where an element stands; undefined if none is declared. */
export function namespaceOf(element: XmlElement, prefix: string): string | undefined {
  if (prefix === "xml") return XML;
  for (let at: XmlElement | undefined = element; at !== undefined; at = at.parent) {
    const found = at.declared.get(prefix);
    if (found !== undefined) return found;
  }
  return prefix === "" ? "" : undefined;
}

/** A name that the value of an attribute refers to; undefined if its prefix is not declared. */
export function readName(element: XmlElement, text: string): QName | undefined {
  const [first = "", second] = text.trim().split(":", 2);
  const namespace = namespaceOf(element, second === undefined ? "" : first);
  return namespace === undefined ? undefined : { namespace, local: second ?? first };
}

/** An attribute without a namespace. */
export function attributeOf(element: XmlElement, name: string): XmlAttribute | undefined {
  return element.attributes.get(name);
}

/** The value of an attribute, without white space around it. */
export function textOf(element: XmlElement, name: string): string | undefined {
  return attributeOf(element, name)?.value.trim();
}

/** Children of a namespace, of these names if any are given. */
export function childrenOf(element: XmlElement, namespace: string, ...names: readonly string[]): XmlElement[] {
  return element.children.filter(
    (child) => child.namespace === namespace && (names.length === 0 || names.includes(child.local)),
  );
}

export function childOf(element: XmlElement, namespace: string, name: string): XmlElement | undefined {
  return element.children.find((child) => child.namespace === namespace && child.local === name);
}

const LONGEST_DOCUMENTATION = 4_000;

/** What `documentation` says, as one paragraph: that of WSDL stands in the element, that of a schema in its `annotation`. */
export function documentationOf(element: XmlElement): { documentation?: string } {
  const holders = [element, ...childrenOf(element, XSD, "annotation")];
  const texts = holders.flatMap((holder) =>
    holder.children.filter(({ local }) => local === "documentation").map(({ text }) => text),
  );
  const documentation = texts.join(" ").replace(/\s+/g, " ").trim().slice(0, LONGEST_DOCUMENTATION);
  return documentation === "" ? {} : { documentation };
}
