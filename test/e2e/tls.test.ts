import { connect as connectHttp2 } from "node:http2";
import { Agent } from "node:https";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { issue, type KeyedCertificate, makeAuthority } from "../../compiler/runtime/certificates.js";
import { request } from "../support/http.js";
import { type Gateway, serve } from "./support/serve.js";
import { type CertificateFolder, certificateFolder, handshake, secureGet } from "./support/tls.js";
import { until } from "./support/until.js";

let folder: CertificateFolder;
let clientCertificate: KeyedCertificate;
/** Of an authority that nobody here trusts. */
let strangerCertificate: KeyedCertificate;
let gateway: Gateway;

const server = () => issue(folder.authority, { name: "shop", names: ["shop.test"], usage: "server" });

beforeAll(async () => {
  folder = await certificateFolder();
  await folder.put("shop", await server());
  await folder.put("turning", await server());
  const client = { name: "partner", names: ["partner.test"], usage: "client" } as const;
  clientCertificate = await issue(folder.authority, client);
  strangerCertificate = await issue(await makeAuthority("strangers"), client);
  gateway = await serve(policy());
});
afterAll(async () => {
  await gateway?.stop();
  await folder?.remove();
});

function policy(): string {
  const pair = (name: string) =>
    `certificate: "mounted:${folder.path}/${name}.crt", key: "mounted:${folder.path}/${name}.key"`;
  const clients = (rest: string) => `clientCertificate: { ca: "mounted:${folder.path}/ca.crt"${rest} }`;
  return `apiVersion: sluice/v1
kind: Gateway
name: secure
listeners:
  public: { address: 127.0.0.1:8443, tls: { ${pair("shop")} } }
  plain: { address: 127.0.0.1:8080 }
  old: { address: 127.0.0.1:8444, protocols: [http1], tls: { ${pair("shop")} } }
  new: { address: 127.0.0.1:8445, protocols: [http2], tls: { ${pair("shop")} } }
  partners: { address: 127.0.0.1:8446, tls: { ${pair("shop")}, ${clients("")} } }
  anybody: { address: 127.0.0.1:8447, tls: { ${pair("shop")}, ${clients(", required: false")} } }
  turning: { address: 127.0.0.1:8448, tls: { ${pair("turning")} } }
services:
  echo: { endpoints: [127.0.0.1:9001] }
consumers:
  acme: { credentials: [{ apiKey: env:ACME_KEY }] }
policies:
  known: { authenticate: { anyOf: [{ apiKey: { header: x-api-key } }] } }
  safe: { authorize: { rules: [{ name: safe, allow: 'request.scheme == "https"' }] } }
routes:
  - { name: known, match: { path: /known }, to: echo, apply: [known] }
  - { name: safe, match: { path: /safe }, to: echo, apply: [safe] }
  - { name: open, match: { path: /open/** }, to: echo }
`;
}

const trusted = () => ({ ca: folder.authority.certificate });
const shown = ({ certificate, key }: KeyedCertificate) => ({ ...trusted(), cert: certificate, key });

describe("a listener with TLS", () => {
  test("shows its certificate, speaks TLS 1.3 and 1.2, and nothing older", async () => {
    const made = await handshake(gateway.port("public"), trusted());
    expect([made.version, made.certificate.subject.CN, made.certificate.subjectaltname]).toEqual([
      "TLSv1.3",
      "shop",
      "DNS:shop.test",
    ]);
    expect(await handshake(gateway.port("public"), { ...trusted(), maxVersion: "TLSv1.2" })).toMatchObject({
      version: "TLSv1.2",
    });
    // Else OpenSSL would not even ask for it.
    const old = { minVersion: "TLSv1", maxVersion: "TLSv1.1", ciphers: "DEFAULT@SECLEVEL=0" } as const;
    await expect(handshake(gateway.port("public"), { ...trusted(), ...old })).rejects.toThrow(/protocol version/i);
  });

  test("is not taken for another host, nor by who does not trust its authority", async () => {
    await expect(handshake(gateway.port("public"), { ...trusted(), servername: "other.test" })).rejects.toThrow(
      /altnames/,
    );
    await expect(handshake(gateway.port("public"), {})).rejects.toThrow(/unable to|self.signed/);
  });

  test.each([
    ["public", ["h2", "http/1.1"], "h2"],
    ["public", ["http/1.1"], "http/1.1"],
    ["old", ["h2", "http/1.1"], "http/1.1"],
    ["new", ["http/1.1", "h2"], "h2"],
  ])("%s answers ALPN %j with %s", async (listener, ALPNProtocols, alpn) => {
    expect(await handshake(gateway.port(listener), { ...trusted(), ALPNProtocols })).toMatchObject({ alpn });
  });

  test("serves HTTP/1.1 and HTTP/2, and denies whom it must", async () => {
    const port = gateway.port("public");
    expect(await secureGet(port, "/open/x", trusted())).toMatchObject({ status: 200, text: "echo" });
    expect(await secureGet(port, "/known", trusted())).toMatchObject({ status: 401 });
    const session = connectHttp2(`https://127.0.0.1:${port}`, { ...trusted(), servername: "shop.test" });
    try {
      const status = (path: string, headers = {}) =>
        new Promise((resolve, reject) => {
          const stream = session.request({ ":path": path, ":authority": "shop.test", ...headers });
          stream.once("response", (fields) => resolve(fields[":status"]));
          stream.once("error", reject);
          stream.resume();
        });
      expect(await status("/known")).toBe(401);
      expect(await status("/known", { "x-api-key": gateway.env.ACME_KEY })).toBe(200);
    } finally {
      session.close();
    }
  });

  test("is https to policies and services, whatever a client says", async () => {
    expect(await secureGet(gateway.port("public"), "/safe", trusted())).toMatchObject({ status: 200 });
    gateway.forget();
    const claim = { headers: { "x-forwarded-proto": "https" } };
    expect((await request(gateway.url("/safe", "plain"), claim)).status).toBe(403);
    await secureGet(gateway.port("public"), "/open/x", trusted());
    await request(gateway.url("/open/x", "plain"), claim);
    expect(gateway.heard().map(({ values }) => values("x-forwarded-proto"))).toEqual([["https"], ["http"]]);
  });

  test("does not read plain HTTP", async () => {
    await expect(request(gateway.url("/open/x", "public"))).rejects.toThrow();
  });
});

describe("certificates of clients", () => {
  test.each(["partners", "anybody"])("of its authority are taken by %s", async (listener) => {
    expect(await secureGet(gateway.port(listener), "/open/x", shown(clientCertificate))).toMatchObject({ status: 200 });
  });

  test.each(["partners", "anybody"])("of another authority are refused by %s", async (listener) => {
    gateway.forget();
    await expect(secureGet(gateway.port(listener), "/open/x", shown(strangerCertificate))).rejects.toThrow(
      /unknown ca|certificate unknown/i,
    );
    expect(gateway.heard()).toEqual([]);
  });

  test("may be left out only where that is said", async () => {
    expect(await secureGet(gateway.port("anybody"), "/open/x", trusted())).toMatchObject({ status: 200 });
    gateway.forget();
    await expect(secureGet(gateway.port("partners"), "/open/x", trusted())).rejects.toThrow(/certificate required/i);
    expect(gateway.heard()).toEqual([]);
  });

  test("are told to no service, and no client tells of one", async () => {
    gateway.forget();
    await secureGet(gateway.port("partners"), "/open/x", shown(clientCertificate));
    await request(gateway.url("/open/x", "plain"), { headers: { "x-forwarded-client-cert": "Subject=forged" } });
    expect(gateway.heard().map(({ values }) => values("x-forwarded-client-cert"))).toEqual([[], []]);
  });
});

describe("another certificate in the place of the first", () => {
  const serial = async () => (await handshake(gateway.port("turning"), trusted())).certificate.serialNumber;

  test("is for new connections, and those that are open go on", async () => {
    const port = gateway.port("turning");
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const before = await serial();
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const arrived = new Promise<void>((resolve) => {
      gateway.upstream("echo").reply(async () => {
        resolve();
        await held;
        return { body: "late" };
      });
    });
    try {
      const running = secureGet(port, "/open/x", { ...trusted(), agent });
      await arrived;
      const next = await server();
      await folder.putCertificate("turning", next);
      // Alone it fits no key: Envoy says so and keeps the pair that it has.
      await until("Envoy to refuse the half of it", () =>
        gateway.envoy.log.text().includes("Failed to reload certificates") ? true : undefined,
      );
      expect(await serial()).toBe(before);
      await folder.putKey("turning", next);
      await until("the new certificate", async () => ((await serial()) === before ? undefined : true));
      release();
      expect(await running).toMatchObject({ status: 200, text: "late", reused: false });
      gateway.upstream("echo").reply({ body: "echo" });
      expect(await secureGet(port, "/open/x", { ...trusted(), agent })).toMatchObject({ status: 200, reused: true });
    } finally {
      release();
      gateway.upstream("echo").reply({ body: "echo" });
      agent.destroy();
    }
  });
});
