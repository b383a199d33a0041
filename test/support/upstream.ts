import { createServer, type IncomingMessage, type ServerResponse } from "node:http";

/** A request as it came over the wire. */
export interface ReceivedRequest {
  method: string;
  url: string;
  httpVersion: string;
  /** Names and values in turn, in order, duplicates included. */
  rawHeaders: string[];
  /** All values of a header, whatever the case of its name. */
  values(name: string): string[];
  body: Buffer;
}

/** Default: status 200, no headers, empty body. */
export interface ScriptedReply {
  status?: number;
  headers?: Record<string, string | string[]>;
  body?: string | Uint8Array;
}

/** One reply for all, or a function of the request; a promise holds the answer back. */
export type Script = ScriptedReply | ((request: ReceivedRequest) => ScriptedReply | Promise<ScriptedReply>);

export interface Upstream {
  readonly port: number;
  /** `host:port`, as an endpoint of a policy. */
  readonly address: string;
  /** All complete requests so far, oldest first. */
  readonly received: readonly ReceivedRequest[];
  /** How many connections there were, and how many are open. */
  connections(): number;
  open(): number;
  /** Changes what later requests are answered. */
  reply(script: Script): void;
  /** Forgets what was received. */
  clear(): void;
  /** Ends all connections and stops listening. */
  close(): Promise<void>;
}

/**
 * A real HTTP/1.1 server on a free loopback port that records what reaches it.
 *
 * @param port of one that was closed, whose place it takes
 * @param host another address of this machine
 */
export async function startUpstream(script: Script = {}, port = 0, host = "127.0.0.1"): Promise<Upstream> {
  let current = script;
  const received: ReceivedRequest[] = [];
  const server = createServer({ joinDuplicateHeaders: false }, (incoming, outgoing) => {
    answer(incoming, outgoing).catch(() => outgoing.destroy());
  });
  const answer = async (incoming: IncomingMessage, outgoing: ServerResponse) => {
    const request = await record(incoming);
    received.push(request);
    const reply = typeof current === "function" ? await current(request) : current;
    outgoing.writeHead(reply.status ?? 200, reply.headers ?? {});
    outgoing.end(reply.body);
  };
  const connections = { all: 0, open: 0 };
  server.on("connection", (socket) => {
    connections.all++;
    connections.open++;
    socket.on("close", () => connections.open--);
  });
  // Envoy keeps upstream connections open; a server that closes them first would turn reuse into a 503.
  server.keepAliveTimeout = 0;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, resolve);
  });
  const bound = server.address();
  if (bound === null || typeof bound === "string") throw new Error("the upstream has no port");
  return {
    port: bound.port,
    address: `${host.includes(":") ? `[${host}]` : host}:${bound.port}`,
    received,
    connections: () => connections.all,
    open: () => connections.open,
    reply(next) {
      current = next;
    },
    clear() {
      received.length = 0;
    },
    close() {
      return new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  };
}

async function record(incoming: IncomingMessage): Promise<ReceivedRequest> {
  const parts: Buffer[] = [];
  for await (const part of incoming) parts.push(part);
  const { method = "", url = "", httpVersion, rawHeaders } = incoming;
  return {
    method,
    url,
    httpVersion,
    rawHeaders,
    values: (name) =>
      rawHeaders.filter((_, index) => index % 2 === 1 && rawHeaders[index - 1]?.toLowerCase() === name.toLowerCase()),
    body: Buffer.concat(parts),
  };
}
