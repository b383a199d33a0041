import fc from "fast-check";
import { expect, it } from "vitest";
import { textOfWire, wireOfText } from "./wire-text.js";

const bytes = fc.uint8Array({ maxLength: 24 }).map((array) => Buffer.from(array).toString("latin1"));
/** Beginnings, ends and middles of UTF-8, which chance alone seldom puts beside each other. */
const pieces = fc
  .array(
    fc.constantFrom(
      "a",
      "\xc3\xbc",
      "\xc3",
      "\xbc",
      "\xe2\x82\xac",
      "\xe2\x82",
      "\xed\xb2\x80",
      "\xf0\x9f\x98\x80",
      "\xf0\x9f",
      "\xff",
    ),
  )
  .map((array) => array.join(""));

it("every sequence of bytes has one text, from which it comes back", () => {
  fc.assert(
    fc.property(fc.oneof(bytes, pieces), (wire) => {
      expect(wireOfText(textOfWire(wire))).toBe(wire);
    }),
  );
});

it("well-formed UTF-8 is the text it stands for", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      const wire = Buffer.from(text).toString("latin1");
      expect(textOfWire(wire)).toBe(text);
      expect(wireOfText(text)).toBe(wire);
    }),
  );
});

it("a byte that is no UTF-8 is no character that a policy can name", () => {
  expect([textOfWire("\xff"), textOfWire("\xed\xb2\x80")]).toEqual(["\udcff", "\udced\udcb2\udc80"]);
});
