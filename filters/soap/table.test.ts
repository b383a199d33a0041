import { describe, expect, it } from "vitest";
import type { Diagnostic } from "../../compiler/diagnostics/diagnostic.js";
import { renderText } from "../../compiler/diagnostics/render/text.js";
import { matcherOf } from "../../test/support/dfa.js";
import { complexType, crm, element, operation, origin, service, simpleType } from "../../test/support/soap-model.js";
import { bindOperations } from "./binding.js";
import { entriesOf } from "./entries.js";
import type { ServiceModel } from "./model.js";
import { type SoapConfig, soapConfigSchema } from "./module.js";
import { operationPlans } from "./operation-plan.js";
import { faultsSchema, limitsSchema, operationsSchema } from "./settings.js";
import { tableOf } from "./table.js";

const OPERATIONS = {
  GetPartner: "GET /partners/{id}",
  CreatePartner: { rest: "PUT /partners/{id}", bind: { body: "partner", path: { id: "partner.id" } }, success: 201 },
  Ping: "GET /ping",
  Notify: "POST /notify",
};

function made(model: ServiceModel, operations: unknown, limits?: unknown) {
  const findings: Diagnostic[] = [];
  const context = { policy: "crm", place: () => origin, report: (finding: Diagnostic) => findings.push(finding) };
  const spec = {
    operations: operationsSchema.parse(operations),
    faults: faultsSchema.parse(
      model.operations.some(({ faults }) => faults.length > 0) ? { PartnerNotFound: 404 } : {},
    ),
  };
  const { bound } = bindOperations(model, spec, context);
  const config = tableOf(model, bound, { limits: limitsSchema.optional().parse(limits) }, context);
  return { bound, config, findings: renderText(findings, { color: false }) };
}

function tables(operations: unknown = OPERATIONS, model: ServiceModel = crm()): SoapConfig {
  const { config, findings } = made(model, operations);
  expect(findings).toBe("");
  if (config === undefined) throw new Error("there is no table");
  expect(soapConfigSchema.parse(config)).toEqual(config);
  return config;
}

describe("the tables of the module", () => {
  it("have what the operations reach and nothing else", () => {
    const { types, simples, namespaces } = tables({ Ping: "GET /ping" });
    expect({ types, simples, namespaces }).toEqual({
      types: [{}],
      simples: [],
      namespaces: ["http://example.com/crm"],
    });
  });

  it("are the same for the same model", () => {
    expect(JSON.stringify(tables())).toBe(JSON.stringify(tables(OPERATIONS, crm())));
  });

  it("say of operations how they are asked and answered", () => {
    expect(tables().operations).toMatchObject([
      {
        name: "GetPartner",
        version: "1.1",
        pin: "crm/GetPartner",
        input: { name: "GetPartner", ns: 0, type: 0 },
        output: { name: "GetPartnerResponse", ns: 0, type: 1 },
        body: false,
        params: [
          { segment: 1, field: ["id"] },
          { query: "fields", field: ["fields"], repeated: true },
        ],
        unwrap: true,
        faults: [{ name: "PartnerNotFound", element: { name: "PartnerNotFound" }, status: 404 }],
      },
      {
        name: "CreatePartner",
        body: { field: ["partner"] },
        params: [{ segment: 1, field: ["partner", "id"] }],
        success: 201,
      },
      { name: "Ping", body: false },
      { name: "Notify", input: { name: "Notify", simple: 1 }, oneWay: true, success: 202 },
    ]);
  });

  it("refer to themselves where a type does", () => {
    const { types } = tables({ GetPartner: "GET /partners/{id}" });
    const partner = types.findIndex(({ content = [] }) =>
      content.some((one) => "name" in one && one.name === "parent"),
    );
    expect(types[partner]?.content?.at(-1)).toEqual({ name: "parent", ns: 0, type: partner, min: 0 });
    expect(types[partner]?.content?.slice(5, 9)).toMatchObject([
      { name: "status", default: "active" },
      { group: "choice", span: 2, optional: true },
      { name: "phone" },
      { name: "mail" },
    ]);
  });

  it("have patterns as automata that match the whole value", () => {
    const { simples } = tables({ GetPartner: "GET /partners/{id}" });
    const currency = simples.find(({ maxLength }) => maxLength === 3);
    const [pattern = ""] = currency?.patterns ?? [];
    const matches = matcherOf(pattern);
    expect(["EUR", "EURO", "EU", "xEUR", "eur"].map(matches)).toEqual([true, false, false, false, false]);
  });

  it("number items and members before what consists of them", () => {
    const { simples } = tables({
      FindPartners: { rest: "GET /p", bind: { query: { text: "filter.text" } } },
    });
    const list = simples.find(({ form }) => form === "list");
    expect(simples[list?.item ?? -1]).toMatchObject({ form: "integer" });
    const union = simples.find(({ form }) => form === "union");
    expect(union?.members?.map((index) => simples[index]?.form)).toEqual(["integer", "string"]);
  });

  it("have limits of the policy, or defaults", () => {
    const { config } = made(crm(), OPERATIONS, { body: "64Ki", response: "1Mi", depth: 8 });
    expect(config?.limits).toEqual({
      request: 65_536,
      response: 1_048_576,
      depth: 8,
      attributes: 32,
      name: 1024,
      namespaces: 64,
    });
    expect(tables().limits).toMatchObject({ request: 262_144, response: 262_144, depth: 32 });
  });

  it("take a chain of 5,000 types", () => {
    const types = Array.from({ length: 5_000 }, (_, index) =>
      complexType(`t${index}`, [element("next", index === 4_999 ? "string" : `#t${index + 1}`, { min: 0 })]),
    );
    const deep = service([operation("Do", { input: element("Do", "#t0") })], types);
    expect(tables({ Do: "POST /do" }, deep).types).toHaveLength(5_000);
  });
});

describe("what has no table", () => {
  it("a pattern that needs too many states, and types that the module does not know", () => {
    const types = [
      simpleType("hard", { patterns: ["(a|b)*a(a|b){20}"] }),
      simpleType("lists", { form: "list", item: "ints" }),
      simpleType("mixed", { form: "union", members: ["ints", "int"] }),
    ];
    const plain = service(
      [operation("Do", { input: element("Do", "#Do") })],
      [
        complexType(
          "Do",
          types.map(({ id }) => element(id, id)),
        ),
      ],
    );
    const simpleTypes = new Map([...plain.simpleTypes, ...types.map((one) => [one.id, one] as const)]);
    const { config, findings } = made({ ...plain, simpleTypes }, { Do: "POST /do" });
    expect(config).toBeUndefined();
    expect(findings.split("\n").filter((line) => line.includes("SL"))).toEqual([
      "crm.wsdl:1:1: error SL1065: values of `hard` cannot be checked: of its pattern `(a|b)*a(a|b){20}`, it takes too many states to be looked for in one pass",
      "crm.wsdl:1:1: error SL1065: values of `lists` cannot be checked: it is a list of lists",
      "crm.wsdl:1:1: error SL1065: values of `mixed` cannot be checked: it is a union with a list",
    ]);
  });

  it("a type with more elements than the module takes", () => {
    const fields = Array.from({ length: 4_096 }, (_, index) => element(`f${index}`, "string", { min: 0 }));
    const wide = service([operation("Do", { input: element("Do", "#Do") })], [complexType("Do", fields)]);
    expect(made(wide, { Do: "POST /do" }).findings).toContain(
      "error SL1066: the module takes at most 4096, and `crm` has 4097 elements in one type",
    );
  });
});

it("a content model is written with its groups before what is in them", () => {
  const type = crm().types.get("Partner");
  if (type?.content === undefined) throw new Error("no content");
  const [first, ...rest] = entriesOf(type.content);
  expect(first?.span).toBe(rest.length);
  expect(rest.filter(({ span }) => span > 0).map(({ span }) => span)).toEqual([2]);
});

describe("what Envoy is told", () => {
  const plans = (model: ServiceModel) => operationPlans(model, made(model, OPERATIONS).bound, "crm");

  it("of SOAP 1.1: the action in a header, also an empty one", () => {
    const [get, , ping] = plans(crm());
    expect(get).toMatchObject({
      name: "GetPartner",
      match: { method: "GET", path: { form: "template" } },
      takesBody: false,
      pin: "crm/GetPartner",
      service: {
        path: "/services/crm",
        headers: { "content-type": "text/xml; charset=utf-8", soapaction: '"urn:GetPartner"' },
      },
    });
    expect(ping?.service.headers).toMatchObject({ soapaction: '""' });
  });

  it("of SOAP 1.2: the action in the type of the content, if there is one", () => {
    const [get, create, ping] = plans(crm({ version: "1.2" }));
    expect(create?.takesBody).toBe(true);
    expect(get?.service.headers).toEqual({
      "content-type": 'application/soap+xml; charset=utf-8; action="urn:GetPartner"',
      accept: "application/soap+xml",
    });
    expect(ping?.service.headers).toMatchObject({ "content-type": "application/soap+xml; charset=utf-8" });
  });

  it("nothing that is no visible ASCII", () => {
    const model = service([operation("Größe", { action: 'urn:a"b\\ é' })]);
    const { bound } = made(model, { Größe: "GET /size" });
    expect(operationPlans(model, bound, "crm")).toMatchObject([
      { name: "Größe", pin: "crm/Gr%C3%B6%C3%9Fe", service: { headers: { soapaction: '"urn:a\\"b\\\\%20%C3%A9"' } } },
    ]);
  });
});
