import type { Diagnostic } from "../diagnostics/diagnostic.js";
import type { Node } from "../syntax/document.js";
import type { Span } from "../syntax/source.js";
import { type Availability, isClaim, written } from "./attributes.js";
import { check } from "./check.js";
import { reportDead } from "./dead.js";
import { Findings } from "./findings.js";
import { fold } from "./fold.js";
import { type JsonPredicate, lower } from "./lower.js";
import { parse } from "./parse.js";
import { type Place, placeOf, spanOf } from "./place.js";
import { type AttributeNode, childrenOf, type Type, type Typed, typeName } from "./tree.js";

export type { JsonPredicate } from "./lower.js";
export type { Place } from "./place.js";

/** One attribute where an expression reads it. */
export interface AttributeUse {
  readonly name: string;
  /** Of `request.headers["x-tenant"]` the name in lower case; undefined for attributes that take none. */
  readonly argument: string | undefined;
  readonly availability: Availability;
  readonly span: Span;
}

/** An expression that is known to be well typed; it cannot fail, it can only be unknown. */
export interface Expression {
  readonly text: string;
  readonly span: Span;
  readonly type: Type;
  /** Every attribute that the text reads, in order, also where folding made the value irrelevant. */
  readonly attributes: readonly AttributeUse[];
  /** The folded tree, for `evaluate`. */
  readonly tree: Typed;
  /** The form that the modules interpret (filters/modules/README.md). */
  lower(): JsonPredicate;
}

/** Names of the request headers that an expression reads, in lower case. */
export function headersOf(expression: Expression): string[] {
  return expression.attributes.flatMap((use) => (use.name === "request.headers" ? (use.argument ?? []) : []));
}

/** Other values by name that an expression reads, as they are written: `request.query["x"]`, `route.params.id`. */
export function namedOf(expression: Expression): string[] {
  return expression.attributes.flatMap(({ name, argument }) =>
    argument === undefined || name === "request.headers" ? [] : written(name, argument),
  );
}

/** What an expression needs that not every request has: who calls, what the path of the route captures, what is converted. */
export function requirementsOf(expression: Expression): { attribute: string; origin: Span }[] {
  return expression.attributes
    .filter(({ availability }) => availability !== "request" && availability !== "response")
    .map(({ name, argument, span }) => ({
      attribute: isClaim(name) ? "auth.claims" : written(name, argument),
      origin: span,
    }));
}

/** Attributes whose values an expression looks at, and not only whether they are there. */
export function valuesOf({ tree, attributes }: Expression): AttributeUse[] {
  const looked = new Set(attributeNodes(tree, false).map(keyOf));
  return attributes.filter(({ name, argument }) => looked.has(written(name, argument)));
}

/** True if the value of an expression depends on who calls. */
export function needsIdentity(expression: Expression): boolean {
  return expression.attributes.some(({ availability }) => availability === "identity");
}

/** Checks the expression that is the value of `node` (undefined: that stands somewhere in `span`). */
export function checkExpression(
  text: string,
  node: Node | undefined,
  span: Span,
  expect: Type | readonly Type[],
  latest: Availability = "identity",
): { expression?: Expression; diagnostics: Diagnostic[] } {
  return checkExpressionAt(text, placeOf(node, span), expect, latest);
}

/** Checks a key of a limit: one attribute that is a string. */
export function checkKey(
  text: string,
  node: Node | undefined,
  span: Span,
): { key?: Expression; diagnostics: Diagnostic[] } {
  return checkKeyAt(text, placeOf(node, span));
}

/**
 * Checks an expression and reports everything that is wrong with it.
 *
 * @param expect the type that it must give, or several of which one will do
 * @param latest when it is evaluated: attributes that are known only later are refused
 * @returns the expression unless there is an error; it is there beside mere warnings
 */
export function checkExpressionAt(
  text: string,
  place: Place,
  expect: Type | readonly Type[],
  latest: Availability = "identity",
): { expression?: Expression; diagnostics: Diagnostic[] } {
  const findings = new Findings(text, place);
  const typed = readTyped(findings, latest);
  const expected = typeof expect === "string" ? [expect] : expect;
  if (typed !== undefined && !expected.includes(typed.type))
    findings.add("SL0510", { expected: expected.map(typeName).join(" or "), found: typeName(typed.type) }, typed);
  if (typed === undefined || findings.failed) return { diagnostics: findings.diagnostics };
  const { tree, constants } = fold(typed);
  if (expect === "bool") reportDead(tree, constants, findings);
  return { expression: expressionOf(typed, tree, findings), diagnostics: findings.diagnostics };
}

/** Checks the key of a limit: exactly one attribute, and a string. */
export function checkKeyAt(text: string, place: Place): { key?: Expression; diagnostics: Diagnostic[] } {
  const findings = new Findings(text, place);
  const typed = readTyped(findings, "identity");
  if (typed !== undefined && typed.kind !== "attribute") findings.add("SL0515", {}, typed);
  else if (typed !== undefined && typed.type !== "string")
    findings.add("SL0510", { expected: typeName("string"), found: typeName(typed.type) }, typed);
  if (typed === undefined || findings.failed) return { diagnostics: findings.diagnostics };
  return { key: expressionOf(typed, typed, findings), diagnostics: findings.diagnostics };
}

function readTyped(findings: Findings, latest: Availability): Typed | undefined {
  const syntax = parse(findings);
  const typed = syntax && check(syntax, findings);
  if (typed === undefined || latest === "response") return typed;
  for (const { attribute, argument, ...range } of attributeNodes(typed)) {
    const parameters = { attribute: written(attribute.name, argument) };
    if (attribute.availability === "response") findings.add("SL0521", parameters, range);
    else if (attribute.availability === "operation" && latest !== "operation")
      findings.add("SL0533", parameters, range);
  }
  return findings.failed ? undefined : typed;
}

function expressionOf(typed: Typed, tree: Typed, { text, place }: Findings): Expression {
  return {
    text,
    span: place.span,
    type: typed.type,
    attributes: attributeNodes(typed).map((node) => ({
      name: node.attribute.name,
      argument: node.argument,
      availability: node.attribute.availability,
      span: spanOf(place, node),
    })),
    tree,
    lower: () => lower(tree),
  };
}

/** @param alsoPresent also those of which only the presence is asked */
function attributeNodes(tree: Typed, alsoPresent = true): AttributeNode[] {
  if (tree.kind === "has" && !alsoPresent) return [];
  return tree.kind === "attribute" ? [tree] : childrenOf(tree).flatMap((child) => attributeNodes(child, alsoPresent));
}

function keyOf({ attribute, argument }: AttributeNode): string {
  return written(attribute.name, argument);
}
