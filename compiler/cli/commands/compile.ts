import { compile } from "../../index.js";
import { EXIT } from "../exit.js";
import { moduleBytes, type OutputFile, policyFile, writeAll } from "../files.js";
import { type Format, printFindings } from "../print.js";

export interface CompileOptions {
  target: string;
  out: string;
  format: Format;
  accessLog?: string;
}

/** `sluice compile`: writes the target's files and the modules they refer to, all or none. */
export async function compileCommand(path: string, options: CompileOptions): Promise<number> {
  const file = policyFile(path);
  const { emission, diagnostics } = await compile(
    file,
    options.target,
    options.accessLog === undefined ? {} : { accessLog: options.accessLog },
  );
  printFindings(diagnostics, options.format);
  if (emission === undefined) return EXIT.findings;
  const modules: OutputFile[] = [];
  for (const name of emission.modules) modules.push({ path: `modules/${name}`, contents: await moduleBytes(name) });
  await writeAll(options.out, [...modules, ...emission.artifacts]);
  if (options.format === "text")
    process.stdout.write(
      [...emission.artifacts, ...modules].map((written) => `wrote ${options.out}/${written.path}\n`).join(""),
    );
  return EXIT.ok;
}
