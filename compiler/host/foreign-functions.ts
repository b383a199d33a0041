import { deflateSync, inflateSync } from "node:zlib";
import { Status } from "./abi.js";
import type { Border, HostFunctions } from "./border.js";
import { HostFault } from "./fault.js";
import { verifySignature } from "./signatures.js";

/** What Envoy 1.40 registers beside those that are here (source/extensions/common/wasm/foreign.cc). */
const NOT_HERE = new Set([
  ...["declare_property", "expr_create", "expr_delete", "expr_evaluate"],
  ...["set_envoy_filter_state", "sign"],
]);

/** Takes the argument; gives the result, or why there is none. `nothing` asks the module for no memory. */
type ForeignFunction = (argument: Uint8Array) => Uint8Array | "nothing" | { readonly status: number };

export function foreignFunctions(border: Border): HostFunctions {
  const { memory } = border;
  const functions: Readonly<Record<string, ForeignFunction>> = {
    clear_route_cache: () => {
      const context = border.context();
      if (context.sort === "stream") context.stream.clearRouteCache();
      return "nothing";
    },
    verify_signature: (argument) => verifySignature(argument) ?? { status: Status.BadArgument },
    compress: (argument) => deflateSync(argument),
    uncompress: (argument) => uncompress(argument) ?? { status: Status.SerializationFailure },
  };
  return {
    proxy_call_foreign_function: (start, length, argument, argumentLength, startCell, lengthCell) => {
      const name = memory.text(start, length);
      const bytes = memory.bytes(argument, argumentLength);
      if (name === undefined || bytes === undefined) return Status.InvalidMemoryAccess;
      if (NOT_HERE.has(name)) throw new HostFault(`this host does not have the foreign function ${name}`);
      const found = Object.hasOwn(functions, name) ? functions[name] : undefined;
      if (found === undefined) return Status.NotFound;
      const result = found(bytes);
      const given = result instanceof Uint8Array ? result : new Uint8Array(0);
      if (!giveResult(border, given, startCell, lengthCell)) return Status.InvalidMemoryAccess;
      return result instanceof Uint8Array || result === "nothing" ? Status.Ok : result.status;
    },
  };
}

/** Cells at 0 are those that the module does not want. Both are written where the function failed, too. */
function giveResult({ memory }: Border, result: Uint8Array, startCell: number, lengthCell: number): boolean {
  if (startCell !== 0) {
    const address = result.length === 0 ? 0 : memory.place(result);
    if (address === undefined)
      throw new HostFault(
        "the module gave no memory for the result of a foreign function; Envoy 1.40 writes to address 0",
      );
    if (!memory.putWord(startCell, address)) return false;
  }
  return lengthCell === 0 || memory.putWord(lengthCell, result.length);
}

function uncompress(bytes: Uint8Array): Uint8Array | undefined {
  try {
    return inflateSync(bytes);
  } catch {
    return undefined;
  }
}
