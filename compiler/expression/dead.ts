import { written } from "./attributes.js";
import { credentialsIn } from "./credentials.js";
import { ALWAYS_KNOWN } from "./domains.js";
import type { Correction, Findings } from "./findings.js";
import type { Folded } from "./fold.js";
import { type Always, alwaysOf, impossibleIn, type Never } from "./impossible.js";
import { caseSlips } from "./letter-case.js";
import { type Effort, reasoningEffortOf } from "./regex/effort.js";
import { canBeTrue } from "./satisfy.js";
import { settled } from "./settled.js";
import { tokensOf } from "./tokens.js";
import { childrenOf, type Range, type Typed } from "./tree.js";

/** Warns of what an expression says in vain: of parts that no request changes, and of texts that nothing is ever equal to. */
export function reportDead(tree: Typed, constants: Folded["constants"], findings: Findings): void {
  if (tree.kind === "constant") {
    findings.add("SL0513", { what: "the expression", value: String(tree.value) }, tree);
    return;
  }
  for (const { value, ...range } of constants)
    findings.add("SL0513", { what: "this part", value: String(value) }, range);
  const parts = partsOf(tree);
  const effort = reasoningEffortOf(findings.place.span.source);
  for (const never of parts.flatMap((part) => impossibleIn(part, effort))) reportNever(never, findings);
  for (const slip of parts.flatMap(caseSlips)) {
    const { attribute, text, meant, at, element } = slip;
    findings.add(
      "SL0530",
      { attribute, text, meant },
      rangeOf({ at, element }, findings),
      spelled({ at, element }, meant, true, findings),
    );
  }
  for (const { attribute, constant } of credentialsIn(tree))
    findings.add("SL0532", { attribute: written(attribute.attribute.name, attribute.argument) }, constant);
  reportAlways(tree, parts, findings, effort);
  reportContradictions(tree, findings);
}

/** Every part in the order of the text. */
function partsOf(tree: Typed): Typed[] {
  return [tree, ...childrenOf(tree).flatMap(partsOf)];
}

function reportNever({ attribute, never, reason, at, element, instead }: Never, findings: Findings): void {
  const correction = instead && spelled({ at, element }, instead.text, instead.same, findings);
  findings.add("SL0529", { attribute, never, reason }, rangeOf({ at, element }, findings), correction);
}

interface Literal {
  readonly at: Range;
  readonly element: number | undefined;
}

/** Where a constant stands; of a list, the one of its elements. */
function rangeOf({ at, element }: Literal, findings: Findings): Range {
  if (element === undefined) return at;
  const strings = tokensOf(findings.slice(at)).filter((token) => token.kind === "string");
  const token = strings[element];
  return token === undefined ? at : { start: at.start + token.start, end: at.start + token.end };
}

/** Another text in the quotes of a literal. */
function spelled(literal: Literal, text: string, safe: boolean, findings: Findings): Correction {
  const range = rangeOf(literal, findings);
  const isSingle = findings.text[range.start] === "'" && !/['\\]/.test(text);
  return { changes: [{ range, text: isSingle ? `'${text}'` : JSON.stringify(text) }], safe };
}

function reportAlways(tree: Typed, parts: readonly Typed[], findings: Findings, effort: Effort): void {
  const whole = settled(tree, (part) => alwaysOf(part, effort)?.everywhere === true);
  if ((whole.kind === "constant" && whole.value === true) || isTautology(tree)) {
    findings.add("SL0513", { what: "the expression", value: "true" }, tree);
    return;
  }
  const idle = tree.kind === "and" ? tree.operands.filter(isTautology) : [];
  for (const part of idle) findings.add("SL0513", { what: "this part", value: "true" }, part);
  for (const always of parts.flatMap((part) => alwaysOf(part, effort) ?? [])) reportHolds(always, findings);
}

function reportHolds({ node, operand, everywhere }: Always, findings: Findings): void {
  if (everywhere) {
    findings.add("SL0513", { what: "this part", value: "true" }, node);
    return;
  }
  const attribute = findings.slice(operand);
  const changes = [{ range: { start: node.start, end: node.end }, text: `has(${attribute})` }];
  findings.add("SL0531", { attribute }, node, { changes, safe: false });
}

/** True of `a == "x" || a != "x"` and its like, where `a` is known of every request. */
function isTautology(tree: Typed): boolean {
  if ((tree.kind !== "or" && tree.kind !== "not" && tree.kind !== "choice") || !isTotal(tree)) return false;
  const { start, end } = tree;
  return !canBeTrue({ kind: "not", type: "bool", operand: tree, start, end });
}

/** True of what has a value for every request. */
function isTotal(tree: Typed): boolean {
  switch (tree.kind) {
    case "constant":
    case "has":
      return true;
    case "attribute":
      return ALWAYS_KNOWN.has(tree.attribute.name);
    case "cidr":
      return tree.operand.kind === "attribute" && tree.operand.attribute.name === "source.ip";
    case "apply": {
      // What is no number has no value, nor has a text that the module finds no room for.
      const mayFail = tree.operation === "int" || tree.operation === "string" || tree.operation === "lowerAscii";
      return !mayFail && tree.operands.every(isTotal);
    }
    case "matches":
    case "not":
    case "choice":
    case "and":
    case "or":
      return childrenOf(tree).every(isTotal);
  }
}

function reportContradictions(tree: Typed, findings: Findings): void {
  const alternatives = tree.kind === "or" ? tree.operands : [tree];
  const dead = alternatives.filter((alternative) => !canBeTrue(alternative));
  if (dead.length === alternatives.length) findings.add("SL0514", { what: "the expression" }, tree);
  else for (const alternative of dead) findings.add("SL0514", { what: "this part" }, alternative);
}
