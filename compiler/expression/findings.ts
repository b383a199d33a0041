import type { Code, ParametersOf } from "../diagnostics/catalog.js";
import { type Diagnostic, diagnose, type Edit, type Fix } from "../diagnostics/diagnostic.js";
import { type Place, spanOf } from "./place.js";
import type { Range } from "./tree.js";

/** Findings whose replacement is the only reading: another sign for an operator, another form of the same header. */
const SAFE_CODES: ReadonlySet<Code> = new Set<Code>(["SL0501", "SL0511", "SL0512"]);

/** What to write instead of a finding's text. */
export interface Correction {
  readonly changes: readonly Change[];
  /** Nothing else can have been meant. */
  readonly safe: boolean;
}

export interface Change {
  readonly range: Range;
  readonly text: string;
}

/** Longest corrected expression that a title shows whole. */
const LONGEST_SHOWN = 100;

/** Collects what is wrong with one expression; ranges of its text become spans of its file. */
export class Findings {
  readonly text: string;
  readonly place: Place;
  readonly diagnostics: Diagnostic[] = [];

  constructor(text: string, place: Place) {
    this.text = text;
    this.place = place;
  }

  /** @param replacement text that, in place of `range`, removes the finding; or changes of several places */
  add<C extends Code>(
    code: C,
    parameters: ParametersOf<C>,
    { start, end }: Range,
    replacement?: string | Correction,
  ): undefined {
    const range = { start, end };
    const correction =
      typeof replacement === "string"
        ? { changes: [{ range, text: replacement }], safe: SAFE_CODES.has(code) }
        : replacement;
    const fix = correction === undefined ? {} : { fix: this.#fix(correction) };
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

  #fix({ changes, safe }: Correction): Fix {
    const [first] = changes;
    const shown = changes.length === 1 && first !== undefined ? first.text : changed(this.text, changes).trim();
    const title = shown.length <= LONGEST_SHOWN ? `write \`${shown}\`` : "write it with the operators of CEL";
    return { title, safe, edits: this.#edits(changes) };
  }

  /** The changes in the quoting of their scalar: YAML 1.2.2, sections 7.3.1 to 7.3.3. */
  #edits(changes: readonly Change[]): Edit[] {
    const { source, start } = this.place.span;
    const edits = (quoted: (text: string) => string) =>
      changes.map(({ range, text }) => ({ span: spanOf(this.place, range), newText: quoted(text) }));
    switch (source.text[start]) {
      case "'":
        return edits(inSingleQuotes);
      case '"':
        return edits((text) => text.replaceAll(/["\\]/g, "\\$&"));
      case "|":
      case ">":
        return edits((text) => text);
    }
    // In a flow collection, which a scalar with brackets is not in, brackets and commas mean something to YAML, and at the start
    // of any plain scalar a quote or a sign does: the whole of it goes into quotes.
    const isInBlock = /[[\]{},]/.test(this.text);
    const isPlain = ({ range, text }: Change) =>
      (range.start > 0 || /^[A-Za-z0-9_(]/.test(text)) && (isInBlock || !/[[\]{},]/.test(text));
    if (changes.every(isPlain)) return edits((text) => text);
    return [{ span: this.place.span, newText: `'${inSingleQuotes(changed(this.text, changes))}'` }];
  }

  get failed(): boolean {
    return this.diagnostics.some(({ severity }) => severity === "error");
  }
}

/** A text with some changes, in order. */
export function changed(text: string, changes: readonly Change[]): string {
  let at = 0;
  let result = "";
  for (const { range, text: newText } of changes) {
    result += text.slice(at, range.start) + newText;
    at = range.end;
  }
  return result + text.slice(at);
}

function inSingleQuotes(text: string): string {
  return text.replaceAll("'", "''");
}
