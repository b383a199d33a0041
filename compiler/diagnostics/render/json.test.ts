import { expect, test } from "vitest";
import { SourceFile } from "../../syntax/source.js";
import { diagnose } from "../diagnostic.js";
import { renderJson } from "./json.js";

test("renders findings as one JSON document, in order", () => {
  const source = new SourceFile("p.yaml", "a: 1\nb: |\n  x\n");
  const late = diagnose("SL0004", {}, { source, start: 5, end: 13 });
  const early = diagnose(
    "SL0010",
    { key: "a\u001b" },
    { source, start: 0, end: 1 },
    {
      related: [{ message: "first defined here", span: { source, start: 3, end: 4 } }],
      fix: { title: "rename", safe: true, edits: [{ span: { source, start: 0, end: 1 }, newText: "c" }] },
    },
  );
  const text = renderJson([late, early]);
  expect(text).not.toContain("\u001b");
  expect(JSON.parse(text)).toEqual([
    {
      file: "p.yaml",
      line: 1,
      column: 1,
      endLine: 1,
      endColumn: 2,
      code: "SL0010",
      severity: "error",
      message: "the key `a\u001b` stands twice in this mapping",
      related: [{ file: "p.yaml", line: 1, column: 4, endLine: 1, endColumn: 5, message: "first defined here" }],
      fix: {
        title: "rename",
        safe: true,
        edits: [{ file: "p.yaml", line: 1, column: 1, endLine: 1, endColumn: 2, newText: "c" }],
      },
    },
    {
      file: "p.yaml",
      line: 2,
      column: 1,
      endLine: 3,
      endColumn: 4,
      code: "SL0004",
      severity: "error",
      message: "a second YAML document starts here; a file holds one",
      related: [],
    },
  ]);
});

test("renders nothing as an empty array", () => {
  expect(renderJson([])).toBe("[]\n");
});
