import { describe, expect, test } from "vitest";
import { formatSpan, SourceFile } from "./source.js";

describe("SourceFile", () => {
  const source = new SourceFile("dir/p.yaml", "a\r\nbc\rd\n\n😀e");

  test.each([
    [0, 1, 1],
    [1, 1, 2],
    [3, 2, 1],
    [4, 2, 2],
    [6, 3, 1],
    [8, 4, 1],
    [9, 5, 1],
    [11, 5, 3],
  ])("offset %i is line %i, column %i", (offset, line, column) => {
    expect(source.position(offset)).toEqual({ line, column });
  });

  test("gives lines without their breaks", () => {
    expect([0, 1, 2, 3, 4, 5, 6].map((line) => source.line(line))).toEqual(["", "a", "bc", "d", "", "😀e", ""]);
    expect(source.lineCount).toBe(5);
  });

  test("prints a place", () => {
    expect(formatSpan({ source, start: 4, end: 5 })).toBe("dir/p.yaml:2:2");
  });
});
