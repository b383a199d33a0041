import { expect, it } from "vitest";
import { diagnose } from "../diagnostics/diagnostic.js";
import { readDocument } from "./document.js";
import { silence } from "./ignores.js";
import { SourceFile } from "./source.js";

/** Warnings at each place of a word in a text, and what becomes of them. */
function silenced(text: string, word = "spare") {
  const source = new SourceFile("p.yaml", text);
  const { root } = readDocument(source);
  if (root === undefined) throw new Error("no root");
  const findings = [...text.matchAll(new RegExp(`${word}(?=:)`, "g"))].map(({ index }) =>
    diagnose("SL0403", { policy: word }, { source, start: index, end: index + word.length }),
  );
  const { diagnostics, suppressed } = silence(findings, [{ source, root }]);
  return {
    shown: diagnostics.map(({ code, span }) => `${source.position(span.start).line} ${code}`),
    reasons: suppressed.map(({ reason }) => reason),
  };
}

it.each([
  ["behind the value", "spare: 1 # sluice-ignore: SL0403 why\n"],
  ["behind a value in quotes", 'spare: "a # b" # sluice-ignore: SL0403 why\n'],
  ["alone before it", "# sluice-ignore: SL0403 why\nspare: 1\n"],
  ["indented, before it", "a:\n    # sluice-ignore: SL0403 why\n  spare: 1\n"],
  ["before other comments", "# sluice-ignore: SL0403 why\n# prose\n# prose\nspare: 1\n"],
  ["without spaces", "spare: 1 #sluice-ignore:SL0403 why"],
  ["in lower case, with several codes", "spare: 1 # sluice-ignore: SL0310 , sl0403 why\n"],
  ["behind a text that looks like one", 'spare: "# sluice-ignore: SL0310 x" # sluice-ignore: SL0403 why\n'],
  ["in other letter case", "spare: 1 # Sluice-Ignore: SL0403 why\n"],
  ["with codes without a comma", "spare: 1 # sluice-ignore: SL0310 sl0403 why\n"],
  ["behind another one", "spare: 1 # sluice-ignore: SL0310 not # sluice-ignore: SL0403 why\n"],
  ["before another one", "spare: 1 # sluice-ignore: SL0403 why #sluice-ignore: SL0310 not\n"],
  ["behind another one, before it", "# sluice-ignore: SL0310 not # sluice-ignore: SL0403 why\nspare: 1\n"],
  ["with other line breaks", "a: 1\r\n# sluice-ignore: SL0403 why\r\nspare: 1\r\n"],
  ["behind the sign of a block", "spare: | # sluice-ignore: SL0403 why\n  text\n"],
  ["after a byte order mark", "\ufeff# sluice-ignore: SL0403 why\nspare: 1\n"],
  ["after a block", "a: |\n  x\n# sluice-ignore: SL0403 why\nspare: 1\n"],
])("a comment silences: %s", (_, text) => {
  expect(silenced(text).reasons).toEqual(["why"]);
  expect(silenced(text).shown.filter((line) => line.endsWith("SL0403"))).toEqual([]);
});

it.each([
  ["in a text in quotes", 'spare: "# sluice-ignore: SL0403 why"\n'],
  ["in a text of several lines", 'spare: "a\n  # sluice-ignore: SL0403 why"\n'],
  ["in a block", "spare: |\n  # sluice-ignore: SL0403 why\n"],
  ["in a key", '{ "# sluice-ignore: SL0403 why": 1, spare: 2 }\n'],
  ["in a word", "spare: a#sluice-ignore: SL0403\n"],
  ["in a comment on something else", "spare: 1 # write # sluice-ignore: SL0403 why\n"],
  ["longer words", "spare: 1 # sluice-ignored: SL0403 why\n"],
])("what only looks like one is none: %s", (_, text) => {
  if (text.includes("a#sluice")) expect(() => silenced(text)).toThrow("no root");
  else expect(silenced(text)).toMatchObject({ shown: [expect.stringMatching(/^\d SL0403$/)], reasons: [] });
});

it.each([
  ["a reason is missing", "spare: 1 # sluice-ignore: SL0403\n", ["1 SL0403", "1 SL0021"]],
  ["the reason is a sign", "spare: 1 # sluice-ignore: SL0403 .\n", ["1 SL0403", "1 SL0021"]],
  ["it is for another line", "spare: 1\n# sluice-ignore: SL0403 why\na: 1\n", ["1 SL0403", "2 SL0023"]],
  ["an empty line is between", "# sluice-ignore: SL0403 why\n\nspare: 1\n", ["1 SL0023", "3 SL0403"]],
  ["it is at the end", "spare: 1\n# sluice-ignore: SL0403 why", ["1 SL0403", "2 SL0023"]],
  ["it names an error", "spare: 1 # sluice-ignore: SL0201 why\n", ["1 SL0403", "1 SL0022"]],
  ["there is no such code", "spare: 1 # sluice-ignore: SL4030 why\n", ["1 SL0403", "1 SL0024"]],
  ["it names no code", "spare: 1 # sluice-ignore\n", ["1 SL0403", "1 SL0025"]],
])("nothing is silenced, and that is said, if %s", (_, text, shown) => {
  expect(silenced(text)).toEqual({ shown, reasons: [] });
});

it("one comment silences all findings of its line, and two comments each their own", () => {
  const text = "# sluice-ignore: SL0403 why\n# sluice-ignore: SL0310 not\n{ a: { spare: 1 }, b: { spare: 2 } }\n";
  expect(silenced(text)).toEqual({ shown: ["2 SL0023"], reasons: ["why", "why"] });
});

it("does not call a comment idle while there are errors, for not all was checked", () => {
  const text = "spare: 1 # sluice-ignore: SL0310 why\n";
  const source = new SourceFile("p.yaml", text);
  const { root } = readDocument(source);
  const error = diagnose("SL0102", { key: "name" }, { source, start: 0, end: 1 });
  expect(root && silence([error], [{ source, root }])).toEqual({ diagnostics: [error], suppressed: [] });
});

it("comes to an end on files full of comments", () => {
  const comment = "# sluice-ignore: SL0403 why\n";
  expect(silenced(`${comment.repeat(50_000)}spare: 1\n`).reasons).toEqual(["why"]);
  expect(silenced(`spare: 1 # sluice-ignore: SL0403 ${" ".repeat(1_000_000)}why\n`).reasons).toEqual(["why"]);
  expect(silenced(`spare: "${"# sluice-ignore: SL0310 not ".repeat(50_000)}"\n`).reasons).toEqual([]);
  expect(silenced(`spare: 1 ${"# sluice-ignore: SL0310 not ".repeat(50_000)}\n`).reasons).toEqual([]);
  expect(silenced(`${"a: '#' # '#'\n".replace("a", "b").repeat(1)}spare: 1 ${"# ".repeat(50_000)}\n`).reasons).toEqual(
    [],
  );
});
