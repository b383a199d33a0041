import { writeFile } from "node:fs/promises";
import { Agent } from "node:http";
import { createServer as createTcpServer } from "node:net";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { openRaw, request } from "../support/http.js";
import { startUpstream } from "../support/upstream.js";
import { isOpen, sluice } from "./support/cli.js";
import { acme, type Edits, ENV, globex, NO_ENVOY, portOf, servedPolicy } from "./support/served-policy.js";
import { until } from "./support/until.js";
import { workplace } from "./support/workplace.js";

const place = workplace("sluice-embedded-test-", "first");

const policyText = (edits: Edits = {}) => servedPolicy(place.upstream, edits);

const start = (text = policyText(), ...args: string[]) =>
  place.start(text, ["--embedded", ...args], { env: { ...ENV, ...NO_ENVOY } });

async function ask(url: string, headers: Record<string, string> = {}, agent = new Agent()): Promise<number> {
  return (await request(url, { headers, agent })).status;
}

describe("sluice run --embedded", () => {
  test("serves the policy without an Envoy, and says what it is", async () => {
    const { cli, url } = await start();
    expect(cli.children()).toEqual([]);
    expect(cli.stderr().match(/no production proxy/g)).toHaveLength(1);
    expect(await ask(`${url}/orders/1`)).toBe(401);
    const { status, text, headers } = await request(`${url}/orders/1?x=y`, {
      headers: { ...acme, "x-consumer": "root" },
    });
    expect([status, text, headers.server]).toEqual([200, "first", "envoy"]);
    expect(place.upstream.received).toHaveLength(1);
    expect(place.upstream.received[0]).toMatchObject({ method: "GET", url: "/orders/1?x=y" });
    expect(place.upstream.received[0]?.values("x-consumer")).toEqual(["acme"]);
    expect(place.upstream.received[0]?.values("x-api-key")).toEqual([]);
    const spent: number[] = [];
    for (let n = 0; n < 4; n++) spent.push(await ask(`${url}/counted`, acme));
    expect(spent).toEqual([200, 200, 200, 429]);
  });

  test("has the keys from the environment, and does not start without them", async () => {
    await writeFile(place.file, policyText({ consumers: ["acme", "initech"] }));
    const { code, stderr } = await sluice(["run", place.file, "--embedded"], { env: { ...ENV, ...NO_ENVOY } });
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringContaining("sluice: the policy refers to env:INITECH_KEY, which is not set\n"),
    });
  });

  test("says which address it cannot have", async () => {
    await writeFile(place.file, policyText({ listeners: [`  public: { address: "${place.upstream.address}" }`] }));
    const { code, stderr } = await sluice(["run", place.file, "--embedded"], { env: { ...ENV, ...NO_ENVOY } });
    expect(code).toBe(1);
    expect(stderr).toMatch(/^sluice: the embedded host did not start: listen EADDRINUSE.*127\.0\.0\.1:\d+$/m);
  });

  test("takes no number of workers", async () => {
    await writeFile(place.file, policyText());
    const { code, stderr } = await sluice(["run", place.file, "--embedded", "--concurrency", "2"], { env: ENV });
    expect(code).toBe(3);
    expect(stderr).toContain("'--embedded' cannot be used with option '--concurrency <workers>'");
  });

  test("--access-log prints one JSON line for each request, without the key", async () => {
    const { cli, url } = await start(policyText(), "--access-log");
    expect(await ask(`${url}/orders/1`, acme)).toBe(200);
    const [line] = await cli.prints(/^\{.*\}$/m);
    expect(JSON.parse(line)).toEqual({
      request_id: place.upstream.received[0]?.values("x-request-id")[0],
      method: "GET",
      status: 200,
      route: "orders",
      decision: "known allowed authenticated",
      consumer: "acme",
    });
    expect(`${cli.stdout()}${cli.stderr()}`).not.toContain(ENV.ACME_KEY);
  });

  test("--access-log has the trace that the service was told of", async () => {
    const traced = policyText()
      .replace("policies:\n", "policies:\n  trace: { tracing: {} }\n")
      .replace("[known]", "[trace, known]");
    const { cli, url } = await start(traced, "--access-log");
    expect(await ask(`${url}/orders/1`, acme)).toBe(200);
    const [line] = await cli.prints(/^\{.*\}$/m);
    const [traceparent = ""] = place.upstream.received[0]?.values("traceparent") ?? [];
    expect(JSON.parse(line)).toMatchObject({ status: 200, trace_id: traceparent.split("-")[1] });
    expect(traceparent).toMatch(/^00-[0-9a-f]{32}-/);
  });

  test("says once what of the policy it does not do", async () => {
    const retried = policyText().replace(
      /^ {2}orders: \{ /m,
      "  orders: { loadBalancing: leastRequest, circuitBreakers: { requests: 9 }, connections: { maxRequestsPerConnection: 9 }, ",
    );
    const logged = retried.replace(/^( {2}public: \{ )/m, "$1accessLog: { to: stdout }, ");
    expect(logged).not.toBe(retried);
    const traced = logged
      .replace("policies:\n", "policies:\n  trace: { tracing: { native: true, export: { otlp: orders } } }\n")
      .replace("[known]", "[trace, known]");
    const { cli } = await start(traced);
    expect(cli.stderr()).toContain(
      "sluice: it has no loadBalancing, connections, circuitBreakers: each request is sent once, to the next endpoint\n",
    );
    expect(cli.stderr()).toContain("sluice: it writes no accessLog of a listener: --access-log prints a line for each");
    expect(cli.stderr()).toContain("sluice: it has no tracer of Envoy's own: trace with native: true makes no spans");
    expect(await place.change(cli, `${retried}\n`)).toBe("taken over");
    expect(cli.stderr().match(/it has no loadBalancing/g)).toHaveLength(1);
  });

  test.each(["SIGINT", "SIGTERM"] as const)(
    "%s ends it cleanly, with connections and requests open",
    async (signal) => {
      const { cli, url } = await start();
      place.upstream.reply(() => new Promise(() => {}));
      const idle = await openRaw({ port: Number(new URL(url).port) });
      const held = request(`${url}/orders/slow`, { headers: acme }).catch((error: Error) => error.message);
      await until("the service to hold a request", () => place.upstream.received.length > 0);
      cli.signal(signal);
      const { code, stderr } = await cli.ended;
      expect(code).toBe(0);
      expect(stderr.split("\n")).toEqual([expect.stringContaining("no production proxy"), ""]);
      expect(await held).toMatch(/socket hang up|ECONNRESET/);
      expect(await isOpen(Number(new URL(url).port))).toBe(false);
      expect(await cli.leftovers()).toEqual([]);
      idle.close();
    },
  );
});

describe("edits", () => {
  test("hold from then on, on connections that are kept too, and give nobody a fresh budget", async () => {
    const { cli, url } = await start();
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    try {
      const spent: number[] = [];
      for (let n = 0; n < 4; n++) spent.push(await ask(`${url}/counted`, acme, agent));
      expect(spent).toEqual([200, 200, 200, 429]);
      expect(await ask(`${url}/orders/1`, globex, agent)).toBe(200);
      expect(await place.change(cli, policyText({ consumers: ["acme"] }))).toBe("taken over");
      expect(await ask(`${url}/orders/1`, globex, agent)).toBe(401);
      expect(await ask(`${url}/counted`, acme, agent)).toBe(429);
    } finally {
      agent.destroy();
    }
  });

  test("do not disturb a request that is under way, and may bring services and routes", async () => {
    const { cli, url } = await start();
    const second = await startUpstream({ body: "second" });
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    place.upstream.reply(async () => {
      await held;
      return { body: "slow" };
    });
    try {
      const slow = request(`${url}/orders/slow`, { headers: acme });
      await until("the service to hold a request", () => place.upstream.received.length > 0);
      const services = [`  extra: { endpoints: ["${second.address}"] }`];
      const routes = ["  - { name: new, match: { path: /new }, to: extra }"];
      expect(await place.change(cli, policyText({ services, routes }))).toBe("taken over");
      expect((await request(`${url}/new`)).text).toBe("second");
      release();
      expect((await slow).text).toBe("slow");
    } finally {
      await second.close();
    }
  });

  test("that are wrong are reported, and the policy before stays in force", async () => {
    const { cli, url } = await start();
    const broken: [text: string, says: RegExp][] = [
      [policyText().replace("routes:", "routes: ["), /policy\.yaml:\d+:\d+: error SL0001/],
      [policyText().replace("apply: [known]", "apply: [knwon]"), /error SL02\d\d: .*`knwon`; did you mean `known`/],
      [policyText({ consumers: ["acme", "initech"] }), /env:INITECH_KEY, which is not set; start again with it\./],
    ];
    for (const [text, says] of broken) {
      const before = cli.stderr().length;
      await writeFile(place.file, text);
      await until("the finding", () => says.test(cli.stderr().slice(before)));
      await until("what holds", () => /policy before stays in force/.test(cli.stderr().slice(before)));
      expect([await ask(`${url}/orders/1`, globex), await ask(`${url}/orders/1`)]).toEqual([200, 401]);
    }
    const taken = `  more: { address: "${place.upstream.address}" }`;
    const both = ["  public: { address: 127.0.0.1:0 }", taken];
    expect(await place.change(cli, policyText({ consumers: ["acme"], listeners: both }))).toMatch(
      /^refused, the policy before/,
    );
    expect(await ask(`${url}/orders/1`, globex)).toBe(200);
    expect(await place.change(cli, policyText({ consumers: ["acme"] }))).toBe("taken over");
    expect(await ask(`${url}/orders/1`, globex)).toBe(401);
  });

  test("may bring listeners and take them away", async () => {
    const { cli, url } = await start();
    const port = await freePort();
    const listeners = ["  public: { address: 127.0.0.1:0 }", `  inside: { address: "127.0.0.1:${port}" }`];
    expect(await place.change(cli, policyText({ listeners }))).toBe("taken over");
    expect([await ask(`${url}/orders/1`), await ask(`http://127.0.0.1:${port}/orders/1`, acme)]).toEqual([401, 200]);
    expect(await place.change(cli, policyText())).toBe("taken over");
    await until("the listener to be gone", async () => !(await isOpen(port)));
    expect(await ask(`${url}/orders/1`, acme)).toBe(200);
  });
});

test("every listener serves the routes, each with its own options and all with one budget", async () => {
  const listeners = [
    "  public: { address: 127.0.0.1:0 }",
    "  behind: { address: 127.0.0.1:0, trustedHops: 1, headerUnderscores: allow }",
    '  six: { address: "[::1]:0" }',
  ];
  const { cli, url } = await start(policyText({ listeners }));
  const [, behind = ""] = await cli.prints(/^behind: (http:\S+)$/m);
  const [, six = ""] = await cli.prints(/^six: (http:\/\/\[::1\]:\d+)$/m);
  const odd = { ...acme, x_under: "1", "x-forwarded-for": "203.0.113.7" };
  expect([await ask(`${url}/orders/1`, odd), await ask(`${behind}/orders/1`, odd)]).toEqual([400, 200]);
  expect(place.upstream.received[0]?.values("x-envoy-external-address")).toEqual(["203.0.113.7"]);
  const spent: number[] = [];
  for (const at of [url, behind, six, url, behind]) spent.push(await ask(`${at}/counted`, acme));
  expect(spent).toEqual([200, 200, 200, 429, 429]);
});

describe("without an Envoy", () => {
  test("sluice run says how to get one, and what there is without", async () => {
    await writeFile(place.file, policyText());
    const cache = join(place.folder, "cache");
    const { code, stdout, stderr } = await sluice(["run", place.file], {
      env: { ...ENV, SLUICE_ENVOY: undefined, PATH: "", SLUICE_CACHE: cache, SLUICE_PYTHON: "/nowhere" },
    });
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toMatch(
      /^sluice: SLUICE_PYTHON names \/nowhere, which is no working Python 3\.\n {2}fix: .*set SLUICE_ENVOY to the path of an Envoy 1\.40\.0 binary\.\n {2}Without Envoy, `sluice run --embedded` serves the policy for a first look; it is no production proxy\.\n$/,
    );
  });

  test("nor does one that is named and missing make it serve in another way", async () => {
    await writeFile(place.file, policyText());
    const { code, stderr } = await sluice(["run", place.file], { env: { ...ENV, ...NO_ENVOY } });
    expect(code).toBe(1);
    expect(stderr).toContain("SLUICE_ENVOY names /nowhere, which is no file.");
    expect(stderr).toContain("sluice run --embedded");
  });
});

async function freePort(): Promise<number> {
  const server = createTcpServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const port = portOf(server.address());
  await new Promise((resolve) => server.close(resolve));
  return port;
}
