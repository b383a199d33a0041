import { describe, expect, it } from "vitest";
import { request } from "../support/http.js";
import { passOnBoth } from "./support/on-both.js";
import { serve } from "./support/serve.js";
import { workplace } from "./support/workplace.js";

const POLICY = `apiVersion: sluice/v1
kind: Gateway
name: faults
listeners:
  public: { address: 127.0.0.1:8080 }
services:
  orders: { endpoints: [127.0.0.1:9001] }
consumers:
  acme: { credentials: [{ apiKey: env:ACME_KEY }] }
policies:
  known: { authenticate: { anyOf: [{ apiKey: { header: x-api-key } }] } }
  once: { rateLimit: { rate: 1/hour, headers: [] } }
  each-second: { rateLimit: { rate: 1/second, headers: [] } }
  shops: { cors: { origins: ["https://shop.example.com"] } }
  near: { ipAccess: { deny: [203.0.113.0/24] } }
  safe: { headers: { response: { set: { x-frame-options: DENY } } } }
  chaos: { fault: { abort: { status: 503 }, headers: { x-test: "1", x-who: "~team-.*", x-prod: false } } }
  slow: { fault: { delay: { for: 1s }, headers: { x-test: true } } }
  both: { fault: { delay: { for: 20ms }, abort: { status: 418 } , headers: { x-test: true } } }
  held: { fault: { delay: { for: 20ms }, abort: { status: 502, percent: 0% } } }
  rarely: { fault: { delay: { for: 250ms, percent: 0.5% }, abort: { status: 502, percent: 10% } } }
  never: { fault: { delay: { for: 5m, percent: 0% }, abort: { status: 502, percent: 0.0% } } }
routes:
  - { name: orders, match: { path: /orders/** }, to: orders, apply: [near, known, once, chaos, safe] }
  - { name: shared, match: { path: /shared, methods: [GET] }, to: orders, apply: [shops, chaos] }
  - { name: text, match: { path: /text }, respond: { status: 200, body: hi }, apply: [chaos, safe] }
  - { name: moved, match: { path: /moved }, redirect: { path: /text }, apply: [chaos] }
  - { name: paced, match: { path: /paced }, to: orders, apply: [slow, each-second] }
  - { name: both, match: { path: /both }, to: orders, apply: [both, shops] }
  - { name: held, match: { path: /held }, to: orders, apply: [held, shops] }
  - { name: rare, match: { path: /rare }, to: orders, apply: [rarely] }
  - { name: never, match: { path: /never }, to: orders, apply: [never] }
`;

const ON = "x-test: '1', x-who: team-a";
const asked = (path: string, headers = ON, more = "") => `request: { path: ${path}, headers: { ${headers} }${more} }`;
const aborted = "status: 503, decidedBy: chaos, upstream: none, body: fault filter abort";
const origin = "origin: https://shop.example.com";

it("a request with the headers is answered before it is looked at, on every kind of route, and costs no quota", () =>
  passOnBoth(POLICY, [
    `${asked("/orders/7")}, expect: { ${aborted}, headers: { content-type: text/plain, x-frame-options: DENY } }`,
    `as: acme, steps: [
       { ${asked("/orders/7")}, repeat: 3, expect: { ${aborted}, metrics: { once.allowed: 0, known.allowed: 0 } } },
       { request: { path: /orders/7 }, expect: { status: 200, upstream: orders } },
       { request: { path: /orders/7 }, expect: { status: 429, decidedBy: once } },
       { ${asked("/orders/7")}, expect: { ${aborted} } } ]`,
    `request: { path: /orders/7, source: 203.0.113.9, headers: { ${ON} } }, expect: { status: 403, decidedBy: near }`,
    `${asked("/orders/7", "x-test: '1'")}, expect: { status: 401, decidedBy: known }`,
    `${asked("/orders/7", "x-test: '11', x-who: team-a")}, expect: { status: 401 }`,
    `${asked("/orders/7", "x-test: '1', x-who: a-team-a")}, expect: { status: 401 }`,
    `${asked("/orders/7", `${ON}, x-prod: ""`.replace('""', "'0'"))}, expect: { status: 401 }`,
    `${asked("/orders/7", "x-test: ['0', '1'], x-who: team-a")}, expect: { ${aborted} }`,
    `${asked("/orders/7", "x-test: '1', x-who: [them, team-a]")}, expect: { ${aborted} }`,
    `${asked("/text")}, expect: { ${aborted}, headers: { x-frame-options: false } }`,
    `${asked("/text", "x-test: '0'")}, expect: { status: 200, body: hi }`,
    `${asked("/moved")}, expect: { ${aborted} }`,
    `${asked("/text", ON, ", method: HEAD")}, expect: { status: 503, decidedBy: chaos, body: "" }`,
    `${asked("/shared", `${ON}, ${origin}`)}, expect: { ${aborted}, headers: { access-control-allow-origin: false } }`,
    `${asked("/shared", `${origin}, access-control-request-method: GET`, ", method: OPTIONS")}, expect: { status: 200 }`,
    `${asked("/shared", `${ON}, ${origin}, access-control-request-method: GET`, ", method: OPTIONS")}, expect: { ${aborted} }`,
    `${asked("/shared", ON, ", method: POST")}, expect: { status: 405 }`,
    `${asked("/text", `${ON}, content-type: application/grpc`)}, expect: { status: 200, decidedBy: chaos, headers: { grpc-status: "14" } }`,
    `${asked("/orders/7", ON, ", method: POST, body: some")}, expect: { ${aborted} }`,
    `${asked("/both")}, expect: { status: 418, decidedBy: both, upstream: none }`,
    `${asked("/never")}, repeat: 20, expect: { status: 200 }`,
    `${asked("/rare")}, repeat: 20, expect: { status: 200 }`,
  ]));

it("a request waits before its limits are asked, in virtual time too", () =>
  passOnBoth(POLICY, [
    `steps: [ { request: { path: /paced }, expect: { status: 200 } }, { request: { path: /paced }, expect: { status: 429 } } ]`,
    `steps: [ { ${asked("/paced")}, expect: { status: 200 } }, { ${asked("/paced")}, expect: { status: 200, upstream: orders } } ]`,
  ]));

it("what waited and then passed, or was answered by another filter, is not noted as refused", async () => {
  const gateway = await serve(POLICY);
  try {
    const { reply, decision } = await gateway.judged(() => gateway.send("/paced", { headers: { "x-test": "1" } }));
    expect([reply.status, decision.decision]).toEqual([200, "each-second allowed within-quota"]);
    const preflight = { origin: "https://shop.example.com", "access-control-request-method": "GET" };
    const answered = await gateway.judged(() => gateway.send("/held", { method: "OPTIONS", headers: preflight }));
    expect([answered.reply.status, answered.decision.decision]).toEqual([200, null]);
  } finally {
    await gateway.stop();
  }
});

it("so many of a hundred are hit as the policy says, and no others", async () => {
  const gateway = await serve(POLICY);
  try {
    const statuses = new Map<number, number>();
    let slow = 0;
    for (let sent = 0; sent < 2_000; sent += 20)
      for (const { status, waited } of await Promise.all(
        Array.from({ length: 20 }, () => timed(gateway.url("/rare"))),
      )) {
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
        if (waited >= 250) slow += 1;
      }
    expect([...statuses.keys()].toSorted()).toEqual([200, 502]);
    // Six standard deviations around 200 of 2,000; and at least one of the ten or so that wait.
    expect(Math.abs((statuses.get(502) ?? 0) - 200)).toBeLessThan(81);
    expect(slow).toBeGreaterThan(0);
    const counted = await gateway.envoy.admin.stats("\\.fault\\.(aborts|delays)_injected$");
    expect(counted.get("http.public.fault.aborts_injected")).toBe(statuses.get(502));
    expect(counted.get("http.public.fault.delays_injected") ?? 0).toBeLessThan(40);
  } finally {
    await gateway.stop();
  }
});

async function timed(url: string): Promise<{ status: number; waited: number }> {
  const began = performance.now();
  const { status } = await request(url);
  return { status, waited: performance.now() - began };
}

describe("the embedded host in front of real services", () => {
  const place = workplace("sluice-fault-test-", "served");

  it("holds requests back by the real time, and aborts them", async () => {
    const text = POLICY.replace("127.0.0.1:8080", "127.0.0.1:0").replace("127.0.0.1:9001", place.upstream.address);
    const { url } = await place.start(text, ["--embedded"], { env: { ACME_KEY: "key-of-acme" } });
    const began = performance.now();
    const held = await request(`${url}/paced`, { headers: { "x-test": "1" } });
    expect([held.status, held.text]).toEqual([200, "served"]);
    expect(performance.now() - began).toBeGreaterThanOrEqual(990);
    const answered = await request(`${url}/text`, { headers: { "x-test": "1", "x-who": "team-a" } });
    expect([answered.status, answered.text]).toEqual([503, "fault filter abort"]);
    const gone = request(`${url}/paced`, { headers: { "x-test": "1" }, timeoutMs: 100 });
    await expect(gone).rejects.toThrow("no complete answer");
    expect((await request(`${url}/never`)).status).toBe(200);
    expect(place.upstream.received.map(({ url: path }) => path)).toEqual(["/paced", "/never"]);
  });
});
