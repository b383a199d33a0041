import type { Code, ParametersOf } from "../diagnostics/catalog.js";
import { type Diagnostic, diagnose, type Edit } from "../diagnostics/diagnostic.js";
import { type Place, spanOf } from "./place.js";
import type { Range } from "./tree.js";

/** Findings whose replacement is the only reading: another sign for an operator, another form of the same header. */
const SAFE_CODES: ReadonlySet<Code> = new Set<Code>(["SL0501", "SL0511", "SL0512"]);

/** Collects what is wrong with one expression; ranges of its text become spans of its file. */
export class Findings {
  readonly text: string;
  readonly place: Place;
  readonly diagnostics: Diagnostic[] = [];

  constructor(text: string, place: Place) {
    this.text = text;
    this.place = place;
  }

  /** @param replacement text that, in place of `range`, removes the finding */
  add<C extends Code>(code: C, parameters: ParametersOf<C>, range: Range, replacement?: string): undefined {
    const fix =
      replacement === undefined
        ? {}
        : {
            fix: {
              title: `write \`${replacement}\``,
              safe: SAFE_CODES.has(code),
              edits: [this.#edit(range, replacement)],
            },
          };
    this.diagnostics.push(diagnose(code, parameters, spanOf(this.place, range), fix));
    return undefined;
  }

  /** Reports what the language leaves out of CEL. */
  foreign(construct: string, { start, end }: Range): undefined {
    return this.add("SL0504", { construct }, { start, end });
  }

  /** The text of a range. */
  slice(range: Range): string {
    return this.text.slice(range.start, range.end);
  }

  /** The replacement in the quoting of its scalar: YAML 1.2.2, sections 7.3.1 to 7.3.3. */
  #edit(range: Range, replacement: string): Edit {
    const { source, start } = this.place.span;
    const span = spanOf(this.place, range);
    switch (source.text[start]) {
      case "'":
        return { span, newText: inSingleQuotes(replacement) };
      case '"':
        return { span, newText: replacement.replaceAll(/["\\]/g, "\\$&") };
      case "|":
      case ">":
        return { span, newText: replacement };
    }
    if (range.start > 0 || /^[A-Za-z0-9_(]/.test(replacement)) return { span, newText: replacement };
    // At the start of a plain scalar, a quote or a sign would mean something to YAML: the whole of it goes into quotes.
    const changed = replacement + this.text.slice(range.end);
    return { span: this.place.span, newText: `'${inSingleQuotes(changed)}'` };
  }

  get failed(): boolean {
    return this.diagnostics.some(({ severity }) => severity === "error");
  }
}

function inSingleQuotes(text: string): string {
  return text.replaceAll("'", "''");
}
