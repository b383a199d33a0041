import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { issue, makeAuthority } from "../../compiler/runtime/certificates.js";
import { startUpstream, type Upstream } from "../support/upstream.js";
import { askHttp3, freePort, type Http3Request } from "./support/http3.js";
import { type Gateway, serve } from "./support/serve.js";
import { type CertificateFolder, certificateFolder, secureGet } from "./support/tls.js";
import { until } from "./support/until.js";

let folder: CertificateFolder;
let echo: Upstream;
let ports: { both: number; only: number; partners: number; anybody: number };
let gateway: Gateway;

beforeAll(async () => {
  folder = await certificateFolder();
  await folder.put("shop", await issue(folder.authority, { name: "shop", names: ["shop.test"], usage: "server" }));
  await folder.put("other", await issue(folder.authority, { name: "other", names: ["other.test"], usage: "server" }));
  echo = await startUpstream((request) => ({
    body: `${request.method} ${request.url} ${request.body}`,
    headers: { "alt-svc": 'h3=":1"' },
  }));
  const partner = { name: "partner", names: ["partner.test"], usage: "client" } as const;
  await folder.put("partner", await issue(folder.authority, partner));
  await folder.put("stranger", await issue(await makeAuthority("strangers"), partner));
  ports = {
    both: await freePort(),
    only: await freePort(),
    partners: await freePort(),
    anybody: await freePort(),
  };
  // Both halves of a listener have one port, which therefore cannot be left to the system.
  gateway = await serve(policy(), { ownServices: true, ownPorts: true });
}, 120_000);
afterAll(async () => {
  await gateway?.stop();
  await echo?.close();
  await folder?.remove();
});

function policy(): string {
  const pair = (name: string) =>
    `{ certificate: "mounted:${folder.path}/${name}.crt", key: "mounted:${folder.path}/${name}.key" }`;
  const own = pair("shop").slice(1, -1);
  const clients = `clientCertificate: { ca: "mounted:${folder.path}/ca.crt"`;
  return `apiVersion: sluice/v1
kind: Gateway
name: quick
listeners:
  both:
    address: 127.0.0.1:${ports.both}
    protocols: [http1, http2, http3]
    tls: { certificates: [${pair("shop")}, ${pair("other")}] }
    accessLog: { to: ${folder.path}/log.jsonl }
  partners: { address: "127.0.0.1:${ports.partners}", protocols: [http3], tls: { ${own}, ${clients} } } }
  anybody: { address: "127.0.0.1:${ports.anybody}", protocols: [http3], tls: { ${own}, ${clients}, required: false } } }
  only: { address: "127.0.0.1:${ports.only}", protocols: [http3], http3Port: 443, tls: ${pair("shop")} }
services:
  echo: { endpoints: [${echo.address}] }
consumers:
  acme: { credentials: [{ apiKey: env:ACME_KEY }] }
policies:
  known: { authenticate: { anyOf: [{ apiKey: { header: x-api-key } }] } }
  safe: { authorize: { rules: [{ name: safe, allow: 'request.scheme == "https" && request.protocol == "HTTP/3"' }] } }
  few: { rateLimit: { rate: 2/hour } }
routes:
  - { name: known, match: { path: /known/** }, to: echo, apply: [known] }
  - { name: safe, match: { path: /safe }, to: echo, apply: [safe] }
  - { name: few, match: { path: /few }, to: echo, apply: [few] }
  - { name: open, match: { path: /open/** }, to: echo }
`;
}

const ask = (port: number, requests: readonly Http3Request[], name = "shop.test") =>
  askHttp3({ port, name, ca: join(folder.path, "ca.crt") }, requests);
const trusted = () => ({ ca: folder.authority.certificate });

/** Of a stream that ended without an answer, as Envoy ends those of HTTP/2 and HTTP/3 whose headers it refuses. */
const RESET = 0;

describe("HTTP/3", () => {
  test("is served at the same port, under the same policies", async () => {
    echo.clear();
    const key = { "x-api-key": gateway.env.ACME_KEY ?? "", "x-consumer": "root" };
    const answers = await ask(ports.both, [
      { path: "/open/x?a=b" },
      { method: "POST", path: "/open/x", body: "some" },
      { path: "/known/x" },
      { path: "/known/x", headers: key },
      { path: "/safe" },
      { path: "/nowhere" },
      { path: "/open/%2e%2e/known/x" },
      { path: "/open/x", headers: { x_consumer: "root" } },
    ]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 401, 200, 200, 404, 401, RESET]);
    expect(answers.slice(0, 2).map(({ text }) => text)).toEqual(["GET /open/x?a=b ", "POST /open/x some"]);
    const known = echo.received.find(({ url }) => url === "/known/x");
    expect([known?.values("x-consumer"), known?.values("x-api-key")]).toEqual([["acme"], []]);
    expect(known?.values("x-forwarded-proto")).toEqual(["https"]);
  });

  test("has limits together with the other versions", async () => {
    const spent = (await ask(ports.both, [{ path: "/few" }])).map(({ status }) => status);
    spent.push((await secureGet(ports.both, "/few", trusted())).status);
    spent.push(...(await ask(ports.both, [{ path: "/few" }])).map(({ status }) => status));
    expect(spent).toEqual([200, 200, 429]);
  });

  test("chooses certificates by name, and is trusted by no client for another name", async () => {
    expect((await ask(ports.both, [{ path: "/open/x" }], "other.test")).map(({ status }) => status)).toEqual([200]);
    await expect(ask(ports.both, [{ path: "/open/x" }], "third.test")).rejects.toThrow(/ConnectionError/);
  });

  test("is all that some listeners speak", async () => {
    expect((await ask(ports.only, [{ path: "/open/x" }])).map(({ status }) => status)).toEqual([200]);
    await expect(secureGet(ports.only, "/open/x", trusted())).rejects.toThrow(/ECONNREFUSED/);
  });

  test("is logged", async () => {
    await ask(ports.both, [{ path: "/open/logged" }]);
    await until("a line", async () => (await readFile(join(folder.path, "log.jsonl"), "utf8")).includes('"HTTP/3"'));
  });
});

describe("certificates of clients over QUIC", () => {
  const shown = (name: string): readonly [string, string] => [
    join(folder.path, `${name}.crt`),
    join(folder.path, `${name}.key`),
  ];
  const taken = (port: number, own?: readonly [string, string]) =>
    askHttp3({ port, name: "shop.test", ca: join(folder.path, "ca.crt"), ...(own === undefined ? {} : { own }) }, [
      { path: "/open/x" },
    ]).then(
      (answers) => answers[0]?.status,
      (error: unknown) => (error instanceof Error ? error.message : ""),
    );

  test("let in, keep out, or may be left out", async () => {
    expect(await taken(ports.partners, shown("partner"))).toBe(200);
    expect(await taken(ports.partners, shown("stranger"))).toMatch(/Error/);
    expect(await taken(ports.partners)).toMatch(/Error/);
    expect(await taken(ports.anybody, shown("partner"))).toBe(200);
    expect(await taken(ports.anybody, shown("stranger"))).toMatch(/Error/);
    expect(await taken(ports.anybody)).toBe(200);
  });
});

describe("answers over TCP", () => {
  test("tell where there is HTTP/3, whatever the service says of itself", async () => {
    const there = await secureGet(ports.both, "/open/x", trusted());
    expect(there).toMatchObject({ status: 200, headers: { "alt-svc": `h3=":${ports.both}"; ma=86400` } });
  });
});
