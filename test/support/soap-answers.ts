import { beforeAll, expect } from "vitest";
import { SoapConverter, type SoapSource } from "./soap-converter.js";

// A policy whose types have every form that an answer may take, and answers to it.

export const SOAP11 = "http://schemas.xmlsoap.org/soap/envelope/";
export const SOAP12 = "http://www.w3.org/2003/05/soap-envelope";

const SIMPLE = { string: 0, int: 1, decimal: 2, double: 3, boolean: 4, token: 5, ints: 6, grade: 7, code: 8 } as const;

const element = (name: string, simple: keyof typeof SIMPLE, more: object = {}) => ({
  name,
  ns: 0,
  simple: SIMPLE[simple],
  ...more,
});
const group = (order: "sequence" | "choice" | "all", span: number, optional = false) => ({
  group: order,
  span,
  optional,
});

const partner = { name: "partner", ns: 0, type: 1 };

const answersConfig: SoapSource = {
  namespaces: ["u:a", "u:b"],
  simples: [
    { json: "string", form: "string", space: "preserve" },
    { json: "number", form: "integer" },
    { json: "number", form: "decimal" },
    { json: "number", form: "double" },
    { json: "boolean", form: "boolean" },
    { json: "string", form: "string" },
    { json: "number", form: "list", item: 1 },
    { json: "string", form: "string", values: ["gold", "tin"] },
    { json: "string", form: "union", members: [1, 7] },
  ],
  types: [
    // 0: the wrapper of most answers
    { content: [group("sequence", 1), { ...partner, min: 0, max: -1 }] },
    // 1: partner
    {
      attributes: [
        { name: "id", simple: SIMPLE.int, required: true },
        { name: "kind", simple: SIMPLE.grade, default: "tin" },
        { name: "mark", ns: 1, simple: SIMPLE.token },
        { name: "version", simple: SIMPLE.decimal, fixed: "1.0" },
      ],
      content: [
        group("sequence", 8),
        element("name", "string"),
        element("alias", "string", { min: 0, max: -1 }),
        element("score", "double", { min: 0, nillable: true }),
        group("choice", 3, true),
        element("phone", "token"),
        group("sequence", 1),
        element("email", "token", { max: 2 }),
        { name: "parent", ns: 1, type: 1, min: 0, nillable: true },
      ],
    },
    // 2: an element of each simple type
    {
      content: [
        group("all", 9),
        ...(["string", "int", "decimal", "double", "boolean", "token", "ints", "grade", "code"] as const).map((name) =>
          element(name, name, { min: 0 }),
        ),
      ],
    },
    // 3: simple content
    { attributes: [{ name: "unit", simple: SIMPLE.token }], text: SIMPLE.decimal },
    // 4: for unwrap
    { content: [group("sequence", 1), { name: "amount", ns: 0, type: 3, default: "7" }] },
    // 5: nothing
    {},
    // 6: a list, unwrapped
    { content: [group("sequence", 1), element("item", "string", { min: 0, max: 3, default: "none" })] },
    // 7: an optional group with what must be in it
    {
      content: [
        group("sequence", 5),
        group("sequence", 2, true),
        element("one", "int"),
        element("two", "int", { min: 2, max: 3 }),
        group("all", 1),
        element("three", "token", { min: 0, nillable: true }),
      ],
    },
    // 8: lone values
    { content: [group("sequence", 1), element("maybe", "int", { min: 0 })] },
    // 9 and 10: much comes of little
    { content: [group("sequence", 1), { name: "x", ns: 0, type: 10, max: -1 }] },
    {
      content: [
        group("sequence", 40),
        ...Array.from({ length: 40 }, (_, index) =>
          element(`list-of-a-long-name-${index}`, "string", { min: 0, max: -1 }),
        ),
      ],
    },
  ],
  operations: [
    operation("List", 0, { faults: [fault("NotFound", 2, 404), fault("Busy", 5, 503)] }),
    operation("Values", 2),
    operation("Amount", 4, { unwrap: true }),
    operation("Items", 6, { unwrap: true }),
    operation("Maybe", 8, { unwrap: true }),
    operation("Nothing", 5),
    operation("Groups", 7),
    operation("Long", 9),
    operation("New", 0, { version: "1.2", faults: [fault("NotFound", 2, 404)] }),
    { name: "Text", version: "1.1", pin: "Text", output: element("r", "int", { nillable: true }) },
    { name: "Silent", version: "1.1", pin: "Silent" },
  ],
  limits: { request: 1000, response: 1_000_000, depth: 16, attributes: 8, name: 64, namespaces: 8 },
};

function operation(name: string, type: number, more: object = {}) {
  return { name, version: "1.1", pin: name, output: { name: "r", ns: 0, type }, ...more };
}

function fault(name: string, type: number, status: number) {
  return { name, element: { name, ns: 1, type }, status };
}

/** An envelope with this in its body. */
export const enveloped = (body: string, soap = SOAP11, header = "") =>
  `<?xml version="1.0"?>\n<s:Envelope xmlns:s="${soap}" xmlns:i="http://www.w3.org/2001/XMLSchema-instance">${header}\n  <s:Body>${body}</s:Body>\n</s:Envelope>\n`;

/** A converter with that policy, for the tests of a file, and what it makes of answers. To be called where hooks can be set. */
export function answersConverter() {
  let converter: SoapConverter;
  beforeAll(async () => {
    converter = await SoapConverter.start();
    expect(converter.configure(answersConfig)).toBeUndefined();
  });
  const answer = (...of: Parameters<SoapConverter["answer"]>) => converter.answer(...of);
  const answered = (name: string, content: string, attributes = "") =>
    answer(name, enveloped(`<r xmlns="u:a" xmlns:b="u:b"${attributes}>${content}</r>`));
  return {
    answer,
    answered,
    /** The JSON of an answer that fits. */
    json(name: string, content: string) {
      const result = answered(name, content);
      expect(result).toEqual({ outcome: "answer", json: expect.any(String) });
      return result.json;
    },
    /** Why an answer does not fit, and at which element. */
    refused(name: string, content: string, attributes = "") {
      const { outcome, element } = answered(name, content, attributes);
      return `${outcome} ${element}`;
    },
  };
}
