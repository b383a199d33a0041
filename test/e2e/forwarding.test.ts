import { afterEach, describe, expect, test, vi } from "vitest";
import { type Gateway, type ServeOptions, serve } from "./support/serve.js";

let gateway: Gateway | undefined;
afterEach(async () => {
  await gateway?.stop();
  gateway = undefined;
});

/** A policy with these routes, before stand-ins for its services. */
async function served(routes: string, more = "", options: ServeOptions = {}): Promise<Gateway> {
  gateway = await serve(
    `apiVersion: sluice/v1
kind: Gateway
name: forwarding
listeners: { public: { address: 127.0.0.1:8080 } }
services:
  main: { endpoints: [127.0.0.1:9001] }
  copies: { endpoints: [127.0.0.1:9002] }
  others: { endpoints: [127.0.0.1:9003] }
${more}
routes:
${routes}
`,
    options,
  );
  return gateway;
}

const held = { timeout: 10_000, interval: 5 };

describe("mirror", () => {
  test("copies are as the service has the request, without what it does not get, and nobody sees their answers", async () => {
    const { send, upstream, env } = await served(
      `  - { name: all, match: { path: /** }, to: main, mirror: [{ service: copies }, { service: others, percent: 0% }], apply: [known] }`,
      `consumers: { acme: { credentials: [{ apiKey: env:ACME_KEY }] } }
policies: { known: { authenticate: { anyOf: [{ apiKey: { header: x-api-key } }] } } }`,
    );
    upstream("copies").reply({ status: 500, body: "broken" });
    const headers = { "x-api-key": env.ACME_KEY ?? "", "x-consumer": "globex", "x-more": "1", host: "shop.test" };
    const reply = await send("/a?b=c", { method: "POST", body: "hello", headers });
    expect(reply).toMatchObject({ status: 200, text: "main" });
    await vi.waitFor(() => expect(upstream("copies").received).toHaveLength(1), held);
    for (const service of ["main", "copies"]) {
      const [got] = upstream(service).received;
      expect(got).toMatchObject({ method: "POST", url: "/a?b=c" });
      expect(got?.body.toString()).toBe("hello");
      expect(got?.values("host")).toEqual(["shop.test"]);
      expect(got?.values("x-more")).toEqual(["1"]);
      expect(got?.values("x-api-key")).toEqual([]);
      expect(got?.values("x-consumer")).toEqual(["acme"]);
    }
    expect(upstream("others").received).toEqual([]);
    // Who is refused leaves no copy.
    expect((await send("/a")).status).toBe(401);
    expect((await send("/b", { headers })).status).toBe(200);
    await vi.waitFor(() => expect(upstream("copies").received).toHaveLength(2), held);
    expect(upstream("copies").received[1]?.url).toBe("/b");
  });

  test("a service of copies that is not there, or that never answers, is not waited for", async () => {
    const { send, upstream } = await served(
      `  - { name: all, match: { path: /** }, to: main, mirror: [{ service: copies }, { service: others }] }`,
    );
    upstream("copies").reply(() => new Promise(() => {}));
    await upstream("others").close();
    for (let n = 0; n < 5; n++) expect((await send("/")).status).toBe(200);
    expect(upstream("main").received).toHaveLength(5);
    await vi.waitFor(() => expect(upstream("copies").received).toHaveLength(5), held);
  });

  test("a share of the requests", async () => {
    const { send, upstream } = await served(
      `  - { name: all, match: { path: /** }, to: main, mirror: [{ service: copies, percent: 50% }, { service: others }] }`,
    );
    for (let n = 0; n < 200; n++) await send("/");
    await vi.waitFor(() => expect(upstream("others").received).toHaveLength(200), held);
    // A binomial of 200 is outside of this once in ten million times.
    expect(upstream("copies").received.length).toBeGreaterThan(60);
    expect(upstream("copies").received.length).toBeLessThan(140);
  });
});
