import type { Diagnostic } from "../../compiler/diagnostics/diagnostic.js";
import { renderText } from "../../compiler/diagnostics/render/text.js";
import { SourceFile, type Span } from "../../compiler/syntax/source.js";
import { type BoundOperation, bindOperations } from "../../filters/soap/binding.js";
import type { ServiceModel } from "../../filters/soap/model.js";
import type { SoapConfig } from "../../filters/soap/module.js";
import { faultsSchema, limitsSchema, operationsSchema } from "../../filters/soap/settings.js";
import { tableOf } from "../../filters/soap/table.js";
import { origin } from "./soap-model.js";

export interface ConfigSource {
  operations: unknown;
  faults?: unknown;
  security?: SoapConfig["security"];
  limits?: Readonly<Record<string, unknown>>;
}

/** What the module is told of a policy for a model, as the compiler makes it. */
export function soapConfig(model: ServiceModel, { operations, faults, security, limits }: ConfigSource): SoapConfig {
  const findings: Diagnostic[] = [];
  const own = { source: new SourceFile("crm.wsdl", "<definitions/>\n"), start: 0, end: 14 };
  const context = { policy: "crm", place: () => own, report: (finding: Diagnostic) => findings.push(finding) };
  const { bound } = bindOperations(model, specOf(operations, faults), context);
  const settings = { limits: limitsSchema.optional().parse(limits), ...(security === undefined ? {} : { security }) };
  const config = tableOf(from(model, own), bound, settings, context);
  if (config === undefined || findings.length > 0) throw new Error(renderText(findings, { color: false }));
  return config;
}

/** The operations that a policy offers, whatever is found in it. */
export function boundOperations(model: ServiceModel, operations: unknown, faults: unknown = {}): BoundOperation[] {
  const context = { policy: "crm", place: () => origin, report: () => {} };
  return bindOperations(model, specOf(operations, faults), context).bound;
}

function specOf(operations: unknown, faults: unknown = {}) {
  return { operations: operationsSchema.parse(operations), faults: faultsSchema.parse(faults) };
}

/** A model with types of a file that nothing else is from: what patterns may cost is counted for each file. */
function from(model: ServiceModel, origin: Span): ServiceModel {
  const types = [...model.simpleTypes].map(([id, type]) => [id, { ...type, origin }] as const);
  return { ...model, simpleTypes: new Map(types) };
}
