import { describe, expect, it } from "vitest";
import { SourceFile } from "../../../compiler/syntax/source.js";
import type { ElementModel, GroupModel } from "../model.js";
import { decimalOf } from "./facets.js";
import { groupOf, type Occurs, type Particle } from "./occurrence.js";

const origin = { source: new SourceFile("a.xsd", ""), start: 0, end: 0 };

function element(name: string, min = 1, max: Occurs["max"] = 1): ElementModel {
  return { kind: "element", name, namespace: "", origin, type: { simple: "xsd:int" }, min, max, nillable: false };
}

/** A particle as text: `a{0,2} (b | c)?`. */
function shown(particle: Particle | "repeated" | undefined): string {
  if (particle === undefined || particle === "repeated") return particle ?? "nothing";
  if (particle.kind === "element")
    return `${particle.name}${particle.min === 1 && particle.max === 1 ? "" : `{${particle.min},${particle.max}}`}`;
  const sign = particle.order === "choice" ? " | " : particle.order === "all" ? " & " : " ";
  return `(${particle.of.map(shown).join(sign)})${particle.optional ? "?" : ""}`;
}

function group(order: GroupModel["order"], of: readonly (Particle | undefined)[], min = 1, max: Occurs["max"] = 1) {
  const result = groupOf(order, of, { min, max });
  if (result === "repeated") throw new Error("repeated");
  return result;
}

const [a, b, c] = [element("a"), element("b"), element("c")];

describe("a group of a schema", () => {
  it("that is empty, or occurs nowhere, is none", () => {
    expect(shown(groupOf("sequence", [], { min: 1, max: "unbounded" }))).toBe("nothing");
    expect(shown(groupOf("choice", [undefined], { min: 1, max: 1 }))).toBe("nothing");
    expect(shown(groupOf("sequence", [a, b], { min: 0, max: 0 }))).toBe("nothing");
  });

  it("belongs to the group around it if that has the same order", () => {
    expect(shown(group("sequence", [a, group("sequence", [b, c])]))).toBe("(a b c)");
    expect(shown(group("choice", [group("choice", [a, b]), c]))).toBe("(a | b | c)");
    expect(shown(group("sequence", [a, group("choice", [b, c])]))).toBe("(a (b | c))");
    expect(shown(group("sequence", [a, group("sequence", [b, c], 0)]))).toBe("(a (b c)?)");
  });

  it("with one element gives it its own occurrences too", () => {
    expect(shown(groupOf("sequence", [a], { min: 0, max: 1 }))).toBe("a{0,1}");
    expect(shown(groupOf("sequence", [element("a", 0, 4)], { min: 2, max: 3 }))).toBe("a{0,12}");
    expect(shown(groupOf("sequence", [element("a", 1, "unbounded")], { min: 2, max: 3 }))).toBe("a{2,unbounded}");
    expect(shown(groupOf("sequence", [element("a", 2, 2)], { min: 2, max: 2 }))).toBe("a{4,4}");
    expect(shown(groupOf("sequence", [element("a", 1, 300)], { min: 1, max: 300 }))).toBe("a{1,unbounded}");
    expect(shown(groupOf("sequence", [element("a", 2, 3)], { min: 2, max: 3 }))).toBe("a{4,9}");
  });

  it("is not reduced where numbers between would be possible that are not", () => {
    expect(shown(groupOf("sequence", [element("a", 2, 5)], { min: 0, max: 1 }))).toBe("(a{2,5})?");
    expect(shown(groupOf("sequence", [element("a", 2, 2)], { min: 1, max: 3 }))).toBe("repeated");
    expect(shown(groupOf("sequence", [element("a", 3, 4)], { min: 1, max: "unbounded" }))).toBe("repeated");
    expect(shown(groupOf("sequence", [element("a", 2, "unbounded")], { min: 0, max: 2 }))).toBe("repeated");
  });

  it("of several things is not repeated", () => {
    expect(shown(groupOf("sequence", [a, b], { min: 0, max: 2 }))).toBe("repeated");
    expect(shown(groupOf("choice", [a, b], { min: 1, max: "unbounded" }))).toBe("repeated");
    expect(shown(groupOf("sequence", [group("choice", [a, b])], { min: 1, max: 2 }))).toBe("repeated");
  });

  it("is optional if it is a choice that may be empty", () => {
    expect(shown(group("choice", [a, undefined]))).toBe("a{0,1}");
    expect(shown(group("choice", [a, b, undefined]))).toBe("(a | b)?");
    expect(shown(group("choice", [a, element("b", 0)]))).toBe("(a | b{0,1})?");
    expect(shown(group("choice", [a, group("sequence", [element("b", 0), element("c", 0)])]))).toBe(
      "(a | (b{0,1} c{0,1}))?",
    );
    expect(shown(group("sequence", [group("choice", [a, b])], 0))).toBe("(a | b)?");
  });
});

describe("a number of a schema", () => {
  it.each([
    ["007", "7"],
    ["+1.500", "1.5"],
    [".5", "0.5"],
    ["5.", "5"],
    ["-0.0", "0"],
    ["-00.10", "-0.1"],
    ["1e3", "1000"],
    ["1.25E1", "12.5"],
    ["-125e-3", "-0.125"],
    ["12345678901234567890.12345678901234567890", "12345678901234567890.1234567890123456789"],
  ])("%s is %s without exponent", (text, value) => {
    expect(decimalOf(text, true)).toBe(value);
  });

  it.each(["", ".", "e1", "1e", "0x1", "1e401", "1 000", "NaN", "--1"])("%j is none", (text) => {
    expect(decimalOf(text, true)).toBeUndefined();
  });

  it("has no exponent where it is decimal", () => {
    expect(decimalOf("1e3", false)).toBeUndefined();
  });
});
