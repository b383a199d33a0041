import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Diagnostic } from "../../compiler/diagnostics/diagnostic.js";
import { textLoader } from "../../compiler/syntax/loader.js";
import { SourceFile } from "../../compiler/syntax/source.js";
import type { ServiceModel } from "../../filters/soap/model.js";
import { readWsdl, type WsdlChoice } from "../../filters/soap/wsdl/read.js";

/** Name of the WSDL among the files of a test. */
export const WSDL_FILE = "service.wsdl";

/** The WSDL of a folder with the schemas that it imports, by path. */
export function wsdlCase(folder: string): Record<string, string> {
  const paths = readdirSync(folder, { recursive: true, encoding: "utf8" });
  return Object.fromEntries(
    paths
      .filter((path) => /\.(wsdl|xsd)$/.test(path))
      .map((path) => [path.replaceAll("\\", "/"), readFileSync(join(folder, path), "utf8")]),
  );
}

/** What comes of a WSDL and the files beside it. */
export function readWsdlFiles(
  files: Readonly<Record<string, string>>,
  choice: WsdlChoice = {},
): { readonly model: ServiceModel | undefined; readonly findings: readonly Diagnostic[] } {
  const source = new SourceFile(WSDL_FILE, files[WSDL_FILE] ?? "");
  const findings: Diagnostic[] = [];
  const { load } = textLoader(source, files);
  const model = readWsdl({ path: WSDL_FILE, source, load }, choice, (finding) => findings.push(finding));
  return { model, findings };
}

/** Parts of a small WSDL with one operation `Get`, document/literal; each has a default that is sound. */
export interface WsdlParts {
  /** In `wsdl:types`, in place of one schema. */
  readonly types?: string;
  /** In the schema, beside the elements `Get` and `GetResponse`. */
  readonly schema?: string;
  readonly messages?: string;
  readonly portType?: string;
  /** All that is in the binding. */
  readonly binding?: string;
  readonly service?: string;
  /** Behind everything. */
  readonly more?: string;
}

const MESSAGES = `<wsdl:message name="In"><wsdl:part name="in" element="tns:Get"/></wsdl:message>
<wsdl:message name="Out"><wsdl:part name="out" element="tns:GetResponse"/></wsdl:message>`;

const PORT_TYPE = `<wsdl:operation name="Get"><wsdl:input message="tns:In"/><wsdl:output message="tns:Out"/></wsdl:operation>`;

const BINDING = `<soap:binding transport="http://schemas.xmlsoap.org/soap/http"/>
<wsdl:operation name="Get">
<soap:operation soapAction="get"/>
<wsdl:input><soap:body use="literal"/></wsdl:input>
<wsdl:output><soap:body use="literal"/></wsdl:output>
</wsdl:operation>`;

const SERVICE = `<wsdl:service name="Service">
<wsdl:port name="Port" binding="tns:Binding"><soap:address location="http://t.example.com/t"/></wsdl:port>
</wsdl:service>`;

export function wsdlOf(parts: WsdlParts): string {
  const { messages = MESSAGES, portType = PORT_TYPE, binding = BINDING, service = SERVICE, more = "" } = parts;
  const types = parts.types ?? schemaOf(parts.schema ?? `<xsd:element name="Get" type="xsd:string"/>`);
  return `<wsdl:definitions targetNamespace="urn:t" xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/"
 xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:soapenc="http://schemas.xmlsoap.org/soap/encoding/" xmlns:tns="urn:t">
<wsdl:types>
${types}
</wsdl:types>
${messages}
<wsdl:portType name="PortType">${portType}</wsdl:portType>
<wsdl:binding name="Binding" type="tns:PortType">
${binding}
</wsdl:binding>
${service}
${more}</wsdl:definitions>
`;
}

function schemaOf(content: string): string {
  return `<xsd:schema targetNamespace="urn:t" elementFormDefault="qualified">
<xsd:element name="GetResponse" type="xsd:string"/>
${content}
</xsd:schema>`;
}

/** A WSDL whose request is of a complex type `T`, which the schema defines. */
export function wsdlOfType(schema: string): string {
  return wsdlOf({ schema: `<xsd:element name="Get" type="tns:T"/>\n${schema}` });
}
