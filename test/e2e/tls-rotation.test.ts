import { mkdir, rename, symlink, writeFile } from "node:fs/promises";
import { connect as connectHttp2 } from "node:http2";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { issue, type KeyedCertificate, makeAuthority } from "../../compiler/runtime/certificates.js";
import { type Gateway, serve } from "./support/serve.js";
import {
  type CertificateFolder,
  certificateFolder,
  handshake,
  type SecureService,
  secureGet,
  secureService,
} from "./support/tls.js";
import { until } from "./support/until.js";

// Files of certificates change while connections are open and others come: none is dropped, and none fails.

let folder: CertificateFolder;
let service: SecureService;
let gateway: Gateway;

const server = () => issue(folder.authority, { name: "shop", names: ["shop.test"], usage: "server" });
const client = (name: string, authority = folder.authority) =>
  issue(authority, { name, names: [`${name}.test`], usage: "client" });

beforeAll(async () => {
  folder = await certificateFolder();
  await exchange(1, await server());
  for (const file of ["tls.crt", "tls.key"]) await symlink(join("..data", file), join(folder.path, "mounted", file));
  await folder.put("own", await client("first"));
  await folder.putCertificate("clients", folder.authority);
  await folder.put("listener", await server());
  const asked = { requestCert: true, rejectUnauthorized: true, ca: folder.authority.certificate };
  const orders = await issue(folder.authority, { name: "orders", names: ["orders.test"], usage: "server" });
  // A connection for each request, so that each shows a certificate.
  service = await secureService(orders, { ...asked, http1: true });
  gateway = await serve(policy(), { ports: { orders: service.port } });
});
afterAll(async () => {
  await gateway?.stop();
  await service?.close();
  await folder?.remove();
});

/** As Kubernetes exchanges the files of a secret: all at once, by the link that leads to their folder. */
async function exchange(version: number, { certificate, key }: KeyedCertificate): Promise<void> {
  const mounted = join(folder.path, "mounted");
  await mkdir(join(mounted, `..v${version}`), { recursive: true });
  await writeFile(join(mounted, `..v${version}`, "tls.crt"), certificate);
  await writeFile(join(mounted, `..v${version}`, "tls.key"), key, { mode: 0o600 });
  await symlink(`..v${version}`, join(mounted, "..next"));
  await rename(join(mounted, "..next"), join(mounted, "..data"));
}

function policy(): string {
  const file = (name: string) => `"mounted:${folder.path}/${name}"`;
  return `apiVersion: sluice/v1
kind: Gateway
name: turning
listeners:
  mounted: { address: 127.0.0.1:8443, tls: { certificate: ${file("mounted/tls.crt")}, key: ${file("mounted/tls.key")} } }
  partners: { address: 127.0.0.1:8444, tls: { certificate: ${file("listener.crt")}, key: ${file("listener.key")}, clientCertificate: { ca: ${file("clients.crt")} } } }
services:
  orders:
    endpoints: [127.0.0.1:9001]
    connections: { maxRequestsPerConnection: 1 }
    tls: { ca: ${file("ca.crt")}, sni: orders.test, certificate: ${file("own.crt")}, key: ${file("own.key")} }
routes:
  - { name: all, match: { path: /** }, respond: { status: 200, body: here } }
  - { name: orders, match: { path: /orders }, to: orders }
`;
}

const trusted = () => ({ ca: folder.authority.certificate });
const serial = async () => (await handshake(gateway.port("mounted"), trusted())).certificate.serialNumber;

test("a folder that is exchanged as a whole, again and again, while connections come and one stays", async () => {
  const session = connectHttp2(`https://127.0.0.1:${gateway.port("mounted")}`, {
    ...trusted(),
    servername: "shop.test",
  });
  const lost: unknown[] = [];
  session.on("error", (error) => lost.push(error));
  session.on("goaway", (code) => lost.push(code));
  const asked = () =>
    new Promise((resolve, reject) => {
      const stream = session.request({ ":path": "/", ":authority": "shop.test" });
      stream.once("response", (fields) => resolve(fields[":status"]));
      stream.once("error", reject);
      stream.resume();
    });
  try {
    const seen = new Set([await serial()]);
    for (const version of [2, 3, 4, 5]) {
      await exchange(version, await server());
      await until("the new certificate", async () => !seen.has(await serial()));
      seen.add(await serial());
      expect(await asked()).toBe(200);
    }
    expect([seen.size, lost]).toEqual([5, []]);
  } finally {
    session.close();
  }
});

test("the certificate that a service is shown", async () => {
  const shown = async () => {
    expect((await secureGet(gateway.port("mounted"), "/orders", trusted())).status).toBe(200);
    return service.seen.at(-1)?.client;
  };
  expect(await shown()).toBe("first");
  await folder.put("own", await client("second"));
  await until("the new certificate", async () => (await shown()) === "second");
});

test("the authorities of clients", async () => {
  const others = await makeAuthority("others");
  const [known, stranger] = [await client("known"), await client("stranger", others)];
  const ask = ({ certificate, key }: KeyedCertificate) =>
    secureGet(gateway.port("partners"), "/", { ...trusted(), cert: certificate, key });
  const taken = (pair: KeyedCertificate) =>
    ask(pair).then(
      () => true,
      () => false,
    );
  expect(await ask(known)).toMatchObject({ status: 200 });
  await expect(ask(stranger)).rejects.toThrow(/unknown ca|certificate unknown/i);
  await folder.putCertificate("clients", others);
  await until("the others", () => taken(stranger));
  await expect(ask(known)).rejects.toThrow(/unknown ca|certificate unknown/i);
});
