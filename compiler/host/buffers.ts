import { BufferType, LAST_BUFFER_TYPE, Status } from "./abi.js";
import { Body } from "./body.js";
import type { Border, HostFunctions } from "./border.js";
import { HostFault } from "./fault.js";

type Bytes = { readonly body: Body; readonly isMutable: boolean } | "absent" | "nothing";

const constant = (bytes: Uint8Array | undefined): Bytes =>
  bytes === undefined ? "absent" : { body: new Body(bytes), isMutable: false };

/** Envoy `Context::getBuffer`. A body that is not at hand is a buffer of nothing, others are absent. */
function bufferOf(border: Border, type: number): Bytes {
  const context = border.context();
  const root = context.sort === "stream" ? context.root : context;
  switch (type) {
    case BufferType.HttpRequestBody:
    case BufferType.HttpResponseBody: {
      const part = type === BufferType.HttpRequestBody ? "request" : "response";
      const body = context.sort === "stream" ? context.stream.body(part) : undefined;
      return body === undefined ? "nothing" : { body, isMutable: true };
    }
    case BufferType.HttpCallResponseBody:
      return constant(root.sort === "root" ? root.answer?.body : undefined);
    case BufferType.VmConfiguration:
      return constant(border.environment.vmConfiguration);
    case BufferType.PluginConfiguration:
      // Only the context that is being configured has one, not a stream of it.
      return constant(context.sort === "root" && context.configuring ? context.plugin.configuration : undefined);
    default:
      throw new HostFault(`buffer ${type} belongs to a part of the ABI that this host does not have`);
  }
}

export function bufferFunctions(border: Border): HostFunctions {
  const { memory } = border;
  return {
    proxy_get_buffer_bytes: (type, start, length, startCell, lengthCell) => {
      if (type > LAST_BUFFER_TYPE) return Status.BadArgument;
      const buffer = bufferOf(border, type);
      if (buffer === "absent") return Status.NotFound;
      const bytes = buffer === "nothing" ? new Uint8Array(0) : buffer.body.bytes.subarray(start, start + length);
      return memory.give(bytes, startCell, lengthCell) ? Status.Ok : Status.InvalidMemoryAccess;
    },
    proxy_get_buffer_status: (type, lengthCell, flagsCell) => {
      if (type > LAST_BUFFER_TYPE) return Status.BadArgument;
      const buffer = bufferOf(border, type);
      if (buffer === "absent") return Status.NotFound;
      const length = buffer === "nothing" ? 0 : buffer.body.length;
      const told = memory.putWord(lengthCell, length) && memory.putWord(flagsCell, 0);
      return told ? Status.Ok : Status.InvalidMemoryAccess;
    },
    proxy_set_buffer_bytes: (type, start, length, from, size) => {
      if (type > LAST_BUFFER_TYPE) return Status.BadArgument;
      const buffer = bufferOf(border, type);
      if (buffer === "absent") return Status.NotFound;
      const bytes = memory.bytes(from, size);
      if (bytes === undefined) return Status.InvalidMemoryAccess;
      if (buffer === "nothing" || !buffer.isMutable) return Status.BadArgument;
      return replaceRange(buffer.body, start, length, bytes);
    },
  };
}

/** The beginning can be replaced, and the end appended to; nothing in the middle. */
function replaceRange(body: Body, start: number, length: number, bytes: Uint8Array): number {
  if (start === 0) {
    body.replace(body.bytes.subarray(length));
    body.prepend(bytes);
    return Status.Ok;
  }
  if (start < body.length) return Status.BadArgument;
  body.append(bytes);
  return Status.Ok;
}
