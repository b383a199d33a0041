import { request } from "node:http";
import { connect, isIPv6 } from "node:net";
import { connect as connectSecurely } from "node:tls";
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { byteTextOf } from "../../host/byte-text.js";
import type { Pairs } from "../../host/pairs.js";
import type { KeyedCertificate } from "../../runtime/certificates.js";
import { pairsOf } from "../../runtime/raw-headers.js";
import type { SentRequest } from "../client.js";
import { CERTIFICATE_PORT, HTTPS_PORT } from "./bootstrap.js";

/** An answer as it came over the wire. Texts are byte texts, names of headers in lower case. */
export interface WireAnswer {
  status: number;
  headers: Pairs;
  body: string;
}

const HTTP_PORT = 80;
const TIMEOUT_MS = 30_000;

/**
 * Sends a request on a connection of its own, which says where it comes from by the PROXY protocol, version 1.
 *
 * @param from port of the client, of which nothing else is known
 * @param shown the certificate of the client, where it shows one: then the connection is one of TLS
 * @throws Error if there is no complete answer
 */
export function sendOverWire(
  port: number,
  { client, body }: SentRequest,
  from: number,
  shown?: KeyedCertificate,
): Promise<WireAnswer> {
  const { method, target, host, source, scheme } = client;
  const headers = [["host", host] as const, ...client.headers].flatMap(([name, value]) => [
    name,
    byteTextOf(Buffer.from(value)),
  ]);
  return new Promise((resolve, reject) => {
    const call = request(
      {
        method,
        path: target,
        headers: [...headers, ...lengthOf(client, body), "connection", "close"],
        createConnection: () => {
          const socket = connect(port, "127.0.0.1");
          const to = shown === undefined ? (scheme === "https" ? HTTPS_PORT : HTTP_PORT) : CERTIFICATE_PORT;
          socket.write(proxyLine(source, from, to));
          if (shown === undefined) return socket;
          // Whose certificate the gateway shows is no matter here: it is on this machine.
          return connectSecurely({ socket, cert: shown.certificate, key: shown.key, rejectUnauthorized: false });
        },
      },
      (response) => {
        const parts: Buffer[] = [];
        response.on("data", (part: Buffer) => parts.push(part));
        response.on("error", reject);
        response.on("end", () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: pairsOf(response.rawHeaders),
            body: byteTextOf(decoded(Buffer.concat(parts), response.headers["content-encoding"])),
          }),
        );
      },
    );
    call.setTimeout(TIMEOUT_MS, () => call.destroy(new Error(`no answer within ${TIMEOUT_MS} ms`)));
    call.on("error", reject);
    call.end(body);
  });
}

/** A body as it was before it was compressed, as tests look at it; as it came where that cannot be found out. */
function decoded(body: Buffer, coding: string | undefined): Buffer {
  const decode = coding === undefined || body.length === 0 ? undefined : DECODERS[coding];
  try {
    return decode?.(body) ?? body;
  } catch {
    return body;
  }
}

const DECODERS: Readonly<Record<string, (body: Buffer) => Buffer>> = { br: brotliDecompressSync, gzip: gunzipSync };

/** Methods of requests for which Node expects no body. */
const BODILESS: ReadonlySet<string> = new Set(["GET", "HEAD", "DELETE", "OPTIONS", "TRACE"]);

/** A body has a length, which the request says itself. Where there is none, Node would send an empty one in chunks. */
function lengthOf({ method, headers }: SentRequest["client"], body: Uint8Array): string[] {
  const saysLength = body.length > 0 || headers.some(([name]) => name === "content-length");
  return saysLength || BODILESS.has(method) ? [] : ["content-length", "0"];
}

/** Section 2.1 of the PROXY protocol. */
function proxyLine(source: string, from: number, to: number): string {
  const [family, destination] = isIPv6(source) ? ["TCP6", "::1"] : ["TCP4", "127.0.0.1"];
  return `PROXY ${family} ${source} ${destination} ${from} ${to}\r\n`;
}
