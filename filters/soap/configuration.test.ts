import * as fc from "fast-check";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { faultBySchema, isBeyond } from "../../test/support/module-schema.js";
import { SoapConverter } from "../../test/support/soap-converter.js";
import { ENVIRONMENT, mutated, richConfig, soapChanges, soapConfigs } from "../../test/support/soap-documents.js";
import { type SoapConfig, soapConfigSchema } from "./module.js";

const RUNS = Number(process.env.SLUICE_FUZZ_RUNS ?? 200);

let reader: SoapConverter;
// A policy is never freed: a new VM before its memory is used up.
const start = async () => {
  reader = await SoapConverter.start({ environment: ENVIRONMENT });
};
beforeAll(start);

describe("the reader and the schema", () => {
  beforeEach(start);

  it("take the same configurations", () => {
    expect(reader.configure(richConfig())).toBeUndefined();
    fc.assert(
      fc.property(soapConfigs, (config) => {
        expect(soapConfigSchema.safeParse(config).success).toBe(true);
        expect(reader.configure(config)).toBeUndefined();
      }),
      { numRuns: RUNS / 4 },
    );
  });

  it("refuse the same configurations, but for what no schema can say", () => {
    let beyond = 0;
    fc.assert(
      fc.property(soapConfigs, soapChanges, (config, changes) => {
        const changed = mutated(JSON.parse(JSON.stringify(config)), changes);
        const problem = reader.configure(changed);
        const fault = faultBySchema("body", { version: 1, policies: [{ name: "crm", soap: changed }] });
        if (fault !== undefined) {
          expect(problem, fault).toMatch(/^sluice: /);
          return;
        }
        if (problem === undefined) return;
        beyond++;
        expect(isBeyond(problem.replace(/^sluice: /, "")), problem).toBe(true);
      }),
      { numRuns: 5 * RUNS },
    );
    expect(beyond).toBeGreaterThan(0);
  });

  it("the text of a configuration, cut at any byte, is refused", () => {
    const text = JSON.stringify(richConfig());
    for (let length = 0; length < text.length; length += 7) {
      expect(reader.configure(text.slice(0, length))).toMatch(
        /^sluice: the configuration is not strict JSON, at byte /,
      );
    }
  });
});

/** A configuration whose only operation has an input with one type. */
function small(more: Partial<Record<keyof SoapConfig, unknown>> = {}): Record<string, unknown> {
  return {
    namespaces: ["urn:a"],
    simples: [{ json: "string", form: "string" }],
    types: [
      {
        content: [
          { group: "sequence", span: 1 },
          { name: "a", simple: 0 },
        ],
      },
    ],
    operations: [operationWith({})],
    limits: { request: 1024, response: 1024, depth: 8, attributes: 8, name: 64, namespaces: 8 },
    ...more,
  };
}

function operationWith(more: object): object {
  return { name: "Do", version: "1.1", pin: "p/Do", input: { name: "Do", type: 0 }, ...more };
}

const text = { json: "string", form: "string" };
const withSimples = (...simples: object[]) => small({ simples });
const withTypes = (...types: object[]) => small({ types });
const withContent = (...content: object[]) => withTypes({ content });
const withOperation = (more: object) => small({ operations: [operationWith(more)] });
const withParams = (...params: object[]) => withOperation({ params });
const a = { name: "a", simple: 0 };

describe("a configuration with one fault", () => {
  it("is one without it", () => {
    expect(reader.configure(small())).toBeUndefined();
    expect(reader.configure(withOperation({ input: undefined }))).toBeUndefined();
    expect(reader.configure(withTypes({}))).toBeUndefined();
  });

  it.each<[string, Record<string, unknown>]>([
    ["types[0].content[1].simple: refers to nothing", withContent({ group: "all", span: 1 }, { name: "a", simple: 1 })],
    ["operations[0].input.type: refers to nothing", withOperation({ input: { name: "Do", type: 1 } })],
    ["operations[0].input.ns: refers to nothing", withOperation({ input: { name: "Do", ns: 1, type: 0 } })],
    ["namespaces[1]: stands there already", small({ namespaces: ["urn:a", "urn:a"] })],
    ["namespaces[0]: has a character that XML cannot have", small({ namespaces: ["urn:\u0001"] })],
    ["simples[0].patterns[0]: must be an automaton in base64", withSimples({ ...text, patterns: ["AAAA"] })],
    ["simples[0]: must have an item if it is a list, and else none", withSimples({ ...text, form: "list" })],
    ["simples[0]: must have an item if it is a list, and else none", withSimples({ ...text, item: 0 })],
    [
      "simples[0]: is a list of lists",
      withSimples({ ...text, form: "list", item: 1 }, { ...text, form: "list", item: 0 }),
    ],
    ["simples[0]: must have members if it is a union, and else none", withSimples({ ...text, form: "union" })],
    [
      "simples[0]: is a union of what is no plain type",
      withSimples({ ...text, form: "union", members: [1] }, { ...text, form: "union", members: [0] }),
    ],
    ["simples[0].min: must be a decimal number", withSimples({ json: "number", form: "integer", min: "1x" })],
    ["types[0].content: cannot stand beside text", withTypes({ text: 0, content: [] })],
    [
      "types[0].content[1]: must have a simple type or a complex one",
      withContent({ group: "all", span: 1 }, { name: "a" }),
    ],
    [
      "types[0].content[1]: must have a simple type or a complex one",
      withContent({ group: "all", span: 1 }, { ...a, type: 0 }),
    ],
    [
      "types[0].content[1]: must occur more often than it may",
      withContent({ group: "all", span: 1 }, { ...a, min: 3, max: 2 }),
    ],
    [
      "types[0].content[1].name: is no name that can stand in a tag",
      withContent({ group: "all", span: 1 }, { ...a, name: "a>" }),
    ],
    ["types[0].content: must begin with a group that spans all the rest", withContent(a)],
    ["types[0].content: must begin with a group that spans all the rest", withContent({ group: "all", span: 0 }, a)],
    [
      "types[0].content: has a group that goes beyond the group around it",
      withContent({ group: "all", span: 3 }, { group: "choice", span: 1 }, { group: "choice", span: 1 }, a),
    ],
    ["types[0]: has two elements of one name", withContent({ group: "all", span: 2 }, a, a)],
    ["types[0]: has two attributes of one name", withTypes({ attributes: [a, a] })],
    ["operations[0].input: must occur once", withOperation({ input: { name: "Do", type: 0, max: -1 } })],
    [
      "types[0].attributes[0].fixed: is no value of its type",
      small({ simples: [{ json: "number", form: "integer" }], types: [{ attributes: [{ ...a, fixed: "x" }] }] }),
    ],
    [
      "types[1]: has a default or fixed value that is none of its type",
      withTypes(
        {},
        {
          content: [
            { group: "all", span: 1 },
            { name: "a", type: 0, default: "x" },
          ],
        },
      ),
    ],
    [
      "operations[1]: has the name of an operation before it",
      small({ operations: [operationWith({}), operationWith({})] }),
    ],
    ["operations[0].pin: must be visible ASCII", withOperation({ pin: "a b" })],
    ["operations[0].body: must be false or an object", withOperation({ body: true })],
    ["operations[0].body.field[0]: names no member of the input", withOperation({ body: { field: ["b"] } })],
    ["operations[0].body.field[1]: lies in what is no object", withOperation({ body: { field: ["a", "b"] } })],
    ["operations[0].params[0]: must have a segment or a query", withParams({ field: ["a"] })],
    ["operations[0].params[0]: must have a segment or a query", withParams({ segment: 0, query: "a", field: ["a"] })],
    ["operations[0].params[0].field: takes one value only", withParams({ query: "a", field: ["a"], repeated: true })],
    [
      "operations[0].params[1].field: is bound twice",
      withParams({ segment: 0, field: ["a"] }, { query: "a", field: ["a"] }),
    ],
    [
      "operations[0].params[1]: has the query of a parameter before it",
      withParams({ query: "a", field: ["a"] }, { query: "a", field: ["a"] }),
    ],
    [
      "operations[0].params[0].field: is bound twice",
      withOperation({ body: { field: ["a"] }, params: [{ segment: 0, field: ["a"] }] }),
    ],
    [
      "operations[0].params[0].field: leads to what is no simple value",
      small({
        types: [
          {
            content: [
              { group: "all", span: 1 },
              { name: "a", type: 1 },
            ],
          },
          {},
        ],
        operations: [operationWith({ params: [{ segment: 0, field: ["a"] }] })],
      }),
    ],
    ["security: must have a user and a password, or neither", small({ security: { user: "env:USER" } })],
    ["security.digest: needs a user and a password", small({ security: { digest: true } })],
    [
      'security.password: the environment variable is not set, or not let through to the module: "env:NONE"',
      small({ security: { user: "env:USER", password: "env:NONE" } }),
    ],
    [
      'security.password: the environment variable is empty: "env:EMPTY"',
      small({ security: { user: "env:USER", password: "env:EMPTY" } }),
    ],
    [
      "security.password: has a character that XML cannot have",
      small({ security: { user: "env:USER", password: "env:BINARY" } }),
    ],
    ["limits.depth: is missing", small({ limits: { request: 1, response: 1, attributes: 1, name: 1, namespaces: 1 } })],
    ["extra: is not known here", { ...small(), extra: 1 }],
  ])("%s", (message, config) => {
    expect(reader.configure(config)).toBe(`sluice: ${message}`);
  });

  it("says nothing of secrets", () => {
    expect(reader.configure(small({ security: { user: "env:PASSWORD", password: "env:NONE" } }))).not.toContain(
      "p<&>w",
    );
  });
});
