import { attributePlace } from "./attribute-reader";
import { List } from "./attributes";
import { refuse, stringIs } from "./document";
import { emitCompare, emitReplace, popType, Type, typeBelow } from "./predicate-emit";
import { constantsCount, constantsStart } from "./predicate-operand";
import { Code } from "./predicate-program";

// The operations of conditions: their names, the operands they take, and what they become.

export enum Form {
  Equal = 1,
  Unequal = 2,
  Less = 3,
  LessOrEqual = 4,
  Greater = 5,
  GreaterOrEqual = 6,
  In = 7,
  StartsWith = 8,
  EndsWith = 9,
  Contains = 10,
  Size = 11,
  LowerAscii = 12,
  Int = 13,
  String = 14,
  Cidr = 15,
  Matches = 16,
  Not = 17,
  And = 18,
  Or = 19,
  Choice = 20,
}

export function formOf(name: i32): i32 {
  if (stringIs(name, "==")) return Form.Equal;
  if (stringIs(name, "!=")) return Form.Unequal;
  if (stringIs(name, "<")) return Form.Less;
  if (stringIs(name, "<=")) return Form.LessOrEqual;
  if (stringIs(name, ">")) return Form.Greater;
  if (stringIs(name, ">=")) return Form.GreaterOrEqual;
  if (stringIs(name, "in")) return Form.In;
  if (stringIs(name, "startsWith")) return Form.StartsWith;
  if (stringIs(name, "endsWith")) return Form.EndsWith;
  if (stringIs(name, "contains")) return Form.Contains;
  if (stringIs(name, "size")) return Form.Size;
  if (stringIs(name, "lowerAscii")) return Form.LowerAscii;
  if (stringIs(name, "int")) return Form.Int;
  if (stringIs(name, "string")) return Form.String;
  if (stringIs(name, "cidr")) return Form.Cidr;
  if (stringIs(name, "matches")) return Form.Matches;
  if (stringIs(name, "!")) return Form.Not;
  if (stringIs(name, "&&")) return Form.And;
  if (stringIs(name, "||")) return Form.Or;
  if (stringIs(name, "?:")) return Form.Choice;
  return 0;
}

/** Whether the second operand is a constant that is read with the operation. */
export function hasConstant(form: i32): bool {
  return form === Form.Cidr || form === Form.Matches;
}

export function hasRightCount(form: i32, operands: i32): bool {
  if (form === Form.And || form === Form.Or) return operands >= 2;
  if (form === Form.Choice) return operands === 3;
  return operands === (form >= Form.Size && form <= Form.Not ? 1 : 2);
}

/** Checks the types of the operands and adds the operation. `&&`, `||` and `?:` are not closed here. */
export function closeForm(node: i32, form: i32, constant: usize): bool {
  if (form <= Form.Unequal) return closeEquality(node, form);
  if (form <= Form.GreaterOrEqual) return closeOrder(node, form);
  if (form === Form.In) return closeIn(node);
  if (form <= Form.Contains) {
    if (typeBelow(1) !== Type.String || typeBelow(0) !== Type.String) return refuse(node, "compares strings only");
    return emitCompare(node, Code.StartsWith + form - Form.StartsWith);
  }
  if (form === Form.Size) return closeSize(node);
  if (form === Form.String) return closeString(node);
  if (form === Form.Not) {
    if (typeBelow(0) !== Type.Truth) return refuse(node, "negates conditions only");
    return emitReplace(node, Code.Not, 0, 0, Type.Truth);
  }
  if (typeBelow(0) !== Type.String) return refuse(node, "takes a string");
  if (form === Form.LowerAscii) return emitReplace(node, Code.LowerAscii, 0, 0, Type.String);
  if (form === Form.Int) return emitReplace(node, Code.ToInteger, 0, 0, Type.Integer);
  const code = form === Form.Cidr ? Code.InRange : Code.Matches;
  return emitReplace(node, code, 0, <i64>constant, Type.Truth);
}

function closeEquality(node: i32, form: i32): bool {
  const type = typeBelow(0);
  if (typeBelow(1) !== type || type > Type.Integer) return refuse(node, "compares values of different types");
  const code = type === Type.String ? Code.EqualStrings : Code.EqualNumbers;
  return emitCompare(node, form === Form.Equal ? code : code + 1);
}

function closeOrder(node: i32, form: i32): bool {
  const type = typeBelow(0);
  if (typeBelow(1) !== type || (type !== Type.String && type !== Type.Integer)) {
    return refuse(node, "compares two strings or two integers");
  }
  const first = form >= Form.Greater ? Code.GreaterNumbers : Code.LessNumbers;
  const orEqual = (form - Form.Less) & 1;
  return emitCompare(node, first + (type === Type.String ? 2 : 0) + orEqual);
}

function closeIn(node: i32): bool {
  const list = typeBelow(0);
  const type = typeBelow(1);
  if (list < Type.Groups) return refuse(node, "looks in a list only");
  if (type !== Type.String && type !== Type.Integer) return refuse(node, "looks for strings and integers only");
  const fits = list === Type.Empty || (type === Type.Integer) === (list === Type.Integers);
  if (!fits) return refuse(node, "looks in a list of another type");
  popType();
  if (list <= Type.Claims) return emitReplace(node, Code.InList, listOf(list), 0, Type.Truth);
  const code = type === Type.Integer ? Code.InIntegers : Code.InTexts;
  return emitReplace(node, code, constantsCount(), <i64>constantsStart(), Type.Truth);
}

/** A list is looked into as soon as it was read: no other attribute is read between. */
function listOf(type: i32): i32 {
  if (type === Type.Claims) return attributePlace();
  return type === Type.Groups ? List.Groups : List.Scopes;
}

function closeSize(node: i32): bool {
  const type = typeBelow(0);
  if (type === Type.String) return emitReplace(node, Code.Characters, 0, 0, Type.Integer);
  if (type >= Type.Texts) return emitReplace(node, Code.Integer, 0, <i64>constantsCount(), Type.Integer);
  if (type < Type.Groups) return refuse(node, "takes a string or a list");
  return emitReplace(node, Code.ListSize, listOf(type), 0, Type.Integer);
}

function closeString(node: i32): bool {
  const type = typeBelow(0);
  if (type === Type.Integer) return emitReplace(node, Code.IntegerToString, 0, 0, Type.String);
  if (type === Type.Truth) return emitReplace(node, Code.TruthToString, 0, 0, Type.String);
  return refuse(node, "takes an integer or a condition");
}
