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

  test("tells where the line of an offset starts and ends", () => {
    const around = [0, 1, 2, 3, 5, 6, 8, 9, 11, 99].map((offset) => source.lineAround(offset));
    expect(around.map(({ start, end }) => source.text.slice(start, end))).toEqual([
      ...["a", "a", "a", "bc", "bc", "d", "", "😀e", "😀e", "😀e"],
    ]);
  });

  test("does not count a byte order mark", () => {
    const marked = new SourceFile("p.yaml", "\ufeffa: 1\nb: 2\n");
    expect(marked.position(1)).toEqual({ line: 1, column: 1 });
    expect(marked.position(0)).toEqual({ line: 1, column: 1 });
    expect(marked.position(6)).toEqual({ line: 2, column: 1 });
    expect(marked.line(1)).toBe("a: 1");
  });

  test("prints a place", () => {
    expect(formatSpan({ source, start: 4, end: 5 })).toBe("dir/p.yaml:2:2");
  });
});
