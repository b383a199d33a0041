import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { renderText } from "../../../compiler/diagnostics/render/text.js";
import { SourceFile } from "../../../compiler/syntax/source.js";
import { expectGolden } from "../../../test/support/golden.js";
import { readWsdlFiles, WSDL_FILE, wsdlOf, wsdlOfType } from "../../../test/support/wsdl.js";
import type { WsdlChoice } from "./read.js";

interface Row {
  readonly title: string;
  readonly files: Readonly<Record<string, string>>;
  readonly choice?: WsdlChoice;
}

/** A place in a policy, for names that it has. */
const POLICY = new SourceFile(
  "policy.yaml",
  "soap: { wsdl: service.wsdl, port: Prot, service: Sevice, operations: [Got] }\n",
);
function named(name: string) {
  const start = POLICY.text.indexOf(name);
  return { name, origin: { source: POLICY, start, end: start + name.length } };
}

const main = (title: string, text: string, more: Readonly<Record<string, string>> = {}): Row => ({
  title,
  files: { [WSDL_FILE]: text, ...more },
});

const ofType = (title: string, schema: string): Row => main(title, wsdlOfType(schema));
const ofSequence = (title: string, content: string, more = ""): Row =>
  ofType(title, `<xsd:complexType name="T"><xsd:sequence>\n${content}\n</xsd:sequence></xsd:complexType>\n${more}`);
const ofSimple = (title: string, content: string): Row =>
  ofSequence(title, `<xsd:element name="a"><xsd:simpleType>${content}</xsd:simpleType></xsd:element>`);

const SCHEMA = '<xsd:schema xmlns:xsd="http://www.w3.org/2001/XMLSchema"';
const importing = (
  title: string,
  child: string,
  more: Readonly<Record<string, string>> = {},
  get = '<xsd:element name="Get" type="xsd:int"/>',
): Row =>
  main(
    title,
    wsdlOf({
      types: `${SCHEMA} targetNamespace="urn:t">\n${child}\n${get}\n<xsd:element name="GetResponse" type="xsd:int"/>\n</xsd:schema>`,
    }),
    more,
  );

const bound = (inner: string) => `<soap:binding transport="http://schemas.xmlsoap.org/soap/http"/>
<wsdl:operation name="Get">${inner}</wsdl:operation>`;

const FILES: readonly Row[] = [
  main("a file that is no XML", wsdlOf({ more: "<wsdl:open>" })),
  main("an empty file", ""),
  main("an entity that nobody defines", wsdlOf({ more: "<wsdl:documentation>&auml;</wsdl:documentation>" })),
  main("a prefix that nobody declares", wsdlOf({ more: "<x:y/>" })),
  main("another encoding", '<?xml version="1.0" encoding="ISO-8859-1"?><d>ä</d>'),
  main("a document type", '<!DOCTYPE d [<!ENTITY a "b">]><d>&a;</d>'),
  main("elements too deep", "<a>".repeat(200)),
  main("a page of HTML", "<html><body>Log in</body></html>"),
  main("a WSDL 2.0", '<description xmlns="http://www.w3.org/ns/wsdl"/>'),
  importing("a file that is not there", '<xsd:include schemaLocation="missing.xsd"/>'),
  importing("an include over HTTP", '<xsd:include schemaLocation="HTTPS://x.example.com/x?xsd=1"/>'),
  importing(
    "an import over HTTP that is needed",
    '<xsd:import namespace="urn:x" schemaLocation="http://x.example.com/x?xsd=1"/>',
    {},
    '<xsd:element name="Get" xmlns:x="urn:x" type="x:T"/>',
  ),
  importing("a location of another scheme", '<xsd:import namespace="urn:x" schemaLocation="file:///etc/passwd"/>'),
  importing("an absolute location", '<xsd:include schemaLocation="/etc/passwd"/>'),
  importing("a location with backslashes", '<xsd:include schemaLocation="a\\b.xsd"/>'),
  importing("a location that leads out", '<xsd:include schemaLocation="a/%2e%2e/../b.xsd"/>'),
  importing("an import of another namespace", '<xsd:import namespace="urn:x" schemaLocation="x.xsd"/>', {
    "x.xsd": `${SCHEMA} targetNamespace="urn:y"/>`,
  }),
  importing("an include of another namespace", '<xsd:include schemaLocation="x.xsd"/>', {
    "x.xsd": `${SCHEMA} targetNamespace="urn:y"/>`,
  }),
  importing("an include of a WSDL", '<xsd:include schemaLocation="service.wsdl"/>'),
  importing("an include without a location", "<xsd:include/>"),
  importing("a schema that redefines", '<xsd:redefine schemaLocation="x.xsd"/>'),
];

const SERVICES: readonly Row[] = [
  main("no service", wsdlOf({ service: "" })),
  main("a service without a SOAP port", wsdlOf({ binding: '<http:binding xmlns:http="urn:http" verb="GET"/>' })),
  { ...main("a service that is not there", wsdlOf({})), choice: { service: named("Sevice") } },
  { ...main("a port that is not there", wsdlOf({})), choice: { port: named("Prot") } },
  { ...main("an operation that is not there", wsdlOf({})), choice: { operations: [named("Got")] } },
  main(
    "a binding that is not there",
    wsdlOf({ service: '<wsdl:service name="S"><wsdl:port name="P" binding="tns:Bindung"/></wsdl:service>' }),
  ),
  main(
    "a port without an address",
    wsdlOf({ service: '<wsdl:service name="S"><wsdl:port name="P" binding="tns:Binding"/></wsdl:service>' }),
  ),
  main(
    "an address that is none",
    wsdlOf({
      service:
        '<wsdl:service name="S"><wsdl:port name="P" binding="tns:Binding"><soap:address location="REPLACE_WITH_ACTUAL_URL"/></wsdl:port></wsdl:service>',
    }),
  ),
  main("a port without a binding", wsdlOf({ service: '<wsdl:service name="S"><wsdl:port name="P"/></wsdl:service>' })),
  main(
    "a prefix of a binding that is not declared",
    wsdlOf({ service: '<wsdl:service name="S"><wsdl:port name="P" binding="x:B"/></wsdl:service>' }),
  ),
  main("a binding for JMS", wsdlOf({ binding: '<soap:binding transport="http://www.w3.org/2010/soapjms/"/>' })),
  main("a port type that is defined twice", wsdlOf({ more: '<wsdl:portType name="PortType"/>' })),
  main("an operation that is bound twice", wsdlOf({ binding: `${bound("")}<wsdl:operation name="Get"/>` })),
  main(
    "an overloaded operation",
    wsdlOf({
      portType:
        '<wsdl:operation name="Get"><wsdl:input message="tns:In"/></wsdl:operation><wsdl:operation name="Get"><wsdl:input message="tns:Out"/></wsdl:operation>',
    }),
  ),
  main("an operation without one in the port type", wsdlOf({ portType: "" })),
  main(
    "a notification",
    wsdlOf({ portType: '<wsdl:operation name="Get"><wsdl:output message="tns:Out"/></wsdl:operation>' }),
  ),
  main(
    "an operation that the service begins",
    wsdlOf({
      portType:
        '<wsdl:operation name="Get"><wsdl:output message="tns:Out"/><wsdl:input message="tns:In"/></wsdl:operation>',
    }),
  ),
  main("SOAP encoding", wsdlOf({ binding: bound('<wsdl:input><soap:body use="encoded"/></wsdl:input>') })),
  main(
    "a header that is required",
    wsdlOf({
      binding: bound(
        '<wsdl:input><soap:header wsdl:required="true" message="tns:In" part="session" use="literal"/></wsdl:input>',
      ),
    }),
  ),
  main(
    "attachments",
    wsdlOf({
      binding: bound('<wsdl:input><m:multipartRelated xmlns:m="http://schemas.xmlsoap.org/wsdl/mime/"/></wsdl:input>'),
    }),
  ),
];

const MESSAGES: readonly Row[] = [
  main(
    "a document of several parts",
    wsdlOf({
      messages:
        '<wsdl:message name="In"><wsdl:part name="a" element="tns:Get"/><wsdl:part name="b" element="tns:Get"/></wsdl:message><wsdl:message name="Out"/>',
    }),
  ),
  main(
    "a document of a type",
    wsdlOf({
      messages: '<wsdl:message name="In"><wsdl:part name="a" type="xsd:int"/></wsdl:message><wsdl:message name="Out"/>',
    }),
  ),
  main("rpc of an element", wsdlOf({ binding: '<soap:binding style="rpc"/><wsdl:operation name="Get"/>' })),
  main("a message that is not there", wsdlOf({ messages: '<wsdl:message name="Inn"/><wsdl:message name="Out"/>' })),
  main(
    "an element that is not there",
    wsdlOf({
      messages:
        '<wsdl:message name="In"><wsdl:part name="a" element="tns:Gett"/></wsdl:message><wsdl:message name="Out"/>',
    }),
  ),
  main(
    "a fault without a part, one without a name, and one twice",
    wsdlOf({
      portType:
        '<wsdl:operation name="Get"><wsdl:input message="tns:In"/><wsdl:fault name="A" message="tns:No"/><wsdl:fault message="tns:No"/><wsdl:fault name="A" message="tns:In"/></wsdl:operation>',
      more: '<wsdl:message name="No"/>',
    }),
  ),
  main(
    "a fault in SOAP encoding",
    wsdlOf({
      portType:
        '<wsdl:operation name="Get"><wsdl:input message="tns:In"/><wsdl:fault name="A" message="tns:In"/></wsdl:operation>',
      binding: bound('<wsdl:fault name="A"><soap:fault name="A" use="encoded"/></wsdl:fault>'),
    }),
  ),
];

const TYPES: readonly Row[] = [
  ofSequence("an element of any type", '<xsd:element name="a" type="xsd:anyType"/><xsd:element name="b"/>'),
  ofSequence("any element", "<xsd:any/>"),
  ofType(
    "an extension of any type",
    '<xsd:complexType name="T"><xsd:complexContent><xsd:extension base="xsd:anyType"/></xsd:complexContent></xsd:complexType>',
  ),
  ofType("mixed content", '<xsd:complexType name="T" mixed="true"/>'),
  ofType(
    "mixed complex content",
    '<xsd:complexType name="T"><xsd:complexContent mixed="1"><xsd:restriction base="xsd:anyType"/></xsd:complexContent></xsd:complexType>',
  ),
  ofType("an abstract type", '<xsd:complexType name="T" abstract="true"/>'),
  ofSequence(
    "an abstract element",
    '<xsd:element ref="tns:a"/>',
    '<xsd:element name="a" abstract="true" type="xsd:int"/>',
  ),
  ofType(
    "a repeated sequence of two",
    '<xsd:complexType name="T"><xsd:sequence maxOccurs="unbounded"><xsd:element name="a" type="xsd:int"/><xsd:element name="b" type="xsd:int"/></xsd:sequence></xsd:complexType>',
  ),
  ofSequence(
    "a repeated choice of two",
    '<xsd:choice maxOccurs="2"><xsd:element name="a" type="xsd:int"/><xsd:element name="b" type="xsd:int"/></xsd:choice>',
  ),
  ofSequence(
    "a repetition with gaps",
    '<xsd:sequence maxOccurs="3"><xsd:element name="a" type="xsd:int" minOccurs="2" maxOccurs="2"/></xsd:sequence>',
  ),
  ofType(
    "a repeated element of all",
    '<xsd:complexType name="T"><xsd:all><xsd:element name="a" type="xsd:int" maxOccurs="2"/></xsd:all></xsd:complexType>',
  ),
  ofType(
    "a repeated all",
    '<xsd:complexType name="T"><xsd:all maxOccurs="2"><xsd:element name="a" type="xsd:int"/></xsd:all></xsd:complexType>',
  ),
  ofSequence(
    "one name twice",
    '<xsd:element name="a" type="xsd:int"/>\n<xsd:element name="a" form="unqualified" type="xsd:int"/>',
  ),
  ofSequence(
    "one name in two branches",
    '<xsd:choice><xsd:element name="a" type="xsd:int"/><xsd:sequence><xsd:element name="b" type="xsd:int"/>\n<xsd:element name="a" type="xsd:int"/></xsd:sequence></xsd:choice>',
  ),
  ofType(
    "one attribute in two namespaces",
    '<xsd:complexType name="T"><xsd:attribute name="a"/>\n<xsd:attribute name="a" form="qualified"/></xsd:complexType>',
  ),
  ofType(
    "an array of SOAP encoding",
    '<xsd:complexType name="T"><xsd:complexContent><xsd:restriction base="soapenc:Array"/></xsd:complexContent></xsd:complexType>',
  ),
  ofSequence("a type of SOAP encoding", '<xsd:element name="a" type="soapenc:string"/>'),
  ofSequence("something that no sequence has", '<xsd:all/><xsd:assert test="1"/>'),
  ofType("two groups beside one another", '<xsd:complexType name="T"><xsd:sequence/><xsd:choice/></xsd:complexType>'),
  ofType(
    "a type that extends itself",
    '<xsd:complexType name="T"><xsd:complexContent><xsd:extension base="tns:T"/></xsd:complexContent></xsd:complexType>',
  ),
  ofSequence(
    "a group that contains itself",
    '<xsd:group ref="tns:g"/>',
    '<xsd:group name="g"><xsd:sequence><xsd:group ref="tns:g"/></xsd:sequence></xsd:group>',
  ),
  ofType(
    "a group of attributes that contains itself",
    '<xsd:complexType name="T"><xsd:attributeGroup ref="tns:g"/></xsd:complexType><xsd:attributeGroup name="g"><xsd:attributeGroup ref="tns:g"/></xsd:attributeGroup>',
  ),
  ofSequence(
    "a simple type that restricts itself",
    '<xsd:element name="a" type="tns:s"/>',
    '<xsd:simpleType name="s"><xsd:restriction base="tns:s"/></xsd:simpleType>',
  ),
  ofSequence("a notation", '<xsd:element name="a" type="xsd:NOTATION"/>'),
  ofSequence("a built-in type that there is none of", '<xsd:element name="a" type="xsd:strin"/>'),
  ofSequence(
    "occurrences that are no numbers",
    '<xsd:element name="a" type="xsd:int" minOccurs="none" maxOccurs="many"/><xsd:element name="b" type="xsd:int" minOccurs="3" maxOccurs="2"/><xsd:element name="c" type="xsd:int" minOccurs="2"/>',
  ),
  ofSequence(
    "other values that there are none of",
    '<xsd:element name="a" type="xsd:int" nillable="yes" form="local"/>',
  ),
  ofType(
    "an attribute with a use that there is none of",
    '<xsd:complexType name="T"><xsd:attribute name="a" use="maybe"/></xsd:complexType>',
  ),
  ofSequence("things without names", "<xsd:element/><xsd:group/>"),
  ofType(
    "attributes without names",
    '<xsd:complexType name="T"><xsd:attribute/><xsd:attributeGroup/></xsd:complexType>',
  ),
  ofType("content without a derivation", '<xsd:complexType name="T"><xsd:simpleContent/></xsd:complexType>'),
  ofType(
    "a derivation without a base",
    '<xsd:complexType name="T"><xsd:complexContent><xsd:extension/></xsd:complexContent></xsd:complexType>',
  ),
  ofType(
    "simple content of what has none",
    '<xsd:complexType name="U"/><xsd:complexType name="T"><xsd:simpleContent><xsd:extension base="tns:U"/></xsd:simpleContent></xsd:complexType>',
  ),
  ofType(
    "complex content of what has simple content",
    '<xsd:complexType name="U"><xsd:simpleContent><xsd:extension base="xsd:int"/></xsd:simpleContent></xsd:complexType><xsd:complexType name="T"><xsd:complexContent><xsd:extension base="tns:U"/></xsd:complexContent></xsd:complexType>',
  ),
  ofType(
    "names that nothing has",
    '<xsd:complexType name="T"><xsd:complexContent><xsd:extension base="tns:TT"><xsd:group ref="tns:g"/></xsd:extension></xsd:complexContent></xsd:complexType><xsd:complexType name="TS"/>',
  ),
  ofType(
    "an attribute that nothing defines",
    '<xsd:complexType name="T"><xsd:attribute ref="tns:a"/><xsd:attributeGroup ref="tns:b"/></xsd:complexType>',
  ),
  ofType("a type that is defined twice", '<xsd:complexType name="T"/>\n<xsd:complexType name="T"/>'),
  ofSequence("a prefix that is not declared", '<xsd:element name="a" type="x:T"/>'),
];

const SIMPLE_TYPES: readonly Row[] = [
  ofSimple(
    "facets that are not of the type",
    '<xsd:restriction base="xsd:int"><xsd:maxLength value="5"/></xsd:restriction>',
  ),
  ofSimple("bounds of a text", '<xsd:restriction base="xsd:string"><xsd:minInclusive value="5"/></xsd:restriction>'),
  ofSimple("digits of a double", '<xsd:restriction base="xsd:double"><xsd:totalDigits value="5"/></xsd:restriction>'),
  ofSimple(
    "lengths that no value has",
    '<xsd:restriction base="xsd:string"><xsd:minLength value="5"/><xsd:maxLength value="4"/></xsd:restriction>',
  ),
  ofSimple(
    "facets with values that they have not",
    '<xsd:restriction base="xsd:decimal"><xsd:totalDigits value="0"/><xsd:minInclusive value="1e5"/><xsd:whiteSpace value="trim"/><xsd:maxInclusive/></xsd:restriction>',
  ),
  ofSimple("a list of lists", '<xsd:list itemType="xsd:NMTOKENS"/>'),
  ofSimple("a union with a list", '<xsd:union memberTypes="xsd:NMTOKENS xsd:int"/>'),
  ofSimple("a union of nothing", "<xsd:union/>"),
  ofSimple("a simple type of nothing", ""),
  ofSimple("a list and a restriction of nothing", "<xsd:list/>"),
  ofSequence(
    "a union of a union with facets",
    '<xsd:element name="a"><xsd:simpleType><xsd:union memberTypes="tns:u"/></xsd:simpleType></xsd:element>',
    '<xsd:simpleType name="u"><xsd:restriction><xsd:simpleType><xsd:union memberTypes="xsd:int xsd:date"/></xsd:simpleType><xsd:enumeration value="1"/></xsd:restriction></xsd:simpleType>',
  ),
  ofSequence(
    "a restriction of a complex type",
    '<xsd:element name="a"><xsd:simpleType><xsd:restriction base="tns:T"/></xsd:simpleType></xsd:element>',
  ),
  ofSimple(
    "too many values",
    `<xsd:restriction base="xsd:string">${'<xsd:enumeration value="a"/>'.repeat(4_097)}</xsd:restriction>`,
  ),
];

describe("what is wrong with a WSDL", () => {
  it("is said where it stands", () => {
    const texts = [...FILES, ...SERVICES, ...MESSAGES, ...TYPES, ...SIMPLE_TYPES].map(({ title, files, choice }) => {
      const { model, findings } = readWsdlFiles(files, choice);
      expect(model, title).toBeUndefined();
      expect(findings.length, title).toBeGreaterThan(0);
      return `## ${title}\n\n${renderText(findings, { color: false })}`;
    });
    expectGolden(join(import.meta.dirname, "findings", "diagnostics.golden.txt"), texts.join("\n"));
  });
});
