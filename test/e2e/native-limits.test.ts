import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { workFolder } from "../../compiler/cli/envoy.js";
import { type RunningEnvoy, startEnvoy } from "../../compiler/runtime/process.js";
import { requireEnvoy } from "../support/envoy.js";
import { type RawReply, rawRequest } from "../support/http.js";
import { type Gateway, serve } from "./support/serve.js";

// The same limits in Envoy's own local_ratelimit and in the guard, asked the same: a token bucket that is filled without pause and the generic cell
// rate algorithm are one algorithm in two spellings.

const TYPE = "type.googleapis.com/";
const EVERY = { default_value: { numerator: 100 } };

/** A limit in both spellings: calls in some seconds, so many at once, and what a call costs. */
interface Limit {
  readonly name: string;
  readonly count: number;
  readonly seconds: number;
  readonly burst: number;
  readonly cost: number;
}

const SLOW: readonly Limit[] = [
  { name: "one", count: 1, seconds: 3600, burst: 1, cost: 1 },
  { name: "five", count: 5, seconds: 3600, burst: 5, cost: 1 },
  { name: "burst", count: 2, seconds: 60, burst: 7, cost: 1 },
  { name: "tight", count: 1000, seconds: 86_400, burst: 3, cost: 1 },
  { name: "dear", count: 10, seconds: 3600, burst: 10, cost: 4 },
];
const FAST: Limit = { name: "fast", count: 40, seconds: 1, burst: 8, cost: 1 };
const LIMITS = [...SLOW, FAST];

const POLICY = `apiVersion: sluice/v1
kind: Gateway
name: limits
listeners: { public: { address: 127.0.0.1:8080 } }
policies:
${LIMITS.map(({ name, count, seconds, burst, cost }) => `  ${name}: { rateLimit: { rate: ${count} per ${seconds}s burst ${burst}, cost: ${cost}, headers: [x-ratelimit] } }`).join("\n")}
routes:
${LIMITS.map(({ name }) => `  - { name: ${name}, match: { path: /${name} }, respond: { status: 200 }, apply: [${name}] }`).join("\n")}
`;

function nativeLimit({ count, seconds, burst, cost }: Limit): object {
  const bucket = (tokens: number) => ({
    max_tokens: tokens,
    tokens_per_fill: count,
    fill_interval: `${seconds}s`,
  });
  return {
    "@type": `${TYPE}envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit`,
    stat_prefix: "native",
    token_bucket: bucket(burst),
    filter_enabled: EVERY,
    filter_enforced: EVERY,
    enable_x_ratelimit_headers: "DRAFT_VERSION_03",
    ...(cost === 1
      ? {}
      : {
          always_consume_default_token_bucket: false,
          rate_limits: [{ actions: [{ generic_key: { descriptor_value: "all" } }], hits_addend: { number: cost } }],
          descriptors: [{ entries: [{ key: "generic_key", value: "all" }], token_bucket: bucket(burst) }],
        }),
  };
}

const FILTER = "envoy.filters.http.local_ratelimit";

const NATIVE = {
  static_resources: {
    listeners: [
      {
        name: "native",
        address: { socket_address: { address: "127.0.0.1", port_value: 0 } },
        filter_chains: [
          {
            filters: [
              {
                name: "envoy.filters.network.http_connection_manager",
                typed_config: {
                  "@type": `${TYPE}envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager`,
                  stat_prefix: "native",
                  route_config: {
                    virtual_hosts: [
                      {
                        name: "all",
                        domains: ["*"],
                        routes: LIMITS.map((limit) => ({
                          match: { path: `/${limit.name}` },
                          direct_response: { status: 200 },
                          typed_per_filter_config: { [FILTER]: nativeLimit(limit) },
                        })),
                      },
                    ],
                  },
                  http_filters: [
                    {
                      name: FILTER,
                      typed_config: {
                        "@type": `${TYPE}envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit`,
                        stat_prefix: "native",
                      },
                    },
                    {
                      name: "envoy.filters.http.router",
                      typed_config: { "@type": `${TYPE}envoy.extensions.filters.http.router.v3.Router` },
                    },
                  ],
                },
              },
            ],
          },
        ],
      },
    ],
  },
};

describe("beside Envoy's own local_ratelimit", () => {
  let guard: Gateway;
  let native: RunningEnvoy;
  let work: Awaited<ReturnType<typeof workFolder>>;
  let port = 0;
  beforeAll(async () => {
    guard = await serve(POLICY);
    work = await workFolder();
    native = await startEnvoy({
      envoy: await requireEnvoy(),
      workDir: work.path,
      configText: JSON.stringify(NATIVE),
      env: {},
      concurrency: 1,
    });
    port = (await native.listeners())[0]?.port ?? 0;
  });
  afterAll(async () => {
    await guard?.stop();
    await native?.stop();
    await work?.remove();
  });

  const ask = (name: string) =>
    Promise.all([
      guard.raw({ target: `/${name}`, headers: [] }),
      rawRequest({ port }, { target: `/${name}`, headers: [["host", "a"]] }),
    ]);
  const field = (reply: RawReply, name: string) => {
    const [value = "", ...more] = reply.values(`x-ratelimit-${name}`);
    expect(more).toEqual([]);
    return Number(value);
  };

  test.each(SLOW)(
    "$name: the same calls pass, and the X-RateLimit fields say the same",
    async ({ name, burst, cost }) => {
      const passed: number[] = [];
      for (let call = 0; call < burst / cost + 4; call++) {
        const [own, other] = await ask(name);
        expect(own.status).toBe(other.status);
        passed.push(own.status);
        for (const part of ["limit", "remaining"]) expect([part, field(own, part)]).toEqual([part, field(other, part)]);
        // Envoy rounds down to whole seconds, which sends clients back too early.
        const [mine, theirs] = [field(own, "reset"), field(other, "reset")];
        expect(mine - theirs).toBeGreaterThanOrEqual(0);
        expect(mine - theirs).toBeLessThanOrEqual(1);
      }
      expect(passed.filter((status) => status === 200)).toHaveLength(Math.floor(burst / cost));
    },
  );

  test("as time goes by, each lets pass what the rate gives, and never a call more", async () => {
    const counts = [0, 0];
    const start = performance.now();
    while (performance.now() - start < 2000) {
      const replies = await ask(FAST.name);
      for (const [index, { status }] of replies.entries()) if (status === 200) counts[index] = (counts[index] ?? 0) + 1;
    }
    const most = FAST.burst + Math.ceil(((performance.now() - start) / 1000) * FAST.count);
    for (const count of counts) {
      expect(count).toBeLessThanOrEqual(most);
      expect(count).toBeGreaterThan(FAST.burst);
    }
  });
});
