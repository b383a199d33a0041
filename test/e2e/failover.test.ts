import { createServer, type Http2Server } from "node:http2";
import { expect, test, vi } from "vitest";
import { type Script, startUpstream, type Upstream } from "../support/upstream.js";
import { clean } from "./support/clean.js";
import { passOnBoth } from "./support/on-both.js";
import { type Gateway, serve } from "./support/serve.js";
import { portOf } from "./support/served-policy.js";

async function upstream(script: Script = {}): Promise<Upstream> {
  const started = await startUpstream(script);
  clean.push(() => started.close());
  return started;
}

async function gatewayOf(services: string, route = ""): Promise<Gateway> {
  const gateway = await serve(
    `apiVersion: sluice/v1
kind: Gateway
name: failover
listeners: { public: { address: 127.0.0.1:8080 } }
services:
${services}
routes:
  - { name: all, match: { path: /** }, to: here${route} }
`,
    { ownServices: true },
  );
  clean.push(() => gateway.stop());
  return gateway;
}

const held = { timeout: 10_000, interval: 20 };
const HEALTH = "health: { path: /healthz, interval: 50ms, unhealthyAfter: 1 }";

function asked(one: Upstream): number {
  return one.received.filter(({ url }) => url !== "/healthz").length;
}

/** A service that says who it is, and is well or not. */
function saying(name: string, well = true): Script {
  return ({ url }) => (url === "/healthz" ? { status: well ? 200 : 503 } : { body: name });
}

/** Sends until a run of requests is all answered so. */
async function settled(gateway: Gateway, answer: string): Promise<void> {
  await vi.waitFor(async () => {
    const texts: string[] = [];
    for (let n = 0; n < 5; n++) texts.push((await gateway.send("/")).text);
    expect(texts).toEqual(Array.from({ length: 5 }, () => answer));
  }, held);
}

test("other services stand in while a service is not well, in order, and it gets its requests again", async () => {
  const [here, near, far] = [
    await upstream(saying("here")),
    await upstream(saying("near")),
    await upstream(saying("far")),
  ];
  const gateway = await gatewayOf(`  here: { endpoints: [${here.address}], ${HEALTH}, failover: [near, far] }
  near: { endpoints: [${near.address}], ${HEALTH}, failover: [here] }
  far: { endpoints: [${far.address}], ${HEALTH} }`);
  await settled(gateway, "here");
  expect([asked(near), asked(far)]).toEqual([0, 0]);

  here.reply(saying("here", false));
  await settled(gateway, "near");
  near.reply(saying("near", false));
  await settled(gateway, "far");
  // It is not asked by way of the one that it stands in for.
  near.reply(saying("near"));
  await settled(gateway, "near");
  here.reply(saying("here"));
  await settled(gateway, "here");
});

test("requests that fail are reason enough where `outliers` look, and a retry goes elsewhere at once", async () => {
  const [here, there] = [await upstream({ status: 503 }), await upstream({ body: "there" })];
  const gateway = await gatewayOf(
    `  here: { endpoints: [${here.address}, ${here.address}], outliers: { consecutiveGatewayErrors: 2, maxEjectionPercent: 100%, baseEjectionTime: 1s, interval: 100ms }, failover: [there] }
  there: { endpoints: [${there.address}] }`,
    ", retry: { attempts: 2, on: [503] }",
  );
  await settled(gateway, "there");
  here.reply({ body: "here" });
  await settled(gateway, "here");
});

test("connections: each with as many requests as said", async () => {
  const count = async (services: string) => {
    const here = await upstream();
    const gateway = await gatewayOf(`  here: { endpoints: [${here.address}]${services} }`);
    for (let n = 0; n < 6; n++) await gateway.send("/");
    return here.connections();
  };
  expect(await count("")).toBe(1);
  expect(
    await count(
      ", connections: { maxRequestsPerConnection: 2, idleTimeout: 10s, tcpKeepalive: { idle: 10s, probes: 3 } }",
    ),
  ).toBe(3);
});

test("a service that ends idle connections sooner than Envoy would is left in time", async () => {
  const here = await upstream();
  const gateway = await gatewayOf(`  here: { endpoints: [${here.address}], connections: { idleTimeout: 50ms } }`);
  await gateway.send("/");
  await vi.waitFor(() => expect(here.open()).toBe(0), held);
  expect((await gateway.send("/")).status).toBe(200);
  expect(here.connections()).toBe(2);
});

/** A server that answers checks of health as gRPC has it, and nothing else. */
async function grpcServer(serving: () => boolean): Promise<{ address: string; asked: string[] }> {
  const names: string[] = [];
  const server: Http2Server = createServer();
  server.on("stream", (stream, headers) => {
    const parts: Buffer[] = [];
    stream.on("data", (part: Buffer) => parts.push(part));
    stream.on("end", () => {
      const isCheck = headers[":path"] === "/grpc.health.v1.Health/Check";
      if (isCheck) names.push(Buffer.concat(parts).subarray(7).toString());
      stream.respond(
        { ":status": 200, "content-type": "application/grpc" },
        isCheck ? { waitForTrailers: true } : { endStream: false },
      );
      if (!isCheck) return void stream.end("grpc");
      stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
      // A message of two bytes: field 1, SERVING or NOT_SERVING.
      stream.end(Buffer.from([0, 0, 0, 0, 2, 8, serving() ? 1 : 2]));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  clean.push(() => new Promise((resolve) => server.close(resolve)));
  return { address: `127.0.0.1:${portOf(server.address())}`, asked: names };
}

test("health by grpc: an endpoint that does not serve gets no requests", async () => {
  let serves = true;
  const { address, asked: names } = await grpcServer(() => serves);
  const gateway = await gatewayOf(
    `  here: { endpoints: [${address}], protocol: http2, panic: 0%, health: { grpc: { service: orders }, interval: 50ms, unhealthyAfter: 1 } }`,
  );
  await settled(gateway, "grpc");
  expect(names[0]).toBe("orders");
  serves = false;
  await vi.waitFor(async () => expect((await gateway.send("/")).status).toBe(503), held);
  serves = true;
  await settled(gateway, "grpc");
});

test("hedge: a try that takes too long goes on, and its answer may be the first", async () => {
  const opened: (() => void)[] = [];
  const slow: Script = () => new Promise((resolve) => opened.push(() => resolve({ body: "slow" })));
  const here = await upstream(slow);
  const gateway = await gatewayOf(
    `  here: { endpoints: [${here.address}] }`,
    ", retry: { attempts: 1, perTry: 100ms, backoff: { base: 1ms } }, hedge: { onTimeout: true }",
  );
  const reply = gateway.send("/");
  await vi.waitFor(() => expect(opened).toHaveLength(2), held);
  // The first try, which was given up without the hedge.
  opened[0]?.();
  expect(await reply).toMatchObject({ status: 200, text: "slow" });
});

test("versions: routes mean the active one, or the one that they name", async () => {
  const [blue, green] = [await upstream({ body: "blue" }), await upstream({ body: "green" })];
  const answers = async (active: string) => {
    const gateway = await serve(
      `apiVersion: sluice/v1
kind: Gateway
name: versions
listeners: { public: { address: 127.0.0.1:8080 } }
services:
  orders:
    versions: { blue: { endpoints: [${blue.address}] }, green: { endpoints: [${green.address}] } }
    active: ${active}
routes:
  - { name: all, match: { path: /** }, to: orders }
  - { name: next, match: { path: /next }, to: [{ service: orders, version: green }] }
  - { name: last, match: { path: /last }, to: [{ service: orders, version: blue, weight: 0 }, { service: orders, version: green }] }
`,
      { ownServices: true },
    );
    clean.push(() => gateway.stop());
    return Promise.all(["/", "/next", "/last"].map(async (path) => (await gateway.send(path)).text));
  };
  expect(await answers("blue")).toEqual(["blue", "green", "green"]);
  expect(await answers("green")).toEqual(["green", "green", "green"]);
});

test("versions have names in tests, on both engines and whichever is active", async () => {
  const policy = (active: string) => `apiVersion: sluice/v1
kind: Gateway
name: versions
listeners: { public: { address: 127.0.0.1:8080 } }
services:
  orders:
    versions: { blue: { endpoints: [127.0.0.1:9001] }, green: { dns: green.internal:8080 } }
    active: ${active}
routes:
  - { name: all, match: { path: /** }, to: orders }
  - { name: next, match: { path: /**, headers: { x-next: "1" } }, to: [{ service: orders, version: green }] }
`;
  const cases = [
    "request: { path: / }, expect: { upstream: orders }",
    'request: { path: /, headers: { x-next: "1" } }, expect: { status: 201, upstream: orders.green }',
    'request: { path: /, headers: { x-next: "1" } }, expect: { status: 201, upstream: { service: orders.green, path: / } }',
  ];
  const upstreams = "upstreams:\n  orders.green: { status: 201 }\n";
  await passOnBoth(
    policy("blue"),
    [...cases, "request: { path: / }, expect: { status: 200, upstream: orders.blue }"],
    upstreams,
  );
  await passOnBoth(
    policy("green"),
    [...cases, "request: { path: / }, expect: { status: 201, upstream: orders.green }"],
    upstreams,
  );
});
