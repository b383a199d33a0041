import { createServer, type Server } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openRaw, rawRequest, rawRequestBytes, request } from "./http.js";
import { startUpstream, type Upstream } from "./upstream.js";

let upstream: Upstream;
beforeAll(async () => {
  upstream = await startUpstream();
});
afterAll(() => upstream.close());

/** A server that answers any bytes with these. */
async function withServer(answer: string, act: (port: number) => Promise<void>): Promise<void> {
  const server: Server = createServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", () => socket.end(answer, "latin1"));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const bound = server.address();
  if (bound === null || typeof bound === "string") throw new Error("no port");
  try {
    await act(bound.port);
  } finally {
    server.close();
  }
}

describe("the upstream", () => {
  it("records what reached it, with order, case and duplicates of the headers", async () => {
    upstream.clear();
    upstream.reply({ status: 201, headers: { "x-a": ["1", "2"] }, body: "made" });
    const reply = await request(`http://${upstream.address}/a?b=c`, {
      method: "POST",
      headers: ["Host", "h", "X-Key", "one", "x-key", "two", "Content-Length", "4"],
      body: "data",
    });
    expect([reply.status, reply.text, reply.headers["x-a"]]).toEqual([201, "made", "1, 2"]);
    const [seen] = upstream.received;
    expect([seen?.method, seen?.url, seen?.body.toString()]).toEqual(["POST", "/a?b=c", "data"]);
    expect(seen?.rawHeaders.slice(2, 6)).toEqual(["X-Key", "one", "x-key", "two"]);
    expect(seen?.values("x-KEY")).toEqual(["one", "two"]);
  });

  it("answers by a function, which may wait", async () => {
    upstream.reply(async ({ url }) => ({ body: url }));
    const answers = await Promise.all(["/1", "/2"].map((path) => request(`http://${upstream.address}${path}`)));
    expect(answers.map(({ text }) => text)).toEqual(["/1", "/2"]);
  });

  it("closes although connections are kept", async () => {
    const other = await startUpstream();
    await request(`http://${other.address}/`);
    await other.close();
    await expect(request(`http://${other.address}/`)).rejects.toThrow(/ECONNREFUSED|ECONNRESET|socket hang up/);
  });

  it("a request that is never answered ends with an error", async () => {
    upstream.reply(() => new Promise(() => {}));
    await expect(request(`http://${upstream.address}/`, { timeoutMs: 50 })).rejects.toThrow(
      "no complete answer in 50 ms",
    );
  });
});

describe("the raw client", () => {
  it("sends what it is told, byte by byte", () => {
    const bytes = rawRequestBytes({
      method: "PO ST",
      target: "http://a/../b",
      headers: [
        ["Host", "a"],
        ["host", "b"],
        ["x", Uint8Array.of(0xc1, 0xa1, 0)],
        ["y", "\xff"],
      ],
      body: "z",
    });
    expect(bytes.toString("latin1")).toBe(
      "PO ST http://a/../b HTTP/1.1\r\nHost: a\r\nhost: b\r\nx: \xc1\xa1\0\r\ny: \xff\r\n\r\nz",
    );
  });

  it("reads bodies by length, by chunks, to the end, and none for HEAD and 204", async () => {
    const cases: [string, string, string][] = [
      ["GET", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcdef", "abc"],
      ["GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1;x=y\r\nc\r\n0\r\nt: 1\r\n\r\n", "abc"],
      ["GET", "HTTP/1.0 200 OK\r\n\r\nabc", "abc"],
      ["GET", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabc", "abc"],
      ["HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", ""],
      ["GET", "HTTP/1.1 204 No Content\r\n\r\n", ""],
    ];
    for (const [method, answer, body] of cases) {
      await withServer(answer, async (port) => {
        const reply = await rawRequest({ port }, { method, target: "/", headers: [["host", "a"]] });
        expect(reply.text).toBe(body);
      });
    }
  });

  it("gives headers as received", async () => {
    await withServer(
      "HTTP/1.1 401 No\r\nSet-Cookie: a\r\nset-cookie:  b: c\r\ncontent-length: 0\r\n\r\n",
      async (port) => {
        const reply = await rawRequest({ port }, "x");
        expect([reply.status, reply.reason]).toEqual([401, "No"]);
        expect(reply.headers.slice(0, 2)).toEqual([
          ["Set-Cookie", "a"],
          ["set-cookie", "b: c"],
        ]);
        expect(reply.values("SET-COOKIE")).toEqual(["a", "b: c"]);
      },
    );
  });

  it("reads answers to pipelined requests in turn", async () => {
    upstream.reply(({ url }) => ({ body: url }));
    const connection = await openRaw({ port: upstream.port });
    for (const target of ["/1", "/2"]) connection.send(rawRequestBytes({ target, headers: [["host", "a"]] }));
    expect((await connection.response()).text).toBe("/1");
    expect((await connection.response()).text).toBe("/2");
    connection.close();
  });

  it("rejects an answer that is cut off", async () => {
    await withServer("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc", async (port) => {
      await expect(rawRequest({ port }, "x")).rejects.toThrow("the connection ended after 3 of 10 bytes");
    });
    await withServer("nonsense\r\n\r\n", async (port) => {
      await expect(rawRequest({ port }, "x")).rejects.toThrow('not a status line: "nonsense"');
    });
  });
});
