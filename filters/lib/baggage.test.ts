import { beforeAll, describe, expect, it } from "vitest";
import { TraceLibrary } from "../../test/support/trace-library.js";

let lib: TraceLibrary;
beforeAll(async () => {
  lib = await TraceLibrary.load();
});

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
    expect(lib.baggage(text)).toBe(true);
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
    expect(lib.baggage(text)).toBe(false);
  });

  it("has no byte but visible ASCII and white space, wherever it stands", () => {
    const mistaken: string[] = [];
    for (let place = 0; place < 20; place++)
      for (let byte = 0; byte < 256; byte++) {
        const text = `${"a".repeat(place)}${String.fromCharCode(byte)}${"~ ".repeat(10)}`;
        if (lib.baggage(text) !== /^[\t\x20-\x7e]*$/.test(text)) mistaken.push(text);
      }
    expect(mistaken).toEqual([]);
  });
});
