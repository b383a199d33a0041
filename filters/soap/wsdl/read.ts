import type { Diagnostic } from "../../../compiler/diagnostics/diagnostic.js";
import type { Span } from "../../../compiler/syntax/source.js";
import type { ServiceModel } from "../model.js";
import { readComplexTypes } from "./complex-types.js";
import { SchemaContext } from "./context.js";
import { Definitions } from "./definitions.js";
import { readDocuments, type WsdlFiles } from "./files.js";
import { documentationOf, textOf } from "./names.js";
import { readOperations } from "./operations.js";
import { addressOf, choosePort, type Named } from "./ports.js";
import { type Addition, readRequirements } from "./requirements.js";

/** What a policy says of the WSDL. */
export interface WsdlChoice {
  /** The first service with a SOAP port, if absent. */
  readonly service?: Named;
  /** The first SOAP port, if absent. */
  readonly port?: Named;
  /** All, if absent. What only other operations use is not looked at. */
  readonly operations?: readonly Named[];
  /** What the policy adds to messages, so that no warning says that the WSDL asks for it. */
  readonly adds?: readonly Addition[];
}

/**
 * Reads a WSDL 1.1 and the files that it imports. The same files give the same model, on any machine.
 *
 * @param report takes every finding once; those about the files have their places there
 * @returns the service, or nothing after an error
 */
export function readWsdl(
  files: WsdlFiles,
  choice: WsdlChoice,
  report: (finding: Diagnostic) => void,
): ServiceModel | undefined {
  const findings = new FindingsOnce(report);
  const take = (finding: Diagnostic) => findings.take(finding);
  const documents = readDocuments(files, take);
  const definitions = new Definitions(documents.definitions, take);
  if (documents.definitions.length === 0) return undefined;
  findings.incomplete = findings.failed;
  const port = choosePort(definitions, choice, take);
  if (port === undefined) return undefined;
  const place = addressOf(port, take);
  const { addressing } = readRequirements(port, definitions.roots, choice.adds ?? [], take);
  const schema = new SchemaContext(documents, take);
  const operations = readOperations({ port, definitions, schema, report: take, addressing }, choice.operations);
  readComplexTypes(schema);
  if (place === undefined || findings.failed) return undefined;
  return {
    name: textOf(port.service, "name") ?? "",
    port: textOf(port.port, "name") ?? "",
    otherPorts: port.others,
    ...documentationOf(port.service),
    version: port.version,
    ...place,
    operations,
    types: schema.types,
    simpleTypes: schema.simpleTypes,
  };
}

/** What is used in several places is read in each, and what is wrong with it is said once. */
class FindingsOnce {
  failed = false;
  /** A file could not be read: nobody knows which names it defines. */
  incomplete = false;
  private readonly said = new Set<string>();
  private readonly report: (finding: Diagnostic) => void;

  constructor(report: (finding: Diagnostic) => void) {
    this.report = report;
  }

  take(finding: Diagnostic): void {
    if (finding.severity === "error") this.failed = true;
    const { code, message, severity, span } = finding;
    if (severity === "warning" && isSilenced(code, span)) return;
    if (this.incomplete && code === "SL1111") return;
    const key = `${code} ${span.source.path} ${span.start} ${message}`;
    if (this.said.has(key)) return;
    this.said.add(key);
    this.report(finding);
  }
}

const SILENCER = /<!--\s*sluice-ignore:\s*(SL\d{4}(?:\s*,\s*SL\d{4})*)\s+(?!-->)\S.*?-->/g;

/** Whether a comment of the file silences a warning, on its line or alone on the line before; it gives a reason too. */
function isSilenced(code: string, { source, start }: Span): boolean {
  const { line } = source.position(start);
  const before = source.line(line - 1).trim();
  const alone = /^<!--(?:(?!-->).)*-->$/.test(before) ? before : "";
  return [source.line(line), alone].some((text) =>
    [...text.matchAll(SILENCER)].some(([, codes = ""]) => codes.split(/[\s,]+/).includes(code)),
  );
}
