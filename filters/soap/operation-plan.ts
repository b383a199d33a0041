import type { OperationPlan } from "../../compiler/plan/plan.js";
import type { BoundOperation } from "./binding.js";
import type { ServiceModel } from "./model.js";

/** What Envoy has to know of each operation, in the order of the policy. */
export function operationPlans(model: ServiceModel, bound: readonly BoundOperation[], policy: string): OperationPlan[] {
  return bound.map(({ operation, origin, method, path, body }) => ({
    name: operation.name,
    origin,
    match: { method, path },
    takesBody: body !== false,
    pin: pinOf(policy, operation.name),
    service: { path: model.path, headers: { ...headersOf(model, operation.action), accept: ACCEPTED[model.version] } },
  }));
}

/** What the service may answer with: clients say what they accept of the gateway. */
const ACCEPTED = { "1.1": "text/xml", "1.2": "application/soap+xml" } as const;

/** A header value: what is not visible ASCII in the name of an operation is percent-encoded. */
export function pinOf(policy: string, operation: string): string {
  return `${policy}/${visible(operation)}`;
}

/** What requests of the service carry: SOAP 1.1, section 6.1.1; RFC 3902 of SOAP 1.2. */
export function headersOf({ version }: ServiceModel, action: string): Record<string, string> {
  const quoted = `"${visible(action).replace(/["\\]/g, "\\$&")}"`;
  if (version === "1.1") return { "content-type": "text/xml; charset=utf-8", soapaction: quoted };
  const parameter = action === "" ? "" : `; action=${quoted}`;
  return { "content-type": `application/soap+xml; charset=utf-8${parameter}` };
}

function visible(text: string): string {
  return text.replace(/[^!-~]+/gu, (other) => escaped(other));
}

function escaped(text: string): string {
  return [...Buffer.from(text)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, "0")}`).join("");
}
