import { createHash } from "node:crypto";
import { createServer, request } from "node:http";
import type { Socket } from "node:net";
import { expect, test } from "vitest";
import { clean } from "./support/clean.js";
import { type Gateway, serve } from "./support/serve.js";
import { portOf } from "./support/served-policy.js";

/** RFC 6455 section 1.3. */
const MAGIC = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/** A server that makes a WebSocket of each connection that asks for it, and sends back every byte. */
async function echoServer() {
  const asked: { url: string | undefined; headers: Record<string, unknown> }[] = [];
  const server = createServer((_, response) => response.end("plain"));
  server.on("upgrade", ({ url, headers }, socket) => {
    asked.push({ url, headers });
    const accept = createHash("sha1").update(`${headers["sec-websocket-key"]}${MAGIC}`).digest("base64");
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-accept: ${accept}\r\n\r\n`,
    );
    socket.on("data", (data) => socket.write(data));
    socket.on("error", () => {});
    socket.on("end", () => socket.end());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  clean.push(
    () =>
      new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections();
      }),
  );
  return { address: `127.0.0.1:${portOf(server.address())}`, asked };
}

async function gatewayBefore(address: string): Promise<Gateway> {
  const gateway = await serve(
    `apiVersion: sluice/v1
kind: Gateway
name: sockets
listeners: { public: { address: 127.0.0.1:8080 } }
services: { chat: { endpoints: [${address}] } }
consumers: { acme: { credentials: [{ apiKey: env:ACME_KEY }] } }
policies: { known: { authenticate: { anyOf: [{ apiKey: { header: x-api-key } }] } } }
routes:
  - { name: chat, match: { path: /chat/** }, to: chat, websocket: true, timeout: 1s, rewrite: { path: /rooms/** }, apply: [known] }
  - { name: plain, match: { path: /plain }, to: chat }
  - { name: off, match: { path: /off }, to: chat, websocket: false }
`,
    { ownServices: true },
  );
  clean.push(() => gateway.stop());
  return gateway;
}

/** Asks for a WebSocket: the connection that became one, or the answer. */
function upgraded(url: string, headers: Record<string, string> = {}): Promise<{ status: number; socket?: Socket }> {
  return new Promise((resolve, reject) => {
    const call = request(url, {
      headers: {
        connection: "upgrade",
        upgrade: "websocket",
        "sec-websocket-version": "13",
        "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
        ...headers,
      },
    });
    call.on("upgrade", ({ statusCode = 0 }, socket: Socket) => resolve({ status: statusCode, socket }));
    call.on("response", (response) => {
      response.resume();
      resolve({ status: response.statusCode ?? 0 });
    });
    call.on("error", reject);
    call.end();
  });
}

function echoed(socket: Socket, text: string): Promise<string> {
  return new Promise((resolve) => {
    socket.once("data", (data) => resolve(data.toString()));
    socket.write(text);
  });
}

test("a client makes a WebSocket of its connection, once the policies let it; bytes go both ways for longer than `timeout`", async () => {
  const chat = await echoServer();
  const { url, env } = await gatewayBefore(chat.address);
  expect(await upgraded(url("/chat/7"))).toEqual({ status: 401 });
  expect(chat.asked).toEqual([]);

  const { status, socket } = await upgraded(url("/chat/7?a=b"), { "x-api-key": env.ACME_KEY ?? "" });
  if (socket === undefined) throw new Error(`no WebSocket, but ${status}`);
  const started = Date.now();
  while (Date.now() - started < 1_500) expect(await echoed(socket, "hello")).toBe("hello");
  socket.destroy();
  expect(chat.asked).toMatchObject([
    {
      url: "/rooms/7?a=b",
      headers: { upgrade: "websocket", "x-consumer": "acme", "x-envoy-original-path": "/chat/7?a=b" },
    },
  ]);
  expect(chat.asked[0]?.headers["x-api-key"]).toBeUndefined();
});

test("other routes refuse it, and the route takes other requests as ever", async () => {
  const chat = await echoServer();
  const { url, env, send } = await gatewayBefore(chat.address);
  for (const path of ["/plain", "/off"]) expect(await upgraded(url(path))).toEqual({ status: 403 });
  expect(chat.asked).toEqual([]);
  expect(await send("/chat/7", { headers: { "x-api-key": env.ACME_KEY ?? "" } })).toMatchObject({ text: "plain" });
});
