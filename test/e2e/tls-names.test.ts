import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { issue } from "../../compiler/runtime/certificates.js";
import { type Gateway, serve } from "./support/serve.js";
import { type CertificateFolder, certificateFolder, handshake, secureGet } from "./support/tls.js";
import { until } from "./support/until.js";

let folder: CertificateFolder;
let gateway: Gateway;

const certificate = (name: string, ...names: string[]) => issue(folder.authority, { name, names, usage: "server" });

beforeAll(async () => {
  folder = await certificateFolder();
  await folder.put("shop", await certificate("shop", "shop.test", "www.shop.test"));
  await folder.put("partners", await certificate("partners", "partners.test", "*.partners.test"));
  await folder.put("api", await certificate("api", "api.partners.test"));
  gateway = await serve(policy());
});
afterAll(async () => {
  await gateway?.stop();
  await folder?.remove();
});

function policy(): string {
  const pair = (name: string) =>
    `{ certificate: "mounted:${folder.path}/${name}.crt", key: "mounted:${folder.path}/${name}.key" }`;
  return `apiVersion: sluice/v1
kind: Gateway
name: names
listeners:
  public: { address: 127.0.0.1:8443, tls: { certificates: [${["shop", "partners", "api"].map(pair).join(", ")}] } }
  part: { address: 127.0.0.1:8444, tls: { certificates: [${pair("shop")}, ${pair("absent")}] } }
services:
  echo: { endpoints: [127.0.0.1:9001] }
routes:
  - { name: shop, match: { host: shop.test, path: /** }, respond: { status: 200, body: shop } }
  - { name: partners, match: { host: "*.partners.test", path: /** }, respond: { status: 200, body: partners } }
`;
}

/** The certificate that is shown to whoever asks for a name; without one there is no SNI. */
async function shownTo(servername: string, listener = "public") {
  const options = { ca: folder.authority.certificate, servername, checkServerIdentity: () => undefined };
  return (await handshake(gateway.port(listener), options)).certificate;
}

describe("of several certificates", () => {
  test.each([
    ["shop.test", "shop"],
    ["WWW.shop.test", "shop"],
    ["partners.test", "partners"],
    ["any.partners.test", "partners"],
    ["api.partners.test", "api"],
  ])("%s is shown that of %s", async (name, common) => {
    expect((await shownTo(name)).subject.CN).toBe(common);
  });

  test.each(["other.test", "deep.any.partners.test", ""])("%j, which none has, is shown the first", async (name) => {
    expect((await shownTo(name)).subject.CN).toBe("shop");
  });

  test("each is trusted by clients for its own names", async () => {
    const port = gateway.port("public");
    const ask = (host: string) =>
      secureGet(port, "/", { ca: folder.authority.certificate, servername: host, headers: { host } });
    expect(await ask("shop.test")).toMatchObject({ status: 200, text: "shop" });
    expect(await ask("api.partners.test")).toMatchObject({ status: 200, text: "partners" });
    await expect(ask("other.test")).rejects.toThrow(/altnames/);
  });

  test.each(["shop.test", "api.partners.test"])("%s is spoken to by TLS 1.2 and newer, and by ALPN", async (name) => {
    const port = gateway.port("public");
    const trusted = { ca: folder.authority.certificate, servername: name };
    expect(await handshake(port, { ...trusted, maxVersion: "TLSv1.2", ALPNProtocols: ["h2"] })).toMatchObject({
      version: "TLSv1.2",
      alpn: "h2",
    });
    const old = { minVersion: "TLSv1", maxVersion: "TLSv1.1", ciphers: "DEFAULT@SECLEVEL=0" } as const;
    await expect(handshake(port, { ...trusted, ...old })).rejects.toThrow(/protocol version/i);
  });

  test("one is replaced while the others stay", async () => {
    const [shop, before] = [await shownTo("shop.test"), await shownTo("api.partners.test")];
    await folder.put("api", await certificate("api", "api.partners.test"));
    await until("the new certificate", async () => {
      const { serialNumber } = await shownTo("api.partners.test");
      return serialNumber !== before.serialNumber;
    });
    expect((await shownTo("shop.test")).serialNumber).toBe(shop.serialNumber);
  });

  test("the others are shown while one of them cannot be read", async () => {
    expect((await shownTo("shop.test", "part")).subject.CN).toBe("shop");
    await folder.put("absent", await certificate("late", "late.test"));
    await until("its certificate", async () => (await shownTo("late.test", "part")).subject.CN === "late");
  });
});
