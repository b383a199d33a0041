import { createServer } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { moduleBytes } from "../../compiler/cli/files.js";
import { EmbeddedServer } from "../../compiler/runtime/embedded/server.js";
import { envelopeModule, envelopePlan } from "../support/envelope/module.js";
import { request } from "../support/http.js";
import { startUpstream, type Upstream } from "../support/upstream.js";
import { serve } from "./support/serve.js";
import { portOf } from "./support/served-policy.js";
import { until } from "./support/until.js";

const policyOf = (crm: string, broken: string) => `apiVersion: sluice/v1
kind: Gateway
name: crm
listeners: { public: { address: 127.0.0.1:0 } }
services:
  crm: { endpoints: ["${crm}"] }
  broken: { endpoints: ["${broken}"] }
  gone: { endpoints: [127.0.0.1:1] }
policies:
  crm: { envelope: { service: /svc, operations: { GetPartner: "GET /partners/{id}", CreatePartner: POST /partners } } }
routes:
  - { name: gone, match: { path: /partners/**, headers: { x-to: gone } }, to: gone, apply: [crm] }
  - { name: broken, match: { path: /partners/**, headers: { x-to: broken } }, to: broken, timeout: 500ms, apply: [crm] }
  - { name: partners, match: { path: /partners/** }, to: crm, apply: [crm] }
  - { name: plain, match: { path: /plain }, to: crm }
`;

const logged: string[] = [];
const reports: string[] = [];
let upstream: Upstream;
let server: EmbeddedServer;
let envoy: Awaited<ReturnType<typeof serve>>;
const broken = createServer((socket) => {
  const begun = "HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n<GetPartner>{";
  socket.on("data", (text: Buffer) => (/x-late/.test(text.toString()) ? socket.write(begun) : socket.end(begun)));
  socket.on("error", () => {});
});

beforeAll(async () => {
  upstream = await startUpstream();
  await new Promise<void>((resolve) => broken.listen(0, "127.0.0.1", resolve));
  const plan = envelopePlan(policyOf(upstream.address, `127.0.0.1:${portOf(broken.address())}`));
  const body = await envelopeModule();
  server = await EmbeddedServer.start(
    { plan, environment: {} },
    {
      modules: { guard: await moduleBytes("guard.wasm"), body },
      onAccess: (line) => void logged.push(line),
      report: (line) => void reports.push(line),
    },
  );
  envoy = await serve(plan, { modules: { "body.wasm": body }, ownServices: true });
});

afterAll(async () => {
  await server.stop();
  await envoy.stop();
  await upstream.close();
  broken.close();
});

beforeEach(() => {
  upstream.clear();
  upstream.reply((one) => ({ body: one.body }));
});

const url = (engine: string, path: string) =>
  engine === "Envoy" ? envoy.url(path) : `http://127.0.0.1:${server.listeners()[0]?.port}${path}`;

describe.each(["Envoy", "the embedded server"])("on %s", (engine) => {
  it("a body in parts is put together, converted, and so is the answer", async () => {
    const body = Buffer.alloc(300_000, "x");
    const reply = await request(url(engine, "/partners?dry=1"), { method: "POST", body });
    expect([reply.status, reply.body.equals(body), reply.headers["content-type"]]).toEqual([
      200,
      true,
      "application/json",
    ]);
    const [heard] = upstream.received;
    expect([heard?.method, heard?.url, heard?.body.length]).toEqual(["POST", "/svc", body.length + 31]);
    expect(heard?.values("content-length")).toEqual([String(body.length + 31)]);
  });

  it("a request without a body gets one", async () => {
    const reply = await request(url(engine, "/partners/7"));
    expect([reply.status, reply.text]).toEqual([200, '{"path":"/partners/7"}']);
  });

  it("what does not fit is answered, and the connection stays good", async () => {
    const call = (body: string) => request(url(engine, "/partners"), { method: "POST", body });
    expect((await call("bad")).status).toBe(400);
    expect((await call("{1}")).text).toBe("{1}");
    expect(upstream.received.length).toBe(1);
  });

  it("an answer that is none gets 502, and so does one that breaks off; one that stops, 504", async () => {
    upstream.reply({ body: "<html>" });
    expect((await request(url(engine, "/partners/7"))).status).toBe(502);
    upstream.reply({ status: 204 });
    expect((await request(url(engine, "/partners/7"))).status).toBe(502);
    const broken = await request(url(engine, "/partners/7"), { headers: { "x-to": "broken" } });
    expect([broken.status, broken.text]).toEqual([
      502,
      "upstream connect error or disconnect/reset before headers. reset reason: protocol error",
    ]);
    const late = await request(url(engine, "/partners/7"), { headers: { "x-to": "broken", "x-late": "1" } });
    expect([late.status, late.text]).toEqual([504, "upstream request timeout"]);
  });

  it("a service that is not there gets the answer of the gateway", async () => {
    const reply = await request(url(engine, "/partners/7"), { headers: { "x-to": "gone" } });
    expect([reply.status, reply.headers["content-type"]]).toEqual([503, "text/plain"]);
  });

  it("other routes are as they are", async () => {
    expect((await request(url(engine, "/plain"), { method: "POST", body: "as it is" })).text).toBe("as it is");
  });
});

describe.each(["Envoy", "the embedded server"])("on %s", (engine) => {
  it("a module that traps lets nothing pass, and is replaced", async () => {
    const call = (body: string) => request(url(engine, "/partners"), { method: "POST", body });
    expect((await call("trap")).status).toBe(503);
    expect(upstream.received).toEqual([]);
    await until("a new VM", async () => (await call("{1}")).status === 200);
    expect(upstream.received.length).toBe(1);
    expect(reports.splice(0)).toEqual(
      engine === "Envoy" ? [] : [expect.stringMatching(/^body\.wasm failed: proxy_on_request_body: /)],
    );
  });
});

it("the embedded server's log has the operation and the decision, and nothing is reported", async () => {
  logged.length = 0;
  await request(url("", "/partners"), { method: "POST", body: "bad" });
  expect(logged.map((line) => JSON.parse(line))).toMatchObject([
    { status: 400, route: "partners", operation: "crm/CreatePartner", decision: "crm denied unfit" },
  ]);
  expect(reports).toEqual([]);
});
