import { type Diagnostic, diagnose } from "../../../compiler/diagnostics/diagnostic.js";
import { nearest } from "../../../compiler/diagnostics/suggest.js";
import type { Span } from "../../../compiler/syntax/source.js";
import type { SoapVersion } from "../model.js";
import type { Definitions } from "./definitions.js";
import { attributeOf, childOf, childrenOf, textOf, WSDL } from "./names.js";
import type { XmlElement } from "./xml.js";

export const SOAP_BINDINGS: Readonly<Record<SoapVersion, string>> = {
  "1.1": "http://schemas.xmlsoap.org/wsdl/soap/",
  "1.2": "http://schemas.xmlsoap.org/wsdl/soap12/",
};

/** A name in the policy, with its place there. */
export interface Named {
  readonly name: string;
  readonly origin: Span;
}

/** A port that speaks SOAP. */
export interface Port {
  readonly service: XmlElement;
  readonly port: XmlElement;
  readonly binding: XmlElement;
  readonly version: SoapVersion;
}

export interface ChosenPort extends Port {
  /** Names of the other SOAP ports of the same service. */
  readonly others: readonly string[];
}

/** The port that is asked for: the first one that speaks SOAP, of the service and by the name that the policy has. */
export function choosePort(
  definitions: Definitions,
  choice: { readonly service?: Named; readonly port?: Named },
  report: (finding: Diagnostic) => void,
): ChosenPort | undefined {
  const services = definitions.roots.flatMap((root) => childrenOf(root, WSDL, "service"));
  const chosen = named("service", services, choice.service, report);
  const ports = chosen.flatMap((service) => childrenOf(service, WSDL, "port").map((port) => ({ service, port })));
  const wanted = named(
    "port",
    ports.map(({ port }) => port),
    choice.port,
    report,
  );
  if (wanted.length === 0) {
    const [root] = definitions.roots;
    const found = choice.service === undefined && choice.port === undefined;
    if (found && root !== undefined) report(diagnose("SL1108", { found: "no port" }, root.span));
    return undefined;
  }
  return firstSoap(definitions, ports, wanted, report);
}

function firstSoap(
  definitions: Definitions,
  ports: readonly Pick<Port, "service" | "port">[],
  wanted: readonly XmlElement[],
  report: (finding: Diagnostic) => void,
): ChosenPort | undefined {
  // A port whose binding is not found has a finding already.
  const known = new Set<XmlElement>();
  const soap = ports.flatMap(({ service, port }): Port[] => {
    const binding = definitions.referred(port, "binding", "binding");
    const version = binding && versionOf(binding);
    if (binding !== undefined) known.add(port);
    return binding === undefined || version === undefined ? [] : [{ service, port, binding, version }];
  });
  const first = soap.find(({ port }) => wanted.includes(port));
  if (first === undefined) {
    const [port] = wanted;
    const names = wanted.map((one) => `\`${textOf(one, "name") ?? ""}\``).join(", ");
    if (port !== undefined && known.size === ports.length)
      report(diagnose("SL1108", { found: `no SOAP binding at ${names}` }, port.span));
    return undefined;
  }
  const others = soap.filter((one) => one !== first && one.service === first.service);
  return { ...first, others: others.map(({ port }) => textOf(port, "name") ?? "") };
}

function named(
  what: "service" | "port",
  nodes: readonly XmlElement[],
  wanted: Named | undefined,
  report: (finding: Diagnostic) => void,
): readonly XmlElement[] {
  if (wanted === undefined) return nodes;
  const found = nodes.filter((node) => textOf(node, "name") === wanted.name);
  if (found.length > 0 || nodes.length === 0) return found;
  const names = nodes.map((node) => textOf(node, "name") ?? "");
  report(diagnose("SL1109", { what, name: wanted.name, ...hintAmong(wanted.name, names) }, wanted.origin));
  return found;
}

/** As many names as a sentence holds. */
const MOST_NAMES = 8;

/** What there is in the place of a name that is not there. */
export function hintAmong(name: string, names: readonly string[]): { known: string; hint: string } {
  const near = nearest(name, names);
  const some = names.slice(0, MOST_NAMES).map((one) => `\`${one}\``);
  const known = names.length === 0 ? "none" : `${some.join(", ")}${names.length > MOST_NAMES ? " and others" : ""}`;
  return { known, hint: near === undefined ? "" : `; did you mean \`${near}\`?` };
}

function versionOf(binding: XmlElement): SoapVersion | undefined {
  if (childOf(binding, SOAP_BINDINGS["1.1"], "binding") !== undefined) return "1.1";
  return childOf(binding, SOAP_BINDINGS["1.2"], "binding") === undefined ? undefined : "1.2";
}

/** Where the service is: its address as written, and the path of requests to it. */
export function addressOf(
  { port, version }: Port,
  report: (finding: Diagnostic) => void,
): { address: string; path: string } | undefined {
  const node = childOf(port, SOAP_BINDINGS[version], "address");
  const location = node && attributeOf(node, "location");
  if (node === undefined || location === undefined) {
    report(diagnose("SL1113", { element: "port", attribute: "soap:address` with `location" }, port.span));
    return undefined;
  }
  const address = location.value.trim();
  const url = /^https?:\/\//i.test(address) && URL.canParse(address) ? new URL(address) : undefined;
  if (url !== undefined) return { address, path: `${url.pathname}${url.search}` };
  report(diagnose("SL1123", { address }, location.span));
  return undefined;
}

/** SOAP over HTTP, as either version of the binding names it. */
const TRANSPORTS: readonly string[] = [
  "",
  "http://schemas.xmlsoap.org/soap/http",
  "http://schemas.xmlsoap.org/soap/http/",
  "http://www.w3.org/2003/05/soap/bindings/HTTP/",
  "http://www.w3.org/2003/05/soap/bindings/HTTP",
];

/** `style` of all operations of a binding that do not say it themselves. */
export function styleOf({ binding, version }: Port, report: (finding: Diagnostic) => void): string {
  const node = childOf(binding, SOAP_BINDINGS[version], "binding");
  const transport = node && attributeOf(node, "transport");
  if (transport !== undefined && !TRANSPORTS.includes(transport.value.trim()))
    report(diagnose("SL1122", { transport: transport.value.trim() }, transport.span));
  return (node && textOf(node, "style")) ?? "document";
}
