import { type Diagnostic, diagnose } from "../../../compiler/diagnostics/diagnostic.js";
import { attributeOf, textOf } from "./names.js";
import type { Port } from "./ports.js";
import type { XmlElement } from "./xml.js";

const ADDRESSING: readonly string[] = [
  "http://www.w3.org/2006/05/addressing/wsdl",
  "http://www.w3.org/2007/05/addressing/metadata",
  "http://schemas.xmlsoap.org/ws/2004/08/addressing/policy",
];
const POLICIES = /^http:\/\/(schemas\.xmlsoap\.org\/ws\/2004\/09\/policy|www\.w3\.org\/ns\/ws-policy)$/;
const UTILITY = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd";

/** What a `soap` policy can add to messages by itself. */
export type Addition = "usernameToken" | "timestamp";

/** Assertions of policies that ask for something of the messages, and what becomes of it. */
const ASSERTIONS: ReadonlyMap<string, { wants: string; added?: Addition }> = new Map([
  ["UsernameToken", { wants: "a `UsernameToken`", added: "usernameToken" }],
  ["IncludeTimestamp", { wants: "a `Timestamp`", added: "timestamp" }],
  ["SymmetricBinding", { wants: "signed or encrypted messages" }],
  ["AsymmetricBinding", { wants: "signed or encrypted messages" }],
  ["SignedParts", { wants: "signed messages" }],
  ["EncryptedParts", { wants: "encrypted messages" }],
  ["X509Token", { wants: "an X.509 token" }],
  ["SamlToken", { wants: "a SAML token" }],
  ["IssuedToken", { wants: "an issued token" }],
  ["RMAssertion", { wants: "WS-ReliableMessaging" }],
  ["OptimizedMimeSerialization", { wants: "attachments (MTOM)" }],
]);

/**
 * Whether a port wants WS-Addressing; what else its policies ask for is a warning, unless the policy of the gateway adds it.
 *
 * @param roots of all files, in which policies are referred to
 */
export function readRequirements(
  { service, port, binding }: Port,
  roots: readonly XmlElement[],
  added: readonly Addition[],
  report: (finding: Diagnostic) => void,
): { addressing: boolean } {
  const assertions = policiesOf([service, port, binding], roots);
  const said = new Set<string>();
  for (const node of assertions) {
    const found = ASSERTIONS.get(node.local);
    if (found === undefined || said.has(found.wants)) continue;
    if (found.added !== undefined && added.includes(found.added)) continue;
    said.add(found.wants);
    const advice =
      found.added === undefined ? "which Sluice does not do" : `which \`security.${found.added}\` of the policy adds`;
    report(diagnose("SL1124", { what: found.wants, advice }, node.span));
  }
  const direct = [...port.children, ...binding.children];
  const addressing = [...assertions, ...direct].some(
    ({ namespace, local }) => ADDRESSING.includes(namespace) && /^(UsingAddressing|Addressing)$/.test(local),
  );
  return { addressing };
}

/** All elements in the policies of some elements, those by reference included. */
function policiesOf(holders: readonly XmlElement[], roots: readonly XmlElement[]): XmlElement[] {
  const named = new Map<string, XmlElement>();
  for (const root of roots)
    for (const node of within(root)) {
      const id = node.attributes.get(`{${UTILITY}}Id`)?.value ?? textOf(node, "Name");
      if (id !== undefined && POLICIES.test(node.namespace) && node.local === "Policy") named.set(id, node);
    }
  const [, port] = holders;
  const found = new Set<XmlElement>();
  const queue = holders.flatMap((holder) => (holder.local === "service" ? without(holder, port) : within(holder)));
  for (const node of queue) {
    if (!POLICIES.test(node.namespace)) continue;
    if (node.local === "Policy") for (const inner of within(node)) found.add(inner);
    if (node.local !== "PolicyReference") continue;
    const policy = named.get(attributeOf(node, "URI")?.value.trim().replace(/^#/, "") ?? "");
    if (policy === undefined || found.has(policy)) continue;
    found.add(policy);
    queue.push(...within(policy));
  }
  return [...found];
}

/** What stands in a service beside its ports. */
function without(service: XmlElement, port: XmlElement | undefined): XmlElement[] {
  return service.children.flatMap((child) => (child === port || child.local === "port" ? [] : within(child)));
}

/** An element and all in it, in the order of the file. */
function within(node: XmlElement): XmlElement[] {
  return [node, ...node.children.flatMap(within)];
}

/** The value of `wsa:Action` of the input of an operation, or undefined if the WSDL has none. */
export function explicitAction(input: XmlElement): string | undefined {
  const names = ADDRESSING.map((namespace) => input.attributes.get(`{${namespace}}Action`)?.value.trim());
  return names.find((value) => value !== undefined && value !== "");
}
