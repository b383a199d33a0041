import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { HTTP1_METHODS } from "../../compiler/policy/methods.js";
import { openRaw, type RawReply, rawRequestBytes } from "../support/http.js";
import type { ReceivedRequest } from "../support/upstream.js";
import { type RunningCli, startSluice } from "./support/cli.js";
import { comparable, POLICY, REQUESTS } from "./support/compared.js";
import { type Gateway, serve } from "./support/serve.js";
import { until } from "./support/until.js";

// `sluice run --embedded` and Envoy before the same services: what they answer, log and hand on.

const MORE = `  - { name: any, match: { path: /any/** }, to: echo }
  - { name: short, match: { path: /short }, to: echo, timeout: 150ms }
  - { name: gone, match: { path: /gone }, to: gone, apply: [everybody] }
`;

let folder: string;
let real: Gateway;
let cli: RunningCli;
let port: number;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "sluice-embedded-test-"));
  const policy = POLICY.replace("\nconsumers:", "\n  gone: { endpoints: [127.0.0.1:9003] }\nconsumers:") + MORE;
  const env = { ACME_KEY: "key-of-acme", PLAIN_KEY: "key-of-plain" };
  real = await serve(policy, { env });
  for (const name of ["echo", "moved"])
    real.upstream(name).reply({ headers: { "x-total": "3", "content-length": String(name.length) }, body: name });
  const addresses = ["echo", "moved", "gone"].map((name) => real.upstream(name).address);
  await real.upstream("gone").close();
  const own = policy
    .replace("127.0.0.1:8080", "127.0.0.1:0")
    .replace(/127\.0\.0\.1:900(\d)/g, (_, digit: string) => addresses[Number(digit) - 1] ?? "");
  const file = join(folder, "policy.yaml");
  await writeFile(file, own);
  cli = await startSluice(["run", file, "--embedded", "--access-log"], { env });
  const [, url = ""] = await cli.prints(/^public: (http:\S+)$/m);
  port = Number(new URL(url).port);
});
afterAll(async () => {
  await cli?.clear();
  await real?.stop();
  await rm(folder, { recursive: true, force: true });
});
beforeEach(() => real.forget());

/** The answer, or that there was none. */
async function answerOf(to: number, bytes: string | Uint8Array, method: string): Promise<RawReply | string> {
  const connection = await openRaw({ port: to });
  try {
    connection.send(bytes);
    return await connection.response(method);
  } catch (error) {
    return `${error}`;
  } finally {
    connection.close();
  }
}

/**
 * `closes` is whether the next request may come on this connection. Envoy ends one whose request it has not read to its end, which is
 * left out here: this host reads the rest.
 */
function seen(reply: RawReply | string, method = "GET") {
  if (typeof reply === "string") return { broken: reply };
  const { status, headers, body } = reply;
  const closes = headers.some(([name, value]) => name.toLowerCase() === "connection" && /close/i.test(value));
  const head = { status, headers: comparable(headers), body: body.toString("latin1") };
  return method === "POST" && status === 403 ? head : { ...head, closes };
}

function handedOn([heard]: readonly ReceivedRequest[]) {
  if (heard === undefined) return undefined;
  const { method, url, rawHeaders, body } = heard;
  const pairs = rawHeaders.flatMap((name, index): [string, string][] =>
    index % 2 === 0 ? [[name, rawHeaders[index + 1] ?? ""]] : [],
  );
  return { method, url, headers: comparable(pairs), body: body.toString("latin1") };
}

/** Sends it to both, one after the other. */
async function both(bytes: string | Uint8Array, method = "GET") {
  real.forget();
  const there = seen(await answerOf(real.port(), bytes, method), method);
  const envoy = { ...there, service: handedOn(real.heard()) };
  real.forget();
  const here = seen(await answerOf(port, bytes, method), method);
  return { envoy, embedded: { ...here, service: handedOn(real.heard()) } };
}

/** A line of the access log by the number of its request, without the id. */
async function logged(number: number): Promise<unknown> {
  const line = await until("a line of the access log", () => cli.stdout().match(/^\{.*\}$/gm)?.[number]);
  const { request_id: _, ...rest } = JSON.parse(line);
  return rest;
}

// In order: the limits count.
let asked = 0;
test.each(REQUESTS)("agree on %s %s %j", async (method, target, headers = [], body = "") => {
  const named = headers.some(([name]) => name === "host");
  const bytes = rawRequestBytes({
    method,
    target,
    headers: named ? headers : [["host", "shop.test"], ...headers],
    body,
  });
  const number = asked++;
  const { reply, decision } = await real.judged(() => answerOf(real.port(), bytes, method));
  const envoy = { ...seen(reply, method), service: handedOn(real.heard()) };
  real.forget();
  const embedded = { ...seen(await answerOf(port, bytes, method), method), service: handedOn(real.heard()) };
  expect(embedded).toEqual(envoy);
  expect(await logged(number)).toEqual(decision);
});

const HOST = "Host: shop.test\r\n";
const lines = (count: number) => Array.from({ length: count }, (_, index) => `x-${index}: 1\r\n`).join("");

describe("bytes", () => {
  const sent: [what: string, bytes: string][] = [
    [
      "a body in chunks, with an extension and trailers",
      `POST /any/a HTTP/1.1\r\n${HOST}transfer-encoding: chunked\r\n\r\n2;x=y\r\nab\r\n0\r\nx-t: 1\r\n\r\n`,
    ],
    ["chunks with GET", `GET /any/a HTTP/1.1\r\n${HOST}transfer-encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n`],
    ["no chunk", `POST /any/a HTTP/1.1\r\n${HOST}transfer-encoding: chunked\r\n\r\n0\r\n\r\n`],
    ["a length of 0", `GET /any/a HTTP/1.1\r\n${HOST}content-length: 0\r\n\r\n`],
    ["HTTP/1.0", `GET /any/a HTTP/1.0\r\n${HOST}\r\n`],
    ["an upgrade", `GET /any/a HTTP/1.1\r\n${HOST}Connection: upgrade\r\nUpgrade: websocket\r\n\r\n`],
    ["an upgrade that is not meant for the next hop", `GET /any/a HTTP/1.1\r\n${HOST}Upgrade: websocket\r\n\r\n`],
    [
      "an upgrade to h2c",
      `GET /any/a HTTP/1.1\r\n${HOST}Connection: upgrade, http2-settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n`,
    ],
    ["the end of the connection", `GET /any/a HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n`],
    [
      "headers that Connection names in several lines",
      `GET /any/a HTTP/1.1\r\n${HOST}X-A: 1\r\nX-b: 2\r\nCookie: a=b\r\nConnection: x-A ,, close\r\nconnection: cookie\r\n\r\n`,
    ],
    [
      "a length that Connection names",
      `POST /any/a HTTP/1.1\r\n${HOST}content-length: 2\r\nConnection: content-length\r\n\r\nab`,
    ],
    ["the host in Connection", `GET /any/a HTTP/1.1\r\n${HOST}X-A: 1\r\nConnection: x-a, Host\r\n\r\n`],
    ["x-forwarded-for in Connection", `GET /any/a HTTP/1.1\r\n${HOST}Connection: X-Forwarded-For\r\n\r\n`],
    [":path in Connection", `GET /any/a HTTP/1.1\r\n${HOST}Connection: :path\r\n\r\n`],
    ["nine names in Connection", `GET /any/a HTTP/1.1\r\n${HOST}Connection: a,b,c,d,e,f,g,h,,close\r\n\r\n`],
    ["ten names in Connection", `GET /any/a HTTP/1.1\r\n${HOST}Connection: a,b,c,d,e,f,g,h,i,close\r\n\r\n`],
    [
      "a header that Connection names",
      `GET /orders/7 HTTP/1.1\r\n${HOST}X-Api-Key: key-of-acme\r\nConnection: x-api-key\r\n\r\n`,
    ],
    ["an expectation", `POST /any/a HTTP/1.1\r\n${HOST}Expect: 100-continue\r\ncontent-length: 2\r\n\r\nab`],
    ...[
      "TE: trailers",
      "TE: gzip;q=0.5 , trailers,",
      "TE: gzip\r\nTE: trailers",
      "TE: gzip",
      "TE: Trailers",
      "TE: trailers;q=1",
      "TE:",
      "TE: gzip, Trailers\r\nConnection: TE",
      "TE: gzip\r\nConnection: te",
    ].map((line): [string, string] => [
      `what the client takes, ${JSON.stringify(line)}`,
      `GET /any/a HTTP/1.1\r\n${HOST}${line}\r\n\r\n`,
    ]),
    ["a host in the target", `GET http://OTHER.test:80/any//a?b HTTP/1.1\r\n${HOST}\r\n`],
    ["a host in the target only", "GET http://other.test/any/a HTTP/1.1\r\n\r\n"],
    ["a host in the target, and no path", `GET HTTP://other.test HTTP/1.1\r\n${HOST}\r\n`],
    ["no host", `GET /any/a?to=http://a.test HTTP/1.1\r\n\r\n`],
    ["an empty host", `GET /any/a HTTP/1.1\r\nHost:\r\n\r\n`],
    ["two hosts", `GET /any/a HTTP/1.1\r\nHost: a.test\r\nHost: b.test\r\n\r\n`],
    ["a blank before a colon", `GET /any/a HTTP/1.1\r\n${HOST}x-a : b\r\n\r\n`],
    ["the target *", `OPTIONS * HTTP/1.1\r\n${HOST}\r\n`],
    ["as many headers as may be", `GET /any/a HTTP/1.1\r\n${HOST}${lines(99)}\r\n`],
    ["one more", `GET /any/a HTTP/1.1\r\n${HOST}${lines(100)}\r\n`],
    ["2,500 headers", `GET /any/a HTTP/1.1\r\n${HOST}${lines(2_500)}x-api-key: key-of-acme\r\n\r\n`],
    ["61 KiB of headers", `GET /any/a HTTP/1.1\r\n${HOST}x: ${"a".repeat(61 * 1024)}\r\n\r\n`],
    ["bytes that are no UTF-8", `GET /any/a HTTP/1.1\r\n${HOST}x: \xff\xfe\xc3\xbc\xed\xb2\x80\r\n\r\n`],
    ["UTF-8", `GET /any/a HTTP/1.1\r\n${HOST}x: ${Buffer.from("grün €").toString("latin1")}\r\n\r\n`],
    ["a control character", `GET /any/a HTTP/1.1\r\n${HOST}x: a\x01b\r\n\r\n`],
    ["a DEL", `GET /any/a HTTP/1.1\r\n${HOST}x: a\x7fb\r\n\r\n`],
    ["a NUL", `GET /any/a HTTP/1.1\r\n${HOST}x: a\0b\r\n\r\n`],
    ["a byte above ASCII in the path", `GET /any/\xff HTTP/1.1\r\n${HOST}\r\n`],
    ["a chunk without a size", `POST /any/a HTTP/1.1\r\n${HOST}transfer-encoding: chunked\r\n\r\nzz\r\n`],
    [
      "length and chunks",
      `POST /any/a HTTP/1.1\r\n${HOST}content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`,
    ],
    ["two lengths", `POST /any/a HTTP/1.1\r\n${HOST}content-length: 2\r\ncontent-length: 2\r\n\r\nab`],
    ["a coding that is unknown", `POST /any/a HTTP/1.1\r\n${HOST}transfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n`],
    ["the beginning of TLS", "\x16\x03\x01\x02\x00\r\n\r\n"],
    ["a method that nobody knows", `FOO /any/a HTTP/1.1\r\n${HOST}\r\n`],
    ["cookies in two lines", `GET /any/a HTTP/1.1\r\n${HOST}cookie: a=b\r\ncookie: c=d\r\n\r\n`],
  ];
  test.each(sent)("%s", async (_, bytes) => {
    const { envoy, embedded } = await both(Buffer.from(bytes, "latin1"));
    expect(embedded).toEqual(envoy);
  });

  // Node's parser does not know MSEARCH, and refuses it as Envoy does, in other words.
  const methods = HTTP1_METHODS.filter((method) => method !== "HEAD" && method !== "MSEARCH");
  test.each(methods)("%s without a body", async (method) => {
    const { envoy, embedded } = await both(`${method} /any/a HTTP/1.1\r\n${HOST}\r\n`);
    expect(embedded).toEqual(envoy);
  });

  test("are read more strictly where Node's parser does so: 400", async () => {
    const folded = `GET /any/a HTTP/1.1\r\n${HOST}x-a: b\r\n c\r\n\r\n`;
    const refused = [
      folded,
      `GET /any/a HTTP/1.1\nHost: shop.test\n\n`,
      `GET /any/a HTTP/1.1\r\n${HOST}x: a\rb\r\n\r\n`,
    ];
    for (const bytes of refused) {
      const { envoy, embedded } = await both(bytes);
      expect([envoy, embedded]).toMatchObject([{ status: 200 }, { status: 400, closes: true, service: undefined }]);
    }
  });
});

describe("services", () => {
  const GONE = `GET /gone HTTP/1.1\r\n${HOST}Origin: https://shop.example.com\r\n\r\n`;

  test("one that takes too long", async () => {
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    real.upstream("echo").reply(async ({ url }) => {
      if (url === "/short") await held;
      return { body: "late" };
    });
    try {
      for (const method of ["GET", "HEAD"]) {
        const { envoy, embedded } = await both(`${method} /short HTTP/1.1\r\n${HOST}\r\n`, method);
        expect(envoy).toMatchObject({ status: 504 });
        expect(embedded).toEqual(envoy);
      }
    } finally {
      release();
    }
  });

  test("one that is not there", async () => {
    const { envoy, embedded } = await both(GONE);
    expect(envoy).toMatchObject({ status: 503 });
    expect(embedded).toEqual(envoy);
  });

  const answers: [what: string, answer: string][] = [
    ["nothing", ""],
    ["no HTTP", "garbage\r\n\r\n"],
    ["two lengths", "HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\nabc"],
    ["less than it says", "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nab"],
    ["a chunk without a size", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\nzz"],
    [
      "early hints, and what belongs to the connection",
      "HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\nHTTP/1.1 200 OK\r\nDate: yesterday\r\nServer: me\r\nKeep-Alive: timeout=5\r\nconnection: close\r\nX-Up: 1\r\n\r\nab",
    ],
    ["HTTP/1.0", "HTTP/1.0 200 OK\r\n\r\nab"],
    ["chunks without content", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"],
    ["no content", "HTTP/1.1 204 No Content\r\n\r\n"],
    ["a status that nobody knows", "HTTP/1.1 999 Odd\r\ncontent-length: 0\r\n\r\n"],
    [
      "cookies, and bytes that are no UTF-8",
      "HTTP/1.1 200 OK\r\nset-cookie: a\r\nset-cookie: b\r\nx: \xff\r\nx: 2\r\ncontent-length: 0\r\n\r\n",
    ],
  ];
  test.each(answers)("one that answers %s", async (_, answer) => {
    const service = createServer((socket) => {
      socket.on("error", () => {}).once("data", () => socket.end(answer, "latin1"));
    });
    await new Promise<void>((resolve) => service.listen(real.upstream("gone").port, "127.0.0.1", resolve));
    try {
      const { envoy, embedded } = await both(GONE);
      expect(embedded).toEqual(envoy);
    } finally {
      await new Promise((resolve) => service.close(resolve));
    }
  });
});

test("nothing of all that was reported as a fault, and no key was printed", async () => {
  const said = cli
    .stderr()
    .split("\n")
    .filter((line) => line.startsWith("sluice: "));
  expect(said).toEqual([expect.stringContaining("no production proxy")]);
  expect(cli.stdout()).not.toContain("key-of-");
});
