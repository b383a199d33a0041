import { posix } from "node:path";
import { type Diagnostic, diagnose } from "../diagnostics/diagnostic.js";
import { besideOf, type Loaded, type Loader } from "../syntax/loader.js";
import type { SourceFile, Span } from "../syntax/source.js";
import { notAPath, unread } from "./file-names.js";

/** A file that a policy names. */
export interface NamedFile {
  /** From the folder of the policy file, with `/` and without `..`. */
  path: string;
  source: SourceFile;
}

/**
 * Files that policies name for what is in them, such as a WSDL, and files that those name. As what is included, they lie in the
 * folder of the policy file.
 */
export class NamedFiles {
  private readonly main: SourceFile;
  private readonly loader: Loader;
  private readonly asked = new Map<string, Loaded>();

  constructor(main: SourceFile, loader: Loader) {
    this.main = main;
    this.loader = loader;
  }

  /** Those that were read, each once, in the order in which they were asked for. */
  get sources(): readonly SourceFile[] {
    return [...this.asked.values()].flatMap((loaded) => (loaded.outcome === "read" ? loaded.source : []));
  }

  /** Every file that was asked for, as findings name it; also those that could not be read. */
  get paths(): readonly string[] {
    return [...this.asked.keys()].map((path) => besideOf(this.main, path));
  }

  /** @param path from the folder of the policy file, with `/` and without `..` */
  load(path: string): Loaded {
    const before = this.asked.get(path);
    if (before !== undefined) return before;
    const loaded = this.loader.load(path);
    this.asked.set(path, loaded);
    return loaded;
  }

  /**
   * Reads a file that a policy names; reports why it cannot be read.
   *
   * @param text its path, relative to the file in which it is written
   * @param from where it is written
   */
  read(text: string, from: Span, report: (finding: Diagnostic) => void): NamedFile | undefined {
    const what = notAPath(text);
    const folder = posix.dirname(this.main.path);
    const own = posix.relative(folder, from.source.path);
    const path = posix.normalize(posix.join(posix.dirname(own), text));
    if (what !== undefined) report(diagnose("SL0711", { what }, from));
    else if (path === ".." || path.startsWith("../")) report(diagnose("SL0702", { path: text }, from));
    else {
      const loaded = this.load(path);
      if (loaded.outcome === "read") return { path, source: loaded.source };
      report(unread(this.loader, loaded, { path: text, from: own, span: from, how: "named" }));
    }
    return undefined;
  }
}
