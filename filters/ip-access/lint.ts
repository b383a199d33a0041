import { type Diagnostic, diagnose } from "../../compiler/diagnostics/diagnostic.js";
import { type Block, liesIn } from "../../compiler/expression/cidr.js";
import type { AddressPlan } from "../../compiler/plan/native.js";
import type { Place } from "../../compiler/policy/issues.js";

/** Warns of lists by which nobody may call, and of blocks that change nothing. */
export function oddBlocks(policy: string, { allow, deny }: AddressPlan, place: Place): Diagnostic[] {
  const everybody = ["0.0.0.0/0", "::/0"].every((all) => deny.some(({ text }) => text === all));
  if (everybody || allow?.every((block) => deny.some((denied) => liesIn(block, denied))))
    return [diagnose("SL0440", { policy }, place(["deny"], "key"))];
  return [
    ...(allow ?? []).flatMap((block, index) => {
      const reason = insideEarlier(block, allow ?? [], index) ?? inside(block, deny, "deny");
      return reason === undefined ? [] : [diagnose("SL0441", { block: block.text, reason }, place(["allow", index]))];
    }),
    ...deny.flatMap((block, index) => {
      const reason = insideEarlier(block, deny, index) ?? meetsNone(block, allow);
      return reason === undefined ? [] : [diagnose("SL0441", { block: block.text, reason }, place(["deny", index]))];
    }),
  ];
}

/** Of two that are alike, the second is the one too many. */
function insideEarlier(block: Block, list: readonly Block[], index: number): string | undefined {
  const outer = list.find((other, at) => at !== index && liesIn(block, other) && (at < index || !liesIn(other, block)));
  return outer === undefined ? undefined : `\`${outer.text}\` of the same list holds it`;
}

function inside(block: Block, list: readonly Block[], name: string): string | undefined {
  const outer = list.find((other) => liesIn(block, other));
  return outer === undefined ? undefined : `\`${name}\` has \`${outer.text}\`, which holds it`;
}

function meetsNone(block: Block, allow: readonly Block[] | undefined): string | undefined {
  const meets = allow?.some((other) => liesIn(block, other) || liesIn(other, block)) ?? true;
  return meets ? undefined : "no block of `allow` has an address of it, so nobody there may call anyway";
}
