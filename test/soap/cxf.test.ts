import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CXF_USER, type SoapServer, START_TIMEOUT_MS, startCxf } from "./servers/servers.js";
import { type Bridge, type BridgeOptions, INTERNAL, keptWsdl, startBridge, told } from "./support/bridge.js";

let server: SoapServer;
beforeAll(async () => {
  server = await startCxf();
}, START_TIMEOUT_MS);
afterAll(() => server.stop());

const crm = {
  operations: {
    GetPartner: "GET /partners/{id}",
    ListPartners: "GET /partners",
    CreatePartner: { rest: "POST /partners", success: 201, bind: { body: "partner" } },
    DeletePartner: "DELETE /partners/{id}",
    NotifyPartner: "POST /partners/{id}/notes",
    Ping: "GET /ping",
  },
  faults: { PartnerNotFound: 404 },
};

/** A bridge for the tests of a `describe`. */
function bridgeTo(options: () => Promise<Omit<BridgeOptions, "port">>): () => Bridge {
  let bridge: Bridge;
  beforeAll(async () => {
    bridge = await startBridge({ ...(await options()), port: server.port });
  });
  afterAll(() => bridge.stop());
  return () => bridge;
}

const GLOBEX = {
  "@id": 8,
  name: "Globex",
  remark: "pays late",
  active: false,
  address: [],
  contact: { email: { $value: "ap@globex.example", "@verified": true } },
  subsidiary: [],
};

const PARTNER = {
  "@id": 7,
  "@revision": "r1",
  name: "Acme Ümläut 東京 🚀 & <Söhne>",
  remark: null,
  motto: "",
  rating: "gold",
  active: true,
  account: expect.any(Number),
  balance: expect.any(Number),
  score: "INF",
  since: "2001-02-28",
  seen: "2026-10-31T23:59:59.5+02:00",
  logo: "AAH+/w==",
  quarters: [1, 4],
  address: [{ "@kind": "main", street: "1 Long Street", city: "Zürich", country: "CH" }],
  contact: { phone: "+41 44 000 00 00" },
  subsidiary: [GLOBEX],
};

const NOT_FOUND = {
  status: 404,
  type: "application/problem+json",
  body: {
    type: "about:blank",
    title: "Not Found",
    status: 404,
    fault: { PartnerNotFound: { id: 9, hint: "ask for 7" } },
  },
};

describe.each(["/crm", "/crm12"])("CXF at %s, document/literal wrapped", (path) => {
  const bridge = bridgeTo(async () => ({ wsdl: await keptWsdl("cxf", path), soap: crm, workers: 2 }));

  it("gives a partner with all that XML can say, typed, and those that are in it", async () => {
    const reply = await bridge().call("GET /partners/7");
    expect(told(reply)).toEqual({ status: 200, type: "application/json", body: PARTNER });
    expect(reply.text).toContain('"account":1234567890123456789012345678901234567890,');
    expect(reply.text).toContain('"balance":1234567890123456789.0123456789,');
  });

  it("gives lists as arrays, of one and of none too", async () => {
    expect(JSON.parse((await bridge().call("GET /partners?rating=gold")).text)).toMatchObject([{ "@id": 7 }]);
    expect(told(await bridge().call("GET /partners?limit=0")).body).toEqual([]);
    expect(JSON.parse((await bridge().call("GET /partners?limit=300")).text)).toHaveLength(300);
  });

  it("takes a partner in any order, with others in it, and hands every value on as it is", async () => {
    const sent = {
      subsidiary: [
        {
          active: true,
          remark: null,
          name: "Inner",
          "@id": 10,
          subsidiary: [{ "@id": 11, name: "Innermost", remark: "x", active: false }],
        },
      ],
      contact: { email: { "@verified": false, $value: "a&b@x.example" } },
      quarters: [3, 1, 2],
      logo: "/+4=",
      seen: "2026-02-28T00:00:00Z",
      score: 1.5e-3,
      address: [
        { "@kind": 'a "main" one', street: null, city: "東京" },
        { city: "Bern", street: "", "@kind": "<second>" },
      ],
      active: true,
      rating: "bronze",
      remark: "]]> & <more>",
      name: "línea\ntab\t🚀",
      "@id": 123456789,
    };
    const reply = await bridge().call("POST /partners", sent);
    expect(reply.status, reply.text).toBe(201);
    expect(JSON.parse(reply.text)).toEqual({
      ...sent,
      subsidiary: [
        {
          ...sent.subsidiary[0],
          address: [],
          subsidiary: [{ "@id": 11, name: "Innermost", remark: "x", active: false, address: [], subsidiary: [] }],
        },
      ],
    });
  });

  it("turns a declared fault into a problem with its detail, stack trace beside it or not", async () => {
    const reply = await bridge().call("GET /partners/9");
    expect(told(reply)).toEqual(NOT_FOUND);
    expect(reply.rawHeaders.join("\n") + reply.text).not.toMatch(INTERNAL);
    expect((await bridge().call("DELETE /partners/8")).status).toBe(404);
  });

  it("tells nothing of a fault that is not declared", async () => {
    const reply = await bridge().call("GET /partners/13");
    expect(told(reply)).toMatchObject({ status: 502, type: "application/problem+json", body: { status: 502 } });
    expect(reply.rawHeaders.join("\n") + reply.text).not.toMatch(INTERNAL);
  });

  it("answers where there is nothing to say, and accepts what is never answered", async () => {
    expect(told(await bridge().call("DELETE /partners/7"))).toEqual({
      status: 200,
      type: "application/json",
      body: {},
    });
    expect((await bridge().call("POST /partners/7/notes")).status).toBe(202);
    expect(told(await bridge().call("GET /ping")).body).toBe("cxf");
  });

  it("gets requests that are under way at once, and none has anything of another", async () => {
    const partners = Array.from({ length: 120 }, (_, index) => ({
      "@id": index,
      name: `${"n".repeat(index * 97)} ${index}`,
      remark: index % 2 === 0 ? null : `remark ${index}`,
      active: index % 3 === 0,
    }));
    const replies = await Promise.all(partners.map((partner) => bridge().call("POST /partners", partner)));
    expect(replies.map(({ status, text }) => [status, JSON.parse(text)])).toEqual(
      partners.map((partner) => [201, { ...partner, address: [], subsidiary: [] }]),
    );
  });

  it("is asked once for each request that fits, and never for one that does not", async () => {
    expect(await bridge().asked(() => bridge().call("GET /partners/7"))).toBe(1);
    for (const [line, body] of [
      ["GET /partners/seven", undefined],
      ["GET /partners?rating=platinum", undefined],
      ["POST /partners", { "@id": 1, name: "x" }],
      ["POST /partners", '{"@id":1,"name":"x","name":"y","remark":null,"active":true}'],
    ] as const)
      expect(await bridge().asked(async () => expect((await bridge().call(line, body)).status, line).toBe(400))).toBe(
        0,
      );
  });
});

describe("CXF at /directory, rpc/literal", () => {
  const bridge = bridgeTo(async () => ({
    wsdl: await keptWsdl("cxf", "/directory"),
    soap: { operations: { FindAddress: "GET /addresses/{name}", Add: "POST /sums" } },
  }));

  it("gets parts in their order, and its answer has a wrapper that is not in the WSDL", async () => {
    const reply = await bridge().call("GET /addresses/Bern?rating=silver");
    expect(told(reply)).toEqual({
      status: 200,
      type: "application/json",
      body: { "@kind": "SILVER", street: null, city: "Bern" },
    });
    expect(told(await bridge().call("POST /sums", { b: -5, a: 2147483647 })).body).toBe(2147483642);
    expect((await bridge().call("POST /sums", { a: 2147483648, b: 1 })).status).toBe(400);
  });
});

describe("CXF at /notes, document/literal bare", () => {
  const bridge = bridgeTo(async () => ({
    wsdl: await keptWsdl("cxf", "/notes"),
    soap: { operations: { AddNote: "POST /notes", CountNotes: "POST /counts" } },
  }));

  it("gets objects and single values as they are", async () => {
    expect(told(await bridge().call("POST /notes", { text: "hello", "@by": "me" })).body).toEqual({
      "@by": "me",
      text: "hello",
    });
    expect(told(await bridge().call("POST /counts", '"abc"')).body).toBe(3);
  });
});

describe("CXF at /addressed, which wants WS-Addressing", () => {
  const bridge = bridgeTo(async () => ({ wsdl: await keptWsdl("cxf", "/addressed"), soap: crm }));

  it("is told what is asked, by whom each message is, and is answered on the same connection", async () => {
    expect(told(await bridge().call("GET /ping"))).toMatchObject({ status: 200, body: "cxf" });
    expect(told(await bridge().call("GET /partners/9"))).toEqual(NOT_FOUND);
    for (let n = 0; n < 3; n++) expect((await bridge().call("GET /partners/7")).status).toBe(200);
  });
});

describe.each([
  { path: "/secured/text", digest: false },
  { path: "/secured/digest", digest: true },
])("CXF at $path, which wants a user and a time stamp", ({ path, digest }) => {
  const secured = (user: string, password: string, secrets: Record<string, string>) => async () => ({
    wsdl: await keptWsdl("cxf", "/crm"),
    soap: { ...crm, path, security: { usernameToken: { user, password, digest }, timestamp: "5m" } },
    env: secrets,
  });
  const right = bridgeTo(
    secured("env:CRM_USER", "env:CRM_PASSWORD", { CRM_USER: CXF_USER.user, CRM_PASSWORD: CXF_USER.password }),
  );
  const wrong = bridgeTo(
    secured("env:CRM_USER", "env:CRM_PASSWORD", { CRM_USER: CXF_USER.user, CRM_PASSWORD: "none of it" }),
  );

  it("lets requests in, one after another", async () => {
    for (let n = 0; n < 5; n++) expect(told(await right().call("GET /ping")).body).toBe("cxf");
    expect((await right().call("POST /partners", { "@id": 1, name: "x", remark: null, active: true })).status).toBe(
      201,
    );
  });

  it("refuses another password, and clients learn nothing of it", async () => {
    const reply = await wrong().call("GET /ping");
    expect(told(reply)).toMatchObject({ status: 502, type: "application/problem+json" });
    expect(reply.text).not.toMatch(/security|wss4j|password|none of it/i);
  });
});

describe("CXF at /lenient, whose faults have the status 200", () => {
  const bridge = bridgeTo(async () => ({ wsdl: await keptWsdl("cxf", "/crm"), soap: { ...crm, path: "/lenient" } }));

  it("has its faults told as those of others", async () => {
    expect(told(await bridge().call("GET /partners/9"))).toEqual(NOT_FOUND);
    expect((await bridge().call("GET /partners/13")).status).toBe(502);
    expect((await bridge().call("GET /partners/7")).status).toBe(200);
  });
});
