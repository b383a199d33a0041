import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { renderJson } from "../diagnostics/render/json.js";
import { renderText } from "../diagnostics/render/text.js";
import { locate, type Node, nodeAt, offsetInScalar, readDocument, type ScalarNode, toValue } from "./document.js";
import { SourceFile, type Span } from "./source.js";

function read(text: string): ReturnType<typeof readDocument> {
  return readDocument(new SourceFile("policy.yaml", text));
}

function rootOf(text: string): Node {
  const { root, diagnostics } = read(text);
  expect(diagnostics).toEqual([]);
  if (root === undefined) throw new Error("no root");
  return root;
}

function textOf(span: Span): string {
  return span.source.text.slice(span.start, span.end);
}

function scalarAt(text: string, path: (string | number)[]): ScalarNode {
  const node = nodeAt(rootOf(text), path);
  if (node?.kind !== "scalar") throw new Error("not a scalar");
  return node;
}

describe("readDocument", () => {
  test.each([
    ["no", "no"],
    ["yes", "yes"],
    ["on", "on"],
    ["true", true],
    ["FALSE", false],
    ["null", null],
    ["~", null],
    ["'null'", "null"],
    ["''", ""],
    ["12", 12],
    ["-0", 0],
    ["+5", 5],
    ["1e3", 1000],
    [".5", 0.5],
    ["1.40", 1.4],
    ["9007199254740991", 9007199254740991],
    ["10s", "10s"],
    ["0.0.0.0:8080", "0.0.0.0:8080"],
    ["1:30", "1:30"],
    ["2024-01-01", "2024-01-01"],
  ])("reads %s by the core schema of YAML 1.2", (written, value) => {
    expect(scalarAt(`a: ${written}`, ["a"]).value).toBe(value);
  });

  test("keeps how a scalar is written", () => {
    const root = rootOf("plain: 1.40\nsingle: 'it''s'\ndouble: \"a\\tb\"\nblock: |\n  x\nempty:\n");
    const scalars = ["plain", "single", "double", "block", "empty"].map((key) => nodeAt(root, [key]));
    expect(scalars).toMatchObject([
      { style: "plain", raw: "1.40", value: 1.4 },
      { style: "quoted", raw: "'it''s'", value: "it's" },
      { style: "quoted", raw: '"a\\tb"', value: "a\tb" },
      { style: "block", raw: "|\n  x", value: "x\n" },
      { style: "plain", raw: "", value: null },
    ]);
  });

  test("refuses a byte order mark that is not at the start", () => {
    const { root, diagnostics } = read("? ---\n\ufeff: ");
    expect(root).toBeUndefined();
    expect(diagnostics.map((diagnostic) => diagnostic.code)).toEqual(["SL0014"]);
  });

  test("accepts a byte order mark, `%YAML 1.2`, document marks and any line break", () => {
    expect(toValue(rootOf("\ufeff%YAML 1.2\r\n---\r\na: 1\rb:\n- x\r\n...\r\n"))).toEqual(
      Object.assign(Object.create(null), { a: 1, b: ["x"] }),
    );
  });

  test("gives no root when a value is not known, and one when only keys were refused", () => {
    for (const text of ["a: *b", "a: !!str 1", "<<: { a: 1 }", "a: 0777", "a: 1\n---\nb: 2", "a: [", ""])
      expect(read(text).root).toBeUndefined();
    const { root } = read("a: 1\na: 2\n404: x\nb: &c y");
    expect(root && JSON.stringify(toValue(root))).toBe('{"a":1,"b":"y"}');
  });

  test("allows 64 levels and refuses the 65th", () => {
    for (const [open, close] of [
      ["[", "]"],
      ["- ", ""],
      ["{ a: ", "}"],
    ] as const) {
      expect(read(open.repeat(64) + close.repeat(64)).diagnostics).toEqual([]);
      for (const levels of [65, 100, 10_000]) {
        const { root, diagnostics } = read(open.repeat(levels) + close.repeat(levels));
        expect(diagnostics.map((one) => one.code)).toEqual(["SL0006"]);
        expect(root).toBeUndefined();
      }
    }
  });

  test("refuses a file of more than 4 MiB, counted in bytes", () => {
    expect(read(`a: ${"é".repeat(2 * 1024 * 1024)}`).diagnostics.map((one) => one.code)).toEqual(["SL0005"]);
    expect(read(`a: ${"é".repeat(2 * 1024 * 1024 - 2)}`).diagnostics).toEqual([]);
  });

  test("refuses a file of more than 600,000 separators, of whatever sort", () => {
    const codes = (text: string) => read(text).diagnostics.map((one) => one.code);
    for (const piece of ["\n", "\r", "1,", "a:", "[", "{"]) expect(codes(piece.repeat(600_001))).toEqual(["SL0026"]);
    expect(codes(`a: [${"1,".repeat(599_998)}]`)).toEqual([]);
  });

  test("refuses a second document however many there are, and takes `---` within a text for text", () => {
    for (const count of [1, 2, 3, 100_000]) {
      const { root, diagnostics } = read(`a: 1\n${"---\nb: 2\n".repeat(count)}`);
      expect([root, diagnostics.map(({ code, span }) => [code, span.start])]).toEqual([undefined, [["SL0004", 5]]]);
    }
    const inText = "a: |\n  ---\n  ---\n  ---\n  ---\nb: x--- --- ---\u2028--- \u2028--- \u2028---\n";
    expect(read(`---\n${inText}`).diagnostics).toEqual([]);
    expect(read(inText).root).toBeDefined();
  });

  test("shows a hundred findings and says how many there are beyond", () => {
    const { diagnostics } = read("a: 1\n".repeat(1000));
    expect(diagnostics).toHaveLength(101);
    expect(diagnostics.at(-1)?.message).toBe("only the first 100 errors of this file are shown; 899 more start here");
  });

  test("comes to an end on large and hostile texts", () => {
    const count = 100_000;
    const texts = [
      "[".repeat(count),
      `a: x${" ".repeat(count)}y`,
      `a: 1.${"0".repeat(count)}1`,
      `%${" ".repeat(count)}x\n--- a`,
      `a: "${"\\0".repeat(count)}"`,
      `[${"a: b,".repeat(count)}]`,
      `{${"[a]: b,".repeat(count)}}`,
      "&a ".repeat(count),
      "a:\n".repeat(count),
      "\0a".repeat(count),
    ];
    for (const text of texts) expect(renderText(read(text).diagnostics, { color: false }).length).toBeLessThan(100_000);
  });
});

describe("places", () => {
  test.each([
    ["plain", "a: b", ["a"], "b"],
    ["plain with spaces around", "a:   b c   # d\n", ["a"], "b c"],
    ["plain on two lines", "a: b\n  c\nd: e", ["a"], "b\n  c"],
    ["single quotes", "a: 'b''c'\n", ["a"], "'b''c'"],
    ["double quotes", 'a: "b\\"c" # d\n', ["a"], '"b\\"c"'],
    ["double quotes on two lines", 'a: "b\n  c"\nd: e', ["a"], '"b\n  c"'],
    ["literal block", "a: |\n  b\n   c\n\nd: e", ["a"], "|\n  b\n   c"],
    ["folded block after a comment with its sign", "a:   >2-  # > | x\n   b\n  c\n", ["a"], ">2-  # > | x\n   b\n  c"],
    ["block below a key with its sign", "'a | b': |\r\n  c\r\n", ["a | b"], "|\r\n  c"],
    ["empty block", "a: |\nb: c", ["a"], "|"],
    ["after wide characters", "日本: 😀é\nb: { ü: x }", ["b", "ü"], "x"],
    ["flow mapping", "a: { b: c, d: [e] } # f", ["a"], "{ b: c, d: [e] }"],
    ["flow list with a comma at the end", "a: [ b, [c], ]\n", ["a"], "[ b, [c], ]"],
    ["flow list with comments", "a: [ # ]\n  b, # ]\n  # ]\n ]\nc: d", ["a"], "[ # ]\n  b, # ]\n  # ]\n ]"],
    ["item of a flow list", "a: [b, 'c', d]", ["a", 2], "d"],
    ["pair in a flow list", "a: [b: c, d]", ["a", 0], "b: c"],
    ["empty flow collections", "a: [{}, [ ]]", ["a", 1], "[ ]"],
    ["block mapping", "a:\n  b: c\n  d: e\nf: g", ["a"], "b: c\n  d: e"],
    ["block list", "a:\n- b\n-   c\nd: e", ["a"], "- b\n-   c"],
    ["mapping in a list", "- a: b\n  c: d\n- e", [0], "a: b\n  c: d"],
    ["explicit key", "? a\n: b", ["a"], "b"],
  ])("%s", (_, text, path, expected) => {
    const span = locate(rootOf(text), path, "value");
    expect(textOf(span)).toBe(expected);
  });

  test.each([
    ["plain", "a: 1\nbc : 2", ["bc"], "bc"],
    ["quoted", "{ 'a': 1, \"b c\": 2 }", ["b c"], '"b c"'],
    ["nested", "a:\n  - b: 1\n    c: 2", ["a", 0, "c"], "c"],
    ["after wide characters", "日本: { 😀: x }", ["日本", "😀"], "😀"],
  ])("of a key: %s", (_, text, path, expected) => {
    expect(textOf(locate(rootOf(text), path, "key"))).toBe(expected);
  });

  test.each([
    ["value at the end of a line", "a:\nb: 1", ["a"], 2],
    ["value after a comment", "a: # x\nb: 1", ["a"], 2],
    ["value in a flow mapping", "{ a:, b: 1}", ["a"], 4],
    ["key alone in a flow mapping", "{ a, b: 1}", ["a"], 3],
    ["first item", "-\n- b", [0], 1],
    ["item between items", "- a # x\n- # y\n- b", [1], 9],
  ])("of an absent %s", (_, text, path, offset) => {
    expect(locate(rootOf(text), path, "value")).toMatchObject({ start: offset, end: offset });
  });

  test("a path that leads nowhere gives the nearest ancestor", () => {
    const root = rootOf("a:\n  - b: c\n");
    expect(textOf(locate(root, ["a", 0, "x", "y"], "value"))).toBe("b: c");
    expect(textOf(locate(root, ["a", 7], "key"))).toBe("a");
    expect(textOf(locate(root, ["x"], "key"))).toBe("a:\n  - b: c");
    expect(nodeAt(root, ["a", 0, "b", "c"])).toBeUndefined();
    expect(nodeAt(root, ["a", "length"])).toBeUndefined();
  });
});

describe("toValue", () => {
  test("takes names of JavaScript for what they are: keys", () => {
    const value = toValue(rootOf("constructor: 1\ntoString: 2\n"));
    expect(Object.getPrototypeOf(value)).toBeNull();
    expect(Object.entries(value ?? {})).toEqual([
      ["constructor", 1],
      ["toString", 2],
    ]);
    expect(nodeAt(rootOf("a: 1"), ["constructor"])).toBeUndefined();
  });

  test("a node made by hand can have a key `__proto__`, and no prototype comes of it", () => {
    const { root } = read("x: { polluted: true }");
    if (root?.kind !== "map") throw new Error("not a mapping");
    const entries = root.entries.map((entry) => ({ ...entry, key: { ...entry.key, value: "__proto__" } }));
    const value = toValue({ ...root, entries });
    expect(Object.keys(value ?? {})).toEqual(["__proto__"]);
    expect(Reflect.get(Object(value), "polluted")).toBeUndefined();
  });
});

describe("offsetInScalar", () => {
  /** In each text the value has one `X`, and the source has it where the place must be. */
  test.each([
    ["plain", "a: b X"],
    ["plain, folded", "a: b\n\n\n  c\n  d X"],
    ["single quotes", "a: 'b X'"],
    ["single quotes, doubled", "a: 'b''''c X'"],
    ["single quotes, folded", "a: 'b   \n\n   c X'"],
    ["double quotes", 'a: "b X"'],
    ["double quotes, escapes", 'a: "b\\t\\x41\\u0041\\U0001F600\\"\\\\ X"'],
    ["double quotes, escaped line break", 'a: "b \\\n     c\\\r\n  \\ X"'],
    ["double quotes, folded", 'a: "b\n\n  c\td X"'],
    ["literal", "a: |\n  b\n\n    c\n  X"],
    ["literal, more indented", "a: |\n\n  b\n     X"],
    ["literal, explicit indent", "a: |1-\n   b X"],
    ["folded", "a: >\n  b\n  c\n\n  d\n    e\n  X"],
    ["carriage returns", "a: |\r\n  b\r\n  X\r\n"],
    ["after wide characters", "a: '😀日 X'"],
  ])("%s", (_, text) => {
    const node = scalarAt(text, ["a"]);
    const index = String(node.value).indexOf("X");
    expect(index).toBeGreaterThan(0);
    expect(offsetInScalar(node, index)).toBe(text.indexOf("X"));
  });

  test("an escape stands at its backslash, and the end before the closing quote", () => {
    const node = scalarAt('a: "b\\u0041\\U0001F600c"', ["a"]);
    expect([0, 1, 2, 3, 4, 5, 99].map((index) => offsetInScalar(node, index))).toEqual([4, 5, 11, 11, 21, 22, 22]);
  });

  test("white space of one line is exact, and of folded lines between its neighbours", () => {
    expect(offsetInScalar(scalarAt("a: 'b   c'", ["a"]), 3)).toBe(7);
    const folded = scalarAt("a: b\n   c", ["a"]);
    expect(offsetInScalar(folded, 1)).toBe(4);
    expect(offsetInScalar(folded, 2)).toBe(8);
  });
});

describe("whatever the text", () => {
  const words = fc.constantFrom(
    ..."a|b: |- |? |: |\n|\n  |\n |&x |!t |*x |[|]|{|}|, |'|\"|>-\n  |#c\n|\t|---\n|...\n|\\n|\\x41|''|日|😀|1|0x1|<<: |%Y\n|\r\n|\ufeff|\u0001".split(
      "|",
    ),
    "|\n  ",
  );
  const texts = fc.array(words, { maxLength: 30 }).map((parts) => parts.join(""));

  test("places are inside of each other and in order, and reports can be shown", () => {
    fc.assert(
      fc.property(texts, (text) => {
        const { root, diagnostics } = read(text);
        if (root === undefined) expect(diagnostics).not.toEqual([]);
        else expectNested(root, 0, text.length);
        for (const { span } of diagnostics) expectNestedSpan(span, 0, text.length);
        expect(renderText(diagnostics, { color: false })).not.toMatch(/[^\P{C}\n]/u);
        expect(JSON.parse(renderJson(diagnostics))).toHaveLength(diagnostics.length);
      }),
      { numRuns: 3000 },
    );
  });

  test("a character of a value is found where it stands", () => {
    fc.assert(
      fc.property(texts, (text) => {
        for (const node of scalarsOf(read(text).root)) {
          const value = String(node.value);
          for (let index = 0; index < value.length; index++) {
            if (/\s/.test(value[index] ?? "")) continue;
            expect(["\\", value[index]]).toContain(text[offsetInScalar(node, index)]);
          }
        }
      }),
      { numRuns: 3000 },
    );
  });

  function expectNestedSpan(span: Span, start: number, end: number): void {
    expect(span.start).toBeGreaterThanOrEqual(start);
    expect(span.end).toBeGreaterThanOrEqual(span.start);
    expect(span.end).toBeLessThanOrEqual(end);
  }

  function expectNested(node: Node, start: number, end: number): void {
    expectNestedSpan(node.span, start, end);
    let from = node.span.start;
    for (const child of childrenOf(node)) {
      expectNested(child, from, node.span.end);
      from = child.span.end;
    }
  }

  function scalarsOf(node: Node | undefined): ScalarNode[] {
    if (node === undefined) return [];
    return node.kind === "scalar"
      ? [node].filter((one) => typeof one.value === "string")
      : childrenOf(node).flatMap(scalarsOf);
  }

  function childrenOf(node: Node): Node[] {
    switch (node.kind) {
      case "scalar":
        return [];
      case "list":
        return [...node.items];
      case "map":
        return node.entries.flatMap((entry) => [entry.key, entry.value]);
    }
  }
});
