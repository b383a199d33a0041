import { describe, expect, test } from "vitest";
import { SourceFile } from "../syntax/source.js";
import { catalog, codes, entryOf } from "./catalog.js";
import { diagnose, sortDiagnostics } from "./diagnostic.js";

const source = new SourceFile("p.yaml", "a: 1\nb: 2\n");
const span = { source, start: 0, end: 1 };

describe("diagnose", () => {
  test("fills the message in one pass", () => {
    expect(diagnose("SL0010", { key: "{key} $& \\" }, span)).toEqual({
      code: "SL0010",
      severity: "error",
      message: "the key `{key} $& \\` stands twice in this mapping",
      span,
      related: [],
    });
  });

  test("takes related places and a fix", () => {
    const related = [{ message: "first defined here", span }];
    const fix = { title: "remove it", safe: true, edits: [{ span, newText: "" }] };
    expect(diagnose("SL0010", { key: "a" }, span, { related, fix })).toMatchObject({ related, fix });
  });

  test("is checked by tsc", () => {
    // @ts-expect-error there is no such code
    const unknown = () => diagnose("SL0000", {}, span);
    // @ts-expect-error a parameter is missing
    const missing = () => diagnose("SL0010", {}, span);
    // @ts-expect-error a parameter too many
    const extra = () => diagnose("SL0010", { key: "a", value: "b" }, span);
    // @ts-expect-error a parameter for a message without any
    const none = () => diagnose("SL0003", { key: "a" }, span);
    // @ts-expect-error no place
    const nowhere = () => diagnose("SL0003", {});
    expect([unknown, missing, extra, none, nowhere]).toHaveLength(5);
  });
});

describe("sortDiagnostics", () => {
  test("orders by file, place and code, and keeps the order of equal ones", () => {
    const other = { source: new SourceFile("a.yaml", "x"), start: 0, end: 1 };
    const later = { source, start: 5, end: 6 };
    const given = [
      diagnose("SL0010", { key: "late" }, later),
      diagnose("SL0013", { type: "a number" }, span),
      diagnose("SL0010", { key: "one" }, span),
      diagnose("SL0010", { key: "two" }, span),
      diagnose("SL0003", {}, other),
    ];
    const sorted = sortDiagnostics(given);
    expect(sorted).toEqual([given[4], given[2], given[3], given[1], given[0]]);
    expect(given[0]?.span).toBe(later);
  });
});

describe("catalog", () => {
  test("is found by code in any letter case", () => {
    expect(entryOf("sl0010")).toMatchObject({ code: "SL0010", severity: "error" });
    expect(entryOf("SL9999")).toBeUndefined();
    expect(entryOf("toString")).toBeUndefined();
  });

  test("is sorted and uses each code once", () => {
    expect(codes).toEqual([...new Set(codes)].toSorted());
    expect(codes).toHaveLength(Object.keys(catalog).length);
  });

  test.each(codes.map((code) => ({ code, ...catalog[code] })))("$code is a plain sentence with a page", (entry) => {
    expect(entry.message).toMatch(/^(?:[a-z`{"]|CEL|JSON|YAML|SOAP|WSDL|HTTP|Envoy|Sluice|TLS|JWT)/);
    expect(entry.message).not.toMatch(/[.!]$|!|\{[^a-zA-Z]|\s\s/);
    expect((entry.message.match(/`/g) ?? []).length % 2).toBe(0);
    expect(entry.help.length).toBeGreaterThan(40);
  });
});
