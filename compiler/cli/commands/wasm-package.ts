import { statSync } from "node:fs";
import { join } from "node:path";
import { imageOf, type ModuleImage } from "../../oci/image.js";
import { layoutFiles } from "../../oci/layout.js";
import type { ImageFormat } from "../../oci/media.js";
import { renderVerdicts } from "../../wasm/report.js";
import { EnvironmentError, EXIT } from "../exit.js";
import { writeAll } from "../files.js";
import { leftovers, modulesAt } from "../oci/packaging.js";

export interface WasmPackageOptions {
  out: string;
  format: ImageFormat;
  source?: string;
  revision?: string;
}

/** `sluice wasm package`: modules as images, in a layout that tools for images read. Writes all of it or nothing. */
export async function wasmPackageCommand(path: string | undefined, options: WasmPackageOptions): Promise<number> {
  const { verdicts, modules } = modulesAt(path);
  if (verdicts.some(({ faults }) => faults.length > 0)) {
    process.stderr.write(`${renderVerdicts(verdicts)}nothing was written\n`);
    return EXIT.findings;
  }
  if (modules.length === 0)
    throw new EnvironmentError(`${path ?? "the package"} holds no modules: its policy needs none`);
  if (statSync(options.out, { throwIfNoEntry: false })?.isDirectory() === false)
    throw new EnvironmentError(`${options.out}: not a folder`);
  const images = await Promise.all(modules.map((module) => imageOf(module, options.format, options)));
  const files = layoutFiles(images);
  const gone = leftovers(
    options.out,
    files.map((file) => file.path),
  );
  await writeAll(options.out, [...files], gone);
  process.stdout.write(`${images.map(lineOf).join("")}wrote ${join(options.out, "index.json")}\n`);
  return EXIT.ok;

  function lineOf({ name, descriptor, bill }: ModuleImage): string {
    const beside = bill === undefined ? ", without a bill of materials" : "";
    return `${name}.wasm: ${options.format}, ${descriptor.digest}${beside}\n`;
  }
}
