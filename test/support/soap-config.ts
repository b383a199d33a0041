import type { Diagnostic } from "../../compiler/diagnostics/diagnostic.js";
import { renderText } from "../../compiler/diagnostics/render/text.js";
import { SourceFile, type Span } from "../../compiler/syntax/source.js";
import { bindOperations } from "../../filters/soap/binding.js";
import type { ServiceModel } from "../../filters/soap/model.js";
import type { SoapConfig } from "../../filters/soap/module.js";
import { limitsSchema, operationsSchema } from "../../filters/soap/settings.js";
import { tableOf } from "../../filters/soap/table.js";

export interface ConfigSource {
  operations: unknown;
  security?: SoapConfig["security"];
  limits?: Readonly<Record<string, unknown>>;
}

/** What the module is told of a policy for a model, as the compiler makes it. */
export function soapConfig(model: ServiceModel, { operations, security, limits }: ConfigSource): SoapConfig {
  const findings: Diagnostic[] = [];
  const origin = { source: new SourceFile("crm.wsdl", "<definitions/>\n"), start: 0, end: 14 };
  const context = { policy: "crm", place: () => origin, report: (finding: Diagnostic) => findings.push(finding) };
  const { bound } = bindOperations(model, { operations: operationsSchema.parse(operations) }, context);
  const settings = { limits: limitsSchema.optional().parse(limits), ...(security === undefined ? {} : { security }) };
  const config = tableOf(from(model, origin), bound, settings, context);
  if (config === undefined || findings.length > 0) throw new Error(renderText(findings, { color: false }));
  return config;
}

/** A model with types of a file that nothing else is from: what patterns may cost is counted for each file. */
function from(model: ServiceModel, origin: Span): ServiceModel {
  const types = [...model.simpleTypes].map(([id, type]) => [id, { ...type, origin }] as const);
  return { ...model, simpleTypes: new Map(types) };
}
