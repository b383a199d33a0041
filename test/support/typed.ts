import { check } from "../../compiler/expression/check.js";
import { Findings } from "../../compiler/expression/findings.js";
import { parse } from "../../compiler/expression/parse.js";
import type { Typed } from "../../compiler/expression/tree.js";
import { SourceFile } from "../../compiler/syntax/source.js";

/** The tree of an expression as it is written, not folded; it must be well typed. */
export function typed(text: string): Typed {
  const source = new SourceFile("p.yaml", text);
  const findings = new Findings(text, { span: { source, start: 0, end: text.length }, map: (index) => index });
  const syntax = parse(findings);
  const tree = syntax && check(syntax, findings);
  if (tree === undefined) throw new Error(findings.diagnostics.map(({ message }) => message).join("; "));
  return tree;
}
