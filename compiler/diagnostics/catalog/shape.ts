import type { Section } from "./entry.js";

/** SL01xx: the shape of the file, as its schema sees it. */
export const shape = {
  SL0101: {
    severity: "error",
    fix: "either",
    message: "unknown key `{key}`{hint}",
    help: `A key that the language does not have, or that this version does not support yet. Unknown keys are errors, so that
a misspelled limit or rule never goes unnoticed.

    rateLimit: { rat: 100/minute }     # SL0101: did you mean \`rate\`?

Write the key as the language has it, or remove it.`,
  },
  SL0102: {
    severity: "error",
    message: "`{key}` is missing",
    help: `A mapping lacks a key that it must have.

    routes:
      - name: orders                   # SL0102: \`match\` is missing

Add the key.`,
  },
  SL0103: {
    severity: "error",
    message: "expected {expected}, found {found}",
    help: `A value has another type than the key takes.

    apply: partners-only               # SL0103: expected a list
    apply: [partners-only]`,
  },
  SL0104: {
    severity: "error",
    fix: "safe",
    message: "{reason}",
    help: `A value has the right type, but not a form that the key takes. The message tells the form.

    timeout: 2                         # SL0103: a duration is a text
    timeout: 2 seconds                 # SL0104
    timeout: 2s`,
  },
  SL0105: {
    severity: "error",
    fix: "either",
    message: "found {found}, expected one of: {values}",
    help: `The key takes one of a few words.

    otherwise: refuse                  # SL0105: expected one of: deny, allow
    otherwise: deny`,
  },
} as const satisfies Section<"01">;
