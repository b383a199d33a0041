import { createServer, type ServerHttp2Session } from "node:http2";
import { portOf } from "./served-policy.js";

/** What the service says of a request. Headers are those that it gives to the request, or to the client that it refuses. */
export interface Judgement {
  allows: boolean;
  status?: number;
  headers?: Readonly<Record<string, string>>;
  remove?: readonly string[];
  body?: string;
}

/** A service of `envoy.service.auth.v3.Authorization` on a free port, by gRPC over cleartext HTTP/2. */
export interface Authorization {
  readonly port: number;
  /** The messages that it was asked with, as bytes. */
  readonly asked: readonly Buffer[];
  /** Of later requests; undefined: it says nothing. */
  judge(judgement: Judgement | undefined): void;
  close(): Promise<void>;
}

export async function startAuthorization(): Promise<Authorization> {
  const asked: Buffer[] = [];
  let current: Judgement | undefined = { allows: true };
  const sessions = new Set<ServerHttp2Session>();
  const server = createServer();
  server.on("session", (session) => void sessions.add(session));
  server.on("stream", (stream) => {
    const parts: Buffer[] = [];
    stream.on("error", () => {});
    stream.on("data", (part: Buffer) => parts.push(part));
    stream.on("end", () => {
      asked.push(Buffer.concat(parts));
      if (current === undefined) return;
      stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
      stream.once("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
      stream.end(framed(checkResponse(current)));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: portOf(server.address()),
    asked,
    judge(judgement) {
      asked.length = 0;
      current = judgement;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const session of sessions) session.destroy();
      }),
  };
}

/** The length-prefixed message of gRPC over HTTP/2. */
function framed(message: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

/** `CheckResponse` in the wire format of Protocol Buffers; 7 is PERMISSION_DENIED. */
function checkResponse({ allows, status = 403, headers = {}, remove = [], body = "" }: Judgement): Buffer {
  const written = Object.entries(headers).map(([name, value]) =>
    field(2, field(1, Buffer.concat([text(1, name), text(2, value)]))),
  );
  if (allows) {
    const ok = [...written, ...remove.map((name) => text(5, name))];
    return Buffer.concat([field(1, Buffer.alloc(0)), field(3, Buffer.concat(ok))]);
  }
  const denied = [field(1, number(1, status)), ...written, text(3, body)];
  return Buffer.concat([field(1, number(1, 7)), field(2, Buffer.concat(denied))]);
}

function field(tag: number, bytes: Buffer): Buffer {
  return Buffer.concat([varint((tag << 3) | 2), varint(bytes.length), bytes]);
}

function text(tag: number, value: string): Buffer {
  return field(tag, Buffer.from(value));
}

function number(tag: number, value: number): Buffer {
  return Buffer.concat([varint(tag << 3), varint(value)]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  for (let left = value; ; left >>>= 7) {
    if (left < 128) return Buffer.from([...bytes, left]);
    bytes.push((left & 127) | 128);
  }
}
