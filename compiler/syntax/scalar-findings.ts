import { type Diagnostic, diagnose, type Fix } from "../diagnostics/diagnostic.js";
import type { ScalarNode } from "./node.js";
import { type Concern, resolvePlain } from "./scalar.js";
import { shown } from "./text.js";

/** What a key is: `text`, as it should be, or words such as `a number`. */
export function keyType(node: ScalarNode): string {
  if (node.value === null) return node.raw === "" ? "empty" : "null";
  if (typeof node.value !== "string") return `a ${typeof node.value}`;
  return node.style === "plain" && resolvePlain(node.value).concern !== undefined ? "a number" : "text";
}

/** Makes a text of a plain scalar. Of a key nothing else can be made; a value may be meant as a number. */
export function quoted(node: ScalarNode, role: "key" | "value"): Fix {
  const newText = JSON.stringify(node.raw);
  return { title: `write \`${shown(newText)}\``, safe: role === "key", edits: [{ span: node.span, newText }] };
}

/** A number that is refused because of what it may turn into. */
export function numberFinding(node: ScalarNode, concern: Concern): Diagnostic {
  const parameters = { raw: shown(node.raw), reason: concern.reason };
  const { instead } = concern;
  if (concern.kind === "inexact") return diagnose("SL0015", parameters, node.span, { fix: quoted(node, "value") });
  if (instead === undefined) return diagnose("SL0016", parameters, node.span, { fix: quoted(node, "value") });
  const fix = { title: `write \`${shown(instead)}\``, safe: false, edits: [{ span: node.span, newText: instead }] };
  return diagnose("SL0016", parameters, node.span, { fix });
}
