import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type StandingOracle, standingOracle } from "../support/envoy.js";
import { request } from "../support/http.js";
import { type Bridge, keptWsdl, startBridge, told } from "./support/bridge.js";

// What a client may never bring about, whatever it sends: a request at the service that it did not ask for in JSON.

let bridge: Bridge;
let oracle: StandingOracle;

beforeAll(async () => {
  bridge = await startBridge({
    wsdl: await keptWsdl("cxf", "/crm"),
    workers: 2,
    soap: {
      operations: {
        GetPartner: "GET /partners/{id}",
        ListPartners: "GET /partners",
        CreatePartner: { rest: "POST /partners", bind: { body: "partner" } },
        DeletePartner: "DELETE /partners/{id}",
      },
      limits: { body: 4096, depth: 8 },
    },
  });
  bridge.gateway.upstream("crm").reply(({ body }) => ({
    headers: { "content-type": "text/xml; charset=utf-8" },
    body: body
      .toString()
      .replaceAll(/(GetPartner|ListPartners|CreatePartner|DeletePartner)\b/g, "$1Response")
      .replace(/<(\w+:)?id>[^<]*<\/(\w+:)?id>/, ""),
  }));
  oracle = await standingOracle(bridge.gateway.envoy);
});
afterAll(() => bridge.stop());
beforeEach(() => bridge.gateway.forget());

const partner = { "@id": 1, name: "A", remark: null, active: true };
const PROBLEM = "application/problem+json";

describe("a body", () => {
  it.each<[string, unknown, string]>([
    ["a member that is unknown", { ...partner, colour: "red" }, "/colour"],
    ["a member of another case", { ...partner, Name: "B" }, "/Name"],
    ["a member with a wrong type", { ...partner, name: 7 }, "/name"],
    ["a number as a text", { ...partner, account: "7" }, "/account"],
    ["a number that is none of the type", { ...partner, account: 1.5 }, "/account"],
    ["a text as a truth", { ...partner, active: "true" }, "/active"],
    ["null where nothing may be nil", { ...partner, name: null }, "/name"],
    ["a word that is not in the list", { ...partner, rating: "platinum" }, "/rating"],
    ["a date that is none", { ...partner, since: "2026-13-01" }, "/since"],
    ["base64 that is none", { ...partner, logo: "a===" }, "/logo"],
    ["one where there are many", { ...partner, address: { "@kind": "a", street: null, city: "b" } }, "/address"],
    ["many where there is one", { ...partner, name: ["A"] }, "/name"],
    [
      "a member of an array that does not fit",
      {
        ...partner,
        address: [
          { "@kind": "a", street: null, city: "b" },
          { "@kind": "a", street: null, city: 1 },
        ],
      },
      "/address/1/city",
    ],
    ["both of a choice", { ...partner, contact: { phone: "1", email: { $value: "a" } } }, "/contact"],
    ["a character that XML does not have", '{"@id":1,"name":"a\\u0000b","remark":null,"active":true}', "/name"],
    ["the same member twice", '{"@id":1,"name":"a","name":"b","remark":null,"active":true}', "/name"],
    ["a name with a slash and a tilde", { ...partner, "a/b~c": 1 }, "/a~1b~0c"],
  ])("with %s is refused, with the place", async (_, body, pointer) => {
    const reply = await bridge.call("POST /partners", body);
    expect(told(reply)).toMatchObject({ status: 400, type: PROBLEM, body: { status: 400 } });
    expect(JSON.parse(reply.text).pointer).toMatch(new RegExp(`^${pointer.replace(/[$^]/g, "\\$&")}`));
    expect(bridge.gateway.heard()).toEqual([]);
  });

  it.each<[string, unknown, Record<string, string>, number]>([
    ["nothing", undefined, {}, 400],
    ["an empty text", "", {}, 400],
    ["no JSON", "name=A", {}, 400],
    ["XML", "<partner/>", { "content-type": "text/xml" }, 415],
    ["a form", "name=A", { "content-type": "application/x-www-form-urlencoded" }, 415],
    ["UTF-16", JSON.stringify(partner), { "content-type": "application/json; charset=utf-16" }, 415],
    ["compressed JSON", JSON.stringify(partner), { "content-encoding": "gzip" }, 415],
    ["what is behind the JSON", `${JSON.stringify(partner)}{}`, {}, 400],
    ["a number that is none", '{"@id":01}', {}, 400],
    ["a surrogate alone", '{"@id":1,"name":"a\\ud83db","remark":null,"active":true}', {}, 400],
    ["a comment", `/* */${JSON.stringify(partner)}`, {}, 400],
    ["NaN", '{"@id":NaN}', {}, 400],
    ["what is too long", { ...partner, name: "A".repeat(5000) }, {}, 413],
    ["what is too deep", `${'{"subsidiary":['.repeat(20)}${"]}".repeat(20)}`, {}, 400],
    ["a missing member", { "@id": 1 }, {}, 400],
    ["an array", [partner], {}, 400],
    ["null", "null", {}, 400],
  ])("that is %s is refused", async (_, body, headers, status) => {
    const reply = await bridge.call("POST /partners", body, headers);
    expect(told(reply)).toMatchObject({ status, type: PROBLEM, body: { status } });
    expect(bridge.gateway.heard()).toEqual([]);
  });

  it("cannot write XML", async () => {
    const name = `</name><x a="1"/>]]>&amp;&#0;<!--`;
    const reply = await bridge.call("POST /partners", {
      ...partner,
      name,
      revision: undefined,
      "@revision": `"' <&>\n`,
    });
    expect(reply.status, reply.text).toBe(200);
    expect(JSON.parse(reply.text)).toMatchObject({ name, "@revision": `"' <&>\n` });
    const [heard] = bridge.gateway.heard();
    expect(heard?.body.toString()).not.toContain("<x ");
  });
});

describe("a path or a query", () => {
  it.each([
    ["GET /partners/seven", 400],
    ["GET /partners/", 404],
    ["GET /partners/1/2", 404],
    ["GET /partners/%3Cx%2F%3E", 400],
    ["GET /partners?rating=platinum", 400],
    ["GET /partners?rating=gold&rating=silver", 400],
    ["GET /partners?limit=1e2", 400],
    ["GET /partners?limit=99999999999", 400],
    ["PUT /partners/7", 405],
    ["POST /partners/7", 405],
  ] as const)("%s is refused with %i", async (line, status) => {
    const reply = await bridge.call(line, line.startsWith("GET") ? undefined : partner);
    expect(reply.status, reply.text).toBe(status);
    expect(bridge.gateway.heard()).toEqual([]);
  });

  it("is what the service gets, decoded and by the type of the schema", async () => {
    await bridge.call("GET /partners/%37");
    await bridge.call("GET /partners?limit=5&rating=gold");
    const [get, list] = bridge.gateway.heard();
    expect(get?.body.toString()).toMatch(/<id>7<\/id>/);
    expect(list?.body.toString()).toMatch(/<rating>gold<\/rating><limit>5<\/limit>/);
    for (const heard of [get, list]) {
      expect([heard?.method, heard?.url]).toEqual(["POST", "/crm"]);
      expect(heard?.values("content-type")).toEqual(["text/xml; charset=utf-8"]);
      expect(heard?.values("transfer-encoding")).toEqual([]);
    }
    expect(get?.values("soapaction")).toEqual(['"urn:example:crm:GetPartner"']);
  });

  it("with a parameter that the operation does not have is refused, as a slip would otherwise go unseen", async () => {
    for (const query of ["?id=8", "?more=1", "?%69d=8"]) {
      const reply = await bridge.call(`GET /partners/7${query}`);
      expect([query, reply.status]).toEqual([query, 400]);
      expect(reply.text).toMatch(/is not known/);
    }
    expect(bridge.gateway.heard()).toEqual([]);
  });

  it("with a body where none belongs is refused", async () => {
    expect((await bridge.call("DELETE /partners/7", { id: 8 })).status).toBe(400);
    expect(bridge.gateway.heard()).toEqual([]);
  });
});

describe("headers", () => {
  it("of a client do not choose an operation, nor say what the service gets", async () => {
    const forged = {
      "x-sluice-pin": "crm/DeletePartner",
      soapaction: '"urn:example:crm:DeletePartner"',
      "x-envoy-original-path": "/x",
    };
    const reply = await bridge.call("GET /partners/7", undefined, forged);
    expect(reply.status).not.toBe(500);
    const [heard, ...others] = bridge.gateway.heard();
    expect(others).toEqual([]);
    expect(heard?.values("soapaction")).toEqual(['"urn:example:crm:GetPartner"']);
    expect(heard?.values("x-sluice-pin")).toEqual([]);
    bridge.gateway.forget();
    expect((await bridge.call("GET /elsewhere", undefined, forged)).status).toBe(404);
    expect(bridge.gateway.heard()).toEqual([]);
  });

  it("none of this leaves anything behind", async () => {
    const url = bridge.gateway.url("/partners");
    const options = { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(partner) };
    await oracle.check({ goodRequest: (agent) => request(url, { ...options, agent }) });
  });
});
