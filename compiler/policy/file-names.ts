import { posix } from "node:path";
import { type Diagnostic, diagnose } from "../diagnostics/diagnostic.js";
import { nearest } from "../diagnostics/suggest.js";
import type { Loaded, Loader } from "../syntax/loader.js";
import type { Span } from "../syntax/source.js";

/** What a text names instead of a file relative to its own; undefined if it may be one. */
export function notAPath(text: string): string | undefined {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
  if (/[\u0000-\u001f\u007f]/.test(text)) return "a name with control characters";
  if (/^[a-z][a-z0-9+.-]+:/i.test(text)) return "a URL";
  if (/^[/~]|^[a-z]:/i.test(text)) return "an absolute path";
  if (text.includes("\\")) return "a path with backslashes";
  if (/(^|\/)\.{0,2}$/.test(text)) return "a folder";
  return undefined;
}

/** Where a file is named. */
interface Naming {
  /** Its path as it is written, relative to the file that it stands in. */
  path: string;
  /** That file, from the folder of the main one. */
  from: string;
  span: Span;
  /** What is done there. */
  how: "included" | "named";
}

/** Why a file that another one names cannot be read. */
export function unread(loader: Loader, loaded: Exclude<Loaded, { outcome: "read" }>, naming: Naming): Diagnostic {
  const { path, span, how } = naming;
  switch (loaded.outcome) {
    case "damaged":
      return { ...loaded.finding, related: [{ message: `${how} here`, span }] };
    case "missing":
      return missing(loader, naming);
    case "outside":
      return diagnose("SL0702", { path }, span);
    case "not-a-file":
      return diagnose(how === "included" ? "SL0703" : "SL0711", { what: loaded.what }, span);
    case "unreadable":
      return diagnose("SL0710", { path, reason: loaded.reason }, span);
  }
}

/** There is no file of this name, but perhaps one of a name like it. */
function missing(loader: Loader, { path, from, span }: Naming): Diagnostic {
  const known = loader.known(posix.extname(path)).map((file) => posix.relative(posix.dirname(from), file));
  const suggestion = nearest(path, known);
  if (suggestion === undefined) return diagnose("SL0701", { path, hint: "" }, span);
  const hint = `; did you mean \`${suggestion}\`?`;
  if (!/^\w[\w./-]*$/.test(suggestion)) return diagnose("SL0701", { path, hint }, span);
  const fix = { title: `write \`${suggestion}\``, safe: false, edits: [{ span, newText: suggestion }] };
  return diagnose("SL0701", { path, hint }, span, { fix });
}
