import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { connect, createServer as createHttp2Server } from "node:http2";
import { gunzipSync } from "node:zlib";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type StandingOracle, standingOracle } from "../support/envoy.js";
import { rawRequest, request } from "../support/http.js";
import { clean } from "./support/clean.js";
import { passOnBoth } from "./support/on-both.js";
import { type Gateway, serve } from "./support/serve.js";
import { ENV, NO_ENVOY, portOf, servedPolicy } from "./support/served-policy.js";
import { workplace } from "./support/workplace.js";

// Pages in place of answers: of what services answer, by the route; of what the gateway itself answers, by the listener.

const PAGES =
  '[{ on: 404, body: "<h1>Nothing 100% here</h1>" }, { on: 5xx, body: "Sorry, again later.", contentType: text/plain, status: 503 }]';
const OWN =
  '[{ on: [4xx], body: No., contentType: text/plain }, { on: 400, body: "<h1>Pardon?</h1>" }, { on: 401, body: "<h1>Who are you?</h1>" }, { on: 404, body: "<h1>No page</h1>" }, { on: 5xx, body: Closed., contentType: text/plain, status: 500 }]';

const policyOf = (listener: string) => `apiVersion: sluice/v1
kind: Gateway
name: errors
listeners: { public: { address: 127.0.0.1:8080${listener} } }
services:
  fine: { endpoints: [127.0.0.1:9001] }
  missing: { endpoints: [127.0.0.1:9002] }
  broken: { endpoints: [127.0.0.1:9003] }
  gone: { endpoints: [127.0.0.1:9004] }
  asked: { endpoints: [127.0.0.1:9005] }
consumers: { acme: { credentials: [{ apiKey: env:ACME_KEY }] } }
policies:
  known: { authenticate: { anyOf: [{ apiKey: { header: x-api-key } }] } }
  nobody: { authorize: { rules: [{ name: none, deny: 'request.path != "/"' }] } }
  shops: { cors: { origins: ["https://shop.example.com"] } }
  few: { rateLimit: { rate: 2/hour, headers: [ietf] } }
  small: { bodyLimit: { bytes: 10 } }
  inside: { ipAccess: { deny: [192.0.2.0/24] } }
  off: { fault: { abort: { status: 404 }, headers: { x-off: "1" } } }
  marked: { headers: { response: { set: { x-frame-options: DENY, content-type: text/marked } } } }
  permitted: { externalAuth: { http: { service: asked } } }
  short: { compress: { minBytes: 64 } }
routes:
  - { name: fine, match: { path: /fine }, to: fine, errors: ${PAGES} }
  - { name: missing, match: { path: /missing }, to: missing, errors: ${PAGES}, apply: [shops, short] }
  - { name: broken, match: { path: /broken }, to: broken, errors: ${PAGES}, apply: [shops] }
  - { name: gone, match: { path: /gone }, to: gone, errors: ${PAGES}, apply: [marked] }
  - { name: plain, match: { path: /plain }, to: missing }
  - { name: known, match: { path: /known }, to: missing, errors: [{ on: 4xx, body: "<h1>Of the service</h1>" }], apply: [known, shops] }
  - { name: closed, match: { path: /closed }, to: fine, errors: [{ on: 4xx, body: "<h1>Of the service</h1>" }], apply: [nobody] }
  - { name: few, match: { path: /few, methods: [GET] }, to: fine, apply: [few] }
  - { name: small, match: { path: /small }, to: fine, errors: [{ on: 4xx, body: x }], apply: [small] }
  - { name: inside, match: { path: /inside }, to: fine, apply: [inside, off, marked] }
  - { name: asked, match: { path: /asked }, to: fine, errors: [{ on: 4xx, body: x }], apply: [permitted] }
  - { name: said, match: { path: /said }, respond: { status: 404, body: mine, headers: { content-type: text/mine } }, apply: [known] }
  - { name: moved, match: { path: /moved }, redirect: { path: /fine } }
`;

const UPSTREAMS = `upstreams:
  missing: { status: 404, headers: { etag: '"a"', content-encoding: br, content-language: de, x-internal: host-7, retry-after: "7" }, body: a secret trace }
  broken: { status: 502, body: a secret trace }
  gone: { status: 410, body: kept }
  asked: { status: 402, body: pay }
`;

const NOTHING = "<h1>Nothing 100% here</h1>";
const HTML = "content-type: 'text/html; charset=utf-8'";
const without = "etag: false, content-encoding: false, content-language: false";

describe("both engines put pages of routes in place", () => {
  test("of what services answer, and of nothing else", async () => {
    await passOnBoth(
      policyOf(""),
      [
        `request: { path: /missing }, expect: { status: 404, body: '${NOTHING}', headers: { ${HTML}, content-length: "${NOTHING.length}", ${without}, x-internal: host-7, retry-after: "7" }, upstream: missing }`,
        `request: { path: /missing, method: HEAD }, expect: { status: 404, body: "", headers: { content-length: "${NOTHING.length}" } }`,
        `request: { path: /missing, headers: { origin: "https://shop.example.com" } }, expect: { status: 404, headers: { access-control-allow-origin: "https://shop.example.com" } }`,
        'request: { path: /broken, method: POST, body: x }, expect: { status: 503, body: "Sorry, again later.", headers: { content-type: text/plain } }',
        "request: { path: /gone }, expect: { status: 410, body: kept }",
        "request: { path: /fine }, expect: { status: 200 }",
        "request: { path: /plain }, expect: { status: 404, body: a secret trace, headers: { content-language: de } }",
        // What speaks gRPC reads no pages.
        "request: { path: /missing, headers: { content-type: application/grpc } }, expect: { status: 404, body: a secret trace }",
        "request: { path: /missing, headers: { content-type: Application/gRPC-Web+proto } }, expect: { status: 404, body: a secret trace }",
        // Policies that refuse say so in their own words.
        "request: { path: /known }, expect: { status: 401, problem: { title: Unauthorized }, upstream: none }",
        'as: acme, request: { path: /known }, expect: { status: 404, body: "<h1>Of the service</h1>" }',
        "request: { path: /closed }, expect: { status: 403, problem: { title: Forbidden }, upstream: none }",
        "request: { path: /small, method: POST, body: more than it may be }, expect: { status: 413, body: ~Payload.*, upstream: none }",
        "request: { path: /asked }, expect: { status: 402, body: pay, upstream: none }",
        "request: { path: /nowhere }, expect: { status: 404, problem: { title: Not Found } }",
      ],
      UPSTREAMS,
    );
  });
});

describe("both engines put pages of listeners in place", () => {
  const NO_PAGE = `status: 404, body: "<h1>No page</h1>", headers: { ${HTML}, content-length: "16" }`;

  test("of what the gateway itself answers, whoever of it does", async () => {
    const limited = (expected: string) => `{ request: { path: /few }, expect: { ${expected} } }`;
    await passOnBoth(
      policyOf(`, errors: ${OWN}`),
      [
        `request: { path: /nowhere }, expect: { ${NO_PAGE} }`,
        'request: { path: /nowhere, method: HEAD }, expect: { status: 404, body: "", headers: { content-length: "16" } }',
        'request: { path: /few, method: PUT }, expect: { status: 405, body: "No.", headers: { allow: GET } }',
        `request: { path: /known, headers: { origin: "https://shop.example.com" } }, expect: { status: 401, body: "<h1>Who are you?</h1>", headers: { www-authenticate: ~ApiKey.*, access-control-allow-origin: "https://shop.example.com" }, decidedBy: known }`,
        'request: { path: /closed }, expect: { status: 403, body: "No.", decidedBy: nobody/none }',
        `steps: [${limited("status: 200")}, ${limited("status: 200")}, ${limited('status: 429, body: "No.", headers: { ratelimit: true, content-type: text/plain }')}]`,
        'request: { path: /small, method: POST, body: more than it may be }, expect: { status: 413, body: "No." }',
        'request: { path: /inside, source: 192.0.2.7 }, expect: { status: 403, body: "No.", headers: { x-frame-options: DENY, content-type: text/plain } }',
        `request: { path: /inside, headers: { x-off: "1" } }, expect: { status: 404, body: "<h1>No page</h1>" }`,
        'request: { path: /asked }, expect: { status: 402, body: "No." }',
        'request: { path: /a%2Fb }, expect: { status: 400, body: "<h1>Pardon?</h1>" }',
        'request: { path: "/a/%2e%2e;x/b" }, expect: { status: 400, body: "<h1>Pardon?</h1>" }',
        'request: { path: /fine, headers: { x_y: "1" } }, expect: { status: 400, body: "<h1>Pardon?</h1>" }',
        // What services answer, what routes say themselves, and what is no error.
        "request: { path: /plain }, expect: { status: 404, body: a secret trace }",
        `request: { path: /missing }, expect: { status: 404, body: '${NOTHING}' }`,
        "as: acme, request: { path: /said }, expect: { status: 404, body: mine, headers: { content-type: text/mine } }",
        'request: { path: /said }, expect: { status: 401, body: "<h1>Who are you?</h1>" }',
        "request: { path: /moved }, expect: { status: 302 }",
        // gRPC has its own way to fail.
        "request: { path: /known, headers: { content-type: application/grpc } }, expect: { status: 200, headers: { grpc-status: '16', content-type: application/grpc } }",
        "request: { path: /nowhere, headers: { content-type: application/grpc+proto } }, expect: { status: 200, headers: { grpc-status: '12' } }",
        "request: { path: /nowhere, headers: { content-type: application/grpc-web } }, expect: { status: 404, problem: { title: Not Found } }",
      ],
      UPSTREAMS,
    );
  });
});

describe("a real Envoy", () => {
  let gateway: Gateway;
  let oracle: StandingOracle;
  beforeAll(async () => {
    gateway = await serve(policyOf(`, errors: ${OWN}`));
    oracle = await standingOracle(gateway.envoy);
    await gateway.upstream("gone").close();
  });
  afterAll(() => gateway?.stop());
  afterEach(() => oracle.check({ goodRequest: (agent) => request(gateway.url("/fine"), { agent }) }));

  test.each([
    ["no body", ""],
    ["a body", "a secret trace"],
    ["more than is held of an answer", "x".repeat(3_000_000)],
  ])("puts the page in place of an answer with %s, over both versions of HTTP", async (_, body) => {
    gateway.upstream("broken").reply({ status: 500, body });
    // On one connection: what follows must not be taken for a part of the answer before.
    for (let n = 0; n < 3; n++)
      expect(await gateway.send("/broken")).toMatchObject({ status: 503, text: "Sorry, again later." });
    const session = connect(gateway.url(""));
    const ask = (method: string) =>
      new Promise<[number, string | undefined, string]>((resolve, reject) => {
        const stream = session.request({ ":path": "/broken", ":method": method }).setEncoding("utf8");
        let [status, length, text] = [0, "", ""];
        stream.on("response", (headers) => {
          status = headers[":status"] ?? 0;
          length = String(headers["content-length"]);
        });
        stream.on("data", (part: string) => {
          text += part;
        });
        stream.once("end", () => resolve([status, length, text])).once("error", reject);
      });
    expect(await Promise.all([ask("GET"), ask("HEAD"), ask("GET")])).toEqual([
      [503, "19", "Sorry, again later."],
      [503, "19", ""],
      [503, "19", "Sorry, again later."],
    ]);
    session.close();
  });

  test("answers in place of a service that is not there, and the page of the route comes before that of the listener", async () => {
    const reply = await gateway.send("/gone");
    expect(reply).toMatchObject({ status: 503, text: "Sorry, again later." });
    expect(reply.headers).toMatchObject({ "x-frame-options": "DENY", "content-type": "text/plain" });
  });

  test("answers what it cannot read with the page of the listener", async () => {
    const to = { port: gateway.port() };
    for (const head of ["GET / HTTP/1.1\r\nhost: a\r\ncontent-length: x", "GET /\u0001 HTTP/1.1\r\nhost: a", "NO"]) {
      const { status, body } = await rawRequest(to, `${head}\r\n\r\n`);
      expect([status, body.toString()]).toEqual([400, "<h1>Pardon?</h1>"]);
    }
    expect((await rawRequest(to, `GET /${"x".repeat(70_000)} HTTP/1.1\r\nhost: a\r\n\r\n`)).body.toString()).toBe(
      "No.",
    );
  });
});

describe("services of other kinds", () => {
  const POLICY = (services: string, more = "") => `apiVersion: sluice/v1
kind: Gateway
name: errors
listeners: { public: { address: 127.0.0.1:8080 } }
services: { page: { endpoints: [${services}]${more} } }
policies: { short: { compress: { minBytes: 64 } } }
routes:
  - { name: all, match: { path: /** }, to: page, timeout: 500ms, retry: { attempts: 2, on: [503] }, errors: [{ on: 5xx, body: "${"Sorry. ".repeat(20)}", contentType: text/plain }], apply: [short] }
`;
  const PAGE = "Sorry. ".repeat(20);

  async function inFrontOf(policy: string): Promise<Gateway> {
    const gateway = await serve(policy, { ownServices: true });
    clean.push(() => gateway.stop());
    return gateway;
  }

  test("one that is asked again, and one that takes too long", async () => {
    let asked = 0;
    let script: (incoming: IncomingMessage, outgoing: ServerResponse) => void = (_, outgoing) => {
      outgoing.writeHead(asked < 3 ? 503 : 200).end("of the service");
    };
    const server = createServer((incoming, outgoing) => {
      asked++;
      script(incoming, outgoing);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    clean.push(
      () => server.close(),
      () => server.closeAllConnections(),
    );
    const gateway = await inFrontOf(POLICY(`127.0.0.1:${portOf(server.address())}`));
    // What a retry makes good is no error.
    expect(await gateway.send("/")).toMatchObject({ status: 200, text: "of the service" });
    script = (_, outgoing) => outgoing.writeHead(503).end("of the service");
    asked = 0;
    expect(await gateway.send("/")).toMatchObject({ status: 503, text: PAGE });
    expect(asked).toBe(3);
    script = () => {};
    expect(await gateway.send("/")).toMatchObject({ status: 504, text: PAGE });
    const zipped = await gateway.send("/", { headers: { "accept-encoding": "gzip" } });
    expect([zipped.headers["content-encoding"], gunzipSync(zipped.body).toString()]).toEqual(["gzip", PAGE]);
  });

  test("one that speaks HTTP/2, with trailers and without a body", async () => {
    const server = createHttp2Server();
    server.on("stream", (stream, headers) => {
      const withTrailers = headers[":path"] === "/trailers";
      stream.respond({ ":status": 500 }, { endStream: !withTrailers, waitForTrailers: withTrailers });
      if (!withTrailers) return;
      stream.on("wantTrailers", () => stream.sendTrailers({ "x-secret": "trace" }));
      stream.end("a secret trace");
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    clean.push(() => server.close());
    const gateway = await inFrontOf(POLICY(`127.0.0.1:${portOf(server.address())}`, ", protocol: http2"));
    for (const path of ["/trailers", "/none", "/trailers"])
      expect(await gateway.send(path)).toMatchObject({ status: 500, text: PAGE });
  });
});

describe("without an Envoy", () => {
  const place = workplace("sluice-errors-test-", "first");

  test("pages are the same, and services that are not there get them too", async () => {
    const text = servedPolicy(place.upstream, {
      listeners: [`  public: { address: 127.0.0.1:0, errors: ${OWN} }`],
      services: ["  gone: { endpoints: [127.0.0.1:1] }"],
      routes: [
        `  - { name: page, match: { path: /page }, to: orders, errors: ${PAGES} }`,
        `  - { name: gone, match: { path: /gone }, to: gone, errors: ${PAGES} }`,
        "  - { name: bare, match: { path: /bare }, to: gone }",
      ],
    });
    const { url } = await place.start(text, ["--embedded"], { env: { ...ENV, ...NO_ENVOY } });
    place.upstream.reply({ status: 404, headers: { etag: '"a"' }, body: "x".repeat(200_000) });
    for (let n = 0; n < 3; n++) {
      const reply = await request(`${url}/page`);
      expect(reply).toMatchObject({ status: 404, text: NOTHING });
      expect(reply.headers).toMatchObject({ "content-length": String(NOTHING.length) });
      expect(reply.headers.etag).toBeUndefined();
    }
    const head = await request(`${url}/page`, { method: "HEAD" });
    expect([head.status, head.text, head.headers["content-length"]]).toEqual([404, "", String(NOTHING.length)]);
    expect(await request(`${url}/gone`)).toMatchObject({ status: 503, text: "Sorry, again later." });
    expect(await request(`${url}/bare`)).toMatchObject({ status: 500, text: "Closed." });
    expect(await request(`${url}/orders/1`)).toMatchObject({ status: 401, text: "<h1>Who are you?</h1>" });
    const { status, body } = await rawRequest({ port: Number(new URL(url).port) }, "NO\r\n\r\n");
    expect([status, body.toString()]).toEqual([400, "<h1>Pardon?</h1>"]);
  });
});
