import { createServer, type ServerResponse } from "node:http";
import type { Observation, ServiceAnswer } from "./case.js";
import { withoutWire } from "./case.js";

/** A service that answers with exactly the headers it is told. */
export interface ScriptedService {
  readonly port: number;
  /** For the requests from now on; forgets what was heard. */
  answer(answer: ServiceAnswer | "never"): void;
  /** Answers the request that waits for ever. */
  release(): void;
  heard(): Exclude<Observation["service"], "none"> | undefined;
  close(): Promise<void>;
}

/** Bytes of a body that are announced and do not come, where it breaks off. */
export const UNSENT = 2;

export async function startService(): Promise<ScriptedService> {
  let current: ServiceAnswer | "never" = {};
  let release = () => {};
  let heard: ReturnType<ScriptedService["heard"]>;
  const server = createServer({ joinDuplicateHeaders: false }, (incoming, outgoing) => {
    const parts: Buffer[] = [];
    incoming.on("data", (part: Buffer) => parts.push(part));
    incoming.on("end", () => {
      const names = incoming.rawHeaders.filter((_, index) => index % 2 === 0);
      const headers = names.map((name, index): [string, string] => [name, incoming.rawHeaders[2 * index + 1] ?? ""]);
      heard = {
        method: incoming.method ?? "",
        path: incoming.url ?? "",
        headers: withoutWire(headers),
        body: Buffer.concat(parts).toString("latin1"),
      };
      if (current === "never") release = () => write(outgoing, {});
      else write(outgoing, current);
    });
  });
  server.keepAliveTimeout = 0;
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const bound = server.address();
  if (bound === null || typeof bound === "string") throw new Error("the service has no port");
  return {
    port: bound.port,
    answer(answer) {
      current = answer;
      heard = undefined;
    },
    release: () => release(),
    heard: () => heard,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function write(
  outgoing: ServerResponse,
  { status = 200, headers = [], body = "", trailers, ends }: ServiceAnswer,
): void {
  if (ends === "breaks before") {
    outgoing.destroy();
    return;
  }
  outgoing.sendDate = false;
  const announced = body.length + (ends === undefined ? 0 : UNSENT);
  const length = trailers === undefined ? [["content-length", String(announced)]] : [];
  outgoing.writeHead(status, [...headers, ...length].flat());
  if (ends !== undefined) {
    outgoing.write(body, "latin1", () => {
      if (ends === "breaks") outgoing.destroy();
    });
    return;
  }
  if (body !== "") outgoing.write(body, "latin1");
  if (trailers !== undefined) outgoing.addTrailers(trailers.map(([name, value]): [string, string] => [name, value]));
  outgoing.end();
}
