import { type ClientHttp2Session, connect, constants } from "node:http2";
import { describe, expect, it } from "vitest";
import { standingOracle } from "../support/envoy.js";
import { openRaw, request } from "../support/http.js";
import { inOneTurn } from "../support/turn.js";
import { type ReceivedRequest, startUpstream } from "../support/upstream.js";
import { gate } from "./support/behind.js";
import { clean } from "./support/clean.js";
import { edited } from "./support/edit.js";
import { type Gateway, serve } from "./support/serve.js";
import { until } from "./support/until.js";

// Streams that wait beside each other on one connection, and questions that Envoy answers itself, at once.

const policy = (idp = "", mode = "") => `apiVersion: sluice/v1
kind: Gateway
name: opaque
listeners:
  public: { address: 127.0.0.1:8080 }
services:
  echo: { endpoints: [127.0.0.1:9001] }
  idp: { endpoints: [127.0.0.1:9002]${idp} }
policies:
  known:
    ${mode}
    authenticate:
      anyOf: [{ introspect: { service: idp, path: /introspect, client: env:IDP_CLIENT, secret: env:IDP_SECRET, timeout: 10s } }]
routes:
  - { name: known, match: { path: /** }, to: echo, apply: [known] }
`;

const tokenIn = ({ body }: ReceivedRequest) => new URLSearchParams(body.toString()).get("token") ?? "";
const judge = (asked: ReceivedRequest) => ({
  headers: { "content-type": "application/json" },
  body: JSON.stringify({ active: tokenIn(asked).startsWith("good") }),
});

async function behindIdp(
  text = policy(),
): Promise<{ gateway: Gateway; idp: Awaited<ReturnType<typeof startUpstream>>; open: () => void }> {
  const { script, open } = gate();
  const idp = await startUpstream(async (asked) => {
    await script();
    return judge(asked);
  });
  clean.push(() => idp.close());
  const gateway = await serve(text, { ports: { idp: idp.port } });
  clean.push(() => gateway.stop());
  return { gateway, idp, open };
}

const waiting = async ({ envoy }: Gateway) =>
  (await envoy.admin.stats("waiting\\.known\\.requests$")).get("wasmcustom.sluice.waiting.known.requests") ?? 0;
const toWait = (gateway: Gateway, wanted: number) =>
  until(`${wanted} to wait`, async () => (await waiting(gateway)) === wanted);

/** The status, or what became of the stream. */
function ask(session: ClientHttp2Session, token: string, more: Record<string, string> = {}) {
  const stream = session.request({ ":path": "/x", authorization: `Bearer ${token}`, ...more });
  const answered = new Promise<string>((resolve) => {
    stream.once("response", (headers) => resolve([headers[":status"], headers["grpc-status"]].join(" ").trim()));
    stream.once("error", () => resolve("reset"));
    stream.once("close", () => resolve("closed"));
    stream.resume();
  });
  return { stream, answered };
}

describe("streams of one connection", () => {
  it("go on, are refused, or have been given up, each by itself", async () => {
    const { gateway, open } = await behindIdp();
    const oracle = await standingOracle(gateway.envoy);
    const session = connect(gateway.url(""));
    clean.push(() => session.destroy());
    const all = Array.from({ length: 90 }, (_, index) => ask(session, ["good-1", "bad-1", "good-2"][index % 3] ?? ""));
    const call = { ":method": "POST", "content-type": "application/grpc", te: "trailers" };
    const grpc = ask(session, "bad-1", call);
    await toWait(gateway, 91);
    for (const { stream } of all.slice(60)) stream.close(constants.NGHTTP2_CANCEL);
    open();
    const statuses = await Promise.all(all.map(({ answered }) => answered));
    expect(statuses.slice(0, 60)).toEqual(Array.from({ length: 60 }, (_, index) => (index % 3 === 1 ? "401" : "200")));
    expect(await grpc.answered).toBe("200 16");
    expect(await waiting(gateway)).toBe(0);
    const headers = { authorization: "Bearer good-1" };
    await oracle.check({ goodRequest: (agent) => request(gateway.url("/x"), { agent, headers }) });
  });

  it("are all gone with it", async () => {
    const { gateway, open } = await behindIdp();
    const oracle = await standingOracle(gateway.envoy);
    for (let round = 0; round < 10; round++) {
      const session = connect(gateway.url(""));
      session.on("error", () => {});
      for (let index = 0; index < 90; index++) ask(session, `good-${round}`);
      await toWait(gateway, 90 * (round + 1));
      session.destroy();
    }
    open();
    await toWait(gateway, 0);
    const headers = { authorization: "Bearer good" };
    await oracle.check({ goodRequest: (agent) => request(gateway.url("/x"), { agent, headers }) });
  });
});

// Envoy answers them one inside the other where the end of a request calls the module: all at once were more than the stack of a VM holds.
describe("thousands that wait for one answer", () => {
  const more = `
  traced:
    tracing: { sample: 100%, export: { otlp: { service: echo } } }
  flights:
    rateLimit: { key: [source.ip], inFlight: 100000 }
routes:`;
  const crowded = policy()
    .replace("timeout: 10s", "timeout: 50s, pending: 4096")
    .replace("\nroutes:", more)
    .replace("[known] }\n", "[known, traced, flights] }\n");

  it.each(["good", "bad"])("are told it, when the token is %s", async (token) => {
    const { gateway, idp, open } = await behindIdp(crowded);
    const oracle = await standingOracle(gateway.envoy);
    const statuses = Array.from({ length: 40 }, () => {
      const session = connect(gateway.url(""));
      clean.push(() => session.destroy());
      return Array.from({ length: 100 }, () => ask(session, token).answered);
    });
    await toWait(gateway, 4000);
    expect(idp.received).toHaveLength(1);
    open();
    expect(new Set(await Promise.all(statuses.flat()))).toEqual(new Set([token === "good" ? "200" : "401"]));
    expect([idp.received.length, await waiting(gateway)]).toEqual([1, 0]);
    const headers = { authorization: "Bearer good" };
    await oracle.check({ goodRequest: (agent) => request(gateway.url("/x"), { agent, headers }) });
  });
});

// Envoy knows streams until the turn of its worker ends in which they are given up, and crashes if they are answered then.
describe("clients that leave in the turn in which the answer comes", () => {
  const standing = async () => {
    const { gateway, idp, open } = await behindIdp();
    const oracle = await standingOracle(gateway.envoy);
    const judged = async () => {
      await toWait(gateway, 0);
      const headers = { authorization: "Bearer good" };
      await oracle.check({ goodRequest: (agent) => request(gateway.url("/x"), { agent, headers }) });
    };
    return { gateway, idp, open, judged };
  };

  it("by streams of HTTP/2, are not answered, and the others are", async () => {
    const { gateway, open, judged } = await standing();
    const session = connect(gateway.url(""));
    clean.push(() => session.destroy());
    const all = Array.from({ length: 60 }, (_, index) => ask(session, ["good", "bad"][index % 2] ?? ""));
    await toWait(gateway, 60);
    await inOneTurn(gateway.envoy, async () => {
      for (const { stream } of all.slice(20)) stream.close(constants.NGHTTP2_CANCEL);
      await Promise.all(all.slice(20).map(({ answered }) => answered));
      open();
    });
    const statuses = await Promise.all(all.slice(0, 20).map(({ answered }) => answered));
    expect(statuses).toEqual(Array.from({ length: 20 }, (_, index) => (index % 2 === 1 ? "401" : "200")));
    await judged();
  });

  it("with their connections, of both versions, are not answered", async () => {
    const { gateway, open, judged } = await standing();
    const session = connect(gateway.url(""));
    for (const token of ["good", "bad"]) for (let index = 0; index < 20; index++) ask(session, token);
    const head = (token: string) => `GET /x HTTP/1.1\r\nhost: a\r\nauthorization: Bearer ${token}\r\n\r\n`;
    const plain = await Promise.all(Array.from({ length: 20 }, () => openRaw({ port: gateway.port() })));
    plain.forEach((connection, index) => void connection.send(head(index % 2 === 0 ? "good" : "bad")));
    await toWait(gateway, 60);
    await inOneTurn(gateway.envoy, () => {
      session.destroy();
      for (const connection of plain) connection.close();
      open();
    });
    await judged();
  });
});

describe("requests that Envoy answered while they waited", () => {
  it.each(["good", "bad"])("are left alone by the answer, when the token is %s", async (token) => {
    const { gateway, open } = await behindIdp(policy().replace("apply: [known]", "idleTimeout: 1s, apply: [known]"));
    const oracle = await standingOracle(gateway.envoy);
    // Bodies are never sent, and answers are never read: Envoy still has the streams that it has answered.
    const session = connect(gateway.url(""), { settings: { initialWindowSize: 0 } });
    clean.push(() => session.destroy());
    const answers = Array.from({ length: 20 }, (_, index) => {
      const more = { ":method": "POST", ":path": "/x", authorization: `Bearer ${token}` };
      const stream = session.request(more, { endStream: index % 2 === 0 });
      stream.on("error", () => {});
      return new Promise<string>((resolve) => stream.once("response", (headers) => resolve(`${headers[":status"]}`)));
    });
    const plain = await Promise.all(Array.from({ length: 10 }, () => openRaw({ port: gateway.port() })));
    for (const [index, connection] of plain.entries()) {
      const head = `POST /x HTTP/1.1\r\nhost: a\r\nauthorization: Bearer ${token}\r\n`;
      connection.send(`${head}content-length: ${index % 2 === 0 ? 0 : 5}\r\n\r\n`);
    }
    await toWait(gateway, 30);
    expect(new Set(await Promise.all(answers))).toEqual(new Set(["504", "408"]));
    for (const connection of plain) expect([408, 504]).toContain((await connection.response("POST")).status);
    open();
    await toWait(gateway, 0);
    expect(gateway.heard()).toEqual([]);
    const headers = { authorization: "Bearer good" };
    await oracle.check({ goodRequest: (agent) => request(gateway.url("/x"), { agent, headers }) });
    for (const connection of plain) connection.close();
  });
});

/** Envoy answers the call itself, while the module still makes it. */
const withoutHosts = edited((document) => {
  const empty = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(empty);
    if (typeof value !== "object" || value === null) return value;
    const entries = Object.entries(value).map(([key, inner]) => [key, key === "lb_endpoints" ? [] : empty(inner)]);
    return Object.fromEntries(entries);
  };
  const { clusters = [] } = document.static_resources;
  document.static_resources.clusters = clusters.map((cluster) =>
    JSON.stringify(cluster).includes('"name":"idp"') ? empty(cluster) : cluster,
  );
});

describe("a question that cannot be asked", () => {
  const post = (gateway: Gateway, body: Buffer) =>
    gateway.send("/x", { method: "POST", headers: { authorization: "Bearer good" }, body });

  it("as nobody is there, lets nobody in", async () => {
    const gateway = await serve(policy(), { edit: withoutHosts });
    clean.push(() => gateway.stop());
    for (let turn = 0; turn < 20; turn++) expect((await post(gateway, Buffer.alloc(1000, "x"))).status).toBe(503);
    expect(gateway.heard()).toEqual([]);
    expect(await waiting(gateway)).toBe(0);
    expect(gateway.envoy.logText()).not.toMatch(/Uncaught|abort:|Unable to/);
  });

  it("as nobody is there, holds up nobody in shadow, and the service gets one request", async () => {
    const gateway = await serve(policy("", "mode: shadow"), { edit: withoutHosts });
    clean.push(() => gateway.stop());
    const oracle = await standingOracle(gateway.envoy);
    const body = Buffer.alloc(100_000, "y");
    for (let turn = 0; turn < 20; turn++) expect((await post(gateway, body)).status).toBe(200);
    expect(gateway.heard().map((one) => one.body.equals(body))).toEqual(Array.from({ length: 20 }, () => true));
    await oracle.check({ goodRequest: (agent) => request(gateway.url("/x"), { agent }) });
  });

  it("as too many are asked, is answered 503 and leaves those that are asked alone", async () => {
    const { gateway, idp, open } = await behindIdp(policy(", circuitBreakers: { requests: 1 }"));
    const oracle = await standingOracle(gateway.envoy);
    const first = gateway.send("/x", { headers: { authorization: "Bearer good-1" } });
    await until("the question", () => idp.received.length === 1);
    const more = Array.from({ length: 20 }, (_, index) =>
      gateway.send("/x", { headers: { authorization: `Bearer good-2-${index}` } }),
    );
    const statuses = (await Promise.race([Promise.all(more.slice(5)), first.then(() => [])])).map(
      ({ status }) => status,
    );
    expect(new Set(statuses)).toEqual(new Set([503]));
    open();
    expect((await first).status).toBe(200);
    await Promise.all(more);
    expect(await waiting(gateway)).toBe(0);
    const headers = { authorization: "Bearer good-1" };
    await oracle.check({ goodRequest: (agent) => request(gateway.url("/x"), { agent, headers }) });
  });
});
