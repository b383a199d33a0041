import type { Json, JsonObject } from "../../../compiler/plan/plan.js";
import { type BoundOperation, unwrapped } from "../binding.js";
import { checkElement, isObject } from "../codec-check.js";
import type { ElementModel, ServiceModel } from "../model.js";
import { requestOf, type SampleRequest } from "./request.js";
import { aspectsOf, sampleElement, type Wish } from "./sample.js";

/** The cases of a test file, and what of the service they do not show. */
export interface Cases {
  cases: JsonObject[];
  untested: string[];
}

/** A case for each operation, declared fault, null, empty value and branch of a choice; what stands in several places is shown once. */
export function casesOf(model: ServiceModel, bound: readonly BoundOperation[], service: string): Cases {
  const writer = new CaseWriter(model, service);
  for (const one of bound) writer.operation(one);
  const { cases, untested } = writer;
  if (cases.length <= MOST_CASES) return { cases, untested };
  const left = `${cases.length - MOST_CASES} more aspects: a file of tests has ${MOST_CASES} cases at most`;
  return { cases: cases.slice(0, MOST_CASES), untested: [...untested, left] };
}

/** A request, and what the service hears of it. */
interface Asked {
  sent: SampleRequest;
  input?: Json;
}

/** Bounds of a test file. */
const MOST_CASES = 1_000;
const LONGEST_NAME = 180;

const ALL: Wish = { fill: "all" };
const LEAST: Wish = { fill: "least" };

class CaseWriter {
  readonly cases: JsonObject[] = [];
  readonly untested: string[] = [];
  private readonly model: ServiceModel;
  private readonly service: string;
  private readonly shown = new Set<string>();

  constructor(model: ServiceModel, service: string) {
    this.model = model;
    this.service = service;
  }

  operation(bound: BoundOperation): void {
    const { name } = bound.operation;
    const request = this.request(bound, ALL) ?? this.request(bound, LEAST);
    const answer = this.answer(bound, ALL);
    if (request === undefined || answer === undefined) {
      this.untested.push(`${name}: no value was found that fits its schema`);
      return;
    }
    this.answered(bound, `${name} answers`, request, answer);
    this.empty(bound, request);
    this.aspects(bound, request);
    this.faults(bound, request);
    this.refused(bound, request);
  }

  /** As little as may be, both ways. */
  private empty(bound: BoundOperation, request: Asked): void {
    const { name } = bound.operation;
    const least = this.request(bound, LEAST);
    const answer = this.answer(bound, LEAST);
    if (answer === undefined) return;
    const isSame = JSON.stringify(least?.sent) === JSON.stringify(request.sent);
    const isFull = JSON.stringify(answer) === JSON.stringify(this.answer(bound, ALL));
    if (least === undefined || (isSame && isFull)) return;
    this.answered(bound, `${name} asks and answers with no more than must be`, least, answer);
  }

  private aspects(bound: BoundOperation, request: Asked): void {
    const { name, input, output } = bound.operation;
    const answer = this.answer(bound, LEAST);
    for (const { title, key, wish } of input === undefined ? [] : aspectsOf(this.model, input)) {
      const own = this.request(bound, wish);
      if (own !== undefined && answer !== undefined && this.isNew(`input ${key}`))
        this.answered(bound, `${name} takes ${title}`, own, answer);
    }
    for (const { title, key, wish } of output === undefined ? [] : aspectsOf(this.model, output)) {
      const own = this.answer(bound, wish);
      if (own !== undefined && this.isNew(`output ${key}`))
        this.answered(bound, `${name} answers with ${title}`, request, own);
    }
  }

  private faults(bound: BoundOperation, request: Asked): void {
    for (const { fault, status } of bound.faults) {
      const detail = sampleElement(this.model, fault.element, ALL) ?? sampleElement(this.model, fault.element, LEAST);
      if (detail === undefined) {
        this.untested.push(
          `the fault ${fault.name} of ${bound.operation.name}: no value was found that fits its schema`,
        );
        continue;
      }
      this.add(bound, `${bound.operation.name} fails with ${fault.name}`, request, {
        mock: { fault: { [fault.name]: detail } },
        expect: {
          status,
          headers: { "content-type": "application/problem+json" },
          json: { status, fault: { [fault.name]: detail } },
        },
      });
    }
  }

  /** A body that does not fit is refused, and the service hears nothing. */
  private refused({ operation }: BoundOperation, { sent }: Asked): void {
    const { json } = sent;
    if (json === undefined) return;
    const wrong = isObject(json) ? { ...json, "no-such-field": 1 } : { "no-such-field": 1 };
    this.cases.push({
      name: this.title(`${operation.name} refuses what its schema does not have`),
      request: written({ ...sent, json: wrong }),
      expect: { status: 400, upstream: "none", problem: { status: 400 } },
    });
  }

  private answered(bound: BoundOperation, name: string, request: Asked, answer: Json): void {
    const hasBody = bound.operation.output !== undefined && bound.method !== "HEAD";
    const { input } = request;
    const heard = { service: this.service, operation: bound.operation.name, ...(input === undefined ? {} : { input }) };
    this.add(bound, name, request, {
      mock: { response: answer },
      expect: { status: bound.success, ...(hasBody ? { json: answer } : {}), upstream: heard },
    });
  }

  private add(
    { operation }: BoundOperation,
    name: string,
    { sent }: Asked,
    { mock, expect }: { mock: JsonObject; expect: JsonObject },
  ): void {
    const upstreams = { [this.service]: { soap: { [operation.name]: mock } } };
    this.cases.push({ name: this.title(name), upstreams, request: written(sent), expect });
  }

  /** No two cases have the same name. */
  private title(name: string): string {
    const short = name.slice(0, LONGEST_NAME);
    for (let number = 1; ; number++) {
      const title = number === 1 ? short : `${short} (${number})`;
      if (this.isNew(`title ${title}`)) return title;
    }
  }

  /** A request with an input as wished, if there is one that the service would take. */
  private request(bound: BoundOperation, wish: Wish): Asked | undefined {
    const { input } = bound.operation;
    const value = input === undefined ? {} : this.valid(input, wish);
    const sent = value === undefined ? undefined : requestOf(this.model, bound, value);
    if (sent === undefined) return undefined;
    return input === undefined || value === undefined ? { sent } : { sent, input: value };
  }

  private answer(bound: BoundOperation, wish: Wish): Json | undefined {
    const { output } = bound.operation;
    if (output === undefined) return {};
    const value = this.valid(output, wish);
    const only = unwrapped(this.model, bound);
    if (only === undefined || value === undefined || !isObject(value)) return value;
    return value[only.name] ?? null;
  }

  private valid(element: ElementModel, wish: Wish): Json | undefined {
    const value = sampleElement(this.model, element, wish);
    return value === undefined || checkElement(this.model, element, value).length > 0 ? undefined : value;
  }

  private isNew(key: string): boolean {
    const known = this.shown.has(key);
    this.shown.add(key);
    return !known;
  }
}

function written({ method, path, query, json }: SampleRequest): JsonObject {
  return {
    ...(method === "GET" ? {} : { method }),
    path,
    ...(Object.keys(query).length === 0 ? {} : { query }),
    ...(json === undefined ? {} : { json }),
  };
}
