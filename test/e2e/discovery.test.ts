import { mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { Agent } from "node:http";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { startEnvoy } from "../../compiler/runtime/process.js";
import { requireEnvoy } from "../support/envoy.js";
import { type Reply, request } from "../support/http.js";
import { type Script, startUpstream, type Upstream } from "../support/upstream.js";
import { sluice } from "./support/cli.js";
import { type Names, startNames } from "./support/dns.js";
import { serve } from "./support/serve.js";
import { until } from "./support/until.js";
import { workplace } from "./support/workplace.js";

const clean: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of clean.splice(0).toReversed()) await end();
});

async function upstream(body: Script, port = 0, host = "127.0.0.1"): Promise<Upstream> {
  const started = await startUpstream(body, port, host);
  clean.push(() => started.close());
  return started;
}

async function temporary(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "sluice-discovery-"));
  clean.push(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** What a tool of discovery would write. */
function list(name: string, ...endpoints: readonly Upstream[]): string {
  const lbEndpoints = endpoints.map(({ port }) => ({
    endpoint: { address: { socket_address: { address: "127.0.0.1", port_value: port } } },
  }));
  const type = "type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment";
  return JSON.stringify({
    resources: [{ "@type": type, cluster_name: name, endpoints: [{ lb_endpoints: lbEndpoints }] }],
  });
}

async function put(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(`${path}.next`, text);
  await rename(`${path}.next`, path);
}

const policy = (orders: string) => `apiVersion: sluice/v1
kind: Gateway
name: found
listeners: { public: { address: 127.0.0.1:0 } }
services: { orders: { ${orders} } }
routes: [{ name: all, match: { path: /** }, to: orders }]
`;

/** Asks without a pause until an answer is that one. Every answer on the way must be one of a service. */
async function moved(ask: () => Promise<Reply>, text: string): Promise<void> {
  const statuses = new Set<number>();
  await until(`answers of ${text}`, async () => {
    const reply = await ask();
    statuses.add(reply.status);
    return reply.text === text;
  });
  expect([...statuses]).toEqual([200]);
}

/** On a connection of its own. */
const get = (url: string) => request(url, { agent: new Agent({ keepAlive: false }) });

describe("sluice run, with a list beside the policy", () => {
  const place = workplace("sluice-discovery-", "first");
  let file: string;
  let second: Upstream;
  beforeEach(async () => {
    file = join(place.folder, "lists/orders.yaml");
    await put(file, list("orders", place.upstream));
    second = await upstream({ body: "second" });
  });

  test.each([[], ["--embedded"]])(
    "%j: another one moves the traffic, without a restart and an error",
    async (...args) => {
      const { cli, url } = await place.start(policy("eds: file:lists/orders.yaml"), args);
      const before = cli.children();
      expect((await get(url)).text).toBe("first");
      let release = () => {};
      const held = new Promise<void>((resolve) => {
        release = resolve;
      });
      place.upstream.reply(async () => {
        await held;
        return { body: "late" };
      });
      const slow = get(url);
      await until("the first to hold a request", () => place.upstream.received.length > 1);
      place.upstream.reply({ body: "first" });
      expect(await place.word(cli, () => put(file, list("orders", second)))).toBe("taken over");
      await moved(() => get(url), "second");
      release();
      expect(await slow).toMatchObject({ status: 200, text: "late" });
      expect(cli.children()).toEqual(before);
    },
  );

  test("a bad one is told, and changes nothing", async () => {
    const { cli, url } = await place.start(policy("eds: file:lists/orders.yaml"));
    await put(file, list("other", second));
    await cli.reports(/lists\/orders\.yaml:1:\d+: error SL0654: the file must be of `orders`/);
    await cli.reports(/not taken over; the policy before stays in force/);
    expect((await get(url)).text).toBe("first");
    await put(file, list("orders", second));
    await moved(() => get(url), "second");
  });

  test("a policy brings a service with a list, and takes it away", async () => {
    const { cli, url } = await place.start(policy(`endpoints: [${second.address}]`));
    expect((await get(url)).text).toBe("second");
    expect(await place.change(cli, policy("eds: file:lists/orders.yaml"))).toBe("taken over");
    await moved(() => get(url), "first");
    expect(await place.change(cli, policy(`endpoints: [${second.address}]`))).toBe("taken over");
    await moved(() => get(url), "second");
  });
});

test("sluice compile: the list in the output is replaced while Envoy runs", async () => {
  const [first, second] = [await upstream({ body: "first" }), await upstream({ body: "second" })];
  const folder = await temporary();
  await put(join(folder, "policy.yaml"), policy("eds: file:lists/orders.yaml, health: { tcp: true, interval: 50ms }"));
  await put(join(folder, "lists/orders.yaml"), list("orders", first));
  const compiled = await sluice(["compile", "policy.yaml", "--out", "build"], { cwd: folder });
  expect(compiled).toMatchObject({ code: 0 });
  const build = join(folder, "build");
  const envoy = await startEnvoy({
    envoy: await requireEnvoy(),
    workDir: build,
    configPath: join(build, "envoy.yaml"),
    env: {},
    concurrency: 2,
  });
  clean.push(() => envoy.stop());
  const [listener] = await envoy.listeners();
  const url = `http://127.0.0.1:${listener?.port}/`;
  await until("a healthy service", async () => (await get(url)).status === 200);
  // The first is healthy still, and no longer meant.
  await put(join(build, "endpoints/orders.yaml"), list("orders", second));
  await moved(() => get(url), "second");
  await put(join(build, "endpoints/orders.yaml"), "resources: [");
  await until("Envoy to refuse it", async () => {
    const stats = await envoy.admin.stats("^cluster\\.orders\\.update_(failure|rejected)$");
    return [...stats.values()].some((value) => value > 0);
  });
  expect((await get(url)).text).toBe("second");
});

test("a list that only Envoy reads", async () => {
  const [first, second] = [await upstream({ body: "first" }), await upstream({ body: "second" })];
  const folder = await temporary();
  const file = join(folder, "orders.json");
  await put(file, list("orders.blue", first));
  const gateway = await serve(
    policy(`versions: { blue: { eds: "mounted:${file}" }, green: { endpoints: [${second.address}] } }, active: blue`),
    { ownServices: true },
  );
  clean.push(() => gateway.stop());
  await until("its endpoints", async () => (await gateway.send("/")).text === "first");
  await put(file, list("orders.blue", second));
  await moved(() => gateway.send("/"), "second");
  await put(file, list("orders.blue"));
  await until("nobody", async () => (await gateway.send("/")).status === 503);
});

test("sluice run does not start without a list that Envoy reads", async () => {
  const folder = await temporary();
  const text = policy(`eds: "mounted:${folder}/absent.yaml"`);
  await put(join(folder, "policy.yaml"), text);
  const reason = `the policy refers to mounted:${folder}/absent.yaml, which cannot be read`;
  expect((await sluice(["run", join(folder, "policy.yaml")])).stderr).toContain(`${reason}\n`);
  expect((await sluice(["run", join(folder, "policy.yaml"), "--embedded"])).stderr).toContain(
    "which the embedded host does not read; run it in Envoy, without --embedded",
  );
});

describe("a service by its name", () => {
  let names: Names;
  let one: Upstream;
  beforeEach(async () => {
    names = await startNames();
    clean.push(() => names.close());
    one = await upstream({ body: "one" });
    await upstream({ body: "two" }, one.port, "127.0.0.2");
  });

  /** With our server of names in place of those of the machine. */
  async function gatewayBy(dns: string) {
    const resolver = {
      name: "envoy.network.dns_resolver.cares",
      typed_config: {
        "@type": "type.googleapis.com/envoy.extensions.network.dns_resolver.cares.v3.CaresDnsResolverConfig",
        resolvers: [{ socket_address: { protocol: "UDP", address: "127.0.0.1", port_value: names.port } }],
      },
    };
    const gateway = await serve(policy(dns), {
      ownServices: true,
      edit: (bootstrap) => `${bootstrap}\ntyped_dns_resolver_config: ${JSON.stringify(resolver)}\n`,
    });
    clean.push(() => gateway.stop());
    return gateway;
  }

  async function texts(ask: () => Promise<Reply>): Promise<string[]> {
    const found = new Set<string>();
    for (let n = 0; n < 6; n++) found.add((await ask()).text);
    return [...found].toSorted();
  }

  test("has all its addresses as endpoints, and follows them", async () => {
    names.has("orders.test", "127.0.0.1", "127.0.0.2");
    const gateway = await gatewayBy(`dns: { name: "orders.test:${one.port}", refresh: 50ms }`);
    const ask = () => gateway.send("/");
    expect(await texts(ask)).toEqual(["one", "two"]);
    names.has("orders.test", "127.0.0.2");
    await until("one endpoint", async () => (await texts(ask)).join() === "two");
  });

  test("has with `first` only the first of the newest answer, for new connections", async () => {
    names.has("orders.test", "127.0.0.1", "127.0.0.2");
    const gateway = await gatewayBy(
      `dns: { name: "orders.test:${one.port}", addresses: first, refresh: 50ms }, connections: { maxRequestsPerConnection: 1 }`,
    );
    const ask = () => gateway.send("/");
    expect(await texts(ask)).toEqual(["one"]);
    names.has("orders.test", "127.0.0.2", "127.0.0.1");
    await until("the other one", async () => (await texts(ask)).join() === "two");
  });
});
