import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { renderText } from "../../../compiler/diagnostics/render/text.js";
import { readWsdlFiles, WSDL_FILE, wsdlOf, wsdlOfType } from "../../../test/support/wsdl.js";

const CASES = join(import.meta.dirname, "cases");

function codesOf(text: string, more: Readonly<Record<string, string>> = {}): string[] {
  const { model, findings } = readWsdlFiles({ [WSDL_FILE]: text, ...more });
  expect(model === undefined).toBe(findings.some(({ severity }) => severity === "error"));
  for (const { span } of findings) expect(span.end).toBeLessThanOrEqual(span.source.text.length);
  return [...new Set(findings.map(({ code }) => code))];
}

const repeated = (count: number, one: (index: number) => string) =>
  Array.from({ length: count }, (_, i) => one(i)).join("\n");

describe("a WSDL that is made to do harm", () => {
  it("cannot define entities that grow", () => {
    const text = `<!DOCTYPE d [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]>${wsdlOf({})}`;
    expect(codesOf(text)).toEqual(["SL1102"]);
    expect(codesOf(`<!DOCTYPE d SYSTEM "file:///etc/passwd">${wsdlOf({})}`)).toEqual(["SL1102"]);
  });

  it("cannot be too large, too deep or of too many elements", () => {
    expect(codesOf(wsdlOf({ more: `<!--${"a".repeat(4_200_000)}-->` }))).toEqual(["SL1103"]);
    expect(codesOf("<a>".repeat(1_000_000))).toEqual(["SL1103"]);
    expect(
      codesOf(wsdlOf({ more: "<wsdl:documentation/>".repeat(190_000).replaceAll("wsdl:documentation", "a") })),
    ).toEqual([]);
    expect(codesOf(wsdlOf({ more: "<a/>".repeat(210_000) }))).toEqual(["SL1103"]);
    expect(codesOf(wsdlOf({ more: `<a ${repeated(20_000, (i) => `a${i}=""`)}/>` }))).toEqual([]);
  });

  it("cannot import without end", () => {
    const files = Object.fromEntries(
      Array.from({ length: 300 }, (_, i) => [
        `${i}.xsd`,
        `<x:schema xmlns:x="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:t"><x:include schemaLocation="${i + 1}.xsd"/></x:schema>`,
      ]),
    );
    const schema = '<xsd:include schemaLocation="0.xsd"/><xsd:element name="Get" type="xsd:int"/>';
    expect(codesOf(wsdlOf({ schema }), files)).toEqual(["SL1103"]);
  });

  it("cannot multiply groups, bases, types or attributes", () => {
    const doubled = repeated(
      40,
      (i) =>
        `<xsd:group name="g${i + 1}"><xsd:sequence><xsd:group ref="tns:g${i}"/><xsd:group ref="tns:g${i}"/></xsd:sequence></xsd:group>`,
    );
    const first =
      '<xsd:group name="g0"><xsd:sequence><xsd:element name="a" type="xsd:int"/></xsd:sequence></xsd:group>';
    const type = '<xsd:complexType name="T"><xsd:group ref="tns:g40"/></xsd:complexType>';
    expect(codesOf(wsdlOfType(`${first}${doubled}${type}`))).toContain("SL1138");
    const attributes = repeated(
      40,
      (i) =>
        `<xsd:attributeGroup name="g${i + 1}"><xsd:attributeGroup ref="tns:g${i}"/><xsd:attributeGroup ref="tns:g${i}"/></xsd:attributeGroup>`,
    );
    const typeOfThem =
      '<xsd:complexType name="T"><xsd:attributeGroup ref="tns:g40"/></xsd:complexType><xsd:attributeGroup name="g0"><xsd:attribute name="a"/></xsd:attributeGroup>';
    expect(codesOf(wsdlOfType(`${attributes}${typeOfThem}`))).toContain("SL1138");
    const wide = repeated(3_000, (i) => `<xsd:element name="e${i}" type="xsd:int"/>`);
    expect(
      codesOf(wsdlOfType(`<xsd:complexType name="T"><xsd:sequence>${wide}</xsd:sequence></xsd:complexType>`)),
    ).toEqual(["SL1138"]);
    const chain = repeated(
      500,
      (i) =>
        `<xsd:complexType name="${i === 0 ? "T" : `T${i}`}"><xsd:complexContent><xsd:extension base="tns:T${i + 1}"/></xsd:complexContent></xsd:complexType>`,
    );
    expect(codesOf(wsdlOfType(chain))).toContain("SL1137");
    const simple = repeated(
      500,
      (i) => `<xsd:simpleType name="S${i}"><xsd:restriction base="tns:S${i + 1}"/></xsd:simpleType>`,
    );
    const typeOfS = '<xsd:complexType name="T"><xsd:attribute name="a" type="tns:S0"/></xsd:complexType>';
    expect(codesOf(wsdlOfType(`${simple}${typeOfS}`))).toEqual(["SL1137"]);
    const heads = repeated(500, (i) => `<xsd:element name="E${i}" substitutionGroup="tns:E${i + 1}"/>`);
    const typeOfE =
      '<xsd:complexType name="T"><xsd:sequence><xsd:element ref="tns:E0"/></xsd:sequence></xsd:complexType>';
    expect(codesOf(wsdlOfType(`${heads}${typeOfE}`))).toEqual(["SL1125"]);
  });

  it("may have types one after another as deep as it likes", () => {
    const types = repeated(
      20_000,
      (i) =>
        `<xsd:complexType name="${i === 0 ? "T" : `T${i}`}"><xsd:sequence><xsd:element name="a" type="${i === 19_999 ? "xsd:int" : `tns:T${i + 1}`}"/></xsd:sequence></xsd:complexType>`,
    );
    expect(codesOf(wsdlOfType(types))).toEqual([]);
  });

  it("cannot spend more than a while on patterns", () => {
    const types = repeated(
      200,
      (i) =>
        `<xsd:attribute name="a${i}"><xsd:simpleType><xsd:restriction base="xsd:string"><xsd:pattern value="(\\w{${i + 1},400}|[^${i}]*x.{90}){9}"/></xsd:restriction></xsd:simpleType></xsd:attribute>`,
    );
    expect(codesOf(wsdlOfType(`<xsd:complexType name="T">${types}</xsd:complexType>`))).toEqual(["SL1134"]);
  });

  it("gives a model or findings, whatever is changed in it", () => {
    const texts = readdirSync(CASES).map((folder) => readFileSync(join(CASES, folder, WSDL_FILE), "utf8"));
    const pieces = texts.flatMap((text) => text.match(/"[^"]*"|<[^\s>]+|\S+/g) ?? []);
    const change = fc.tuple(fc.nat(), fc.nat(), fc.integer({ min: 0, max: 2 }));
    fc.assert(
      fc.property(fc.nat(texts.length - 1), fc.array(change, { minLength: 1, maxLength: 4 }), (which, changes) => {
        let text = texts[which] ?? "";
        for (const [at, piece, how] of changes) {
          const words = [...text.matchAll(/"[^"]*"|<[^\s>]+|\S+/g)];
          const word = words[at % Math.max(words.length, 1)];
          if (word === undefined) continue;
          const other = how === 0 ? "" : (pieces[piece % pieces.length] ?? "");
          const end = how === 2 ? word.index : word.index + word[0].length;
          text = `${text.slice(0, word.index)}${other}${text.slice(end)}`;
        }
        const { model, findings } = readWsdlFiles({ [WSDL_FILE]: text });
        expect(model !== undefined || findings.length > 0).toBe(true);
        renderText(findings, { color: false });
      }),
      { numRuns: 200, seed: 20_261_126 },
    );
  });
});
