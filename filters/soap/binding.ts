import { type Diagnostic, diagnose } from "../../compiler/diagnostics/diagnostic.js";
import { nearest } from "../../compiler/diagnostics/suggest.js";
import { pathText } from "../../compiler/plan/shown.js";
import type { PolicyContext } from "../../compiler/policy/kind.js";
import { shapeKey } from "../../compiler/policy/path.js";
import type { Span } from "../../compiler/syntax/source.js";
import { type BoundFault, bindAnswer, bindFaults } from "./answer.js";
import { complexOf, elementsOf } from "./content.js";
import { type BoundInput, bindInput } from "./input.js";
import type { ElementModel, OperationModel, ServiceModel } from "./model.js";
import type { FaultsSpec, OperationSpec, OperationsSpec, Rest } from "./settings.js";

export type { BoundFault } from "./answer.js";
export type { BoundParam } from "./input.js";

/** What binding sees of the file, and where it reports. */
export type BindContext = Pick<PolicyContext, "policy" | "place" | "report">;

/** An operation of the service as clients call it. */
export interface BoundOperation extends BoundInput {
  operation: OperationModel;
  /** Where the policy names it. */
  origin: Span;
  method: string;
  path: Rest["path"];
  success: number;
  /** The answer is the value of the only field of the output. */
  unwrap: boolean;
  /** Those that the WSDL declares, each with the status that clients get. */
  faults: readonly BoundFault[];
  /** Statuses of faults that are not declared and blame the request, or the service. */
  sender: number;
  receiver: number;
}

/** The field that the answer of an operation is to clients; undefined if that is the whole output. */
export function unwrapped(
  model: ServiceModel,
  { operation: { output }, unwrap }: Pick<BoundOperation, "operation" | "unwrap">,
): ElementModel | undefined {
  return unwrap && output !== undefined ? elementsOf(complexOf(model, output.type)?.content)[0] : undefined;
}

/**
 * The operations of a policy, in its order, bound to the fields of their inputs. What is wrong is reported; those
 * operations are left out, and `sound` is false.
 *
 * @param spec `operations` and `faults` of the policy; places are under keys of these names
 */
export function bindOperations(
  model: ServiceModel,
  spec: { operations: OperationsSpec; faults?: FaultsSpec | undefined },
  context: BindContext,
): { bound: BoundOperation[]; sound: boolean } {
  const binder = new Binder(model, spec.faults ?? {}, context);
  const bound = Object.entries(spec.operations).flatMap(([name, one]) => binder.bind(name, one) ?? []);
  if (Object.keys(spec.operations).length === 0)
    binder.say(diagnose("SL1050", {}, context.place(["operations"], "key")));
  for (const finding of bindFaults.unknown(model, spec.faults ?? {}, context)) binder.say(finding);
  binder.sayRepeated(bound);
  return { bound, sound: binder.sound };
}

class Binder {
  sound = true;
  private readonly model: ServiceModel;
  private readonly faults: FaultsSpec;
  private readonly context: BindContext;

  constructor(model: ServiceModel, faults: FaultsSpec, context: BindContext) {
    this.model = model;
    this.faults = faults;
    this.context = context;
  }

  say(finding: Diagnostic): void {
    if (finding.severity === "error") this.sound = false;
    this.context.report(finding);
  }

  bind(name: string, spec: OperationSpec): BoundOperation | undefined {
    const { model, context } = this;
    const operation = model.operations.find((one) => one.name === name);
    if (operation === undefined) {
      this.say(unknownOperation(name, model, context));
      return undefined;
    }
    const place = (path: readonly (string | number)[], part?: "key" | "value") =>
      context.place(["operations", name, ...path], part);
    const input = bindInput({ model, operation, spec, place });
    const answer = bindAnswer({ model, operation, spec, place });
    for (const finding of [...input.findings, ...answer.findings]) this.say(finding);
    if (input.value === undefined || answer.value === undefined) return undefined;
    return {
      operation,
      origin: place([], "key"),
      method: spec.rest.method,
      path: spec.rest.path,
      ...input.value,
      ...answer.value,
      ...bindFaults.of(operation, this.faults),
    };
  }

  /** Two operations that the same requests ask for. */
  sayRepeated(bound: readonly BoundOperation[]): void {
    const first = new Map<string, BoundOperation>();
    for (const one of bound) {
      const key = `${one.method} ${shapeKey(one.path)}`;
      const before = first.get(key);
      if (before === undefined) first.set(key, one);
      else {
        const related = [{ message: `\`${before.operation.name}\` has it already`, span: before.origin }];
        const asked = `${one.method} ${pathText(one.path)}`;
        this.say(diagnose("SL1052", { operation: one.operation.name, asked }, one.origin, { related }));
      }
    }
  }
}

function unknownOperation(name: string, model: ServiceModel, { place }: BindContext): Diagnostic {
  const known = model.operations.map((one) => one.name);
  const span = place(["operations", name], "key");
  const meant = nearest(name, known);
  const hint = meant === undefined ? `; it has ${known.slice(0, 12).join(", ")}` : `; did you mean \`${meant}\`?`;
  const parameters = { operation: name, service: model.name, hint };
  if (meant === undefined) return diagnose("SL1051", parameters, span);
  const fix = { title: `write \`${meant}\``, safe: false, edits: [{ span, newText: meant }] };
  return diagnose("SL1051", parameters, span, { fix });
}
