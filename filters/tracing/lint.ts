import { type Diagnostic, diagnose } from "../../compiler/diagnostics/diagnostic.js";
import type { PolicyPlan } from "../../compiler/plan/plan.js";
import type { PolicyContext } from "../../compiler/policy/kind.js";

/** Keys that say something of spans alone. */
const ABOUT_SPANS = [["always"], ["tags"], ["redact"], ["service"], ["sample", "perSecond"]] as const;

/** Warns of what is said of spans that nobody makes. */
export function lintOf({ policy, node, place }: PolicyContext): NonNullable<PolicyPlan["lint"]> {
  return () => {
    if (node(["export"]) !== undefined) return [];
    return ABOUT_SPANS.flatMap((path): Diagnostic[] =>
      node([...path]) === undefined
        ? []
        : [diagnose("SL0470", { key: path.join("."), policy }, place([...path], "key"))],
    );
  };
}
