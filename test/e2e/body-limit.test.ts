import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { standingOracle } from "../support/envoy.js";
import { openRaw, request } from "../support/http.js";
import { postOverHttp2 } from "./support/http2.js";
import { passOnBoth } from "./support/on-both.js";
import { type Gateway, serve } from "./support/serve.js";
import { workplace } from "./support/workplace.js";

const POLICY = `apiVersion: sluice/v1
kind: Gateway
name: bodies
listeners:
  public: { address: 127.0.0.1:8080 }
services:
  orders: { endpoints: [127.0.0.1:9001] }
consumers:
  acme: { credentials: [{ apiKey: env:ACME_KEY }] }
policies:
  known: { authenticate: { anyOf: [{ apiKey: { header: x-api-key } }] } }
  shops: { cors: { origins: ["https://shop.example.com"] } }
  safe: { headers: { response: { set: { x-frame-options: DENY } } } }
  once: { rateLimit: { rate: 1/hour, headers: [] } }
  small: { bodyLimit: { bytes: 10 } }
  wide: { bodyLimit: { bytes: 4Mi } }
routes:
  - { name: orders, match: { path: /orders/** }, to: orders, apply: [known, small, safe, shops] }
  - { name: open, match: { path: /open }, to: orders, apply: [small] }
  - { name: counted, match: { path: /counted }, to: orders, apply: [once, small] }
  - { name: both, match: { path: /both }, to: orders, apply: [wide, small] }
  - { name: wide, match: { path: /wide }, to: orders, apply: [wide] }
  - { name: text, match: { path: /text }, respond: { status: 200, body: hi }, apply: [small, safe] }
  - { name: moved, match: { path: /moved }, redirect: { path: /text }, apply: [small] }
  - { name: free, match: { path: /free }, to: orders }
`;

const posted = (path: string, body: string, more = "") =>
  `request: { path: ${path}, method: POST, body: "${body}"${more} }`;
const TEN = "0123456789";
const refused = "status: 413, decidedBy: small, upstream: none, body: Payload Too Large";

it("a body that is larger than the limit is answered 413 behind the guard, and no service hears of it", () =>
  passOnBoth(POLICY, [
    `${posted("/open", TEN)}, expect: { status: 200, decidedBy: sluice, upstream: orders }`.replace(
      ", decidedBy: sluice",
      "",
    ),
    `${posted("/open", `${TEN}.`)}, expect: { ${refused}, headers: { content-type: text/plain } }`,
    `${posted("/orders/7", `${TEN}.`)}, expect: { status: 401, decidedBy: known }`,
    `as: acme, ${posted("/orders/7", `${TEN}.`)}, expect: { ${refused}, headers: { x-frame-options: DENY, access-control-allow-origin: false } }`,
    `as: acme, ${posted("/orders/7", `${TEN}.`, ", headers: { origin: https://shop.example.com }")}, expect: { ${refused}, headers: { access-control-allow-origin: https://shop.example.com } }`,
    `as: acme, ${posted("/orders/7", TEN)}, expect: { status: 200, decidedBy: known, upstream: { service: orders, headers: { content-length: "10" } } }`,
    `request: { path: /open }, expect: { status: 200, upstream: orders }`,
    `request: { path: /open, method: PUT }, expect: { status: 200, upstream: orders }`,
    `request: { path: /open, method: POST, body: "" }, expect: { status: 200, upstream: orders }`,
    `${posted("/both", `${TEN}.`)}, expect: { ${refused} }`,
    `${posted("/wide", `${TEN}.`)}, expect: { status: 200 }`,
    `${posted("/text", `${TEN}.`)}, expect: { ${refused}, headers: { x-frame-options: false } }`,
    `${posted("/text", TEN)}, expect: { status: 200, body: hi }`,
    `${posted("/moved", `${TEN}.`)}, expect: { ${refused} }`,
    `request: { path: /open, method: DELETE, body: "${TEN}." }, expect: { ${refused} }`,
    `${posted("/open", `${TEN}.`, ", headers: { content-type: application/grpc }")}, expect: { status: 200, decidedBy: small, headers: { grpc-status: "2" } }`,
    `steps: [ { ${posted("/counted", `${TEN}.`)}, expect: { ${refused}, metrics: { once.allowed: 1 } } }, { ${posted("/counted", `${TEN}.`)}, expect: { status: 429, decidedBy: once } } ]`,
    `${posted("/free", `${TEN}.`)}, expect: { status: 200 }`,
  ]));

describe("on Envoy", () => {
  let gateway: Gateway;
  beforeAll(async () => {
    gateway = await serve(POLICY);
  });
  afterAll(() => gateway.stop());
  beforeEach(() => gateway.forget());

  const heard = () => gateway.heard().map(({ url, body }) => `${url} ${body.length}`);

  async function raw(bytes: string): Promise<number> {
    const connection = await openRaw({ port: gateway.port() });
    try {
      connection.send(bytes);
      return (await connection.response("POST")).status;
    } finally {
      connection.close();
    }
  }

  it("a body without a length is measured as it comes, and gets one when it is whole", async () => {
    const chunked = "POST /open HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n";
    expect(await raw(`${chunked}5\r\n01234\r\n5\r\n56789\r\n0\r\n\r\n`)).toBe(200);
    expect(gateway.heard()[0]?.values("content-length")).toEqual(["10"]);
    gateway.forget();
    // The rest of it never comes.
    expect(await raw(`${chunked}5\r\n01234\r\n6\r\n56789.\r\n`)).toBe(413);
    expect(await raw(`${chunked}ffffff\r\n01234567890`)).toBe(413);
    expect(heard()).toEqual([]);
  });

  it("a length that is too large is refused at once, and one that is not true helps nobody", async () => {
    const oracle = await standingOracle(gateway.envoy);
    const head = "POST /open HTTP/1.1\r\nhost: a\r\n";
    for (const length of ["11", "9000000000", "9223372036854775806"])
      expect(await raw(`${head}content-length: ${length}\r\n\r\n`)).toBe(413);
    expect(await raw(`${head}content-length: 99999999999999999999\r\n\r\n${TEN}`)).toBe(400);
    expect(await raw(`${head}content-length: 3\r\ntransfer-encoding: chunked\r\n\r\nb\r\n${TEN}.\r\n0\r\n\r\n`)).toBe(
      400,
    );
    expect(heard()).toEqual([]);
    await oracle.check({ goodRequest: (agent) => request(gateway.url("/open"), { agent }) });
  });

  it("a body in one frame of HTTP/2 is measured too, with and without a length", async () => {
    expect(await postOverHttp2(gateway, "/open", Buffer.from(TEN))).toBe(200);
    expect(heard()).toEqual(["/open 10"]);
    gateway.forget();
    const larger = Buffer.from(`${TEN}.`);
    expect(await postOverHttp2(gateway, "/open", larger)).toBe(413);
    expect(await postOverHttp2(gateway, "/open", larger, { "content-length": "11" })).toBe(413);
    // The codec ends the stream of whoever sends more than he says.
    await expect(postOverHttp2(gateway, "/open", larger, { "content-length": "5" })).rejects.toThrow();
    expect(await postOverHttp2(gateway, "/open", Buffer.alloc(16_000, "a"))).toBe(413);
    expect(heard()).toEqual([]);
  });

  it("bodies of several megabytes are held whole or refused, over HTTP/1.1 and HTTP/2", async () => {
    const [fits, larger] = [Buffer.alloc(4 * 1_048_576, "a"), Buffer.alloc(4 * 1_048_576 + 1, "a")];
    expect((await gateway.send("/wide", { method: "POST", body: fits })).status).toBe(200);
    expect(heard()).toEqual([`/wide ${fits.length}`]);
    gateway.forget();
    expect(await postOverHttp2(gateway, "/wide", fits)).toBe(200);
    expect(heard()).toEqual([`/wide ${fits.length}`]);
    gateway.forget();
    expect(await postOverHttp2(gateway, "/wide", larger)).toBe(413);
    expect(await postOverHttp2(gateway, "/open", larger)).toBe(413);
    const { reply, decision } = await gateway.judged(() => gateway.send("/open", { method: "POST", body: `${TEN}.` }));
    expect([reply.status, decision.decision]).toEqual([413, "small denied body-size"]);
    expect(heard()).toEqual([]);
  });
});

describe("the embedded host in front of real services", () => {
  const place = workplace("sluice-bodies-test-", "served");

  it("holds bodies too", async () => {
    const text = POLICY.replace("127.0.0.1:8080", "127.0.0.1:0").replace("127.0.0.1:9001", place.upstream.address);
    const { url } = await place.start(text, ["--embedded"], { env: { ACME_KEY: "key-of-acme" } });
    const send = async (path: string, body: string, headers = {}) =>
      (await request(`${url}${path}`, { method: "POST", body, headers })).status;
    const chunked = { "transfer-encoding": "chunked" };
    expect(await send("/open", TEN)).toBe(200);
    expect(await send("/open", TEN, chunked)).toBe(200);
    expect(place.upstream.received.map(({ body }) => String(body))).toEqual([TEN, TEN]);
    expect(place.upstream.received.map(({ values }) => values("content-length"))).toEqual([["10"], ["10"]]);
    expect(await send("/open", `${TEN}.`)).toBe(413);
    expect(await send("/open", `${TEN}.`, chunked)).toBe(413);
    expect(await send("/text", `${TEN}.`, chunked)).toBe(413);
    expect(await send("/text", TEN, chunked)).toBe(200);
    expect(await send("/orders/7", `${TEN}.`)).toBe(401);
    expect(place.upstream.received).toHaveLength(2);
  });
});
