import { beforeAll, describe, expect, it } from "vitest";
import { type Assembly, instantiateAssembly } from "../../test/support/assembly.js";

let lib: Assembly;
beforeAll(async () => {
  lib = await instantiateAssembly("filters/lib/probe.ts");
});

function fits(text: string): boolean {
  const bytes = Buffer.from(text, "latin1");
  return lib.call("baggageFits", lib.putLast(bytes), bytes.length) === 1;
}

function members(count: number): string {
  return Array.from({ length: count }, (_, index) => `key${index}=value`).join(",");
}

describe("baggage", () => {
  it.each([
    ["one member", "userId=alice"],
    [
      "properties and white space",
      "key1=value1;property1;property2, key2 =\tvalue2, key3=value3; propertyKey=propertyValue",
    ],
    ["percent-encoded text", "serverNode=DF%2028,isProduction=false"],
    ["a name twice", "a=1,a=2"],
    ["members that are empty", "a=1,, b=2 ,"],
    ["64 members", members(64)],
    ["8192 bytes", `a=${"x".repeat(8190)}`],
    ["what is no baggage, and harmless", "~!"],
  ])("with %s is passed on", (_, text) => {
    expect(fits(text)).toBe(true);
  });

  it.each([
    ["nothing", ""],
    ["white space and commas", " ,\t, "],
    ["65 members", members(65)],
    ["8193 bytes", `a=${"x".repeat(8191)}`],
    ["a line break", "a=1\r\nx-admin: 1"],
    ["a NUL", "a=\0"],
    ["DEL", "a=\x7f"],
    ["a byte above ASCII", "a=\xe9"],
    ["nothing but commas, 8192 of them", ",".repeat(8192)],
  ])("of %s is not", (_, text) => {
    expect(fits(text)).toBe(false);
  });
});
