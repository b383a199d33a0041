import { describe, expect, test } from "vitest";
import { renderText } from "../diagnostics/render/text.js";
import { readDocument } from "./document.js";
import { SourceFile } from "./source.js";

/** What a user sees of a text, without the count at the end. */
function shown(text: string): string[] {
  const { diagnostics } = readDocument(new SourceFile("p.yaml", text));
  return renderText(diagnostics, { color: false }).split("\n\n").slice(0, -1);
}

/** First lines only, without the path. */
function sentences(text: string): string[] {
  return shown(text).map((block) => (block.split("\n")[0] ?? "").replace(/^p\.yaml:/, ""));
}

describe("findings of the reader", () => {
  test("all of them are reported at once, each at its place", () => {
    expect(shown("a: &x 1\nb: *x\nc: !!str 2\n<<: *x\n404: d\n? [e]\n: f\na: 0777\n")).toEqual([
      "p.yaml:1:4: error SL0007: anchors such as `&x` are not used in a policy\n  1 | a: &x 1\n    |    ^^",
      "p.yaml:2:4: error SL0008: aliases such as `*x` are not used in a policy\n  2 | b: *x\n    |    ^^",
      "p.yaml:3:4: error SL0009: tags such as `!!str` are not used in a policy\n  3 | c: !!str 2\n    |    ^^^^^",
      "p.yaml:4:1: error SL0011: the merge key `<<` is not used in a policy\n  4 | <<: *x\n    | ^^",
      "p.yaml:4:5: error SL0008: aliases such as `*x` are not used in a policy\n  4 | <<: *x\n    |     ^^",
      'p.yaml:5:1: error SL0013: a key has to be a text, and this one is a number\n  5 | 404: d\n    | ^^^\nfix: write `"404"`',
      "p.yaml:6:3: error SL0012: a key has to be a text, and this one is a list\n  6 | ? [e]\n    |   ^^^",
      "p.yaml:8:1: error SL0010: the key `a` stands twice in this mapping\n  8 | a: 0777\n    | ^\np.yaml:1:1: note: first defined here\n  1 | a: &x 1\n    | -",
      'p.yaml:8:4: error SL0016: `0777` does not mean the same to everybody: with a zero in front YAML 1.1 reads an octal number, YAML 1.2 a decimal one\n  8 | a: 0777\n    |    ^^^^\nfix: write `"0777"`',
    ]);
  });

  test.each([
    ["a tab", "a:\n\tb: 1", "2:1: error SL0002: a tab stands in the indentation; YAML is indented with spaces only"],
    [
      "a tab after spaces",
      "a:\n  b: 1\n  \tc: 2",
      "3:3: error SL0002: a tab stands in the indentation; YAML is indented with spaces only",
    ],
    [
      "a tab before an item",
      "-\ta: 1\n-\tb: 2",
      "1:2: error SL0002: a tab stands in the indentation; YAML is indented with spaces only",
    ],
    [
      "a colon in a text",
      "a: b: c",
      "1:5: error SL0001: not valid YAML: this does not fit here; check the indentation, or put the text in quotes",
    ],
    [
      "braces in a flow mapping",
      "a: { path: /o/{id} }",
      "1:15: error SL0001: not valid YAML: a `,` or a closing bracket is missing before this; a text with brackets or commas in it needs quotes here",
    ],
    [
      "quotes that stay open",
      'a: "b\nc: d',
      "2:1: error SL0001: not valid YAML: this line is not indented far enough for the quotes or brackets that are still open above it",
    ],
    [
      "quotes that stay open to the end",
      'a: "b\n\n',
      "1:6: error SL0001: not valid YAML: quotes or brackets are opened and never closed",
    ],
    [
      "a bracket that stays open",
      "a: [b,\n  c\n",
      "2:4: error SL0001: not valid YAML: quotes or brackets are opened and never closed",
    ],
    ["a bracket on one line", "a: [b", "1:6: error SL0001: not valid YAML: a `[` or `{` is never closed"],
    [
      "a closing bracket below its key",
      "a: [\n  b\n]",
      "3:1: error SL0001: not valid YAML: this line is not indented far enough for the quotes or brackets that are still open above it",
    ],
    [
      "an unknown escape",
      'a: "\\d+"',
      "1:6: error SL0001: not valid YAML: there is no such escape in a text in double quotes; write `\\\\` for a backslash, or use single quotes",
    ],
    ["nothing", "", "1:1: error SL0003: the file is empty; a mapping such as `apiVersion: sluice/v1` is expected"],
    [
      "a comment only",
      "# x\n---\n# y",
      "1:1: error SL0003: the file is empty; a mapping such as `apiVersion: sluice/v1` is expected",
    ],
    [
      "two documents",
      "--- # ---\na: 1\n--- # x\nb: 1",
      "3:1: error SL0004: a second YAML document starts here; a file holds one",
    ],
    [
      "two documents without a line between",
      "a\n...\nb",
      "2:1: error SL0004: a second YAML document starts here; a file holds one",
    ],
    [
      "a second, empty document",
      "a: 1\n---\n",
      "2:1: error SL0004: a second YAML document starts here; a file holds one",
    ],
    ["YAML 1.1", "%YAML 1.1 # x\n---\na: no", "1:1: error SL0017: the directive `%YAML 1.1` is not used in a policy"],
    ["a control character", "a: b\u0007\u0008c", "1:5: error SL0014: the character U+0007 cannot stand in a text"],
    ["NUL in a comment", "a: b # \0", "1:8: error SL0014: the character U+0000 cannot stand in a text"],
    ["half of a surrogate pair", "a: \ud83d", "1:4: error SL0014: the character U+D83D cannot stand in a text"],
    [
      "an escaped control character",
      'a: "b\\tc\\u001b"',
      "1:9: error SL0014: the character U+001B cannot stand in a text",
    ],
    ["`__proto__`", "__proto__: 1", "1:1: error SL0019: the key `__proto__` cannot be used"],
    ["a boolean as a key", "{ True: 1 }", "1:3: error SL0013: a key has to be a text, and this one is a boolean"],
    ["null as a key", "~: 1", "1:1: error SL0013: a key has to be a text, and this one is null"],
    ["no key", ": 1", "1:1: error SL0013: a key has to be a text, and this one is empty"],
    ["an ambiguous number as a key", "0777: 1", "1:1: error SL0013: a key has to be a text, and this one is a number"],
    ["a mapping as a key", "{id}: 1", "1:1: error SL0012: a key has to be a text, and this one is a mapping"],
    [
      "equal keys written differently",
      "{ a: 1, 'a': 2 }",
      "1:9: error SL0010: the key `a` stands twice in this mapping",
    ],
  ])("%s", (_, text, sentence) => {
    expect(sentences(text)).toEqual([sentence]);
  });

  test.each([
    ["0x1F", "SL0016", "31"],
    ["-0x10", "SL0016", "-16"],
    ["0o17", "SL0016", "15"],
    ["0b11", "SL0016", "3"],
    ["1_000", "SL0016", "1000"],
    ["00", "SL0016", '"00"'],
    [".inf", "SL0016", '".inf"'],
    [".NaN", "SL0016", '".NaN"'],
    ["9007199254740992", "SL0015", '"9007199254740992"'],
    ["1e400", "SL0015", '"1e400"'],
    ["1e-400", "SL0015", '"1e-400"'],
    ["1e16", "SL0015", '"1e16"'],
    ["0.1234567890123456", "SL0015", '"0.1234567890123456"'],
  ])("the number %s is refused as %s, with %s in its place", (text, code, newText) => {
    const { diagnostics } = readDocument(new SourceFile("p.yaml", `a: ${text}`));
    expect(diagnostics.map((one) => one.code)).toEqual([code]);
    expect(diagnostics[0]?.fix?.edits).toMatchObject([{ span: { start: 3, end: 3 + text.length }, newText }]);
    const fixed = readDocument(new SourceFile("p.yaml", `a: ${newText}`));
    expect(fixed.diagnostics).toEqual([]);
  });

  test("what is in quotes is a text, whatever it looks like", () => {
    expect(sentences("'404': \"0777\"\n\"true\": '.inf'\n'<<': '*a'\n")).toEqual([]);
  });
});
