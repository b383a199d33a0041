import { readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { runEnvoy } from "../../compiler/cli/run/envoy.js";
import { request } from "../support/http.js";
import { type RunningCli, sluice } from "./support/cli.js";
import { planOf } from "./support/serve.js";
import { handshake, secureGet } from "./support/tls.js";
import { until } from "./support/until.js";
import { workplace } from "./support/workplace.js";

const place = workplace("sluice-tls-command-", "served");
const certificates = () => join(place.folder, "certs");

/** @param service of the policy, and how it is reached */
function policyText({ name = "server", service = `{ endpoints: ["${place.upstream.address}"] }` } = {}): string {
  return `apiVersion: sluice/v1
kind: Gateway
name: secure
listeners:
  public:
    address: "[::1]:0"
    tls: { certificate: "mounted:${certificates()}/${name}.crt", key: "mounted:${certificates()}/${name}.key" }
services:
  orders: ${service}
policies:
  safe: { authorize: { rules: [{ name: safe, allow: 'request.scheme == "https"' }] } }
routes:
  - { name: orders, match: { path: /orders/** }, to: orders, apply: [safe] }
  - { name: away, match: { path: /away }, redirect: { path: /orders/1 } }
`;
}

describe("sluice certs dev", () => {
  test("makes an authority and two certificates, whose keys are for their owner alone", async () => {
    const made = await sluice(["certs", "dev", "shop.test", "192.0.2.7", "--out", certificates()]);
    expect([made.code, made.stderr]).toEqual([0, ""]);
    expect(made.stdout).toContain(
      "server.crt is for localhost, 127.0.0.1, ::1, shop.test, 192.0.2.7, client.crt for client.",
    );
    const names = await readdir(certificates());
    expect(names.toSorted()).toEqual(["ca.crt", "ca.key", "client.crt", "client.key", "server.crt", "server.key"]);
    for (const name of names.filter((one) => one.endsWith(".key")))
      expect((await stat(join(certificates(), name))).mode & 0o777).toBe(0o600);
  });

  test("never replaces one", async () => {
    await sluice(["certs", "dev", "--out", certificates()]);
    await rm(join(certificates(), "ca.crt"));
    const before = await readFile(join(certificates(), "server.key"), "utf8");
    const again = await sluice(["certs", "dev", "--out", certificates()]);
    expect(again.code).toBe(1);
    expect(again.stderr).toContain("nothing was written; there is already");
    expect(await readFile(join(certificates(), "server.key"), "utf8")).toBe(before);
    expect(await readdir(certificates())).not.toContain("ca.crt");
  });

  test("says what is no name, and how to get openssl", async () => {
    const odd = await sluice(["certs", "dev", "shop test", "--out", certificates()]);
    expect([odd.code, odd.stderr]).toEqual([3, expect.stringContaining("shop test is neither a host name nor")]);
    for (const client of ["spiffe://shop.test/a,DNS:b", "a b", ""]) {
      const wrong = await sluice(["certs", "dev", "--client", client, "--out", certificates()]);
      expect([wrong.code, wrong.stderr]).toEqual([
        3,
        expect.stringContaining(`${client} is neither a host name nor a URI`),
      ]);
    }
    const without = await sluice(["certs", "dev", "--out", certificates()], { env: { PATH: place.folder } });
    expect(without.code).toBe(1);
    expect(without.stderr).toContain("install the package openssl");
    expect(await readdir(place.folder)).toEqual([]);
  });
});

describe("sluice run", () => {
  async function start(text: string): Promise<{ cli: RunningCli; port: number; ca: string }> {
    expect((await sluice(["certs", "dev", "shop.test", "--out", certificates()])).code).toBe(0);
    await writeFile(place.file, text);
    const cli = await place.run();
    const [, port = ""] = await cli.prints(/^public: https:\/\/\[::1\]:(\d+)$/m);
    await cli.prints(/Ctrl-C ends$/m);
    return { cli, port: Number(port), ca: await readFile(join(certificates(), "ca.crt"), "utf8") };
  }

  async function change(cli: RunningCli, text: string): Promise<void> {
    await place.replace(text);
    await until("a word on the new policy", () =>
      /policy\.yaml: .*(taken over|in force)/.test(cli.stdout() + cli.stderr()),
    );
  }

  test("serves TLS on an IPv6 address, and takes over another policy and another certificate", async () => {
    const { cli, port, ca } = await start(policyText());
    const local = { host: "::1", servername: "localhost", ca };
    expect(await secureGet(port, "/orders/1", local)).toMatchObject({ status: 200, text: "served" });
    expect(await secureGet(port, "/orders/1", { ...local, servername: "shop.test" })).toMatchObject({ status: 200 });
    await change(cli, policyText().replace("redirect: { path: /orders/1 }", "respond: { status: 204 }"));
    expect(cli.stdout()).toMatch(/policy\.yaml: taken over$/m);
    expect(await secureGet(port, "/away", local)).toMatchObject({ status: 204 });

    const before = (await handshake(port, local)).certificate.serialNumber;
    const others = join(place.folder, "others");
    expect((await sluice(["certs", "dev", "--out", others])).code).toBe(0);
    for (const name of ["server.crt", "server.key"]) await rename(join(others, name), join(certificates(), name));
    const next = { ...local, ca: await readFile(join(others, "ca.crt"), "utf8") };
    const serial = await until("the other certificate", () =>
      handshake(port, next).then(
        ({ certificate }) => certificate.serialNumber,
        () => undefined,
      ),
    );
    expect(serial).not.toBe(before);
  });

  test("keeps the policy before where a file of the next one is not there", async () => {
    const { cli, port, ca } = await start(policyText());
    await change(cli, policyText({ name: "absent" }));
    expect(cli.stderr()).toContain(`mounted:${certificates()}/absent.crt, mounted:${certificates()}/absent.key`);
    expect(await secureGet(port, "/orders/1", { host: "::1", servername: "localhost", ca })).toMatchObject({
      status: 200,
    });
  });

  test("does not start without the files that Envoy must read", async () => {
    await writeFile(place.file, policyText());
    const { code, stderr } = await sluice(["run", place.file]);
    expect(code).toBe(1);
    expect(stderr).toContain(`mounted:${certificates()}/server.crt`);
    expect(stderr).toContain("cannot be read");
  });

  test("gives a container no files of this machine", async () => {
    await writeFile(place.file, policyText());
    const run = { envoy: { image: "none" }, concurrency: 1, accessLog: false };
    await expect(runEnvoy(planOf(place.file), {}, run)).rejects.toThrow("run it without --docker");
  });

  test.each([
    ["the listener public", () => policyText()],
    [
      "the service orders",
      () => policyText({ service: "{ dns: orders.example.com:443, tls: {} }" }).replace(/\n {4}tls: .*/, ""),
    ],
    [
      "the service orders",
      () => policyText({ service: "{ dns: orders.test:80, protocol: http2 }" }).replace(/\n {4}tls: .*/, ""),
    ],
  ])("--embedded refuses %s", async (what, text) => {
    await writeFile(place.file, text());
    const { code, stderr } = await sluice(["run", place.file, "--embedded"]);
    expect(code).toBe(1);
    expect(stderr).toContain(`${what} has TLS or HTTP/2`);
  });
});

test("a service at an IPv6 address is reached", async () => {
  const server = createServer((_incoming, outgoing) => void outgoing.end("six"));
  await new Promise<void>((resolve) => server.listen(0, "::1", resolve));
  const bound = server.address();
  if (bound === null || typeof bound === "string") throw new Error("the service has no port");
  try {
    const text = policyText({ service: `{ endpoints: ["[::1]:${bound.port}"] }` }).replace(/\n {4}tls: .*/, "");
    await writeFile(place.file, text.replace("https", "http"));
    const cli = await place.run();
    const [, url = ""] = await cli.prints(/^public: (http:\S+)$/m);
    expect(url).toMatch(/^http:\/\/\[::1\]:\d+$/);
    await cli.prints(/Ctrl-C ends$/m);
    expect(await request(`${url}/orders/1`)).toMatchObject({ status: 200, text: "six" });
  } finally {
    server.close();
    server.closeAllConnections();
  }
});

describe("sluice test", () => {
  test.each(["embedded", "both"])(
    "on %s, calls of a listener with TLS are https unless a case says otherwise",
    async (engine) => {
      await writeFile(place.file, policyText({ service: "{ dns: orders.example.com:443, tls: {}, protocol: http2 }" }));
      await writeFile(
        join(place.folder, "policy.test.yaml"),
        `apiVersion: sluice/v1
kind: Test
policy: policy.yaml
upstreams:
  orders: { status: 201 }
cases:
  - { name: safe, request: { path: /orders/1 }, expect: { status: 201, upstream: { service: orders, headers: { x-forwarded-proto: https } } } }
  - { name: not safe, request: { path: /orders/1, scheme: http }, expect: { status: 403 } }
  - { name: away, request: { path: /away, host: shop.test }, expect: { status: 302, headers: { location: "https://shop.test/orders/1" } } }
`,
      );
      const { code, stdout, stderr } = await sluice(["test", place.folder, "--engine", engine]);
      expect([code, stderr], stdout).toEqual([0, ""]);
    },
  );
});

test("sluice compile writes the files that say where certificates are, and pins them in the lock", async () => {
  await writeFile(place.file, policyText());
  const out = join(place.folder, "build");
  expect((await sluice(["compile", place.file, "--out", out])).code).toBe(0);
  const secret = await readFile(join(out, "secrets", "listener-public-certificate.yaml"), "utf8");
  expect(secret).toContain(`filename: ${certificates()}/server.key`);
  expect(await readFile(join(out, "sluice.lock.json"), "utf8")).toContain("secrets/listener-public-certificate.yaml");
  const text = await readFile(join(out, "envoy.yaml"), "utf8");
  expect(text).toContain(`# Files that Envoy reads: ${certificates()}/server.crt, ${certificates()}/server.key`);
  expect((await sluice(["compile", place.file, "--out", out, "--check"])).code).toBe(0);
  await writeFile(join(out, "secrets", "listener-public-certificate.yaml"), secret.replace("server", "other"));
  expect((await sluice(["compile", place.file, "--out", out, "--check"])).code).toBe(1);
});
