import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { GenericContainer, type StartedTestContainer } from "testcontainers";
import { afterAll, beforeAll, expect, it } from "vitest";
import { isOpen } from "../e2e/support/cli.js";
import { freePort } from "../e2e/support/http3.js";
import { until } from "../e2e/support/until.js";
import { request } from "../support/http.js";
import { START_TIMEOUT_MS } from "../support/limit-service/service.js";
import { startUpstream, type Upstream } from "../support/upstream.js";
import { describeWithDocker } from "./daemon.js";
import { compiled, type EnvoyContainer, startCompiled } from "./envoy-container.js";
import { type LimitsImage, makeLimitsImage } from "./limits-image.js";

const policy = (service: string, limits: number) => `apiVersion: sluice/v1
kind: Gateway
name: shop
listeners: { public: { address: 127.0.0.1:0 } }
services:
  orders: { endpoints: ["${service}"] }
  limits: { endpoints: ["127.0.0.1:${limits}"], protocol: grpc }
policies:
  daily: { rateLimit: { key: [source.ip], rate: 3/day, scope: global, service: limits, timeout: 5s } }
  monthly: { onError: deny, rateLimit: { rate: 2 per 30d, scope: global, service: limits, timeout: 5s } }
  spared: { rateLimit: { scope: { local: 1/day, global: 100/day }, service: limits, timeout: 5s } }
routes:
  - { name: daily, match: { path: /daily }, to: orders, apply: [daily] }
  - { name: monthly, match: { path: /monthly }, to: orders, apply: [monthly] }
  - { name: spared, match: { path: /spared }, to: orders, apply: [spared] }
`;

await describeWithDocker("two Envoys, the ratelimit service and Redis in containers", () => {
  let image: LimitsImage;
  let service: Upstream;
  let redis: StartedTestContainer;
  let limits: StartedTestContainer;
  let one: EnvoyContainer;
  let other: EnvoyContainer;

  beforeAll(async () => {
    image = await makeLimitsImage();
    service = await startUpstream({ body: "orders" });
    const [redisPort, limitsPort, httpPort, debugPort] = [
      await freePort(),
      await freePort(),
      await freePort(),
      await freePort(),
    ];
    const text = policy(service.address, limitsPort);
    const { folder, remove } = await compiled(text);
    const configuration = await readFile(join(folder, "ratelimit.yaml"), "utf8");
    await remove();
    redis = await new GenericContainer(image.tag)
      .withNetworkMode("host")
      .withCommand(["/bin/redis-server", "--bind", "127.0.0.1", "--port", String(redisPort), "--save", ""])
      .start();
    await until("Redis", () => isOpen(redisPort));
    limits = await new GenericContainer(image.tag)
      .withNetworkMode("host")
      .withCopyContentToContainer([{ content: configuration, target: "/etc/limits/config/ratelimit.yaml" }])
      .withCommand(["/bin/ratelimit"])
      .withEnvironment({
        USE_STATSD: "false",
        DISABLE_STATS: "true",
        REDIS_SOCKET_TYPE: "tcp",
        REDIS_URL: `127.0.0.1:${redisPort}`,
        RUNTIME_ROOT: "/etc/limits",
        RUNTIME_SUBDIRECTORY: "",
        RUNTIME_WATCH_ROOT: "false",
        GRPC_HOST: "127.0.0.1",
        GRPC_PORT: String(limitsPort),
        HOST: "127.0.0.1",
        PORT: String(httpPort),
        DEBUG_HOST: "127.0.0.1",
        DEBUG_PORT: String(debugPort),
      })
      .start();
    await until("the ratelimit service", () => isOpen(limitsPort));
    one = await startCompiled(text, {});
    other = await startCompiled(text, {});
  }, START_TIMEOUT_MS);
  afterAll(async () => {
    await one?.stop();
    await other?.stop();
    await limits?.stop();
    await redis?.stop();
    await image?.remove();
    await service?.close();
  });

  const statuses = async (envoy: EnvoyContainer, path: string, times: number) => {
    const all: number[] = [];
    for (let index = 0; index < times; index++) all.push((await request(envoy.url(path))).status);
    return all;
  };

  it("count together, by day and by month", async () => {
    expect(await statuses(one, "/daily", 2)).toEqual([200, 200]);
    expect(await statuses(other, "/daily", 2)).toEqual([200, 429]);
    expect(await statuses(one, "/monthly", 1)).toEqual([200]);
    expect(await statuses(other, "/monthly", 2)).toEqual([200, 429]);
    expect(await statuses(one, "/spared", 2)).toEqual([200, 429]);
    expect(await statuses(other, "/spared", 2)).toEqual([200, 429]);
  });

  it("without Redis pass calls, or refuse them, as each policy says", async () => {
    await redis.stop();
    expect(await statuses(one, "/daily", 2)).toEqual([200, 200]);
    expect(await statuses(other, "/monthly", 2)).toEqual([503, 503]);
  });
});
