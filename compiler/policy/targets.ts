import { type Diagnostic, diagnose, type Fix } from "../diagnostics/diagnostic.js";
import { type Node, nodeAt, type Path } from "../syntax/document.js";
import { removal, removeEntry, removeListed, replacement } from "../syntax/edits.js";
import type { CheckedGateway } from "./check.js";
import { type Destination, destinationsOf } from "./destinations.js";
import { versionName } from "./versions.js";

/** Weights of which none is above 0, and those that were perhaps meant as percentages. */
export function checkWeights(
  { to, path }: { to: Destination; path: Path },
  { root, place }: CheckedGateway,
): Diagnostic[] {
  const weights = to.map(({ weight }) => weight);
  const sum = weights.reduce((all, weight) => all + weight, 0);
  if (sum === 0) return [diagnose("SL0304", {}, place(path), withoutWeights(nodeAt(root, path)))];
  const isOdd = weights.length > 1 && Math.abs(sum - 100) <= 10 && sum !== 100 && new Set(weights).size > 1;
  if (!isOdd) return [];
  const largest = weights.indexOf(Math.max(...weights));
  const weight = (weights[largest] ?? 0) + 100 - sum;
  const node = nodeAt(root, [...path, largest, "weight"]);
  return [diagnose("SL0363", { sum }, place(path), replacement(`write \`weight: ${weight}\``, node, String(weight)))];
}

function withoutWeights(list: Node | undefined): { fix?: Fix } {
  const edits = list?.kind === "list" ? list.items.map((item) => removeEntry(item, "weight")) : [];
  const all = edits.flatMap((some) => some ?? []);
  return removal("remove the weights", false, edits.includes(undefined) || all.length === 0 ? undefined : all);
}

/** Services that stand twice among those of a route, and hedges of what never takes too long. */
export function checkTargets(checked: CheckedGateway): Diagnostic[] {
  const { gateway, root, place } = checked;
  return gateway.routes.flatMap((route, index) => {
    const { hedge, retry } = route;
    const path = ["routes", index];
    const node = nodeAt(root, path);
    const twice = destinationsOf(route, index).flatMap(({ to, path: at }) => {
      const names = to.map((target) => versionName(gateway, target));
      return names.flatMap((service, position) => {
        const first = names.indexOf(service);
        if (first === position) return [];
        const related = [{ message: "first named here", span: place([...at, first, "service"]) }];
        const fix = removal("remove it", false, removeListed(nodeAt(root, at.slice(0, -1)), "to", position));
        return [diagnose("SL0337", { service }, place([...at, position, "service"]), { related, ...fix })];
      });
    });
    if (hedge === undefined || retry?.perTry !== undefined) return twice;
    const fix = removal("remove `hedge`", false, removeEntry(node, "hedge"));
    return [...twice, diagnose("SL0338", {}, place([...path, "hedge"], "key"), fix)];
  });
}
