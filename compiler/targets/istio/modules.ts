/** Where a module is fetched: a file of its name on a server or a disk, an image of its name without `.wasm` in a registry. */
export function moduleUrl(prefix: string, module: string): string {
  return prefix.startsWith("oci:") ? `${prefix}/${module.replace(/\.wasm$/, "")}` : `${prefix}/${module}`;
}
