import { load } from "js-yaml";
import { describe, expect, it } from "vitest";
import { emitEnvoy } from "../../compiler/targets/envoy/emit.js";
import { DEFAULT_OPTIONS, type EnvoyOptions } from "../../compiler/targets/envoy/options.js";
import type { WireRequest } from "../support/random-requests.js";
import { clean } from "./support/clean.js";
import { planOf } from "./support/serve.js";
import { SharedEnvoy } from "./support/shared-envoy.js";

// Without a log of decisions, routes on which nothing is decided pass the guard by, and where it does the same on all others it does not ask for the route.

const policy = (routes: string, limit = "") => `apiVersion: sluice/v1
kind: Gateway
name: past
listeners:
  public: { address: 127.0.0.1:8080 }
services:
  echo: { endpoints: [127.0.0.1:9001] }
consumers:
  acme: { credentials: [{ apiKey: env:ACME_KEY }] }
policies:
  known: { authenticate: { anyOf: [{ apiKey: { header: x-api-key } }] } }
  most: { authorize: { rules: [{ name: removal, deny: 'request.method == "DELETE"' }], otherwise: allow } }
  few: { authorize: { rules: [{ name: reads, allow: 'request.method == "GET"' }] } }
  anybody: { rateLimit: { key: [source.ip], rate: 3/hour } }
  three: { rateLimit: { key: [auth.consumer], rate: 3/hour${limit} } }
routes:
  - { name: open, match: { path: /open/** }, to: echo }
${routes}`;

const ONE = "  - { name: orders, match: { path: /orders/** }, to: echo, apply: [known, three] }\n";
const TWO = `${ONE}  - { name: carts, match: { path: /carts/** }, to: echo, apply: [known, three] }\n`;
const UNLIKE = `${TWO}  - { name: keys, match: { path: /keys/** }, to: echo, apply: [known] }\n`;

/** What names the routes in the configuration of the guard. */
function names(text: string, options: Partial<EnvoyOptions> = {}): string[] {
  const [bootstrap] = emitEnvoy(planOf(text), { ...DEFAULT_OPTIONS, ...options }).artifacts;
  const found: string[] = [];
  JSON.stringify(load(bootstrap?.contents ?? ""), (_, value: unknown) => {
    if (typeof value === "string" && value.startsWith('{"version":1')) found.push(value);
    return value;
  });
  const [configuration] = found.map((one): { routes: Record<string, unknown>[] } => JSON.parse(one));
  return (configuration?.routes ?? []).map(({ name, as }) => [name, as].filter(Boolean).join(" as "));
}

describe("routes in the configuration of the guard", () => {
  it.each([
    ["one", policy(ONE), ["* as orders"]],
    ["alike, with a limit for each", policy(TWO), ["carts", "orders"]],
    ["alike, with a limit for all", policy(TWO, ", shared: true"), ["*"]],
    ["unlike", policy(UNLIKE, ", shared: true"), ["carts", "keys", "orders"]],
    ["one on which nobody is kept out", policy(ONE.replace("known, three", "anybody")), ["orders"]],
    ["one on which rules refuse some", policy(ONE.replace("known, three", "most")), ["orders"]],
    ["one on which rules let some in", policy(ONE.replace("known, three", "few")), ["* as orders"]],
    ["none", policy(""), ["open", "sluice:bad-path", "sluice:not-found"]],
  ])("%s", (_, text, expected) => {
    expect(names(text)).toEqual(expected);
  });

  it("are all there if decisions are logged", () => {
    expect(names(policy(ONE), { accessLog: "/dev/stdout" })).toEqual([
      "open",
      "orders",
      "sluice:bad-path",
      "sluice:not-found",
    ]);
  });
});

describe("requests", () => {
  it.each([
    ["one", ONE, ""],
    ["alike, with a limit for each", TWO, ""],
    ["alike, with a limit for all", TWO, ", shared: true"],
    ["unlike", UNLIKE, ", shared: true"],
  ])("of routes that are %s, are judged as if each was looked for", async (what, routes, limit) => {
    const plan = planOf(policy(routes, limit));
    const envoy = await SharedEnvoy.start([{ plan, environment: { ACME_KEY: "a-key-of-acme" } }], "answers");
    clean.push(() => envoy.stop());
    const ask = (target: string, key?: string): WireRequest => ({
      method: "GET",
      target,
      host: "shop.test",
      headers: key === undefined ? [] : [["x-api-key", key]],
      body: "",
      source: "127.0.0.1",
    });
    const asked = ["/open/1", "/orders/1", "/open/..;/orders/1", "/none", "/ORDERS/1"].map((target) => ask(target));
    const known = ["/orders/1", "/carts/1", "/orders/1", "/carts/1", "/orders/1"].map((target) =>
      ask(target, "a-key-of-acme"),
    );
    const replies = await envoy.replay(0, [...asked, ...known, ask("/orders/1", "wrong"), ask("/open/1", "wrong")]);
    const withKey = {
      one: [200, 404, 200, 404, 200],
      "alike, with a limit for each": [200, 200, 200, 200, 200],
    }[what] ?? [200, 200, 200, 429, 429];
    expect(replies.map(({ status }) => status)).toEqual([200, 401, 401, 404, 404, ...withKey, 401, 200]);
  });
});
