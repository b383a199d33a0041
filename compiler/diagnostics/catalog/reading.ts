import type { Section } from "./entry.js";

/** SL00xx: reading the text as YAML. */
export const reading = {
  SL0001: {
    severity: "error",
    message: "not valid YAML: {reason}",
    help: `The file cannot be read as YAML 1.2, so nothing after this place was looked at.

\`\`\`yaml
name: shop: one     # wrong: a second \`: \` in a text without quotes
name: "shop: one"   # right
\`\`\`

Correct the place that the message names; often the mistake is in the line before it.`,
  },
  SL0002: {
    severity: "error",
    message: "a tab stands in the indentation; YAML is indented with spaces only",
    help: `YAML forbids tabs in indentation, because their width differs from editor to editor.

Replace each tab at the start of a line by spaces (two for each level is usual), and let the editor insert spaces.`,
  },
  SL0003: {
    severity: "error",
    message: "the file is empty; a mapping such as `apiVersion: sluice/v1` is expected",
    help: `The file holds no YAML value: nothing at all, or only comments.

\`sluice init\` writes a file to begin with.`,
  },
  SL0004: {
    severity: "error",
    message: "a second YAML document starts here; a file holds one",
    help: `A line \`---\` or \`...\` ends a YAML document, and Sluice reads one document from a file.

Move the second document into a file of its own and name it under \`include:\`, or remove the line.`,
  },
  SL0005: {
    severity: "error",
    message: "the file has {size} bytes; at most {limit} are read",
    help: `A policy of this size was most likely not written by hand. Split it into several files with \`include:\`.`,
  },
  SL0006: {
    severity: "error",
    message: "mappings and lists are nested deeper than {limit} levels",
    help: `No policy needs as many levels; a file that has them is damaged, or is made to exhaust its reader.`,
  },
  SL0007: {
    severity: "error",
    message: "anchors such as `&{name}` are not used in a policy",
    help: `An anchor gives a part of the file a second place where it holds, and the reader of that place does not see it.

\`\`\`yaml
timeout: &default 2s   # wrong
timeout: 2s            # right
\`\`\`

Remove the anchor. What several routes share is a named policy that each of them applies.`,
  },
  SL0008: {
    severity: "error",
    message: "aliases such as `*{name}` are not used in a policy",
    help: `An alias repeats a part of the file that is written elsewhere, so the value cannot be read where it holds.
A text that begins with \`*\` needs quotes.

\`\`\`yaml
host: *.example.com     # wrong: an alias
host: "*.example.com"   # right: a text
\`\`\``,
  },
  SL0009: {
    severity: "error",
    message: "tags such as `{tag}` are not used in a policy",
    help: `A tag changes the type of a value. The types in a policy follow from its schema.

Remove the tag; to write a number as a text use quotes (\`"1.40"\` instead of \`!!str 1.40\`). A text that begins with \`!\`
needs quotes too.`,
  },
  SL0010: {
    severity: "error",
    message: "the key `{key}` stands twice in this mapping",
    help: `Of two equal keys, readers of YAML keep the first, keep the last, or refuse the file. A policy must not depend on it.

Remove one of them, or give it another name.`,
  },
  SL0011: {
    severity: "error",
    message: "the merge key `<<` is not used in a policy",
    help: `\`<<\` copies the entries of another mapping; YAML 1.2 no longer has it, and the copied entries cannot be seen where
they hold.

Write the entries out. What several routes share is a named policy that each of them applies.`,
  },
  SL0012: {
    severity: "error",
    message: "a key has to be a text, and this one is {what}",
    help: `YAML allows whole lists and mappings as keys; nothing in a policy has such keys.

A frequent cause is a placeholder in braces without quotes: \`{id}: x\` is a mapping, \`"{id}": x\` a text.`,
  },
  SL0013: {
    severity: "error",
    fix: "safe",
    message: "a key has to be a text, and this one is {type}",
    help: `Without quotes \`404\`, \`1.5\`, \`true\` and \`null\` are a number, a boolean and nothing, not texts, and so is a missing key.

\`\`\`yaml
404: not found     # wrong
"404": not found   # right
\`\`\``,
  },
  SL0014: {
    severity: "error",
    message: "the character {character} cannot stand in a text",
    help: `Control characters, noncharacters and halves of a surrogate pair cannot be sent in a header or seen in a review, and
do not survive UTF-8. The file may be binary, or in another encoding than UTF-8; or an escape such as \`"\\0"\` wrote one.

Remove the character. Tab, line feed and carriage return are allowed.`,
  },
  SL0015: {
    severity: "error",
    fix: "suggested",
    message: "the number `{raw}` cannot be kept exactly: {reason}",
    help: `A number is kept as a double of 64 bits. One with more digits would be changed without a word.

Write a number with fewer digits, or put it in quotes if it is a name.`,
  },
  SL0016: {
    severity: "error",
    fix: "suggested",
    message: "`{raw}` does not mean the same to everybody: {reason}",
    help: `\`0777\` is octal to some readers of YAML and decimal to others; \`0x1F\`, \`0o17\` and \`1_000\` are numbers to some and
texts to others; \`.inf\` and \`.nan\` are numbers that JSON and Envoy cannot take.

Write a plain decimal number, or put it in quotes if it is a text.`,
  },
  SL0017: {
    severity: "error",
    message: "the directive `{directive}` is not used in a policy",
    help: `A line that begins with \`%\` changes how the file is read. Policies are YAML 1.2 without tags, so that \`%YAML 1.2\` is
the only one that can stand, and it can be left out.`,
  },
  SL0018: {
    severity: "error",
    message: "only the first {limit} errors of this file are shown; {count} more start here",
    help: `So many mistakes most often have one cause, such as a file that is not a policy. Correct the first ones and run again.`,
  },
  SL0019: {
    severity: "error",
    message: "the key `{key}` cannot be used",
    help: `In JavaScript \`__proto__\` names something that every object has, and libraries drop it without a word. Take another
name; no field of a policy is called so.`,
  },
  SL0020: {
    severity: "error",
    message: "not UTF-8 from here on",
    help: `Policy files are UTF-8. Bytes that are not would be read as something else than was written.

Save the file as UTF-8.`,
  },
  SL0021: {
    severity: "warning",
    message: "this comment silences nothing, because it gives no reason",
    help: `Whoever reads the file later has to know why a warning does not matter here.

    # sluice-ignore: SL0403                              # SL0021
    # sluice-ignore: SL0403 applied by the next release

The comment stands on the line of the finding, or alone on the line before it.`,
  },
  SL0022: {
    severity: "warning",
    message: "`{code}` is an error, and errors cannot be silenced",
    help: `What an error stands for cannot be compiled, or would not do what the file says. Only warnings can be silenced.

Correct what the error names, and remove the code from the comment.`,
  },
  SL0023: {
    severity: "warning",
    message: "`{code}` is not found here, so there is nothing to silence",
    help: `A comment \`sluice-ignore\` counts for its own line or, if it is alone on its line, for the next one. What it was written for
is gone, or stands on another line. A comment that stayed behind would silence the next mistake.

Remove the code from the comment, or move the comment.`,
  },
  SL0024: {
    severity: "warning",
    fix: "suggested",
    message: "no finding has the code `{code}`{hint}",
    help: `A comment \`sluice-ignore\` begins with one or more codes, separated by commas; then comes the reason.

    # sluice-ignore: SL0403, SL0310 both go away with the next release`,
  },
  SL0025: {
    severity: "warning",
    message: "this comment silences nothing, because it names no code",
    help: `A comment silences the findings whose codes it names, and no others.

    # sluice-ignore the old path                         # SL0025
    # sluice-ignore: SL0310 the old path stays open until May`,
  },
  SL0026: {
    severity: "error",
    message: "the file has {count} line breaks, commas, colons and brackets; at most {limit} are read",
    help: `A gateway of 20,000 routes has about half as many. A file with more is most often no policy, but data or the output of a
program that went wrong; if it is one, make several gateways of it.`,
  },
  SL0027: {
    severity: "warning",
    message: "only the first {limit} warnings of this file are shown; {count} more start here",
    help: `So many warnings most often have one cause. Correct or silence the first ones and run again; this one goes with them, and has
no comment of its own that silences it.`,
  },
} as const satisfies Section<"00">;
