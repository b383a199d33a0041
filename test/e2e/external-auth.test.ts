import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { standingOracle } from "../support/envoy.js";
import { request } from "../support/http.js";
import { startUpstream, type Upstream } from "../support/upstream.js";
import { type Authorization, startAuthorization } from "./support/authorization.js";
import { type RunningCli, startSluice } from "./support/cli.js";
import { postOverHttp2 } from "./support/http2.js";
import { passOnBoth } from "./support/on-both.js";
import { type Gateway, serve } from "./support/serve.js";

const POLICY = `apiVersion: sluice/v1
kind: Gateway
name: outside
listeners:
  public: { address: 127.0.0.1:8080 }
services:
  orders: { endpoints: [127.0.0.1:9001] }
  allows: { endpoints: [127.0.0.1:9002] }
  denies: { endpoints: [127.0.0.1:9003] }
  moves: { endpoints: [127.0.0.1:9004] }
  breaks: { endpoints: [127.0.0.1:9005] }
  creates: { endpoints: [127.0.0.1:9006] }
  silent: { endpoints: [127.0.0.1:9007] }
consumers:
  acme: { tier: gold, credentials: [{ apiKey: env:ACME_KEY }] }
policies:
  known: { authenticate: { anyOf: [{ apiKey: { header: x-api-key } }], optional: true } }
  strict: { authenticate: { anyOf: [{ apiKey: { header: x-api-key } }] } }
  once: { rateLimit: { rate: 1/hour, headers: [] } }
  shops: { cors: { origins: ["https://shop.example.com"] } }
  safe: { headers: { response: { set: { x-frame-options: DENY } } } }
  small: { bodyLimit: { bytes: 20 } }
  allowed: { externalAuth: { http: { service: allows, path: /check/v1, headersToService: [cookie, x-consumer, x-consumer-tier], headersFromAnswer: [x-user, x-roles] }, timeout: 2s } }
  denied: { externalAuth: { http: { service: denies, headersToService: [authorization], headersToClient: [content-type, set-cookie] }, timeout: 2s } }
  moved: { externalAuth: { http: { service: moves }, timeout: 2s } }
  broken: { externalAuth: { http: { service: breaks }, timeout: 2s, statusOnError: 502 } }
  created: { externalAuth: { http: { service: creates }, timeout: 2s } }
  unheard: { externalAuth: { http: { service: silent }, timeout: 100ms } }
  shown: { externalAuth: { http: { service: allows, headersFromAnswer: [x-user] }, timeout: 2s, withBody: { maxBytes: 10 } } }
  glimpsed: { externalAuth: { http: { service: allows }, timeout: 2s, withBody: { maxBytes: 10, partial: true } } }
routes:
  - { name: orders, match: { path: /orders/** }, to: orders, apply: [known, allowed, safe] }
  - { name: strict, match: { path: /strict, methods: [GET, POST] }, to: orders, apply: [strict, denied, safe, shops] }
  - { name: moved, match: { path: /moved }, to: orders, apply: [moved] }
  - { name: broken, match: { path: /broken }, to: orders, apply: [broken] }
  - { name: created, match: { path: /created }, to: orders, apply: [created] }
  - { name: unheard, match: { path: /unheard }, to: orders, apply: [unheard] }
  - { name: shown, match: { path: /shown }, to: orders, apply: [shown, small] }
  - { name: glimpsed, match: { path: /glimpsed }, to: orders, apply: [glimpsed, small] }
  - { name: counted, match: { path: /counted }, to: orders, apply: [once, denied] }
  - { name: text, match: { path: /text }, respond: { status: 200, body: hi }, apply: [denied] }
  - { name: greeting, match: { path: /greeting }, respond: { status: 200, body: hi }, apply: [known, allowed] }
  - { name: open, match: { path: /open }, to: orders }
`;

const UPSTREAMS = `upstreams:
  orders: { body: served, headers: { x-served: "1" } }
  allows: { headers: { x-user: ann, x-consumer: root, x-consumer-tier: platinum, x-evil: "1", x-envoy-auth-headers-to-remove: "cookie, x-kept", set-cookie: a=b } }
  denies: { status: 403, headers: { content-type: text/html, set-cookie: a=b, www-authenticate: Basic, x-secret: "1" }, body: <b>no</b> }
  moves: { status: 302, headers: { location: https://login.example.com/ } }
  breaks: { status: 503, body: broken }
  creates: { status: 201, body: made }
`;

const origin = "origin: https://shop.example.com";

it("the service decides, is shown what it may see, and writes what it may write", () =>
  passOnBoth(
    POLICY,
    [
      `as: acme, request: { path: "/orders/7?q=1", headers: { cookie: c=d, x-kept: "1", x-user: smuggled, x-roles: admin, x-evil: "0" } }, expect: {
         status: 200, decidedBy: known, body: served, headers: { x-user: false, set-cookie: false, x-frame-options: DENY },
         upstream: { service: orders, path: "/orders/7?q=1", headers: { x-user: ann, x-roles: false, x-consumer: acme, x-consumer-tier: gold, x-evil: "0", cookie: c=d, x-kept: "1" } } }`,
      `request: { path: /orders/7, headers: { x-consumer: root } }, expect: { status: 200, upstream: { service: orders, headers: { x-consumer: false, x-consumer-tier: false, x-user: ann } } }`,
      `request: { path: /open, headers: { x-user: smuggled } }, expect: { status: 200, upstream: { service: orders, headers: { x-user: false } } }`,
      `request: { path: /strict }, expect: { status: 401, decidedBy: strict, upstream: none }`,
      `as: acme, request: { path: /strict, headers: { authorization: Bearer x } }, expect: {
         status: 403, decidedBy: denied, upstream: none, body: <b>no</b>,
         headers: { content-type: text/html, set-cookie: a=b, www-authenticate: Basic, x-secret: false, x-frame-options: DENY } }`,
      `as: acme, request: { path: /strict, headers: { ${origin} } }, expect: { status: 403, headers: { access-control-allow-origin: https://shop.example.com } }`,
      `request: { path: /strict, method: OPTIONS, headers: { ${origin}, access-control-request-method: GET } }, expect: { status: 200, upstream: none }`,
      `as: acme, request: { path: /strict, method: POST, body: some }, expect: { status: 403, upstream: none }`,
      `as: acme, request: { path: /strict, headers: { content-type: application/grpc } }, expect: { status: 200, decidedBy: denied, headers: { grpc-status: "7" } }`,
      `request: { path: /moved }, expect: { status: 302, decidedBy: moved, headers: { location: https://login.example.com/ } }`,
      `request: { path: /moved, method: HEAD }, expect: { status: 302, decidedBy: moved }`,
      `request: { path: /broken }, expect: { status: 502, decidedBy: broken, upstream: none, body: "" }`,
      `request: { path: /created }, expect: { status: 201, decidedBy: created, upstream: none, body: made, headers: { content-type: text/plain } }`,
      `request: { path: /shown }, expect: { status: 200, upstream: { service: orders, headers: { x-user: ann } } }`,
      `request: { path: /shown, method: POST, body: "0123456789" }, expect: { status: 200, decidedBy: sluice, upstream: orders }`.replace(
        ", decidedBy: sluice",
        "",
      ),
      `request: { path: /shown, method: POST, body: "01234567890" }, expect: { status: 413, decidedBy: shown, upstream: none, body: Payload Too Large }`,
      `request: { path: /glimpsed, method: POST, body: "01234567890" }, expect: { status: 200, upstream: orders }`,
      `request: { path: /glimpsed, method: POST, body: "012345678901234567890" }, expect: { status: 413, decidedBy: small, upstream: none }`,
      `steps: [ { request: { path: /counted }, expect: { status: 403, decidedBy: denied, metrics: { once.allowed: 1 } } }, { request: { path: /counted }, expect: { status: 429, decidedBy: once } } ]`,
      `request: { path: /text }, expect: { status: 403, decidedBy: denied, body: <b>no</b> }`,
      `request: { path: /greeting }, expect: { status: 200, body: hi }`,
    ],
    UPSTREAMS,
  ));

describe("on Envoy", () => {
  let gateway: Gateway;
  beforeAll(async () => {
    gateway = await serve(POLICY, { env: { ACME_KEY: "key-of-acme" } });
  });
  afterAll(() => gateway.stop());
  afterEach(() => gateway.forget());

  const heard = (service: string) => gateway.upstream(service).received;

  it("what the service is shown is what the policy says, and no more", async () => {
    const headers = { "x-api-key": "key-of-acme", cookie: "c=d", authorization: "Bearer x", "x-user": "me" };
    await gateway.send("/orders/7?q=1", { headers });
    const [question] = heard("allows");
    expect([question?.method, question?.url, question?.body.length]).toEqual(["GET", "/check/v1/orders/7?q=1", 0]);
    const names = question?.rawHeaders.filter((_, index) => index % 2 === 0).toSorted();
    expect(names).toEqual(
      ["host", "content-length", "cookie", "x-consumer", "x-consumer-tier", "x-envoy-internal", EXPECTED].toSorted(),
    );
    expect(question?.values("x-consumer")).toEqual(["acme"]);
    gateway.forget();
    await gateway.send("/orders/7");
    // Of a stranger nothing is known.
    expect(heard("allows")[0]?.values("x-consumer").join("")).toBe("");
  });

  it("a service that is slow, gone or breaks off lets nobody pass", async () => {
    const oracle = await standingOracle(gateway.envoy);
    gateway.upstream("silent").reply(() => new Promise(() => {}));
    const { reply, decision } = await gateway.judged(() => gateway.send("/unheard"));
    expect([reply.status, decision.decision]).toEqual([503, "unheard denied external"]);
    gateway.upstream("silent").reply({ status: 200 });
    expect((await gateway.send("/unheard")).status).toBe(200);
    gateway.forget();
    await gateway.upstream("silent").close();
    expect((await gateway.send("/unheard")).status).toBe(503);
    expect(heard("orders")).toEqual([]);
    await oracle.check({ goodRequest: (agent) => request(gateway.url("/open"), { agent }) });
  });

  it("several lines of one header of its answer reach the service as its last word", async () => {
    gateway.upstream("allows").reply({ headers: { "x-user": ["ann", "bob"] } });
    await gateway.send("/orders/7");
    expect(heard("orders")[0]?.values("x-user")).toEqual(["bob"]);
    gateway.upstream("allows").reply({});
  });

  it("bodies that are too large are refused, in chunks too, and what is shown is the beginning", async () => {
    const chunked = (path: string, body: string) =>
      gateway.send(path, { method: "POST", body, headers: { "transfer-encoding": "chunked" } });
    expect((await chunked("/shown", "01234567890")).status).toBe(413);
    expect([heard("allows"), heard("orders")]).toEqual([[], []]);
    expect((await chunked("/glimpsed", "01234567890")).status).toBe(200);
    expect(String(heard("allows")[0]?.body)).toBe("0123456789");
    expect(String(heard("orders")[0]?.body)).toBe("01234567890");
    gateway.forget();
    // All of it in one frame that ends the request: what the service does not see whole must not pass.
    expect(await postOverHttp2(gateway, "/shown", "01234567890")).toBe(413);
    expect([heard("allows"), heard("orders")]).toEqual([[], []]);
    expect(await postOverHttp2(gateway, "/shown", "0123456789")).toBe(200);
    expect(String(heard("allows")[0]?.body)).toBe("0123456789");
    gateway.forget();
    expect(await postOverHttp2(gateway, "/glimpsed", "012345678901234567890")).toBe(413);
    expect(heard("orders")).toEqual([]);
  });
});

describe("by gRPC, on Envoy", () => {
  const JUDGED = POLICY.replace(
    "\nconsumers:",
    "\n  judge: { endpoints: [127.0.0.1:9008], protocol: http2 }\nconsumers:",
  )
    .replace(
      "\npolicies:",
      "\npolicies:\n  judged: { externalAuth: { grpc: { service: judge, headersToService: [authorization], headersFromAnswer: [x-user] }, timeout: 500ms } }",
    )
    .concat("  - { name: judged, match: { path: /judged/** }, to: orders, apply: [known, judged, safe] }\n");
  let judge: Authorization;
  let gateway: Gateway;
  beforeAll(async () => {
    judge = await startAuthorization();
    gateway = await serve(JUDGED, { env: { ACME_KEY: "key-of-acme" }, ports: { judge: judge.port } });
  });
  afterAll(async () => {
    await gateway.stop();
    await judge.close();
  });
  afterEach(() => gateway.forget());
  const heard = () => gateway.upstream("orders").received;

  it("the service is shown what the policy says, and writes what it may write", async () => {
    const headers = {
      "x-user": "smuggled",
      "x-kept": "1",
      cookie: "a-cookie",
      authorization: "Bearer x",
      "x-api-key": "key-of-acme",
    };
    judge.judge({
      allows: true,
      headers: { "x-user": "ann", "x-consumer": "root", "x-evil": "1" },
      remove: ["x-kept", "cookie"],
    });
    expect((await gateway.send("/judged/7", { headers })).status).toBe(200);
    const question = judge.asked.map(String).join("");
    for (const shown of ["/judged/7", "Bearer x"]) expect(question).toContain(shown);
    for (const hidden of ["a-cookie", "key-of-acme", "smuggled"]) expect(question).not.toContain(hidden);
    const values = ["x-user", "x-consumer", "x-evil", "x-kept", "cookie"].map((name) => heard()[0]?.values(name));
    expect(values).toEqual([["ann"], ["acme"], [], ["1"], ["a-cookie"]]);
    gateway.forget();
    judge.judge({ allows: true });
    await gateway.send("/judged/7", { headers });
    expect(heard()[0]?.values("x-user")).toEqual([]);
  });

  it("a refusal goes to the client, and who says nothing lets nobody pass", async () => {
    judge.judge({ allows: false, status: 402, headers: { "x-why": "money" }, body: "pay" });
    const { reply, decision } = await gateway.judged(() => gateway.send("/judged/7"));
    expect([reply.status, reply.text, reply.headers["x-why"], reply.headers["x-frame-options"]]).toEqual([
      402,
      "pay",
      "money",
      "DENY",
    ]);
    expect(decision.decision).toBe("judged denied external");
    judge.judge(undefined);
    expect((await gateway.send("/judged/7")).status).toBe(503);
    await judge.close();
    expect((await gateway.send("/judged/7")).status).toBe(503);
    expect(heard()).toEqual([]);
  });
});

const EXPECTED = "x-envoy-expected-rq-timeout-ms";

describe("the embedded host in front of real services", () => {
  let folder: string;
  let upstreams: Upstream[];
  let cli: RunningCli;
  let url: string;
  const file = () => join(folder, "policy.yaml");
  const withoutBodies = (text: string) => text.replace(/, withBody: \{.*?\}/g, "");
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "sluice-outside-test-"));
    upstreams = await Promise.all(Array.from({ length: 7 }, () => startUpstream()));
    const text = POLICY.replace("127.0.0.1:8080", "127.0.0.1:0").replace(
      /127\.0\.0\.1:900(\d)/g,
      (_, digit: string) => upstreams[Number(digit) - 1]?.address ?? "",
    );
    await writeFile(file(), withoutBodies(text));
    cli = await startSluice(["run", file(), "--embedded"], { env: { ACME_KEY: "key-of-acme" } });
    [, url = ""] = await cli.prints(/^public: (http:\S+)$/m);
  });
  afterAll(async () => {
    await cli.clear();
    await Promise.all(upstreams.map((upstream) => upstream.close()));
    await rm(folder, { recursive: true, force: true });
  });

  it("asks as Envoy does", async () => {
    upstreams[1]?.reply({ headers: { "x-user": "ann", "x-evil": "1" } });
    upstreams[2]?.reply({ status: 403, body: "no" });
    upstreams[6]?.reply(() => new Promise(() => {}));
    expect((await request(`${url}/orders/7`, { headers: { "x-user": "me" } })).status).toBe(200);
    expect(upstreams[0]?.received[0]?.values("x-user")).toEqual(["ann"]);
    expect(upstreams[0]?.received[0]?.values("x-evil")).toEqual([]);
    expect(upstreams[1]?.received[0]?.url).toBe("/check/v1/orders/7");
    const denied = await request(`${url}/text`);
    expect([denied.status, denied.text]).toEqual([403, "no"]);
    expect((await request(`${url}/unheard`)).status).toBe(503);
    await upstreams[6]?.close();
    expect((await request(`${url}/unheard`)).status).toBe(503);
    expect(upstreams[0]?.received).toHaveLength(1);
  });

  it("does not serve a policy that asks in a way it cannot", async () => {
    const other = join(folder, "bodies.yaml");
    await writeFile(other, POLICY);
    const refused = await startSluice(["run", other, "--embedded"], { env: { ACME_KEY: "key-of-acme" } });
    try {
      await refused.reports(/the policy shown asks its service by gRPC or with the body/);
    } finally {
      await refused.clear();
    }
  });
});
