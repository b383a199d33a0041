import { Validator } from "@seriousme/openapi-schema-validator";
import { Ajv2020 } from "ajv/dist/2020.js";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { JsonObject } from "../../compiler/plan/plan.js";
import { boundOperations } from "../../test/support/soap-config.js";
import { complexType, crm, element, group, operation, service } from "../../test/support/soap-model.js";
import { modelsWithValues } from "../../test/support/soap-models.js";
import { openApiOf } from "./openapi.js";

const CRM = {
  GetPartner: "GET /partners/{id}",
  CreatePartner: {
    rest: "PUT /partners/{id}",
    bind: { body: "partner", path: { id: "partner.id" }, query: { dryRun: "dryRun" } },
    success: 201,
  },
  FindPartners: { rest: "GET /partners", bind: { query: { text: "filter.text", status: "filter.status" } } },
  Ping: "POST /ping",
  Double: "POST /double",
  Notify: "POST /notify",
};

const INFO = { title: "Crm", version: "1", also: [401, 429], servers: ["https://api.example.com"] };

const INT = { format: "int32", maximum: 2147483647, minimum: -2147483648, type: "integer" };

function document(): JsonObject {
  return openApiOf(crm(), boundOperations(crm(), CRM, { PartnerNotFound: 404, Duplicate: 409 }), INFO);
}

/** A schema that finds the components of a document. */
function checkerOf(api: JsonObject, schema: unknown) {
  return new Ajv2020({ strict: false, allErrors: true, logger: false }).compile({
    components: api.components,
    allOf: [schema],
  });
}

function at(value: unknown, ...path: string[]): unknown {
  return path.reduce<unknown>((inner, key) => {
    if (typeof inner !== "object" || inner === null || !Object.hasOwn(inner, key)) throw new Error(`no ${key}`);
    return Object.entries(inner).find(([name]) => name === key)?.[1];
  }, value);
}

const answerOf = (api: JsonObject, path: string, method: string, status = "200") =>
  at(api, "paths", path, method, "responses", status, "content", "application/json", "schema");

describe("the document of a service", () => {
  it("is an OpenAPI 3.1 document", async () => {
    const { valid, errors } = await new Validator().validate(structuredClone(document()));
    expect(errors).toBeUndefined();
    expect(valid).toBe(true);
  });

  it("is the same for the same model", () => {
    expect(JSON.stringify(document())).toBe(JSON.stringify(document()));
  });

  it("has each operation with its parameters, body and answers", () => {
    const api = document();
    expect(at(api, "paths", "/partners/{id}", "get", "parameters")).toEqual([
      {
        in: "path",
        name: "id",
        required: true,
        schema: INT,
      },
      {
        explode: true,
        in: "query",
        name: "fields",
        schema: {
          items: { type: "string" },
          type: "array",
        },
        style: "form",
      },
    ]);
    expect(Object.keys(Object(at(api, "paths", "/partners/{id}", "get", "responses")))).toEqual([
      "200",
      "400",
      "401",
      "404",
      "429",
      "502",
    ]);
    expect(at(api, "paths", "/partners/{id}", "get", "responses", "404")).toEqual({
      content: {
        "application/problem+json": {
          schema: {
            $ref: "#/components/schemas/PartnerNotFoundProblem",
          },
        },
      },
      description: "GetPartner fails with PartnerNotFound.",
    });
    expect(answerOf(api, "/partners", "get")).toEqual({
      items: {
        $ref: "#/components/schemas/Partner",
      },
      type: "array",
    });
    expect(at(api, "paths", "/partners/{id}", "put", "parameters")).toEqual([
      {
        in: "path",
        name: "id",
        required: true,
        schema: INT,
      },
      {
        in: "query",
        name: "dryRun",
        schema: {
          type: "boolean",
        },
      },
    ]);
    expect(at(api, "paths", "/partners", "get", "parameters")).toEqual([
      {
        in: "query",
        name: "text",
        schema: { type: "string" },
      },
      {
        in: "query",
        name: "status",
        schema: {
          enum: ["active", "gone"],
          type: "string",
        },
      },
      {
        in: "query",
        name: "limit",
        schema: INT,
      },
      {
        explode: true,
        in: "query",
        name: "ids",
        schema: {
          items: INT,
          type: "array",
        },
        style: "form",
      },
    ]);
    expect(at(api, "paths", "/double", "post", "requestBody")).toEqual({
      content: {
        "application/json": {
          schema: INT,
        },
      },
      required: true,
    });
    expect(at(api, "paths", "/notify", "post", "responses", "202")).toEqual({ description: "The service got it." });
    expect(Object.keys(Object(at(api, "paths", "/ping", "post")))).toEqual(["operationId", "responses"]);
  });

  it("has types as components, with what the schema says of them", () => {
    expect(at(document(), "components", "schemas", "Partner")).toEqual({
      additionalProperties: false,
      allOf: [
        {
          anyOf: [
            {
              not: {
                required: ["mail"],
              },
              required: ["phone"],
            },
            {
              not: {
                required: ["phone"],
              },
              required: ["mail"],
            },
            {
              not: {
                anyOf: [
                  {
                    required: ["phone"],
                  },
                  {
                    required: ["mail"],
                  },
                ],
              },
            },
          ],
        },
      ],
      properties: {
        "@lang": {
          default: "en",
          type: "string",
        },
        "@version": INT,
        balance: {
          $ref: "#/components/schemas/Amount",
        },
        birthday: {
          pattern: "^(?:[0-9]{4}-[0-9]{2}-[0-9]{2})$",
          type: ["string", "null"],
        },
        code: { type: "string" },
        id: INT,
        mail: { type: "string" },
        name: { type: "string" },
        parent: {
          $ref: "#/components/schemas/Partner",
        },
        phone: { type: "string" },
        photo: {
          contentEncoding: "base64",
          type: "string",
        },
        status: {
          default: "active",
          enum: ["active", "gone"],
          type: "string",
        },
        tags: {
          items: { type: "string" },
          maxItems: 5,
          type: "array",
        },
      },
      required: ["name", "birthday", "status"],
      type: "object",
    });
    expect(at(document(), "components", "schemas", "Amount")).toEqual({
      additionalProperties: false,
      properties: {
        $value: {
          type: "number",
        },
        "@currency": {
          maxLength: 3,
          minLength: 3,
          pattern: "^(?:[A-Z]{3})$",
          type: "string",
        },
      },
      required: ["@currency", "$value"],
      type: "object",
    });
    expect(at(document(), "components", "schemas", "DuplicateProblem")).toEqual({
      properties: {
        fault: {
          type: "object",
          properties: { Duplicate: { type: "string" } },
          required: ["Duplicate"],
          additionalProperties: false,
        },
        status: {
          const: 409,
        },
        title: { type: "string" },
        type: { type: "string" },
      },
      required: ["type", "title", "status", "fault"],
      type: "object",
    });
  });

  it("leaves out of the body what is in the path", () => {
    const check = checkerOf(document(), { $ref: "#/components/schemas/CreatePartnerRequest" });
    expect(check({ name: "Acme", birthday: null, status: "active" })).toBe(true);
    expect(check({ id: 7, name: "Acme", birthday: null, status: "active" })).toBe(false);
  });

  it("leaves in the body what is beside a parameter in its object", () => {
    const query = { text: "filter.text", limit: "limit", ids: "ids" };
    const api = openApiOf(
      crm(),
      boundOperations(crm(), { FindPartners: { rest: "POST /find", bind: { query } } }),
      INFO,
    );
    const check = checkerOf(api, { $ref: "#/components/schemas/FindPartnersRequest" });
    expect(check({})).toBe(true);
    expect(check({ filter: { status: "active" } })).toBe(true);
    expect(check({ filter: { status: "asleep" } })).toBe(false);
    expect(check({ filter: { text: "a" } })).toBe(false);
    expect(check({ limit: 1 })).toBe(false);
  });

  it("leaves out of the body an object of which parameters bring all", () => {
    const query = { text: "filter.text", status: "filter.status" };
    const api = openApiOf(
      crm(),
      boundOperations(crm(), { FindPartners: { rest: "POST /find", bind: { query } } }),
      INFO,
    );
    const check = checkerOf(api, { $ref: "#/components/schemas/FindPartnersRequest" });
    expect(check({ limit: 1 })).toBe(true);
    expect(check({ filter: {} })).toBe(false);
  });

  it("tells the branches of a choice apart", () => {
    const check = checkerOf(document(), answerOf(document(), "/partners/{id}", "get"));
    const partner = { name: "Acme", birthday: "2026-11-26", status: "active" };
    expect(check(partner)).toBe(true);
    expect(check({ ...partner, phone: "1" })).toBe(true);
    expect(check({ ...partner, phone: "1", mail: "a@b" })).toBe(false);
    expect(check({ ...partner, status: "asleep" })).toBe(false);
    expect(check({ ...partner, tags: ["1", "2", "3", "4", "5", "6"] })).toBe(false);
    expect(check({ ...partner, other: 1 })).toBe(false);
    expect(check({ ...partner, parent: { ...partner, birthday: "x" } })).toBe(false);
  });

  it("names what has no name after where it stands", () => {
    const { name: _, ...anonymous } = complexType("Done#inner", [element("n", "int")]);
    const { name: __, ...top } = complexType("Done#top", [element("inner", "#Done#inner"), element("x", "int")]);
    const model = service([operation("Do", { output: element("Done", "#Done#top") })], [top, anonymous]);
    const api = openApiOf(model, boundOperations(model, { Do: "POST /do" }), INFO);
    expect(Object.keys(Object(at(api, "components", "schemas")))).toEqual(["Done", "DoneInner", "Problem"]);
  });

  it("has two types of one name apart", () => {
    const one = complexType("a", [element("x", "int"), element("y", "#b")], { name: "Same" });
    const other = complexType("b", [element("n", "int")], { name: "Same" });
    const model = service([operation("Do", { output: element("Done", "#a") })], [one, other]);
    const api = openApiOf(model, boundOperations(model, { Do: "POST /do" }), INFO);
    expect(Object.keys(Object(at(api, "components", "schemas")))).toEqual(["Problem", "Same", "Same-2"]);
  });

  it("has no choice left where a parameter took a branch", () => {
    const content = group("choice", [element("id", "int"), element("name", "string"), element("mail", "string")]);
    const model = service([operation("Do", { input: element("Do", "#Do") })], [complexType("Do", content)]);
    const api = openApiOf(model, boundOperations(model, { Do: "POST /do/{id}" }), INFO);
    const check = checkerOf(api, { $ref: "#/components/schemas/DoRequest" });
    expect(check({})).toBe(true);
    expect(check({ name: "x" })).toBe(false);
  });
});

describe("random models", () => {
  it("have documents whose schemas take what the service can say", () => {
    fc.assert(
      fc.property(modelsWithValues, ({ model, output, input, detail }) => {
        const operations = boundOperations(model, { Do: { rest: "POST /do", unwrap: false } }, { Failed: 409 });
        const api = openApiOf(model, operations, INFO);
        const check = (schema: unknown, value: unknown) => {
          const checker = checkerOf(api, schema);
          expect(checker(value) ? [] : checker.errors).toEqual([]);
        };
        check(answerOf(api, "/do", "post"), output);
        const [one] = operations;
        if (one?.body !== false)
          check(at(api, "paths", "/do", "post", "requestBody", "content", "application/json", "schema"), input);
        check(at(api, "paths", "/do", "post", "responses", "409", "content", "application/problem+json", "schema"), {
          type: "about:blank",
          title: "Conflict",
          status: 409,
          fault: { Failed: detail },
        });
      }),
      { numRuns: 20 },
    );
  });

  it("have documents that are valid", async () => {
    await fc.assert(
      fc.asyncProperty(modelsWithValues, async ({ model }) => {
        const api = openApiOf(model, boundOperations(model, { Do: "POST /do" }), INFO);
        const { errors } = await new Validator().validate(structuredClone(api));
        expect(errors).toBeUndefined();
      }),
      { numRuns: 8 },
    );
  });
});
