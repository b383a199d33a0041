import { describe, expect, it } from "vitest";
import { SourceFile } from "../../../compiler/syntax/source.js";
import { printedModel } from "../../../test/support/printed-model.js";
import { readWsdlFiles, WSDL_FILE, wsdlOf, wsdlOfType } from "../../../test/support/wsdl.js";

const POLICY = new SourceFile("policy.yaml", "");
function named(name: string) {
  return { name, origin: { source: POLICY, start: 0, end: 0 } };
}

const binding = (
  namespace: string,
) => `<s:binding xmlns:s="${namespace}" transport="http://schemas.xmlsoap.org/soap/http"/>
<wsdl:operation name="Get"/><wsdl:operation name="Odd"/>`;
const SOAP12 = "http://schemas.xmlsoap.org/wsdl/soap12/";

/** Two services; the second has a port for each version, and `Odd` has a type that is not supported. */
const TEXT = wsdlOf({
  schema: '<xsd:element name="Get" type="xsd:string"/><xsd:element name="Odd" type="xsd:anyType"/>',
  portType: `<wsdl:operation name="Get"><wsdl:input message="tns:In"/><wsdl:output message="tns:Out"/></wsdl:operation>
<wsdl:operation name="Odd"><wsdl:input message="tns:Odd"/></wsdl:operation>`,
  binding: binding("http://schemas.xmlsoap.org/wsdl/soap/"),
  service: `<wsdl:service name="First"><wsdl:port name="A" binding="tns:Http"/></wsdl:service>
<wsdl:service name="Second">
<wsdl:port name="B" binding="tns:Binding12"><s:address xmlns:s="${SOAP12}" location="http://b.example.com/b"/></wsdl:port>
<wsdl:port name="C" binding="tns:Binding"><soap:address location="http://c.example.com/c?x=1#y"/></wsdl:port>
</wsdl:service>`,
  more: `<wsdl:message name="Odd"><wsdl:part name="a" element="tns:Odd"/></wsdl:message>
<wsdl:binding name="Http" type="tns:PortType"/>
<wsdl:binding name="Binding12" type="tns:PortType">${binding(SOAP12)}</wsdl:binding>
`,
});
const FILES = { [WSDL_FILE]: TEXT };
const operations = [named("Get")];

describe("of a WSDL", () => {
  it("the first port that speaks SOAP is taken, and the others are told", () => {
    const { model } = readWsdlFiles(FILES, { operations });
    expect(model).toMatchObject({ name: "Second", port: "B", otherPorts: ["C"], version: "1.2", path: "/b" });
  });

  it("another port is taken if the policy names it", () => {
    const { model } = readWsdlFiles(FILES, { operations, service: named("Second"), port: named("C") });
    expect(model).toMatchObject({ port: "C", otherPorts: ["B"], version: "1.1", path: "/c?x=1" });
  });

  it("only the operations are read that the policy names, and only what they use can be wrong", () => {
    const chosen = readWsdlFiles(FILES, { operations });
    expect(chosen.findings).toEqual([]);
    expect(chosen.model?.operations.map(({ name }) => name)).toEqual(["Get"]);
    const all = readWsdlFiles(FILES);
    expect(all.model).toBeUndefined();
    expect(all.findings.map(({ code }) => code)).toEqual(["SL1125"]);
  });

  it("a service without a SOAP port cannot be named", () => {
    const { findings } = readWsdlFiles(FILES, { operations, service: named("First") });
    expect(findings.map(({ code, message }) => `${code} ${message}`)).toEqual([
      "SL1108 there is no SOAP port to call: no SOAP binding at `A`",
    ]);
  });

  it("what a policy asks for is no warning if the policy of the gateway adds it", () => {
    const wsp = "http://www.w3.org/ns/ws-policy";
    const policy = `<p:Policy xmlns:p="${wsp}"><UsernameToken/><IncludeTimestamp/></p:Policy>`;
    const text = wsdlOf({
      service: `<wsdl:service name="S"><wsdl:port name="P" binding="tns:Binding">${policy}<soap:address location="http://a/"/></wsdl:port></wsdl:service>`,
    });
    const codes = (adds: ("usernameToken" | "timestamp")[]) =>
      readWsdlFiles({ [WSDL_FILE]: text }, { adds }).findings.map(({ code }) => code);
    expect(codes([])).toEqual(["SL1124", "SL1124"]);
    expect(codes(["timestamp"])).toEqual(["SL1124"]);
    expect(codes(["usernameToken", "timestamp"])).toEqual([]);
  });

  it("an import from the web is no error while nothing of it is used", () => {
    const web = '<xsd:import namespace="urn:web" schemaLocation="http://web.example.com/web.xsd"/>';
    const text = wsdlOf({ schema: `${web}<xsd:element name="Get" type="xsd:string"/>` });
    expect(readWsdlFiles({ [WSDL_FILE]: text }).findings).toEqual([]);
  });

  it("warnings are silenced by comments with a reason", () => {
    const any = '<xsd:any minOccurs="0"/>';
    const codes = (content: string) => {
      const type = `<xsd:complexType name="T"><xsd:sequence>\n${content}\n</xsd:sequence></xsd:complexType>`;
      return readWsdlFiles({ [WSDL_FILE]: wsdlOfType(type) }).findings.map(({ code }) => code);
    };
    expect(codes(any)).toEqual(["SL1127"]);
    expect(codes(`${any}<!-- sluice-ignore: SL1127 none is sent -->`)).toEqual([]);
    expect(codes(`<!-- sluice-ignore: SL1134, SL1127 none is sent -->\n${any}`)).toEqual([]);
    expect(codes(`${any}<!-- sluice-ignore: SL1127 -->`)).toEqual(["SL1127"]);
    expect(codes(`${any}<!-- sluice-ignore: SL1129 none is sent -->`)).toEqual(["SL1127"]);
    expect(codes(`<!-- sluice-ignore: SL1127 none is sent --><xsd:annotation/>\n${any}`)).toEqual(["SL1127"]);
    expect(codes("<!-- sluice-ignore: SL1125 errors stay -->\n<xsd:any/>")).toEqual(["SL1125"]);
  });

  it("the model is the same each time", () => {
    const texts = [1, 2].map(() => {
      const { model } = readWsdlFiles(FILES, { operations });
      return model === undefined ? "" : printedModel(model);
    });
    expect(texts[0]).toContain("Second");
    expect(texts[1]).toBe(texts[0]);
  });
});
