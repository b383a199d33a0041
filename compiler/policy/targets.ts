import { type Diagnostic, diagnose } from "../diagnostics/diagnostic.js";
import { nodeAt } from "../syntax/document.js";
import { removal, removeEntry, removeListed } from "../syntax/edits.js";
import type { CheckedGateway } from "./check.js";
import { destinationsOf } from "./destinations.js";
import { versionName } from "./versions.js";

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
    const fix = removal("remove `hedge`", false, node?.kind === "map" ? removeEntry(node, "hedge") : undefined);
    return [...twice, diagnose("SL0338", {}, place([...path, "hedge"], "key"), fix)];
  });
}
