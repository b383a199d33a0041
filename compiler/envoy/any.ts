import {
  create,
  type DescMessage,
  type Message,
  type MessageInitShape,
  type Registry,
  toBinary,
} from "@bufbuild/protobuf";
import { type Any, AnySchema, anyIs, anyUnpack } from "@bufbuild/protobuf/wkt";

/**
 * What an `Any` holds. A route table is looked at by the printer and by every check: encoding it, and decoding it each
 * time, took most of the time of a compilation. Messages are not changed after they were packed.
 */
const known = new WeakMap<Any, Message>();

/** A message as the `Any` that a `typed_config` takes. */
export function packed<Desc extends DescMessage>(schema: Desc, init?: MessageInitShape<Desc>): Any {
  const message = create(schema, init);
  const any = create(AnySchema, { typeUrl: `type.googleapis.com/${schema.typeName}` });
  // Hardly ever asked for: what is printed is the message.
  Object.defineProperty(any, "value", { enumerable: true, get: () => toBinary(schema, message) });
  known.set(any, message);
  return any;
}

/**
 * What an `Any` holds; nothing if its type is not in the registry.
 * @throws Error if its bytes are not a message of that type
 */
export function unpacked(any: Any, registry: Registry): Message | undefined {
  const before = known.get(any);
  if (before !== undefined && anyIs(any, before.$typeName)) return before;
  const message = anyUnpack(any, registry);
  if (message !== undefined) known.set(any, message);
  return message;
}
