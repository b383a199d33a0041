import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type StandingOracle, standingOracle } from "../support/envoy.js";
import { request } from "../support/http.js";
import { http2Request } from "./support/http2.js";
import { type Gateway, serve, WORKER_COUNTS } from "./support/serve.js";

const POLICY = `apiVersion: sluice/v1
kind: Gateway
name: credentials
listeners:
  public: { address: 127.0.0.1:8080 }
services:
  echo: { endpoints: [127.0.0.1:9001] }
consumers:
  acme: { tier: gold, groups: [partners, finance], credentials: [{ apiKey: env:ACME_KEY }] }
  plain: { credentials: [{ apiKey: env:PLAIN_KEY }] }
policies:
  known: { authenticate: { anyOf: [{ apiKey: { header: x-api-key } }, { apiKey: { header: x-old-key } }] } }
  maybe: { authenticate: { anyOf: [{ apiKey: { header: x-api-key } }], optional: true } }
  gold-only: { authorize: { rules: [{ name: gold, allow: 'auth.tier == "gold"' }] } }
  once: { rateLimit: { key: [auth.consumer], rate: 1/hour } }
routes:
  - { name: known, match: { path: /known/** }, to: echo, apply: [known] }
  - { name: maybe, match: { path: /maybe/** }, to: echo, apply: [maybe] }
  - { name: gold, match: { path: /gold/** }, to: echo, apply: [known, gold-only] }
  - { name: limited, match: { path: /limited/** }, to: echo, apply: [known, once] }
`;

type Pair = readonly [name: string, value: string];

describe.each(WORKER_COUNTS)("with %i workers", (concurrency) => {
  let gateway: Gateway;
  let oracle: StandingOracle;
  beforeAll(async () => {
    gateway = await serve(POLICY, { concurrency });
    oracle = await standingOracle(gateway.envoy);
  });
  afterAll(() => gateway?.stop());
  beforeEach(() => gateway.forget());

  const acme = (): Pair => ["x-api-key", gateway.env.ACME_KEY ?? ""];
  const plain = (): Pair => ["x-api-key", gateway.env.PLAIN_KEY ?? ""];
  const get = (target: string, ...headers: Pair[]) => gateway.raw({ target, headers });

  const refused: [string, (key: string) => Pair[], reason: string][] = [
    ["no key", () => [], "no-credential"],
    ["an unknown key", () => [["x-api-key", "wrong"]], "unknown-credential"],
    ["the key with one more character", (key) => [["x-api-key", `${key}0`]], "unknown-credential"],
    ["the key without its last character", (key) => [["x-api-key", key.slice(0, -1)]], "unknown-credential"],
    ["the key in capital letters", (key) => [["x-api-key", key.toUpperCase()]], "unknown-credential"],
    ["an empty key", () => [["x-api-key", ""]], "malformed-credential"],
    ["spaces for a key", () => [["x-api-key", "   "]], "malformed-credential"],
    [
      "the key twice",
      (key) => [
        ["x-api-key", key],
        ["x-api-key", key],
      ],
      "duplicate-credential",
    ],
    [
      "the key and another",
      (key) => [
        ["x-api-key", key],
        ["x-api-key", "wrong"],
      ],
      "duplicate-credential",
    ],
    [
      "another and the key",
      (key) => [
        ["x-api-key", "wrong"],
        ["X-API-KEY", key],
      ],
      "duplicate-credential",
    ],
    [
      "the key and an empty one",
      (key) => [
        ["x-api-key", key],
        ["x-api-key", ""],
      ],
      "duplicate-credential",
    ],
    ["the key joined with itself by a comma", (key) => [["x-api-key", `${key}, ${key}`]], "duplicate-credential"],
    ["the key and a comma", (key) => [["x-api-key", `${key},`]], "duplicate-credential"],
    [
      "the key in both headers",
      (key) => [
        ["x-api-key", key],
        ["x-old-key", key],
      ],
      "several-credentials",
    ],
    [
      "an empty second header",
      (key) => [
        ["x-api-key", key],
        ["x-old-key", ""],
      ],
      "several-credentials",
    ],
    ["4,096 bytes", () => [["x-api-key", "k".repeat(4096)]], "unknown-credential"],
    ["4,097 bytes", () => [["x-api-key", "k".repeat(4097)]], "malformed-credential"],
    ["the key and 4 KiB more", (key) => [["x-api-key", key + "k".repeat(4096)]], "malformed-credential"],
    ["the key after a byte above ASCII", (key) => [["x-api-key", `\xff${key}`]], "unknown-credential"],
    ["bytes that are not UTF-8", () => [["x-api-key", "\xc3\x28\xfe\xff"]], "unknown-credential"],
    ["the key in quotes", (key) => [["x-api-key", `"${key}"`]], "unknown-credential"],
    ["the key as a bearer token", (key) => [["authorization", `Bearer ${key}`]], "no-credential"],
    ["the name of the variable", () => [["x-api-key", "env:ACME_KEY"]], "unknown-credential"],
  ];
  test.each(refused)("%s is refused, and the service hears nothing", async (_, headers, reason) => {
    const { reply, decision } = await gateway.judged(() => get("/known/x", ...headers(acme()[1])));
    expect(decision).toEqual({
      status: 401,
      method: "GET",
      route: "known",
      decision: `known denied ${reason}`,
      consumer: null,
    });
    expect(reply.status).toBe(401);
    expect(reply.values("www-authenticate")).toEqual(['ApiKey realm="credentials"']);
    expect(reply.values("content-type")).toEqual(["application/problem+json"]);
    expect(reply.text).toBe('{"type":"about:blank","title":"Unauthorized","status":401}');
    expect(gateway.heard().map(({ url }) => url)).toEqual([]);
  });

  test.each([
    ["a wrong key", ["x-api-key", "wrong"]],
    ["an empty key", ["x-api-key", ""]],
  ] as const)("%s is not taken for an anonymous caller", async (_, header) => {
    const { reply, decision } = await gateway.judged(() => get("/maybe/x", header));
    expect([reply.status, decision.decision?.startsWith("maybe denied")]).toEqual([401, true]);
    expect(gateway.heard().map(({ url }) => url)).toEqual([]);
  });

  test.each([
    ["NUL", "\0", 400],
    // Envoy reads a lone CR as a space (RFC 9112 2.2).
    ["CR", "\r", 401],
  ])("%s in a key makes it another key", async (_, byte, status) => {
    expect((await get("/known/x", ["x-api-key", `${acme()[1]}${byte}x-consumer: root`])).status).toBe(status);
    expect(gateway.heard().map(({ url }) => url)).toEqual([]);
  });

  test("HEAD is answered without a body, and with the answer of its route", async () => {
    const denied = await gateway.raw({ method: "HEAD", target: "/known/x", headers: [] });
    expect([denied.status, denied.values("www-authenticate").length, denied.text]).toEqual([401, 1, ""]);
    expect(gateway.heard().map(({ url }) => url)).toEqual([]);
    expect((await gateway.raw({ method: "HEAD", target: "/known/x", headers: [acme()] })).status).toBe(200);
    expect(gateway.heard().map((request) => request.method)).toEqual(["HEAD"]);
  });

  test("gRPC is refused in its own words, over HTTP/2 and over HTTP/1.1", async () => {
    const calls: [string, Pair | undefined, string][] = [
      ["/known/s/m", undefined, "16"],
      ["/gold/s/m", plain(), "7"],
    ];
    const seen: unknown[] = [];
    for (const [path, key, grpcStatus] of calls) {
      const headers = {
        ":method": "POST",
        ":path": path,
        "content-type": "application/grpc",
        te: "trailers",
        ...(key === undefined ? {} : { [key[0]]: key[1] }),
      };
      const over2 = await http2Request(gateway, headers);
      const over1 = await gateway.raw({
        method: "POST",
        target: path,
        headers: [["content-type", "application/grpc"], ["content-length", "0"], ...(key === undefined ? [] : [key])],
      });
      seen.push([over2.status, over2.headers["grpc-status"]], [over1.status, over1.values("grpc-status")[0]]);
      expect(seen.slice(-2)).toEqual([
        [200, grpcStatus],
        [200, grpcStatus],
      ]);
    }
    expect(gateway.heard().map(({ url }) => url)).toEqual([]);
  });

  test("gRPC beyond a limit is RESOURCE_EXHAUSTED", async () => {
    const headers = {
      ":method": "POST",
      ":path": "/limited/s/m",
      "content-type": "application/grpc+proto",
      te: "trailers",
      [plain()[0]]: plain()[1],
    };
    expect((await http2Request(gateway, headers)).headers["grpc-status"]).toBeUndefined();
    const over = await http2Request(gateway, headers);
    expect([over.status, over.headers["grpc-status"]]).toEqual([200, "8"]);
    expect(Number(over.headers["retry-after"])).toBeGreaterThanOrEqual(1);
    expect(gateway.heard()).toHaveLength(1);
  });

  test("afterwards no VM has trapped, no key is shown, and every worker serves", async () => {
    await oracle.check({
      goodRequest: (agent) => request(gateway.url("/known/x"), { agent, headers: { "x-api-key": acme()[1] } }),
      secrets: Object.values(gateway.env),
    });
  });
});
