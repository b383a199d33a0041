import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { type Assembly, instantiateAssembly } from "../../test/support/assembly.js";

const Cases = z.array(
  z.object({ name: z.string(), expect: z.enum(["accept", "reject", "either"]), base64: z.string() }),
);
const cases = Cases.parse(
  JSON.parse(readFileSync(new URL("../../test/corpora/json-test-suite.json", import.meta.url), "utf8")),
);

const SYNTAX = -1;
const DEPTH = -3;
const DUPLICATE = -5;
const UTF8 = -6;
const ESCAPE = -7;

/** What RFC 8259 leaves open and JSONTestSuite takes either way: our verdict, `accepted` or the reason of the refusal. */
const VERDICTS: Record<string, "accepted" | number> = {
  // A number is kept as text, so its size is no matter here; whether it is an integer is asked later.
  "i_number_double_huge_neg_exp.json": "accepted",
  "i_number_huge_exp.json": "accepted",
  "i_number_neg_int_huge_exp.json": "accepted",
  "i_number_pos_double_huge_exp.json": "accepted",
  "i_number_real_neg_overflow.json": "accepted",
  "i_number_real_pos_overflow.json": "accepted",
  "i_number_real_underflow.json": "accepted",
  "i_number_too_big_neg_int.json": "accepted",
  "i_number_too_big_pos_int.json": "accepted",
  "i_number_very_big_negative_int.json": "accepted",
  // Half a surrogate pair stands for no character.
  "i_object_key_lone_2nd_surrogate.json": ESCAPE,
  "i_string_1st_surrogate_but_2nd_missing.json": ESCAPE,
  "i_string_1st_valid_surrogate_2nd_invalid.json": ESCAPE,
  "i_string_incomplete_surrogate_and_escape_valid.json": ESCAPE,
  "i_string_incomplete_surrogate_pair.json": ESCAPE,
  "i_string_incomplete_surrogates_escape_valid.json": ESCAPE,
  "i_string_invalid_lonely_surrogate.json": ESCAPE,
  "i_string_invalid_surrogate.json": ESCAPE,
  "i_string_inverted_surrogates_U+1D11E.json": ESCAPE,
  "i_string_lone_second_surrogate.json": ESCAPE,
  // UTF-8 only, and well-formed (RFC 8259 section 8.1).
  "i_string_UTF-16LE_with_BOM.json": UTF8,
  "i_string_UTF-8_invalid_sequence.json": UTF8,
  "i_string_UTF8_surrogate_U+D800.json": UTF8,
  "i_string_invalid_utf-8.json": UTF8,
  "i_string_iso_latin_1.json": UTF8,
  "i_string_lone_utf8_continuation_byte.json": UTF8,
  "i_string_not_in_unicode_range.json": UTF8,
  "i_string_overlong_sequence_2_bytes.json": UTF8,
  "i_string_overlong_sequence_6_bytes.json": UTF8,
  "i_string_overlong_sequence_6_bytes_null.json": UTF8,
  "i_string_truncated-utf-8.json": UTF8,
  "i_string_utf16BE_no_BOM.json": UTF8,
  "i_string_utf16LE_no_BOM.json": UTF8,
  "i_structure_500_nested_arrays.json": DEPTH,
  "i_structure_UTF-8_BOM_empty_object.json": SYNTAX,
};

/** Well-formed, and refused by `jsonParse` all the same: RFC 8259 section 4 warns of them, RFC 7493 section 2.3 forbids them. */
const REFUSED_ABOVE_GRAMMAR: Record<string, number> = {
  "y_object_duplicated_key.json": DUPLICATE,
  "y_object_duplicated_key_and_value.json": DUPLICATE,
};

let lib: Assembly;
beforeAll(async () => {
  lib = await instantiateAssembly("filters/lib/probe.ts");
});

function run(name: "jsonParse" | "jsonRead", base64: string): number {
  const bytes = Buffer.from(base64, "base64");
  const room = (bytes.length >> 1) + 1;
  lib.ensure(lib.free + room * 16 + bytes.length);
  return lib.call(name, lib.putLast(bytes), bytes.length, lib.free, room, 64);
}

function named(kind: "accept" | "reject" | "either") {
  return cases.filter((test) => test.expect === kind);
}

describe("JSONTestSuite", () => {
  it("is whole", () => {
    expect([named("accept").length, named("reject").length, named("either").length]).toEqual([95, 188, 35]);
  });

  it.each(named("accept"))("the grammar accepts $name", ({ base64 }) => {
    expect(run("jsonRead", base64)).toBeGreaterThan(0);
  });

  it.each(named("accept"))("jsonParse judges $name", ({ name, base64 }) => {
    const refusal = REFUSED_ABOVE_GRAMMAR[name];
    if (refusal === undefined) expect(run("jsonParse", base64)).toBeGreaterThan(0);
    else expect(run("jsonParse", base64)).toBe(refusal);
  });

  it.each(named("reject"))("jsonParse refuses $name", ({ base64 }) => {
    expect(run("jsonParse", base64)).toBeLessThan(0);
  });

  it.each(named("either"))("jsonParse judges $name as written", ({ name, base64 }) => {
    const result = run("jsonParse", base64);
    expect(result > 0 ? "accepted" : result).toBe(VERDICTS[name]);
  });

  it("has no verdict for a case that does not exist", () => {
    const either = named("either").map(({ name }) => name);
    expect(Object.keys(VERDICTS).sort()).toEqual(either.sort());
  });
});
