import type { Json } from "../../compiler/plan/plan.js";
import { encodeElement, escapedText, Prefixes } from "./codec-encode.js";
import type { ElementModel, ServiceModel, SoapVersion } from "./model.js";
import { childrenNamed, readTree, type XmlNode } from "./xml-tree.js";

// Envelopes of both versions of SOAP: SOAP 1.1, section 4; SOAP 1.2 part 1, section 5.

export const ENVELOPES: Readonly<Record<SoapVersion, string>> = {
  "1.1": "http://schemas.xmlsoap.org/soap/envelope/",
  "1.2": "http://www.w3.org/2003/05/soap-envelope",
};

/** A message with an element in its body, or with an empty one. */
export function writeEnvelope(model: ServiceModel, content?: { element: ElementModel; value: Json }): string {
  const prefixes = new Prefixes();
  const inner = content === undefined ? "" : encodeElement(model, content.element, content.value, prefixes);
  return envelope(model.version, prefixes, inner);
}

export interface Fault {
  /** Who is to blame. */
  by: "sender" | "receiver";
  reason: string;
  detail?: { element: ElementModel; value: Json };
}

export function writeFault(model: ServiceModel, { by, reason, detail }: Fault): string {
  const prefixes = new Prefixes();
  const inner = detail === undefined ? "" : encodeElement(model, detail.element, detail.value, prefixes);
  if (model.version === "1.1") {
    const code = by === "sender" ? "Client" : "Server";
    const own = detail === undefined ? "" : `<detail>${inner}</detail>`;
    const text = `<faultcode>soap:${code}</faultcode><faultstring>${escapedText(reason)}</faultstring>`;
    return envelope("1.1", prefixes, `<soap:Fault>${text}${own}</soap:Fault>`);
  }
  const code = by === "sender" ? "Sender" : "Receiver";
  const text = `<soap:Code><soap:Value>soap:${code}</soap:Value></soap:Code><soap:Reason><soap:Text xml:lang="en">${escapedText(reason)}</soap:Text></soap:Reason>`;
  const own = detail === undefined ? "" : `<soap:Detail>${inner}</soap:Detail>`;
  return envelope("1.2", prefixes, `<soap:Fault>${text}${own}</soap:Fault>`);
}

function envelope(version: SoapVersion, prefixes: Prefixes, body: string): string {
  const open = `<soap:Envelope xmlns:soap="${ENVELOPES[version]}"${prefixes.declarations()}>`;
  return `<?xml version="1.0" encoding="utf-8"?>\n${open}<soap:Body>${body}</soap:Body></soap:Envelope>`;
}

/** What an envelope holds; undefined if the text is none of that version. */
export interface Envelope {
  headers: readonly XmlNode[];
  /** Absent if the body is empty. */
  content?: XmlNode;
}

export function readEnvelope(version: SoapVersion, text: string): Envelope | undefined {
  const root = readTree(text);
  const namespace = ENVELOPES[version];
  if (root === undefined || root.local !== "Envelope" || root.namespace !== namespace) return undefined;
  const [body, second] = childrenNamed(root, namespace, "Body");
  if (body === undefined || second !== undefined || body.children.length > 1) return undefined;
  const headers = childrenNamed(root, namespace, "Header").flatMap(({ children }) => children);
  const [content] = body.children;
  return content === undefined ? { headers } : { headers, content };
}
