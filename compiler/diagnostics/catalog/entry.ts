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
  /** The text at the place may be a secret: it is shown as asterisks, also in the frames of other findings. */
  readonly secret?: true;
}

type Digit = "0" | "1" | "2" | "3" | "4" | "5" | "6" | "7" | "8" | "9";

/** The codes `SL<range>00` to `SL<range>99`. A code that was published is never used for anything else. */
export type Section<Range extends `0${Digit}`> = { readonly [Code in `SL${Range}${Digit}${Digit}`]?: Entry };
