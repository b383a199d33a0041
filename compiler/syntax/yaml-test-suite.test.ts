import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { readDocument, toValue } from "./document.js";
import { SourceFile } from "./source.js";

const Case = z.strictObject({
  id: z.string(),
  name: z.string(),
  fail: z.boolean(),
  yaml: z.string(),
  json: z.string().nullable(),
});

const FILE = new URL("../../test/corpora/yaml-test-suite.json", import.meta.url);

/** The suite draws a tab as dashes and an arrow; our copy has the arrow turned back into a tab, and not the dashes. */
const cases = z
  .array(Case)
  .parse(JSON.parse(readFileSync(FILE, "utf8")))
  .map((one) => ({ ...one, yaml: one.yaml.replace(/—+\t/g, "\t") }));

/** Codes of what we refuse on purpose though it is YAML. */
const NOT_OURS = new Set([
  "SL0003", // nothing in the file
  "SL0004", // several documents
  "SL0007", // anchors
  "SL0008", // aliases
  "SL0009", // tags
  "SL0012", // lists and mappings as keys
  "SL0013", // numbers and nothing as keys
  "SL0017", // directives
]);

/** Well-formed cases that are refused for another reason. */
const DEVIATIONS: Readonly<Record<string, { code: string; reason: string }>> = {
  C4HZ: { code: "SL0016", reason: "a hexadecimal number, besides tags and aliases" },
  G4RS: { code: "SL0014", reason: "a backspace, written as an escape" },
  "ZYU8-02": { code: "SL0001", reason: "`%YAML 1.1 1.2` is a directive to the grammar and an error to every reader" },
};

describe("yaml-test-suite", () => {
  test("is the whole suite", () => {
    expect(cases.length).toBe(406);
    expect(cases.filter((one) => one.fail).length).toBeGreaterThan(90);
  });

  test.each(cases.filter((one) => one.fail))("$id is refused: $name", ({ yaml }) => {
    const { diagnostics } = read(yaml);
    expect(diagnostics.some((diagnostic) => diagnostic.severity === "error")).toBe(true);
  });

  test.each(cases.filter((one) => !one.fail))("$id is read, or refused on purpose: $name", ({ id, yaml, json }) => {
    const { root, diagnostics } = read(yaml);
    const codes = diagnostics.map((diagnostic) => diagnostic.code);
    const deviation = DEVIATIONS[id]?.code;
    if (deviation !== undefined) expect(codes).toContain(deviation);
    else if (codes.length > 0) expect(codes.filter((code) => !NOT_OURS.has(code))).toEqual([]);
    else {
      expect(root).toBeDefined();
      if (root !== undefined && json !== null) expect(plain(toValue(root))).toEqual(JSON.parse(json));
    }
  });

  test("most of what is well-formed is read", () => {
    const readable = cases.filter((one) => !one.fail && read(one.yaml).diagnostics.length === 0);
    expect(readable.length).toBeGreaterThan(190);
  });
});

function read(yaml: string): ReturnType<typeof readDocument> {
  return readDocument(new SourceFile("case.yaml", yaml));
}

/** With the prototype that `JSON.parse` gives. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}
