import type { Diagnostic } from "../../diagnostics/diagnostic.js";
import type { CheckedGateway } from "../../policy/check.js";
import type { GatewayPlan } from "../plan.js";
import { certificatesUnasked } from "./certificates.js";
import { lintChains } from "./chains.js";
import { conditionalProtection } from "./conditional.js";
import { countedConsumers } from "./counted.js";
import { subjectsOfAnybody } from "./issuers.js";
import { heldStreams } from "./streams.js";
import { tracedUnasked } from "./tracers.js";
import { unreachableRoutes } from "./unreachable.js";
import { unusedConsumers, unusedServices } from "./unused.js";
import { neverFoundOut } from "./wanted.js";

/**
 * Warnings that are told by the whole gateway. Only of a file without an error: a misspelt name would also make unused what
 * it should have named.
 */
export function lint(checked: CheckedGateway, plan: GatewayPlan): Diagnostic[] {
  return [
    ...unusedServices(plan),
    ...unusedConsumers(checked, plan),
    ...unreachableRoutes(plan.hosts),
    ...lintChains(plan),
    ...conditionalProtection(plan),
    ...neverFoundOut(plan),
    ...tracedUnasked(plan),
    ...heldStreams(plan),
    ...certificatesUnasked(plan),
    ...countedConsumers(checked, plan),
    ...subjectsOfAnybody(plan),
  ];
}
