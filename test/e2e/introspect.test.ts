import { once } from "node:events";
import { Agent } from "node:http";
import { connect, type Socket } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { standingOracle } from "../support/envoy.js";
import type { Reply } from "../support/http.js";
import { type ReceivedRequest, type ScriptedReply, startUpstream, type Upstream } from "../support/upstream.js";
import { gate } from "./support/behind.js";
import { type Gateway, serve, WORKER_COUNTS } from "./support/serve.js";
import { until } from "./support/until.js";

// Tokens that a service is asked about, on a real Envoy: how often it is asked, and what becomes of requests that wait for it.

const POLICY = `apiVersion: sluice/v1
kind: Gateway
name: opaque
listeners:
  public: { address: 127.0.0.1:8080 }
services:
  echo: { endpoints: [127.0.0.1:9001] }
  idp: { endpoints: [127.0.0.1:9002] }
policies:
  known:
    authenticate:
      anyOf: [{ introspect: { service: idp, path: /introspect, client: env:IDP_CLIENT, secret: env:IDP_SECRET, timeout: 10s, claimsToHeaders: { sub: x-user } } }]
  hasty:
    authenticate:
      anyOf: [{ introspect: { service: idp, path: /introspect, client: env:IDP_CLIENT, secret: env:IDP_SECRET, timeout: 200ms, cache: 0s, pending: 5 } }]
  rehearsed:
    mode: shadow
    authenticate:
      anyOf: [{ introspect: { service: idp, path: /introspect, client: env:IDP_CLIENT, secret: env:IDP_SECRET, timeout: 300ms } }]
routes:
  - { name: known, match: { path: /known/** }, to: echo, apply: [known] }
  - { name: hasty, match: { path: /hasty/** }, to: echo, apply: [hasty] }
  - { name: rehearsed, match: { path: /rehearsed/** }, to: echo, apply: [rehearsed] }
`;

const SECRET = "s3cr%t&/+ :ü of the gateway";
const env = { IDP_CLIENT: "gate:way", IDP_SECRET: SECRET };

const parametersOf = ({ body }: ReceivedRequest) => [...new URLSearchParams(body.toString())];
const tokenIn = (request: ReceivedRequest) => new URLSearchParams(request.body.toString()).get("token") ?? "";
const json = (value: unknown): ScriptedReply => ({
  headers: { "content-type": "application/json" },
  body: JSON.stringify(value),
});
/** Tokens that begin with `good` are active. */
const judge = (request: ReceivedRequest): ScriptedReply => {
  const token = tokenIn(request);
  return json(token.startsWith("good") ? { active: true, sub: token, scope: "a b" } : { active: false });
};

describe.each(WORKER_COUNTS)("with %i workers", (concurrency) => {
  let idp: Upstream;
  let gateway: Gateway;
  let count = 0;
  /** No two tests know of the same tokens. */
  const fresh = (kind = "good") => `${kind}-${concurrency}-${count++}`;

  beforeAll(async () => {
    idp = await startUpstream(judge);
    gateway = await serve(POLICY, { concurrency, env, ports: { idp: idp.port } });
  });
  afterAll(async () => {
    await gateway?.stop();
    await idp?.close();
  });
  beforeEach(() => {
    gateway.forget();
    idp.clear();
    idp.reply(judge);
  });

  const send = (path: string, token: string, agent?: Agent): Promise<Reply> =>
    gateway.send(path, { headers: { authorization: `Bearer ${token}` }, ...(agent === undefined ? {} : { agent }) });
  const waiting = async (policy = "known") =>
    (await gateway.envoy.admin.stats(`waiting\\.${policy}\\.requests$`)).get(
      `wasmcustom.sluice.waiting.${policy}.requests`,
    ) ?? 0;
  const toWait = (wanted: number, policy?: string) =>
    until(`${wanted} to wait`, async () => (await waiting(policy)) === wanted, 60_000);
  const held = () => {
    const { script, open } = gate();
    idp.reply(async (request) => {
      await script();
      return judge(request);
    });
    return open;
  };
  /** A request of which nobody reads the answer. */
  const begin = (path: string, token: string): Socket => {
    const socket = connect(gateway.port(), "127.0.0.1");
    socket.on("error", () => {});
    socket.write(`GET ${path} HTTP/1.1\r\nhost: shop.test\r\nauthorization: Bearer ${token}\r\n\r\n`);
    return socket;
  };
  const oracle = async () => {
    const standing = await standingOracle(gateway.envoy);
    return (tokens: readonly string[] = []) =>
      standing.check({
        goodRequest: (agent) => send("/known/x", "good-again", agent),
        secrets: [SECRET, encodeURIComponent(SECRET), Buffer.from(`gate:way:${SECRET}`).toString("base64"), ...tokens],
      });
  };

  it("asks once a worker for a thousand requests with one token, and tells all of them the same", async () => {
    const check = await oracle();
    const open = held();
    const token = fresh();
    const agent = new Agent({ keepAlive: true, maxSockets: 1000 });
    const calls = Array.from({ length: 1000 }, () =>
      gateway.send("/known/x", { headers: { authorization: `Bearer ${token}` }, agent, timeoutMs: 60_000 }),
    );
    await toWait(1000);
    expect(gateway.heard()).toEqual([]);
    expect(idp.received.length).toBeGreaterThan(0);
    expect(idp.received.length).toBeLessThanOrEqual(concurrency);
    open();
    expect(new Set((await Promise.all(calls)).map(({ status }) => status))).toEqual(new Set([200]));
    expect(await waiting()).toBe(0);
    // And not again for those that come later.
    for (let turn = 0; turn < 50; turn++) expect((await send("/known/x", token, agent)).status).toBe(200);
    expect(idp.received.length).toBeLessThanOrEqual(concurrency);
    expect(new Set(gateway.heard().flatMap((one) => one.values("x-user")))).toEqual(new Set([token]));
    expect(gateway.heard().flatMap((one) => one.values("authorization"))).toEqual([]);
    agent.destroy();
    await check([token]);
  });

  it("signs in as RFC 6749 says, and no token adds a parameter", async () => {
    const check = await oracle();
    const tokens = [
      "a&active=true",
      "a%26token=good",
      "a=b&token=good",
      "a+b",
      "a%0d%0ax:y",
      "a;b",
      "%",
      "%zz",
      "~!*'()",
      "&&&",
      '"\\',
    ];
    for (const token of tokens) {
      const before = idp.received.length;
      expect([token, (await send("/known/x", token)).status]).toEqual([token, 401]);
      expect(idp.received.slice(before).map(parametersOf)).toEqual([
        [
          ["token_type_hint", "access_token"],
          ["token", token],
        ],
      ]);
    }
    for (const token of ["a b", "a\tb", "\u00e9", "x".repeat(4097), "a,b", ""]) {
      const headers = [["authorization", `Bearer ${token}`]] as const;
      expect((await gateway.raw({ target: "/known/x", headers })).status).toBe(401);
    }
    for (const line of ["a\rb", "a\nb", "a\0b"]) {
      const reply = gateway.raw({ target: "/known/x", headers: [["authorization", `Bearer ${line}`]] });
      expect([400, 401]).toContain((await reply).status);
    }
    // Of a line break Envoy leaves nothing to be asked about.
    for (const more of idp.received.slice(tokens.length)) expect(tokenIn(more)).toMatch(/^ab?$/);
    const [asked] = idp.received;
    const [scheme, credentials = ""] = (asked?.values("authorization")[0] ?? "").split(" ");
    const [id, secret] = Buffer.from(credentials, "base64").toString().split(":");
    expect([scheme, id, secret].map((part) => new URLSearchParams(`x=${part}`).get("x"))).toEqual([
      "Basic",
      "gate:way",
      SECRET,
    ]);
    expect(asked).toMatchObject({ method: "POST", url: "/introspect" });
    expect(asked?.values("host")).toEqual(["idp"]);
    expect(asked?.values("content-type")).toEqual(["application/x-www-form-urlencoded"]);
    expect(asked?.values("accept")).toEqual(["application/json"]);
    expect(gateway.heard()).toEqual([]);
    await check();
  });

  it("remembers what is not active, too, and does not forget what is for all that", async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const [good, bad] = [fresh(), fresh("bad")];
    expect((await send("/known/x", good, agent)).status).toBe(200);
    for (let turn = 0; turn < 20; turn++) expect((await send("/known/x", bad, agent)).status).toBe(401);
    expect(idp.received.map(tokenIn)).toEqual([good, bad]);
    for (let turn = 0; turn < 3000; turn++) await send("/known/x", fresh("bad"), agent);
    idp.clear();
    expect((await send("/known/x", good, agent)).status).toBe(200);
    expect(idp.received).toEqual([]);
    agent.destroy();
  });

  it("does not believe what is no answer, and asks again", async () => {
    const check = await oracle();
    const good = { active: true, sub: "alice" };
    const answers: ScriptedReply[] = [
      { status: 500 },
      { status: 204 },
      { ...json(good), status: 201 },
      { ...json(good), status: 401 },
      { status: 302, headers: { location: "/elsewhere" } },
      {},
      { body: "active" },
      { body: "true" },
      { body: '[{"active":true}]' },
      { body: '{"active":true' },
      { body: '{"active":true}x' },
      { body: '{"active":false,"active":true}' },
      { body: '{"active":true,"sub":"a","sub":"b"}' },
      json({ active: "true" }),
      json({ active: 1 }),
      json({ active: null }),
      json({ sub: "alice" }),
      json({ ...good, exp: "tomorrow" }),
      json({ ...good, exp: -1 }),
      json({ ...good, aud: { a: 1 } }),
      json({ ...good, sub: 7 }),
      json({ ...good, more: "x".repeat(16_384) }),
      { body: `{"active":true,"a":${"[".repeat(40)}${"]".repeat(40)}}` },
      { body: Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]) },
    ];
    const token = fresh();
    for (const answer of answers) {
      idp.reply(answer);
      idp.clear();
      const reply = await send("/known/x", token);
      expect([answer, reply.status, reply.headers["retry-after"]]).toEqual([answer, 503, "1"]);
      expect(idp.received).toHaveLength(1);
    }
    expect(gateway.heard()).toEqual([]);
    idp.reply(judge);
    expect((await send("/known/x", token)).status).toBe(200);
    await check();
  });

  it("keeps everybody out while the service does not answer, and goes on when it does", async () => {
    const check = await oracle();
    const open = held();
    const slow = await Promise.all(Array.from({ length: 3 }, () => send("/hasty/x", fresh())));
    expect(slow.map(({ status }) => status)).toEqual([503, 503, 503]);
    open();
    const { port } = idp;
    await idp.close();
    expect((await send("/hasty/x", fresh())).status).toBe(503);
    idp = await startUpstream(judge, port);
    const token = fresh();
    await until("the service", async () => (await send("/hasty/x", token)).status === 200);
    expect(gateway.heard().length).toBe(1);
    expect(await waiting("hasty")).toBe(0);
    await check();
  });

  it("lets no more wait than it may", async () => {
    const open = held();
    const agent = new Agent({ keepAlive: true, maxSockets: 100 });
    const calls = Array.from({ length: 100 }, () => send("/hasty/x", fresh(), agent));
    const statuses = (await Promise.all(calls)).map(({ status }) => status);
    expect(new Set(statuses)).toEqual(new Set([503]));
    expect(idp.received.length).toBeLessThanOrEqual(5 * concurrency);
    open();
    expect(await waiting("hasty")).toBe(0);
    agent.destroy();
  });

  it("does not let a body pass before it is known who sends it", async () => {
    const open = held();
    const body = Buffer.alloc(200_000, "x");
    const good = gateway.send("/known/x", { method: "POST", headers: { authorization: `Bearer ${fresh()}` }, body });
    const bad = gateway.send("/known/x", {
      method: "POST",
      headers: { authorization: `Bearer ${fresh("bad")}` },
      body,
    });
    await toWait(2);
    expect(gateway.heard()).toEqual([]);
    const before = gateway.upstream("echo").connections();
    open();
    expect((await bad).status).toBe(401);
    expect((await good).status).toBe(200);
    expect(gateway.heard().map((one) => one.body.equals(body))).toEqual([true]);
    expect(gateway.upstream("echo").connections()).toBeLessThanOrEqual(before + 1);
  });

  it("lets pass in shadow whatever the service says, or does not", async () => {
    expect((await send("/rehearsed/x", fresh())).status).toBe(200);
    expect((await send("/rehearsed/x", fresh("bad"))).status).toBe(200);
    const open = held();
    expect((await send("/rehearsed/x", fresh())).status).toBe(200);
    open();
    idp.reply({ status: 500 });
    expect((await send("/rehearsed/x", fresh())).status).toBe(200);
    expect(gateway.heard()).toHaveLength(4);
  });

  it("leaves nothing behind of ten thousand clients that do not wait for the answer", {
    timeout: 300_000,
  }, async () => {
    const check = await oracle();
    const others = await active();
    for (let round = 0; round < 40; round++) {
      const open = held();
      const tokens = Array.from({ length: 10 }, () => fresh(round % 2 === 0 ? "good" : "bad"));
      const sockets = Array.from({ length: 250 }, (_, index) => begin("/known/x", tokens[index % tokens.length] ?? ""));
      await toWait(250);
      const closed = Promise.all(sockets.map((socket) => once(socket, "close")));
      for (const socket of sockets) socket.destroy();
      await closed;
      // In every other round the answers come while Envoy is still told of those who left.
      if (round % 4 < 2) await until("Envoy to know", async () => (await active()) <= others, 60_000);
      open();
      await toWait(0);
    }
    expect(gateway.heard().length).toBeLessThan(10_000);
    await check();
  });

  const active = async () =>
    [...(await gateway.envoy.admin.stats("^listener\\.127.*\\.downstream_cx_active$")).values()].reduce(
      (a, b) => a + b,
      0,
    );
});
