import { describe, expect, test } from "vitest";
import { applyEdits } from "../diagnostics/fixing.js";
import { type Node, readDocument, toValue } from "./document.js";
import { addition, removeEntry, removeItem, removeListed, replaceEntry, scalarText } from "./edits.js";
import { SourceFile } from "./source.js";

function rootOf(text: string): Node {
  const { root, diagnostics } = readDocument(new SourceFile("p.yaml", text));
  if (root === undefined) throw new Error(`${text}: ${diagnostics[0]?.message}`);
  return root;
}

/** The text without each part in turn; undefined where there is no way. */
function without(text: string): (string | undefined)[] {
  const root = rootOf(text);
  const edits =
    root.kind === "list"
      ? root.items.map((_, index) => removeItem(root, index))
      : root.kind === "map"
        ? root.entries.map(({ key }) => removeEntry(root, String(key.value)))
        : [];
  return edits.map((one) => (one === undefined ? undefined : applyEdits(text, one)));
}

describe("removing a part", () => {
  test.each<[string, (string | undefined)[]]>([
    ["[a, b, c]", ["[b, c]", "[a, c]", "[a, b]"]],
    ["[ a ]", ["[  ]"]],
    ["[a, b,]", ["[b,]", "[a, ]"]],
    [
      "[\n  a, # first\n  b, # second\n  c # third\n]",
      [
        "[\n  b, # second\n  c # third\n]",
        "[\n  a, # first\n  c # third\n]",
        "[\n  a, # first\n  b, # second\n   # third\n]",
      ],
    ],
    ["[\n  a,\n  b,\n  c\n]", ["[\n  b,\n  c\n]", "[\n  a,\n  c\n]", "[\n  a,\n  b\n]"]],
    ["[a # x\n  , b]", ["[ # x\n   b]", "[a # x\n  , ]"]],
    ["[{ a: b }, [c, d]]", ["[[c, d]]", "[{ a: b }]"]],
    ["- a\n- b # why\n# then\n- c\n", ["- b # why\n# then\n- c\n", "- a\n# then\n- c\n", "- a\n- b # why\n# then\n"]],
    ["- a: 1\n  b: 2\n-\n  c\n- |\n  text\n", ["-\n  c\n- |\n  text\n", undefined, "- a: 1\n  b: 2\n-\n  c\n"]],
    ["- a", [undefined]],
    ["- - a\n  - b", [undefined, undefined].slice(0, 1)],
    [
      "a: 1\nb: # of b\n  - x\n  - y\n# end\nc: 3",
      ["b: # of b\n  - x\n  - y\n# end\nc: 3", "a: 1\n# end\nc: 3", "a: 1\nb: # of b\n  - x\n  - y\n# end\n"],
    ],
    ["{ a: 1, b: , c }", ["{ b: , c }", "{ a: 1, c }", "{ a: 1, b: }"]],
    ["? a\n: 1\nb: 2", [undefined, "? a\n: 1\n"]],
    ["a: |\r\n  x\r\n\r\nb: 2\r\n", ["\r\nb: 2\r\n", "a: |\r\n  x\r\n\r\n"]],
  ])("%j", (text, expected) => {
    const results = without(text);
    expect(results).toEqual(expected);
    const whole = toValue(rootOf(text));
    for (const [index, result] of results.entries())
      if (result !== undefined && Array.isArray(whole))
        expect(toValue(rootOf(result))).toEqual(whole.toSpliced(index, 1));
      else if (result !== undefined && typeof whole === "object" && whole !== null) {
        const rest = Object.entries(whole).filter((_, position) => position !== index);
        expect(toValue(rootOf(result))).toEqual(Object.assign(Object.create(null), Object.fromEntries(rest)));
      }
  });

  test("the first entry behind a dash makes room for the next one", () => {
    const text = "- a: 1\n  b: 2\n- a: 1 # why\n  b: 2\n";
    const root = rootOf(text);
    const items = root.kind === "list" ? root.items : [];
    const results = items.map((item) => (item.kind === "map" ? removeEntry(item, "a") : undefined));
    expect(results.map((edits) => applyEdits(text, edits ?? []))).toEqual([
      "- b: 2\n- a: 1 # why\n  b: 2\n",
      "- a: 1\n  b: 2\n- # why\n  b: 2\n",
    ]);
  });

  test("with the last item of a list goes its key", () => {
    const remove = (text: string, index: number) => applyEdits(text, removeListed(rootOf(text), "b", index) ?? []);
    expect(remove("a: 1\nb:\n  - x\n", 0)).toBe("a: 1\n");
    expect(remove("a: 1\nb: [x, y]\n", 1)).toBe("a: 1\nb: [x]\n");
    expect(removeListed(rootOf("a: 1"), "b", 0)).toBeUndefined();
    expect(removeListed(rootOf("b: x"), "b", 0)).toBeUndefined();
  });
});

test("an entry is replaced where no comment gets lost", () => {
  const replace = (text: string) => {
    const root = rootOf(text);
    const [entry] = root.kind === "map" ? root.entries : [];
    const edits = entry === undefined ? undefined : replaceEntry(entry, "new", "[v]");
    return edits === undefined ? undefined : applyEdits(text, edits);
  };
  expect(replace("a: b # c\n")).toBe("new: [v] # c\n");
  expect(replace("a:\n  - b # c\n")).toBe("new: [v] # c\n");
  expect(replace("a:\n  - b # c\n  - d\n")).toBeUndefined();
  expect(replace("a: # c\n  - b\n")).toBeUndefined();
});

test("a text stays a text", () => {
  for (const text of [
    "x-api-key",
    "true",
    "No",
    "404",
    "",
    "a: b",
    "#",
    "1.5",
    "env",
    "~",
    "- a",
    "0x1",
    "Y",
    "null",
    "@a",
  ])
    expect(toValue(rootOf(`[${scalarText(text)}]`))).toEqual([text]);
  expect(scalarText("x-api-key")).toBe("x-api-key");
});

describe("adding an entry", () => {
  test.each<[string, string | undefined]>([
    ["a: {}", "a: { k: v }"],
    ["a: { }", "a: { k: v }"],
    ["a: { b: 1 }", "a: { k: v, b: 1 }"],
    ["a: { b: 1, c: 2 }", "a: { b: 1, k: v, c: 2 }"],
    ["a: {\n    b: 1,\n    c: 2 }", "a: {\n    b: 1,\n    k: v, c: 2 }"],
    ["a:\n  b: 1 # why\n  c: 2\n", "a:\n  b: 1 # why\n  k: v\n  c: 2\n"],
    ["a:\r\n  c: 2\r\n", "a:\r\n  k: v\r\n  c: 2\r\n"],
    ["a: { # why\n  c: 2 }", undefined],
    ["a: { ? c : 2 }", undefined],
    ["a:\n  ? c\n  : 2\n", undefined],
    ["a: # nothing", undefined],
    ["a: [c]", undefined],
  ])("%j", (text, expected) => {
    const root = rootOf(text);
    const { fix } = addition(root.kind === "map" ? root.entries[0]?.value : undefined, "k", "v", "c");
    expect(fix && applyEdits(text, fix.edits)).toBe(expected);
    if (fix === undefined) return;
    expect(fix.title).toBe("write `k: v`");
    const before = toValue(rootOf(text));
    const after = toValue(rootOf(applyEdits(text, fix.edits)));
    expect(after).toEqual({ a: { ...inner(before), k: "v" } });
  });

  test("behind a dash makes it the first, and the others stand below it", () => {
    const text = "-   b: 1\n    c: 2\n";
    const root = rootOf(text);
    const { fix } = addition(root.kind === "list" ? root.items[0] : undefined, "k", "v");
    expect(applyEdits(text, fix?.edits ?? [])).toBe("-   k: v\n    b: 1\n    c: 2\n");
  });

  function inner(value: unknown): object {
    return typeof value === "object" && value !== null && "a" in value && typeof value.a === "object"
      ? (value.a ?? {})
      : {};
  }
});
