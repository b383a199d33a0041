import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { serialise } from "../../compiler/expression/regex/automaton.js";
import { compileRegex } from "../../compiler/expression/regex/regex.js";
import { SoapConverter } from "../../test/support/soap-converter.js";
import type { SimpleConfig } from "./module.js";

const RUNS = Number(process.env.SLUICE_FUZZ_RUNS ?? 400);

let converter: SoapConverter;
beforeAll(async () => {
  converter = await SoapConverter.start();
});

type Loose = Partial<SimpleConfig>;

/** Whether each text is a value of a type; more types may be given for it to refer to, from 1 on. */
function values(type: Loose, texts: readonly string[], ...others: Loose[]): string[] {
  const simples = [type, ...others].map((one) => ({ json: "string", form: "string", ...one }));
  const config = {
    namespaces: [],
    simples,
    types: [],
    operations: [{ name: "Do", version: "1.1", pin: "p" }],
    limits: { request: 1, response: 1, depth: 1, attributes: 1, name: 1, namespaces: 1 },
  };
  expect(converter.configure(config)).toBeUndefined();
  return texts.filter((text) => converter.isValue(0, text));
}

/** Holds a type to texts that are its values, and to others that are not. */
function expectValues(type: Loose, right: readonly string[], wrong: readonly string[], ...others: Loose[]): void {
  expect(values(type, [...right, ...wrong], ...others)).toEqual(right);
}

function pattern(text: string): string {
  const automaton = compileRegex(`^(?:${text})$`, { left: 1_000_000 });
  if ("reason" in automaton) throw new Error(automaton.reason);
  return Buffer.from(serialise(automaton)).toString("base64");
}

describe("numbers", () => {
  it("have the forms of XML Schema", () => {
    const integers = ["0", "-0", "+5", "007", "123456789012345678901234567890", " 7\n"];
    const decimals = [...integers, "1.", ".5", "-.5", "+0.50"];
    const doubles = [...decimals, "1e5", "1E-5", ".5e+300", "INF", "-INF", "NaN"];
    const none = [
      "",
      " ",
      "+",
      ".",
      "-.",
      "1 2",
      "0x1",
      "١",
      "1,5",
      "--1",
      "1e",
      "1e+",
      "1e1.5",
      "+INF",
      "inf",
      "nan",
      "e5",
    ];
    const rest = (from: string[], but: string[]) => from.filter((text) => !but.includes(text));
    expectValues({ form: "integer" }, integers, [...rest(doubles, integers), ...none]);
    expectValues({ form: "decimal" }, decimals, [...rest(doubles, decimals), ...none]);
    expectValues({ form: "double" }, doubles, none);
  });

  it("are held to bounds exactly", () => {
    const long = { form: "integer", min: "-9223372036854775808", max: "9223372036854775807" } as const;
    expectValues(
      long,
      ["9223372036854775807", "-9223372036854775808", "+09223372036854775807"],
      ["9223372036854775808", "-9223372036854775809", "99999999999999999999999999999999"],
    );
    const open = { form: "decimal", min: "0", minExclusive: true, max: "1", maxExclusive: true } as const;
    expectValues(
      open,
      ["0.0000000000000000000000000001", ".99999999999999999999"],
      ["0", "-0.0", "1.00", "1.0000000000000001"],
    );
  });

  it("are held to bounds as doubles, too", () => {
    const bounded = { form: "double", min: "-1e3", max: "1e3" } as const;
    expectValues(
      bounded,
      ["1000", "1e3", "1000e0", "-0.1e4", "0e99999999999999999999"],
      ["1000.1", "1e4", "INF", "NaN", "1e99999999999999999999"],
    );
    expectValues(
      { form: "double", min: "0" },
      ["INF", "1e-99999999999999999999"],
      ["-INF", "NaN", "-1e-99999999999999999999"],
    );
    expectValues({ form: "double", max: "0" }, ["-INF"], ["INF", "NaN"]);
  });

  it("are ordered as numbers are", () => {
    const digits = fc.string({ unit: fc.constantFrom(..."0123456789"), minLength: 1, maxLength: 25 });
    const decimal = fc.tuple(fc.constantFrom("", "-", "+"), digits, fc.option(digits, { nil: "" }));
    // Scaled to whole numbers, which JavaScript orders exactly.
    const scaled = ([sign, whole, fraction]: [string, string, string]) =>
      BigInt(whole + fraction.padEnd(25, "0")) * (sign === "-" ? -1n : 1n);
    const written = ([sign, whole, fraction]: [string, string, string]) =>
      `${sign}${whole}${fraction && `.${fraction}`}`;
    fc.assert(
      fc.property(decimal, decimal, (one, other) => {
        const min = { form: "decimal", min: written(other) } as const;
        expect(values(min, [written(one)]).length === 1).toBe(scaled(one) >= scaled(other));
        const max = { form: "decimal", max: written(other), maxExclusive: true } as const;
        expect(values(max, [written(one)]).length === 1).toBe(scaled(one) < scaled(other));
      }),
      { numRuns: RUNS },
    );
  });

  it("have at most so many digits, zeros at the ends left out", () => {
    expectValues(
      { form: "decimal", totalDigits: 3 },
      ["123", "00123.000", "1.23", ".123", "0.01"],
      ["1234", "12.34", "0.0001"],
    );
    expectValues({ form: "decimal", fractionDigits: 2 }, ["1", "1.23", "1.23000"], ["1.234"]);
    expectValues({ form: "integer", totalDigits: 1 }, ["0", "009"], ["10"]);
  });

  it("are listed by value", () => {
    expectValues({ form: "decimal", values: ["1.5", "-2"] }, ["1.50", "+01.5", "-2.0"], ["1.51", "2"]);
    expectValues({ form: "double", values: ["1e2", "NaN"] }, ["100", "NaN"], ["INF", "10"]);
  });
});

describe("texts", () => {
  it("are measured in characters, or in bytes that they stand for", () => {
    expectValues(
      { minLength: 2, maxLength: 3, space: "preserve" },
      ["ab", "😀é", "漢漢漢", "   "],
      ["", "a", "😀", "abcd"],
    );
    expectValues({ unit: "hex" }, ["", "0aF9"], ["0", "0g", "0 1"]);
    expectValues({ unit: "hex", maxLength: 1, minLength: 1 }, ["ff"], ["", "ffff"]);
    expectValues(
      { unit: "base64" },
      ["", "QQ==", "QUI=", "QUJD", "QU JD", "Q Q = =", "+/+/"],
      ["Q", "QQ", "QQ=", "QQ===", "====", "QR==", "QUJ=", "QQ==QQ==", "QQ-_"],
    );
    expectValues({ unit: "base64", maxLength: 2 }, ["QUI=", "Q U I ="], ["QUJD"]);
  });

  it("of many characters are counted as those of few", () => {
    const text = "aé漢😀".repeat(40);
    expectValues({ minLength: 160, maxLength: 160 }, [text], [`${text}a`, text.slice(1)]);
  });

  it("match all patterns, and are one of the values", () => {
    const both = { patterns: [pattern("[a-z]+[0-9]*"), pattern(".{2,4}")] };
    expectValues(both, ["ab", "a12"], ["a", "abcde", "12"]);
    expectValues({ values: ["a", "b c", ""] }, ["a", " b  c ", "", " "], ["A", "bc"]);
    const many = Array.from({ length: 4096 }, (_, index) => `v${index}`);
    expectValues({ values: many }, ["v0", "v4095"], ["v4096", "v"]);
  });

  it("have white space as their type says", () => {
    const exact = { values: ["a b"] };
    expectValues({ ...exact, space: "preserve" }, ["a b"], ["a\tb", " a b"]);
    expectValues({ ...exact, space: "replace" }, ["a b", "a\tb", "a\nb", "a\rb"], [" a b", "a  b"]);
    expectValues({ ...exact, space: "collapse" }, ["a b", "\t a \r\n b "], ["ab", "a\u00a0b"]);
    const long = "word ".repeat(20).trim();
    expectValues({ values: [long] }, [long, long.replaceAll(" ", "\n\t "), `  ${long}  `], [long.replace(" ", "")]);
  });
});

describe("booleans, lists and unions", () => {
  it("of booleans", () => {
    expectValues({ form: "boolean" }, ["true", "false", "1", "0", " true "], ["True", "", "2", "yes", "truex"]);
    expectValues({ form: "boolean", values: ["true"] }, ["true", "1"], ["false", "0"]);
    expectValues({ form: "boolean", patterns: [pattern("[01]")] }, ["1", "0"], ["true"]);
  });

  it("of lists", () => {
    const ints = { form: "integer", min: "0" } as const;
    expectValues({ form: "list", item: 1 }, ["", "1", " 1  2\n3 "], ["1 x", "1 -1", "1,2"], ints);
    expectValues({ form: "list", item: 1, minLength: 2, maxLength: 3 }, ["1 2", "1 2 3"], ["1", "1 2 3 4"], ints);
    expectValues({ form: "list", item: 1, values: ["1 2"] }, ["1 2", " 1  2 "], ["2 1"], ints);
    expectValues({ form: "list", item: 1, patterns: [pattern("1( 1)*")] }, ["1", "1  1"], ["", "1 2"], ints);
  });

  it("of unions", () => {
    const members: [Loose, Loose] = [
      { form: "integer", max: "9" },
      { values: ["none", "a b"], space: "preserve" },
    ];
    expectValues({ form: "union", members: [1, 2] }, ["7", "none", " 7 ", "a b"], ["10", "some", ""], ...members);
    expectValues({ form: "union", members: [1, 2], patterns: [pattern("[0-9]")] }, ["7"], ["none"], ...members);
    expectValues({ form: "union", members: [1, 2], values: ["7", "none"] }, ["7", "none"], ["8", "a b"], ...members);
    expectValues({ form: "list", item: 1 }, ["7 none"], ["a b", "10"], { form: "union", members: [2, 3] }, ...members);
  });
});
