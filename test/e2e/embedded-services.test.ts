import { Agent, createServer, request as httpRequest } from "node:http";
import { createServer as createTcpServer, type Socket } from "node:net";
import { describe, expect, test } from "vitest";
import { openRaw, request } from "../support/http.js";
import { startUpstream } from "../support/upstream.js";
import { type Edits, ENV, NO_ENVOY, portOf, servedPolicy } from "./support/served-policy.js";
import { until } from "./support/until.js";
import { workplace } from "./support/workplace.js";

const place = workplace("sluice-embedded-test-", "first");

const policyText = (edits: Edits = {}) => servedPolicy(place.upstream, edits);

const start = (text = policyText(), ...args: string[]) =>
  place.start(text, ["--embedded", ...args], { env: { ...ENV, ...NO_ENVOY } });

describe("services", () => {
  test("get and give bodies of any size as they come, in both directions at once", async () => {
    const service = createServer((incoming, outgoing) => {
      outgoing.writeHead(200);
      incoming.pipe(outgoing);
    });
    await new Promise<void>((resolve) => service.listen(0, "127.0.0.1", resolve));
    try {
      const services = [`  mirror: { endpoints: ["127.0.0.1:${portOf(service.address())}"] }`];
      const routes = ["  - { name: mirror, match: { path: /mirror }, to: mirror }"];
      const { url } = await start(policyText({ services, routes }));
      // Each part is sent when the one before has come back: nothing waits for the end.
      const parts = Array.from({ length: 5 }, (_, index) => Buffer.alloc(300_000, index));
      const echoed = await new Promise<number>((resolve, reject) => {
        const call = httpRequest(`${url}/mirror`, { method: "POST", agent: new Agent() }, (answer) => {
          let length = 0;
          let next = 1;
          answer.on("data", (part: Buffer) => {
            length += part.length;
            if (length < 300_000 * next) return;
            if (next === parts.length) call.end();
            else call.write(parts[next++]);
          });
          answer.on("end", () => resolve(length)).on("error", reject);
        });
        call.on("error", reject);
        call.write(parts[0]);
      });
      expect(echoed).toBe(1_500_000);
    } finally {
      service.closeAllConnections();
      service.close();
    }
  });

  test("are told when the client leaves", async () => {
    let left = false;
    const service = createTcpServer((socket: Socket) => {
      socket.resume().on("error", () => {});
      socket.on("close", () => {
        left = true;
      });
    });
    await new Promise<void>((resolve) => service.listen(0, "127.0.0.1", resolve));
    const services = [`  silent: { endpoints: ["127.0.0.1:${portOf(service.address())}"] }`];
    const routes = ["  - { name: silent, match: { path: /silent }, to: silent }"];
    const { cli, url } = await start(policyText({ services, routes }), "--access-log");
    const call = httpRequest(`${url}/silent`, { agent: new Agent() }).on("error", () => {});
    call.end();
    await until("the service to have it", async () => (await connections(service)) > 0);
    call.destroy();
    await until("the service to be left", () => left);
    const [line] = await cli.prints(/^\{.*"silent".*\}$/m);
    expect(JSON.parse(line)).toMatchObject({ status: 0, route: "silent" });
    service.close();
  });

  test("that switch to another protocol unasked are not followed: 503, and the reason", async () => {
    const service = createTcpServer((socket) => {
      const answer = "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n";
      socket.on("error", () => {}).once("data", () => socket.write(answer));
    });
    await new Promise<void>((resolve) => service.listen(0, "127.0.0.1", resolve));
    const services = [`  other: { endpoints: ["127.0.0.1:${portOf(service.address())}"] }`];
    const routes = ["  - { name: other, match: { path: /other }, to: other, timeout: 1h }"];
    const { cli, url } = await start(policyText({ services, routes }));
    expect((await request(`${url}/other`)).status).toBe(503);
    expect(cli.stderr()).toContain("GET /other: answered 503, the service other switches to another protocol (101)\n");
    // Its connection is not kept.
    await until("the service to be left", async () => (await connections(service)) === 0);
    service.close();
  });

  test("that have several endpoints get requests in turn, by one name", async () => {
    const second = await startUpstream({ body: "second" });
    try {
      const services = [
        `  both: { endpoints: ["${place.upstream.address}", "${second.address}"] }`,
        `  named: { dns: "localhost:${second.port}" }`,
        "  nobody: { dns: nobody.invalid:80 }",
      ];
      const routes = ["both", "named", "nobody"].map(
        (name) => `  - { name: ${name}, match: { path: /${name} }, to: ${name} }`,
      );
      const { url } = await start(policyText({ services, routes }));
      const texts: string[] = [];
      for (const path of ["both", "both", "both", "named"]) texts.push((await request(`${url}/${path}`)).text);
      expect(texts).toEqual(["first", "second", "first", "second"]);
      expect(await request(`${url}/nobody`)).toMatchObject({ status: 503, text: "no healthy upstream" });
    } finally {
      await second.close();
    }
  });

  test("of a route with weights are chosen by them", async () => {
    const second = await startUpstream({ body: "second" });
    try {
      const services = [`  second: { endpoints: ["${second.address}"] }`];
      const routes = ["  - { name: split, match: { path: /split }, to: [{ service: orders }, { service: second }] }"];
      const { url } = await start(policyText({ services, routes }));
      // Of 64 requests all go to one service once in 2^63 runs.
      for (let n = 0; n < 64; n++) await request(`${url}/split`);
      expect(place.upstream.received.length + second.received.length).toBe(64);
      expect([place.upstream.received.length > 0, second.received.length > 0]).toEqual([true, true]);
    } finally {
      await second.close();
    }
  });
});

test("requests that come without waiting for the answers are answered in order, and refused where one is broken", async () => {
  const { url } = await start();
  const port = Number(new URL(url).port);
  const connection = await openRaw({ port });
  const line = (path: string, ...more: string[]) => [`GET ${path} HTTP/1.1`, "host: a", ...more, "", ""].join("\r\n");
  connection.send(line("/orders/1", `x-api-key: ${ENV.ACME_KEY}`) + line("/orders/2") + line("/none"));
  const statuses = [await connection.response(), await connection.response(), await connection.response()];
  expect(statuses.map(({ status }) => status)).toEqual([200, 401, 404]);
  // The body of a request that is refused is no request.
  const body = line("/orders/3", `x-api-key: ${ENV.ACME_KEY}`);
  connection.send(line("/orders/4", `content-length: ${body.length}`) + body + line("/none"));
  expect([(await connection.response()).status, (await connection.response()).status]).toEqual([401, 404]);
  expect(place.upstream.received.map(({ url: path }) => path)).toEqual(["/orders/1"]);
  connection.send("nonsense\r\n\r\n");
  expect((await connection.response()).status).toBe(400);
  await connection.ended();
  connection.close();
});

function connections(server: ReturnType<typeof createTcpServer>): Promise<number> {
  return new Promise((resolve, reject) =>
    server.getConnections((error, count) => (error === null ? resolve(count) : reject(error))),
  );
}
