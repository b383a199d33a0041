/**
 * What the project knows about one code.
 *
 * `message` is one sentence, lower-case at the start, without a full stop. A `{name}` in it is a parameter of
 * `diagnose`; a literal brace cannot be written. `help` is a page in Markdown: cause, example, fix.
 */
export interface Entry {
  readonly severity: "error" | "warning";
  readonly message: string;
  readonly help: string;
  /** Which of its findings have a fix: `safe` ones, `suggested` ones, or `either`. */
  readonly fix?: "safe" | "suggested" | "either";
  /** The text at the place may be a secret: it is shown as asterisks, also in the frames of other findings. */
  readonly secret?: true;
  /** It is true only if these parts are known entirely; while one of them has errors of shape, it is withheld. */
  readonly needs?: readonly Part[];
}

/** Sections of a policy, and the names that its sections define: not all are known while a file cannot be read. */
export type Part = "names" | "listeners" | "services" | "consumers" | "policies" | "routes" | "defaults" | "mandatory";

type Digit = "0" | "1" | "2" | "3" | "4" | "5" | "6" | "7" | "8" | "9";

/** The codes `SL<range>00` to `SL<range>99`. A code that was published is never used for anything else. */
export type Section<Range extends `${Digit}${Digit}`> = { readonly [Code in `SL${Range}${Digit}${Digit}`]?: Entry };
