import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type StandingOracle, standingOracle } from "../support/envoy.js";
import { type RawMessage, rawRequest, request } from "../support/http.js";
import { type Gateway, serve, WORKER_COUNTS } from "./support/serve.js";

const POLICY = `apiVersion: sluice/v1
kind: Gateway
name: forged-source
listeners:
  direct: { address: 127.0.0.1:8080 }
  behind: { address: 127.0.0.1:8081, trustedHops: 1 }
services: { echo: { endpoints: [127.0.0.1:9001] } }
policies:
  inside: { authorize: { rules: [{ name: inside, allow: 'cidr(source.ip, "10.0.0.0/8")' }] } }
  each: { rateLimit: { key: [source.ip], rate: 1/day, store: { slots: 1024 } } }
routes:
  - { name: inside, match: { path: /inside }, to: echo, apply: [inside] }
  - { name: each, match: { path: /each }, to: echo, apply: [each] }
  - { name: open, match: { path: /open }, to: echo }
`;

type Line = readonly [name: string, value: string];
const forwarded = (...values: string[]): Line[] => values.map((value) => ["x-forwarded-for", value]);
const times = (count: number, value: string) => Array.from({ length: count }, () => value);

/** Who says to come from 10.1.2.3, and is at 127.0.0.1. */
const FORGED: readonly Line[][] = [
  forwarded("10.1.2.3"),
  forwarded(times(50, "10.1.2.3").join(", ")),
  forwarded(...times(50, "10.1.2.3")),
  forwarded("::ffff:10.1.2.3"),
  forwarded("[::ffff:10.1.2.3]:80"),
  forwarded("fe80::1%eth0, 10.1.2.3"),
  forwarded("10.1.2.3:80"),
  forwarded("10.1.2.3,"),
  forwarded(`${"1".repeat(4096)}, 10.1.2.3`),
  [["forwarded", "for=10.1.2.3"]],
  [["x-real-ip", "10.1.2.3"]],
  [["true-client-ip", "10.1.2.3"]],
  [["x-envoy-external-address", "10.1.2.3"]],
];

describe.each(WORKER_COUNTS)("with %i workers", (concurrency) => {
  let gateway: Gateway;
  let oracle: StandingOracle;
  beforeAll(async () => {
    gateway = await serve(POLICY, { concurrency });
    oracle = await standingOracle(gateway.envoy);
  });
  afterAll(() => gateway?.stop());

  const statusOf = async (listener: string, target: string, headers: readonly Line[]) => {
    const message: RawMessage = { target, headers: [["host", "shop.test"], ...headers] };
    return (await rawRequest({ port: gateway.port(listener) }, message)).status;
  };
  const statusesOf = async (listener: string, target: string, all: readonly Line[][]) => {
    const statuses: number[] = [];
    for (const headers of all) statuses.push(await statusOf(listener, target, headers));
    return statuses;
  };

  test("a client is at the address that it connects from, whatever it says", async () => {
    expect(await statusesOf("direct", "/inside", FORGED)).toEqual(FORGED.map(() => 403));
    // Envoy takes this one for an attack on whoever is behind it.
    expect(await statusOf("direct", "/inside", [...forwarded("10.1.2.3"), ["connection", "x-forwarded-for"]])).toBe(
      400,
    );
    expect(gateway.heard()).toEqual([]);
    // There is one bucket for all of them.
    expect(await statusesOf("direct", "/each", FORGED)).toEqual(FORGED.map((_, index) => (index === 0 ? 200 : 429)));
    expect(gateway.heard()).toHaveLength(1);
  });

  test("behind a proxy that is trusted, what it adds at the end counts, and nothing before it", async () => {
    const outside: readonly Line[][] = [
      forwarded("10.1.2.3, 203.0.113.9"),
      forwarded(`${times(49, "10.1.2.3").join(", ")}, 203.0.113.9`),
      forwarded(...times(49, "10.1.2.3"), "203.0.113.9"),
      forwarded("10.1.2.3, fe80::1%eth0"),
      forwarded("10.1.2.3, nobody"),
      forwarded("10.1.2.3,"),
      forwarded("10.1.2.3, ::ffff:203.0.113.9"),
    ];
    gateway.forget();
    expect(await statusesOf("behind", "/inside", outside)).toEqual(outside.map(() => 403));
    expect(gateway.heard()).toEqual([]);
    const inside: readonly Line[][] = [
      forwarded("203.0.113.9, 10.1.2.3"),
      forwarded(`${times(49, "203.0.113.9").join(", ")}, 10.1.2.3`),
      forwarded(...times(49, "203.0.113.9"), "10.1.2.3"),
    ];
    expect(await statusesOf("behind", "/inside", inside)).toEqual(inside.map(() => 200));
  });

  test("afterwards no VM has trapped, and every worker serves", async () => {
    await oracle.check({ goodRequest: (agent) => request(gateway.url("/open"), { agent }) });
  });
});
