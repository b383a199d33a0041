import binaryen from "binaryen";

/** A module of the ABI with a page of memory, and these definitions. Those with imports must begin with them. */
export function wat(definitions: string, { version = "0_2_1", malloc = true } = {}): Uint8Array {
  const module = binaryen.parseText(`(module
    ${definitions}
    (memory (export "memory") 2)
    (func (export "proxy_abi_version_${version}"))
    ${malloc ? '(func (export "malloc") (param i32) (result i32) (i32.const 65536))' : ""})`);
  return module.emitBinary();
}
