import { createServer } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { limitServiceText } from "../../compiler/targets/envoy/limit-service.js";
import { type RealLimits, START_TIMEOUT_MS, startRealLimits } from "../support/limit-service/service.js";
import { type Gateway, planOf, serve } from "./support/serve.js";
import { until } from "./support/until.js";

const POLICY = `apiVersion: sluice/v1
kind: Gateway
name: quotas
listeners:
  public: { address: 127.0.0.1:8080, trustedHops: 1 }
services:
  orders: { endpoints: [127.0.0.1:9001] }
  limits: { endpoints: [127.0.0.1:9002], protocol: grpc }
consumers:
  acme: { tier: gold, credentials: [{ apiKey: env:ACME_KEY }] }
  globex: { tier: free, credentials: [{ apiKey: env:GLOBEX_KEY }] }
policies:
  known: { authenticate: { anyOf: [{ apiKey: { header: x-api-key } }], optional: true } }
  daily: { rateLimit: { key: [auth.consumer], rate: { gold: 3/day, default: 2/day }, scope: global, service: limits, timeout: 5s } }
  monthly: { rateLimit: { key: [source.ip], rate: 2 per 30d, scope: global, service: limits, timeout: 5s } }
  strict: { onError: deny, rateLimit: { key: [auth.consumer], rate: 100/hour, scope: global, service: limits, timeout: 5s } }
  tried: { mode: shadow, rateLimit: { rate: 1/day, scope: global, service: limits, timeout: 5s } }
  both: { rateLimit: { scope: { local: 2/day, global: 100 per 7d }, service: limits, timeout: 5s } }
  all: { rateLimit: { key: [auth.consumer, auth.tier, 'request.headers["x-tenant"]', request.method, request.path, route.name, source.ip], rate: 100/day, scope: global, service: limits, timeout: 5s } }
  priced: { rateLimit: { key: [auth.consumer], rate: [4/day, 5 per 7d], cost: 2, shared: true, scope: global, service: limits, timeout: 5s } }
  in-front: { rateLimit: { scope: { local: [1000/second, 3/day], global: [2/day, 100 per 7d] }, inFlight: 10, service: limits, timeout: 5s } }
routes:
  - { name: priced-a, match: { path: /priced/a }, to: orders, apply: [known, priced] }
  - { name: priced-b, match: { path: /priced/b }, to: orders, apply: [known, priced] }
  - { name: in-front, match: { path: /in-front }, to: orders, apply: [in-front] }
  - { name: daily, match: { path: /daily }, to: orders, apply: [known, daily] }
  - { name: monthly, match: { path: /monthly }, to: orders, apply: [monthly] }
  - { name: strict, match: { path: /strict }, to: orders, apply: [known, strict] }
  - { name: tried, match: { path: /tried }, to: orders, apply: [tried] }
  - { name: both, match: { path: /both }, to: orders, apply: [both] }
  - { name: all, match: { path: /all/** }, to: orders, apply: [known, all] }
`;

const keys = { ACME_KEY: "key-of-acme", GLOBEX_KEY: "key-of-globex" };
const acme = { headers: { "x-api-key": keys.ACME_KEY } };
const globex = { headers: { "x-api-key": keys.GLOBEX_KEY } };
const DAY = 86_400;
const MONTH = 30 * DAY;

/** Seconds until the window of a length is over. */
function rest(length: number): number {
  return length - (Math.floor(Date.now() / 1_000) % length);
}

/** Days do not end within a test, unless it is run at midnight: then the next one begins before it. */
async function awayFromMidnight(): Promise<void> {
  await until("midnight to be over", () => rest(DAY) > 60 || undefined, 90_000);
}

describe("two Envoys and one service on Redis", () => {
  let limits: RealLimits;
  let one: Gateway;
  let other: Gateway;
  beforeAll(async () => {
    await awayFromMidnight();
    limits = await startRealLimits(planOf(POLICY));
    const options = { env: keys, ports: { limits: limits.port } };
    [one, other] = await Promise.all([serve(POLICY, options), serve(POLICY, options)]);
  }, START_TIMEOUT_MS);
  afterAll(async () => {
    await one?.stop();
    await other?.stop();
    await limits?.stop();
  });

  const statuses = async (gateway: Gateway, path: string, times: number, options = {}) => {
    const all: number[] = [];
    for (let index = 0; index < times; index++) all.push((await gateway.send(path, options)).status);
    return all;
  };
  const count = async (part: string) => {
    const found = [...(await limits.counted())].filter(([key]) => key.includes(part));
    expect(found).toHaveLength(1);
    return found[0]?.[1] ?? { count: 0, seconds: 0 };
  };

  it("share a quota of a day, by caller and tier", async () => {
    expect(await statuses(one, "/daily", 2, acme)).toEqual([200, 200]);
    expect(await statuses(other, "/daily", 1, acme)).toEqual([200]);
    const { reply, decision } = await other.judged(() => other.send("/daily", acme));
    expect([reply.status, decision.decision]).toEqual([429, "daily denied quota-exceeded"]);
    expect(reply.headers["content-type"]).toBe("application/problem+json");
    expect(JSON.parse(reply.text)).toMatchObject({ status: 429, "violated-policies": ["daily"] });
    const left = rest(DAY);
    const [told, fields] = [Number(reply.headers["retry-after"]), String(reply.headers.ratelimit)];
    expect(told).toBeGreaterThanOrEqual(left - 1);
    expect(told).toBeLessThanOrEqual(left + 5);
    expect(fields).toBe(`"daily";r=0;t=${told}`);
    expect(reply.headers["ratelimit-policy"]).toBe('"daily";q=3;w=86400');
    expect((await one.send("/daily", acme)).status).toBe(429);
    expect(await statuses(one, "/daily", 3, globex)).toEqual([200, 200, 429]);
    // Strangers share one count.
    expect(await statuses(other, "/daily", 3)).toEqual([200, 200, 429]);
    const { count: counted, seconds } = await count("policy_daily_route_daily_tier_gold_auth.consumer_acme_");
    expect(counted).toBe(5);
    expect(seconds).toBeGreaterThan(DAY - 60);
  });

  it("share a quota of 30 days", async () => {
    const reply = await one.send("/monthly");
    expect(reply.headers["ratelimit-policy"]).toBe('"monthly";q=2;w=2592000');
    const seconds = Number(/t=(\d+)$/.exec(String(reply.headers.ratelimit))?.[1]);
    expect(Math.abs(seconds - rest(MONTH))).toBeLessThan(10);
    expect(await statuses(other, "/monthly", 2)).toEqual([200, 429]);
    expect((await count("policy_monthly_")).seconds).toBeGreaterThan(MONTH - 60);
    // Whoever is behind the proxy has a count of its own.
    expect((await one.send("/monthly", { headers: { "x-forwarded-for": "203.0.113.7" } })).status).toBe(200);
  });

  it("a limit in shadow counts, and refuses nobody", async () => {
    const replies = [await one.send("/tried"), await other.send("/tried"), await one.send("/tried")];
    expect(replies.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(replies.map(({ headers }) => headers.ratelimit)).toEqual([undefined, undefined, undefined]);
    expect((await count("policy_tried_")).count).toBe(3);
  });

  it("a limit of each Envoy in front spares the service", async () => {
    expect(await statuses(one, "/both", 6)).toEqual([200, 200, 429, 429, 429, 429]);
    expect((await count("policy_both_")).count).toBe(2);
    expect(await statuses(other, "/both", 1)).toEqual([200]);
    expect((await count("policy_both_")).count).toBe(3);
  });

  it("count what a call costs, in several windows, for all routes together", async () => {
    const first = await one.send("/priced/a", acme);
    expect(first.headers["ratelimit-policy"]).toBe('"priced";q=4;w=86400, "priced-2";q=5;w=604800');
    expect(first.headers.ratelimit).toMatch(/^"priced";r=2;t=\d+$/);
    expect(await statuses(other, "/priced/b", 2, acme)).toEqual([200, 429]);
    expect((await count("policy_priced_auth.consumer_acme_")).count).toBe(6);
    expect((await count("policy_priced_window_2_auth.consumer_acme_")).count).toBe(6);
    expect(await statuses(other, "/priced/a", 1, globex)).toEqual([200]);
  });

  it("may be asked behind a limit of each Envoy with several windows and a number of calls in flight", async () => {
    expect(await statuses(one, "/in-front", 2)).toEqual([200, 200]);
    const reply = await one.send("/in-front");
    expect([reply.status, reply.headers["ratelimit-policy"]]).toEqual([
      429,
      '"in-front";q=2;w=86400, "in-front-2";q=100;w=604800',
    ]);
    expect((await count("policy_in-front_route")).count).toBe(3);
    // Its own count is used up: nobody is asked.
    expect(await statuses(one, "/in-front", 2)).toEqual([429, 429]);
    expect((await count("policy_in-front_route")).count).toBe(3);
    expect((await count("policy_in-front_window_2_route")).count).toBe(3);
  });

  it("is told all parts of a key, and what is missing or no text counts as missing", async () => {
    const part = (values: string) => `policy_all_route_all_${values}`;
    const headers = { ...acme.headers, "x-tenant": "a tenant" };
    await one.send("/all/a?q=1", { method: "POST", headers });
    const name =
      "auth.consumer_acme_auth.tier_gold_request.headers.x-tenant_a tenant_request.method_POST_request.path_/all/a_";
    expect((await count(part(`${name}route.name_all_remote_address_127.0.0.1_`))).count).toBe(1);
    const missing = "auth.consumer__auth.tier__request.headers.x-tenant__request.method_GET_request.path_/all/b_";
    await one.send("/all/b");
    await one.send("/all/b", { headers: { "x-tenant": "" } });
    const raw = (value: string) =>
      one.raw({
        method: "GET",
        target: "/all/b",
        headers: [
          ["x-tenant", value],
          ["connection", "close"],
        ],
      });
    expect((await raw("\u00e9")).status).toBe(200);
    expect((await raw("\u00ff\u00fe")).status).toBe(200);
    expect((await count(part(missing))).count).toBe(4);
  });

  it("takes another configuration while it runs", async () => {
    const next = POLICY.replace("rate: 100/hour", "rate: 1/hour");
    await limits.update(limitServiceText(planOf(next)) ?? "");
    await until("the new rate", async () => (await one.send("/strict", acme)).status === 429 || undefined);
    await limits.update(limitServiceText(planOf(POLICY)) ?? "");
    await until("the old rate", async () => (await one.send("/strict", acme)).status === 200 || undefined);
  });

  it("without Redis calls pass, or are refused where the policy says so, until it is back", async () => {
    expect((await one.send("/daily", acme)).status).toBe(429);
    await limits.stopRedis();
    expect(await statuses(one, "/daily", 3, acme)).toEqual([200, 200, 200]);
    const { reply, decision } = await one.judged(() => one.send("/strict", acme));
    expect([reply.status, decision.decision]).toEqual([503, "strict denied store-failure"]);
    expect(reply.headers["content-type"]).toBe("application/problem+json");
    expect(JSON.parse(reply.text)).toEqual({ type: "about:blank", title: "Service Unavailable", status: 503 });
    const call = await one.send("/strict", { headers: { ...acme.headers, "content-type": "application/grpc" } });
    expect([call.status, call.headers["grpc-status"]]).toEqual([200, "14"]);
    await limits.startRedis();
    await until("counts again", async () => (await one.send("/strict", acme)).status === 200 || undefined);
    // Calls for which the service has no connection to Redis yet pass uncounted.
    await until(
      "the other one to count again",
      async () => (await other.send("/daily", acme)).status === 429 || undefined,
    );
  });

  it("without the service as well", async () => {
    await limits.stop();
    expect((await one.send("/daily", acme)).status).toBe(200);
    expect((await one.send("/both")).status).toBe(429);
    expect((await one.send("/strict", acme)).status).toBe(503);
  });
});

it("a service that says nothing is waited for as long as the policy says", async () => {
  const silent = createServer(() => {});
  await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
  const bound = silent.address();
  if (bound === null || typeof bound === "string") throw new Error("no port");
  const gateway = await serve(POLICY.replaceAll("timeout: 5s", "timeout: 100ms"), {
    env: keys,
    ports: { limits: bound.port },
  });
  try {
    expect((await gateway.send("/daily")).status).toBe(200);
    expect((await gateway.send("/strict")).status).toBe(503);
    expect(gateway.upstream("orders").received).toHaveLength(1);
  } finally {
    await gateway.stop();
    silent.close();
  }
});
