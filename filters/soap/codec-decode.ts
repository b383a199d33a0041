import type { Json, JsonObject } from "../../compiler/plan/plan.js";
import { XSI } from "./codec-encode.js";
import { elementsOf, isRepeated, maybeEmpty, putEmptyArrays, typeOf } from "./content.js";
import { jsonOf } from "./lexical.js";
import type { ComplexType, ElementModel, GroupModel, ServiceModel } from "./model.js";
import type { XmlNode } from "./xml-tree.js";

/** What of a message does not fit its schema, with the names of the elements that lead to it. */
export class MessageError extends Error {
  override name = "MessageError";
}

/**
 * The JSON of an element that is there once. Elements stand in the order of the schema, and nothing else stands in it.
 * An array is there also without items, but for those of a choice whose branch was not taken.
 *
 * @throws MessageError if it does not fit
 */
export function decodeElement(model: ServiceModel, element: ElementModel, node: XmlNode, path = ""): Json {
  const at = `${path}/${element.name}`;
  if (!isNamed(node, element)) throw new MessageError(`${at}: there is <${node.local}>`);
  if (isNil(node)) return nil(element, node, at);
  const { type } = element;
  if ("complex" in type) return new ObjectReader(model, typeOf(model, type.complex), node, at).read();
  if (node.children.length > 0) throw new MessageError(`${at}: a value has no elements`);
  checkAttributes([], node, at);
  const text = node.text === "" ? (element.fixed ?? element.default ?? "") : node.text;
  return simpleValue(model, type.simple, text, at);
}

function isNamed(node: XmlNode, { name, namespace }: { name: string; namespace: string }): boolean {
  return node.local === name && node.namespace === namespace;
}

function isNil({ attributes }: XmlNode): boolean {
  return attributes.some(
    ({ local, namespace, value }) => namespace === XSI && local === "nil" && /^(true|1)$/.test(value),
  );
}

function nil({ nillable }: ElementModel, node: XmlNode, at: string): null {
  if (!nillable) throw new MessageError(`${at}: it cannot be nil`);
  if (node.children.length > 0 || node.text !== "") throw new MessageError(`${at}: what is nil has no content`);
  return null;
}

function checkAttributes(known: ComplexType["attributes"], node: XmlNode, at: string): void {
  const stranger = node.attributes.find(
    (one) => one.namespace !== XSI && known.every(({ name, namespace }) => !isNamed(nodeOf(one), { name, namespace })),
  );
  if (stranger !== undefined) throw new MessageError(`${at}: it has no attribute ${stranger.local}`);
}

function nodeOf({ local, namespace }: { local: string; namespace: string }): XmlNode {
  return { local, namespace, attributes: [], children: [], text: "" };
}

function simpleValue(model: ServiceModel, simple: string, text: string, at: string): Json {
  const value = jsonOf(model, simple, text);
  if (value === undefined) throw new MessageError(`${at}: ${JSON.stringify(text)} is no value of its type`);
  return value;
}

/** Reads an element with a complex type, from the first child to the last. */
class ObjectReader {
  private readonly model: ServiceModel;
  private readonly type: ComplexType;
  private readonly node: XmlNode;
  private readonly at: string;
  private readonly value: JsonObject = {};
  private next = 0;

  constructor(model: ServiceModel, type: ComplexType, node: XmlNode, at: string) {
    this.model = model;
    this.type = type;
    this.node = node;
    this.at = at;
  }

  read(): JsonObject {
    const { type, node, at } = this;
    this.attributes();
    if (type.text !== undefined) this.value.$value = simpleValue(this.model, type.text, node.text, at);
    else if (node.text.trim() !== "") throw new MessageError(`${at}: there is text between its elements`);
    if (type.content !== undefined) this.group(type.content);
    const left = node.children[this.next];
    if (left !== undefined) throw new MessageError(`${at}: <${left.local}> is not expected there`);
    return this.value;
  }

  private attributes(): void {
    const { type, node, at } = this;
    checkAttributes(type.attributes, node, at);
    for (const attribute of type.attributes) {
      const found = node.attributes.find((one) => isNamed(nodeOf(one), attribute));
      if (found === undefined && attribute.required) throw new MessageError(`${at}: @${attribute.name} is missing`);
      if (found === undefined) continue;
      this.value[`@${attribute.name}`] = simpleValue(
        this.model,
        attribute.simple,
        found.value,
        `${at}/@${attribute.name}`,
      );
    }
  }

  private group(group: GroupModel): void {
    if (group.order === "choice") this.choice(group);
    else if (group.optional && !this.begins(group)) putEmptyArrays(group, this.value);
    else if (group.order === "all") this.all(group);
    else for (const part of group.of) this.part(part);
  }

  private choice(group: GroupModel): void {
    const branch = group.of.find((part) => this.begins(part));
    if (branch !== undefined) this.part(branch);
    else if (!maybeEmpty(group))
      throw this.unexpected(
        `one of ${elementsOf(group)
          .map(({ name }) => name)
          .join(", ")}`,
      );
  }

  private all(group: GroupModel): void {
    const left = [...group.of];
    for (;;) {
      const index = left.findIndex((part) => this.begins(part));
      const [part] = index < 0 ? [] : left.splice(index, 1);
      if (part === undefined) break;
      this.part(part);
    }
    for (const part of left) this.part(part);
  }

  private part(part: ElementModel | GroupModel): void {
    if (part.kind === "group") this.group(part);
    else this.element(part);
  }

  private element(part: ElementModel): void {
    const items: Json[] = [];
    const most = part.max === "unbounded" ? Number.POSITIVE_INFINITY : part.max;
    for (let child = this.node.children[this.next]; child !== undefined; child = this.node.children[this.next]) {
      if (!isNamed(child, part) || items.length === most) break;
      items.push(decodeElement(this.model, part, child, this.at));
      this.next++;
    }
    if (items.length < part.min) throw this.unexpected(part.name);
    if (isRepeated(part)) this.value[part.name] = items;
    else for (const item of items) this.value[part.name] = item;
  }

  private begins(part: ElementModel | GroupModel): boolean {
    const child = this.node.children[this.next];
    if (child === undefined) return false;
    return elementsOf(part).some((one) => isNamed(child, one));
  }

  private unexpected(wanted: string): MessageError {
    const there = this.node.children[this.next];
    return new MessageError(`${this.at}: ${wanted} is missing${there === undefined ? "" : ` before <${there.local}>`}`);
  }
}
