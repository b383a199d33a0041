import { nearest } from "../diagnostics/suggest.js";
import { isPath, resolveAttribute, resolveIndex } from "./check-attribute.js";
import type { Findings } from "./findings.js";
import {
  functionNames,
  OPERATIONS,
  type OperationName,
  operationNamed,
  PLANNED_FUNCTIONS,
  PLANNED_OPERATORS,
} from "./operations.js";
import type { CallSyntax, ListSyntax, LogicSyntax, OperatorSyntax, SelectSyntax, Syntax } from "./syntax.js";
import { type Range, type Type, type Typed, typeName } from "./tree.js";

/** Macros of CEL: their arguments name variables of their own, so nothing inside them is looked at. */
const MACROS: readonly string[] = ["all", "exists", "existsOne", "exists_one", "filter", "map"];

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
      return foreign("an index in brackets", { start: syntax.operand.end, end: syntax.end }, findings);
    }
    case "call":
      return checkCall(syntax, findings);
    case "list":
      return checkList(syntax, findings);
    case "logic":
      return checkLogic(syntax, findings);
    case "operator":
      return checkOperator(syntax, findings);
    case "foreign":
      return foreign(syntax.construct, syntax, findings);
  }
}

function foreign(construct: string, { start, end }: Range, findings: Findings): undefined {
  return findings.add("SL0504", { construct }, { start, end });
}

function planned(construct: string, { start, end }: Range, findings: Findings): undefined {
  return findings.add("SL0505", { construct }, { start, end });
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
  return foreign(`the field \`.${syntax.field}\` of a value`, { start: syntax.operand.end, end: syntax.end }, findings);
}

function checkList({ items, start, end }: ListSyntax, findings: Findings): Typed | undefined {
  const value: string[] = [];
  for (const item of items) {
    const typed = check(item, findings);
    if (typed === undefined) continue;
    if (typed.type === "int") planned("an int in a list", item, findings);
    else if (typed.type !== "string") expectType(typed, "string", "an element of a list", findings);
    else if (typed.kind !== "constant") foreign("a list element that is not a literal", item, findings);
    else if (typeof typed.value === "string") value.push(typed.value);
  }
  return value.length === items.length ? { kind: "constant", type: "list", value, start, end } : undefined;
}

function checkLogic(syntax: LogicSyntax, findings: Findings): Typed | undefined {
  const { operator, start, end } = syntax;
  const operands = checkAll(syntax.operands, findings).filter(
    (operand) => operand !== undefined && expectType(operand, "bool", `an operand of \`${operator}\``, findings),
  );
  const typed = complete(operands, syntax.operands.length);
  return typed && { kind: operator === "&&" ? "and" : "or", type: "bool", operands: typed, start, end };
}

function checkOperator(syntax: OperatorSyntax, findings: Findings): Typed | undefined {
  const { operator, operatorRange, start, end } = syntax;
  const operation = operationNamed(operator, "infix");
  if (operation !== undefined) return checkOperation(operation, syntax.operands, syntax, findings);
  if (operator !== "!") {
    if (PLANNED_OPERATORS.includes(operator)) planned(`the operator \`${operator}\``, operatorRange, findings);
    else foreign(`the operator \`${operator}\``, operatorRange, findings);
  }
  const [operand] = checkAll(syntax.operands, findings);
  if (operator !== "!" || operand === undefined) return undefined;
  if (!expectType(operand, "bool", "the operand of `!`", findings)) return undefined;
  return { kind: "not", type: "bool", operand, start, end };
}

function checkCall(syntax: CallSyntax, findings: Findings): Typed | undefined {
  const { name, nameRange, receiver, operands } = syntax;
  const operation = operationNamed(name, "method");
  if (operation !== undefined && receiver !== undefined)
    return checkOperation(operation, [receiver, ...operands], syntax, findings);
  if (operation !== undefined) findings.add("SL0507", { name, hint: `; it is a method: a.${name}(b)` }, nameRange);
  else if (MACROS.includes(name)) foreign(`the macro \`${name}\``, nameRange, findings);
  else if (PLANNED_FUNCTIONS.includes(name)) planned(`the function \`${name}\``, nameRange, findings);
  else unknownFunction(name, nameRange, findings);
  const inside = MACROS.includes(name) ? [] : operands;
  checkAll(receiver === undefined ? inside : [receiver, ...inside], findings);
  return undefined;
}

function unknownFunction(name: string, range: Range, findings: Findings): undefined {
  const suggestion = nearest(name, functionNames);
  const hint = suggestion === undefined ? "" : `; did you mean \`${suggestion}\`?`;
  return findings.add("SL0507", { name, hint }, range, suggestion);
}

function checkOperation(
  name: OperationName,
  written: readonly Syntax[],
  { start, end }: Range,
  findings: Findings,
): Typed | undefined {
  const operation = OPERATIONS[name];
  const checked = checkAll(written, findings);
  if (operation.form === "method" && written.length !== operation.types.length) {
    const parameters = { name, expected: operation.types.length - 1, found: written.length - 1 };
    return findings.add("SL0516", parameters, { start, end });
  }
  const operands = complete(checked, written.length);
  if (operation.operands === "same") {
    if (operands === undefined || !comparable(name, operands, { start, end }, findings)) return undefined;
  } else if (!fitting(name, checked, findings) || operands === undefined) return undefined;
  return { kind: "apply", type: operation.result, operation: name, operands, start, end };
}

/** Each operand on its own, so that all that do not fit are reported. */
function fitting(name: OperationName, operands: readonly (Typed | undefined)[], findings: Findings): boolean {
  const { form, types } = OPERATIONS[name];
  const roles = form === "infix" ? ["the left side of", "the right side of"] : ["the receiver of", "the argument of"];
  const fits = types.map((type, index) => {
    const operand = operands[index];
    return operand !== undefined && expectType(operand, type, `${roles[index] ?? roles.at(-1)} \`${name}\``, findings);
  });
  return !fits.includes(false);
}

function comparable(name: OperationName, operands: readonly Typed[], range: Range, findings: Findings): boolean {
  const [left, right] = operands;
  if (left === undefined || right === undefined) return false;
  const types: readonly Type[] = OPERATIONS[name].types;
  if (left.type === right.type && types.includes(left.type)) return true;
  const parameters = { operator: name, left: typeName(left.type), right: typeName(right.type) };
  findings.add("SL0509", parameters, range, membership(name, left, right, findings));
  return false;
}

/** Who compares a list with a string means membership. */
function membership(name: OperationName, left: Typed, right: Typed, findings: Findings): string | undefined {
  const [member, list] = left.type === "list" ? [right, left] : [left, right];
  if (member.type !== "string" || list.type !== "list") return undefined;
  const test = `${findings.slice(member)} in ${findings.slice(list)}`;
  return name === "==" ? test : `!(${test})`;
}

/** Reports an operand that has not the type it must have. */
function expectType(operand: Typed, expected: Type, what: string, findings: Findings): boolean {
  if (operand.type === expected) return true;
  const { start, end, type } = operand;
  findings.add("SL0508", { what, expected: typeName(expected), found: typeName(type) }, { start, end });
  return false;
}

function checkAll(operands: readonly Syntax[], findings: Findings): (Typed | undefined)[] {
  return operands.map((operand) => check(operand, findings));
}

/** The operands if all of them are there. */
function complete(operands: readonly (Typed | undefined)[], count: number): Typed[] | undefined {
  const all = operands.filter((operand) => operand !== undefined);
  return all.length === count ? all : undefined;
}
