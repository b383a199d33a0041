import { createServer, type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { codecRefusal } from "../../embedded/worker.js";
import type { ErrorPage } from "../../plan/errors.js";
import { isAnyAddress } from "../../policy/values.js";
import { MOST_HEADER_BYTES } from "./arrival.js";

/** Bounds of the listeners that are compiled for Envoy. */
const REQUEST_HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 300_000;
const IDLE_TIMEOUT_MS = 300_000;
/** Far fewer than Envoy's: this is one thread, and for a first look. */
const MOST_CONNECTIONS = 1_000;

export interface ListenerEvents {
  onRequest(incoming: IncomingMessage, outgoing: ServerResponse): void;
  /**
   * Node's parser gave up on a connection.
   * @returns true if a request of it is under way, and has been taken care of
   */
  onUnreadable(socket: Duplex, status: number): boolean;
  /** Pages in place of what is answered by nobody else. */
  pages(): readonly ErrorPage[] | undefined;
}

/** A port with Node's HTTP/1.1 server on it. */
export class HttpListener {
  readonly port: number;
  private readonly server: Server;

  private constructor(server: Server, port: number) {
    this.server = server;
    this.port = port;
  }

  /** @throws the system's error if the address cannot be had */
  static async open(address: string, port: number, events: ListenerEvents): Promise<HttpListener> {
    const server = createServer({
      insecureHTTPParser: false,
      // Without a host Envoy answers; here too.
      requireHostHeader: false,
      maxHeaderSize: MOST_HEADER_BYTES,
      headersTimeout: REQUEST_HEADERS_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      keepAliveTimeout: IDLE_TIMEOUT_MS,
      connectionsCheckingInterval: 1_000,
    });
    server.maxConnections = MOST_CONNECTIONS;
    server.on("request", events.onRequest);
    server.on("checkContinue", (incoming: IncomingMessage, outgoing: ServerResponse) => {
      outgoing.writeContinue();
      events.onRequest(incoming, outgoing);
    });
    server.on("checkExpectation", events.onRequest);
    server.on("connect", (_incoming, socket) => refuse(socket, 403, events.pages()));
    server.on("clientError", (error: NodeJS.ErrnoException, socket) => {
      const status = statusOf(error);
      if (!events.onUnreadable(socket, status)) refuse(socket, status, events.pages());
    });
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen({ host: address, port, ipv6Only: !isAnyAddress(address) }, () => {
        server.off("error", reject);
        resolve();
      });
    });
    return new HttpListener(server, boundTo(server.address()));
  }

  /** Takes no new connections, and ends those that are idle now and all of them after a while. Milliseconds. */
  async close(drainMs: number): Promise<void> {
    const timer = setTimeout(() => this.server.closeAllConnections(), drainMs);
    await new Promise<void>((resolve) => {
      this.server.close(() => resolve());
      this.server.closeIdleConnections();
    });
    clearTimeout(timer);
  }
}

function boundTo(address: string | AddressInfo | null): number {
  if (address === null || typeof address === "string") throw new TypeError("a TCP server has a port");
  return address.port;
}

function statusOf({ code }: NodeJS.ErrnoException): number {
  if (code === "HPE_HEADER_OVERFLOW") return 431;
  return code === "ERR_HTTP_REQUEST_TIMEOUT" ? 408 : 400;
}

/** An answer of the codec on a connection that no request is read from any more. */
function refuse(socket: Duplex, refused: number, pages: readonly ErrorPage[] | undefined): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const { status, headers, body } = codecRefusal("GET", refused, pages);
  const lines = [...headers, ["date", new Date().toUTCString()], ["connection", "close"]].map(
    ([name, value]) => `${name}: ${value}\r\n`,
  );
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}\r\n${lines.join("")}\r\n${body}`, "latin1");
}
