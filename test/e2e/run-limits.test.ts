import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import type { LimitPrograms } from "../../compiler/runtime/limits.js";
import { request } from "../support/http.js";
import { prepareLimits } from "../support/limit-service/prepare.js";
import { START_TIMEOUT_MS } from "../support/limit-service/service.js";
import { isAlive, sluice } from "./support/cli.js";
import { freePort } from "./support/http3.js";
import { until } from "./support/until.js";
import { workplace } from "./support/workplace.js";

const place = workplace("sluice-run-limits-test-", "served");
let programs: LimitPrograms;
beforeAll(async () => {
  programs = await prepareLimits();
}, START_TIMEOUT_MS);

const policy = (port: number, rate: string) => `apiVersion: sluice/v1
kind: Gateway
name: shop
listeners: { public: { address: 127.0.0.1:0 } }
services:
  orders: { endpoints: ["${place.upstream.address}"] }
  limits: { endpoints: ["127.0.0.1:${port}"], protocol: grpc }
policies:
  calls: { rateLimit: { rate: ${rate}, scope: global, service: limits, timeout: 5s } }
routes: [{ name: all, match: { path: /** }, to: orders, apply: [calls] }]
`;

const env = () => ({ SLUICE_RATELIMIT: programs.service, SLUICE_REDIS: programs.redis });

test("sluice run --with-ratelimit counts for all gateways, takes over other rates, and ends what it started", async () => {
  const port = await freePort();
  const { cli, url } = await place.start(policy(port, "2/day"), ["--with-ratelimit"], { env: env() });
  expect(cli.stdout()).toContain(`limits of all gateways: counted at 127.0.0.1:${port}`);
  const statuses: number[] = [];
  for (let index = 0; index < 3; index++) statuses.push((await request(`${url}/`)).status);
  expect(statuses).toEqual([200, 200, 429]);
  expect(await place.change(cli, policy(port, "1000/day"))).toMatch(/taken over/);
  await until("the new rate", async () => (await request(`${url}/`)).status === 200 || undefined);
  await place.replace(policy(port + 1, "1000/day"));
  await cli.reports(/the service that counts for all gateways is at 127\.0\.0\.1:\d+ now; start again/);
  const children = cli.children();
  expect(children).toHaveLength(3);
  cli.signal("SIGINT");
  expect((await cli.ended).code).toBe(0);
  expect(children.filter(isAlive)).toEqual([]);
  expect(await cli.leftovers()).toEqual([]);
});

test("it says exactly what is missing, and how to get it", async () => {
  const file = join(place.folder, "policy.yaml");
  await writeFile(file, policy(await freePort(), "2/day"));
  const missing = {
    PATH: place.folder,
    SLUICE_CACHE: place.folder,
    SLUICE_RATELIMIT: undefined,
    SLUICE_REDIS: undefined,
  };
  const none = await sluice(["run", file, "--with-ratelimit"], { env: missing });
  expect(none.stderr.split("\n").filter((line) => line.startsWith("  the") || line.startsWith("  Redis"))).toEqual([
    `  the ratelimit service of Envoy: GOBIN=${place.folder}/ratelimit go install github.com/envoyproxy/ratelimit/src/service_cmd@v1.4.1-0.20260122083618-3fb702589d36 builds it, with Go 1.25.6 or newer; or set SLUICE_RATELIMIT to its path`,
    "  Redis: install redis-server (Debian and Ubuntu: apt-get install redis-server); or set SLUICE_REDIS to its path",
  ]);
  const named = await sluice(["run", file, "--with-ratelimit"], { env: { ...env(), SLUICE_REDIS: "/nowhere/redis" } });
  expect(named.stderr).toContain("  Redis: SLUICE_REDIS names /nowhere/redis, which cannot be run\n");
  expect([none.code, named.code]).toEqual([1, 1]);
});

test("it starts nothing elsewhere, nothing twice, and nothing that nobody needs", async () => {
  const port = await freePort();
  const refused = async (text: string) => {
    const file = join(place.folder, "policy.yaml");
    await writeFile(file, text);
    return (await sluice(["run", file, "--with-ratelimit"], { env: env() })).stderr;
  };
  expect(await refused(policy(port, "2/day").replace(`127.0.0.1:${port}`, "192.0.2.1:8081"))).toContain(
    "starts the service limits on this machine",
  );
  expect(await refused(policy(port, "2/day").replace(", scope: global, service: limits, timeout: 5s", ""))).toContain(
    "has nothing to count",
  );
  const taken = Number(place.upstream.address.split(":")[1]);
  expect(await refused(policy(taken, "2/day"))).toContain(`somebody listens at 127.0.0.1:${taken} already`);
});

test("without it, it says who has to count", async () => {
  const { cli, url } = await place.start(policy(await freePort(), "2/day"), [], {});
  await cli.reports(/limits of all gateways are counted by limits at 127\.0\.0\.1:\d+; --with-ratelimit starts such/);
  // Nobody counts, and the policy does not deny then.
  for (let index = 0; index < 3; index++) expect((await request(`${url}/`)).status).toBe(200);
});

test("the embedded host counts for itself", async () => {
  const { cli, url } = await place.start(policy(await freePort(), "2/day"), ["--embedded"], {});
  await cli.reports(/it counts for itself what limits counts for all gateways, and asks nobody/);
  const statuses: number[] = [];
  for (let index = 0; index < 3; index++) statuses.push((await request(`${url}/`)).status);
  expect(statuses).toEqual([200, 200, 429]);
});
