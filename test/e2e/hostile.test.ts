import { connect } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type StandingOracle, standingOracle } from "../support/envoy.js";
import { type RawMessage, rawRequestBytes, request } from "../support/http.js";
import { type Gateway, serve, WORKER_COUNTS } from "./support/serve.js";
import { until } from "./support/until.js";
import { connectionsByWorker } from "./support/workers.js";

const POLICY = `apiVersion: sluice/v1
kind: Gateway
name: hostile
listeners:
  public: { address: 127.0.0.1:8080 }
services:
  echo: { endpoints: [127.0.0.1:9001] }
consumers:
  acme: { tier: gold, groups: [partners], credentials: [{ apiKey: env:ACME_KEY }] }
policies:
  known: { authenticate: { anyOf: [{ apiKey: { header: x-api-key } }] } }
  rules:
    authorize:
      rules:
        - { name: blocked, deny: 'request.path.startsWith("/guarded/no")' }
        - { name: guests, allow: 'request.headers["x-tenant"] in ["guest", "visitor"] && request.scheme == "ftp"' }
        - { name: partners, allow: '"partners" in auth.groups && request.host != "evil.test"' }
  paced: { rateLimit: { key: [auth.consumer, 'request.headers["x-tenant"]', source.ip], rate: 900000/second, store: { slots: 1024 } } }
  scarce: { rateLimit: { key: ['request.headers["x-tenant"]'], rate: 5/hour, store: { slots: 1024 } } }
  by-claim: { rateLimit: { key: ['request.headers["x-tenant"]'], rate: 900000/second, store: { slots: 1024 } } }
routes:
  - { name: guarded, match: { path: /guarded/** }, to: echo, apply: [known, rules, by-claim, paced] }
  - { name: counted, match: { path: /counted/** }, respond: { status: 200 }, apply: [scarce] }
  - { name: open, match: { path: /open }, respond: { status: 200 } }
`;
const ROUNDS = 2;

let gateway: Gateway;
let oracle: StandingOracle;
/** What came on sockets of our own, each once. */
const answers = new Set<string>();

const key = () => gateway.env.ACME_KEY ?? "";
const bytes = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => String.fromCharCode(from + index));
const times = <T>(count: number, make: (index: number) => T) =>
  Array.from({ length: count }, (_, index) => make(index));

interface Hostile {
  name: string;
  message: RawMessage;
}

/** Requests that no well-meaning client sends; each without a key, with a wrong one, and with the right one. */
function hostileRequests(): Hostile[] {
  const get = (name: string, ...headers: [string, string][]): Hostile => ({
    name,
    message: { target: "/guarded/x", headers },
  });
  const target = (path: string): Hostile => ({
    name: `target ${JSON.stringify(path.slice(0, 20))}`,
    message: { target: path, headers: [] },
  });
  const method = (name: string): Hostile => ({
    name: `method ${JSON.stringify(name.slice(0, 20))}`,
    message: { method: name, target: "/guarded/x", headers: [["content-length", "0"]] },
  });
  return [
    ...bytes(1, 31).map((byte) => get(`byte ${byte.charCodeAt(0)} in a value`, ["x-tenant", `a${byte}b`])),
    ...bytes(127, 160).map((byte) => get(`byte ${byte.charCodeAt(0)} in a value`, ["x-tenant", `a${byte}b`])),
    ...["\xc3\x28", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xff\xfe", "\xe2\x28\xa1"].map((text) =>
      get("broken UTF-8", ["x-tenant", text]),
    ),
    ...[" ", '"', "(", ",", "/", "@", "[", "\x7f", "\xff", "\x01", "", "é"].map((text) =>
      get(`a name with ${JSON.stringify(text)}`, [`x${text}y`, "1"]),
    ),
    ...[1, 50, 95, 99, 100, 101, 500].map((count) =>
      get(`${count} headers`, ...times(count, (n): [string, string] => [`x-h-${n}`, "v"])),
    ),
    ...[2, 50, 90].map((count) =>
      get(`${count} times one header`, ...times(count, (n): [string, string] => ["x-tenant", `${n}`])),
    ),
    ...[2, 50, 90].map((count) =>
      get(`${count} times the key header`, ...times(count, (): [string, string] => ["x-api-key", "k"])),
    ),
    ...[255, 256, 4_095, 4_096, 4_097, 16_384, 32_768, 60_000, 61_440, 70_000].map((size) =>
      get(`a value of ${size} bytes`, ["x-tenant", "v".repeat(size)]),
    ),
    ...[255, 256, 4_096, 60_000].map((size) => get(`a name of ${size} bytes`, [`x-${"n".repeat(size)}`, "v"])),
    ...[64, 4_096, 30_000, 59_000, 70_000].map((size) => target(`/guarded/${"p".repeat(size)}`)),
    ...[1_000, 10_000].map((count) => target(`/guarded${"/x".repeat(count)}`)),
    ...[1_000, 10_000].map((count) => target(`/guarded${"/../guarded".repeat(count / 10)}`)),
    target(`/guarded/x?${"a=b&".repeat(10_000)}`),
    target(`/guarded/${"%41".repeat(10_000)}`),
    target("/guarded/\xff\xfe"),
    target("/guarded/%00%0a%0d%ff"),
    target("\x00"),
    target(""),
    target("*"),
    target("http://"),
    target("http://[::1/guarded/x"),
    ...["get", "G\xcbT", "A".repeat(1_000), "A".repeat(70_000), "PRI", "CONNECT", "TRACE", "GET\t", "\x00", ""].map(
      method,
    ),
    get("a body that is announced and not sent", ["content-length", "1000000"]),
    {
      name: "a body with its length",
      message: {
        method: "POST",
        target: "/guarded/x",
        headers: [["content-length", "100000"]],
        body: "b".repeat(100_000),
      },
    },
    {
      name: "a chunked body",
      message: {
        method: "POST",
        target: "/guarded/x",
        headers: [["transfer-encoding", "chunked"]],
        body: `186a0\r\n${"b".repeat(100_000)}\r\n0\r\n\r\n`,
      },
    },
    {
      name: "a chunked body that breaks off",
      message: { method: "POST", target: "/guarded/x", headers: [["transfer-encoding", "chunked"]], body: "ffff\r\nb" },
    },
    {
      name: "a chunk of no size",
      message: {
        method: "POST",
        target: "/guarded/x",
        headers: [["transfer-encoding", "chunked"]],
        body: "zz\r\nb\r\n0\r\n\r\n",
      },
    },
    {
      name: "two lengths",
      message: {
        method: "POST",
        target: "/guarded/x",
        headers: [
          ["content-length", "1"],
          ["content-length", "2"],
        ],
        body: "bb",
      },
    },
    {
      name: "length and chunks",
      message: {
        method: "POST",
        target: "/guarded/x",
        headers: [
          ["content-length", "6"],
          ["transfer-encoding", "chunked"],
        ],
        body: "0\r\n\r\nG",
      },
    },
    {
      name: "a negative length",
      message: { method: "POST", target: "/guarded/x", headers: [["content-length", "-1"]] },
    },
    get("an upgrade", ["connection", "upgrade"], ["upgrade", "websocket"]),
    get("h2c", ["connection", "upgrade, http2-settings"], ["upgrade", "h2c"], ["http2-settings", "AAMAAABkAAQAAP__"]),
    get("an expectation", ["expect", "100-continue"], ["content-length", "1"]),
    get("an unknown expectation", ["expect", "the-worst"]),
    get(
      "hop-by-hop names",
      ["connection", "x-api-key, x-consumer, host"],
      ["te", "trailers, deflate"],
      ["trailer", "x-api-key"],
    ),
    get(
      "forwarding claims",
      ["x-forwarded-for", "::1, 10.0.0.1, \xff"],
      ["forwarded", "for=evil"],
      ["x-forwarded-proto", "ftp"],
      ["x-request-id", "x".repeat(10_000)],
    ),
    get(
      "Envoy's own headers",
      ["x-envoy-original-path", "/open"],
      ["x-envoy-upstream-rq-timeout-ms", "0"],
      ["x-envoy-retry-on", "5xx"],
      ["x-envoy-force-trace", "1"],
      ["x-envoy-decorator-operation", "\xff"],
    ),
    get("gRPC without a message", ["content-type", "application/grpc"]),
    target("/guarded/no"),
  ];
}

/** A status, or why there was none. A refusal of gRPC has status 200 and a code of its own. */
type Outcome = number | "refused as gRPC" | "closed" | "left";

/** Sends it on a connection of its own, and gives the status, or why there was none. The client half-closes or aborts as told. */
function fire(
  message: RawMessage,
  headers: readonly (readonly [string, string])[],
  end: "wait" | "half-close" | "abort",
): Promise<Outcome> {
  const data = rawRequestBytes({ ...message, headers: [["host", "shop.test"], ...headers, ...message.headers] });
  return new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port: gateway.port() });
    let text = "";
    const finish = (outcome: Outcome) => {
      clearTimeout(timer);
      answers.add(text);
      socket.destroy();
      resolve(outcome);
    };
    // A request that waits for its body is left after a moment, as a slow client would leave it.
    const timer = setTimeout(() => finish("left"), 400);
    socket.on("error", () => finish("closed")).on("close", () => finish("closed"));
    socket.on("data", (part: Buffer) => {
      text += part.toString("latin1");
      const status = /^HTTP\/1\.1 ([2-9]\d\d) /m.exec(text)?.[1];
      if (status !== undefined) finish(/^grpc-status: [1-9]/im.test(text) ? "refused as gRPC" : Number(status));
    });
    socket.on("connect", () => {
      if (end === "half-close") socket.end(data);
      else socket.write(data);
      if (end === "abort") setImmediate(() => finish("left"));
    });
  });
}

describe.each(WORKER_COUNTS)("hostile requests, with %i workers", (concurrency) => {
  beforeAll(async () => {
    gateway = await serve(POLICY, { concurrency });
    oracle = await standingOracle(gateway.envoy);
    answers.clear();
  });
  afterAll(() => gateway?.stop());
  beforeEach(() => gateway.forget());

  test("a request without the right key never reaches the service, and never gets 2xx", async () => {
    const outcomes = new Map<string, number>();
    const passed: string[] = [];
    const wrong: (readonly (readonly [string, string])[])[] = [[], [["x-api-key", "wrong"]]];
    for (let round = 0; round < ROUNDS; round++)
      await inParallel(
        8,
        hostileRequests().flatMap((hostile) => wrong.map((headers) => ({ hostile, headers }))),
        async ({ hostile, headers }) => {
          const outcome = await fire(hostile.message, headers, "wait");
          outcomes.set(`${outcome}`, (outcomes.get(`${outcome}`) ?? 0) + 1);
          if (typeof outcome === "number" && outcome < 400) passed.push(`${hostile.name}: ${outcome}`);
        },
      );
    expect(passed).toEqual([]);
    expect(gateway.heard().map(({ url }) => url)).toEqual([]);
    // The guard judged many of them, and Envoy refused others: both kinds were there.
    expect(outcomes.get("401")).toBeGreaterThan(200);
    expect(outcomes.get("400")).toBeGreaterThan(20);
    expect(outcomes.get("refused as gRPC")).toBe(2 * ROUNDS);
    expect(outcomes.get("503") ?? 0).toBe(0);
  });

  test("nor do odd requests with the right key break anything", async () => {
    const outcomes = new Map<string, number>();
    const faults: string[] = [];
    await inParallel(8, hostileRequests(), async (hostile) => {
      const outcome = await fire(hostile.message, [["x-api-key", key()]], "wait");
      outcomes.set(`${outcome}`, (outcomes.get(`${outcome}`) ?? 0) + 1);
      if (typeof outcome === "number" && outcome >= 500 && outcome !== 501) faults.push(`${hostile.name}: ${outcome}`);
    });
    expect(faults).toEqual([]);
    expect(outcomes.get("200")).toBeGreaterThan(50);
    expect(outcomes.get("403")).toBeGreaterThan(0);
    for (const heard of gateway.heard()) {
      expect(heard.values("x-consumer")).toEqual(["acme"]);
      expect(heard.values("x-api-key")).toEqual([]);
    }
  });

  test("clients that half-close, leave or break off leave nothing behind", async () => {
    for (const end of ["half-close", "abort"] as const)
      await inParallel(8, hostileRequests(), async ({ message }) => {
        await fire(message, [], end);
      });
    expect(gateway.heard().map(({ url }) => url)).toEqual([]);
    const active = async () => [
      ...(await gateway.envoy.admin.stats("^http\\.public\\.downstream_(rq|cx)_active$")).values(),
    ];
    await until("all requests to be over", async () => (await active()).every((count) => count === 0));
  });

  test("pipelined requests are judged one by one", async () => {
    const request = (path: string, ...headers: [string, string][]) =>
      rawRequestBytes({ target: path, headers: [["host", "shop.test"], ...headers] });
    let whole = 0;
    await inParallel(
      8,
      times(100, (n) => n),
      async () => {
        const statuses = await pipelined(
          Buffer.concat([request("/guarded/a", ["x-api-key", key()]), request("/guarded/b"), request("/guarded/c")]),
        );
        // Envoy may close before the last of them; what it answers, it answers in order.
        expect(statuses).toEqual([200, 401, 401].slice(0, statuses.length));
        expect(statuses.length).toBeGreaterThanOrEqual(1);
        if (statuses.length === 3) whole++;
      },
    );
    // Were every connection closed after its first answer, the other requests would never have been judged.
    expect(whole).toBeGreaterThan(0);
    const urls = gateway.heard().map((heard) => heard.url);
    expect(new Set(urls)).toEqual(new Set(["/guarded/a"]));
  });

  test("a request smuggled in a body is a body", async () => {
    const inner = rawRequestBytes({ target: "/open", headers: [["host", "shop.test"]] }).toString("latin1");
    const message: RawMessage = {
      method: "POST",
      target: "/guarded/x",
      headers: [["content-length", String(inner.length)]],
      body: inner,
    };
    const data = rawRequestBytes({ ...message, headers: [["host", "shop.test"], ...message.headers] });
    expect(await pipelined(data)).toEqual([401]);
    expect(gateway.heard().map(({ url }) => url)).toEqual([]);
  });

  test("thousands of made-up callers fill the table; they take nobody's place and bring nobody room", async () => {
    const memory = async () =>
      (await gateway.envoy.admin.stats("^server\\.memory_allocated$")).get("server.memory_allocated") ?? 0;
    const call = async (tenant: string) =>
      (await request(gateway.url("/counted/x"), { headers: { "x-tenant": tenant } })).status;
    const calls = async (tenant: string, count: number) => {
      const statuses: number[] = [];
      for (let n = 0; n < count; n++) statuses.push(await call(tenant));
      return statuses;
    };
    const counts = new Map<number, number>();
    const madeUp = (from: number, count: number) =>
      inParallel(
        16,
        times(count, (n) => `tenant-${from + n}`),
        async (tenant) => {
          const status = await call(tenant);
          counts.set(status, (counts.get(status) ?? 0) + 1);
        },
      );

    expect(await calls("honest", 1)).toEqual([200]);
    expect(await calls("greedy", 6)).toEqual([200, 200, 200, 200, 200, 429]);
    await madeUp(0, 1_500);
    expect(await calls("honest", 1)).toEqual([200]);
    expect(await calls("greedy", 1)).toEqual([429]);
    const before = await memory();
    await madeUp(1_500, 1_500);
    expect(await memory()).toBeLessThan(before + 8 * 1024 * 1024);
    expect(await calls("honest", 4)).toEqual([200, 200, 200, 429]);
    expect(await calls("greedy", 1)).toEqual([429]);

    // 128 sets of eight places, and one bucket of five calls a set for all who found no place.
    expect([...counts.keys()].toSorted()).toEqual([200, 429]);
    expect(counts.get(200)).toBeLessThanOrEqual(1_024 + 128 * 5);
    expect(counts.get(200)).toBeGreaterThan(900);
  });

  test("afterwards no VM has trapped, no secret is shown, and every worker serves", async () => {
    const reached = await connectionsByWorker(gateway.envoy);
    expect([...reached.values()].filter((count) => count > 100)).toHaveLength(concurrency);
    await oracle.check({
      goodRequest: (agent) => request(gateway.url("/guarded/good"), { headers: { "x-api-key": key() }, agent }),
      secrets: [key()],
      answers,
    });
  });
});

async function inParallel<T>(width: number, items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const queue = [...items];
  const worker = async () => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(item);
  };
  await Promise.all(times(width, worker));
}

/** All statuses that come back on one connection until it is closed or quiet. */
function pipelined(data: Buffer): Promise<number[]> {
  return new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port: gateway.port() }, () => socket.write(data));
    let text = "";
    const finish = () => {
      clearTimeout(timer);
      answers.add(text);
      socket.destroy();
      resolve([...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status)));
    };
    const timer = setTimeout(finish, 300);
    socket.on("data", (part: Buffer) => {
      text += part.toString("latin1");
    });
    socket.on("close", finish).on("error", finish);
  });
}
