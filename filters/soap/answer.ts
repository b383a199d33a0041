import { type Diagnostic, diagnose } from "../../compiler/diagnostics/diagnostic.js";
import { nearest } from "../../compiler/diagnostics/suggest.js";
import type { Place } from "../../compiler/policy/issues.js";
import { complexOf, maybeNull, onlyChild } from "./content.js";
import type { FaultModel, OperationModel, ServiceModel } from "./model.js";
import type { FaultsSpec, OperationSpec } from "./settings.js";

/** A part of a policy's operation: places are relative to its name. */
export interface BindPart {
  model: ServiceModel;
  operation: OperationModel;
  spec: OperationSpec;
  place: Place;
}

export interface BoundFault {
  fault: FaultModel;
  status: number;
}

const ACCEPTED = 202;
const BODILESS_STATUSES = [204, 205];

/** The status and the form of answers without a fault; no value if there is an error among the findings. */
export function bindAnswer({ model, operation, spec, place }: BindPart): {
  value?: { success: number; unwrap: boolean };
  findings: Diagnostic[];
} {
  const findings: Diagnostic[] = [];
  const success = spec.success ?? (operation.oneWay ? ACCEPTED : 200);
  if (operation.output !== undefined && BODILESS_STATUSES.includes(success))
    findings.push(diagnose("SL1062", { operation: operation.name, status: success }, place(["success"])));
  const why = whyNotUnwrapped(model, operation);
  if (spec.unwrap === true && why !== undefined)
    findings.push(
      diagnose("SL1061", { operation: operation.name, reason: why }, place(["unwrap"]), {
        related: [{ message: "the operation is here", span: operation.output?.origin ?? operation.origin }],
      }),
    );
  if (findings.length > 0) return { findings };
  return { findings, value: { success, unwrap: spec.unwrap ?? (why === undefined && isPlain(model, operation)) } };
}

/** Null is one thing: a field that is absent, or one that is nil. */
function isPlain(model: ServiceModel, { output }: OperationModel): boolean {
  const type = output === undefined ? undefined : complexOf(model, output.type);
  const child = type === undefined ? "" : onlyChild(type);
  return type !== undefined && typeof child !== "string" && !(maybeNull(type, child) && child.nillable);
}

function whyNotUnwrapped(model: ServiceModel, { output }: OperationModel): string | undefined {
  if (output === undefined) return "there is no answer with content";
  const type = complexOf(model, output.type);
  if (type === undefined) return "it is a single value already";
  if (output.nillable) return "it may be null";
  const child = onlyChild(type);
  return typeof child === "string" ? child : undefined;
}

/** `faults` of a policy. */
export const bindFaults = {
  /** Those of an operation with their statuses, and the statuses of others. */
  of(operation: OperationModel, { default: fallback, ...named }: FaultsSpec) {
    return {
      faults: operation.faults.map((fault) => ({ fault, status: named[fault.name] ?? fallback ?? 502 })),
      sender: fallback ?? 400,
      receiver: fallback ?? 502,
    };
  },

  /** Names that no operation of the service declares. */
  unknown(model: ServiceModel, spec: FaultsSpec, { place }: { place: Place }): Diagnostic[] {
    const known = [...new Set(model.operations.flatMap(({ faults }) => faults.map(({ name }) => name)))];
    const strangers = Object.keys(spec).filter((name) => name !== "default" && !known.includes(name));
    return strangers.map((fault) => {
      const span = place(["faults", fault], "key");
      const meant = nearest(fault, [...known, "default"]);
      if (meant === undefined)
        return diagnose("SL1063", { fault, hint: `; known: ${known.join(", ") || "none"}` }, span);
      const fix = { title: `write \`${meant}\``, safe: false, edits: [{ span, newText: meant }] };
      return diagnose("SL1063", { fault, hint: `; did you mean \`${meant}\`?` }, span, { fix });
    });
  },
};
