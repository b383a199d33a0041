import type { Range, Typed } from "./tree.js";

/** Values that are told apart by letter case, and that a client may send in another one: RFC 9110, section 9.1. */
const SPELLED: ReadonlyMap<string, readonly string[]> = new Map([
  ["request.method", ["CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"]],
  ["request.scheme", ["http", "https"]],
]);

/** A text in an unusual letter case: what it is meant for hardly ever comes so, but it may. */
export interface CaseSlip {
  readonly attribute: string;
  readonly text: string;
  readonly meant: string;
  readonly at: Range;
  /** Which element, where it is one of a list. */
  readonly element: number | undefined;
}

export function caseSlips(tree: Typed): CaseSlip[] {
  if (tree.kind !== "apply" || !["==", "!=", "in"].includes(tree.operation)) return [];
  const attribute = tree.operands.find((operand) => operand.kind === "attribute")?.attribute.name ?? "";
  const constant = tree.operands.find((operand) => operand.kind === "constant");
  const known = SPELLED.get(attribute);
  if (known === undefined || constant === undefined) return [];
  const isList = typeof constant.value === "object";
  const values: readonly unknown[] = isList ? constant.value : [constant.value];
  return values.flatMap((text, index) => {
    if (typeof text !== "string" || known.includes(text)) return [];
    const meant = known.find((word) => word.toLowerCase() === text.toLowerCase());
    const { start, end } = constant;
    return meant === undefined
      ? []
      : [{ attribute, text, meant, at: { start, end }, element: isList ? index : undefined }];
  });
}
