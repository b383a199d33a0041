import { createServer, type Socket } from "node:net";
import { portOf } from "../../e2e/support/served-policy.js";

/** A service that writes bytes as it likes, to whole requests; on a free port of 127.0.0.1. */
export interface RawService {
  readonly port: number;
  /** Bodies of the requests so far, oldest first. */
  readonly heard: readonly string[];
  /** Changes what later requests are answered. */
  answer(script: RawScript): void;
  close(): Promise<void>;
}

/** Writes to the connection, and ends or destroys it if the answer is to break off. */
export type RawScript = (socket: Socket, body: string) => void;

export async function startRaw(): Promise<RawService> {
  let current: RawScript = (socket) => socket.destroy();
  const heard: string[] = [];
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    let pending = "";
    socket.setEncoding("latin1");
    socket.on("close", () => open.delete(socket));
    socket.on("error", () => socket.destroy());
    socket.on("data", (text) => {
      pending += text.toString();
      const end = pending.indexOf("\r\n\r\n");
      const length = Number(/\r\ncontent-length: (\d+)/i.exec(pending)?.[1] ?? 0);
      if (end < 0 || pending.length < end + 4 + length) return;
      const body = Buffer.from(pending.slice(end + 4), "latin1").toString("utf8");
      pending = "";
      heard.push(body);
      current(socket, body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: portOf(server.address()),
    heard,
    answer(script) {
      current = script;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of open) socket.destroy();
      }),
  };
}

/** A whole answer, with the length of its body. */
export function answerText(body: string | Uint8Array, { status = 200, headers = XML_TYPE } = {}): Buffer {
  const bytes = typeof body === "string" ? Buffer.from(body) : Buffer.from(body);
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const head = `HTTP/1.1 ${status} X\r\n${lines.join("")}content-length: ${bytes.length}\r\n\r\n`;
  return Buffer.concat([Buffer.from(head), bytes]);
}

const XML_TYPE: Readonly<Record<string, string>> = { "content-type": "text/xml; charset=utf-8" };
