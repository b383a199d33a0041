import { type Diagnostic, diagnose } from "../../compiler/diagnostics/diagnostic.js";
import { ALL_REQUESTS, type FaultPlan } from "../../compiler/plan/native.js";
import type { Chain } from "../../compiler/plan/plan.js";
import type { Place } from "../../compiler/policy/issues.js";

/** Warns of a policy by which every request of a route fails, and of one by which none is disturbed. */
export function lintOf(
  policy: string,
  { headers, delay, abort }: FaultPlan,
  place: Place,
): (chain: Chain) => Diagnostic[] {
  const never = [delay, abort].every((one) => one === undefined || one.share === 0);
  const always = abort?.share === ALL_REQUESTS && headers.length === 0;
  return () => [
    ...(never ? [diagnose("SL0447", { policy, what: "disturbs no request" }, place([], "key"))] : []),
    ...(always ? [diagnose("SL0447", { policy, what: "lets no request pass" }, place(["abort"], "key"))] : []),
  ];
}
