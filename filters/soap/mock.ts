import type { Json, JsonObject, MockAnswer, MockRequest, ServiceMock } from "../../compiler/plan/plan.js";
import { type BoundOperation, unwrapped } from "./binding.js";
import { checkElement, isObject, type Misfit, pointerToken } from "./codec-check.js";
import { decodeElement, MessageError } from "./codec-decode.js";
import { type Envelope, readEnvelope, writeEnvelope, writeFault } from "./envelope.js";
import type { ElementModel, OperationModel, ServiceModel } from "./model.js";
import { headersOf } from "./operation-plan.js";

const CONTENT_TYPES = { "1.1": "text/xml; charset=utf-8", "1.2": "application/soap+xml; charset=utf-8" } as const;

const ADDRESSING = "http://www.w3.org/2005/08/addressing";

/** Faults that every service can answer with, without a detail: they blame the request or the service itself. */
const PLAIN_FAULTS = { Sender: "sender", Receiver: "receiver" } as const;

/** Speaks for a service in tests, with the operations that clients can call. */
export function serviceMock(model: ServiceModel, bound: readonly BoundOperation[]): ServiceMock {
  const operationOf = (name: string): BoundOperation => {
    const found = bound.find(({ operation }) => operation.name === name);
    if (found === undefined) throw new RangeError(`no operation ${name} is bound`);
    return found;
  };
  return {
    check: (name, answer) => check(model, operationOf(name), answer),
    read: (request) => read(model, bound, request),
    write: (name, answer) => write(model, operationOf(name), answer),
  };
}

function check(model: ServiceModel, bound: BoundOperation, answer: MockAnswer): Misfit[] {
  if ("fault" in answer) return checkFault(model, bound.operation, answer.fault);
  const { output } = bound.operation;
  if (output === undefined)
    return isNothing(answer.response) ? [] : [{ pointer: "", message: "must be {}: the operation answers nothing" }];
  const only = unwrapped(model, bound);
  if (only === undefined) return checkElement(model, output, answer.response);
  // The client sees the field itself, so places are in its value.
  return checkElement(model, output, wrapped(only, answer.response)).map(({ pointer, message }) => ({
    pointer: pointer.slice(1 + pointerToken(only.name).length),
    message,
  }));
}

function isNothing(value: Json): boolean {
  return value === null || (isObject(value) && Object.keys(value).length === 0);
}

function checkFault(model: ServiceModel, { faults }: OperationModel, fault: { name: string; detail: Json }): Misfit[] {
  const declared = faults.find(({ name }) => name === fault.name);
  if (declared !== undefined) return checkElement(model, declared.element, fault.detail);
  const known = [...faults.map(({ name }) => name), ...Object.keys(PLAIN_FAULTS)].join(", ");
  if (!isPlain(fault.name))
    return [{ pointer: "", message: `there is no fault \`${fault.name}\`; known are ${known}` }];
  return isNothing(fault.detail) ? [] : [{ pointer: "", message: "must be {}: only a declared fault has a detail" }];
}

function isPlain(name: string): name is keyof typeof PLAIN_FAULTS {
  return Object.hasOwn(PLAIN_FAULTS, name);
}

/** An absent field is null to clients. */
function wrapped({ name, nillable, max, min }: ElementModel, response: Json): JsonObject {
  return response === null && !nillable && max === 1 && min === 0 ? {} : { [name]: response };
}

function write(
  model: ServiceModel,
  bound: BoundOperation,
  answer: MockAnswer,
): { status: number; headers: Record<string, string>; body: string } {
  const headers = { "content-type": CONTENT_TYPES[model.version] };
  if ("fault" in answer) return { headers, ...fault(model, bound, answer.fault) };
  const { output, oneWay } = bound.operation;
  if (oneWay) return { status: 202, headers: {}, body: "" };
  if (output === undefined) return { status: 200, headers, body: writeEnvelope(model) };
  const only = unwrapped(model, bound);
  const value = only === undefined ? answer.response : wrapped(only, answer.response);
  return { status: 200, headers, body: writeEnvelope(model, { element: output, value }) };
}

/** SOAP 1.1, section 6.2; SOAP 1.2 part 2, table 20. What is said for people must not reach clients. */
function fault(
  model: ServiceModel,
  { operation }: BoundOperation,
  { name, detail }: { name: string; detail: Json },
): { status: number; body: string } {
  const declared = operation.faults.find((one) => one.name === name);
  const by = isPlain(name) && declared === undefined ? PLAIN_FAULTS[name] : "receiver";
  const status = by === "sender" && model.version === "1.2" ? 400 : 500;
  const reason = `a test let ${operation.name} fail with ${name}`;
  const body = writeFault(model, {
    by,
    reason,
    ...(declared === undefined ? {} : { detail: { element: declared.element, value: detail } }),
  });
  return { status, body };
}

function read(
  model: ServiceModel,
  bound: readonly BoundOperation[],
  request: MockRequest,
): { operation: string; input: Json } | undefined {
  const envelope = readEnvelope(model.version, request.body);
  if (envelope === undefined) return undefined;
  const { content } = envelope;
  const meant = operationOf(model, bound, request, envelope);
  if (meant === undefined) return undefined;
  const { name, input } = meant.operation;
  if (input === undefined || content === undefined) return { operation: name, input: {} };
  try {
    return { operation: name, input: decodeElement(model, input, content) };
  } catch (error) {
    if (error instanceof MessageError) return undefined;
    throw error;
  }
}

/** Operations with one message are told apart by their actions. */
function operationOf(
  model: ServiceModel,
  bound: readonly BoundOperation[],
  { headers }: MockRequest,
  { headers: blocks, content }: Envelope,
): BoundOperation | undefined {
  const possible = bound.filter(({ operation: { input } }) => {
    if (input === undefined || content === undefined) return input === undefined && content === undefined;
    return content.local === input.name && content.namespace === input.namespace;
  });
  const addressed = blocks.find(({ local, namespace }) => local === "Action" && namespace === ADDRESSING)?.text.trim();
  const fitting = possible.filter(({ operation: { action } }) => action === "" || hasAction(model, action, headers));
  const named = fitting.find(
    ({ operation: { addressing } }) => addressing !== undefined && addressing.action === addressed,
  );
  return named ?? fitting.find(({ operation: { action } }) => action !== "") ?? fitting[0];
}

/** Whether the request names the action of an operation. */
function hasAction(model: ServiceModel, action: string, headers: MockRequest["headers"]): boolean {
  const { soapaction, "content-type": type } = headersOf(model, action);
  if (soapaction !== undefined) return headers.get("soapaction") === soapaction;
  const parameter = type?.slice(type.indexOf("; action="));
  return parameter !== undefined && (headers.get("content-type") ?? "").includes(parameter);
}
