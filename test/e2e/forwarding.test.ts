import { afterEach, describe, expect, test, vi } from "vitest";
import { http2Request } from "./support/http2.js";
import { passOnBoth } from "./support/on-both.js";
import { type Gateway, serve } from "./support/serve.js";

let gateway: Gateway | undefined;
afterEach(async () => {
  await gateway?.stop();
  gateway = undefined;
});

function policyOf(routes: string, more = ""): string {
  return `apiVersion: sluice/v1
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
`;
}

/** A policy with these routes, before stand-ins for its services. */
async function served(routes: string, more = ""): Promise<Gateway> {
  gateway = await serve(policyOf(routes, more));
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

  test("shares of several services: the requests of a smaller share are among those of a larger one", async () => {
    const { send, upstream, envoy } = await served(
      `  - { name: all, match: { path: /** }, to: main, mirror: [{ service: copies, percent: 50% }, { service: others, percent: 50% }, { service: third, percent: 10% }] }`,
      "  third: { endpoints: [127.0.0.1:9004] }",
    );
    for (let n = 0; n < 400; n++) await send(`/${n}`);
    const of = (service: string) => new Set(upstream(service).received.map(({ url }) => url));
    // None of them is on its way still.
    await vi.waitFor(async () => {
      const stats = await envoy.admin.stats("^cluster\\..*\\.upstream_rq_(active|pending_active)$");
      expect([...stats.values()].every((value) => value === 0)).toBe(true);
    }, held);
    const [copies, others, third] = [of("copies"), of("others"), of("third")];
    // Binomials of 400, each outside of this once in ten million times.
    expect(copies.size).toBeGreaterThan(145);
    expect(copies.size).toBeLessThan(255);
    expect(third.size).toBeGreaterThan(10);
    expect(third.size).toBeLessThan(80);
    // Envoy draws one number for a request.
    expect(others).toEqual(copies);
    expect([...third].filter((url) => !copies.has(url))).toEqual([]);
  });
});

describe("match.cookies", () => {
  const ROUTES = `  - { name: main, match: { path: /orders }, to: main, apply: [known] }
  - { name: canary, match: { path: /orders, cookies: { canary: "1" } }, to: copies, apply: [known] }
  - { name: session, match: { path: /any, cookies: { session: true } }, to: copies }
  - { name: none, match: { path: /any }, to: main }
  - { name: odd, match: { path: /odd, cookies: { "a.b": "x+y|z" } }, to: copies }
  - { name: even, match: { path: /odd }, to: main }`;
  const POLICIES = `consumers: { acme: { credentials: [{ apiKey: env:ACME_KEY }] } }
policies: { known: { authenticate: { anyOf: [{ apiKey: { header: x-api-key } }] } } }`;

  test("both engines choose by a cookie among others, and by nothing that only looks like it", async () => {
    const leads = (path: string, cookie: string | undefined, service: string) =>
      `as: acme, request: { path: ${path}${cookie === undefined ? "" : `, headers: { cookie: ${JSON.stringify(cookie)} }`} }, expect: { status: 200, upstream: { service: ${service} } }`;
    await passOnBoth(policyOf(ROUTES, POLICIES), [
      ...["canary=1", "a=b; canary=1", "canary=1; a=b", "a=b;canary=1;c=d", "canary=2; canary=1"].map((cookie) =>
        leads("/orders", cookie, "copies"),
      ),
      ...[
        undefined,
        "canary=2",
        "canary=11",
        "canary=",
        "canary",
        "xcanary=1",
        "x-canary=1",
        "Canary=1",
        "a=canary=1",
        'canary="1"',
        "canary=1x; a=b",
      ].map((cookie) => leads("/orders", cookie, "main")),
      ...["session=", "session=abc", "a=b; session=x"].map((cookie) => leads("/any", cookie, "copies")),
      ...["session", "sessions=1", "a=session"].map((cookie) => leads("/any", cookie, "main")),
      leads("/odd", "a.b=x+y|z", "copies"),
      leads("/odd", "aXb=x+y|z", "main"),
      leads("/odd", "a.b=xxy", "main"),
      // The cookie chooses the version, and not whether one is let in.
      'request: { path: /orders, headers: { cookie: "canary=1" } }, expect: { status: 401, upstream: none }',
    ]);
  });

  test("a cookie in a header of its own, and in HTTP/2's many, counts as well", async () => {
    const cookies = await served(ROUTES, POLICIES);
    const { raw, env, upstream, forget } = cookies;
    const key: [string, string] = ["x-api-key", env.ACME_KEY ?? ""];
    const two = await raw({
      method: "GET",
      target: "/orders",
      headers: [key, ["cookie", "a=b"], ["cookie", "canary=1"]],
    });
    expect(two.text).toBe("copies");
    const none = await raw({
      method: "GET",
      target: "/orders",
      headers: [key, ["cookie", "canary="], ["cookie", "1"]],
    });
    expect(none.text).toBe("main");
    forget();
    const { status } = await http2Request(cookies, {
      ":path": "/orders",
      "x-api-key": env.ACME_KEY ?? "",
      cookie: ["a=b", "canary=1", "c=d"],
    });
    expect([status, upstream("copies").received.length]).toEqual([200, 1]);
  });
});

describe("rewrite", () => {
  const ROUTES = `  - { name: exact, match: { path: "/old:path" }, to: main, rewrite: { path: /new/ } }
  - { name: below, match: { path: /a/** }, to: main, rewrite: { path: /c/d/**, host: "main.internal:8080" }, apply: [as-asked] }
  - { name: stripped, match: { path: /api/** }, to: main, rewrite: { path: /** } }
  - { name: captured, match: { path: "/users/{id}/x:y/{item}/**" }, to: main, rewrite: { path: "/v2/{item}/of/{id}/**" } }
  - { name: tenant, match: { path: "/t/{tenant}/{user}/**" }, to: main, rewrite: { path: /**, host: "{user}.{tenant}.internal" } }
  - { name: groups, match: { path: "~/v([0-9]+)/(.*)" }, to: main, rewrite: { path: '/\\2/\\1' } }
  - { name: named, match: { path: /named }, to: main, rewrite: { host: other.internal } }
  - { name: same, match: { path: /same/** }, to: main, rewrite: { path: /same/** } }`;
  const POLICIES = `policies:
  as-asked: { authorize: { rules: [{ name: asked, allow: 'request.path.startsWith("/a/") && request.host == "shop.test"' }] } }`;

  /** A case: what is asked for, and what the service gets. */
  const gets = (asked: string, path: string, host = "shop.test") =>
    `request: { path: "${asked}", host: shop.test }, expect: { status: 200, upstream: { service: main, path: "${path}", headers: { host: "${host}" } } }`;

  test("both engines make the same path and host of a request, and policies see what was asked for", async () => {
    const policy = policyOf(ROUTES, POLICIES);
    await passOnBoth(policy, [
      gets("/old:path?a=/old:path", "/new/?a=/old:path"),
      gets("/old%3apath", "/new/"),
      gets("/a/b?x=%2F", "/c/d/b?x=%2F", "main.internal:8080"),
      "request: { path: /a/b, host: other.test }, expect: { status: 403, upstream: none }",
      gets("/api", "/"),
      gets("/api/", "/"),
      gets("/api/%2e/x/", "/x/"),
      gets("/users/a%20b/x%3Ay/%41/1/2?q", "/v2/A/of/a%20b/1/2?q"),
      gets("/t/ab-1/u2/x?y", "/x?y", "u2.ab-1.internal"),
      "request: { path: /t/a@b/u2 }, expect: { status: 400, upstream: none }",
      'request: { path: "/t/a/u:2/x" }, expect: { status: 400, upstream: none }',
      gets("/v12/a/b?c", "/a/b/12?c"),
      gets("/named?x", "/named?x", "other.internal"),
      "request: { path: /named, host: other.internal }, expect: { status: 200 }",
      gets("/same/x", "/same/x"),
    ]);
  });

  test("the service is told what was asked for, and copies are rewritten too", async () => {
    const { send, upstream } = await served(
      `  - { name: all, match: { path: /a/** }, to: main, mirror: [{ service: copies }], rewrite: { path: /b/**, host: b.internal } }`,
    );
    await send("/a/x?y", {
      headers: { host: "shop.test", "x-envoy-original-path": "/forged", "x-forwarded-host": "h" },
    });
    await vi.waitFor(() => expect(upstream("copies").received).toHaveLength(1), held);
    for (const service of ["main", "copies"]) {
      const [got] = upstream(service).received;
      expect(got?.url).toBe("/b/x?y");
      expect(got?.values("host")).toEqual(["b.internal"]);
      expect(got?.values("x-envoy-original-path")).toEqual(["/a/x?y"]);
      expect(got?.values("x-envoy-original-host")).toEqual(["shop.test"]);
    }
  });
});

describe("match.query", () => {
  const ROUTES = `  - { name: plain, match: { path: /orders }, to: main }
  - { name: open, match: { path: /orders, query: { state: open } }, to: copies }
  - { name: transit, match: { path: /orders, query: { state: "in transit/\u00fc", by: "~me|us" } }, to: others }
  - { name: drafts, match: { path: /drafts, query: { draft: true, old: false } }, to: copies }
  - { name: published, match: { path: /drafts }, to: main }`;
  const served = (query: string, service: string) =>
    `request: { path: "/orders${query}" }, expect: { status: 200, upstream: { service: ${service} } }`;
  const drafts = (query: string, service: string) =>
    `request: { path: "/drafts${query}" }, expect: { status: 200, upstream: { service: ${service} } }`;
  const refused = (path: string) => `request: { path: "${path}" }, expect: { status: 400, upstream: none }`;

  test("both engines choose by parameters, and refuse what can be read in two ways", async () => {
    await passOnBoth(policyOf(ROUTES), [
      served("", "main"),
      served("?state=open", "copies"),
      served("?x=1&state=open&y", "copies"),
      served("?state=Open", "main"),
      served("?state", "main"),
      served("?state=", "main"),
      served("?state=open=", "main"),
      served("?States=open", "main"),
      served("?x=%20&state=open", "copies"),
      served("?state=in%20transit/%c3%bc&by=us", "others"),
      served("?state=in+transit%2f%C3%BC&by=me", "others"),
      served("?state=in+transit/%C3%BC&by=you", "main"),
      ...["state=open&state=open", "state=x&a&state=open", "state=open&state", "state&state=open"].map((query) =>
        refused(`/orders?${query}`),
      ),
      ...["st%61te=open", "state=op%65n", "x&%73tate=x", "state=open%", "state=%4", "state=%zz"].map((query) =>
        refused(`/orders?${query}`),
      ),
      refused("/orders?state=in%20transit/%c3%bc&by=you&by=me"),
      drafts("?draft", "copies"),
      drafts("?draft=&x", "copies"),
      drafts("?draft&draft=1", "copies"),
      drafts("?draft=%41", "copies"),
      drafts("?draft&old", "main"),
      drafts("?old=1", "main"),
      refused("/drafts?dr%61ft"),
      refused("/drafts?draft&%6fld"),
    ]);
  });
});
