import { type Report, reportOf } from "../../diagnostics/report.js";
import { type Compiled, compile } from "../../index.js";
import { EXIT } from "../exit.js";
import { moduleBytes, type OutputFile, policyFile, unreadable, writeAll } from "../files.js";
import { type Format, printReport } from "../print.js";

export interface CompileOptions {
  target: string;
  out: string;
  format: Format;
  accessLog?: string;
}

/** `sluice compile`: writes the target's files and the modules they refer to, all or none. */
export async function compileCommand(path: string, options: CompileOptions): Promise<number> {
  const { emission, report } = await compiled(path, options);
  printReport(report, options.format);
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

/** A file that cannot be read is a report too, so that there is a document for machines. */
async function compiled(
  path: string,
  options: CompileOptions,
): Promise<Pick<Compiled, "emission"> & { report: Report }> {
  try {
    const file = policyFile(path);
    const emitOptions = options.accessLog === undefined ? {} : { accessLog: options.accessLog };
    const { diagnostics, suppressed, ...rest } = await compile(file, options.target, emitOptions);
    return { ...rest, report: reportOf(diagnostics, { files: [file], suppressed }) };
  } catch (error) {
    const reason = unreadable(path, error);
    if (reason === undefined) throw error;
    return { report: reportOf([], { unread: [{ path, reason }] }) };
  }
}
