import { evaluate } from "./evaluate.js";
import type { Findings } from "./findings.js";
import { OPERATIONS, type OperationName, type Signature, signaturesOf } from "./operations.js";
import { type ApplyNode, type Range, type Type, type Typed, typeName } from "./tree.js";

/** An operation on what its operands turned out to be; undefined for those that were reported already. */
export function checkOperation(
  name: OperationName,
  operands: readonly (Typed | undefined)[],
  { start, end }: Range,
  findings: Findings,
): Typed | undefined {
  const [left, right] = operands;
  const compares = isComparison(name);
  if (compares && left !== undefined && right !== undefined && signatureOf(name, operands) === undefined) {
    const parameters = { operator: name, left: typeName(left.type), right: typeName(right.type) };
    return findings.add("SL0509", parameters, { start, end }, meant(name, left, right, findings));
  }
  if (!compares && !fitting(name, operands, findings)) return undefined;
  const known = operands.filter((operand) => operand !== undefined);
  const signature = signatureOf(name, operands);
  if (known.length !== operands.length || signature === undefined) return undefined;
  const tree: ApplyNode = { kind: "apply", type: signature.result, operation: name, operands: known, start, end };
  if (known.every(({ kind }) => kind === "constant") && evaluate(tree, () => undefined) === undefined)
    return findings.add("SL0526", { text: findings.slice(tree) }, { start, end });
  return tree;
}

function isComparison(name: OperationName): boolean {
  return ["==", "!=", "<", "<=", ">", ">="].includes(name);
}

function signatureOf(name: OperationName, operands: readonly (Typed | undefined)[]): Signature | undefined {
  return signaturesOf(name).find(
    (signature) =>
      signature.operands.length === operands.length &&
      signature.operands.every((type, index) => type === operands[index]?.type),
  );
}

/** Each operand on its own, so that all that do not fit are reported. */
function fitting(name: OperationName, operands: readonly (Typed | undefined)[], findings: Findings): boolean {
  let candidates = signaturesOf(name);
  let sound = true;
  // A list says which members it can have.
  const order = name === "in" ? [1, 0] : [0, 1];
  for (const index of order) {
    const operand = operands[index];
    if (operand === undefined) continue;
    const taking = candidates.filter((signature) => signature.operands[index] === operand.type);
    if (taking.length > 0) {
      candidates = taking;
      continue;
    }
    const beside = candidates.filter((signature) =>
      operands.every((other, at) => at === index || other === undefined || other.type === signature.operands[at]),
    );
    const expected = (beside.length > 0 ? beside : candidates).flatMap((signature) => signature.operands[index] ?? []);
    const parameters = { what: role(name, index), expected: oneOf(expected), found: typeName(operand.type) };
    findings.add("SL0508", parameters, { start: operand.start, end: operand.end });
    sound = false;
  }
  return sound;
}

function role(name: OperationName, index: number): string {
  const forms: readonly string[] = OPERATIONS[name].forms;
  if (forms.includes("infix")) return `the ${index === 0 ? "left" : "right"} side of \`${name}\``;
  return `the ${index === 0 && forms.includes("method") && !forms.includes("function") ? "receiver" : "argument"} of \`${name}\``;
}

function oneOf(types: readonly Type[]): string {
  return [...new Set(types)].map(typeName).join(" or ");
}

/** What was meant by a comparison of two types: membership in a list, or a number written in a string. */
function meant(name: OperationName, left: Typed, right: Typed, findings: Findings): string | undefined {
  const [member, list] = left.type === "list" ? [right, left] : [left, right];
  if (member.type === "string" && list.type === "list" && (name === "==" || name === "!=")) {
    const test = `${findings.slice(member)} in ${findings.slice(list)}`;
    return name === "==" ? test : `!(${test})`;
  }
  const [one, other] = [left, right].map((side, index) => {
    const text = findings.slice(side);
    const across = index === 0 ? right : left;
    return side.type === "string" && side.kind === "attribute" && across.type === "int" ? `int(${text})` : text;
  });
  const pair = [left.type, right.type].toSorted().join();
  return pair === "int,string" &&
    (left.kind === "attribute" || right.kind === "attribute") &&
    hasStringAttribute(left, right)
    ? `${one} ${name} ${other}`
    : undefined;
}

function hasStringAttribute(...sides: readonly Typed[]): boolean {
  return sides.some((side) => side.kind === "attribute" && side.type === "string");
}
