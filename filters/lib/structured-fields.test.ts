import { readFileSync } from "node:fs";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { loadStructuredFields, type StructuredFields } from "../../test/support/structured-fields.js";

const Case = z.object({
  name: z.string(),
  raw: z.array(z.string()),
  header_type: z.enum(["item", "list", "dictionary"]),
  expected: z.unknown().optional(),
  must_fail: z.boolean().optional(),
  can_fail: z.boolean().optional(),
  canonical: z.array(z.string()).optional(),
});
const suite = z
  .record(z.string(), z.array(Case))
  .parse(JSON.parse(readFileSync(new URL("../../test/corpora/structured-fields.json", import.meta.url), "utf8")));

/** What RFC 9651 has added to RFC 8941, in whatever files its cases are. */
const ADDED = new Set(["date", "display-string"]);
/** Taken or refused as the parser likes. */
const CAN_FAIL: Record<string, "taken" | "refused"> = {
  "binary: bad padding": "refused",
  "binary: non-zero pad bits": "refused",
  "string: two lines string": "taken",
};

let fields: StructuredFields;
beforeAll(async () => {
  fields = await loadStructuredFields();
});

describe.each(Object.entries(suite))("%s", (group, cases) => {
  const taken = ADDED.has(group)
    ? []
    : cases.filter(({ must_fail, name }) => must_fail !== true && CAN_FAIL[`${group}: ${name}`] !== "refused");
  const refused = cases.filter((test) => !taken.includes(test));

  it(`takes ${taken.length}`, () => {
    for (const test of taken) {
      const nodes = fields.read(test.raw.join(", "), test.header_type);
      expect(nodes, test.name).toBeGreaterThanOrEqual(0);
      expect(fields.rebuild(test.header_type, nodes), test.name).toEqual(test.expected);
      // In the one form that it is sent in.
      if (!fields.twins)
        expect(fields.serialize(test.header_type, nodes), test.name).toBe((test.canonical ?? test.raw).join(", "));
    }
  });

  it(`refuses ${refused.length}`, () => {
    for (const test of refused) expect(fields.read(test.raw.join(", "), test.header_type), test.name).toBe(-1);
  });
});

it("reads no more than there is room for", () => {
  const text = 'a=1;b=2, c=("d" "e";f)';
  const nodes = fields.read(text, "dictionary");
  expect(nodes).toBe(10);
  for (let room = 0; room < nodes; room++) expect(fields.read(text, "dictionary", room), `${room}`).toBe(-1);
  expect(fields.read(text, "dictionary", nodes)).toBe(nodes);
  expect(fields.read("(".repeat(60_000), "list")).toBe(-1);
  expect(fields.read(`(${"(".repeat(60_000)}`, "list")).toBe(-1);
});

it("reads what it composed as the same, or refuses", () => {
  const pieces = fc.constantFrom(
    ...[
      "a",
      "b*",
      "=",
      ";",
      ", ",
      " ",
      "\t",
      "(",
      ")",
      '"x"',
      '"\\"',
      "?1",
      "?0",
      "-0",
      "007",
      "1.50",
      "tok/en",
      ":YQ==:",
      "*",
      "é",
      "\0",
    ],
  );
  const kinds = fc.constantFrom("item", "list", "dictionary");
  const texts = fc.oneof(
    fc.array(pieces, { maxLength: 12 }).map((all) => all.join("")),
    fc.string({ maxLength: 12 }),
  );
  fc.assert(
    fc.property(kinds, texts, (kind, text) => {
      const nodes = fields.read(text, kind);
      if (nodes <= 0) return;
      const [value, sent] = [fields.rebuild(kind, nodes), fields.serialize(kind, nodes)];
      if (fields.twins) return;
      expect(fields.rebuild(kind, fields.read(sent, kind))).toEqual(value);
      expect(fields.serialize(kind, nodes)).toBe(sent);
    }),
    { numRuns: 3000 },
  );
});
