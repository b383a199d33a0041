import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SPYNE_PATHS } from "./fixtures.js";
import { type SoapServer, START_TIMEOUT_MS, startSpyne } from "./servers/servers.js";
import { type Bridge, INTERNAL, keptWsdl, startBridge, told } from "./support/bridge.js";

// spyne holds every request to its schema with libxml2, so what it answers to was valid XML of that schema.

let server: SoapServer;
beforeAll(async () => {
  server = await startSpyne();
}, START_TIMEOUT_MS);
afterAll(() => server.stop());

const soap = {
  operations: {
    GetPartner: "GET /partners/{id}",
    ListPartners: "GET /partners",
    CreatePartner: { rest: "POST /partners", success: 201, bind: { body: "partner" } },
    CountTags: "POST /tags",
    Ping: "GET /ping",
  },
  faults: { PartnerNotFound: 404 },
};

const GLOBEX = {
  "@id": 8,
  name: "Globex",
  remark: "pays late",
  active: false,
  address: [],
  contact: { email: "ap@globex.example" },
};

describe.each(SPYNE_PATHS)("spyne at %s", (path) => {
  let bridge: Bridge;
  beforeAll(async () => {
    bridge = await startBridge({ wsdl: await keptWsdl("spyne", path), soap, port: server.port });
  });
  afterAll(() => bridge.stop());

  it("gives a partner with all that XML can say, typed", async () => {
    const reply = await bridge.call("GET /partners/7");
    expect(reply.status, reply.text).toBe(200);
    expect(reply.headers["content-type"]).toBe("application/json");
    expect(Number(reply.headers["content-length"])).toBe(reply.body.length);
    expect(JSON.parse(reply.text)).toEqual({
      "@id": 7,
      "@revision": "r1",
      name: "Acme Ümläut 東京 🚀 & <Söhne>",
      remark: null,
      motto: "",
      rating: "gold",
      active: true,
      account: expect.any(Number),
      balance: expect.any(Number),
      since: "2001-02-28",
      seen: "2026-10-31T23:59:59+00:00",
      logo: "AAH+/w==",
      address: [{ "@kind": "main", street: "1 Long Street", city: "Zürich", country: "CH" }],
      contact: { phone: "+41 44 000 00 00" },
    });
    expect(reply.text).toContain('"account":1234567890123456789012345678901234567890,');
    expect(reply.text).toContain('"balance":1234567890123456789.0123456789,');
  });

  it("gives lists as arrays, of one and of none too", async () => {
    const [all, one, none] = [
      await bridge.call("GET /partners"),
      await bridge.call("GET /partners?rating=gold"),
      await bridge.call("GET /partners?rating=silver"),
    ];
    expect(JSON.parse(all.text)).toMatchObject([{ "@id": 7 }, GLOBEX]);
    expect(JSON.parse(one.text)).toMatchObject([{ "@id": 7 }]);
    expect(told(none)).toEqual({ status: 200, type: "application/json", body: [] });
    expect(JSON.parse((await bridge.call("GET /partners?limit=1&rating=gold")).text)).toHaveLength(1);
  });

  it("takes a partner in any order, and hands every value on as it is", async () => {
    const sent =
      '{"contact":{"email":"a&b@x.example"},"active":false,"address":[{"city":"東京","street":null,"@kind":"\\"main\\" <1>"}],' +
      '"balance":0.10,"account":-98765432109876543210987654321098765432109,"remark":"","name":" two\\nlines\\t\\ud83d\\ude80 ]]> ","@id":9}';
    const reply = await bridge.call("POST /partners", sent);
    expect(reply.status, reply.text).toBe(201);
    expect(JSON.parse(reply.text)).toEqual({ ...JSON.parse(sent), account: expect.any(Number) });
    expect(reply.text).toContain('"account":-98765432109876543210987654321098765432109,');
    expect(reply.text).toMatch(/"balance":0\.10?,/);
  });

  it("calls operations with arrays in objects, and without any input", async () => {
    expect(told(await bridge.call("POST /tags", { tags: { string: ["a", "b"] } })).body).toEqual({ count: 2 });
    expect(told(await bridge.call("POST /tags", {})).body).toEqual({ count: 0 });
    expect(told(await bridge.call("GET /ping"))).toMatchObject({ status: 200, body: { version: "spyne" } });
  });

  it("turns a declared fault into a problem with its detail, and says nothing else of it", async () => {
    const reply = await bridge.call("GET /partners/9");
    expect(told(reply)).toEqual({
      status: 404,
      type: "application/problem+json",
      body: {
        type: "about:blank",
        title: "Not Found",
        status: 404,
        fault: { PartnerNotFound: { id: 9, hint: "ask for 7" } },
      },
    });
    expect(reply.rawHeaders.join("\n") + reply.text).not.toMatch(INTERNAL);
  });

  it.each([13, 14])("tells nothing of a fault that is not declared (%i)", async (id) => {
    const reply = await bridge.call(`GET /partners/${id}`);
    expect(told(reply)).toMatchObject({ status: 502, type: "application/problem+json", body: { status: 502 } });
    expect(reply.rawHeaders.join("\n") + reply.text).not.toMatch(INTERNAL);
  });
});
