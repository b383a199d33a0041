import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Json, JsonObject, MockAnswer } from "../../compiler/plan/plan.js";
import { boundOperations } from "../../test/support/soap-config.js";
import { complexType, crm, element, group, operation, service } from "../../test/support/soap-model.js";
import { modelsWithValues } from "../../test/support/soap-models.js";
import { checkElement } from "./codec-check.js";
import { decodeElement } from "./codec-decode.js";
import { readEnvelope, writeEnvelope } from "./envelope.js";
import { serviceMock } from "./mock.js";
import type { ElementModel, ServiceModel } from "./model.js";
import { headersOf } from "./operation-plan.js";

const CRM = {
  GetPartner: "GET /partners/{id}",
  CreatePartner: "POST /partners",
  FindPartners: { rest: "GET /partners", bind: { query: { text: "filter.text" } } },
  Ping: "POST /ping",
  Double: "POST /double",
  Notify: "POST /notify",
};

function mockOf(model: ServiceModel = crm()) {
  const mock = serviceMock(model, boundOperations(model, CRM));
  const misfits = (operation: string, answer: MockAnswer) =>
    mock.check(operation, answer).map(({ pointer, message }) => `${pointer} ${message}`);
  return { ...mock, misfits };
}

const PARTNER = { name: "A&B", birthday: null, status: "active" };

function inputOf(model: ServiceModel): ElementModel {
  const input = model.operations[0]?.input;
  if (input === undefined) throw new Error("no input");
  return input;
}

function roundTrip(model: ServiceModel, of: ElementModel, value: Json): Json {
  const message = readEnvelope(model.version, writeEnvelope(model, { element: of, value }));
  if (message?.content === undefined) throw new Error("no content");
  return decodeElement(model, of, message.content);
}

function reversed(value: Json): Json {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== "object" || value === null) return value;
  const turned: JsonObject = {};
  for (const [name, inner] of Object.entries(value).toReversed()) turned[name] = reversed(inner);
  return turned;
}

describe("random models", () => {
  it("values that fit come back as they went", () => {
    fc.assert(
      fc.property(modelsWithValues, ({ model, input }) => {
        const of = inputOf(model);
        expect(checkElement(model, of, input)).toEqual([]);
        expect(roundTrip(model, of, input)).toEqual(input);
      }),
      { numRuns: 300 },
    );
  });

  it("the order of members makes no difference", () => {
    fc.assert(
      fc.property(modelsWithValues, ({ model, input }) => {
        const content = (value: Json) => writeEnvelope(model, { element: inputOf(model), value });
        expect(content(reversed(input))).toBe(content(input));
      }),
    );
  });

  it("a mock reads what a client would send, and a client what the mock answers", () => {
    fc.assert(
      fc.property(modelsWithValues, ({ model, input, output, detail }) => {
        const operations = boundOperations(model, { Do: { rest: "POST /do", unwrap: false } });
        const mock = serviceMock(model, operations);
        const body = writeEnvelope(model, { element: inputOf(model), value: input });
        const headers = new Map(Object.entries(headersOf(model, "urn:Do")));
        expect(mock.read({ headers, body })).toEqual({ operation: "Do", input });
        expect(mock.check("Do", { response: output })).toEqual([]);
        const answer = mock.write("Do", { response: output });
        expect(answer.status).toBe(200);
        expect(readEnvelope(model.version, answer.body)?.content?.local).toBe("DoResponse");
        expect(mock.check("Do", { fault: { name: "Failed", detail } })).toEqual([]);
        expect(mock.write("Do", { fault: { name: "Failed", detail } }).status).toBe(500);
      }),
    );
  });
});

describe("what a test says of an answer", () => {
  it("is a value as clients have it", () => {
    const { misfits } = mockOf();
    expect(misfits("GetPartner", { response: PARTNER })).toEqual([]);
    expect(misfits("FindPartners", { response: [] })).toEqual([]);
    expect(misfits("FindPartners", { response: [PARTNER] })).toEqual([]);
    expect(misfits("Double", { response: 7 })).toEqual([]);
    expect(misfits("Ping", { response: {} })).toEqual([]);
    expect(misfits("Notify", { response: {} })).toEqual([]);
    expect(misfits("GetPartner", { fault: { name: "PartnerNotFound", detail: { id: 7 } } })).toEqual([]);
    expect(misfits("GetPartner", { fault: { name: "Receiver", detail: {} } })).toEqual([]);
  });

  it("is held to the types of the service, each misfit with its place", () => {
    const { misfits } = mockOf();
    const response: JsonObject = {
      "@version": "1",
      nam: "x",
      birthday: "tomorrow",
      balance: { $value: "1.50", "@currency": "eur" },
      status: "asleep",
      phone: "1",
      mail: "a@b",
      tags: ["1", "2", "3", "4", "5", 6],
      code: "neither",
      photo: "AAAAAAAAAAAAAAAAAAAAAAAAAAAA",
      parent: [],
    };
    expect(misfits("GetPartner", { response })).toEqual([
      "/nam is not known here; known are @version, @lang, id, name, birthday, balance, status, phone, mail, tags, code, photo, parent",
      "/@version must be a number",
      "/birthday must match `[0-9]{4}-[0-9]{2}-[0-9]{2}`",
      "/balance/@currency must match `[A-Z]{3}`",
      "/balance/$value must be a number",
      "/status must be one of `active`, `gone`",
      "/tags must have at most 5 items",
      "/tags/5 must be a string",
      "/code must be a value of one of its types",
      "/photo must have at most 16 bytes",
      "/parent must be an object",
      "/name `name` is missing",
      "/mail cannot stand beside phone",
    ]);
    expect(misfits("FindPartners", { response: PARTNER })).toEqual([" must be an array"]);
    expect(misfits("FindPartners", { response: [PARTNER, null, { ...PARTNER, tags: "x" }] })).toEqual([
      "/1 must not be null",
      "/2/tags must be an array",
    ]);
    expect(misfits("Double", { response: 2_147_483_648 })).toEqual([" must be at most 2147483647"]);
    expect(misfits("Double", { response: 1.5 })).toEqual([" must be a whole number"]);
    expect(misfits("Ping", { response: { x: 1 } })).toEqual(["/x is not known here; nothing is"]);
    expect(misfits("Notify", { response: { x: 1 } })).toEqual([" must be {}: the operation answers nothing"]);
  });

  it("is held to the declared faults and their details", () => {
    const { misfits } = mockOf();
    expect(misfits("GetPartner", { fault: { name: "Duplicate", detail: "x" } })).toEqual([
      " there is no fault `Duplicate`; known are PartnerNotFound, Sender, Receiver",
    ]);
    expect(misfits("GetPartner", { fault: { name: "PartnerNotFound", detail: { hint: "x\u0001" } } })).toEqual([
      "/hint has a character that XML cannot carry",
      "/id `id` is missing",
    ]);
    expect(misfits("GetPartner", { fault: { name: "Sender", detail: { id: 1 } } })).toEqual([
      " must be {}: only a declared fault has a detail",
    ]);
  });

  it("has one branch of a choice", () => {
    const branches = group("choice", [
      element("one", "int"),
      group("sequence", [element("two", "int"), element("three", "int")]),
    ]);
    const model = service([operation("Do", { output: element("Done", "#Done") })], [complexType("Done", branches)]);
    const mock = serviceMock(model, boundOperations(model, { Do: "POST /do" }));
    const misfits = (response: Json) =>
      mock.check("Do", { response }).map(({ pointer, message }) => `${pointer} ${message}`);
    expect(misfits({ one: 1 })).toEqual([]);
    expect(misfits({ two: 1, three: 2 })).toEqual([]);
    expect(misfits({})).toEqual([" must have one of one, two, three"]);
    expect(misfits({ two: 1 })).toEqual(["/three `three` is missing"]);
    expect(misfits({ one: 1, three: 2 })).toEqual(["/three cannot stand beside one"]);
  });
});

describe("what the service hears and says", () => {
  const envelope = (body: string, version = "http://schemas.xmlsoap.org/soap/envelope/") =>
    `<e:Envelope xmlns:e="${version}" xmlns:c="http://example.com/crm"><e:Header><x/></e:Header><e:Body>${body}</e:Body></e:Envelope>`;
  const get = envelope("<c:GetPartner><c:id>7</c:id><c:fields>a</c:fields></c:GetPartner>");
  const headers = new Map([["soapaction", '"urn:GetPartner"']]);

  it("a request is known by its body and its action", () => {
    const { read } = mockOf();
    expect(read({ headers, body: get })).toEqual({ operation: "GetPartner", input: { id: 7, fields: ["a"] } });
    expect(read({ headers: new Map([["soapaction", '"urn:Other"']]), body: get })).toBeUndefined();
    expect(read({ headers: new Map(), body: envelope("<c:Ping/>") })).toEqual({ operation: "Ping", input: {} });
  });

  it("a request that is not as the schema says is none", () => {
    const { read } = mockOf();
    for (const body of [
      "",
      "<x/>",
      `<!DOCTYPE x>${get}`,
      get.slice(0, -1),
      get.replace(">7<", ">seven<"),
      get.replace("<c:id>7</c:id>", ""),
      envelope("<c:GetPartner><c:fields>a</c:fields><c:id>7</c:id></c:GetPartner>"),
      envelope("<GetPartner><c:id>7</c:id></GetPartner>"),
      envelope("<c:GetPartner>text<c:id>7</c:id></c:GetPartner>"),
      envelope('<c:GetPartner x="1"><c:id>7</c:id></c:GetPartner>'),
      envelope("<c:GetPartner><c:id>7</c:id><c:id>8</c:id></c:GetPartner>"),
      envelope("<c:GetPartner><c:id>7</c:id></c:GetPartner>", "http://www.w3.org/2003/05/soap-envelope"),
    ])
      expect(read({ headers, body }), body).toBeUndefined();
  });

  it("answers and faults have the envelope of the version", () => {
    const { write } = mockOf();
    expect(write("Double", { response: 7 })).toEqual({
      status: 200,
      headers: { "content-type": "text/xml; charset=utf-8" },
      body: '<?xml version="1.0" encoding="utf-8"?>\n<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:n1="http://example.com/crm"><soap:Body><n1:Doubled>7</n1:Doubled></soap:Body></soap:Envelope>',
    });
    expect(write("Notify", { response: {} })).toEqual({ status: 202, headers: {}, body: "" });
    const fault = write("GetPartner", { fault: { name: "PartnerNotFound", detail: { id: 7 } } });
    expect(fault.status).toBe(500);
    expect(fault.body).toContain(
      "<soap:Fault><faultcode>soap:Server</faultcode><faultstring>a test let GetPartner fail with PartnerNotFound</faultstring><detail><n1:PartnerNotFound><n1:id>7</n1:id></n1:PartnerNotFound></detail></soap:Fault>",
    );
  });

  it("of SOAP 1.2 too", () => {
    const { write, read } = mockOf(crm({ version: "1.2" }));
    const fault = write("GetPartner", { fault: { name: "Sender", detail: {} } });
    expect(fault.status).toBe(400);
    expect(fault.headers).toEqual({ "content-type": "application/soap+xml; charset=utf-8" });
    expect(fault.body).toContain("<soap:Code><soap:Value>soap:Sender</soap:Value></soap:Code>");
    const request = {
      headers: new Map([["content-type", 'application/soap+xml; charset=utf-8; action="urn:GetPartner"']]),
      body: get.replace("http://schemas.xmlsoap.org/soap/envelope/", "http://www.w3.org/2003/05/soap-envelope"),
    };
    expect(read(request)?.operation).toBe("GetPartner");
  });

  it("an unwrapped answer is put back into what it was in", () => {
    const { write } = mockOf();
    expect(write("FindPartners", { response: [PARTNER] }).body).toContain(
      '<n1:FindPartnersResponse><n1:partner><n1:name>A&#38;B</n1:name><n1:birthday xsi:nil="true"/>',
    );
  });
});
