import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import { createSecureServer, type Http2ServerRequest, type SecureServerOptions } from "node:http2";
import { Agent, createServer, request as httpsRequest } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ConnectionOptions, connect, type PeerCertificate, type TLSSocket } from "node:tls";
import { type KeyedCertificate, makeAuthority } from "../../../compiler/runtime/certificates.js";
import { keepReply } from "../../support/replies.js";

/** A folder with certificates that Envoy reads, and the authority that most of them come from. */
export interface CertificateFolder {
  readonly path: string;
  readonly authority: KeyedCertificate;
  /** Puts `<name>.crt` and `<name>.key` there, each by a rename, the certificate first. */
  put(name: string, pair: KeyedCertificate): Promise<void>;
  /** Only the certificate. */
  putCertificate(name: string, pair: Pick<KeyedCertificate, "certificate">): Promise<void>;
  putKey(name: string, pair: Pick<KeyedCertificate, "key">): Promise<void>;
  remove(): Promise<void>;
}

export async function certificateFolder(): Promise<CertificateFolder> {
  const path = await mkdtemp(join(tmpdir(), "sluice-tls-"));
  const authority = await makeAuthority("tests");
  const place = async (name: string, text: string) => {
    const next = join(path, `${name}.next`);
    await writeFile(next, text, { mode: 0o600 });
    await rename(next, join(path, name));
  };
  const folder: CertificateFolder = {
    path,
    authority,
    async put(name, pair) {
      await folder.putCertificate(name, pair);
      await folder.putKey(name, pair);
    },
    putCertificate: (name, { certificate }) => place(`${name}.crt`, certificate),
    putKey: (name, { key }) => place(`${name}.key`, key),
    remove: () => rm(path, { recursive: true, force: true }),
  };
  await folder.putCertificate("ca", authority);
  return folder;
}

export interface Handshake {
  /** Of ALPN; false if nothing was agreed on. */
  alpn: string | false | null;
  version: string | null;
  certificate: PeerCertificate;
}

/** A handshake and nothing more. Rejects with the error of the client. */
export function handshake(port: number, options: ConnectionOptions): Promise<Handshake> {
  return new Promise((resolve, reject) => {
    const socket: TLSSocket = connect({ port, host: "127.0.0.1", servername: "shop.test", ...options }, () => {
      const made = {
        alpn: socket.alpnProtocol,
        version: socket.getProtocol(),
        certificate: socket.getPeerCertificate(),
      };
      socket.destroy();
      resolve(made);
    });
    socket.once("error", reject);
  });
}

export interface SecureReply {
  status: number;
  text: string;
  headers: IncomingHttpHeaders;
  /** The connection had carried another request before. */
  reused: boolean;
}

/** One HTTP/1.1 request over TLS. Rejects with the error of the client. */
export function secureGet(
  port: number,
  path: string,
  options: ConnectionOptions & { agent?: Agent; headers?: Record<string, string> } = {},
) {
  const { agent = new Agent(), ...tls } = options;
  return new Promise<SecureReply>((resolve, reject) => {
    const settings = { host: "127.0.0.1", servername: "shop.test", headers: { host: "shop.test" }, ...tls };
    const call = httpsRequest({ ...settings, port, path, agent }, (response) => {
      const parts: Buffer[] = [];
      response.on("data", (part: Buffer) => parts.push(part));
      response.once("error", reject);
      response.once("end", () => {
        const body = Buffer.concat(parts);
        keepReply(port, response.rawHeaders, body);
        resolve({
          status: response.statusCode ?? 0,
          text: body.toString(),
          headers: response.headers,
          reused: call.reusedSocket,
        });
      });
    });
    call.once("error", reject);
    call.end();
  });
}

/** What a service with TLS saw of a request and its connection. */
export interface Seen {
  httpVersion: string;
  /** Name that was asked for (SNI). */
  servername: string | false | null | undefined;
  /** Common name of the certificate that Envoy showed. */
  client: string | string[] | undefined;
}

export interface SecureService {
  readonly port: number;
  readonly seen: Seen[];
  close(): Promise<void>;
}

/** A service that speaks HTTP/2 and HTTP/1.1 by ALPN, or only the latter, on a free port. */
export async function secureService(
  { certificate, key }: KeyedCertificate,
  { http1 = false, ...options }: SecureServerOptions & { http1?: boolean } = {},
): Promise<SecureService> {
  const seen: Seen[] = [];
  const sockets = new Set<TLSSocket>();
  const answer = (incoming: IncomingMessage | Http2ServerRequest, end: (body: string) => void) => {
    const { socket, httpVersion } = incoming;
    if (!("getPeerCertificate" in socket)) throw new Error("a connection without TLS");
    seen.push({ httpVersion, servername: socket.servername, client: socket.getPeerCertificate().subject?.CN });
    end("secure");
  };
  const keyed = { cert: certificate, key, ...options };
  const server = http1
    ? createServer(keyed, (incoming, outgoing) => answer(incoming, (body) => outgoing.end(body)))
    : createSecureServer({ ...keyed, allowHTTP1: true }, (incoming, outgoing) =>
        answer(incoming, (body) => outgoing.end(body)),
      );
  server.on("secureConnection", (socket: TLSSocket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    socket.on("error", () => {});
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const bound = server.address();
  if (bound === null || typeof bound === "string") throw new Error("the service has no port");
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      for (const socket of sockets) socket.destroy();
    });
  return { port: bound.port, seen, close };
}
