import { createServer } from "node:http2";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { issue, type KeyedCertificate, makeAuthority } from "../../compiler/runtime/certificates.js";
import { type Gateway, serve } from "./support/serve.js";
import { type CertificateFolder, certificateFolder, type SecureService, secureService } from "./support/tls.js";
import { until } from "./support/until.js";

const NAME = "orders.internal";

let folder: CertificateFolder;
let right: KeyedCertificate;
let strangers: KeyedCertificate;
const started: SecureService[] = [];
let gateway: Gateway | undefined;

beforeAll(async () => {
  folder = await certificateFolder();
  strangers = await makeAuthority("strangers");
  right = await serverCertificate(NAME);
  await folder.put("gateway", await issue(folder.authority, { name: "gateway", names: ["gw.test"], usage: "client" }));
});
afterAll(() => folder?.remove());

beforeEach(() => {
  gateway = undefined;
});
afterEach(async () => {
  await gateway?.stop();
  for (const service of started.splice(0)) await service.close();
});

function serverCertificate(name: string, authority = folder.authority): Promise<KeyedCertificate> {
  return issue(authority, { name: "service", names: [name], usage: "server" });
}

async function startService(...args: Parameters<typeof secureService>): Promise<SecureService> {
  const service = await secureService(...args);
  started.push(service);
  return service;
}

/** A gateway whose one service is there, by what the policy says of it. */
async function gatewayTo(service: { port: number }, transport: string): Promise<Gateway> {
  gateway = await serve(
    `apiVersion: sluice/v1
kind: Gateway
name: secure-services
listeners:
  public: { address: 127.0.0.1:8080 }
services:
  orders: { ${transport} }
routes:
  - { name: orders, match: { path: /orders/** }, to: orders }
`,
    { ports: { orders: service.port } },
  );
  return gateway;
}

const ca = (name = "ca") => `ca: "mounted:${folder.path}/${name}.crt"`;
const endpoints = "endpoints: [127.0.0.1:9001]";

describe("a service with TLS", () => {
  test("is asked for by its name, over HTTP/1.1", async () => {
    const service = await startService(right);
    const { send } = await gatewayTo(service, `${endpoints}, tls: { ${ca()}, sni: ${NAME} }`);
    expect(await send("/orders/1")).toMatchObject({ status: 200, text: "secure" });
    expect(service.seen).toEqual([{ httpVersion: "1.1", servername: NAME, client: undefined }]);
  });

  test("by `dns` has that name, unless `sni` gives another", async () => {
    const service = await startService(right);
    const { send, plan } = await gatewayTo(service, `dns: "Orders.Internal:443", tls: { ${ca()} }`);
    expect(plan.services[0]?.tls?.sni).toBe(NAME);
    expect(await send("/orders/1")).toMatchObject({ status: 200 });
    await gateway?.stop();
    const named = await gatewayTo(service, `dns: "lb.example.com:443", tls: { ${ca()}, sni: ${NAME} }`);
    expect(await named.send("/orders/1")).toMatchObject({ status: 200 });
    expect(service.seen.map(({ servername }) => servername)).toEqual([NAME, NAME]);
  });

  test("may have a certificate for all names of a domain", async () => {
    const service = await startService(await serverCertificate("*.internal"));
    const { send } = await gatewayTo(service, `${endpoints}, tls: { ${ca()}, sni: ${NAME} }`);
    expect(await send("/orders/1")).toMatchObject({ status: 200 });
  });

  test.each([
    ["for another name", () => serverCertificate("reports.internal"), "fail_verify_san"],
    ["of an authority that is not trusted", () => serverCertificate(NAME, strangers), "fail_verify_error"],
  ])("whose certificate is %s gets no request: 503", async (_what, certificate, counter) => {
    const service = await startService(await certificate());
    const { send, envoy } = await gatewayTo(service, `${endpoints}, tls: { ${ca()}, sni: ${NAME} }`);
    expect((await send("/orders/1")).status).toBe(503);
    const name = `cluster.orders.ssl.${counter}`;
    expect((await envoy.admin.stats(name)).get(name)).toBe(1);
    expect(service.seen).toEqual([]);
  });

  test("is not called while its authorities cannot be read", async () => {
    const service = await startService(right);
    const { send } = await gatewayTo(service, `${endpoints}, tls: { ${ca("absent")}, sni: ${NAME} }`);
    expect((await send("/orders/1")).status).toBe(503);
    expect(service.seen).toEqual([]);
  });

  test("is shown a certificate where there is one, and refuses who has none", async () => {
    const strict = { requestCert: true, rejectUnauthorized: true, ca: folder.authority.certificate };
    const service = await startService(right, strict);
    const pair = `certificate: "mounted:${folder.path}/gateway.crt", key: "mounted:${folder.path}/gateway.key"`;
    const shown = await gatewayTo(service, `${endpoints}, tls: { ${ca()}, sni: ${NAME}, ${pair} }`);
    expect(await shown.send("/orders/1")).toMatchObject({ status: 200 });
    expect(service.seen).toEqual([{ httpVersion: "1.1", servername: NAME, client: "gateway" }]);
    await shown.stop();
    const without = await gatewayTo(service, `${endpoints}, tls: { ${ca()}, sni: ${NAME} }`);
    expect((await without.send("/orders/1")).status).toBe(503);
    expect(service.seen.length).toBe(1);
  });

  test("is trusted by other authorities as soon as they are put there", async () => {
    const service = await startService(await serverCertificate(NAME, strangers));
    await folder.putCertificate("trusted", folder.authority);
    const { send } = await gatewayTo(service, `${endpoints}, tls: { ${ca("trusted")}, sni: ${NAME} }`);
    expect((await send("/orders/1")).status).toBe(503);
    await folder.putCertificate("trusted", strangers);
    expect(await until("trust", async () => (await send("/orders/1")).status === 200)).toBe(true);
  });
});

describe("the version of HTTP to a service", () => {
  test.each([
    ["protocol: http2", {}, "2.0"],
    ["protocol: auto", {}, "2.0"],
    ["protocol: auto", { http1: true }, "1.1"],
    ["protocol: http1", {}, "1.1"],
  ])("with TLS and %s, to one that has %j, is HTTP/%s", async (protocol, options, httpVersion) => {
    const service = await startService(right, options);
    const { send } = await gatewayTo(service, `${endpoints}, ${protocol}, tls: { ${ca()}, sni: ${NAME} }`);
    expect(await send("/orders/1")).toMatchObject({ status: 200, text: "secure" });
    expect(service.seen.map((one) => one.httpVersion)).toEqual([httpVersion]);
  });

  test("without TLS is 2 where that is said", async () => {
    const service = await plainHttp2();
    try {
      const { send } = await gatewayTo(service, `${endpoints}, protocol: http2`);
      expect(await send("/orders/1")).toMatchObject({ status: 200, text: "h2c" });
    } finally {
      await service.close();
    }
  });
});

async function plainHttp2() {
  const server = createServer((_incoming, outgoing) => void outgoing.end("h2c"));
  const sessions = new Set<{ destroy(): void }>();
  server.on("session", (session) => sessions.add(session));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const bound = server.address();
  if (bound === null || typeof bound === "string") throw new Error("the service has no port");
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      for (const session of sessions) session.destroy();
    });
  return { port: bound.port, close };
}
