/*
 * Findings as data, without a source file: what `--format json` prints and the package gives. Nothing is imported here, as
 * these types are handed out with the package.
 */

/**
 * A range of a file. Lines and columns count from 1, columns in UTF-16 code units as editors do; the end is exclusive.
 * Where both ends are the same, the place is between two characters.
 */
export interface Place {
  /** Path as the call named it, from the same folder, with `/` between its parts. */
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly endColumn: number;
}

/** A second place that explains a finding, such as "first defined here". */
export interface RelatedPlace extends Place {
  readonly message: string;
}

/** Replaces the text of a place; an empty place inserts. */
export interface Edit extends Place {
  readonly newText: string;
}

/** A change that removes a finding. Its edits do not overlap, and apply to the unchanged file. */
export interface Fix {
  /** One line, such as "write `GET`". */
  readonly title: string;
  /** True if nothing else can have been meant, so that it may be applied without asking; false of a guess. */
  readonly safe: boolean;
  readonly edits: readonly Edit[];
}

/**
 * Something that is wrong in a file, or hardly meant, with the place where it stands. Texts quote the file, so they may
 * hold control characters; what may be a secret is masked.
 */
export interface Finding extends Place {
  /** `SL` and four digits, such as `SL0506`; `sluice explain SL0506` prints the page about it. */
  readonly code: string;
  /** An error keeps the policy from being compiled and the tests from being run; a warning does not. */
  readonly severity: "error" | "warning";
  /** One sentence without a full stop. */
  readonly message: string;
  readonly related: readonly RelatedPlace[];
  /** Absent where there is none, or where it would show a secret. */
  readonly fix?: Fix;
}

/** A warning that a comment in the file silences, with the reason that the comment gives. */
export interface SuppressedFinding extends Finding {
  readonly suppressed: { readonly reason: string };
}
