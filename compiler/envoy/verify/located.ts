import { type DescMessage, isMessage, type Message, type MessageShape } from "@bufbuild/protobuf";
import { isReflectMessage, type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import { type Any, AnySchema } from "@bufbuild/protobuf/wkt";
import { unpacked } from "../any.js";
import { registry } from "../registry.js";
import { rulesOf } from "../rules.js";

/** Something that Envoy would refuse, or accept and not do as meant. */
export interface Violation {
  /** Proto field names from the verified message, as in `static_resources.listeners[0].name`; an `Any` adds nothing. */
  path: string;
  message: string;
}

/** A message within the verified one, itself included. */
export interface Located<Shape extends Message = Message> {
  message: Shape;
  reflected: ReflectMessage;
  path: string;
  /** A field above asks not to look into it for rules. */
  exempt: boolean;
}

/** Every message of the verified one. */
export interface Tree {
  /** In the order of the document, what an `Any` packs after the `Any`. */
  all: readonly Located[];
  /** The same by the name of their type. */
  byType: ReadonlyMap<string, readonly Located[]>;
}

/** One thing to look for in a whole configuration. */
export type Check = (tree: Tree) => Violation[];

/** Lays out a message and all within it. Messages of google.protobuf other than `Any` are values: not looked into. */
export function locate(reflected: ReflectMessage): Tree {
  const all: Located[] = [];
  visit(reflected, "", false, all);
  return treeOf(all);
}

function treeOf(all: readonly Located[]): Tree {
  const byType = new Map<string, Located[]>();
  for (const located of all) {
    const others = byType.get(located.message.$typeName);
    if (others === undefined) byType.set(located.message.$typeName, [located]);
    else others.push(located);
  }
  return { all, byType };
}

/** The messages of one schema. */
export function allOf<Desc extends DescMessage>(tree: Tree, schema: Desc): Located<MessageShape<Desc>>[] {
  const found = tree.byType.get(schema.typeName) ?? [];
  return found.filter((located) => isOf(located, schema));
}

function isOf<Desc extends DescMessage>(located: Located, schema: Desc): located is Located<MessageShape<Desc>> {
  return isMessage(located.message, schema);
}

/** The messages within a message of the tree, without itself. */
export function within({ all }: Tree, outer: Located): Tree {
  const first = all.indexOf(outer) + 1;
  const isInside = ({ path }: Located) => outer.path === "" || path.startsWith(`${outer.path}.`);
  const after = all.findIndex((located, index) => index >= first && !isInside(located));
  return treeOf(all.slice(first, after < 0 ? undefined : after));
}

export function join(path: string, rest: string): string {
  return path === "" ? rest : `${path}.${rest}`;
}

function visit(reflected: ReflectMessage, path: string, exempt: boolean, all: Located[]): void {
  const { message } = reflected;
  all.push({ message, reflected, path, exempt });
  if (isMessage(message, AnySchema)) {
    const packed = contentOf(message);
    if (packed !== undefined) visit(packed, path, exempt, all);
    return;
  }
  if (message.$typeName.startsWith("google.protobuf.")) return;
  for (const field of reflected.fields) {
    if (!reflected.isSet(field)) continue;
    const at = join(path, field.name);
    const inner = exempt || rulesOf(field).skip;
    switch (field.fieldKind) {
      case "message":
        visit(reflected.get(field), at, inner, all);
        break;
      case "list":
        if (field.listKind !== "message") break;
        for (const [index, item] of reflected.get(field).entries()) {
          if (isReflectMessage(item)) visit(item, `${at}[${index}]`, inner, all);
        }
        break;
      case "map":
        if (field.mapKind !== "message") break;
        for (const [key, item] of reflected.get(field).entries()) {
          if (isReflectMessage(item)) visit(item, `${at}[${JSON.stringify(String(key))}]`, inner, all);
        }
        break;
      case "scalar":
      case "enum":
        break;
    }
  }
}

/** What an `Any` packs; nothing if it cannot be read, which the round trip reports. */
function contentOf(any: Any): ReflectMessage | undefined {
  try {
    const message = unpacked(any, registry);
    const schema = message === undefined ? undefined : registry.getMessage(message.$typeName);
    return message === undefined || schema === undefined ? undefined : reflect(schema, message);
  } catch {
    return undefined;
  }
}
