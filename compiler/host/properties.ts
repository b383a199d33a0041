import { Status } from "./abi.js";
import type { Attribute } from "./attributes.js";
import { serializeAttribute, WHOLE } from "./attributes.js";
import type { Border, HostFunctions } from "./border.js";
import { bytesOf } from "./byte-text.js";
import type { Context } from "./context.js";
import { HostFault } from "./fault.js";

export function propertyFunctions(border: Border): HostFunctions {
  const { memory } = border;
  return {
    proxy_get_property: (start, length, startCell, lengthCell) => {
      const path = memory.text(start, length);
      if (path === undefined) return Status.InvalidMemoryAccess;
      const found = propertyOf(border, border.context(), partsOf(path));
      if (found === undefined) return Status.NotFound;
      if (found === WHOLE) return Status.SerializationFailure;
      return memory.give(serializeAttribute(found), startCell, lengthCell) ? Status.Ok : Status.InvalidMemoryAccess;
    },
    proxy_set_property: (start, length, from, size) => {
      const path = memory.text(start, length);
      const value = memory.bytes(from, size);
      if (path === undefined || value === undefined) return Status.InvalidMemoryAccess;
      const context = border.context();
      if (context.sort !== "stream") return Status.NotFound;
      context.stream.filterState.set(path, value);
      return Status.Ok;
    },
  };
}

/** NUL stands between the parts of a path; one at its end adds none. */
function partsOf(path: string): string[] {
  return path === "" ? [] : path.replace(/\0$/, "").split("\0");
}

/** Envoy `Context::findValue`: first its own attributes, then those of the plugin, then what modules set. */
function propertyOf(border: Border, context: Context, path: readonly string[]): Attribute | undefined {
  const [first, ...rest] = path;
  if (first === undefined) return WHOLE;
  if (first === "xds" && context.sort !== "stream")
    throw new HostFault("xds attributes outside of a stream are not modelled");
  const attribute = context.sort === "stream" ? context.stream.attribute(path) : undefined;
  if (attribute !== undefined) return attribute;
  if (rest.length > 0 || context.sort === "vm") return undefined;
  const { plugin } = context.sort === "stream" ? context.root : context;
  switch (first) {
    case "plugin_name":
      return bytesOf(plugin.name);
    case "plugin_root_id":
      return bytesOf(plugin.rootId);
    case "plugin_vm_id":
      return bytesOf(border.environment.vmId);
    default:
      return context.sort === "stream" ? context.stream.filterState.get(first) : undefined;
  }
}
