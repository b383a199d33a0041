import { type Diagnostic, diagnose } from "../diagnostics/diagnostic.js";
import { nodeAt } from "../syntax/document.js";
import { removal, removeListed } from "../syntax/edits.js";
import type { CheckedGateway } from "./check.js";
import { targetsOf } from "./destinations.js";
import { versionName } from "./versions.js";

/** Copies that go where the request itself goes, and copies that go to one service twice. */
export function checkMirrors(checked: CheckedGateway): Diagnostic[] {
  const { gateway, root, place } = checked;
  return gateway.routes.flatMap((route, index) => {
    const { mirror = [] } = route;
    const targets = targetsOf(route).map((target) => versionName(gateway, target));
    return mirror.flatMap((copy, position) => {
      const path = ["routes", index, "mirror"];
      const service = versionName(gateway, copy);
      const first = mirror.findIndex((other) => versionName(gateway, other) === service);
      const isTarget = targets.includes(service);
      if (!isTarget && first === position) return [];
      const span = place([...path, position, "service"]);
      // Not safe: perhaps another service was meant.
      const fix = removal("remove it", false, removeListed(nodeAt(root, ["routes", index]), "mirror", position));
      if (isTarget) return [diagnose("SL0331", { service }, span, fix)];
      const related = [{ message: "its first copy is here", span: place([...path, first, "service"]) }];
      return [diagnose("SL0332", { service }, span, { related, ...fix })];
    });
  });
}
