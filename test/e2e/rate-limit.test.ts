import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type RawReply, rawRequestBytes } from "../support/http.js";
import { dealt, openFleet } from "./support/connections.js";
import { type Gateway, serve, WORKER_COUNTS } from "./support/serve.js";
import { busyWorkers, connectionsByWorker } from "./support/workers.js";

const CONSUMERS = [
  "acme",
  "globex",
  "initech",
  "hooli",
  "umbrella",
  "wonka",
  "stark",
  "wayne",
  "tyrell",
  "cyberdyne",
] as const;
type Consumer = (typeof CONSUMERS)[number];

/** Each test has routes, and so buckets, of its own: a limit that is not `shared` counts each route alone. */
const POLICY = `apiVersion: sluice/v1
kind: Gateway
name: limits
listeners:
  public: { address: 127.0.0.1:8080 }
services:
  echo: { endpoints: [127.0.0.1:9001] }
consumers:
${CONSUMERS.map((name, index) => `  ${name}: { ${index === 1 ? "tier: gold, " : ""}credentials: [{ apiKey: env:${name.toUpperCase()} }] }`).join("\n")}
policies:
  known: { authenticate: { anyOf: [{ apiKey: { header: x-api-key } }] } }
  readers: { authorize: { rules: [{ name: read, allow: 'request.method == "GET"' }] } }
  fifty: { rateLimit: { rate: 50/hour } }
  five-each: { rateLimit: { key: [auth.consumer], rate: 5/hour } }
  by-tier: { rateLimit: { key: [auth.consumer], rate: { gold: 6/hour, default: 3/hour } } }
  small: { rateLimit: { key: [auth.consumer], rate: 3/hour } }
  large: { rateLimit: { key: [auth.consumer], rate: 10/hour } }
  by-method: { rateLimit: { key: [auth.consumer, request.method], rate: 2/hour } }
  by-tenant: { rateLimit: { key: ['request.headers["x-tenant"]'], rate: 2/hour } }
  burst: { rateLimit: { rate: 10/minute burst 2 } }
  single: { rateLimit: { rate: 1/hour } }
  quiet: { rateLimit: { rate: 1/hour, headers: [] } }
  hot: { rateLimit: { rate: 1000/second burst 1000 } }
  hot-each: { rateLimit: { key: [auth.consumer], rate: 1000/second burst 1000 } }
routes:
  - { name: exact, match: { path: /exact }, to: echo, apply: [fifty] }
  - { name: each, match: { path: /each }, respond: { status: 200 }, apply: [known, five-each] }
  - { name: tier, match: { path: /tier }, to: echo, apply: [known, by-tier] }
  - { name: one, match: { path: /one }, to: echo, apply: [known, small] }
  - { name: two, match: { path: /two }, respond: { status: 200 }, apply: [known, small] }
  - { name: both, match: { path: /both }, to: echo, apply: [known, small, large] }
  - { name: turned, match: { path: /turned }, to: echo, apply: [known, large, small] }
  - { name: read, match: { path: /read }, respond: { status: 200 }, apply: [known, readers, small] }
  - { name: method, match: { path: /method }, respond: { status: 200 }, apply: [known, by-method] }
  - { name: tenant, match: { path: /tenant }, respond: { status: 200 }, apply: [by-tenant] }
  - { name: burst, match: { path: /burst }, respond: { status: 200 }, apply: [burst] }
  - { name: quiet, match: { path: /quiet }, to: echo, apply: [quiet] }
  - { name: answered, match: { path: /answered }, respond: { status: 200 }, apply: [single] }
  - { name: hot, match: { path: /hot }, respond: { status: 200 }, apply: [hot] }
  - { name: contended, match: { path: /contended }, to: echo, apply: [known, small, large, hot-each] }
`;

describe.each(WORKER_COUNTS)("with %i workers", (concurrency) => {
  let gateway: Gateway;
  beforeAll(async () => {
    gateway = await serve(POLICY, { concurrency });
  });
  afterAll(() => gateway?.stop());
  beforeEach(() => gateway.forget());

  const key = (consumer: Consumer): [string, string] => ["x-api-key", gateway.env[consumer.toUpperCase()] ?? ""];
  const call = (target: string, consumer: Consumer, method = "GET") =>
    gateway.raw({ method, target, headers: [key(consumer), ["content-length", "0"]] });
  async function calls(count: number, target: string, consumer: Consumer, method?: string): Promise<number[]> {
    const statuses: number[] = [];
    for (let n = 0; n < count; n++) statuses.push((await call(target, consumer, method)).status);
    return statuses;
  }
  const bytesOf = (target: string, ...headers: [string, string][]) =>
    rawRequestBytes({ target, headers: [["host", "shop.test"], ...headers] });

  test("a limit is exact over all workers, however many ask at once", async () => {
    const before = await connectionsByWorker(gateway.envoy);
    const fleet = await openFleet(gateway, 32, concurrency);
    try {
      const { counts, texts } = await fleet.run(dealt(200, fleet.size, () => bytesOf("/exact")));
      expect(Object.fromEntries(counts)).toEqual({ 200: 50, 429: 150 });
      expect(gateway.heard()).toHaveLength(50);
      const refusals = texts
        .join("")
        .split(/(?=HTTP\/1\.1 )/)
        .filter((text) => text.startsWith("HTTP/1.1 429"));
      for (const refusal of refusals) {
        expect(refusal).toMatch(/^retry-after: [1-9]\d*\r$/im);
        expect(refusal).toMatch(/^ratelimit: "fifty";r=0;t=[1-9]\d*\r$/im);
        expect(refusal).toMatch(/^ratelimit-policy: "fifty";q=50;w=3600\r$/im);
      }
      const after = await connectionsByWorker(gateway.envoy);
      const took = [...after].filter(([worker, count]) => count > (before.get(worker) ?? 0));
      expect(took).toHaveLength(concurrency);
      expect(await busyWorkers(gateway.envoy)).toHaveLength(concurrency);
    } finally {
      fleet.close();
    }
  });

  test("each consumer has a bucket of its own, and it is exact for all of them at once", async () => {
    const fleet = await openFleet(gateway, 32, concurrency);
    try {
      const { counts } = await fleet.run(
        dealt(12 * CONSUMERS.length, fleet.size, (index) =>
          bytesOf("/each", key(CONSUMERS[index % CONSUMERS.length] ?? "acme")),
        ),
      );
      expect(Object.fromEntries(counts)).toEqual({ 200: 5 * CONSUMERS.length, 429: 7 * CONSUMERS.length });
    } finally {
      fleet.close();
    }
    for (const consumer of CONSUMERS) expect(await calls(1, "/each", consumer)).toEqual([429]);
  });

  test("all limits of a phase are exact together, however many ask at once", async () => {
    const fleet = await openFleet(gateway, 32, concurrency);
    try {
      const { counts } = await fleet.run(dealt(96, fleet.size, () => bytesOf("/contended", key("acme"))));
      expect(Object.fromEntries(counts)).toEqual({ 200: 3, 429: 93 });
      const rest = left(await call("/contended", "acme"));
      expect(rest).toMatchObject({ small: 0, large: 7 });
      // Each worker may still hold ten calls that it borrowed; 93 refused calls cost nothing.
      expect(rest["hot-each"]).toBeGreaterThanOrEqual(1000 - 10 * concurrency);
    } finally {
      fleet.close();
    }
  });

  test("a tier has its rate", async () => {
    expect(await calls(7, "/tier", "globex")).toEqual([200, 200, 200, 200, 200, 200, 429]);
    expect(await calls(4, "/tier", "acme")).toEqual([200, 200, 200, 429]);
    expect((await call("/tier", "globex")).values("ratelimit-policy")).toEqual(['"by-tier";q=6;w=3600']);
    expect((await call("/tier", "acme")).values("ratelimit-policy")).toEqual(['"by-tier";q=3;w=3600']);
  });

  test("routes count alone", async () => {
    expect(await calls(4, "/one", "acme")).toEqual([200, 200, 200, 429]);
    expect(await calls(4, "/two", "acme")).toEqual([200, 200, 200, 429]);
  });

  test("what the client is told counts down, and comes to nothing before it is refused", async () => {
    const answers = [
      await call("/one", "globex"),
      await call("/one", "globex"),
      await call("/one", "globex"),
      await call("/one", "globex"),
    ];
    expect(answers.map((answer) => [answer.status, left(answer).small])).toEqual([
      [200, 2],
      [200, 1],
      [200, 0],
      [429, 0],
    ]);
    const [retry = ""] = answers[3]?.values("retry-after") ?? [];
    // Each field once: the guard and Envoy both could write them.
    for (const answer of answers)
      expect([answer.values("ratelimit").length, answer.values("ratelimit-policy").length]).toEqual([1, 1]);
    expect(retry).toMatch(/^\d+$/);
    // One call of three an hour comes back after 20 minutes.
    expect(Number(retry)).toBeGreaterThan(1100);
    expect(Number(retry)).toBeLessThanOrEqual(1200);
    expect(answers.slice(0, 3).flatMap((answer) => answer.values("retry-after"))).toEqual([]);
    expect(answers[3]?.values("content-type")).toEqual(["application/problem+json"]);
    expect(JSON.parse(answers[3]?.text ?? "")).toMatchObject({ status: 429, "violated-policies": ["small"] });
  });

  test("a call that one limit refuses costs nothing in the others, whatever their order", async () => {
    for (const target of ["/both", "/turned"]) {
      expect(await calls(3, target, "initech")).toEqual([200, 200, 200]);
      for (let n = 0; n < 5; n++) {
        const { reply, decision } = await gateway.judged(() => call(target, "initech"));
        expect([reply.status, left(reply).large, decision.decision]).toEqual([429, 7, "small denied quota-exceeded"]);
      }
    }
  });

  test("a call that a rule refuses costs nothing", async () => {
    expect(await calls(5, "/read", "acme", "POST")).toEqual([403, 403, 403, 403, 403]);
    expect(await calls(4, "/read", "acme")).toEqual([200, 200, 200, 429]);
  });

  test("a call without a valid key costs nobody anything", async () => {
    for (let n = 0; n < 5; n++)
      expect((await gateway.raw({ target: "/two", headers: [["x-api-key", `${key("hooli")[1]}x`]] })).status).toBe(401);
    expect(await calls(4, "/two", "hooli")).toEqual([200, 200, 200, 429]);
  });

  test("a key of two parts has a bucket for each pair", async () => {
    expect(await calls(3, "/method", "acme")).toEqual([200, 200, 429]);
    expect(await calls(3, "/method", "acme", "POST")).toEqual([200, 200, 429]);
    expect(await calls(3, "/method", "globex")).toEqual([200, 200, 429]);
  });

  test("no header gives a caller a second budget: absent, empty and repeated ones share one bucket", async () => {
    const statuses: number[] = [];
    const ways: [string, string][][] = [
      [],
      [["x-tenant", ""]],
      [
        ["x-tenant", "a"],
        ["x-tenant", "b"],
      ],
      [
        ["x-tenant", "a"],
        ["x-tenant", "a"],
      ],
    ];
    for (const headers of ways) statuses.push((await gateway.raw({ target: "/tenant", headers })).status);
    expect(statuses).toEqual([200, 200, 429, 429]);
    for (const tenant of ["a", "b"])
      expect((await gateway.raw({ target: "/tenant", headers: [["x-tenant", tenant]] })).status).toBe(200);
  });

  test("a burst is how many pass at once", async () => {
    const statuses: number[] = [];
    for (let n = 0; n < 3; n++) statuses.push((await gateway.raw({ target: "/burst", headers: [] })).status);
    expect(statuses).toEqual([200, 200, 429]);
    const refused = await gateway.raw({ target: "/burst", headers: [] });
    // One call every six seconds.
    expect(Number(refused.values("retry-after")[0])).toBeGreaterThanOrEqual(1);
    expect(Number(refused.values("retry-after")[0])).toBeLessThanOrEqual(6);
  });

  test("an answer that the gateway gives itself tells the limit too, refused or not", async () => {
    const answers = [
      await gateway.raw({ target: "/answered", headers: [] }),
      await gateway.raw({ target: "/answered", headers: [] }),
    ];
    expect(
      answers.map((answer) => [answer.status, answer.values("ratelimit"), answer.values("ratelimit-policy")]),
    ).toEqual([
      [200, [expect.stringMatching(/^"single";r=0;t=\d+$/)], ['"single";q=1;w=3600']],
      [429, [expect.stringMatching(/^"single";r=0;t=\d+$/)], ['"single";q=1;w=3600']],
    ]);
  });

  test("a limit that is to say nothing says nothing", async () => {
    const answers = [
      await gateway.raw({ target: "/quiet", headers: [] }),
      await gateway.raw({ target: "/quiet", headers: [] }),
    ];
    expect(answers.map((answer) => answer.status)).toEqual([200, 429]);
    for (const answer of answers)
      expect(["ratelimit", "ratelimit-policy", "retry-after"].flatMap((name) => answer.values(name))).toEqual([]);
  });

  test("a hot limit, of which workers lend themselves parts, never lets more pass than it says", async () => {
    const fleet = await openFleet(gateway, 32, concurrency);
    try {
      const { counts, elapsedMs } = await fleet.run(dealt(6_000, fleet.size, () => bytesOf("/hot")));
      const passed = counts.get(200) ?? 0;
      const refused = counts.get(429) ?? 0;
      expect(passed + refused).toBe(6_000);
      expect(passed).toBeLessThanOrEqual(1000 + Math.ceil(elapsedMs));
      // Both sides of the limit were seen: the burst was given out, and what came beyond it was refused.
      expect(passed).toBeGreaterThanOrEqual(1000);
      expect(refused).toBeGreaterThan(0);
    } finally {
      fleet.close();
    }
  });
});

/** Calls left by policy, out of the `RateLimit` field. */
function left(reply: RawReply): Record<string, number> {
  const [field = ""] = reply.values("ratelimit");
  return Object.fromEntries(
    [...field.matchAll(/"([^"]+)";r=(\d+);t=\d+/g)].map(([, name = "", count]) => [name, Number(count)]),
  );
}
