import { execFile } from "node:child_process";
import { cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { beforeEach, describe, expect, test } from "vitest";
import { packageRoot } from "../../compiler/cli/files.js";
import { sluice } from "./support/cli.js";
import { secureGet } from "./support/tls.js";
import { workplace } from "./support/workplace.js";

// What examples/zero-trust-api/README.md has its reader try, in a copy of the folder.

const place = workplace("sluice-zero-trust-", "order 7");
const ORDER = "/tenants/acme/orders/7";
const WRITE = { sub: "alice", tenant: "acme", scope: "orders:write" };

const at = (name: string) => join(place.folder, name);
const run = promisify(execFile);

/** By the issuer that has its key in a folder. */
async function tokenOf(claims: Readonly<Record<string, string>>, cwd = place.folder): Promise<string> {
  const { stdout } = await run(process.execPath, [at("issuer.mjs"), JSON.stringify(claims)], { cwd });
  return stdout.trim();
}

let port = 0;
beforeEach(async () => {
  await cp(join(packageRoot(), "examples", "zero-trust-api"), place.folder, { recursive: true });
  await rm(at("policy.test.yaml"));
  const made = await sluice(["certs", "dev", "--client", "spiffe://shop.example/web", "--out", at("certs")]);
  expect(made.stdout).toContain("client.crt for spiffe://shop.example/web.");
  await tokenOf({});
  const policy = await readFile(at("policy.yaml"), "utf8");
  await writeFile(
    at("policy.yaml"),
    policy
      .replaceAll("/etc/shop/certs", at("certs"))
      .replace("127.0.0.1:8443", "127.0.0.1:0")
      .replace("127.0.0.1:9001", place.upstream.address),
  );
  const cli = await place.run();
  port = Number((await cli.prints(/^api: https:\/\/127\.0\.0\.1:(\d+)$/m))[1]);
});

async function call(path: string, token?: string) {
  const [ca, cert, key] = await Promise.all(
    ["ca.crt", "client.crt", "client.key"].map((name) => readFile(at(`certs/${name}`))),
  );
  const headers = token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } };
  return secureGet(port, path, { ca, cert, key, servername: "localhost", ...headers });
}

describe("the zero-trust example", () => {
  test("lets a user in through a program that has a certificate, to her own tenant", async () => {
    const token = await tokenOf({ sub: "alice", tenant: "acme", scope: "orders:read" });
    expect(await call(ORDER, token)).toMatchObject({ status: 200, text: "order 7" });
    expect((await call(ORDER)).status).toBe(401);
    expect((await call("/tenants/globex/orders/7", token)).status).toBe(403);
    expect((await call("/reports/1", token)).status).toBe(403);
    expect(place.upstream.received.map((one) => one.values("x-user-id"))).toEqual([["alice"]]);
    expect(place.upstream.received[0]?.values("authorization")).toEqual([]);
  });

  test("has no connection for a program without a certificate", async () => {
    const ca = await readFile(at("certs/ca.crt"));
    const token = await tokenOf(WRITE);
    const headers = { authorization: `Bearer ${token}` };
    await expect(secureGet(port, ORDER, { ca, servername: "localhost", headers })).rejects.toThrow(/alert/);
    expect(place.upstream.received).toEqual([]);
  });

  test("takes no token by another key", async () => {
    const token = await tokenOf({ sub: "alice", tenant: "acme", scope: "orders:read" });
    await mkdir(at("forger"));
    const forged = await tokenOf({ sub: "alice", tenant: "acme", scope: "orders:read" }, at("forger"));
    expect((await call(ORDER, token)).status).toBe(200);
    expect((await call(ORDER, forged)).status).toBe(401);
  });
});
