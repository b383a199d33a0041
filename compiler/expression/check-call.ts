import { nearest } from "../diagnostics/suggest.js";
import { checkOperation } from "./check-operation.js";
import { type Block, parseBlock } from "./cidr.js";
import type { Findings } from "./findings.js";
import { parseDuration, parseTimestamp } from "./moment.js";
import { functionNames, operationNamed, type SpecialName, signaturesOf, specialNamed, spelling } from "./operations.js";
import { effortOf } from "./regex/effort.js";
import { compileRegex } from "./regex/regex.js";
import type { CallSyntax, Syntax } from "./syntax.js";
import { type ConstantNode, type Range, type Typed, typeName } from "./tree.js";

/** Macros of CEL: their arguments name variables of their own, so nothing inside them is looked at. */
const MACROS: readonly string[] = ["all", "exists", "existsOne", "exists_one", "filter", "map"];

type Check = (syntax: Syntax, findings: Findings) => Typed | undefined;

export function checkCall(syntax: CallSyntax, check: Check, findings: Findings): Typed | undefined {
  const { name, receiver, operands } = syntax;
  const form = receiver === undefined ? "function" : "method";
  const written = receiver === undefined ? operands : [receiver, ...operands];
  const operation = operationNamed(name, form);
  const special = specialNamed(name, form);
  if (operation === undefined && special === undefined) unknown(syntax, findings);
  const inside = MACROS.includes(name) && receiver !== undefined ? [receiver] : written;
  const checked = inside.map((operand) => check(operand, findings));
  if (special !== undefined) return checkSpecial(special, checked, syntax, findings);
  if (operation === undefined) return undefined;
  const expected = signaturesOf(operation)[0]?.operands.length ?? 0;
  if (expected !== written.length) return wrongCount(syntax, expected, written.length, findings);
  return checkOperation(operation, checked, syntax, findings);
}

function wrongCount(
  { name, receiver, start, end }: CallSyntax,
  expected: number,
  found: number,
  findings: Findings,
): undefined {
  const before = receiver === undefined ? 0 : 1;
  return findings.add("SL0516", { name, expected: expected - before, found: found - before }, { start, end });
}

/** What other languages call a function, in small letters. */
const SYNONYMS: ReadonlyMap<string, string> = new Map([
  ["beginswith", "startsWith"],
  ["hasprefix", "startsWith"],
  ["hassuffix", "endsWith"],
  ["includes", "contains"],
  ["isset", "has"],
  ["length", "size"],
  ["len", "size"],
  ["lower", "lowerAscii"],
  ["lowercase", "lowerAscii"],
  ["match", "matches"],
  ["tolower", "lowerAscii"],
  ["tolowercase", "lowerAscii"],
]);

function unknown({ name, nameRange, receiver }: CallSyntax, findings: Findings): void {
  const known = spelling(name);
  if (MACROS.includes(name)) findings.foreign(`the macro \`${name}\``, nameRange);
  else if (known !== undefined)
    findings.add(
      "SL0507",
      { name, hint: `; it is a ${receiver === undefined ? "method" : "function"}: ${known}` },
      nameRange,
    );
  else {
    if (name === "not" && receiver === undefined) {
      findings.add("SL0507", { name, hint: "; write `!`" }, nameRange, "!");
      return;
    }
    const suggestion = SYNONYMS.get(name.toLowerCase()) ?? nearest(name, functionNames);
    const hint = suggestion === undefined ? "" : `; did you mean \`${suggestion}\`?`;
    findings.add("SL0507", { name, hint }, nameRange, suggestion);
  }
}

/** A call whose last operand the compiler reads itself, or which takes an attribute and not its value. */
function checkSpecial(
  name: SpecialName,
  checked: readonly (Typed | undefined)[],
  syntax: CallSyntax,
  findings: Findings,
): Typed | undefined {
  const expected = name === "cidr" || name === "matches" ? 2 : 1;
  if (checked.length !== expected) return wrongCount(syntax, expected, checked.length, findings);
  const [first, last] = [checked[0], checked.at(-1)];
  switch (name) {
    case "has":
      return first && checkHas(first, syntax, findings);
    case "duration":
    case "timestamp":
      return last && moment(name, last, syntax, findings);
    case "cidr": {
      const block = last && readBlock(last, findings);
      const operand = first && text(first, "the first argument of `cidr`", findings);
      return operand && block && { kind: "cidr", type: "bool", operand, block, start: syntax.start, end: syntax.end };
    }
    case "matches": {
      const automaton = last && readPattern(last, findings);
      const operand = first && text(first, "the receiver of `matches`", findings);
      if (operand === undefined || automaton === undefined) return undefined;
      return { kind: "matches", type: "bool", operand, automaton, start: syntax.start, end: syntax.end };
    }
  }
}

function checkHas(operand: Typed, { start, end }: Range, findings: Findings): Typed | undefined {
  if (operand.kind === "attribute") return { kind: "has", type: "bool", operand, start, end };
  const parameters = { what: "the argument of `has`", expected: "an attribute", found: typeName(operand.type) };
  return findings.add("SL0508", parameters, { start: operand.start, end: operand.end });
}

/** The operand if it is a string. */
function text(operand: Typed, what: string, findings: Findings): Typed | undefined {
  if (operand.type === "string") return operand;
  const parameters = { what, expected: typeName("string"), found: typeName(operand.type) };
  return findings.add("SL0508", parameters, { start: operand.start, end: operand.end });
}

/** A string that is there when the policy is compiled. */
function literal(
  operand: Typed,
  name: SpecialName,
  findings: Findings,
): (ConstantNode & { value: string }) | undefined {
  if (operand.kind === "constant" && typeof operand.value === "string") return { ...operand, value: operand.value };
  return findings.add("SL0520", { name }, { start: operand.start, end: operand.end });
}

function moment(name: "duration" | "timestamp", operand: Typed, call: Range, findings: Findings): Typed | undefined {
  const written = literal(operand, name, findings);
  if (written === undefined) return undefined;
  const value = name === "duration" ? parseDuration(written.value) : parseTimestamp(written.value);
  if (value !== undefined) return { kind: "constant", type: name, value, start: call.start, end: call.end };
  const hint =
    name === "duration"
      ? "numbers with h, m, s or ms, such as 90s or 1h30m"
      : "as in RFC 3339, such as 2026-01-31T12:00:00Z";
  return findings.add("SL0525", { text: written.value, type: name, hint }, { start: operand.start, end: operand.end });
}

function readBlock(operand: Typed, findings: Findings): Block | undefined {
  const written = literal(operand, "cidr", findings);
  if (written === undefined) return undefined;
  const block = parseBlock(written.value);
  if (!("reason" in block)) return block;
  const single = block.single === undefined ? "" : `, or ${block.single} for this address alone`;
  const hint = block.instead === undefined ? "" : `; write ${block.instead}${single}`;
  const parameters = { text: written.value, reason: block.reason, hint };
  const instead = block.instead === undefined ? undefined : JSON.stringify(block.instead);
  return findings.add("SL0522", parameters, { start: operand.start, end: operand.end }, instead);
}

function readPattern(operand: Typed, findings: Findings) {
  const written = literal(operand, "matches", findings);
  if (written === undefined) return undefined;
  const automaton = compileRegex(written.value, effortOf(findings.place.span.source));
  if (!("reason" in automaton)) return automaton;
  const code = automaton.tooLarge ? "SL0524" : "SL0523";
  return findings.add(code, { reason: automaton.reason }, { start: operand.start, end: operand.end });
}
