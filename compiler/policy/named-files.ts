import { posix } from "node:path";
import { type Diagnostic, diagnose } from "../diagnostics/diagnostic.js";
import { besideOf, type Loader } from "../syntax/loader.js";
import type { SourceFile, Span } from "../syntax/source.js";
import { missing, notAPath } from "./file-names.js";

/**
 * Files that policies name for what is in them, such as a WSDL, and files that those name. As what is included, they lie in the
 * folder of the policy file.
 */
export class NamedFiles {
  private readonly main: SourceFile;
  private readonly loader: Loader;
  /** By path from the folder of the main file; what could not be read has no source. */
  private readonly asked = new Map<string, SourceFile | undefined>();

  constructor(main: SourceFile, loader: Loader) {
    this.main = main;
    this.loader = loader;
  }

  /** Those that were read, each once, in the order in which they were asked for. */
  get sources(): readonly SourceFile[] {
    return [...this.asked.values()].flatMap((source) => source ?? []);
  }

  /** Every file that was asked for, as findings name it; also those that could not be read. */
  get paths(): readonly string[] {
    return [...this.asked.keys()].map((path) => besideOf(this.main, path));
  }

  /**
   * Reads a file; reports why it cannot be read.
   *
   * @param text its path, relative to the file in which it is written
   * @param from where it is written
   */
  read(text: string, from: Span, report: (finding: Diagnostic) => void): SourceFile | undefined {
    const what = notAPath(text);
    if (what !== undefined) {
      report(diagnose("SL0711", { what }, from));
      return undefined;
    }
    const folder = posix.dirname(this.main.path);
    const path = posix.relative(folder, posix.join(posix.dirname(from.source.path), text));
    const before = this.asked.get(path);
    if (before !== undefined) return before;
    const read = this.load(path, text, from);
    const source = "code" in read ? undefined : read;
    this.asked.set(path, source);
    if ("code" in read) report(read);
    return source;
  }

  private load(path: string, text: string, from: Span): SourceFile | Diagnostic {
    if (path === ".." || path.startsWith("../")) return diagnose("SL0702", { path: text }, from);
    const loaded = this.loader.load(path);
    switch (loaded.outcome) {
      case "read":
        return loaded.source;
      case "damaged":
        return { ...loaded.finding, related: [{ message: "named here", span: from }] };
      case "missing":
        return missing(this.loader, text, posix.relative(posix.dirname(this.main.path), from.source.path), from);
      case "outside":
        return diagnose("SL0702", { path: text }, from);
      case "not-a-file":
        return diagnose("SL0711", { what: loaded.what }, from);
      case "unreadable":
        return diagnose("SL0710", { path: text, reason: loaded.reason }, from);
    }
  }
}
