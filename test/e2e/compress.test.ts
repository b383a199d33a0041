import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { request } from "../support/http.js";
import { passOnBoth } from "./support/on-both.js";
import { type Gateway, serve } from "./support/serve.js";
import { workplace } from "./support/workplace.js";

const LONG = "a text that is long enough. ".repeat(10);

const POLICY = `apiVersion: sluice/v1
kind: Gateway
name: answers
listeners:
  public: { address: 127.0.0.1:8080 }
services:
  page: { endpoints: [127.0.0.1:9001] }
  tagged: { endpoints: [127.0.0.1:9002] }
  weak: { endpoints: [127.0.0.1:9003] }
  short: { endpoints: [127.0.0.1:9004] }
  image: { endpoints: [127.0.0.1:9005] }
  untyped: { endpoints: [127.0.0.1:9006] }
  zipped: { endpoints: [127.0.0.1:9007] }
  fixed: { endpoints: [127.0.0.1:9008] }
  part: { endpoints: [127.0.0.1:9009] }
  missing: { endpoints: [127.0.0.1:9010] }
  shouting: { endpoints: [127.0.0.1:9011] }
policies:
  small: { compress: { minBytes: 200 } }
  three: { compress: { algorithms: [zstd, brotli, gzip], contentTypes: [text/html, application/problem+json], minBytes: 64 } }
  shops: { cors: { origins: ["https://shop.example.com"] } }
  fix: { headers: { response: { set: { cache-control: "private, No-Transform" } } } }
  partners: { authorize: { rules: [{ name: nobody, allow: 'request.method == "TRACE"' }] } }
  once: { rateLimit: { rate: 1/hour, headers: [] } }
  low: { bodyLimit: { bytes: 3 } }
routes:
  - { name: page, match: { path: /page }, to: page, apply: [small] }
  - { name: tagged, match: { path: /tagged }, to: tagged, apply: [small, shops] }
  - { name: weak, match: { path: /weak }, to: weak, apply: [small] }
  - { name: short, match: { path: /short }, to: short, apply: [small] }
  - { name: image, match: { path: /image }, to: image, apply: [small] }
  - { name: untyped, match: { path: /untyped }, to: untyped, apply: [small] }
  - { name: zipped, match: { path: /zipped }, to: zipped, apply: [small] }
  - { name: fixed, match: { path: /fixed }, to: fixed, apply: [small] }
  - { name: kept, match: { path: /kept }, to: page, apply: [small, fix] }
  - { name: part, match: { path: /part }, to: part, apply: [small] }
  - { name: missing, match: { path: /missing }, to: missing, apply: [small] }
  - { name: shouting, match: { path: /shouting }, to: shouting, apply: [small] }
  - { name: three, match: { path: /three }, to: page, apply: [three] }
  - { name: text, match: { path: /text }, respond: { status: 200, body: "${LONG}", headers: { content-type: text/html } }, apply: [small] }
  - { name: refused, match: { path: /refused }, to: page, apply: [partners, three] }
  - { name: limited, match: { path: /limited }, to: page, apply: [once, three] }
  - { name: low, match: { path: /low }, to: page, apply: [low, small] }
  - { name: moved, match: { path: /moved }, redirect: { path: /page }, apply: [small] }
  - { name: plain, match: { path: /plain }, to: page }
`;

const UPSTREAMS = `upstreams:
  page: { headers: { content-type: text/html; charset=utf-8 }, body: "${LONG}" }
  tagged: { headers: { content-type: text/html, etag: '"abc"', vary: accept-encoding }, body: "${LONG}" }
  weak: { headers: { content-type: application/json, etag: W/"abc", vary: "accept, Accept-Encoding" }, body: "${LONG}" }
  short: { headers: { content-type: text/html, etag: '"abc"' }, body: short }
  image: { headers: { content-type: image/png }, body: "${LONG}" }
  untyped: { body: "${LONG}" }
  zipped: { headers: { content-type: text/html, content-encoding: br }, body: "${LONG}" }
  fixed: { headers: { content-type: text/html, cache-control: "max-age=1,no-transform" }, body: "${LONG}" }
  part: { status: 206, headers: { content-type: text/html, content-range: bytes 0-279/9999 }, body: "${LONG}" }
  missing: { status: 404, headers: { content-type: text/plain }, body: "${LONG}" }
  shouting: { headers: { content-type: "TEXT/HTML ;q=1" }, body: "${LONG}" }
`;

const asked = (path: string, accepted = "gzip", more = "") =>
  `request: { path: ${path}, headers: { accept-encoding: ${JSON.stringify(accepted)} }${more} }`;
const coded = (coding: string, vary = "Accept-Encoding") =>
  `headers: { content-encoding: ${coding}, content-length: false, vary: "${vary}" }`;
const PLAIN = 'headers: { content-encoding: false, vary: Accept-Encoding, content-length: "280" }';
const UNTOUCHED = 'headers: { content-encoding: false, vary: false, content-length: "280" }';

it("answers are compressed for those who take it, and caches and validators stay right, as Envoy does it", () =>
  passOnBoth(
    POLICY,
    [
      `${asked("/page")}, expect: { status: 200, body: "${LONG}", ${coded("gzip")} }`,
      `request: { path: /page }, expect: { status: 200, body: "${LONG}", ${PLAIN} }`,
      `${asked("/page", "gzip", ", method: HEAD")}, expect: { status: 200, body: "", headers: { content-encoding: false, vary: Accept-Encoding } }`,
      `${asked("/tagged", "br")}, expect: { headers: { content-encoding: br, etag: 'W/"abc"' } }`,
      `request: { path: /tagged }, expect: { headers: { content-encoding: false, etag: '"abc"' } }`,
      `${asked("/weak")}, expect: { headers: { content-encoding: gzip, etag: 'W/"abc"', vary: "accept, Accept-Encoding" } }`,
      `${asked("/short")}, expect: { headers: { content-encoding: false, vary: false, etag: '"abc"' } }`,
      `${asked("/image")}, expect: { ${UNTOUCHED} }`,
      `${asked("/untyped")}, expect: { ${coded("gzip")} }`,
      `${asked("/zipped")}, expect: { headers: { content-encoding: br, vary: false } }`,
      `${asked("/fixed")}, expect: { ${UNTOUCHED} }`,
      `${asked("/kept")}, expect: { ${UNTOUCHED} }`,
      `${asked("/part")}, expect: { status: 206, ${UNTOUCHED} }`,
      `${asked("/missing")}, expect: { status: 404, ${coded("gzip")} }`,
      `${asked("/shouting")}, expect: { ${coded("gzip")} }`,
      `${asked("/text", "gzip, br")}, expect: { status: 200, body: "${LONG}", ${coded("br")} }`,
      `${asked("/refused", "br")}, expect: { status: 403, headers: { content-encoding: false, vary: false } }`,
      `steps: [ { ${asked("/limited", "br")}, expect: { status: 200 } }, { ${asked("/limited", "br")}, expect: { status: 429, headers: { content-encoding: false } } } ]`,
      `${asked("/low", "br", ", method: POST, body: abcde")}, expect: { status: 413, headers: { content-encoding: false } }`,
      `request: { path: /tagged, method: OPTIONS, headers: { origin: https://shop.example.com, access-control-request-method: GET } }, expect: { status: 200, headers: { vary: Accept-Encoding } }`,
      `${asked("/moved", "br")}, expect: { status: 302, headers: { vary: Accept-Encoding, content-encoding: false } }`,
      `${asked("/plain", "br")}, expect: { ${UNTOUCHED} }`,
      `${asked("/nowhere", "br")}, expect: { status: 404, headers: { content-encoding: false } }`,
    ],
    UPSTREAMS,
  ));

it.each([
  [
    "/page",
    {
      "gzip, deflate, br": "br",
      "br, gzip": "br",
      "br;q=0.9, gzip": "gzip",
      "gzip;q=0.5, br;q=0.5": "br",
      gzip: "gzip",
      "gzip;q=0": "none",
      "*": "br",
      "*;q=0": "none",
      "br;q=0, *": "gzip",
      "identity;q=0.5, gzip;q=0.1": "none",
      "gzip;q=0.5, identity": "none",
      identity: "none",
      deflate: "none",
      "x-gzip": "none",
      GZIP: "none",
      ",gzip": "gzip",
      "gzip ; q = 1": "gzip",
      "gzip;Q=0": "none",
      "gzip;q=": "none",
      "gzip;q=abc, br;q=0.1": "br",
      "gzip;level=1": "gzip",
      "*;q=0.5, gzip;q=0.4": "br",
      zstd: "none",
    },
  ],
  [
    "/three",
    {
      "gzip, deflate, br, zstd": "zstd",
      "gzip, br": "gzip",
      "br, gzip": "br",
      "zstd;q=0.5, br": "br",
      "*": "zstd",
    },
  ],
])("of the codings that a client takes the right one is chosen on %s", (path, codings) =>
  passOnBoth(
    POLICY,
    Object.entries(codings).map(
      ([accepted, coding]) =>
        `${asked(path, accepted)}, expect: { headers: { content-encoding: ${coding === "none" ? false : coding} } }`,
    ),
    UPSTREAMS,
  ),
);

describe("on Envoy", () => {
  let gateway: Gateway;
  beforeAll(async () => {
    gateway = await serve(POLICY);
    gateway.upstream("page").reply({ headers: { "content-type": "text/html" }, body: LONG });
  });
  afterAll(() => gateway.stop());

  it("a body that comes in chunks is compressed, whatever its length, and comes out whole", async () => {
    const sent = { headers: { "accept-encoding": "br" } };
    const { headers, body } = await gateway.send("/page", sent);
    expect([headers["content-encoding"], headers["transfer-encoding"]]).toEqual(["br", "chunked"]);
    expect(body.length).toBeLessThan(LONG.length / 2);
    expect(String(brotliDecompressSync(body))).toBe(LONG);
    expect(gateway.upstream("page").received.at(-1)?.values("accept-encoding")).toEqual(["br"]);
    gateway
      .upstream("page")
      .reply({ headers: { "content-type": "text/html", "transfer-encoding": "chunked" }, body: "a" });
    expect((await gateway.send("/page", sent)).headers["content-encoding"]).toBe("br");
  });

  it("a route without the policy passes the filters by", async () => {
    const counted = () => gateway.envoy.admin.stats("\\.compressor\\..*\\.no_accept_header$");
    const before = [...(await counted()).values()];
    await gateway.send("/plain");
    expect([...(await counted()).values()]).toEqual(before);
  });
});

describe("the embedded host in front of real services", () => {
  const place = workplace("sluice-compress-test-", LONG);

  it("compresses too, in the codings that Node has", async () => {
    place.upstream.reply({ headers: { "content-type": "text/html", etag: '"a"' }, body: LONG });
    const text = POLICY.replace("127.0.0.1:8080", "127.0.0.1:0").replace("127.0.0.1:9001", place.upstream.address);
    const { url } = await place.start(text, ["--embedded"]);
    const send = (path: string, accepted: string) =>
      request(`${url}${path}`, { headers: { "accept-encoding": accepted } });
    const compressed = await send("/page", "gzip");
    expect([compressed.headers["content-encoding"], compressed.headers.etag]).toEqual(["gzip", 'W/"a"']);
    expect(String(gunzipSync(compressed.body))).toBe(LONG);
    const answered = await send("/text", "br");
    expect(String(brotliDecompressSync(answered.body))).toBe(LONG);
    expect((await send("/three", "zstd, br;q=0.5")).headers["content-encoding"]).toBe("br");
    const plain = await send("/page", "identity");
    expect([plain.text, plain.headers.etag, plain.headers["content-encoding"]]).toEqual([LONG, '"a"', undefined]);
  });
});
