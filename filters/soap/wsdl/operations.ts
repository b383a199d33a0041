import { type Diagnostic, diagnose } from "../../../compiler/diagnostics/diagnostic.js";
import type { ComplexType, ElementModel, FaultModel, OperationModel } from "../model.js";
import type { SchemaContext } from "./context.js";
import { type Definitions, targetOf } from "./definitions.js";
import { globalElement, typeNamed } from "./elements.js";
import { attributeOf, childOf, childrenOf, documentationOf, type QName, readName, textOf, WSDL } from "./names.js";
import { hintAmong, type Named, type Port, SOAP_BINDINGS, styleOf } from "./ports.js";
import { explicitAction } from "./requirements.js";
import type { XmlElement } from "./xml.js";

/** What operations are read with. */
export interface OperationContext {
  readonly port: Port;
  readonly definitions: Definitions;
  readonly schema: SchemaContext;
  readonly report: (finding: Diagnostic) => void;
  readonly addressing: boolean;
}

const MIME = "http://schemas.xmlsoap.org/wsdl/mime/";
const DIME = "http://schemas.xmlsoap.org/ws/2002/04/dime/wsdl/";

/** The operations of a port that are wanted, or all. */
export function readOperations(context: OperationContext, wanted: readonly Named[] | undefined): OperationModel[] {
  const { port, definitions, report } = context;
  const style = styleOf(port, report);
  const portType = definitions.referred(port.binding, "type", "portType");
  if (portType === undefined) return [];
  const bound = childrenOf(port.binding, WSDL, "operation");
  const names = [...new Set(bound.map((node) => textOf(node, "name") ?? ""))];
  for (const { name, origin } of wanted ?? [])
    if (!names.includes(name)) report(diagnose("SL1115", { name, ...hintAmong(name, names) }, origin));
  const seen = new Map<string, XmlElement>();
  return bound.flatMap((node) => {
    const name = textOf(node, "name") ?? "";
    if (wanted !== undefined && !wanted.some((one) => one.name === name)) return [];
    const first = seen.get(name);
    seen.set(name, first ?? node);
    if (first !== undefined) {
      const related = [{ message: "first here", span: first.span }];
      report(diagnose("SL1114", { name }, node.span, { related }));
      return [];
    }
    const operation = readOperation(context, node, portType, name, style);
    return operation === undefined ? [] : [operation];
  });
}

function readOperation(
  context: OperationContext,
  bound: XmlElement,
  portType: XmlElement,
  name: string,
  styleOfBinding: string,
): OperationModel | undefined {
  const { port, report } = context;
  const [node, second] = childrenOf(portType, WSDL, "operation").filter((one) => textOf(one, "name") === name);
  if (node === undefined) {
    const known = childrenOf(portType, WSDL, "operation").map((one) => textOf(one, "name") ?? "");
    report(diagnose("SL1115", { name, ...hintAmong(name, known) }, bound.span));
    return undefined;
  }
  if (second !== undefined) {
    const related = [{ message: "first here", span: node.span }];
    report(diagnose("SL1114", { name }, second.span, { related }));
    return undefined;
  }
  const directions = childrenOf(node, WSDL, "input", "output");
  const [first, answer] = directions;
  if (first?.local !== "input") {
    report(diagnose("SL1121", { name }, node.span));
    return undefined;
  }
  const soap = childOf(bound, SOAP_BINDINGS[port.version], "operation");
  const action = (soap && textOf(soap, "soapAction")) ?? "";
  const style = (soap && textOf(soap, "style")) ?? styleOfBinding;
  const request = readMessage(context, bound, first, style, name);
  const response = answer && readMessage(context, bound, answer, style, `${name}Response`);
  return {
    name,
    origin: node.span,
    ...documentationFor(node, bound),
    action,
    ...(request === undefined ? {} : { input: request }),
    ...(response === undefined ? {} : { output: response }),
    oneWay: answer === undefined,
    faults: readFaults(context, bound, node),
    ...(context.addressing ? { addressing: { action: addressingAction(portType, first, action, name, answer) } } : {}),
  };
}

function documentationFor(node: XmlElement, bound: XmlElement): { documentation?: string } {
  const own = documentationOf(node);
  return own.documentation === undefined ? documentationOf(bound) : own;
}

/** WS-Addressing 1.0, Metadata, 4.4: the action that is given, else the `SOAPAction`, else one made of names. */
function addressingAction(
  portType: XmlElement,
  input: XmlElement,
  soapAction: string,
  operation: string,
  answer: XmlElement | undefined,
): string {
  const given = explicitAction(input) ?? soapAction;
  if (given !== "") return given;
  const target = targetOf(portType);
  const delimiter = /^urn:/i.test(target) ? ":" : "/";
  const name = textOf(input, "name") ?? (answer === undefined ? operation : `${operation}Request`);
  return [target.replace(/\/$/, ""), textOf(portType, "name") ?? "", name].join(delimiter);
}

/** The child of the Body of a message; undefined if it is empty, or after a finding. */
function readMessage(
  context: OperationContext,
  bound: XmlElement,
  direction: XmlElement,
  style: string,
  wrapper: string,
): ElementModel | undefined {
  const { port, definitions, report } = context;
  const holder = childOf(bound, WSDL, direction.local);
  const soap = SOAP_BINDINGS[port.version];
  const attachments = holder?.children.find(({ namespace }) => namespace === MIME || namespace === DIME);
  if (attachments !== undefined) {
    report(diagnose("SL1120", { operation: textOf(bound, "name") ?? "" }, attachments.span));
    return undefined;
  }
  const body = holder && childOf(holder, soap, "body");
  if (isEncoded(body, `${style}/encoded`, report)) return undefined;
  const headers = holder === undefined ? [] : childrenOf(holder, soap, "header");
  if (direction.local === "input") for (const header of headers) readHeader(header, report);
  const message = definitions.referred(direction, "message", "message");
  if (message === undefined) return undefined;
  const parts = partsOf(message, body, headers);
  if (style !== "rpc") return documentBody(context, direction, parts);
  const name = { namespace: (body && textOf(body, "namespace")) ?? "", local: wrapper };
  return rpcBody(context, message, parts, name, direction.local);
}

function isEncoded(body: XmlElement | undefined, style: string, report: (finding: Diagnostic) => void): boolean {
  const use = body && attributeOf(body, "use");
  if (use?.value.trim() !== "encoded") return false;
  report(diagnose("SL1116", { style }, use.span));
  return true;
}

function readHeader(header: XmlElement, report: (finding: Diagnostic) => void): void {
  const required = header.attributes.get(`{${WSDL}}required`)?.value.trim();
  const part = textOf(header, "part") ?? "";
  if (required === "true" || required === "1") report(diagnose("SL1118", { part }, header.span));
  else report(diagnose("SL1119", { part }, header.span));
}

/** Parts of a message that are in its Body: those that the binding names, or those that are no headers. */
function partsOf(message: XmlElement, body: XmlElement | undefined, headers: readonly XmlElement[]): XmlElement[] {
  const all = childrenOf(message, WSDL, "part");
  const named = body && textOf(body, "parts");
  if (named !== undefined) {
    const names = named.split(/\s+/);
    return all.filter((part) => names.includes(textOf(part, "name") ?? ""));
  }
  const inHeaders = headers
    .filter((header) => readName(header, textOf(header, "message") ?? "")?.local === textOf(message, "name"))
    .map((header) => textOf(header, "part"));
  return all.filter((part) => !inHeaders.includes(textOf(part, "name")));
}

function documentBody(
  context: OperationContext,
  direction: XmlElement,
  parts: readonly XmlElement[],
): ElementModel | undefined {
  const [part, second] = parts;
  if (part === undefined) return undefined;
  if (second === undefined) return elementPart(context, part);
  const reason = `a document Body holds one part, and this message has ${parts.length}`;
  context.report(diagnose("SL1117", { reason }, (attributeOf(direction, "message") ?? direction).span));
  return undefined;
}

/** The element of a part; a part that has a type instead is reported. */
function elementPart({ schema, report }: OperationContext, part: XmlElement): ElementModel | undefined {
  const attribute = attributeOf(part, "element");
  if (attribute === undefined) {
    const reason = "here a part names an `element`";
    report(diagnose("SL1117", { reason }, (attributeOf(part, "type") ?? part).span));
    return undefined;
  }
  const name = readName(part, attribute.value);
  if (name !== undefined) return globalElement(schema, name, attribute.span);
  report(diagnose("SL1143", { name: attribute.value.trim() }, attribute.span));
  return undefined;
}

/** The wrapper of rpc/literal, and in it an element without a namespace for each part (WS-I Basic Profile 1.1, 4.7.20). */
function rpcBody(
  { schema }: OperationContext,
  message: XmlElement,
  parts: readonly XmlElement[],
  { namespace, local: name }: QName,
  direction: string,
): ElementModel {
  const members = parts.flatMap((part) => partElement(schema, part) ?? []);
  const type: ComplexType = {
    id: `rpc(${name}, ${direction})`,
    namespace,
    origin: message.span,
    attributes: [],
    ...(members.length === 0 ? {} : { content: { kind: "group", order: "sequence", optional: false, of: members } }),
  };
  schema.types.set(type.id, type);
  const element = { kind: "element", name, namespace, origin: message.span, type: { complex: type.id } } as const;
  return { ...element, ...documentationOf(message), min: 1, max: 1, nillable: false };
}

function partElement(schema: SchemaContext, part: XmlElement): ElementModel | undefined {
  const attribute = attributeOf(part, "type");
  const name = attribute && readName(part, attribute.value);
  if (attribute === undefined) {
    const reason = "an rpc part names a `type`";
    schema.report(diagnose("SL1117", { reason }, (attributeOf(part, "element") ?? part).span));
    return undefined;
  }
  if (name === undefined) {
    schema.report(diagnose("SL1143", { name: attribute.value.trim() }, attribute.span));
    return undefined;
  }
  const type = typeNamed(schema, name, attribute.span);
  if (type === undefined) return undefined;
  const element = { kind: "element", name: textOf(part, "name") ?? "", namespace: "", origin: part.span } as const;
  return { ...element, ...documentationOf(part), type, min: 1, max: 1, nillable: false };
}

function readFaults(context: OperationContext, bound: XmlElement, operation: XmlElement): FaultModel[] {
  const { definitions, report } = context;
  const seen = new Map<string, XmlElement>();
  return childrenOf(operation, WSDL, "fault").flatMap((node): FaultModel[] => {
    const name = textOf(node, "name");
    if (name === undefined) {
      report(diagnose("SL1113", { element: "fault", attribute: "name" }, node.span));
      return [];
    }
    const first = seen.get(name);
    seen.set(name, first ?? node);
    if (first !== undefined) {
      const related = [{ message: "first defined here", span: first.span }];
      report(diagnose("SL1112", { what: "fault", name }, node.span, { related }));
      return [];
    }
    if (isEncoded(soapFault(context, bound, name), "an encoded fault", report)) return [];
    const message = definitions.referred(node, "message", "message");
    const [part, second] = message === undefined ? [] : childrenOf(message, WSDL, "part");
    if (message === undefined) return [];
    if (part === undefined || second !== undefined) {
      report(diagnose("SL1117", { reason: "the message of a fault has one part" }, message.span));
      return [];
    }
    const element = elementPart(context, part);
    return element === undefined ? [] : [{ name, origin: node.span, ...documentationOf(node), element }];
  });
}

function soapFault({ port }: OperationContext, bound: XmlElement, name: string): XmlElement | undefined {
  const holder = childrenOf(bound, WSDL, "fault").find((node) => textOf(node, "name") === name);
  return holder && childOf(holder, SOAP_BINDINGS[port.version], "fault");
}
