import { type DescMessage, isMessage, type Message, type MessageShape } from "@bufbuild/protobuf";
import { isReflectMessage, type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import { type Any, AnySchema, anyUnpack } from "@bufbuild/protobuf/wkt";
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

/** Every message of the verified one in the order of the document, what an `Any` packs after the `Any`. */
export type Tree = readonly Located[];

/** One thing to look for in a whole configuration. */
export type Check = (tree: Tree) => Violation[];

/** Lays out a message and all within it. Messages of google.protobuf other than `Any` are values: not looked into. */
export function locate(reflected: ReflectMessage): Tree {
  return [...visit(reflected, "", false)];
}

/** The messages of one schema. */
export function allOf<Desc extends DescMessage>(tree: Tree, schema: Desc): Located<MessageShape<Desc>>[] {
  return tree.flatMap((located) => {
    const { message } = located;
    return isMessage(message, schema) ? [{ ...located, message }] : [];
  });
}

/** The messages within a message of the tree, without itself. */
export function within(tree: Tree, outer: Located): Tree {
  return tree.filter(
    (located) => located.path.startsWith(`${outer.path}.`) || (outer.path === "" && located !== outer),
  );
}

export function join(path: string, rest: string): string {
  return path === "" ? rest : `${path}.${rest}`;
}

function* visit(reflected: ReflectMessage, path: string, exempt: boolean): Generator<Located> {
  const { message } = reflected;
  yield { message, reflected, path, exempt };
  if (isMessage(message, AnySchema)) {
    const packed = unpacked(message);
    if (packed !== undefined) yield* visit(packed, path, exempt);
    return;
  }
  if (message.$typeName.startsWith("google.protobuf.")) return;
  for (const field of reflected.fields) {
    if (!reflected.isSet(field)) continue;
    const at = join(path, field.name);
    const inner = exempt || rulesOf(field).skip;
    switch (field.fieldKind) {
      case "message":
        yield* visit(reflected.get(field), at, inner);
        break;
      case "list":
        for (const [index, item] of reflected.get(field).entries()) {
          if (isReflectMessage(item)) yield* visit(item, `${at}[${index}]`, inner);
        }
        break;
      case "map":
        for (const [key, item] of reflected.get(field).entries()) {
          if (isReflectMessage(item)) yield* visit(item, `${at}[${JSON.stringify(String(key))}]`, inner);
        }
        break;
      case "scalar":
      case "enum":
        break;
    }
  }
}

/** What an `Any` packs; nothing if it cannot be read, which the round trip reports. */
function unpacked(any: Any): ReflectMessage | undefined {
  try {
    const message = anyUnpack(any, registry);
    const schema = message === undefined ? undefined : registry.getMessage(message.$typeName);
    return message === undefined || schema === undefined ? undefined : reflect(schema, message);
  } catch {
    return undefined;
  }
}
