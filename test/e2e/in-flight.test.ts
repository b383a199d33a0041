import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { standingOracle } from "../support/envoy.js";
import { type Gateway, serve, WORKER_COUNTS } from "./support/serve.js";
import { until } from "./support/until.js";

// Calls in flight in a real Envoy: a place is given back however a stream ends.

const MOST = 20;

const policy = `apiVersion: sluice/v1
kind: Gateway
name: flights
listeners:
  public: { address: 127.0.0.1:8080 }
services:
  slow: { endpoints: [127.0.0.1:9001] }
  gone: { endpoints: [127.0.0.1:9002], connectTimeout: 200ms }
consumers:
  acme: { credentials: [{ apiKey: env:ACME_KEY }] }
policies:
  known: { authenticate: { anyOf: [{ apiKey: { header: x-api-key } }] } }
  few: { rateLimit: { inFlight: ${MOST}, shared: true } }
  nobody: { authorize: { rules: [{ name: never, deny: "request.method == 'GET'" }] } }
routes:
  - { name: slow, match: { path: /slow }, to: slow, apply: [few] }
  - { name: short, match: { path: /short }, to: slow, apply: [few], timeout: 50ms }
  - { name: gone, match: { path: /gone }, to: gone, apply: [few] }
  - { name: denied, match: { path: /denied }, to: slow, apply: [few, known, nobody] }
  - { name: hello, match: { path: /hello }, respond: { status: 200 }, apply: [few] }
  - { name: free, match: { path: /free }, respond: { status: 200 } }
`;

/** A service that answers when it is told to, or breaks off. */
class Service {
  readonly waiting: ServerResponse[] = [];
  private readonly server: Server;

  private constructor() {
    this.server = createServer((request, response) => this.take(request, response));
  }

  static async start(): Promise<Service> {
    const service = new Service();
    await new Promise<void>((resolve) => service.server.listen(0, "127.0.0.1", resolve));
    return service;
  }

  get port(): number {
    const address: AddressInfo | string | null = this.server.address();
    if (address === null || typeof address === "string") throw new Error("the service does not listen");
    return address.port;
  }

  private take(request: IncomingMessage, response: ServerResponse): void {
    if (request.headers["x-break"] !== undefined) {
      request.socket.destroy();
      return;
    }
    this.waiting.push(response);
    response.once("close", () => {
      const index = this.waiting.indexOf(response);
      if (index >= 0) this.waiting.splice(index, 1);
    });
  }

  answerAll(): void {
    for (const response of this.waiting.splice(0)) response.end("done");
  }

  close(): void {
    this.server.closeAllConnections();
    this.server.close();
  }
}

/** A connection with one request, and what came back on it so far. */
class Call {
  text = "";
  readonly socket: Socket;

  constructor(port: number, path: string, headers = "") {
    this.socket = connect(port, "127.0.0.1");
    this.socket.on("data", (data) => {
      this.text += data.toString("latin1");
    });
    this.socket.on("error", () => {});
    this.socket.write(`GET ${path} HTTP/1.1\r\nhost: shop.test\r\n${headers}\r\n`);
  }

  get status(): number {
    return Number(/^HTTP\/1\.1 (\d+)/.exec(this.text)?.[1] ?? 0);
  }
}

describe.each(WORKER_COUNTS)("with %i workers", (concurrency) => {
  let service: Service;
  let gateway: Gateway;
  let calls: Call[] = [];
  beforeAll(async () => {
    service = await Service.start();
    const gone = await Service.start();
    const ports = { slow: service.port, gone: gone.port };
    gone.close();
    gateway = await serve(policy, { concurrency, ports });
  });
  afterAll(async () => {
    await gateway?.stop();
    service?.close();
  });
  afterEach(() => {
    for (const { socket } of calls) socket.destroy();
    calls = [];
  });

  const begin = (path: string, headers?: string): Call => {
    const call = new Call(gateway.port(), path, headers);
    calls.push(call);
    return call;
  };

  /** Every place is free, and there is none more: so many calls get through to the service, and one more does not. */
  async function expectAllPlaces(): Promise<void> {
    await until("no call at the service", async () => service.waiting.length === 0);
    const refused = () => begun.filter(({ status }) => status === 429);
    let begun: Call[] = [];
    // What was broken off a moment ago may not have ended everywhere yet.
    await until("as many calls as may be", async () => {
      for (const { socket } of begun) socket.destroy();
      await until("no call at the service", async () => service.waiting.length === 0);
      begun = Array.from({ length: MOST + 5 }, () => begin("/slow"));
      await until("an answer or a place", async () => service.waiting.length + refused().length === MOST + 5);
      return service.waiting.length === MOST;
    });
    expect(refused()).toHaveLength(5);
    expect(refused()[0]?.text).toMatch(/^retry-after: 1\r$/im);
    expect(refused()[0]?.text).toContain('{"type":"about:blank","title":"Too Many Requests","status":429}');
    service.answerAll();
    await until("all answers", async () => begun.filter(({ status }) => status === 200).length === MOST);
  }

  test("so many calls may be under way at once, over all workers and routes", async () => {
    await expectAllPlaces();
    await expectAllPlaces();
  });

  test("a place is given back after an answer of the gateway, a refusal, a time-out, a service that is gone or breaks off", async () => {
    for (let round = 0; round < 3 * MOST; round++) {
      const statuses: number[] = [];
      for (const [path, headers] of [
        ["/hello", undefined],
        ["/denied", undefined],
        ["/gone", undefined],
        ["/slow", "x-break: 1\r\n"],
      ] as const) {
        const call = begin(path, headers);
        await until("an answer", async () => call.status !== 0);
        statuses.push(call.status);
        call.socket.destroy();
      }
      expect(statuses).toEqual([200, 401, 503, 503]);
    }
    const late = Array.from({ length: MOST }, () => begin("/short"));
    await until("time-outs", async () => late.every(({ status }) => status === 504));
    await expectAllPlaces();
  });

  test("ten thousand clients that break off at any moment leave no place taken", async () => {
    const oracle = await standingOracle(gateway.envoy);
    const ABORTS = 10_000;
    const AT_ONCE = 50;
    let left = ABORTS;
    await Promise.all(
      Array.from({ length: AT_ONCE }, async () => {
        while (left-- > 0) {
          const call = new Call(gateway.port(), "/slow");
          const { socket } = call;
          await new Promise<void>((resolve) => {
            socket.once("connect", () => {
              // With its request under way, with the service, or just refused.
              const moment = left % 3;
              if (moment === 0) socket.resetAndDestroy();
              else setImmediate(() => (moment === 1 ? socket.destroy() : socket.end()));
            });
            socket.once("close", () => resolve());
            socket.once("end", () => socket.destroy());
            setImmediate(() => {
              if (left % 7 === 0) service.answerAll();
            });
          });
        }
      }),
    );
    await expectAllPlaces();
    await oracle.check({ goodRequest: (agent) => gateway.send("/free", { agent }) });
  });
});
