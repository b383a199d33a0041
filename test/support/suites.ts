import { readDocument } from "../../compiler/syntax/document.js";
import { SourceFile } from "../../compiler/syntax/source.js";
import { type CheckedSuite, checkSuite } from "../../compiler/testing/check.js";

/** The suite of a test file, in which nothing may be found. */
export function suiteOf(text: string): CheckedSuite {
  const { root, diagnostics: unread } = readDocument(new SourceFile("policy.test.yaml", text));
  if (root?.kind !== "map") throw new Error(JSON.stringify(unread));
  const { checked, diagnostics } = checkSuite(root);
  if (checked === undefined || diagnostics.length > 0) throw new Error(JSON.stringify(diagnostics));
  return checked;
}

/**
 * A suite of cases without names of their own: `case 1`, `case 2`.
 *
 * @param upstreams the section of that name, if any
 * @param bodies in flow style, without braces
 */
export function casesOf(upstreams: string, bodies: readonly string[]): CheckedSuite {
  const cases = bodies.map((body, index) => `  - { name: case ${index + 1}, ${body} }\n`).join("");
  return suiteOf(`apiVersion: sluice/v1\nkind: Test\npolicy: policy.yaml\n${upstreams}cases:\n${cases}`);
}
