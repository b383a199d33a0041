import { beforeAll, describe, expect, it } from "vitest";
import { type ScannedAttribute, type ScannedEvent, type XmlError, XmlScanner } from "../../test/support/xml.js";
import { canonicalDocuments, xmlCases } from "../../test/support/xml-suite.js";

const cases = xmlCases();
/** One of them is an empty file. */
const canonical = canonicalDocuments().filter(({ bytes }) => bytes.length > 0);
const withDoctype = cases.filter(({ hasDoctype }) => hasDoctype);
const ofVersion10 = cases.filter(({ hasDoctype, isOfVersion11 }) => !hasDoctype && !isOfVersion11);
const ofVersion11 = cases.filter(({ hasDoctype, isOfVersion11 }) => !hasDoctype && isOfVersion11);
const notWellFormed = ofVersion10.filter(({ type }) => type === "not-wf");
const wellFormed = ofVersion10.filter(({ type }) => type === "valid" || type === "invalid");
const ofEither = ofVersion10.filter(({ type }) => type === "error");

/** Well-formed, and refused all the same. */
const DEVIATIONS: Record<string, XmlError> = {
  // UTF-8 only.
  "sun/invalid/utf16b.xml": "utf16",
  "sun/invalid/utf16l.xml": "utf16",
};

/** Of XML 1.1, and well-formed under 1.0, as they claim no version. */
const WELL_FORMED_10 = ["eduni/xml-1.1/016.xml", "eduni/xml-1.1/019.xml"];

let scanner: XmlScanner;
beforeAll(async () => {
  scanner = await XmlScanner.create();
});

const refusal = (bytes: Buffer, namespaces = true) =>
  scanner.scan(bytes, { namespaces, events: false, limits: { name: 65_536 } }).error?.reason;

describe("W3C XML conformance suite", () => {
  it("is whole", () => {
    expect(cases.length).toBe(2585);
    expect([withDoctype.length, notWellFormed.length, wellFormed.length, ofEither.length, ofVersion11.length]).toEqual([
      2185, 244, 75, 1, 80,
    ]);
    expect(canonical.length).toBe(439);
    expect(canonical.filter(({ hasDoctype }) => !hasDoctype).length).toBe(414);
  });

  it("every document with a document type is refused", () => {
    const accepted = withDoctype.filter(({ bytes, namespaces }) => refusal(bytes, namespaces) === undefined);
    expect(accepted.map(({ path }) => path)).toEqual([]);
  });

  it("a document type is the reason wherever nothing before it is", () => {
    const valid = withDoctype.filter(({ type, isOfVersion11 }) => type === "valid" && !isOfVersion11);
    const others = valid.map(({ bytes }) => refusal(bytes)).filter((reason) => reason !== "doctype");
    expect([...new Set(others)].sort()).toEqual(["utf16", "version"]);
  });

  it.each(notWellFormed)("$path is refused", ({ bytes, namespaces }) => {
    expect(refusal(bytes, namespaces)).toBeDefined();
  });

  it.each(wellFormed)("$path is judged as well-formed", ({ path, bytes, namespaces }) => {
    expect(refusal(bytes, namespaces)).toBe(DEVIATIONS[path]);
  });

  it("what a processor may take or refuse is taken", () => {
    expect(ofEither.map(({ bytes }) => refusal(bytes))).toEqual([undefined]);
  });

  it("what says that it is XML 1.1 is refused", () => {
    const accepted = ofVersion11.filter(({ bytes, namespaces }) => refusal(bytes, namespaces) === undefined);
    expect(accepted.map(({ path }) => path)).toEqual(WELL_FORMED_10);
  });

  it("deviates in what exists only, and seldom", () => {
    const paths = wellFormed.map(({ path }) => path);
    expect(Object.keys(DEVIATIONS).filter((path) => !paths.includes(path))).toEqual([]);
    expect(Object.keys(DEVIATIONS).length).toBeLessThan(10);
  });
});

describe("canonical documents of the suite", () => {
  it("are taken unless they have a document type or are XML 1.1", () => {
    const expected = canonical.map(({ path, hasDoctype, isOfVersion11 }) => [
      path,
      isOfVersion11 ? "version" : hasDoctype ? "doctype" : undefined,
    ]);
    expect(canonical.map(({ path, bytes }) => [path, refusal(bytes, false)])).toEqual(expected);
  });

  it("say the same when they are written again from what was read", () => {
    const plain = canonical.filter(({ bytes, hasDoctype }) => !hasDoctype && !bytes.includes("<?"));
    expect(plain.length).toBe(364);
    for (const { path, bytes } of plain) {
      const { events } = scanner.scan(bytes, { namespaces: false, limits: { name: 65_536 } });
      expect(written(events), path).toBe(bytes.toString("utf8").trimEnd());
    }
  });
});

/** The first canonical form of James Clark, which the suite has. */
function written(events: ScannedEvent[]): string {
  const open: string[] = [];
  return events
    .map((event) => {
      if (event.kind === "text") return escaped(event.text);
      if (event.kind === "end") return `</${open.pop()}>`;
      open.push(event.local);
      return `<${event.local}${event.attributes.map(attribute).join("")}>`;
    })
    .join("");
}

function attribute({ local, value }: ScannedAttribute): string {
  return ` ${local}="${escaped(value)}"`;
}

const ESCAPES: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

function escaped(text: string): string {
  return text.replace(/[&<>"\t\n\r]/g, (character) => ESCAPES[character] ?? `&#${character.charCodeAt(0)};`);
}
