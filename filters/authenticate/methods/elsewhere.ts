import { isDeepStrictEqual } from "node:util";
import { diagnose, type Fix } from "../../../compiler/diagnostics/diagnostic.js";
import type { PolicyContext } from "../../../compiler/policy/kind.js";
import { removal, removeItem } from "../../../compiler/syntax/edits.js";
import { type Node, toValue } from "../../../compiler/syntax/node.js";
import type { MethodPlan } from "./method.js";

/** A method that looks where one before it looks never decides. */
export function isEachElsewhere(methods: readonly (MethodPlan | undefined)[], context: PolicyContext): boolean {
  let sound = true;
  for (const [index, one] of methods.entries()) {
    if (one === undefined) continue;
    const first = methods.findIndex((other) => other !== undefined && looksAt(other, one));
    if (first === index) continue;
    const related = [{ message: "first named here", span: context.place(methods[first]?.place ?? []) }];
    const fix = removalOfCopy(context.node(["anyOf"]), first, index);
    context.report(diagnose("SL0411", { where: one.where }, context.place(one.place), { related, ...fix }));
    sound = false;
  }
  return sound;
}

/** Of two that are the same one is too many; of two that are not, only the author knows which is meant. */
function removalOfCopy(list: Node | undefined, first: number, index: number): { fix?: Fix } {
  if (list?.kind !== "list") return {};
  const [one, other] = [first, index].map((at) => list.items[at]);
  const isCopy = one !== undefined && other !== undefined && isDeepStrictEqual(toValue(one), toValue(other));
  return isCopy ? removal("remove the second method", true, removeItem(list, index)) : {};
}

/** Methods that tell each other's credentials in one place apart say so in `where`. */
function looksAt(one: MethodPlan, other: MethodPlan): boolean {
  if (one.name === other.name) return one.where === other.where;
  const isWhole = [one, other].some(({ name }) => name === "apiKey");
  return isWhole && one.readsHeaders.some((header) => other.readsHeaders.includes(header));
}
