import { describe, expect, test, vi } from "vitest";
import { openRaw } from "../support/http.js";
import { type Script, startUpstream, type Upstream } from "../support/upstream.js";
import { gate, times } from "./support/behind.js";
import { clean } from "./support/clean.js";
import { type Gateway, type ServeOptions, serve } from "./support/serve.js";
import { workplace } from "./support/workplace.js";

// Requests that are refused so that a service, or the gateway itself, does not have more to do than it can.

interface Behind {
  gateway: Gateway;
  api: Upstream;
}

/** A gateway with a service, of which routes lead to it with a key, without one, with faults, by WebSocket, and with a page. */
async function behind(script: Script, service: string, options: ServeOptions = {}, top = ""): Promise<Behind> {
  const api = await startUpstream(script);
  clean.push(() => api.close());
  const other = await startUpstream({ status: 500 });
  clean.push(() => other.close());
  const gateway = await serve(
    `apiVersion: sluice/v1
kind: Gateway
name: shedding
listeners: { public: { address: 127.0.0.1:8080 } }
${top}
services:
  api: { endpoints: [${api.address}], ${service} }
  another: { endpoints: [${other.address}], ${service} }
consumers: { acme: { credentials: [{ apiKey: env:ACME_KEY }] } }
policies:
  known: { authenticate: { anyOf: [{ apiKey: { header: x-api-key } }] } }
  disturbed: { fault: { abort: { status: 503 }, headers: { x-disturb: "1" } } }
  small: { bodyLimit: { bytes: 10 } }
routes:
  - { name: known, match: { path: /known }, to: api, apply: [known] }
  - { name: open, match: { path: /open }, to: api, apply: [disturbed, small] }
  - { name: socket, match: { path: /socket }, to: api, websocket: true }
  - { name: page, match: { path: /page }, to: api, errors: [{ on: 5xx, body: Later. }] }
  - { name: another, match: { path: /another }, to: another }
`,
    { ownServices: true, env: { ACME_KEY: "a-key" }, ...options },
  );
  clean.push(() => gateway.stop());
  return { gateway, api };
}

const KEY = { "x-api-key": "a-key" };

/** Statuses of requests one after another. */
async function inTurn(gateway: Gateway, count: number, path: string, headers: Record<string, string> = {}) {
  const found: number[] = [];
  for (let n = 0; n < count; n++) found.push((await gateway.send(path, { headers })).status);
  return found;
}

/** The same at once. */
async function atOnce(gateway: Gateway, count: number, path: string, headers: Record<string, string> = {}) {
  const all = await Promise.all(Array.from({ length: count }, () => gateway.send(path, { headers })));
  return all.map(({ status }) => status);
}

const countOf = (all: readonly number[], value: number) => all.filter((one) => one === value).length;

const held = { timeout: 20_000, interval: 20 };

describe("admission", () => {
  test("a service that fails gets few requests, another one all of its own, and all again once it is well", async () => {
    const { gateway, api } = await behind({ status: 500 }, "admission: { window: 2s, maxRefused: 95% }");
    const found = await inTurn(gateway, 150, "/open");
    // Of n requests after k failures, k of k + 1 are refused: some 17 of 150 go through.
    expect(countOf(found, 500)).toBe(api.received.length);
    expect(countOf(found, 503)).toBe(150 - api.received.length);
    expect(countOf(found, 503)).toBeGreaterThan(100);
    expect((await gateway.send("/another")).status).toBe(500);
    api.reply({});
    await vi.waitFor(async () => expect(await inTurn(gateway, 20, "/open")).toEqual(times(20, 200)), held);
  });

  test("what policies refuse counts neither for the service nor against it", async () => {
    const { gateway, api } = await behind({}, "admission: {}");
    expect(await inTurn(gateway, 100, "/open", { "x-disturb": "1" })).toEqual(times(100, 503));
    expect(await inTurn(gateway, 10, "/known", KEY)).toEqual(times(10, 200));
    expect(await inTurn(gateway, 400, "/known")).toEqual(times(400, 401));
    expect((await gateway.send("/open", { method: "POST", body: "x".repeat(20) })).status).toBe(413);
    api.reply({ status: 500 });
    api.clear();
    const found = await inTurn(gateway, 100, "/known", KEY);
    expect(countOf(found, 503)).toBeGreaterThan(20);
    expect(countOf(found, 500)).toBe(api.received.length);
    // Strangers are told who they are not, also now.
    expect(await inTurn(gateway, 10, "/known")).toEqual(times(10, 401));
  });

  test("maxRefused bounds the share, and with fewer than minPerSecond none is refused", async () => {
    const half = await behind({ status: 500 }, "admission: { maxRefused: 50% }");
    const found = countOf(await inTurn(half.gateway, 200, "/open"), 503);
    // Four standard deviations of a binomial.
    expect(found).toBeLessThan(130);
    expect(found).toBeGreaterThan(50);
    const few = await behind({ status: 500 }, "admission: { minPerSecond: 1000 }");
    expect(await inTurn(few.gateway, 100, "/open")).toEqual(times(100, 500));
  });

  test("a page stands for the refusal, and gRPC is told in its own words", async () => {
    const { gateway, api } = await behind({ status: 500 }, "admission: { maxRefused: 95% }");
    await inTurn(gateway, 60, "/open");
    api.clear();
    const pages = await Promise.all(Array.from({ length: 20 }, () => gateway.send("/page")));
    expect(new Set(pages.map(({ text }) => text))).toEqual(new Set(["Later."]));
    expect(api.received.length).toBeLessThan(20);
    const grpc = { "content-type": "application/grpc" };
    const called = await Promise.all(
      Array.from({ length: 40 }, () => gateway.send("/open", { method: "POST", headers: grpc })),
    );
    expect(called.filter(({ headers }) => headers["grpc-status"] === "14").length).toBeGreaterThan(20);
  });

  test("answers of gRPC count by their codes", async () => {
    const failed = { headers: { "content-type": "application/grpc", "grpc-status": "14" } };
    const { gateway } = await behind(failed, "admission: { maxRefused: 95% }");
    const found = await inTurn(gateway, 100, "/open");
    expect(countOf(found, 503)).toBeGreaterThan(50);
  });
});

describe("adaptiveConcurrency", () => {
  const NARROW = "adaptiveConcurrency: { latency: 1ms, min: 1, every: 50ms }";

  test("beyond the limit requests are refused at once, and refused ones take nobody's place", async () => {
    const busy = gate();
    const { gateway, api } = await behind(busy.script, NARROW);
    expect(await atOnce(gateway, 20, "/known")).toEqual(times(20, 401));
    const first = gateway.send("/known", { headers: KEY });
    await vi.waitFor(() => expect(api.received.length).toBe(1), held);
    expect(await atOnce(gateway, 5, "/known", KEY)).toEqual(times(5, 503));
    expect(await atOnce(gateway, 5, "/known")).toEqual(times(5, 401));
    // With the page of the route, if it has one.
    expect((await gateway.send("/page")).text).toBe("Later.");
    // One limit for all routes to the service; another service has its own, and WebSockets none.
    expect(await inTurn(gateway, 1, "/open")).toEqual([503]);
    expect((await gateway.send("/another")).status).toBe(500);
    const sockets = atOnce(gateway, 4, "/socket");
    await vi.waitFor(() => expect(api.received.length).toBe(5), held);
    busy.open();
    expect(await sockets).toEqual(times(4, 200));
    expect((await first).status).toBe(200);
    expect((await gateway.send("/open")).status).toBe(200);
  });

  test("the limit rises while the service is quick, and falls while it is slow", async () => {
    const { gateway, api } = await behind({}, "adaptiveConcurrency: { latency: 1s, min: 1, max: 50, every: 50ms }");
    expect(countOf(await atOnce(gateway, 10, "/open"), 503)).toBeGreaterThan(0);
    await vi.waitFor(async () => expect(await atOnce(gateway, 20, "/open")).toEqual(times(20, 200)), held);
    api.reply(() => new Promise((resolve) => setTimeout(() => resolve({}), 2_500)));
    await vi.waitFor(async () => expect(countOf(await atOnce(gateway, 20, "/open"), 503)).toBeGreaterThan(5), held);
  });

  test("where it is measured, few requests are under way meanwhile", async () => {
    const busy = gate();
    const { gateway, api } = await behind(
      busy.script,
      "adaptiveConcurrency: { min: 2, every: 50ms, measure: { every: 1h, requests: 5 } }",
    );
    const first = [gateway.send("/open"), gateway.send("/open")];
    await vi.waitFor(() => expect(api.received.length).toBe(2), held);
    expect(await atOnce(gateway, 4, "/open")).toEqual(times(4, 503));
    busy.open();
    expect((await Promise.all(first)).map(({ status }) => status)).toEqual([200, 200]);
    await vi.waitFor(async () => expect(await atOnce(gateway, 6, "/open")).toEqual(times(6, 200)), held);
  });

  test("versions of a service have one limit", async () => {
    const busy = gate();
    const blue = await startUpstream(busy.script);
    const green = await startUpstream(busy.script);
    clean.push(() => Promise.all([blue.close(), green.close()]));
    const gateway = await serve(
      `apiVersion: sluice/v1
kind: Gateway
name: shedding
listeners: { public: { address: 127.0.0.1:8080 } }
services:
  api:
    versions: { blue: { endpoints: [${blue.address}] }, green: { endpoints: [${green.address}] } }
    active: blue
    ${NARROW}
routes:
  - { name: some, match: { path: /some }, to: [{ service: api, version: blue }, { service: api, version: green }] }
  - { name: green, match: { path: /green }, to: [{ service: api, version: green }] }
`,
      { ownServices: true },
    );
    clean.push(() => gateway.stop());
    const first = gateway.send("/some");
    await vi.waitFor(() => expect(blue.received.length + green.received.length).toBe(1), held);
    expect(await atOnce(gateway, 4, "/some")).toEqual(times(4, 503));
    expect(await atOnce(gateway, 2, "/green")).toEqual(times(2, 503));
    busy.open();
    expect((await first).status).toBe(200);
  });
});

describe("overload", () => {
  test("more connections than said are closed at once, and the admin interface is there", async () => {
    const { gateway } = await behind({}, "connectTimeout: 5s", {}, "overload: { connections: 3 }");
    const to = { port: gateway.port() };
    const open = await Promise.all([openRaw(to), openRaw(to), openRaw(to)]);
    clean.push(() => {
      for (const one of open) one.close();
    });
    const asked = "GET /open HTTP/1.1\r\nhost: a\r\n\r\n";
    for (const one of open) {
      one.send(asked);
      expect((await one.response()).status).toBe(200);
    }
    const more = await openRaw(to);
    clean.push(() => more.close());
    await more.ended();
    expect((await gateway.envoy.admin.get("/ready")).text).toBe("LIVE\n");
    open[0]?.close();
    await vi.waitFor(async () => expect((await gateway.send("/open")).status).toBe(200), held);
  });

  test("without room on the heap every request is refused; the least that may be said is enough for few", async () => {
    const least = await behind({}, "connectTimeout: 5s", {}, "overload: { heap: 64Mi }");
    expect(await atOnce(least.gateway, 20, "/open")).toEqual(times(20, 200));
    const edit = (bootstrap: string) => bootstrap.replace(/max_heap_size_bytes: .*/, "max_heap_size_bytes: 1000");
    const full = await behind({}, "connectTimeout: 5s", { edit }, "overload: { heap: 64Mi }");
    await vi.waitFor(async () => {
      const { status, text } = await full.gateway.send("/open");
      expect({ status, text }).toEqual({ status: 503, text: "envoy overloaded" });
    }, held);
    expect(full.api.received.length).toBeLessThan(20);
  });

  const place = workplace("sluice-overload-test-", "");

  test("sluice run reads it once, and keeps a policy with another one from coming in", async () => {
    const policy = (overload: string) => `apiVersion: sluice/v1
kind: Gateway
name: overload
listeners: { public: { address: 127.0.0.1:0 } }
${overload}
routes:
  - { name: all, match: { path: /** }, respond: { status: 200 } }
`;
    const { cli } = await place.start(policy("overload: { connections: 100 }"));
    await place.replace(policy("overload: { connections: 200 }"));
    await cli.reports(/`overload` is another one.*start again\. The policy before stays in force\./);
  });
});
