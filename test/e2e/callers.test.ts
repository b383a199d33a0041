import { connect } from "node:http2";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { explainRequest } from "../../compiler/request/explain.js";
import { type StandingOracle, standingOracle } from "../support/envoy.js";
import { request } from "../support/http.js";
import { passOnBoth } from "./support/on-both.js";
import { type Gateway, planOf, serve, WORKER_COUNTS } from "./support/serve.js";

// Where requests go by who calls: decided by what the guard found out, and by nothing that a client can send.

const POLICY = `apiVersion: sluice/v1
kind: Gateway
name: callers
listeners: { public: { address: 127.0.0.1:8080 } }
services:
  stable: { endpoints: [127.0.0.1:9001] }
  next: { endpoints: [127.0.0.1:9002] }
  labs: { endpoints: [127.0.0.1:9003] }
  other: { endpoints: [127.0.0.1:9004] }
  asked: { endpoints: [127.0.0.1:9005] }
consumers:
  acme: { tier: gold, groups: [partners, testers], credentials: [{ apiKey: env:ACME_KEY }] }
  globex: { tier: free, groups: [partners], credentials: [{ apiKey: env:GLOBEX_KEY }] }
  initech: { tier: gold, credentials: [{ apiKey: env:INITECH_KEY }] }
  umbrella: { groups: [betatesters, testers-not], credentials: [{ apiKey: env:UMBRELLA_KEY }] }
policies:
  known: { authenticate: { anyOf: [{ apiKey: { header: x-api-key } }], optional: true } }
  strict: { authenticate: { anyOf: [{ apiKey: { header: x-api-key } }] } }
  soon: { mode: shadow, authenticate: { anyOf: [{ apiKey: { header: x-api-key } }] } }
  unless: { when: 'request.headers["x-inside"] != "1"', authenticate: { anyOf: [{ apiKey: { header: x-api-key } }] } }
  not-free: { authorize: { rules: [{ name: free, deny: 'auth.tier == "free"' }], otherwise: allow } }
  not-free-soon: { mode: shadow, authorize: { rules: [{ name: free, deny: 'auth.tier == "free"' }], otherwise: allow } }
  two: { rateLimit: { key: [auth.consumer], rate: 2/hour } }
  allowed: { externalAuth: { http: { service: asked, headersFromAnswer: [x-plan, x-canary-ok] } } }
  small: { bodyLimit: { bytes: 20 } }
  shops: { cors: { origins: ["https://shop.example.com"] } }
routes:
  - name: orders
    match: { path: /orders/** }
    to: stable
    callers:
      - { consumers: initech, to: labs }
      - { tiers: gold, groups: [testers, others], to: next }
    apply: [known]
  - { name: orders-chosen, match: { path: /orders/**, headers: { x-canary: "1" } }, to: other, apply: [strict, not-free] }
  - { name: order, match: { path: "/orders/{id}/lines", methods: [GET] }, to: stable, callers: [{ groups: testers, to: next }], apply: [known, not-free] }
  - { name: in-shadow, match: { path: /shadow }, to: stable, callers: [{ tiers: free, to: next }], apply: [known, not-free-soon] }
  - { name: unless, match: { path: /unless }, to: stable, callers: [{ tiers: gold, to: next }], apply: [unless] }
  - { name: limited, match: { path: /limited }, to: stable, callers: [{ tiers: gold, to: next }], apply: [strict, two] }
  - { name: asked, match: { path: /asked }, to: stable, callers: [{ tiers: gold, to: next }], apply: [known, allowed, small] }
  - { name: renamed, match: { path: "/renamed/{id}" }, to: stable, callers: [{ tiers: gold, to: next }], rewrite: { path: "/new/{id}" }, apply: [known, shops] }
  - { name: named, match: { path: /orders/**, host: api.example.com }, to: other, callers: [{ tiers: [gold, free], to: labs }], apply: [known] }
`;

const at = (service: string, more = "") => `expect: { status: 200, upstream: { service: ${service}${more} } }`;

describe("both engines", () => {
  test("the first entry that fits a caller decides, and everybody else goes where the route leads", async () => {
    await passOnBoth(POLICY, [
      `request: { path: /orders/1 }, ${at("stable")}`,
      `as: acme, request: { path: /orders/1 }, ${at("next", ", headers: { x-consumer: acme, x-consumer-tier: gold }")}`,
      `as: globex, request: { path: /orders/1 }, ${at("stable", ", headers: { x-consumer: globex }")}`,
      `as: initech, request: { path: /orders/1 }, ${at("labs")}`,
      // A group is a whole name: this one is of none that is asked for.
      `as: umbrella, request: { path: /orders/1 }, ${at("stable")}`,
      `as: acme, request: { path: /orders/1/lines }, ${at("next")}`,
      "as: globex, request: { path: /orders/1/lines }, expect: { status: 403, upstream: none, decidedBy: not-free/free }",
      `request: { path: /orders/1/lines }, expect: { status: 403, upstream: none }`,
      `as: acme, request: { path: /orders/1, host: api.example.com }, ${at("labs")}`,
      `as: umbrella, request: { path: /orders/1, host: api.example.com }, ${at("other")}`,
    ]);
  });

  test("nothing that a client sends makes it one of them", async () => {
    const claims = [
      "x-consumer: acme, x-consumer-tier: gold, x-consumer-groups: testers",
      "wasm.sluice.tier: gold, sluice.tier: gold, x-sluice-pin: next",
      'x-envoy-original-path: /orders/1, x-forwarded-proto: https, forwarded: "for=127.0.0.1"',
      'cookie: "tier=gold; consumer=acme"',
    ];
    await passOnBoth(POLICY, [
      ...claims.map((headers) => `request: { path: /orders/1, headers: { ${headers} } }, ${at("stable")}`),
      ...claims.map((headers) => `as: globex, request: { path: /orders/1, headers: { ${headers} } }, ${at("stable")}`),
      "request: { path: /orders/1, headers: { x-api-key: guessed } }, expect: { status: 401, upstream: none }",
      // Who asks for another route gets it, with its policies, and is judged by those.
      "as: globex, request: { path: /orders/1, headers: { x-canary: '1' } }, expect: { status: 403, upstream: none, decidedBy: not-free/free }",
      `as: acme, request: { path: /orders/1, headers: { x-canary: "1" } }, ${at("other")}`,
      `request: { path: '/orders/1?tier=gold&x-consumer-tier=gold' }, ${at("stable")}`,
    ]);
  });

  test("a policy in shadow, one that does not apply, and a service that is asked leave it at what is known", async () => {
    await passOnBoth(
      POLICY,
      [
        `as: globex, request: { path: /shadow }, ${at("next")}`,
        `request: { path: /shadow }, ${at("stable")}`,
        `as: acme, request: { path: /unless }, ${at("next")}`,
        `as: acme, request: { path: /unless, headers: { x-inside: "1" } }, ${at("stable", ", headers: { x-consumer: false }")}`,
        "request: { path: /unless }, expect: { status: 401, upstream: none }",
        `as: acme, request: { path: /asked }, ${at("next", ", headers: { x-plan: big }")}`,
        `as: globex, request: { path: /asked, method: POST, body: short }, ${at("stable", ", headers: { x-plan: big }")}`,
        "as: acme, request: { path: /asked, method: POST, body: much longer than it may be }, expect: { status: 413, upstream: none }",
        `as: acme, request: { path: /renamed/7 }, ${at("next", ", path: /new/7")}`,
        `as: globex, request: { path: /renamed/7, headers: { origin: "https://shop.example.com" } }, ${at("stable", ", path: /new/7")}`,
      ],
      "upstreams: { asked: { status: 200, headers: { x-plan: big, x-canary-ok: '1' } } }\n",
    );
  });

  test("a call counts once, though its route is chosen twice", async () => {
    const call = (status: number, metrics: string) =>
      `{ request: { path: /limited }, expect: { status: ${status}, metrics: { ${metrics} } } }`;
    const passed = call(200, "strict.allowed: 1, two.allowed: 1, two.denied: 0");
    await passOnBoth(POLICY, [
      `as: acme, steps: [${passed}, ${passed}, ${call(429, "strict.allowed: 1, two.allowed: 0, two.denied: 1")}]`,
    ]);
  });

  test("a conversion asks the service of the caller", async () => {
    const policy = `apiVersion: sluice/v1
kind: Gateway
name: crm
listeners: { public: { address: 127.0.0.1:8080 } }
services: { crm: { endpoints: [127.0.0.1:9001] }, crm-next: { endpoints: [127.0.0.1:9002] } }
consumers:
  acme: { groups: [testers], credentials: [{ apiKey: env:ACME_KEY }] }
  globex: { credentials: [{ apiKey: env:GLOBEX_KEY }] }
policies:
  known: { authenticate: { anyOf: [{ apiKey: { header: x-api-key } }] } }
  crm-as-rest:
    soap:
      fields: { namespace: "urn:crm", path: /services/crm, operations: { Get: { action: "urn:crm#Get", request: { id: integer }, response: { name: string } } } }
      operations: { Get: "GET /partners/{id}" }
routes:
  - name: partners
    match: { path: /partners/** }
    to: crm
    callers: [{ groups: testers, to: crm-next }]
    apply: [known, crm-as-rest]
`;
    const soap = "soap: { Get: { response: { name: Acme } } }";
    const upstreams = `upstreams: { crm: { ${soap} }, crm-next: { ${soap} } }\n`;
    const gets = (service: string) => `expect: { status: 200, upstream: { service: ${service}, path: /services/crm } }`;
    await passOnBoth(
      policy,
      [
        `as: acme, request: { path: /partners/7 }, ${gets("crm-next")}`,
        `as: globex, request: { path: /partners/7, headers: { x-sluice-pin: crm-as-rest } }, ${gets("crm")}`,
        "request: { path: /partners/7 }, expect: { status: 401, upstream: none }",
      ],
      upstreams,
    );
  });
});

test("explain says where the requests of a caller go, and why", () => {
  const plan = planOf(POLICY);
  const [listener] = plan.listeners;
  if (listener === undefined) throw new Error("no listener");
  const client = { method: "GET", target: "/orders/1", host: "shop.test", headers: [], source: "192.0.2.1", time: 0 };
  const of = (name?: string) => {
    const assumed = plan.consumers.find((one) => one.name === name);
    const { answer } = explainRequest(plan, listener, client, { variables: {}, assumed });
    return { text: answer.text, services: answer.services };
  };
  expect(of()).toEqual({ text: "forwarded to stable, within 15000 ms", services: [{ service: "stable", weight: 1 }] });
  expect(of("acme")).toEqual({
    text: "forwarded to next, where requests of tier gold and group testers or others go, within 15000 ms",
    services: [{ service: "next", weight: 1 }],
  });
  expect(of("initech").text).toBe("forwarded to labs, where requests of initech go, within 15000 ms");
});

describe.each(WORKER_COUNTS)("a real Envoy with %i workers", (concurrency) => {
  let gateway: Gateway;
  let oracle: StandingOracle;
  beforeAll(async () => {
    gateway = await serve(POLICY, { concurrency });
    gateway.upstream("asked").reply({ status: 200 });
    oracle = await standingOracle(gateway.envoy);
  });
  afterAll(() => gateway?.stop());
  afterEach(() =>
    oracle.check({
      goodRequest: (agent) => request(gateway.url("/orders/1"), { agent }),
      secrets: Object.values(gateway.env),
    }),
  );

  test("callers that share a connection do not share where they go", async () => {
    const keys = ["ACME_KEY", "GLOBEX_KEY", "INITECH_KEY", undefined, "UMBRELLA_KEY"];
    const services = ["next", "stable", "labs", "stable", "stable"];
    const session = connect(gateway.url(""));
    const ask = (key: string | undefined) =>
      new Promise<string>((resolve, reject) => {
        const stream = session.request({
          ":path": "/orders/1",
          ...(key === undefined ? {} : { "x-api-key": gateway.env[key] }),
        });
        let text = "";
        stream.setEncoding("utf8");
        stream.on("data", (part: string) => (text += part));
        stream.once("end", () => resolve(text));
        stream.once("error", reject);
      });
    const calls = Array.from({ length: 100 }, (_, index) => index % keys.length);
    expect(await Promise.all(calls.map((index) => ask(keys[index])))).toEqual(calls.map((index) => services[index]));
    session.close();
  });

  test("the log has one line, with the route that judged the request", async () => {
    const headers = { "x-api-key": gateway.env.ACME_KEY ?? "" };
    const { reply, decision } = await gateway.judged(() => gateway.send("/orders/1", { headers }));
    expect(reply.text).toBe("next");
    expect(decision).toMatchObject({ route: "orders", decision: "known allowed authenticated", consumer: "acme" });
  });
});

describe("weights, copies and retries", () => {
  let gateway: Gateway | undefined;
  afterEach(() => gateway?.stop());

  test("hold among the services of the caller", async () => {
    gateway = await serve(
      `apiVersion: sluice/v1
kind: Gateway
name: shares
listeners: { public: { address: 127.0.0.1:8080 } }
services:
  stable: { endpoints: [127.0.0.1:9001] }
  next: { endpoints: [127.0.0.1:9002] }
  copies: { endpoints: [127.0.0.1:9003] }
consumers: { acme: { tier: gold, credentials: [{ apiKey: env:ACME_KEY }] } }
policies: { known: { authenticate: { anyOf: [{ apiKey: { header: x-api-key } }], optional: true } } }
routes:
  - name: all
    match: { path: /** }
    to: stable
    callers: [{ tiers: gold, to: [{ service: stable, weight: 1 }, { service: next, weight: 1 }] }]
    mirror: [{ service: copies }]
    retry: { attempts: 2, on: [503] }
    apply: [known]
`,
    );
    const { upstream, send } = gateway;
    const headers = { "x-api-key": gateway.env.ACME_KEY ?? "" };
    for (let n = 0; n < 100; n++) await send("/", { headers });
    // A binomial of 100 is outside of this once in ten million times.
    expect(upstream("next").received.length).toBeGreaterThan(23);
    expect(upstream("next").received.length).toBeLessThan(77);
    expect(upstream("stable").received.length + upstream("next").received.length).toBe(100);
    await vi.waitFor(() => expect(upstream("copies").received).toHaveLength(100), { timeout: 10_000, interval: 5 });
    gateway.forget();
    for (let n = 0; n < 30; n++) expect((await send("/")).text).toBe("stable");
    expect(upstream("next").received).toEqual([]);
    upstream("next").reply({ status: 503 });
    gateway.forget();
    for (let n = 0; n < 20; n++) await send("/", { headers });
    // Each try that failed is made twice more, and at the service that was chosen.
    expect(upstream("next").received.length % 3).toBe(0);
  });
});
