import { Agent, request as httpRequest, type IncomingHttpHeaders } from "node:http";
import { connect, type Socket } from "node:net";
import { keepReply } from "./replies.js";

const TIMEOUT_MS = 10_000;

export interface RequestOptions {
  method?: string;
  /** In Node's two forms: by name, or a flat list of names and values that keeps order and duplicates. */
  headers?: Record<string, string | string[]> | readonly string[];
  body?: string | Uint8Array;
  /** Default: one keep-alive agent shared by all. */
  agent?: Agent;
  /** Milliseconds without an answer. Default 10,000. */
  timeoutMs?: number;
}

export interface Reply {
  status: number;
  /** Names in lower case. */
  headers: IncomingHttpHeaders;
  /** Names and values in turn, as received. */
  rawHeaders: string[];
  body: Buffer;
  text: string;
}

const sharedAgent = new Agent({ keepAlive: true });

/** One HTTP/1.1 request. Rejects on a connection error, and when there is no complete answer in time. */
export function request(url: string | URL, options: RequestOptions = {}): Promise<Reply> {
  const timeoutMs = options.timeoutMs ?? TIMEOUT_MS;
  return new Promise((resolve, reject) => {
    const call = httpRequest(
      url,
      {
        method: options.method ?? "GET",
        headers: isFlat(options.headers) ? [...options.headers] : (options.headers ?? {}),
        agent: options.agent ?? sharedAgent,
      },
      (response) => {
        const parts: Buffer[] = [];
        response.on("data", (part: Buffer) => parts.push(part));
        response.on("error", fail);
        response.on("end", () => {
          clearTimeout(timer);
          const body = Buffer.concat(parts);
          keepReply(Number(new URL(url).port), response.rawHeaders, body);
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            rawHeaders: response.rawHeaders,
            body,
            text: body.toString("utf8"),
          });
        });
      },
    );
    const fail = (error: Error) => {
      clearTimeout(timer);
      reject(error);
    };
    const timer = setTimeout(() => call.destroy(new Error(`${url}: no complete answer in ${timeoutMs} ms`)), timeoutMs);
    call.on("error", fail);
    call.end(options.body);
  });
}

function isFlat(headers: RequestOptions["headers"]): headers is readonly string[] {
  return Array.isArray(headers);
}

export interface RawMessage {
  method?: string;
  /** Goes into the request line as it is: path, absolute form, `*`. */
  target: string;
  /** In this order, duplicates included. No header is added. Strings are sent as Latin-1: one byte a character. */
  headers: readonly (readonly [name: string, value: string | Uint8Array])[];
  body?: string | Uint8Array;
}

/** The bytes of a request, with nothing added, checked or escaped. */
export function rawRequestBytes(message: RawMessage): Buffer {
  const parts: Uint8Array[] = [Buffer.from(`${message.method ?? "GET"} ${message.target} HTTP/1.1\r\n`, "latin1")];
  for (const [name, value] of message.headers) {
    parts.push(bytes(`${name}: `), bytes(value), bytes("\r\n"));
  }
  parts.push(bytes("\r\n"));
  if (message.body !== undefined) parts.push(bytes(message.body));
  return Buffer.concat(parts);
}

export interface RawReply {
  status: number;
  reason: string;
  /** Names as received, values as Latin-1. */
  headers: [name: string, value: string][];
  /** All values of a header, whatever the case of its name. */
  values(name: string): string[];
  body: Buffer;
  text: string;
}

export interface RawConnection {
  send(data: string | Uint8Array): void;
  /**
   * The next final response (1xx are left out). Rejects when the connection ends before its end, or in 10 s.
   * @param method of the request it answers: a response to HEAD has no body
   */
  response(method?: string): Promise<RawReply>;
  /** Resolves when the server has closed the connection. Rejects after 10 s. */
  ended(): Promise<void>;
  close(): void;
}

export interface Destination {
  /** Default 127.0.0.1. */
  host?: string;
  port: number;
  /** Address of this machine that the connection comes from; the system chooses if absent. */
  from?: string;
}

/** Sends bytes as they are and reads one response on a connection of its own. */
export async function rawRequest(to: Destination, data: RawMessage | string | Uint8Array): Promise<RawReply> {
  const connection = await openRaw(to);
  try {
    const isBytes = typeof data === "string" || data instanceof Uint8Array;
    connection.send(isBytes ? data : rawRequestBytes(data));
    return await connection.response(isBytes ? undefined : data.method);
  } finally {
    connection.close();
  }
}

export async function openRaw(to: Destination): Promise<RawConnection> {
  const socket = await dial(to);
  const input = new Input(socket);
  return {
    send: (data) => void socket.write(bytes(data)),
    async response(method = "GET") {
      const reply = await readResponse(input, method);
      keepReply(to.port, [reply.reason, ...reply.headers.flat()], reply.body);
      return reply;
    },
    ended: () => input.toEnd().then(() => {}),
    close: () => socket.destroy(),
  };
}

function dial({ host = "127.0.0.1", port, from }: Destination): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, ...(from === undefined ? {} : { localAddress: from }) }, () => {
      socket.off("error", reject);
      resolve(socket);
    });
    socket.once("error", reject);
  });
}

/** What has arrived on a socket and not yet been read. */
class Input {
  private buffer = Buffer.alloc(0);
  private ended = false;
  private failure: Error | undefined;
  private wake: () => void = () => {};

  constructor(socket: Socket) {
    socket.on("data", (part: Buffer) => {
      this.buffer = Buffer.concat([this.buffer, part]);
      this.wake();
    });
    socket.on("end", () => this.finish());
    socket.on("close", () => this.finish());
    socket.on("error", (error) => {
      this.failure = error;
      this.finish();
    });
  }

  /** Up to and without the separator. */
  async until(separator: string): Promise<string> {
    await this.wait(() => this.buffer.includes(separator, 0, "latin1"), `before ${JSON.stringify(separator)}`);
    const at = this.buffer.indexOf(separator, 0, "latin1");
    const text = this.buffer.toString("latin1", 0, at);
    this.buffer = this.buffer.subarray(at + separator.length);
    return text;
  }

  async take(length: number): Promise<Buffer> {
    await this.wait(() => this.buffer.length >= length, `after ${this.buffer.length} of ${length} bytes`);
    const part = this.buffer.subarray(0, length);
    this.buffer = this.buffer.subarray(length);
    return part;
  }

  async toEnd(): Promise<Buffer> {
    await this.wait(() => this.ended, "");
    const rest = this.buffer;
    this.buffer = Buffer.alloc(0);
    return rest;
  }

  private finish(): void {
    this.ended = true;
    this.wake();
  }

  private async wait(condition: () => boolean, where: string): Promise<void> {
    const deadline = Date.now() + TIMEOUT_MS;
    while (!condition()) {
      if (this.ended) throw new Error(`the connection ended ${where}: ${this.failure?.message ?? "closed"}`);
      const left = deadline - Date.now();
      if (left <= 0) throw new Error(`nothing more came in ${TIMEOUT_MS} ms ${where}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }
}

async function readResponse(input: Input, method: string): Promise<RawReply> {
  for (;;) {
    const [first = "", ...lines] = (await input.until("\r\n\r\n")).split("\r\n");
    const match = /^HTTP\/1\.[01] (\d{3}) ?(.*)$/.exec(first);
    if (match === null) throw new Error(`not a status line: ${JSON.stringify(first)}`);
    const status = Number(match[1]);
    if (status < 200 && status !== 101) continue;
    const headers = lines.map((line): [string, string] => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon), line.slice(colon + 1).trim()];
    });
    const values = (name: string) =>
      headers.filter(([other]) => other.toLowerCase() === name.toLowerCase()).map(([, value]) => value);
    const bodyless = method === "HEAD" || status === 101 || status === 204 || status === 304;
    const body = bodyless ? Buffer.alloc(0) : await readBody(input, values);
    return { status, reason: match[2] ?? "", headers, values, body, text: body.toString("utf8") };
  }
}

async function readBody(input: Input, values: (name: string) => string[]): Promise<Buffer> {
  if (values("transfer-encoding").some((value) => value.toLowerCase().includes("chunked"))) return readChunks(input);
  const [length] = values("content-length");
  return length === undefined ? input.toEnd() : input.take(Number(length));
}

async function readChunks(input: Input): Promise<Buffer> {
  const parts: Buffer[] = [];
  for (;;) {
    const size = Number.parseInt(await input.until("\r\n"), 16);
    if (Number.isNaN(size)) throw new Error("a chunk has no size");
    if (size === 0) break;
    parts.push(await input.take(size));
    await input.until("\r\n");
  }
  while ((await input.until("\r\n")) !== "") {
    // Trailers are read and left out.
  }
  return Buffer.concat(parts);
}

function bytes(data: string | Uint8Array): Uint8Array {
  return typeof data === "string" ? Buffer.from(data, "latin1") : data;
}
