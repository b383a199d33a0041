import { Status } from "./abi.js";
import type { Border, HostFunctions } from "./border.js";
import { HostFault } from "./fault.js";

/** What Envoy 1.40 registers beside `clear_route_cache` (source/extensions/common/wasm/foreign.cc). */
const NOT_HERE = new Set([
  ...["compress", "uncompress", "declare_property", "expr_create", "expr_delete", "expr_evaluate"],
  ...["set_envoy_filter_state", "sign", "verify_signature"],
]);

export function foreignFunctions(border: Border): HostFunctions {
  const { memory } = border;
  return {
    proxy_call_foreign_function: (start, length, argument, argumentLength, startCell, lengthCell) => {
      const name = memory.text(start, length);
      if (name === undefined || memory.view(argument, argumentLength) === undefined) return Status.InvalidMemoryAccess;
      if (NOT_HERE.has(name)) throw new HostFault(`this host does not have the foreign function ${name}`);
      if (name !== "clear_route_cache") return Status.NotFound;
      const context = border.context();
      if (context.sort === "stream") context.stream.clearRouteCache();
      return giveNothing(border, startCell) && giveNothing(border, lengthCell) ? Status.Ok : Status.InvalidMemoryAccess;
    },
  };
}

/** A cell at 0 is one that the module does not want. */
function giveNothing({ memory }: Border, cell: number): boolean {
  return cell === 0 || memory.putWord(cell, 0);
}
