import { type Diagnostic, diagnose } from "../diagnostics/diagnostic.js";
import { nodeAt } from "../syntax/document.js";
import { removal, removeListed } from "../syntax/edits.js";
import type { CheckedGateway } from "./check.js";
import { serviceOf, targetsOf } from "./destinations.js";
import type { Gateway, Route } from "./gateway.js";
import { versionName } from "./versions.js";

/** Where a copy and its request both go while some service is not well. */
function meetingPoint(copy: string, route: Route, gateway: Gateway): { well: string; at: string } | undefined {
  const standIns = (name: string) => serviceOf(name, gateway)?.failover ?? [];
  for (const { service } of targetsOf(route)) {
    if (standIns(copy).includes(service)) return { well: copy, at: service };
    if (standIns(service).includes(copy)) return { well: service, at: copy };
  }
  return undefined;
}

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
      const meeting = isTarget ? undefined : meetingPoint(copy.service, route, gateway);
      if (!isTarget && first === position && meeting === undefined) return [];
      const span = place([...path, position, "service"]);
      // Not safe: perhaps another service was meant.
      const fix = removal("remove it", false, removeListed(nodeAt(root, ["routes", index]), "mirror", position));
      if (meeting !== undefined) {
        const { well, at } = meeting;
        const related = [{ message: "by this", span: place(["services", well, "failover"], "key") }];
        return [diagnose("SL0364", { well, at }, span, { related, ...fix })];
      }
      if (isTarget) return [diagnose("SL0331", { service }, span, fix)];
      const related = [{ message: "its first copy is here", span: place([...path, first, "service"]) }];
      return [diagnose("SL0332", { service }, span, { related, ...fix })];
    });
  });
}
