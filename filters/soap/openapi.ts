import type { Json, JsonObject } from "../../compiler/plan/plan.js";
import { pathText } from "../../compiler/plan/shown.js";
import { type BoundOperation, type BoundParam, unwrapped } from "./binding.js";
import { isObject } from "./codec-check.js";
import { complexOf, isRequired, maybeNull } from "./content.js";
import { fieldAt, isField } from "./field.js";
import type { ElementModel, ServiceModel } from "./model.js";
import { capitalised, Schemas } from "./openapi-schema.js";
import { simpleSchemaOf } from "./openapi-simple.js";
import { takenOf } from "./taken.js";

export interface OpenApiInfo {
  title: string;
  version: string;
  description?: string;
  /** Addresses of the gateway. */
  servers?: readonly string[];
  /** Statuses of problems that other policies of the routes answer with, such as 401, 403 and 429. */
  also?: readonly number[];
}

/** Titles of problems (RFC 9110, section 15). */
const PROBLEMS: Readonly<Record<number, string>> = {
  400: "The request does not fit the operation.",
  401: "The caller is not known.",
  403: "The caller may not do this.",
  413: "The body is too large.",
  429: "Too many requests.",
  502: "The service failed, or its answer cannot be told.",
};

/** What clients can ask for, as an OpenAPI 3.1 document. The same model gives the same document. */
export function openApiOf(model: ServiceModel, bound: readonly BoundOperation[], info: OpenApiInfo): JsonObject {
  const { title, version, description = model.documentation, servers = [] } = info;
  const writer = new Writer(model, info.also ?? []);
  const paths: JsonObject = {};
  for (const one of bound) {
    const path = pathText(one.path);
    const { [path]: there = {} } = paths;
    paths[path] = { ...(isObject(there) ? there : {}), [one.method.toLowerCase()]: writer.operation(one) };
  }
  return {
    openapi: "3.1.0",
    info: { title, version, ...(description === undefined ? {} : { description }) },
    ...(servers.length === 0 ? {} : { servers: servers.map((url) => ({ url })) }),
    paths,
    components: { schemas: writer.schemas.components() },
  };
}

class Writer {
  readonly schemas: Schemas;
  private readonly model: ServiceModel;
  private readonly also: readonly number[];
  private readonly problem: JsonObject;

  constructor(model: ServiceModel, also: readonly number[]) {
    this.model = model;
    this.also = also;
    this.schemas = new Schemas(model);
    this.problem = this.schemas.add("Problem", {
      type: "object",
      description: "Why a request was not served (RFC 9457).",
      properties: {
        type: { type: "string" },
        title: { type: "string" },
        status: { type: "integer" },
        detail: { type: "string" },
        pointer: { type: "string", description: "JSON pointer to the part of the body that is meant." },
      },
      required: ["type", "title", "status"],
    });
  }

  operation(bound: BoundOperation): JsonObject {
    const { name, documentation } = bound.operation;
    const body = this.requestBody(bound);
    return {
      operationId: name,
      ...(documentation === undefined ? {} : { description: documentation }),
      ...(bound.params.length === 0 ? {} : { parameters: bound.params.map((param) => this.parameter(param)) }),
      ...(body === undefined
        ? {}
        : { requestBody: { required: true, content: { "application/json": { schema: body } } } }),
      responses: this.responses(bound),
    };
  }

  private parameter({ in: part, name, member, simple, repeated, required }: BoundParam): JsonObject {
    const documentation =
      member.kind === "element"
        ? member.element.documentation
        : member.kind === "attribute"
          ? member.attribute.documentation
          : undefined;
    const isArray = repeated && member.kind === "element" && member.element.max !== 1;
    const schema = isArray
      ? this.schemas.member({ ...member.element, nillable: false }, "")
      : simpleSchemaOf(this.model, simple);
    const { description: _, ...plain } = schema;
    return {
      name,
      in: part,
      ...(documentation === undefined ? {} : { description: documentation }),
      ...(required ? { required: true } : {}),
      ...(repeated ? { style: "form", explode: true } : {}),
      schema: plain,
    };
  }

  private requestBody({ operation, body, params }: BoundOperation): JsonObject | undefined {
    if (body === false || operation.input === undefined) return undefined;
    const field = body.field ?? [];
    const element = field.length === 0 ? operation.input : this.elementAt(operation.input, field);
    const taken = takenOf(params, field);
    const type = complexOf(this.model, element.type);
    const name = `${capitalised(operation.name)}Request`;
    if (taken.size === 0 || type === undefined) return this.schemas.member(element, field.length === 0 ? "" : name);
    return this.schemas.add(name, this.schemas.object(type, name, taken));
  }

  /** The binding found it. */
  private elementAt(input: ElementModel, field: readonly string[]): ElementModel {
    const found = fieldAt(this.model, input, field.join("."));
    return isField(found) && found.member.kind === "element" ? found.member.element : input;
  }

  private responses(bound: BoundOperation): JsonObject {
    const all = new Map<number, JsonObject>([[bound.success, this.answer(bound)]]);
    const statuses = [400, ...(bound.body === false ? [] : [413]), 502, bound.sender, bound.receiver, ...this.also];
    const problems = new Map<number, Json[]>(statuses.map((status) => [status, [this.problem]]));
    for (const { fault, status } of bound.faults) {
      const schema = this.fault(fault.name, fault.element, status);
      problems.set(status, [...(problems.get(status) ?? []), schema]);
    }
    for (const [status, schemas] of problems) all.set(status, problemOf(status, schemas, bound));
    return Object.fromEntries([...all].toSorted(([a], [b]) => a - b).map(([status, one]) => [String(status), one]));
  }

  private answer(bound: BoundOperation): JsonObject {
    const { operation, method } = bound;
    const { output } = operation;
    const description = operation.oneWay ? "The service got it." : "The answer.";
    if (output === undefined || method === "HEAD") return { description };
    const type = complexOf(this.model, output.type);
    const only = unwrapped(this.model, bound);
    if (only === undefined || type === undefined) return answered(description, this.schemas.value(output));
    const mayBeEmpty = !isRequired(type, only.name);
    const schema = this.schemas.member(only, `${capitalised(operation.name)}Response`, mayBeEmpty);
    if (!maybeNull(type, only) || only.nillable) return answered(description, schema);
    return answered(description, { anyOf: [schema, { type: "null" }] });
  }

  private fault(name: string, element: ElementModel, status: number): JsonObject {
    return this.schemas.add(`${capitalised(name)}Problem`, {
      type: "object",
      properties: {
        type: { type: "string" },
        title: { type: "string" },
        status: { const: status },
        fault: {
          type: "object",
          properties: { [name]: this.schemas.value(element) },
          required: [name],
          additionalProperties: false,
        },
      },
      required: ["type", "title", "status", "fault"],
    });
  }
}

function answered(description: string, schema: JsonObject): JsonObject {
  return { description, content: { "application/json": { schema } } };
}

function problemOf(status: number, schemas: readonly Json[], { operation, faults }: BoundOperation): JsonObject {
  const [only, ...others] = schemas;
  const told = faults.filter((one) => one.status === status);
  const documented = told.flatMap(({ fault }) => fault.documentation ?? []);
  const usual =
    told.length > 0
      ? `${operation.name} fails with ${told.map(({ fault }) => fault.name).join(" or ")}.`
      : "A problem.";
  const description =
    documented.length > 0 ? documented.join("\n") : told.length > 0 ? usual : (PROBLEMS[status] ?? usual);
  const schema = others.length === 0 && only !== undefined ? only : { anyOf: [...schemas] };
  return { description, content: { "application/problem+json": { schema } } };
}
