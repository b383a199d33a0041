import {
  asList,
  isMembership,
  isPath,
  reportDashedName,
  resolveAttribute,
  resolveIndex,
  resolveMember,
} from "./check-attribute.js";
import { checkCall } from "./check-call.js";
import { checkOperation } from "./check-operation.js";
import type { Findings } from "./findings.js";
import { operationNamed } from "./operations.js";
import type { ListSyntax, LogicSyntax, OperatorSyntax, SelectSyntax, Syntax } from "./syntax.js";
import { type Range, type Type, type Typed, typeName } from "./tree.js";

/** Gives names and types to an expression. Undefined if something in it is wrong; all of that has been reported. */
export function check(syntax: Syntax, findings: Findings): Typed | undefined {
  switch (syntax.kind) {
    case "literal":
      return checkLiteral(syntax.value, syntax, findings);
    case "name":
      return resolveAttribute(syntax, findings);
    case "select":
      return isPath(syntax) ? resolveAttribute(syntax, findings) : checkSelect(syntax, findings);
    case "index": {
      if (isPath(syntax.operand)) return resolveIndex(syntax, findings);
      check(syntax.operand, findings);
      return findings.foreign("an index in brackets", { start: syntax.operand.end, end: syntax.end });
    }
    case "call":
      return checkCall(syntax, check, findings);
    case "list":
      return checkList(syntax, findings);
    case "logic":
      return checkLogic(syntax, findings);
    case "operator":
      return checkOperator(syntax, findings);
    case "foreign":
      return findings.foreign(syntax.construct, syntax);
  }
}

function checkLiteral(value: string | bigint | boolean, { start, end }: Range, findings: Findings): Typed | undefined {
  switch (typeof value) {
    case "string":
      // The configuration of a module is UTF-8, which has no lone surrogates: RFC 3629, section 3.
      if (/\p{Surrogate}/u.test(value)) return findings.add("SL0519", {}, { start, end });
      return { kind: "constant", type: "string", value, start, end };
    case "bigint": {
      const number = Number(value);
      // The module's JSON takes the integers that every JSON parser reads alike: RFC 8259, section 6.
      if (!Number.isSafeInteger(number)) return findings.add("SL0518", { number: String(value) }, { start, end });
      return { kind: "constant", type: "int", value: number, start, end };
    }
    case "boolean":
      return { kind: "constant", type: "bool", value, start, end };
  }
}

function checkSelect(syntax: SelectSyntax, findings: Findings): undefined {
  check(syntax.operand, findings);
  const range = { start: syntax.operand.end, end: syntax.end };
  return findings.foreign(`the field \`.${syntax.field}\` of a value`, range);
}

/** The first element says of which type all are. */
function checkList({ items, start, end }: ListSyntax, findings: Findings): Typed | undefined {
  const checked = items.map((item) => check(item, findings));
  const expected = checked.find((item) => item !== undefined)?.type === "int" ? "int" : "string";
  const strings: string[] = [];
  const ints: number[] = [];
  for (const item of checked) {
    if (item === undefined || !expectType(item, expected, "an element of a list", findings)) continue;
    if (item.kind !== "constant") findings.foreign("a list element that is not a literal", item);
    else if (typeof item.value === "string") strings.push(item.value);
    else if (typeof item.value === "number") ints.push(item.value);
  }
  if (strings.length + ints.length !== items.length) return undefined;
  return expected === "int"
    ? { kind: "constant", type: "ints", value: ints, start, end }
    : { kind: "constant", type: "list", value: strings, start, end };
}

function checkLogic(syntax: LogicSyntax, findings: Findings): Typed | undefined {
  const { operator, start, end } = syntax;
  const operands = syntax.operands
    .map((operand) => check(operand, findings))
    .filter(
      (operand) => operand !== undefined && expectType(operand, "bool", `an operand of \`${operator}\``, findings),
    )
    .filter((operand) => operand !== undefined);
  if (operands.length !== syntax.operands.length) return undefined;
  return { kind: operator === "&&" ? "and" : "or", type: "bool", operands, start, end };
}

function checkOperator(syntax: OperatorSyntax, findings: Findings): Typed | undefined {
  const { operator, operatorRange, start, end } = syntax;
  if (reportDashedName(syntax, findings)) return undefined;
  const operation = operationNamed(operator, "infix");
  if (operation === "in" && isMembership(syntax)) return resolveMember(syntax, findings);
  if (operation === undefined && operator !== "!" && operator !== "?:")
    findings.foreign(`the operator \`${operator}\``, operatorRange);
  const operands = syntax.operands.map((operand) => check(operand, findings));
  if (operation === "in") return checkOperation("in", [operands[0], asList(operands[1])], syntax, findings);
  if (operation !== undefined) return checkOperation(operation, operands, syntax, findings);
  if (operator === "?:") return checkChoice(operands, syntax, findings);
  const [operand] = operands;
  if (operator !== "!" || operand === undefined) return undefined;
  if (!expectType(operand, "bool", "the operand of `!`", findings)) return undefined;
  return { kind: "not", type: "bool", operand, start, end };
}

function checkChoice(operands: readonly (Typed | undefined)[], range: Range, findings: Findings): Typed | undefined {
  const [condition, yes, no] = operands;
  const sound = condition === undefined || expectType(condition, "bool", "the condition of `?:`", findings);
  if (yes === undefined || no === undefined) return undefined;
  const { start, end } = range;
  const isList = yes.type === "list" || yes.type === "ints";
  if (yes.type !== no.type || isList)
    return findings.add(
      "SL0528",
      { left: typeName(yes.type), right: typeName(no.type) },
      { start: yes.start, end: no.end },
    );
  return sound && condition ? { kind: "choice", type: yes.type, condition, yes, no, start, end } : undefined;
}

/** Reports an operand that has not the type it must have. */
function expectType(operand: Typed, expected: Type, what: string, findings: Findings): boolean {
  if (operand.type === expected) return true;
  const { start, end, type } = operand;
  findings.add("SL0508", { what, expected: typeName(expected), found: typeName(type) }, { start, end });
  return false;
}
