import { z } from "zod";
import { type Diagnostic, diagnose } from "../diagnostics/diagnostic.js";
import { nodeAt } from "../syntax/document.js";
import { addition, removal, removeListed } from "../syntax/edits.js";
import type { CheckedGateway } from "./check.js";

/** Services that stand in for a service. */
export const failover = z
  .array(z.string())
  .min(1)
  .max(16)
  .optional()
  .describe(
    "Names of services that get the requests while this one has too few healthy endpoints, in order: the share that it cannot take, or all. Once it is well, it gets them again.",
  )
  .meta({ examples: [["orders-eu"]] });

/** Services that stand in for themselves, twice, or without anything that says when. */
export function checkFailover(checked: CheckedGateway): Diagnostic[] {
  const { gateway, root, place } = checked;
  return Object.entries(gateway.services).flatMap(([name, { failover = [], health, outliers, protocol }]) => {
    const path = ["services", name, "failover"];
    const odd = failover.flatMap((other, position) => {
      if (other !== name && failover.indexOf(other) === position) return [];
      const fix = removal("remove it", true, removeListed(nodeAt(root, ["services", name]), "failover", position));
      return [diagnose("SL0647", { service: other, name }, place([...path, position]), fix)];
    });
    if (failover.length === 0 || health !== undefined || outliers !== undefined) return odd;
    const check = protocol === "grpc" ? "{}" : "{ tcp: true }";
    const fix = addition(nodeAt(root, ["services", name]), "health", check, "failover");
    return [...odd, diagnose("SL0648", { service: name }, place(path, "key"), fix)];
  });
}
