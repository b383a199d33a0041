import { beforeAll, describe, expect, it } from "vitest";
import { type ScanOptions, XmlScanner } from "../../test/support/xml.js";

const MANY = 10_000;
const MEBIBYTE = 1 << 20;
const WIDE: ScanOptions["limits"] = { depth: 200_000, attributes: MANY, name: 2 * MEBIBYTE, declarations: MANY };

let scanner: XmlScanner;
beforeAll(async () => {
  scanner = await XmlScanner.create();
});

/** Of the limits that a service has, and of such as let everything in. */
function judged(document: string): unknown[] {
  const reasons = [undefined, WIDE].map(
    (limits) => scanner.scan(document, { events: false, ...(limits && { limits }) }).error?.reason,
  );
  return reasons;
}

const numbered = (make: (index: number) => string, count = MANY) =>
  Array.from({ length: count }, (_, index) => make(index)).join("");

describe("hostile documents", () => {
  it("100,000 elements in one another", () => {
    expect(judged("<a>".repeat(100_000) + "</a>".repeat(100_000))).toEqual(["depth", undefined]);
    expect(judged("<a>".repeat(100_000))).toEqual(["depth", "end"]);
  });

  it("100,000 elements beside one another", () => {
    expect(judged(`<a>${"<b/>".repeat(100_000)}</a>`)).toEqual([undefined, undefined]);
  });

  it("10,000 attributes, and one of them twice", () => {
    const attributes = numbered((index) => ` a${index}=""`);
    expect(judged(`<a${attributes}/>`)).toEqual(["attributes", undefined]);
    expect(judged(`<a${attributes.replace(/ a0=""/, "")} a9999=""/>`)).toEqual(["attributes", "duplicate"]);
  });

  it("names that collide where a hash has no secret", () => {
    // "Aa" and "BB" have one hash in Java's sum, and so have all sequences of them.
    const name = (index: number) => Array.from({ length: 13 }, (_, bit) => ((index >> bit) & 1 ? "Aa" : "BB")).join("");
    const attributes = numbered((index) => ` ${name(index)}=""`, 8192);
    expect(judged(`<a${attributes}/>`)).toEqual(["attributes", undefined]);
    const elements = numbered((index) => `<${name(index)}/>`, 8192);
    expect(judged(`<a>${elements}</a>`)).toEqual([undefined, undefined]);
  });

  it("10,000 declarations of namespaces, and an element for each prefix", () => {
    const declarations = numbered((index) => ` xmlns:p${index}="u"`);
    const used = numbered((index) => `<p${index}:b/>`);
    expect(judged(`<a${declarations}>${used}</a>`)).toEqual(["namespaces", undefined]);
    expect(judged(`<a${declarations}><b p0:c="" p9999:c=""/></a>`)).toEqual(["namespaces", "duplicate"]);
  });

  it("one prefix declared again by each of many elements in one another", () => {
    const open = numbered((index) => `<p:a xmlns:p="u${index}">`);
    expect(judged(`${open}${"</p:a>".repeat(MANY)}`)).toEqual(["depth", undefined]);
  });

  it("a name, a value, a text and a comment of 1 MiB", () => {
    const long = "x".repeat(MEBIBYTE);
    expect(judged(`<${long}/>`)).toEqual(["nameLength", undefined]);
    expect(judged(`<a ${long}=""/>`)).toEqual(["nameLength", undefined]);
    expect(judged(`<a b="${long}"/>`)).toEqual([undefined, undefined]);
    expect(judged(`<a>${long}</a><!--${long}-->`)).toEqual([undefined, undefined]);
  });

  it("text in a million pieces", () => {
    expect(judged(`<a>${"&#65;".repeat(200_000)}</a>`)).toEqual([undefined, undefined]);
    expect(judged(`<a>${"<!---->x".repeat(100_000)}</a>`)).toEqual([undefined, undefined]);
    expect(judged(`<a>${"<![CDATA[]]]]>".repeat(100_000)}</a>`)).toEqual([undefined, undefined]);
    expect(judged(`<a>${"]".repeat(MEBIBYTE)}</a>`)).toEqual([undefined, undefined]);
    expect(judged(`<a>${">".repeat(MEBIBYTE)}</a>`)).toEqual([undefined, undefined]);
    expect(judged(`<a>${"\r".repeat(MEBIBYTE)}</a>`)).toEqual([undefined, undefined]);
    expect(judged(`<!--${" -".repeat(MEBIBYTE)}`)).toEqual(["end", "end"]);
    expect(judged(`<?p ${"? ".repeat(MEBIBYTE)}`)).toEqual(["end", "end"]);
    expect(judged(`<a><![CDATA[${"]".repeat(MEBIBYTE)}`)).toEqual(["end", "end"]);
    expect(judged(`<a>&#${"0".repeat(MEBIBYTE)};`)).toEqual(["character", "character"]);
  });
});
