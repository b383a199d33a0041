import { describe, expect, it } from "vitest";
import { nodeAt, readDocument } from "../syntax/document.js";
import { SourceFile } from "../syntax/source.js";
import { checkExpression, checkKey } from "./expression.js";

/** Checks the expression under `allow` and gives the marked parts of the file. */
function marked(yaml: string): string[] {
  const source = new SourceFile("policy.yaml", yaml);
  const { root, diagnostics: reading } = readDocument(source);
  expect(reading).toEqual([]);
  const node = root && nodeAt(root, ["allow"]);
  if (node?.kind !== "scalar" || typeof node.value !== "string") throw new Error("`allow` is no text");
  const { diagnostics } = checkExpression(node.value, node, node.span, "bool");
  return diagnostics.map(({ span }) => yaml.slice(span.start, span.end));
}

describe("a finding stands where its part of the expression is written", () => {
  it.each([
    ["plain", "allow: auth.tier == 1 && auth.foo\n", ["auth.tier == 1", "auth.foo"]],
    ["single quotes", "allow: 'auth.tier == 1 && auth.foo' # x\n", ["auth.tier == 1", "auth.foo"]],
    ["doubled quotes", "allow: 'auth.tier != ''b'' && auth.foo == ''c'''\n", ["auth.foo"]],
    ["double quotes", 'allow: "auth.tier == 1 && auth.foo"\n', ["auth.tier == 1", "auth.foo"]],
    ["escapes", 'allow: "\\"\\u00e4\\" == \\"b\\" || auth.foo == \\"c\\""\n', ["auth.foo"]],
    ["an escape at the end", 'allow: "auth.groups == \\"c\\""\n', ['auth.groups == \\"c\\"']],
    ["a literal block", "allow: |\n  auth.tier == 'a' &&\n  auth.foo == 'b'\n", ["auth.foo"]],
    ["a literal block, at its end", "allow: |\n  auth.tier == 'a' &&\n  auth.foo\nx: 1\n", ["auth.foo"]],
    ["a folded block", "allow: >-\n  auth.tier == 'a' &&\n  auth.foo ||\n  auth.bar\n", ["auth.foo", "auth.bar"]],
    ["several plain lines", "allow: auth.tier == 'a' &&\n  auth.foo ||\n  auth.bar\n", ["auth.foo", "auth.bar"]],
    ["characters outside the BMP", "allow: auth.tier == '😀' && auth.foo\n", ["auth.foo"]],
  ])("%s", (_, yaml, parts) => {
    expect(marked(yaml)).toEqual(parts);
  });

  it("or on the whole value, if that is all that is known", () => {
    const source = new SourceFile("policy.yaml", "key: [auth.foo]");
    const span = { source, start: 6, end: 14 };
    expect(checkKey("auth.foo", undefined, span).diagnostics.map((found) => found.span)).toEqual([span]);
    expect(checkExpression("auth.tier == 1 || x.y", undefined, span, "bool").diagnostics[1]?.span.source).toBe(source);
  });
});
