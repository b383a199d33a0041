import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { requireEnvoy } from "../support/envoy.js";
import { request } from "../support/http.js";
import { startUpstream, type Upstream } from "../support/upstream.js";
import { clean } from "./support/clean.js";
import { type Gateway, serve } from "./support/serve.js";
import { workplace } from "./support/workplace.js";

// Endpoints of the zone that the gateway is in.

const held = { timeout: 10_000, interval: 20 };
const HEALTH = "health: { path: /healthz, interval: 50ms, unhealthyAfter: 1 }";

/** Endpoints that are well until they are told otherwise. */
async function endpoints(count: number): Promise<(Upstream & { sick(is: boolean): void })[]> {
  return Promise.all(
    Array.from({ length: count }, async () => {
      let isSick = false;
      const upstream = await startUpstream(({ url }) => (url === "/healthz" && isSick ? { status: 503 } : {}));
      clean.push(() => upstream.close());
      return Object.assign(upstream, {
        sick(is: boolean) {
          isSick = is;
        },
      });
    }),
  );
}

function policyOf(zones: Readonly<Record<string, readonly Upstream[]>>, service: string, more = ""): string {
  const listed = Object.entries(zones).map(
    ([zone, all]) => `${zone}: [${all.map(({ address }) => address).join(", ")}]`,
  );
  return `apiVersion: sluice/v1
kind: Gateway
name: zones
listeners: { public: { address: 127.0.0.1:0 } }
${more}
services:
  api: { zones: { ${listed.join(", ")} }, ${HEALTH}, panic: 0%, ${service} }
routes:
  - { name: all, match: { path: /** }, to: api }
`;
}

async function gatewayIn(zone: string | undefined, policy: string): Promise<Gateway> {
  const gateway = await serve(policy, { ownServices: true, ...(zone === undefined ? {} : { zone }) });
  clean.push(() => gateway.stop());
  return gateway;
}

/** How many of so many requests each endpoint gets, checks of health left out. */
async function shares(gateway: Gateway, all: readonly Upstream[], requests: number): Promise<number[]> {
  for (const one of all) one.clear();
  for (let n = 0; n < requests; n++) expect((await gateway.send("/")).status).toBe(200);
  return all.map(({ received }) => received.filter(({ url }) => url !== "/healthz").length);
}

test("requests stay in the zone of the gateway while it has healthy endpoints, and come back to it", async () => {
  const [a, b, c, d] = await endpoints(4);
  if (a === undefined || b === undefined || c === undefined || d === undefined) throw new Error("four");
  const all = [a, b, c, d];
  const gateway = await gatewayIn("here", policyOf({ there: [c, d], here: [a, b] }, "zoneAware: {}"));
  await vi.waitFor(async () => expect(await shares(gateway, all, 10)).toEqual([5, 5, 0, 0]), held);
  a.sick(true);
  await vi.waitFor(async () => expect(await shares(gateway, all, 10)).toEqual([0, 10, 0, 0]), held);
  b.sick(true);
  await vi.waitFor(async () => expect(await shares(gateway, all, 10)).toEqual([0, 0, 5, 5]), held);
  a.sick(false);
  await vi.waitFor(async () => expect(await shares(gateway, all, 10)).toEqual([10, 0, 0, 0]), held);
});

test("minEndpoints: with fewer of them healthy than said, requests are shared among zones", async () => {
  const all = await endpoints(4);
  const [a, b, c, d] = all;
  if (a === undefined || b === undefined || c === undefined || d === undefined) throw new Error("four");
  const policy = policyOf(
    { here: [a, b], there: [c, d] },
    "loadBalancing: leastRequest, zoneAware: { minEndpoints: 2 }",
    "gateways: { here: 3, there: 1 }",
  );
  const gateway = await gatewayIn("here", policy);
  // Three quarters of the requests come from here, and here are half of the endpoints; but there are two.
  await vi.waitFor(async () => expect((await shares(gateway, all, 20)).slice(2)).toEqual([0, 0]), held);
  a.sick(true);
  await vi.waitFor(async () => {
    const [none, one = 0, ...others] = await shares(gateway, all, 60);
    expect(none).toBe(0);
    expect(Math.min(one, ...others)).toBeGreaterThan(5);
  }, held);
});

test("where nobody says in which zone it is, requests go to all", async () => {
  const all = await endpoints(3);
  const [a, b, c] = all;
  if (a === undefined || b === undefined || c === undefined) throw new Error("three");
  const gateway = await gatewayIn(undefined, policyOf({ x: [a], y: [b, c] }, "zoneAware: {}"));
  await vi.waitFor(async () => expect(await shares(gateway, all, 9)).toEqual([3, 3, 3]), held);
});

test("a zone without endpoints asks those of others that have the least to do", async () => {
  const all = await endpoints(3);
  const [a, b, c] = all;
  if (a === undefined || b === undefined || c === undefined) throw new Error("three");
  const gateway = await gatewayIn("elsewhere", policyOf({ x: [a], y: [b, c] }, "zoneAware: {}"));
  await vi.waitFor(async () => expect(await shares(gateway, all, 10)).toEqual([0, 5, 5]), held);
});

test("evenly: each endpoint has as much to do, wherever the requests come from", async () => {
  const all = await endpoints(4);
  const [a, b, c, d] = all;
  if (a === undefined || b === undefined || c === undefined || d === undefined) throw new Error("four");
  const policy = policyOf(
    { x: [a], y: [b, c, d] },
    "loadBalancing: random, zoneAware: { evenly: true }",
    "gateways: { x: 2, y: 2 }",
  );
  // Half of the requests come from x, which has a quarter of the endpoints: half of those stay.
  const inX = await gatewayIn("x", policy);
  const [own = 0, ...others] = await shares(inX, all, 400);
  // Binomials of 400 are outside of this once in ten million times.
  expect(own).toBeGreaterThan(145);
  expect(own).toBeLessThan(255);
  expect(Math.min(...others)).toBeGreaterThan(28);
  const inY = await gatewayIn("y", policy);
  expect((await shares(inY, all, 50))[0]).toBe(0);
});

const place = workplace("sluice-zones-test-", "here");

test("sluice run takes the zone from its option, and Envoy from its own", async () => {
  const [there] = await endpoints(1);
  if (there === undefined) throw new Error("one");
  place.upstream.reply(({ url }) => (url === "/healthz" ? {} : { body: "here" }));
  const policy = policyOf({ here: [place.upstream], there: [there] }, "zoneAware: {}");
  const settled = async (url: string) =>
    vi.waitFor(async () => {
      const texts = await Promise.all(Array.from({ length: 6 }, async () => (await request(url)).text));
      expect(new Set(texts).size).toBe(1);
      return texts[0];
    }, held);
  const first = await place.start(policy, ["--zone", "here"]);
  expect(await settled(first.url)).toBe("here");
  // Other zones are known at the start only.
  await place.replace(policy.replace("there:", "far:"));
  await first.cli.reports(/there are other zones.*start again\. The policy before stays in force\./);
  first.cli.signalGroup("SIGINT");
  await first.cli.ended;

  const { path } = await requireEnvoy();
  const wrapped = join(place.folder, "envoy");
  await writeFile(wrapped, `#!/bin/sh\nexec '${path}' --service-zone there "$@"\n`);
  await chmod(wrapped, 0o755);
  const second = await place.start(policy, [], { env: { SLUICE_ENVOY: wrapped } });
  expect(await settled(second.url)).toBe("");
});
