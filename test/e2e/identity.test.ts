import { connect as connectHttp2 } from "node:http2";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { checkText } from "../../compiler/index.js";
import type { ReceivedRequest } from "../support/upstream.js";
import { edited, putRouteFirst } from "./support/edit.js";
import { type Gateway, serve, WORKER_COUNTS } from "./support/serve.js";

const POLICY = `apiVersion: sluice/v1
kind: Gateway
name: identity
listeners:
  public: { address: 127.0.0.1:8080 }
services:
  echo: { endpoints: [127.0.0.1:9001] }
  other: { endpoints: [127.0.0.1:9002] }
consumers:
  acme: { tier: gold, groups: [partners, finance], credentials: [{ apiKey: env:ACME_KEY }] }
  plain: { credentials: [{ apiKey: env:PLAIN_KEY }] }
policies:
  known: { authenticate: { anyOf: [{ apiKey: { header: x-api-key } }, { apiKey: { header: x-old-key } }] } }
  maybe: { authenticate: { anyOf: [{ apiKey: { header: x-api-key } }], optional: true } }
  shown: { authenticate: { anyOf: [{ apiKey: { header: x-api-key } }], forward: true } }
  gold-only: { authorize: { rules: [{ name: gold, allow: 'auth.tier == "gold"' }] } }
  once: { rateLimit: { key: [auth.consumer], rate: 1/hour } }
routes:
  - { name: known, match: { path: /known/** }, to: echo, apply: [known] }
  - { name: maybe, match: { path: /maybe/** }, to: echo, apply: [maybe] }
  - { name: shown, match: { path: /shown/** }, to: echo, apply: [shown] }
  - { name: open, match: { path: /open/** }, to: echo }
  - { name: gold, match: { path: /gold/** }, to: echo, apply: [known, gold-only] }
  - { name: limited, match: { path: /limited/** }, to: echo, apply: [known, once] }
`;

type Pair = readonly [name: string, value: string];

/** What a request may say of its caller; none of it may reach a service. */
const FORGERIES: { name: string; headers: readonly Pair[] }[] = [
  { name: "each header once", headers: [["x-consumer", "root"], ["x-consumer-tier", "platinum"], ["x-consumer-groups", "admins"]] },
  { name: "a header twice", headers: [["x-consumer", "root"], ["x-consumer", "acme"], ["x-consumer-tier", "a"], ["x-consumer-tier", "b"]] },
  { name: "capital letters", headers: [["X-Consumer", "root"], ["X-CONSUMER-TIER", "platinum"], ["x-Consumer-Groups", "admins"]] },
  { name: "an empty value", headers: [["x-consumer", ""], ["x-consumer-tier", ""], ["x-consumer-groups", ""]] },
  { name: "bytes that are not text", headers: [["x-consumer", "r\xf6\xffot"], ["x-consumer-groups", "\x80"]] },
  { name: "named as hop-by-hop", headers: [["connection", "x-consumer, x-consumer-tier, x-consumer-groups"], ["x-consumer", "root"]] },
];

describe.each(WORKER_COUNTS)("with %i workers", (concurrency) => {
  let gateway: Gateway;
  beforeAll(async () => {
    gateway = await serve(POLICY, { concurrency });
  });
  afterAll(() => gateway?.stop());
  beforeEach(() => gateway.forget());

  const acme = (): Pair => ["x-api-key", gateway.env.ACME_KEY ?? ""];
  const plain = (): Pair => ["x-api-key", gateway.env.PLAIN_KEY ?? ""];
  const get = (target: string, ...headers: Pair[]) => gateway.raw({ target, headers });

  describe.each(FORGERIES)("a forged identity ($name)", ({ headers }) => {
    test.each([
      { what: "a known caller", path: "/known/x", key: acme, identity: { consumer: ["acme"], tier: ["gold"], groups: ["partners,finance"] } },
      { what: "a known caller without tier and groups", path: "/known/x", key: plain, identity: { consumer: ["plain"], tier: [], groups: [] } },
      { what: "a caller who may be anonymous", path: "/maybe/x", key: undefined, identity: { consumer: [], tier: [], groups: [] } },
      { what: "a known caller who might be anonymous", path: "/maybe/x", key: acme, identity: { consumer: ["acme"], tier: ["gold"], groups: ["partners,finance"] } },
      { what: "a route without policy", path: "/open/x", key: undefined, identity: { consumer: [], tier: [], groups: [] } },
      { what: "a key on a route without policy", path: "/open/x", key: acme, identity: { consumer: [], tier: [], groups: [] } },
    ])("does not reach the service: $what", async ({ path, key, identity }) => {
      expect((await get(path, ...headers, ...(key === undefined ? [] : [key()]))).status).toBe(200);
      expect(gateway.heard().map(identityIn)).toEqual([identity]);
    });

    test("does not help with rules", async () => {
      const { reply, decision } = await gateway.judged(() => get("/gold/x", ...headers, ["x-consumer-tier", "gold"], plain()));
      expect(reply.status).toBe(403);
      expect(decision).toMatchObject({ decision: "gold-only denied otherwise", consumer: "plain", route: "gold" });
      expect(gateway.heard()).toEqual([]);
    });
  });

  test.each(["x_consumer", "X_Consumer", "x-consumer_tier", "x_consumer_groups", "x_api_key"])("%s, which some services read as a dash, is refused", async (name) => {
    const reply = await get("/open/x", [name, "root"]);
    expect(reply.status).toBe(400);
    expect(gateway.heard()).toEqual([]);
  });

  test("a forged identity over HTTP/2 does not reach the service, in headers or in trailers", async () => {
    const { status } = await http2Request(gateway, { ":path": "/known/x", ":method": "POST", "x-consumer": "root", [acme()[0]]: acme()[1] }, { "x-consumer": "root" });
    expect(status).toBe(200);
    expect(gateway.heard().map(identityIn)).toEqual([{ consumer: ["acme"], tier: ["gold"], groups: ["partners,finance"] }]);
    expect(gateway.heard()[0]?.body.toString()).toBe("body");
  });

  test("the credential stays at the gateway", async () => {
    await get("/known/x", acme());
    await get("/known/x", ["x-old-key", acme()[1]]);
    await get("/maybe/x", acme());
    const values = gateway.heard().map((request) => [request.values("x-api-key"), request.values("x-old-key")]);
    expect(values).toEqual([[[], []], [[], []], [[], []]]);
    expect(JSON.stringify(gateway.heard())).not.toContain(acme()[1]);
  });

  test("the credential reaches the service where the policy says so", async () => {
    expect((await get("/shown/x", acme())).status).toBe(200);
    expect(gateway.heard().map((request) => request.values("x-api-key"))).toEqual([[acme()[1]]]);
  });

  const refused: [string, (key: string) => Pair[], reason: string][] = [
    ["no key", () => [], "no-credential"],
    ["an unknown key", () => [["x-api-key", "wrong"]], "unknown-credential"],
    ["the key with one more character", (key) => [["x-api-key", `${key}0`]], "unknown-credential"],
    ["the key without its last character", (key) => [["x-api-key", key.slice(0, -1)]], "unknown-credential"],
    ["the key in capital letters", (key) => [["x-api-key", key.toUpperCase()]], "unknown-credential"],
    ["an empty key", () => [["x-api-key", ""]], "malformed-credential"],
    ["spaces for a key", () => [["x-api-key", "   "]], "malformed-credential"],
    ["the key twice", (key) => [["x-api-key", key], ["x-api-key", key]], "duplicate-credential"],
    ["the key and another", (key) => [["x-api-key", key], ["x-api-key", "wrong"]], "duplicate-credential"],
    ["another and the key", (key) => [["x-api-key", "wrong"], ["X-API-KEY", key]], "duplicate-credential"],
    ["the key and an empty one", (key) => [["x-api-key", key], ["x-api-key", ""]], "duplicate-credential"],
    ["the key joined with itself by a comma", (key) => [["x-api-key", `${key}, ${key}`]], "duplicate-credential"],
    ["the key and a comma", (key) => [["x-api-key", `${key},`]], "duplicate-credential"],
    ["the key in both headers", (key) => [["x-api-key", key], ["x-old-key", key]], "several-credentials"],
    ["an empty second header", (key) => [["x-api-key", key], ["x-old-key", ""]], "several-credentials"],
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
    expect(decision).toEqual({ status: 401, method: "GET", route: "known", decision: `known denied ${reason}`, consumer: null });
    expect(reply.status).toBe(401);
    expect(reply.values("www-authenticate")).toEqual(['ApiKey realm="identity"']);
    expect(reply.values("content-type")).toEqual(["application/problem+json"]);
    expect(reply.text).toBe('{"type":"about:blank","title":"Unauthorized","status":401}');
    expect(gateway.heard()).toEqual([]);
  });

  test.each([
    ["a wrong key", ["x-api-key", "wrong"]],
    ["an empty key", ["x-api-key", ""]],
  ] as const)("%s is not taken for an anonymous caller", async (_, header) => {
    const { reply, decision } = await gateway.judged(() => get("/maybe/x", header));
    expect([reply.status, decision.decision?.startsWith("maybe denied")]).toEqual([401, true]);
    expect(gateway.heard()).toEqual([]);
  });

  test.each([
    ["NUL", "\0", 400],
    // Envoy reads a lone CR as a space (RFC 9112 2.2).
    ["CR", "\r", 401],
  ])("%s in a key makes it another key", async (_, byte, status) => {
    expect((await get("/known/x", ["x-api-key", `${acme()[1]}${byte}x-consumer: root`])).status).toBe(status);
    expect(gateway.heard()).toEqual([]);
  });

  test("a line break in a key begins another header, whose claim is dropped", async () => {
    for (const end of ["\n", "\r\n"]) await get("/known/x", ["x-api-key", `${acme()[1]}${end}x-consumer: root`]);
    const identity = { consumer: ["acme"], tier: ["gold"], groups: ["partners,finance"] };
    expect(gateway.heard().map(identityIn)).toEqual([identity, identity]);
  });

  test("HEAD is answered without a body, and with the answer of its route", async () => {
    const denied = await gateway.raw({ method: "HEAD", target: "/known/x", headers: [] });
    expect([denied.status, denied.values("www-authenticate").length, denied.text]).toEqual([401, 1, ""]);
    expect(gateway.heard()).toEqual([]);
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
      const headers = { ":method": "POST", ":path": path, "content-type": "application/grpc", te: "trailers", ...(key === undefined ? {} : { [key[0]]: key[1] }) };
      const over2 = await http2Request(gateway, headers);
      const over1 = await gateway.raw({ method: "POST", target: path, headers: [["content-type", "application/grpc"], ["content-length", "0"], ...(key === undefined ? [] : [key])] });
      seen.push([over2.status, over2.headers["grpc-status"]], [over1.status, over1.values("grpc-status")[0]]);
      expect(seen.slice(-2)).toEqual([[200, grpcStatus], [200, grpcStatus]]);
    }
    expect(gateway.heard()).toEqual([]);
  });

  test("gRPC beyond a limit is RESOURCE_EXHAUSTED", async () => {
    const headers = { ":method": "POST", ":path": "/limited/s/m", "content-type": "application/grpc+proto", te: "trailers", [plain()[0]]: plain()[1] };
    expect((await http2Request(gateway, headers)).headers["grpc-status"]).toBeUndefined();
    const over = await http2Request(gateway, headers);
    expect([over.status, over.headers["grpc-status"]]).toEqual([200, "8"]);
    expect(Number(over.headers["retry-after"])).toBeGreaterThanOrEqual(1);
    expect(gateway.heard()).toHaveLength(1);
  });
});

describe("the route of a request does not follow from who calls", () => {
  test("a route that matches an identity header is refused", () => {
    const gold = "  - { name: gold-route, match: { path: /open/**, headers: { x-consumer-tier: gold } }, to: other }\n";
    const { plan, diagnostics } = checkText("policy.yaml", POLICY + gold);
    expect(plan).toBeUndefined();
    expect(diagnostics.map((diagnostic) => diagnostic.code)).toEqual(["SL0308"]);
  });

  test.each(WORKER_COUNTS)("and put there by hand it never serves, with %i workers", async (concurrency) => {
    const twin = {
      name: "open",
      match: { path_separated_prefix: "/known", headers: [{ name: "x-consumer-tier", string_match: { exact: "gold" } }] },
      route: { cluster: "other" },
    };
    const gateway = await serve(POLICY, { concurrency, edit: edited((document) => putRouteFirst(document, twin)) });
    try {
      const key: Pair = ["x-api-key", gateway.env.ACME_KEY ?? ""];
      for (const headers of [[key], [key, ["x-consumer-tier", "gold"]]] satisfies Pair[][]) {
        const { reply, decision } = await gateway.judged(() => gateway.raw({ target: "/known/x", headers }));
        expect([reply.status, reply.text, decision.route, decision.decision]).toEqual([200, "echo", "known", "known allowed authenticated"]);
      }
      const { decision } = await gateway.judged(() => gateway.raw({ target: "/known/x", headers: [["x-consumer-tier", "gold"]] }));
      expect(decision).toMatchObject({ status: 401, route: "known" });
      expect(gateway.upstream("echo").received.map(identityIn)).toEqual(Array(2).fill({ consumer: ["acme"], tier: ["gold"], groups: ["partners,finance"] }));
      expect(gateway.upstream("other").received).toEqual([]);
    } finally {
      await gateway.stop();
    }
  });
});

function identityIn(request: ReceivedRequest) {
  return { consumer: request.values("x-consumer"), tier: request.values("x-consumer-tier"), groups: request.values("x-consumer-groups") };
}

/** One call over cleartext HTTP/2; with trailers it has a body, "body", before them. */
function http2Request(gateway: Gateway, headers: Record<string, string>, trailers?: Record<string, string>): Promise<{ status: number; headers: Record<string, string> }> {
  return new Promise((resolve, reject) => {
    const session = connectHttp2(gateway.url(""));
    session.once("error", reject);
    const stream = session.request(headers, { waitForTrailers: trailers !== undefined, endStream: trailers === undefined });
    const received: Record<string, string> = {};
    stream.on("response", (fields) => {
      for (const [name, value] of Object.entries(fields)) received[name] = String(value);
    });
    stream.once("wantTrailers", () => stream.sendTrailers(trailers ?? {}));
    stream.once("error", reject);
    stream.once("close", () => {
      session.close();
      resolve({ status: Number(received[":status"]), headers: received });
    });
    if (trailers !== undefined) stream.end("body");
    stream.resume();
  });
}
