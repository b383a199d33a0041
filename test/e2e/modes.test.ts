import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { explainRequest } from "../../compiler/request/explain.js";
import { type Gateway, serve, WORKER_COUNTS } from "./support/serve.js";

// `mode`, `when` and `onError`, as a real Envoy carries them out and as explain tells it.

const POLICY = `apiVersion: sluice/v1
kind: Gateway
name: modes
listeners:
  public: { address: 127.0.0.1:8080 }
services:
  echo: { endpoints: [127.0.0.1:9001] }
consumers:
  acme: { tier: gold, groups: [partners], credentials: [{ apiKey: env:ACME_KEY }] }
policies:
  known: { authenticate: { anyOf: [{ apiKey: { header: x-api-key } }] } }
  known-soon: { mode: shadow, authenticate: { anyOf: [{ apiKey: { header: x-api-key } }] } }
  known-unless: { when: 'request.headers["x-inside"] != "1"', authenticate: { anyOf: [{ apiKey: { header: x-api-key } }] } }
  readers: { authorize: { rules: [{ name: get, allow: 'request.method == "GET"' }] } }
  readers-soon: { mode: shadow, authorize: { rules: [{ name: get, allow: 'request.method == "GET"' }] } }
  members: { authorize: { rules: [{ name: known, allow: has(auth.consumer) }, { name: inside, allow: 'request.method == "GET"' }] } }
  no-puts-here:
    when: 'route.params.id == "7"'
    authorize: { rules: [{ name: put, deny: 'request.method == "PUT"' }], otherwise: allow }
  nobody: { mode: off, authorize: { rules: [{ name: get, deny: 'request.method == "GET"' }] } }
  no-calls: { mode: off, rateLimit: { rate: 1/hour } }
  no-origins: { mode: off, cors: { origins: ["https://shop.example.com"] } }
  few: { onError: deny, rateLimit: { key: ['request.headers["x-who"]'], rate: 3/hour } }
  fewer: { mode: shadow, rateLimit: { key: ['request.headers["x-who"]'], rate: 1/hour } }
  few-tries: { when: 'request.query["try"] == "1"', onError: allow, rateLimit: { key: ['request.headers["x-who"]'], rate: 1/hour } }
  few-gold: { when: 'auth.tier == "gold" && request.method == "PUT"', rateLimit: { key: ['request.headers["x-who"]'], rate: 1/hour } }
routes:
  - { name: soon, match: { path: /soon }, to: echo, apply: [known-soon, readers-soon] }
  - { name: closed, match: { path: /closed }, to: echo, apply: [known-soon, readers] }
  - { name: unless, match: { path: /unless }, to: echo, apply: [known-unless, members] }
  - { name: item, match: { path: "/items/{id}" }, to: echo, apply: [known, no-puts-here] }
  - { name: off, match: { path: /off }, to: echo, apply: [nobody, no-calls, no-origins] }
  - { name: few, match: { path: /few }, to: echo, apply: [few, fewer] }
  - { name: tries, match: { path: /tries }, to: echo, apply: [few-tries] }
  - { name: gold, match: { path: /gold }, to: echo, apply: [known, few-gold] }
`;

type Headers = [string, string][];

describe.each(WORKER_COUNTS)("with %i workers", (concurrency) => {
  let gateway: Gateway;
  beforeAll(async () => {
    gateway = await serve(POLICY, { concurrency });
  });
  afterAll(() => gateway?.stop());
  beforeEach(() => gateway.forget());

  /** Asks, and holds what was logged to what explain says of the same request. Limits are counted by Envoy alone. */
  async function ask(method: string, target: string, given: Headers = []) {
    const headers = given.map(([name, value]): [string, string] => [name, value === "ACME" ? key() : value]);
    gateway.forget();
    const { reply, decision } = await gateway.judged(() => gateway.raw({ method, target, headers }));
    const [listener] = gateway.plan.listeners;
    if (listener === undefined) throw new Error("there is no listener");
    const client = { method, target, host: "shop.test", headers, source: "127.0.0.1", time: Date.now() };
    const { answer, routed } = explainRequest(gateway.plan, listener, client, {
      variables: gateway.env,
      assumed: undefined,
    });
    if (reply.status !== 429)
      expect({ status: reply.status, decision: decision.decision }).toEqual({
        status: answer.status ?? 200,
        decision: routed?.decision,
      });
    const [heard] = gateway.heard();
    return {
      status: reply.status,
      reply,
      heard,
      decision: decision.decision,
      shadow: decision.shadow,
      explained: routed?.shadow,
    };
  }
  const key = () => gateway.env.ACME_KEY ?? "";
  const acme: Headers = [["x-api-key", "ACME"]];

  const counted = async (policy: string): Promise<Record<string, number>> => {
    const stats = await gateway.envoy.admin.stats(`^wasmcustom\\.sluice\\.[a-z-]+\\.${policy}\\.[a-z]+$`);
    return Object.fromEntries([...stats].map(([name, value]) => [name.split(".").at(-1) ?? "", value]));
  };

  test("in shadow a policy lets pass what it would deny, and tells it", async () => {
    const stranger = await ask("PUT", "/soon", [["x-consumer", "root"]]);
    expect(stranger).toMatchObject({
      status: 200,
      decision: "sluice allowed no-policy",
      shadow: "known-soon denied no-credential",
      explained: "known-soon denied no-credential",
    });
    expect(stranger.heard?.values("x-consumer")).toEqual([]);
    const writer = await ask("PUT", "/soon", acme);
    expect(writer).toMatchObject({
      shadow: "readers-soon denied otherwise",
      explained: "readers-soon denied otherwise",
    });
    const reader = await ask("GET", "/soon", acme);
    expect(reader).toMatchObject({ shadow: null, explained: undefined });
    // Nothing of the request changes: the credential stays, and nobody is recognised.
    expect(reader.heard?.values("x-api-key")).toEqual([key()]);
    expect(reader.heard?.values("x-consumer")).toEqual([]);
    expect(await counted("known-soon")).toEqual({ allowed: 2, denied: 0, error: 0, shadow: 1 });
    expect(await counted("readers-soon")).toEqual({ allowed: 1, denied: 0, error: 0, shadow: 2 });
  });

  test("what an enforced policy denies stays denied, with the shadow beside it", async () => {
    const refused = await ask("PUT", "/closed");
    expect(refused).toMatchObject({
      status: 403,
      heard: undefined,
      decision: "readers denied otherwise",
      shadow: "known-soon denied no-credential",
    });
    expect(Object.keys(await counted("readers"))).not.toContain("shadow");
  });

  test("authenticate applies where its condition is true or unknown", async () => {
    expect(await ask("PUT", "/unless")).toMatchObject({ status: 401 });
    expect(await ask("PUT", "/unless", [["x-inside", "0"]])).toMatchObject({ status: 401 });
    const twice: Headers = [
      ["x-inside", "1"],
      ["x-inside", "1"],
    ];
    expect(await ask("PUT", "/unless", twice)).toMatchObject({ status: 401, heard: undefined });
    expect(await ask("PUT", "/unless", [...twice, ...acme])).toMatchObject({ status: 200 });
    const inside: Headers = [["x-inside", "1"]];
    // Not asked who calls, so nobody is known, whatever key there is; it does not reach the service all the same.
    expect(await ask("PUT", "/unless", [...inside, ...acme])).toMatchObject({ status: 403 });
    const reader = await ask("GET", "/unless", [...inside, ...acme, ["x-consumer", "root"]]);
    expect(reader).toMatchObject({ status: 200, decision: "members/inside allowed rule" });
    for (const name of ["x-consumer", "x-api-key"]) expect(reader.heard?.values(name)).toEqual([]);
  });

  test("authorize applies where its condition is true or unknown", async () => {
    expect(await ask("PUT", "/items/7", acme)).toMatchObject({ status: 403 });
    expect(await ask("PUT", "/items/%37", acme)).toMatchObject({ status: 403 });
    expect(await ask("PUT", "/items/8", acme)).toMatchObject({ status: 200, decision: "known allowed authenticated" });
    expect(await ask("PUT", "/items/%ff", acme)).toMatchObject({ status: 403 });
    expect(await ask("GET", "/items/7", acme)).toMatchObject({ status: 200 });
  });

  test("what is off is part of no route", async () => {
    for (let call = 0; call < 3; call++) {
      const { status, reply, decision } = await ask("GET", "/off", [["origin", "https://shop.example.com"]]);
      expect([status, decision]).toEqual([200, "sluice allowed no-policy"]);
      expect(reply.values("access-control-allow-origin")).toEqual([]);
    }
    expect([await counted("nobody"), await counted("no-calls")]).toEqual([{}, {}]);
  });

  test("a limit in shadow takes from its bucket and refuses nobody", async () => {
    const who: Headers = [["x-who", "a"]];
    const calls = [];
    for (let call = 0; call < 4; call++) calls.push(await ask("GET", "/few", who));
    expect(calls.map(({ status, shadow }) => [status, shadow])).toEqual([
      [200, null],
      [200, "fewer denied quota-exceeded"],
      [200, "fewer denied quota-exceeded"],
      [429, "fewer denied quota-exceeded"],
    ]);
    for (const { reply } of calls) {
      expect(reply.values("ratelimit")).toHaveLength(1);
      expect(reply.values("ratelimit").join()).not.toContain("fewer");
    }
    expect(await counted("fewer")).toEqual({ allowed: 1, denied: 0, error: 0, shadow: 3 });
    expect(await counted("few")).toEqual({ allowed: 3, denied: 1, error: 0 });
  });

  test("a limit applies where its condition is true", async () => {
    const who: Headers = [["x-who", "b"]];
    const tried = async (query: string) => (await ask("GET", `/tries${query}`, who)).status;
    expect([await tried("?try=1"), await tried("?try=1")]).toEqual([200, 429]);
    for (const query of ["", "?try=0", "?try=1&try=1"]) expect(await tried(query), query).toBe(200);
    const free = await ask("GET", "/tries", who);
    expect(free.reply.values("ratelimit")).toEqual([]);
    expect(await counted("few-tries")).toEqual({ allowed: 1, denied: 1, error: 0 });
  });

  test("a limit whose condition asks who calls waits until that is known", async () => {
    const who: Headers = [["x-who", "c"]];
    expect(await ask("PUT", "/gold", who)).toMatchObject({ status: 401 });
    expect(await ask("PUT", "/gold", [...who, ...acme])).toMatchObject({ status: 200 });
    expect(await ask("PUT", "/gold", [...who, ...acme])).toMatchObject({ status: 429 });
    expect(await ask("GET", "/gold", [...who, ...acme])).toMatchObject({ status: 200 });
  });
});
