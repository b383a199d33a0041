import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { checkText } from "../../compiler/index.js";
import type { ReceivedRequest } from "../support/upstream.js";
import { edited, putRouteFirst } from "./support/edit.js";
import { http2Request } from "./support/http2.js";
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
routes:
  - { name: known, match: { path: /known/** }, to: echo, apply: [known] }
  - { name: maybe, match: { path: /maybe/** }, to: echo, apply: [maybe] }
  - { name: shown, match: { path: /shown/** }, to: echo, apply: [shown] }
  - { name: open, match: { path: /open/** }, to: echo }
  - { name: gold, match: { path: /gold/** }, to: echo, apply: [known, gold-only] }
`;

type Pair = readonly [name: string, value: string];

/** What a request may say of its caller; none of it may reach a service. */
const FORGERIES: { name: string; headers: readonly Pair[] }[] = [
  {
    name: "each header once",
    headers: [
      ["x-consumer", "root"],
      ["x-consumer-tier", "platinum"],
      ["x-consumer-groups", "admins"],
    ],
  },
  {
    name: "a header twice",
    headers: [
      ["x-consumer", "root"],
      ["x-consumer", "acme"],
      ["x-consumer-tier", "a"],
      ["x-consumer-tier", "b"],
    ],
  },
  {
    name: "capital letters",
    headers: [
      ["X-Consumer", "root"],
      ["X-CONSUMER-TIER", "platinum"],
      ["x-Consumer-Groups", "admins"],
    ],
  },
  {
    name: "an empty value",
    headers: [
      ["x-consumer", ""],
      ["x-consumer-tier", ""],
      ["x-consumer-groups", ""],
    ],
  },
  {
    name: "bytes that are not text",
    headers: [
      ["x-consumer", "r\xf6\xffot"],
      ["x-consumer-groups", "\x80"],
    ],
  },
  {
    name: "named as hop-by-hop",
    headers: [
      ["connection", "x-consumer, x-consumer-tier, x-consumer-groups"],
      ["x-consumer", "root"],
    ],
  },
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
      {
        what: "a known caller",
        path: "/known/x",
        key: acme,
        identity: { consumer: ["acme"], tier: ["gold"], groups: ["partners,finance"] },
      },
      {
        what: "a known caller without tier and groups",
        path: "/known/x",
        key: plain,
        identity: { consumer: ["plain"], tier: [], groups: [] },
      },
      {
        what: "a caller who may be anonymous",
        path: "/maybe/x",
        key: undefined,
        identity: { consumer: [], tier: [], groups: [] },
      },
      {
        what: "a known caller who might be anonymous",
        path: "/maybe/x",
        key: acme,
        identity: { consumer: ["acme"], tier: ["gold"], groups: ["partners,finance"] },
      },
      {
        what: "a route without policy",
        path: "/open/x",
        key: undefined,
        identity: { consumer: [], tier: [], groups: [] },
      },
      {
        what: "a key on a route without policy",
        path: "/open/x",
        key: acme,
        identity: { consumer: [], tier: [], groups: [] },
      },
    ])("does not reach the service: $what", async ({ path, key, identity }) => {
      expect((await get(path, ...headers, ...(key === undefined ? [] : [key()]))).status).toBe(200);
      expect(gateway.heard().map(identityIn)).toEqual([identity]);
    });

    test("does not help with rules", async () => {
      const { reply, decision } = await gateway.judged(() =>
        get("/gold/x", ...headers, ["x-consumer-tier", "gold"], plain()),
      );
      expect(reply.status).toBe(403);
      expect(decision).toMatchObject({ decision: "gold-only denied otherwise", consumer: "plain", route: "gold" });
      expect(gateway.heard().map(({ url }) => url)).toEqual([]);
    });
  });

  test.each(["x_consumer", "X_Consumer", "x-consumer_tier", "x_consumer_groups", "x_api_key"])(
    "%s, which some services read as a dash, is refused",
    async (name) => {
      const reply = await get("/open/x", [name, "root"]);
      expect(reply.status).toBe(400);
      expect(gateway.heard().map(({ url }) => url)).toEqual([]);
    },
  );

  test("a forged identity over HTTP/2 does not reach the service, in headers or in trailers", async () => {
    const { status } = await http2Request(
      gateway,
      { ":path": "/known/x", ":method": "POST", "x-consumer": "root", [acme()[0]]: acme()[1] },
      { "x-consumer": "root" },
    );
    expect(status).toBe(200);
    expect(gateway.heard().map(identityIn)).toEqual([
      { consumer: ["acme"], tier: ["gold"], groups: ["partners,finance"] },
    ]);
    expect(gateway.heard()[0]?.body.toString()).toBe("body");
  });

  test("a line break in a key begins another header, whose claim is dropped", async () => {
    for (const end of ["\n", "\r\n"]) await get("/known/x", ["x-api-key", `${acme()[1]}${end}x-consumer: root`]);
    const identity = { consumer: ["acme"], tier: ["gold"], groups: ["partners,finance"] };
    expect(gateway.heard().map(identityIn)).toEqual([identity, identity]);
  });

  test("the credential stays at the gateway", async () => {
    await get("/known/x", acme());
    await get("/known/x", ["x-old-key", acme()[1]]);
    await get("/maybe/x", acme());
    const values = gateway.heard().map((request) => [request.values("x-api-key"), request.values("x-old-key")]);
    expect(values).toEqual([
      [[], []],
      [[], []],
      [[], []],
    ]);
    expect(JSON.stringify(gateway.heard())).not.toContain(acme()[1]);
  });

  test("the credential reaches the service where the policy says so", async () => {
    expect((await get("/shown/x", acme())).status).toBe(200);
    expect(gateway.heard().map((request) => request.values("x-api-key"))).toEqual([[acme()[1]]]);
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
      match: {
        path_separated_prefix: "/known",
        headers: [{ name: "x-consumer-tier", string_match: { exact: "gold" } }],
      },
      route: { cluster: "other" },
    };
    const gateway = await serve(POLICY, { concurrency, edit: edited((document) => putRouteFirst(document, twin)) });
    try {
      const key: Pair = ["x-api-key", gateway.env.ACME_KEY ?? ""];
      for (const headers of [[key], [key, ["x-consumer-tier", "gold"]]] satisfies Pair[][]) {
        const { reply, decision } = await gateway.judged(() => gateway.raw({ target: "/known/x", headers }));
        expect([reply.status, reply.text, decision.route, decision.decision]).toEqual([
          200,
          "echo",
          "known",
          "known allowed authenticated",
        ]);
      }
      const { decision } = await gateway.judged(() =>
        gateway.raw({ target: "/known/x", headers: [["x-consumer-tier", "gold"]] }),
      );
      expect(decision).toMatchObject({ status: 401, route: "known" });
      expect(gateway.upstream("echo").received.map(identityIn)).toEqual(
        Array(2).fill({ consumer: ["acme"], tier: ["gold"], groups: ["partners,finance"] }),
      );
      expect(gateway.upstream("other").received).toEqual([]);
    } finally {
      await gateway.stop();
    }
  });
});

function identityIn(request: ReceivedRequest) {
  return {
    consumer: request.values("x-consumer"),
    tier: request.values("x-consumer-tier"),
    groups: request.values("x-consumer-groups"),
  };
}
