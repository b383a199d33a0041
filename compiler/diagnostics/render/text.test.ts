import { describe, expect, test } from "vitest";
import { SourceFile, type Span } from "../../syntax/source.js";
import { type Diagnostic, diagnose } from "../diagnostic.js";
import { renderText } from "./text.js";

function at(text: string, part: string, path = "p.yaml"): Span {
  const start = text.indexOf(part);
  return { source: new SourceFile(path, text), start, end: start + part.length };
}

function plain(...diagnostics: Diagnostic[]): string {
  return renderText(diagnostics, { color: false });
}

/** The line and the marks of a finding at a part of a text. */
function frame(text: string, part: string): string[] {
  return plain(diagnose("SL0004", {}, at(text, part)))
    .split("\n")
    .slice(1, 3);
}

describe("renderText", () => {
  test("shows the place, what it refers to, the fix and the count", () => {
    const text = `name: a\n${"# x\n".repeat(8)}  name: b\n`;
    const source = new SourceFile("dir/p.yaml", text);
    const twice = diagnose(
      "SL0010",
      { key: "name" },
      { source, start: 42, end: 46 },
      {
        related: [{ message: "first defined here", span: { source, start: 0, end: 4 } }],
        fix: { title: "remove it", safe: true, edits: [{ span: { source, start: 42, end: 49 }, newText: "" }] },
      },
    );
    const warning: Diagnostic = { ...diagnose("SL0004", {}, { source, start: 0, end: 4 }), severity: "warning" };
    expect(plain(twice, warning)).toBe(
      [
        "dir/p.yaml:1:1: warning SL0004: a second YAML document starts here; a file holds one",
        "  1 | name: a",
        "    | ^^^^",
        "",
        "dir/p.yaml:10:3: error SL0010: the key `name` stands twice in this mapping",
        "  10 |   name: b",
        "     |   ^^^^",
        "dir/p.yaml:1:1: note: first defined here",
        "   1 | name: a",
        "     | ----",
        "fix: remove it",
        "",
        "1 error, 1 warning",
        "",
      ].join("\n"),
    );
  });

  test("counts in the plural, and says nothing about nothing", () => {
    const error = diagnose("SL0003", {}, at("a", "a"));
    const warning: Diagnostic = { ...error, severity: "warning" };
    expect(plain(error, error).split("\n").at(-2)).toBe("2 errors");
    expect(plain(error, warning, warning).split("\n").at(-2)).toBe("1 error, 2 warnings");
    expect(plain(warning).split("\n").at(-2)).toBe("1 warning");
    expect(plain()).toBe("");
  });

  test("colours for a terminal", () => {
    const error = diagnose("SL0004", {}, at("a: b", "b"), { fix: { title: "x", safe: true, edits: [] } });
    expect(renderText([error], { color: true })).toBe(
      [
        "p.yaml:1:4: \u001b[1;31merror SL0004\u001b[0m: \u001b[1ma second YAML document starts here; a file holds one\u001b[0m",
        "\u001b[2m  1 |\u001b[0m a: b",
        "\u001b[2m    |\u001b[0m    \u001b[1;31m^\u001b[0m",
        "\u001b[32mfix\u001b[0m: x",
        "",
        "1 error",
        "",
      ].join("\n"),
    );
  });

  test.each([
    ["a tab before", "\ta: b", "a", ["  1 |     a: b", "    |     ^"]],
    ["a tab inside", "ab\tc d", "\tc", ["  1 | ab  c d", "    |   ^^^"]],
    ["wide characters", "日本: 語x", "語", ["  1 | 日本: 語x", "    |       ^^"]],
    ["emoji of several characters", "👩‍👩‍👧 x", "x", ["  1 | 👩‍👩‍👧 x", "    |    ^"]],
    ["combining characters", "e\u0301a x", "a", ["  1 | e\u0301a x", "    |  ^"]],
    ["several lines", "a: |  \n  b\n  c", "|  \n  b", ["  1 | a: |", "    |    ^"]],
    ["an empty place", "a:", "", ["  1 | a:", "    | ^"]],
    [
      "control characters",
      "a: \u001b[31m\u0000 b",
      "b",
      ["  1 | a: \\u{1b}[31m\\u{0} b", "    |                    ^"],
    ],
    ["characters that turn the direction", "a\u202eb c", "c", ["  1 | a\\u{202e}b c", "    |            ^"]],
    ["a byte order mark", "\ufeffa: b", "b", ["  1 | a: b", "    |    ^"]],
    ["the second line", "a\r\nbc\r\n", "c", ["  2 | bc", "    |  ^"]],
  ])("the frame with %s", (_, text, part, expected) => {
    expect(frame(text, part)).toEqual(expected);
  });

  test("a place after the end of the text has a mark after the line", () => {
    const source = new SourceFile("p.yaml", "a: [b");
    expect(
      plain(diagnose("SL0004", {}, { source, start: 5, end: 5 }))
        .split("\n")
        .slice(1, 3),
    ).toEqual(["  1 | a: [b", "    |      ^"]);
  });

  test("a file without a text has no frame", () => {
    const source = new SourceFile("p.yaml", "");
    const [first, ...rest] = plain(diagnose("SL0004", {}, { source, start: 0, end: 0 })).split("\n");
    expect(first).toMatch(/^p\.yaml:1:1: error SL0004: /);
    expect(rest.filter((line) => line.includes("|"))).toEqual([]);
  });

  test("a long line is cut around the place", () => {
    const line = `${"a".repeat(1000)}X${"b".repeat(1000)}`;
    const [shown, marks] = frame(line, "X");
    expect(shown).toBe(`  1 | …${"a".repeat(40)}X${"b".repeat(59)}…`);
    expect(marks).toBe(`    | ${" ".repeat(41)}^`);
    expect(frame(line, line)).toEqual([`  1 | ${"a".repeat(100)}…`, `    | ${"^".repeat(100)}`]);
    expect(frame(`${"a".repeat(150)}X`, "X")).toEqual([`  1 | …${"a".repeat(40)}X`, `    | ${" ".repeat(41)}^`]);
  });

  test("nothing reaches the terminal raw, from the path, the message or the fix", () => {
    const error = diagnose("SL0010", { key: "a\u001b]0;x\u0007\nb" }, at("a", "a", "p\u001b[2J.yaml"), {
      related: [{ message: "\u009b1m", span: at("a", "a") }],
      fix: { title: "\u202e\t", safe: true, edits: [] },
    });
    expect(plain(error).split("\n")).toEqual([
      "p\\u{1b}[2J.yaml:1:1: error SL0010: the key `a\\u{1b}]0;x\\u{7}\\nb` stands twice in this mapping",
      "  1 | a",
      "    | ^",
      "p.yaml:1:1: note: \\u{9b}1m",
      "  1 | a",
      "    | -",
      "fix: \\u{202e}\\t",
      "",
      "1 error",
      "",
    ]);
  });
});
