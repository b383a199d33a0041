import { Agent } from "node:http";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { type RequestOptions, request } from "../support/http.js";
import { type ReceivedRequest, startUpstream, type Upstream } from "../support/upstream.js";
import { describeWithDocker } from "./daemon.js";
import { type EnvoyContainer, startCompiled } from "./envoy-container.js";

const keys = { ACME_KEY: "acme-key-of-two", GLOBEX_KEY: "globex-key-of-two" };
const acme = { "x-api-key": keys.ACME_KEY };
const globex = { "x-api-key": keys.GLOBEX_KEY };
/** What a client makes up, to pass for somebody else at either proxy. */
const forged = { "x-consumer": "root", "x-consumer-tier": "platinum", "x-consumer-groups": "admins" };

/** Knows tiers, hands the key on under `/orders`, and alone is in front of `legacy`. */
const edgePolicy = (sidecar: string, legacy: string) => `apiVersion: sluice/v1
kind: Gateway
name: edge
listeners: { public: { address: 127.0.0.1:0 } }
services: { sidecar: { endpoints: ["${sidecar}"] }, legacy: { endpoints: ["${legacy}"] } }
consumers:
  acme: { tier: gold, credentials: [{ apiKey: env:ACME_KEY }] }
  globex: { tier: free, credentials: [{ apiKey: env:GLOBEX_KEY }] }
policies:
  known: { authenticate: { anyOf: [{ apiKey: { header: x-api-key } }] } }
  handed-on: { authenticate: { anyOf: [{ apiKey: { header: x-api-key } }], forward: true } }
  by-tier: { rateLimit: { key: [auth.consumer], rate: { gold: 100/hour, default: 3/hour } } }
routes:
  - { name: orders, match: { path: /orders/** }, to: sidecar, apply: [handed-on, by-tier] }
  - { name: nameless, match: { path: /nameless/** }, to: sidecar, apply: [known] }
  - { name: networks, match: { path: /networks/** }, to: sidecar }
  - { name: legacy, match: { path: /legacy/** }, to: legacy, apply: [known] }
`;

/** Knows the same callers by groups of its own; `acme` has no tier here. */
const sidecarPolicy = (service: string) => `apiVersion: sluice/v1
kind: Gateway
name: orders
listeners: { inbound: { address: 127.0.0.1:0, trustedHops: 1 } }
services: { orders: { endpoints: ["${service}"] } }
consumers:
  acme: { groups: [buyers], credentials: [{ apiKey: env:ACME_KEY }] }
  globex: { groups: [sellers], credentials: [{ apiKey: env:GLOBEX_KEY }] }
policies:
  callers: { authenticate: { anyOf: [{ apiKey: { header: x-api-key } }] } }
  buyers: { authorize: { rules: [{ name: buyers, allow: '"buyers" in auth.groups' }] } }
  scarce: { rateLimit: { key: [auth.consumer], rate: 2/hour } }
  one-network: { authorize: { rules: [{ name: inside, allow: 'source.ip == "127.0.0.2"' }] } }
routes:
  - { name: orders, match: { path: /orders/** }, to: orders, apply: [callers, buyers] }
  - { name: scarce, match: { path: /orders/scarce }, to: orders, apply: [callers, scarce] }
  - { name: shared, match: { path: /orders/shared }, to: orders, apply: [callers] }
  - { name: nameless, match: { path: /nameless/** }, to: orders, apply: [callers] }
  - { name: networks, match: { path: /networks/** }, to: orders, apply: [one-network] }
`;

await describeWithDocker("two proxies in containers", () => {
  let edge: EnvoyContainer;
  let sidecar: EnvoyContainer;
  let service: Upstream;
  let legacy: Upstream;

  beforeAll(async () => {
    service = await startUpstream({ body: "orders" });
    legacy = await startUpstream({ body: "legacy" });
    sidecar = await startCompiled(sidecarPolicy(service.address), keys);
    edge = await startCompiled(edgePolicy(sidecar.address, legacy.address), keys);
  });
  afterAll(async () => {
    await edge?.stop();
    await sidecar?.stop();
    await Promise.all([service?.close(), legacy?.close()]);
  });
  beforeEach(() => {
    service.clear();
    legacy.clear();
  });

  /** Decisions of a request that both proxies see. */
  async function throughBoth(path: string, options: RequestOptions) {
    const outer = await edge.judged(() => sidecar.judged(() => request(edge.url(path), options)));
    return {
      status: outer.reply.reply.status,
      headers: outer.reply.reply.headers,
      edge: outer.decision.decision,
      sidecar: outer.reply.decision.decision,
    };
  }

  function identity(received: ReceivedRequest | undefined): Record<string, string[]> {
    const names = ["x-consumer", "x-consumer-tier", "x-consumer-groups", "x-api-key"];
    return Object.fromEntries(names.map((name) => [name, received?.values(name) ?? []]));
  }

  it("the service sees the caller as the proxy in front of it does, and no key", async () => {
    expect(await throughBoth("/orders/7", { headers: { ...acme, ...forged } })).toMatchObject({
      status: 200,
      edge: "handed-on allowed authenticated",
      sidecar: "buyers/buyers allowed rule",
    });
    expect(service.received.map(identity)).toEqual([
      { "x-consumer": ["acme"], "x-consumer-tier": [], "x-consumer-groups": ["buyers"], "x-api-key": [] },
    ]);
  });

  it("forged names do not leave the edge, and do not pass the sidecar by itself", async () => {
    await edge.judged(() => request(edge.url("/legacy/x"), { headers: { ...acme, ...forged } }));
    expect(legacy.received.map(identity)).toEqual([
      { "x-consumer": ["acme"], "x-consumer-tier": ["gold"], "x-consumer-groups": [], "x-api-key": [] },
    ]);
    const direct = await sidecar.judged(() => request(sidecar.url("/orders/7"), { headers: forged }));
    expect([direct.reply.status, direct.decision.decision]).toEqual([401, "callers denied no-credential"]);
    expect(service.received).toEqual([]);
  });

  it("what the edge denies does not reach the sidecar", async () => {
    const before = await requestsOf(sidecar);
    for (const headers of [{}, forged, { "x-api-key": "nobody" }, { ...acme, x_consumer: "root" }]) {
      const { reply } = await edge.judged(() => request(edge.url("/orders/7"), { headers }));
      expect(reply.status).toBe("x_consumer" in headers ? 400 : 401);
    }
    expect(await requestsOf(sidecar)).toBe(before);
  });

  it("each decides by its own file: the edge lets pass whom the sidecar refuses", async () => {
    expect(await throughBoth("/orders/7", { headers: globex })).toMatchObject({
      status: 403,
      edge: "handed-on allowed authenticated",
      sidecar: "buyers denied otherwise",
    });
    expect(service.received).toEqual([]);
  });

  it("a key that the edge keeps is not there for the sidecar, and the edge's names do not stand in for it", async () => {
    expect(await throughBoth("/nameless/x", { headers: acme })).toMatchObject({
      status: 401,
      edge: "known allowed authenticated",
      sidecar: "callers denied no-credential",
    });
  });

  it("the stricter limit binds, at whichever proxy it is", async () => {
    const scarce = { status: 429, edge: "handed-on allowed authenticated", sidecar: "scarce denied quota-exceeded" };
    const statuses: number[] = [];
    for (let n = 0; n < 2; n++) statuses.push((await throughBoth("/orders/scarce", { headers: acme })).status);
    expect(statuses).toEqual([200, 200]);
    const refused = await throughBoth("/orders/scarce", { headers: acme });
    expect(refused).toMatchObject(scarce);
    expect(Number(refused.headers["retry-after"])).toBeGreaterThan(0);

    // Three in all, of which another test may have spent one.
    let last = { status: 0, decision: "" };
    for (let n = 0; n < 4; n++) {
      const { reply, decision } = await edge.judged(() => request(edge.url("/orders/shared"), { headers: globex }));
      last = { status: reply.status, decision: decision.decision ?? "" };
    }
    expect(last).toEqual({ status: 429, decision: "by-tier denied quota-exceeded" });
  });

  it("the sidecar takes the client's address from the edge, not from the client", async () => {
    const inside = new Agent({ localAddress: "127.0.0.2" });
    try {
      expect(await throughBoth("/networks/x", { agent: inside })).toMatchObject({
        status: 200,
        sidecar: "one-network/inside allowed rule",
      });
    } finally {
      inside.destroy();
    }
    expect(await throughBoth("/networks/x", { headers: { "x-forwarded-for": "127.0.0.2" } })).toMatchObject({
      status: 403,
      sidecar: "one-network denied otherwise",
    });
  });
});

/** Requests that Envoy has seen on its listeners so far. */
async function requestsOf(envoy: EnvoyContainer): Promise<number> {
  const stats = await envoy.admin.stats("^http\\..*\\.downstream_rq_total$");
  return [...stats].reduce((sum, [name, value]) => (/^http\.(admin|async-client)\./.test(name) ? sum : sum + value), 0);
}
