import { create, type DescMessage, type Message, type MessageInitShape, type Registry } from "@bufbuild/protobuf";
import { type Any, anyIs, anyPack, anyUnpack } from "@bufbuild/protobuf/wkt";

/**
 * What the bytes of an `Any` hold. A route table is looked at by the printer and by every check: decoding it each time
 * took most of the time of a compilation. Messages are not changed after they were packed.
 */
const known = new WeakMap<Uint8Array, Message>();

/** A message as the `Any` that a `typed_config` takes. */
export function packed<Desc extends DescMessage>(schema: Desc, init?: MessageInitShape<Desc>): Any {
  const message = create(schema, init);
  const any = anyPack(schema, message);
  known.set(any.value, message);
  return any;
}

/**
 * What an `Any` holds; nothing if its type is not in the registry.
 * @throws Error if its bytes are not a message of that type
 */
export function unpacked(any: Any, registry: Registry): Message | undefined {
  const before = known.get(any.value);
  if (before !== undefined && anyIs(any, before.$typeName)) return before;
  const message = anyUnpack(any, registry);
  if (message !== undefined) known.set(any.value, message);
  return message;
}
