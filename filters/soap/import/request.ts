import type { Json, JsonObject } from "../../../compiler/plan/plan.js";
import type { BoundOperation, BoundParam } from "../binding.js";
import { isObject, memberOf } from "../codec-check.js";
import { lexicalOf, simpleOf } from "../lexical.js";
import type { ServiceModel } from "../model.js";
import { type Taken, takenOf } from "../taken.js";

/** A request of a test file. */
export interface SampleRequest {
  method: string;
  path: string;
  query: Record<string, string | string[]>;
  /** Absent if it has no body. */
  json?: Json;
}

/** The request by which clients give an input; undefined if they cannot give it. */
export function requestOf(model: ServiceModel, bound: BoundOperation, input: Json): SampleRequest | undefined {
  const given = bound.params.map((param) => ({ param, texts: textsOf(model, param, input) }));
  if (given.some(({ texts }) => texts === undefined)) return undefined;
  const path = pathOf(bound, given);
  if (path === undefined) return undefined;
  const query: SampleRequest["query"] = {};
  for (const { param, texts = [] } of given) {
    const [first, ...others] = texts;
    if (param.in === "query" && first !== undefined)
      query[param.name] = others.length === 0 ? first : [first, ...others];
  }
  if (bound.body === false) return { method: bound.method, path, query };
  const json = bodyOf(bound, input);
  return json === undefined ? undefined : { method: bound.method, path, query, json };
}

type Given = { param: BoundParam; texts: string[] | undefined };

/** The texts of a parameter, none if it is not there; undefined if it cannot be given. */
function textsOf(model: ServiceModel, param: BoundParam, input: Json): string[] | undefined {
  const value = valueAt(input, param.field);
  if (value === undefined) return param.required ? undefined : [];
  if (value === null) return undefined;
  if (!Array.isArray(value)) return [lexicalOf(model, param.simple, value)];
  const { item = param.simple } = simpleOf(model, param.simple);
  return value.includes(null) ? undefined : value.map((one) => lexicalOf(model, item, one));
}

function valueAt(value: Json, field: readonly string[]): Json | undefined {
  let inner: Json | undefined = value;
  for (const name of field) inner = inner !== undefined && isObject(inner) ? memberOf(inner, name) : undefined;
  return inner;
}

function pathOf({ path }: BoundOperation, given: readonly Given[]): string | undefined {
  if (path.form === "exact") return path.path;
  const parts = path.segments.map((segment, index) => {
    if ("literal" in segment) return segment.literal;
    const [text] = given.find(({ param }) => param.segment === index)?.texts ?? [];
    return text === undefined ? "" : encodeURIComponent(text);
  });
  return parts.some((part) => /^\.{0,2}$/.test(part)) ? undefined : `/${parts.join("/")}`;
}

function bodyOf({ body, params }: BoundOperation, input: Json): Json | undefined {
  const field = body === false ? [] : (body.field ?? []);
  const value = valueAt(input, field);
  if (value === undefined || !isObject(value)) return value;
  return without(value, takenOf(params, field));
}

/** What the body brings of an object. */
function without(value: JsonObject, taken: Taken): JsonObject {
  const left = Object.entries(value).flatMap(([name, inner]): [string, Json][] => {
    const part = taken.get(name);
    if (part === undefined) return [[name, inner]];
    return part.size > 0 && isObject(inner) ? [[name, without(inner, part)]] : [];
  });
  return Object.fromEntries(left);
}
