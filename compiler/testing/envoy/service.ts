import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { byteTextOf } from "../../host/byte-text.js";
import type { Pairs } from "../../host/pairs.js";
import { pairsOf } from "../../runtime/raw-headers.js";
import type { KeyServices } from "../key-services.js";
import type { Collectors, Post } from "../spans/posts.js";
import type { ServiceScript, UpstreamAnswer } from "../upstream.js";

/** A request as it came over the wire. */
export interface HeardRequest {
  service: string;
  method: string;
  path: string;
  /** In order, names in lower case. Values are byte texts. */
  headers: Pairs;
  /** A byte text. */
  body: string;
}

/** The services of a test file, as real HTTP/1.1 servers on 127.0.0.1. */
export interface TestServices {
  /** By name. */
  readonly ports: ReadonlyMap<string, number>;
  /** From now on they answer so; before, 503. */
  follow(script: ServiceScript): void;
  /** All requests since the last call, oldest first, but those that modules make by themselves. */
  heard(): HeardRequest[];
  /** Those by which they send spans. */
  posted(): Post[];
  close(): Promise<void>;
}

interface Asking {
  collectors: Collectors;
  keyServices: KeyServices;
}

/**
 * @param asking which of their requests are those of modules
 * @param others ports of services that are there already, which answer as they like
 */
export async function startServices(
  names: readonly string[],
  { collectors, keyServices }: Asking,
  others: Readonly<Record<string, number>> = {},
): Promise<TestServices> {
  const heard: HeardRequest[] = [];
  const posted: Post[] = [];
  let script: ServiceScript | undefined;
  const reply = (request: HeardRequest) => {
    const { service, body } = request;
    const answer = script?.answer(service, request) ?? { status: 503, headers: [], content: new Uint8Array(0) };
    const collector = collectors.collectorOf(service, request);
    if (script?.introspects(service, request) === true || keyServices.isAsked(service, request)) return answer;
    if (collector === undefined) heard.push(request);
    else posted.push({ collector, body, status: answer.status });
    return answer;
  };
  const servers = await Promise.all(names.map(async (name) => ({ name, ...(await startService(name, reply)) })));
  return {
    ports: new Map([...servers.map(({ name, port }) => [name, port] as const), ...Object.entries(others)]),
    follow: (next) => {
      script = next;
    },
    heard: () => heard.splice(0),
    posted: () => posted.splice(0),
    close: async () => {
      await Promise.all(servers.map(({ close }) => close()));
    },
  };
}

async function startService(
  name: string,
  reply: (request: HeardRequest) => UpstreamAnswer,
): Promise<{ port: number; close(): Promise<void> }> {
  const server = createServer({ joinDuplicateHeaders: false }, (request, response) => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    // The answer comes when the request is complete, so that Envoy has nothing left to send.
    request.on("end", () =>
      answer(response, reply({ ...heardOf(name, request), body: byteTextOf(Buffer.concat(parts)) })),
    );
  });
  // Envoy keeps connections to services open; a server that closes them first would turn reuse into a 503.
  server.keepAliveTimeout = 0;
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(0, "127.0.0.1", resolve));
  const bound = server.address();
  if (bound === null || typeof bound === "string") throw new Error(`the service ${name} has no port`);
  return {
    port: bound.port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function answer(response: ServerResponse, { status, headers, content }: UpstreamAnswer): void {
  response.sendDate = false;
  response.writeHead(status, headers.flat());
  response.end(content);
}

function heardOf(service: string, { method = "", url = "", rawHeaders }: IncomingMessage): Omit<HeardRequest, "body"> {
  return { service, method, path: url, headers: pairsOf(rawHeaders) };
}
