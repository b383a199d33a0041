import { type Diagnostic, diagnose } from "../diagnostics/diagnostic.js";
import {
  checkExpression,
  type Expression,
  headersOf,
  namedOf,
  needsIdentity,
  requirementsOf,
} from "../expression/expression.js";
import type { PolicyPlan } from "../plan/plan.js";
import { judge } from "../request/reasons.js";
import type { Reason, RequestView, Truth, Verdict } from "../request/verdict.js";
import type { MapNode, Node } from "../syntax/document.js";
import { removal, removeEntry } from "../syntax/edits.js";
import type { Gateway } from "./gateway.js";
import type { Place } from "./issues.js";

/** What stands beside the kind of a policy and says how it is carried out. */
export type ConductSpec = Pick<Gateway["policies"][string], "mode" | "when" | "onError">;

/** Where that stands. Paths are relative to the policy. */
export interface ConductContext {
  place: Place;
  node: Node | undefined;
  report(diagnostic: Diagnostic): void;
}

/** Phases that keep callers out: they close when something fails, and apply where it cannot be known whether they do. */
const GUARDING: readonly PolicyPlan["phase"][] = ["authenticate", "authorize"];

/** Reads `when`; nothing if there is none, or one with an error. */
export function checkWhen({ when }: ConductSpec, { place, node, report }: ConductContext): Expression | undefined {
  if (when === undefined) return undefined;
  const { expression, diagnostics } = checkExpression(when, entryOf(node, "when"), place(["when"]), "bool");
  for (const diagnostic of diagnostics) report(diagnostic);
  return expression;
}

/**
 * The plan of a policy that is carried out as `mode`, `when` and `onError` say; nothing after an error was reported.
 *
 * @param when the condition that `checkWhen` read
 */
export function conducted(
  plan: PolicyPlan,
  spec: ConductSpec,
  when: Expression | undefined,
  context: ConductContext,
): PolicyPlan | undefined {
  const findings = [
    ...(plan.native === undefined || plan.native.filter === "ratelimit"
      ? []
      : unsuited("SL0428", plan.kind, spec, context)),
    ...(plan.native?.filter === "ratelimit" ? countsAll(spec, context) : []),
    ...(plan.conversion === undefined ? [] : unsuited("SL0437", plan.kind, spec, context)),
    ...(plan.phase !== "trace" || plan.native !== undefined ? [] : unsuited("SL0460", plan.kind, spec, context)),
    ...failsOpen(plan, spec, context),
    ...asksTooEarly(plan, when),
  ];
  for (const finding of findings) context.report(finding);
  if (findings.length > 0 || (spec.when !== undefined && when === undefined)) return undefined;
  const conditional = when === undefined ? plan : onlyWhen(plan, when);
  const closing =
    spec.onError === "deny" && !GUARDING.includes(plan.phase) ? { ...conditional, onError: spec.onError } : conditional;
  switch (spec.mode) {
    case "enforce":
      return closing;
    case "shadow":
      return inShadow({ ...closing, mode: { is: "shadow", origin: context.place(["mode"]) } });
    case "off":
      return { ...closing, mode: { is: "off", origin: context.place(["mode"]) } };
  }
}

function unsuited(
  code: "SL0428" | "SL0437" | "SL0460",
  kind: string,
  { mode, when, onError }: ConductSpec,
  { place }: ConductContext,
): Diagnostic[] {
  const keys = [
    ...(mode === "shadow" ? (["mode"] as const) : []),
    ...(when === undefined ? [] : (["when"] as const)),
    ...(onError === undefined ? [] : (["onError"] as const)),
  ];
  return keys.map((key) => diagnose(code, { kind, key: key === "mode" ? "mode: shadow" : key }, place([key], "key")));
}

/** Envoy asks the service that counts for all gateways about every request of a route. */
function countsAll({ when }: ConductSpec, { place }: ConductContext): Diagnostic[] {
  if (when === undefined) return [];
  const reason = "Envoy asks about every request of a route; make one for those that count";
  return [diagnose("SL0455", { key: "when", scope: "global", reason }, place(["when"], "key"))];
}

function failsOpen(plan: PolicyPlan, { onError }: ConductSpec, { place, node }: ConductContext): Diagnostic[] {
  if (onError !== "allow" || !GUARDING.includes(plan.phase)) return [];
  const edits = removeEntry(node, "onError");
  const fix = removal("remove `onError`", false, edits);
  return [diagnose("SL0429", { policy: plan.name, kind: plan.kind }, place(["onError"]), fix)];
}

/** Who calls is not known before the policy that finds it out. */
function asksTooEarly(plan: PolicyPlan, when: Expression | undefined): Diagnostic[] {
  if (plan.phase !== "authenticate" || when === undefined) return [];
  return when.attributes
    .filter(({ availability }) => availability === "identity")
    .map(({ name, span }) => diagnose("SL0431", { attribute: name, policy: plan.name }, span));
}

/** A policy that applies to some requests only. A limit that asks who calls has to wait until that is known. */
function onlyWhen(plan: PolicyPlan, when: Expression): PolicyPlan {
  const { decide } = plan;
  const appliesTo: readonly Truth[] = GUARDING.includes(plan.phase) ? ["true", "unknown"] : ["true"];
  return {
    ...plan,
    phase: plan.phase === "limit" && needsIdentity(when) ? "limit-by-identity" : plan.phase,
    requires: [...plan.requires, ...requirementsOf(when)],
    when: {
      text: when.text,
      origin: when.span,
      predicate: when.lower(),
      readsHeaders: headersOf(when),
      readsNamed: namedOf(when),
    },
    ...(decide === undefined ? {} : { decide: (view) => decideWhen(when, appliesTo, decide, view) }),
  };
}

function decideWhen(
  when: Expression,
  appliesTo: readonly Truth[],
  decide: NonNullable<PolicyPlan["decide"]>,
  view: RequestView,
): Verdict {
  const { truth, because } = judge(when, view);
  const reason: Reason = {
    text: `when ${when.text}`,
    truth,
    origin: when.span,
    ...(because.length === 0 ? {} : { because }),
  };
  if (!appliesTo.includes(truth)) return { outcome: "skipped", summary: `its \`when\` is ${truth}`, reasons: [reason] };
  const verdict = decide(view);
  return { ...verdict, reasons: [reason, ...verdict.reasons] };
}

/** Nothing of the request and of the answer changes because of it; whoever calls stays unknown. */
function inShadow(plan: PolicyPlan): PolicyPlan {
  const { decide, digest: _, ...rest } = plan;
  return {
    ...rest,
    removeRequestHeaders: [],
    requestHeaders: [],
    responseHeaders: [],
    ...(plan.keys === undefined ? {} : { keys: { ...plan.keys, stay: true as const } }),
    ...(decide === undefined ? {} : { decide: (view) => rehearsed(decide(view)) }),
  };
}

function rehearsed({ outcome, decision, summary, reasons }: Verdict): Verdict {
  switch (outcome) {
    case "skipped":
      return { outcome, summary, reasons };
    case "denied":
      return {
        outcome: "allowed",
        summary: `in shadow, so it lets pass what it would deny: ${summary}`,
        reasons,
        ...(decision === undefined ? {} : { shadow: decision }),
      };
    case "allowed":
    case "answered":
    case "counted":
    case "asked":
    case "open":
      return { outcome: "allowed", summary: `in shadow, so it lets pass whatever it decides: ${summary}`, reasons };
  }
}

function entryOf(node: Node | undefined, key: string): Node | undefined {
  const map: MapNode | undefined = node?.kind === "map" ? node : undefined;
  return map?.entries.find((entry) => entry.key.value === key)?.value;
}
