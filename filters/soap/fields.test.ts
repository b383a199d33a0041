import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Diagnostic } from "../../compiler/diagnostics/diagnostic.js";
import { renderText } from "../../compiler/diagnostics/render/text.js";
import { issuesToDiagnostics, type Place } from "../../compiler/policy/issues.js";
import { knownKeys } from "../../compiler/policy/keys.js";
import { locate, readDocument, toValue } from "../../compiler/syntax/document.js";
import { SourceFile } from "../../compiler/syntax/source.js";
import { expectGolden } from "../../test/support/golden.js";
import { printedModel } from "../../test/support/printed-model.js";
import { fieldsSchema, modelOfFields } from "./fields.js";
import type { ServiceModel } from "./model.js";

function read(text: string): { model: ServiceModel | undefined; findings: Diagnostic[] } {
  const { root, diagnostics } = readDocument(new SourceFile("policy.yaml", text));
  if (root?.kind !== "map") return { model: undefined, findings: [...diagnostics] };
  const place: Place = (path, part = "value") => locate(root, path, part);
  const parsed = fieldsSchema.safeParse(toValue(root), { reportInput: true });
  if (parsed.success) return { model: modelOfFields(parsed.data, "crm", place), findings: [] };
  const known = (path: Parameters<Place>[0]) => knownKeys(fieldsSchema, path);
  return { model: undefined, findings: issuesToDiagnostics(parsed.error.issues, place, known) };
}

const PARTNERS = `namespace: urn:partners
path: /services/partners
operations:
  GetPartner:
    action: urn:partners#GetPartner
    request: { "@trace": string?, id: integer }
    response:
      partner?:
        "@version": integer
        name: string
        since: date?
        closed: dateTime?
        balance: decimal
        score: number
        active: boolean
        logo: base64?
        tags: string[]
        addresses: [{ street: string, city: string? }]
        rating: { "@scale": string, $value: integer }
    faults:
      PartnerNotFound: { id: integer }
  Ping: {}
`;

describe("fields of a policy", () => {
  it("give the model of a service", () => {
    const { model, findings } = read(PARTNERS);
    expect(findings).toEqual([]);
    expectGolden(join(import.meta.dirname, "fields.golden.json"), model === undefined ? "" : printedModel(model));
  });

  it("may have unqualified elements, SOAP 1.2 and other names for the outermost elements", () => {
    const { model } = read(`namespace: urn:partners
version: "1.2"
qualified: false
operations:
  Find: { requestElement: findRequest, responseElement: findReply, request: { name: string } }
`);
    expect(model?.version).toBe("1.2");
    expect(model?.operations[0]?.input).toMatchObject({ name: "findRequest", namespace: "urn:partners" });
    expect(model?.operations[0]?.output).toMatchObject({ name: "findReply", namespace: "urn:partners" });
    expect(model?.types.get("Find/request")?.content?.of).toMatchObject([{ name: "name", namespace: "" }]);
  });

  it("that cannot be are reported where they stand", () => {
    const { findings } = read(`operations:
  A: { request: { id: int } }
  B: { request: { "@id": { x: string }, name: string, name?: string } }
  C: { request: { $value: string, id: integer } }
  D: { request: { list: [{ a: string }, { b: string }] } }
  E: { request: { "a b": string } }
`);
    expect(renderText(findings, { color: false })).toMatchInlineSnapshot(`
      "policy.yaml:2:23: error SL0104: a type is string, integer, decimal, number, boolean, date, dateTime, base64; \`?\` behind it: it may be absent; \`[]\`: it is an array
        2 |   A: { request: { id: int } }
          |                       ^^^

      policy.yaml:3:26: error SL0104: \`@id\` is a single value, such as \`string\`
        3 |   B: { request: { "@id": { x: string }, name: string, name?: string } }
          |                          ^^^^^^^^^^^^^

      policy.yaml:3:62: error SL0104: the member \`name\` stands twice
        3 |   B: { request: { "@id": { x: string }, name: string, name?: string } }
          |                                                              ^^^^^^

      policy.yaml:4:27: error SL0104: beside the text of an element only its attributes are possible
        4 |   C: { request: { $value: string, id: integer } }
          |                           ^^^^^^

      policy.yaml:5:25: error SL0104: at most 1 item, found 2
        5 |   D: { request: { list: [{ a: string }, { b: string }] } }
          |                         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^

      policy.yaml:6:19: error SL0104: a member is called as an element; \`@name\` is an attribute, \`$value\` the text, and \`name?\` may be absent
        6 |   E: { request: { "a b": string } }
          |                   ^^^^^

      6 errors
      "
    `);
  });
});
