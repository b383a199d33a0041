import { type Diagnostic, diagnose } from "../../compiler/diagnostics/diagnostic.js";
import { serialise } from "../../compiler/expression/regex/automaton.js";
import { effortOf } from "../../compiler/expression/regex/effort.js";
import { compileRegex } from "../../compiler/expression/regex/regex.js";
import type { BindContext, BoundOperation } from "./binding.js";
import { typeOf } from "./content.js";
import { entriesOf } from "./entries.js";
import { simpleOf } from "./lexical.js";
import type { AttributeModel, ComplexType, ElementModel, ServiceModel, SimpleType } from "./model.js";
import type { ElementConfig, OperationConfig, SimpleConfig, SoapConfig, TypeConfig } from "./module.js";
import { headersOf, pinOf } from "./operation-plan.js";
import { type LimitsSpec, limitsOf } from "./settings.js";

// The tables of the module: what of a model the bound operations reach, with numbers in place of names.

export interface TableSettings {
  security?: SoapConfig["security"];
  limits?: LimitsSpec | undefined;
}

/** Where the body of a message says nothing of who answers: WS-Addressing 1.0, section 2.1. */
const ANONYMOUS = "http://www.w3.org/2005/08/addressing/anonymous";

const MOST_OPERATIONS = 1024;
const MOST_PATTERNS = 16;

/** What the module reads of a policy; undefined after it reported an error. The same model gives the same numbers. */
export function tableOf(
  model: ServiceModel,
  bound: readonly BoundOperation[],
  settings: TableSettings,
  context: BindContext,
): SoapConfig | undefined {
  const table = new Table(model);
  const operations = bound.map((one) => table.operation(one, context.policy));
  const config: SoapConfig = {
    namespaces: table.namespaces,
    simples: table.simples,
    types: table.types,
    operations,
    ...(settings.security === undefined ? {} : { security: settings.security }),
    limits: limitsOf(settings.limits),
  };
  const findings = [...table.findings, ...tooMuch(config, context)];
  for (const finding of findings) context.report(finding);
  return findings.length === 0 ? config : undefined;
}

class Table {
  readonly namespaces: string[] = [];
  readonly simples: SimpleConfig[] = [];
  readonly types: TypeConfig[] = [];
  readonly findings: Diagnostic[] = [];
  private readonly model: ServiceModel;
  private readonly namespaceIndexes = new Map<string, number>();
  private readonly simpleIndexes = new Map<string, number>();
  /** By pattern: types inherit those of their base. */
  private readonly automata = new Map<string, string>();
  private readonly typeIndexes = new Map<string, number>();
  /** Types that have a number and are not written yet. */
  private readonly waiting: ComplexType[] = [];

  constructor(model: ServiceModel) {
    this.model = model;
  }

  operation(bound: BoundOperation, policy: string): OperationConfig {
    const { operation, body, params, success, faults, sender, receiver } = bound;
    const { addressing, input, output } = operation;
    const config: OperationConfig = {
      name: operation.name,
      version: this.model.version,
      pin: pinOf(policy, operation.name),
      ...loneOf(bound, this.model),
      ...(input === undefined ? {} : { input: this.root(input) }),
      ...(output === undefined ? {} : { output: this.root(output) }),
      ...(operation.oneWay ? { oneWay: true } : {}),
      ...(body === false ? { body: false as const } : body.field ? { body: { field: [...body.field] } } : {}),
      ...(params.length === 0 ? {} : { params: params.map(paramOf) }),
      ...(bound.unwrap ? { unwrap: true } : {}),
      ...(success === 200 ? {} : { success }),
      ...(faults.length === 0
        ? {}
        : {
            faults: faults.map(({ fault, status }) => ({
              name: fault.name,
              element: this.root(fault.element),
              status,
            })),
          }),
      ...(sender === 400 ? {} : { sender }),
      ...(receiver === 502 ? {} : { receiver }),
      ...(addressing === undefined
        ? {}
        : { addressing: { action: addressing.action, to: this.model.address ?? ANONYMOUS } }),
    };
    this.writeTypes();
    return config;
  }

  /** The child of a Body or a detail: it is there once. */
  private root(element: ElementModel): ElementConfig {
    return this.element({ ...element, min: 1, max: 1 });
  }

  /** One at a time and never within another, so that depth of a schema costs no stack. */
  private writeTypes(): void {
    for (let type = this.waiting.shift(); type !== undefined; type = this.waiting.shift())
      this.types[this.typeIndexes.get(type.id) ?? 0] = this.type(type);
  }

  private type({ attributes, text, content }: ComplexType): TypeConfig {
    return {
      ...(attributes.length === 0 ? {} : { attributes: attributes.map((one) => this.attribute(one)) }),
      ...(text === undefined ? {} : { text: this.simple(text) }),
      ...(content === undefined
        ? {}
        : {
            content: entriesOf(content).map(({ part, span }) =>
              part.kind === "element"
                ? this.element(part)
                : { group: part.order, span, ...(part.optional ? { optional: true } : {}) },
            ),
          }),
    };
  }

  private attribute({ name, namespace, simple, required, default: fallback, fixed }: AttributeModel) {
    return {
      name,
      ...this.namespace(namespace),
      simple: this.simple(simple),
      ...(required ? { required: true } : {}),
      ...(fallback === undefined ? {} : { default: fallback }),
      ...(fixed === undefined ? {} : { fixed }),
    };
  }

  private element({
    name,
    namespace,
    type,
    min,
    max,
    nillable,
    default: fallback,
    fixed,
  }: ElementModel): ElementConfig {
    return {
      name,
      ...this.namespace(namespace),
      ...("simple" in type ? { simple: this.simple(type.simple) } : { type: this.complex(type.complex) }),
      ...(min === 1 ? {} : { min: Math.min(min, MOST_OCCURRENCES) }),
      ...(max === 1 ? {} : { max: max === "unbounded" || max > MOST_OCCURRENCES ? -1 : max }),
      ...(nillable ? { nillable: true } : {}),
      ...(fallback === undefined ? {} : { default: fallback }),
      ...(fixed === undefined ? {} : { fixed }),
    };
  }

  private namespace(uri: string): { ns?: number } {
    if (uri === "") return {};
    const known = this.namespaceIndexes.get(uri);
    if (known !== undefined) return { ns: known };
    this.namespaceIndexes.set(uri, this.namespaces.length);
    return { ns: this.namespaces.push(uri) - 1 };
  }

  private complex(id: string): number {
    const known = this.typeIndexes.get(id);
    if (known !== undefined) return known;
    const type = typeOf(this.model, id);
    const index = this.typeIndexes.size;
    this.typeIndexes.set(id, index);
    this.waiting.push(type);
    return index;
  }

  private simple(id: string): number {
    const known = this.simpleIndexes.get(id);
    if (known !== undefined) return known;
    const type = simpleOf(this.model, id);
    const index = this.simpleIndexes.size;
    this.simpleIndexes.set(id, index);
    const item = type.item === undefined ? undefined : this.itemOf(type, type.item);
    const members = type.members === undefined ? undefined : this.membersOf(type);
    this.simples[index] = {
      ...this.facets(type),
      ...(item === undefined ? {} : { item }),
      ...(members === undefined ? {} : { members }),
    };
    return index;
  }

  private itemOf(list: SimpleType, id: string): number | undefined {
    if (simpleOf(this.model, id).form !== "list") return this.simple(id);
    this.refuse(list, "it is a list of lists");
    return undefined;
  }

  /** Unions in a union say the same as their members, if they have no facets of their own. */
  private membersOf(union: SimpleType): number[] {
    const members: number[] = [];
    const left = [...(union.members ?? [])];
    for (let id = left.shift(); id !== undefined; id = left.shift()) {
      const member = simpleOf(this.model, id);
      if (member.form === "list") this.refuse(union, "it is a union with a list");
      else if (member.form !== "union") members.push(this.simple(id));
      else if (member.patterns.length === 0 && member.enumeration === undefined)
        left.unshift(...(member.members ?? []));
      else this.refuse(union, "it is a union with another one that is restricted");
    }
    return members;
  }

  private facets(type: SimpleType): SimpleConfig {
    const { json, form, whiteSpace, enumeration, length, min, max, totalDigits, fractionDigits } = type;
    const patterns = this.patterns(type);
    const unit = type.builtin === "hexBinary" ? "hex" : type.builtin === "base64Binary" ? "base64" : undefined;
    return {
      json,
      form,
      ...(whiteSpace === "collapse" ? {} : { space: whiteSpace }),
      ...(patterns.length === 0 ? {} : { patterns }),
      ...(enumeration === undefined ? {} : { values: [...enumeration] }),
      ...(length?.min === undefined ? {} : { minLength: Math.min(length.min, MOST_LENGTH) }),
      ...(length?.max === undefined ? {} : { maxLength: Math.min(length.max, MOST_LENGTH) }),
      ...(unit === undefined || form === "list" ? {} : { unit }),
      ...(min === undefined ? {} : { min: min.value, ...(min.exclusive ? { minExclusive: true } : {}) }),
      ...(max === undefined ? {} : { max: max.value, ...(max.exclusive ? { maxExclusive: true } : {}) }),
      ...(totalDigits === undefined ? {} : { totalDigits }),
      ...(fractionDigits === undefined ? {} : { fractionDigits }),
    };
  }

  private patterns(type: SimpleType): string[] {
    if (type.patterns.length > MOST_PATTERNS) this.refuse(type, `it has more than ${MOST_PATTERNS} patterns`);
    return type.patterns.flatMap((pattern) => {
      const known = this.automata.get(pattern);
      if (known !== undefined) return [known];
      const automaton = compileRegex(`^(?:${pattern})$`, effortOf(type.origin.source));
      if (!("reason" in automaton)) {
        const written = Buffer.from(serialise(automaton)).toString("base64");
        this.automata.set(pattern, written);
        return [written];
      }
      this.refuse(type, `of its pattern \`${pattern}\`, ${automaton.reason}`);
      return [];
    });
  }

  private refuse(type: SimpleType, reason: string): void {
    this.findings.push(diagnose("SL1065", { type: type.name ?? type.builtin, reason }, type.origin));
  }
}

const MOST_OCCURRENCES = 65_535;
const MOST_LENGTH = 2_147_483_647;

/** What `soap.wasm` has to know where no route of Envoy's says it. */
function loneOf(
  { operation, method, path }: BoundOperation,
  model: ServiceModel,
): Pick<OperationConfig, "rest" | "service"> {
  const segments =
    path.form === "exact"
      ? path.path.slice(1).split("/")
      : path.segments.map((segment) => ("literal" in segment ? segment.literal : "*"));
  const { "content-type": contentType = "", soapaction } = headersOf(model, operation.action);
  const action = soapaction === undefined ? {} : { soapAction: soapaction };
  return { rest: { method, path: segments }, service: { path: model.path, contentType, ...action } };
}

function paramOf({ in: part, name, segment, field, repeated }: BoundOperation["params"][number]) {
  return {
    ...(part === "path" ? { segment: segment ?? 0, ...(name === field.at(-1) ? {} : { name }) } : { query: name }),
    field: [...field],
    ...(repeated ? { repeated: true } : {}),
  };
}

/** Bounds of the module that a schema can pass by its size. */
function tooMuch(config: SoapConfig, context: BindContext): Diagnostic[] {
  const span = context.place(["operations"], "key");
  const widest = Math.max(0, ...config.types.map(({ content = [] }) => content.length));
  const longest = Math.max(0, ...config.simples.map(({ values = [] }) => values.length));
  const bounds: [count: number, limit: number, unit: string][] = [
    [config.operations.length, MOST_OPERATIONS, "operations"],
    [config.namespaces.length, 1024, "namespaces"],
    [config.types.length, 65_535, "types"],
    [config.simples.length, 65_535, "simple types"],
    [widest, 4096, "elements in one type"],
    [longest, 4096, "values in one enumeration"],
  ];
  return bounds.flatMap(([count, limit, unit]) =>
    count <= limit
      ? []
      : [diagnose("SL1066", { what: `\`${context.policy}\``, count: `${count} ${unit}`, limit }, span)],
  );
}
