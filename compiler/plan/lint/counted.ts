import { type Diagnostic, diagnose } from "../../diagnostics/diagnostic.js";
import type { CheckedGateway } from "../../policy/check.js";
import { MOST_COUNTED } from "../../policy/metrics.js";
import { removal, removeEntry, replacement } from "../../syntax/edits.js";
import { nodeAt } from "../../syntax/node.js";
import type { GatewayPlan } from "../plan.js";

/** Whether the consumers whose requests are to be counted are there, and are all of them. */
export function countedConsumers({ root, place }: CheckedGateway, { metrics, consumers }: GatewayPlan): Diagnostic[] {
  const most = metrics?.consumers;
  const total = consumers.length;
  if (most === undefined || most === total) return [];
  const path = ["metrics", "consumers"];
  if (total === 0) {
    const edits = removeEntry(nodeAt(root, ["metrics"]), "consumers");
    return [diagnose("SL0209", {}, place(path, "key"), removal("remove `consumers`", false, edits))];
  }
  if (most > total) return [];
  const fix =
    total > MOST_COUNTED ? {} : replacement(`write \`consumers: ${total}\``, nodeAt(root, path), String(total));
  return [diagnose("SL0208", { most, total }, place(path), fix)];
}
