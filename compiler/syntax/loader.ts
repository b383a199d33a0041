import { posix } from "node:path";
import type { Diagnostic } from "../diagnostics/diagnostic.js";
import { SourceFile } from "./source.js";

/** What came of reading one file. `id` is the same for two paths that lead to the same file. */
export type Loaded =
  | { readonly outcome: "read"; readonly id: string; readonly source: SourceFile }
  /** There, and yet no text of ours: too large, or not UTF-8. */
  | { readonly outcome: "damaged"; readonly finding: Diagnostic }
  | { readonly outcome: "missing" }
  /** By a link. */
  | { readonly outcome: "outside" }
  | { readonly outcome: "not-a-file"; readonly what: string }
  | { readonly outcome: "unreadable"; readonly reason: string };

/** Where included files come from. Paths have `/`, no `..`, and begin at the folder of the main file. */
export interface Loader {
  /** The id of the main file. */
  readonly main: string;
  load(path: string): Loaded;
  /**
   * Files that could be meant, for "did you mean".
   *
   * @param extension of what was asked for; others than `.wsdl` and `.xsd` stand for YAML
   */
  known(extension: string): string[];
}

/** Files that are at hand as texts, by path. */
export function textLoader(main: SourceFile, files: Readonly<Record<string, string>>): Loader {
  const own = posix.basename(main.path);
  return {
    main: own,
    load: (path) => {
      if (path === own) return { outcome: "read", id: own, source: main };
      const text = Object.hasOwn(files, path) ? files[path] : undefined;
      if (text === undefined) return { outcome: "missing" };
      return { outcome: "read", id: path, source: new SourceFile(besideOf(main, path), text) };
    },
    known: () => Object.keys(files),
  };
}

/**
 * A source with another text, if there is one for its path: what a file would hold once fixes were written.
 *
 * @param texts by path as findings name it
 */
export function withText(source: SourceFile, texts: ReadonlyMap<string, string>): SourceFile {
  const text = texts.get(source.path);
  return text === undefined ? source : new SourceFile(source.path, text);
}

/** A loader whose files have other texts. */
export function withTexts(loader: Loader, texts: ReadonlyMap<string, string>): Loader {
  return {
    ...loader,
    load: (path) => {
      const loaded = loader.load(path);
      return loaded.outcome === "read" ? { ...loaded, source: withText(loaded.source, texts) } : loaded;
    },
  };
}

/** How a file in the folder of the main one is named in findings. */
export function besideOf(main: SourceFile, path: string): string {
  return posix.join(posix.dirname(main.path), path);
}
