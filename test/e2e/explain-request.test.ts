import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { explainRequest } from "../../compiler/request/explain.js";
import { JOINED_HEADERS } from "../../compiler/request/request.js";
import { ASKED_POLICY, asked, type Headers } from "./support/asked.js";
import { type Gateway, serve } from "./support/serve.js";

// What explain says of a request, and what Envoy does with it: the same route, decision, status, path and headers.

const listeners = [
  ["as they are by default", "trustedHops: 0"],
  [
    "that unescape slashes and drop underscores, behind a proxy",
    "escapedSlashes: unescape, headerUnderscores: drop, trustedHops: 1",
  ],
  ["that keep both", "escapedSlashes: keep, headerUnderscores: allow"],
] as const;

describe.each(listeners)("explain and Envoy agree on listeners %s", (_, options) => {
  let gateway: Gateway;
  beforeAll(async () => {
    gateway = await serve(ASKED_POLICY.replace("LISTENER", options));
  });
  afterAll(() => gateway?.stop());
  beforeEach(() => gateway.forget());

  test.each(asked)("%s %s %j", async (method, target, given = []) => {
    const sent = withKeys(given);
    const explained = explain(method, target, sent);
    const { routed, answer } = explained;
    if (routed === undefined) {
      expect((await gateway.raw({ method, target, headers: sent })).status).toBe(answer.status);
      expect(gateway.heard()).toEqual([]);
      return;
    }
    const { reply, decision } = await gateway.judged(() => gateway.raw({ method, target, headers: sent }));
    expect({ route: decision.route, status: reply.status, decision: decision.decision }).toEqual({
      route: routed.route.name,
      status: answer.status ?? 200,
      decision: routed.decision ?? null,
    });
    const [heard, more] = gateway.heard();
    expect(more).toBeUndefined();
    if (answer.status !== undefined) return void expect(heard).toBeUndefined();
    expect(heard?.url).toBe(routed.path);
    const identity = ["x-consumer", "x-consumer-tier", "x-consumer-groups"].map((name) => [
      name,
      heard?.values(name)[0],
    ]);
    expect(Object.fromEntries(identity.filter(([, value]) => value !== undefined))).toEqual(answer.written);
    for (const name of answer.removed) expect(heard?.values(name)).toEqual([]);
    for (const name of answer.answerHeaders) expect(reply.values(name)).toHaveLength(1);
  });

  test("paths made of what paths are made of are read alike", async () => {
    const piece = fc.constantFrom(
      "/",
      "/",
      ".",
      "..",
      ";",
      "a",
      "orders",
      "%2e",
      "%2F",
      "%5c",
      "%6f",
      "%4",
      "%",
      "41",
      "\\",
      "?",
      "~",
      "|",
      "%00",
    );
    const targets = fc.sample(fc.array(piece, { maxLength: 9 }), { seed: 7, numRuns: 400 });
    for (const target of targets.map((pieces) => `/${pieces.join("")}`)) {
      gateway.forget();
      const { routed, answer } = explain("GET", target, [["host", "shop.test"]]);
      const reply = await gateway.raw({ target, headers: [["host", "shop.test"]] });
      expect([target, reply.status]).toEqual([target, answer.status ?? 200]);
      const url = answer.status === undefined ? [routed?.path] : [];
      expect([target, gateway.heard().map((request) => request.url)]).toEqual([target, url]);
    }
  });

  test("forwarded addresses count from a trusted hop only", async () => {
    for (const forwarded of ["203.0.113.9", "203.0.113.9, 127.0.0.1", "nonsense"]) {
      const headers: Headers = [
        ["host", "shop.test"],
        ["x-forwarded-for", forwarded],
      ];
      const { decision } = await gateway.judged(() => gateway.raw({ target: "/open/x", headers }));
      expect([forwarded, decision.decision]).toEqual([forwarded, explain("GET", "/open/x", headers).routed?.decision]);
    }
  });

  function withKeys(given: Headers): Headers {
    const keys: Record<string, string | undefined> = { ACME: gateway.env.ACME_KEY, GLOBEX: gateway.env.GLOBEX_KEY };
    const host: Headers = given.some(([name]) => name === "host") ? [] : [["host", "shop.test"]];
    return [...host, ...given.map(([name, value]): [string, string] => [name, keys[value] ?? value])];
  }

  function explain(method: string, target: string, sent: Headers) {
    const [listener] = gateway.plan.listeners;
    if (listener === undefined) throw new Error("there is no listener");
    const host = sent.find(([name]) => name === "host")?.[1] ?? "";
    const headers = sent.filter(([name]) => name !== "host");
    const client = { method, target, host, headers, source: "127.0.0.1", time: Date.now() };
    return explainRequest(gateway.plan, listener, client, { variables: gateway.env, assumed: undefined });
  }
});

test("the headers that Envoy joins are those that explain joins", async () => {
  const gateway = await serve(`apiVersion: sluice/v1
kind: Gateway
name: joined
listeners: { public: { address: 127.0.0.1:8080 } }
services: { echo: { endpoints: [127.0.0.1:9001] } }
routes: [{ name: all, match: { path: /** }, to: echo }]
`);
  try {
    const apart = [
      "accept-language",
      "cookie",
      "forwarded",
      "from",
      "proxy-authorization",
      "range",
      "traceparent",
      "x-probe",
    ];
    for (const name of [...JOINED_HEADERS, ...apart]) {
      gateway.forget();
      await gateway.raw({
        target: "/",
        headers: [
          [name, "1"],
          [name, "2"],
        ],
      });
      const expected = JOINED_HEADERS.has(name) ? ["1,2"] : ["1", "2"];
      expect([name, gateway.heard()[0]?.values(name)]).toEqual([name, expected]);
    }
  } finally {
    await gateway.stop();
  }
});
