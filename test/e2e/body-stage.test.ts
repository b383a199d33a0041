import { connect } from "node:http2";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { envelopeModule, envelopePlan } from "../support/envelope/module.js";
import { type Gateway, serve } from "./support/serve.js";

const policy = `apiVersion: sluice/v1
kind: Gateway
name: crm
listeners:
  public: { address: 127.0.0.1:8080 }
  second: { address: 127.0.0.1:8081, protocols: [http2] }
services:
  crm: { endpoints: [127.0.0.1:9001] }
  other: { endpoints: [127.0.0.1:9002] }
consumers:
  acme: { credentials: [{ apiKey: env:ACME_KEY }] }
policies:
  known: { authenticate: { anyOf: [{ apiKey: { header: x-api-key } }] } }
  crm:
    envelope:
      service: '/svc%20?a=\\1'
      headers: { soapaction: '"urn:get"' }
      bufferBytes: 16777216
      operations: { GetPartner: "GET /partners/{id}", CreatePartner: POST /partners, Merge: "POST /partners/{id}/merge" }
routes:
  - name: partners
    match: { path: /partners/** }
    to: crm
    apply: [known, crm]
    retry: { attempts: 2, on: [5xx] }
  - { name: beta, match: { path: /partners/**, headers: { x-beta: "1" } }, to: other, apply: [known, crm] }
  - { name: plain, match: { path: /plain/** }, to: other }
`;

let gateway: Gateway;
let key: Record<string, string>;

beforeAll(async () => {
  gateway = await serve(envelopePlan(policy), { modules: { "body.wasm": await envelopeModule() } });
  key = { "x-api-key": gateway.env.ACME_KEY ?? "" };
});

afterAll(() => gateway.stop());

beforeEach(() => {
  gateway.forget();
  gateway.upstream("crm").reply((request) => ({
    headers: { "content-type": "text/xml" },
    body: request.body.toString().replace(/>.*</s, '>{"ok":true}<'),
  }));
});

function heardOnce() {
  const [request, ...others] = gateway.heard();
  if (request === undefined || others.length > 0) throw new Error(`${others.length + 1} requests were heard`);
  return request;
}

const JSON_TYPE = "application/problem+json";

describe("a request for an operation", () => {
  it("reaches the service with its path, method, headers and length, and nothing of how that came", async () => {
    const headers = { ...key, "accept-encoding": "gzip", "content-type": "application/json" };
    const body = '{"name":"Ada"}';
    const reply = await gateway.send("/partners?dry=1", { method: "POST", headers, body });
    expect([reply.status, reply.text]).toEqual([200, '{"ok":true}']);
    expect(reply.headers["content-type"]).toBe("application/json");
    expect(reply.headers["content-length"]).toBe("11");
    const heard = heardOnce();
    expect([heard.method, heard.url]).toEqual(["POST", "/svc%20?a=\\1"]);
    expect(heard.body.toString()).toBe(`<CreatePartner>${body}</CreatePartner>`);
    expect(heard.values("content-length")).toEqual([String(heard.body.length)]);
    expect(heard.values("content-type")).toEqual(["text/xml"]);
    expect(heard.values("soapaction")).toEqual(['"urn:get"']);
    expect(heard.values("x-consumer")).toEqual(["acme"]);
    for (const gone of ["x-sluice-pin", "accept-encoding", "x-api-key", "transfer-encoding"])
      expect(heard.values(gone), gone).toEqual([]);
  });

  it("without a body becomes a POST with one, whose path no longer has the query", async () => {
    const reply = await gateway.send("/partners/7?full=1", { headers: key });
    expect([reply.status, reply.text]).toEqual([200, '{"ok":true}']);
    const heard = heardOnce();
    expect([heard.method, heard.url]).toEqual(["POST", "/svc%20?a=\\1"]);
    expect(heard.body.toString()).toBe('<GetPartner>{"path":"/partners/7?full=1"}</GetPartner>');
    expect(heard.values("x-envoy-original-path")).toEqual(["/partners/7"]);
    expect(heard.values("content-length")).toEqual([String(heard.body.length)]);
    expect(heard.values("transfer-encoding")).toEqual([]);
  });

  it("is answered by the module where it does not fit, and no service hears of it", async () => {
    const call = () => gateway.send("/partners", { method: "POST", headers: key, body: "bad" });
    const { reply, decision } = await gateway.judged(call);
    expect([reply.status, reply.headers["content-type"]]).toEqual([400, JSON_TYPE]);
    expect(decision).toMatchObject({ decision: "crm denied unfit", operation: "crm/CreatePartner", route: "partners" });
    expect(gateway.heard()).toEqual([]);
    expect((await gateway.send("/partners", { method: "POST", headers: key })).status).toBe(400);
  });

  it("is refused by the guard before the body is looked at", async () => {
    const { reply, decision } = await gateway.judged(() => gateway.send("/partners/7"));
    expect([reply.status, decision.decision]).toEqual([401, "known denied no-credential"]);
    expect(reply.headers["www-authenticate"]).toBeDefined();
    expect((await gateway.send("/partners", { method: "POST", body: "bad" })).status).toBe(401);
    expect(gateway.heard()).toEqual([]);
  });

  it("is asked again as it was converted", async () => {
    let tries = 0;
    gateway.upstream("crm").reply((request) => {
      tries += 1;
      if (tries < 3) return { status: 503 };
      return { body: request.body.toString().replace(/>.*</s, ">{}<") };
    });
    const reply = await gateway.send("/partners", { method: "POST", headers: key, body: "{1}" });
    expect([reply.status, reply.text]).toEqual([200, "{}"]);
    const heard = gateway.heard();
    expect(heard.map((one) => [one.url, one.body.toString()])).toEqual(
      heard.map(() => ["/svc%20?a=\\1", "<CreatePartner>{1}</CreatePartner>"]),
    );
    expect(heard.length).toBe(3);
  });

  it("keeps to the route that took it, among several with the operation", async () => {
    gateway.upstream("other").reply({ body: "<GetPartner>{}</GetPartner>" });
    const call = () => gateway.send("/partners/7", { headers: { ...key, "x-beta": "1" } });
    const { reply, decision } = await gateway.judged(call);
    expect([reply.status, decision.route, decision.operation]).toEqual([200, "beta", "crm/GetPartner"]);
    expect(gateway.upstream("other").received.length).toBe(1);
    expect(gateway.upstream("crm").received.length).toBe(0);
  });

  it("is converted over HTTP/2 too, also with bodies beyond a window and up to the limit", async () => {
    const body = "x".repeat(3_000_000);
    const { status, text } = await overHttp2({ ":path": "/partners", ":method": "POST", ...key }, body);
    expect([status, text]).toEqual(["200", '{"ok":true}']);
    expect(heardOnce().body.length).toBe(body.length + "<CreatePartner></CreatePartner>".length);
    gateway.forget();
    const got = await overHttp2({ ":path": "/partners/7", ":method": "GET", ...key });
    expect([got.status, got.text]).toEqual(["200", '{"ok":true}']);
    expect(heardOnce().method).toBe("POST");
  });

  it.each([1_000_000, 3_000_000, 4_000_000])(
    "with a body of %i bytes, and an answer as long, is held whole",
    async (size) => {
      gateway.upstream("crm").reply((request) => ({ body: request.body }));
      const body = "x".repeat(size);
      const reply = await gateway.send("/partners", { method: "POST", headers: key, body });
      expect([reply.status, reply.text.length]).toEqual([200, size]);
      const { status, text } = await overHttp2({ ":path": "/partners", ":method": "POST", ...key }, body);
      expect([status, text.length]).toEqual(["200", size]);
    },
  );
});

it("a request may grow by its conversion, up to what is held for retries", async () => {
  const body = "x".repeat(4_000_000);
  const answered = await gateway.send("/partners/7/merge", { method: "POST", headers: key, body });
  expect([answered.status, heardOnce().body.length]).toEqual([200, 4 * body.length + "<Merge></Merge>".length]);
});

describe("an answer", () => {
  it("that is none of the service's gets 502, and one in a fault its own status", async () => {
    gateway.upstream("crm").reply({ status: 200, body: "<html>" });
    const { reply, decision } = await gateway.judged(() => gateway.send("/partners/7", { headers: key }));
    expect([reply.status, reply.headers["content-type"], decision.decision]).toEqual([
      502,
      JSON_TYPE,
      "crm denied answer",
    ]);
    gateway.upstream("crm").reply({ status: 204 });
    expect((await gateway.send("/partners/7", { headers: key })).status).toBe(502);
    gateway.upstream("crm").reply({ status: 500, body: '<Fault>{"name":"Missing"}</Fault>' });
    const fault = await gateway.send("/partners/7", { headers: key });
    expect([fault.status, fault.text]).toEqual([404, '{"name":"Missing"}']);
  });
});

describe("what is no operation", () => {
  it("gets 404 behind the guard, or 405 with the methods there are", async () => {
    const unknown = await gateway.judged(() => gateway.send("/partners/7/nothing", { headers: key }));
    expect([unknown.reply.status, unknown.reply.headers["content-type"]]).toEqual([404, JSON_TYPE]);
    expect([unknown.decision.route, unknown.decision.operation]).toEqual(["partners", null]);
    expect((await gateway.send("/partners/7/nothing")).status).toBe(401);
    const other = await gateway.send("/partners/7", { method: "DELETE", headers: key });
    expect([other.status, other.headers.allow]).toEqual([405, "GET"]);
    expect(gateway.heard()).toEqual([]);
  });

  it("goes past the body stage: plain routes, and clients who forge a pin", async () => {
    gateway.upstream("other").reply({ body: "as it is" });
    const plain = await gateway.judged(() => gateway.send("/plain/x?y=1", { method: "PUT", body: "{}" }));
    expect([plain.reply.text, plain.decision.operation]).toEqual(["as it is", null]);
    const headers = { "x-sluice-pin": "crm/GetPartner" };
    expect((await gateway.send("/partners/7", { headers })).status).toBe(401);
    expect((await gateway.send("/partners/7", { method: "DELETE", headers: { ...headers, ...key } })).status).toBe(405);
    await gateway.send("/plain/x", { headers });
    expect(gateway.upstream("other").received.at(-1)?.values("x-sluice-pin")).toEqual([]);
    expect(gateway.upstream("crm").received).toEqual([]);
  });
});

function overHttp2(headers: Record<string, string>, body?: string): Promise<{ status: string; text: string }> {
  const session = connect(`http://127.0.0.1:${gateway.port("second")}`);
  return new Promise<{ status: string; text: string }>((resolve, reject) => {
    const stream = session.request(headers, { endStream: body === undefined });
    let status = "";
    const parts: Buffer[] = [];
    stream.on("response", (answer) => {
      status = String(answer[":status"]);
    });
    stream.on("data", (part: Buffer) => parts.push(part));
    stream.on("end", () => resolve({ status, text: Buffer.concat(parts).toString() }));
    stream.on("error", reject);
    session.on("error", reject);
    if (body !== undefined) stream.end(body);
  }).finally(() => session.close());
}
