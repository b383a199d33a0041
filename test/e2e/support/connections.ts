import { connect, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import type { Gateway } from "./serve.js";
import { busyWorkers } from "./workers.js";

/** Kept connections that are spread over all workers. */
export interface Fleet {
  readonly size: number;
  /**
   * Sends on all connections at once, on each one request after another's answer. (Envoy answers two or so requests that
   * were sent in one go, then closes the connection.)
   */
  run(requests: readonly Buffer[][]): Promise<Volley>;
  close(): void;
}

export interface Volley {
  /** Answers by status. */
  counts: Map<number, number>;
  /** Texts of the answers, heads and bodies as they came, by connection. */
  texts: string[];
  /** From before the first byte to after the last, in ms. */
  elapsedMs: number;
}

const TIMEOUT_MS = 20_000;
const MOST = 256;

/** Opens at least `least` connections, and more until every worker holds one: the kernel spreads them by chance. */
export async function openFleet(gateway: Gateway, least: number, workers: number): Promise<Fleet> {
  const sockets: Socket[] = [];
  const close = () => {
    for (const socket of sockets) socket.destroy();
  };
  try {
    while (sockets.length < least || (await busyWorkers(gateway.envoy)).length < workers) {
      if (sockets.length >= MOST) throw new Error(`${MOST} connections did not reach ${workers} workers`);
      const missing = Math.max(1, least - sockets.length);
      sockets.push(...(await Promise.all(Array.from({ length: missing }, () => dial(gateway.port())))));
      // Envoy accepts a moment after the kernel does.
      await delay(5);
    }
  } catch (error) {
    close();
    throw error;
  }
  return {
    size: sockets.length,
    close,
    async run(requests) {
      const begin = performance.now();
      const texts = await Promise.all(sockets.map((socket, index) => exchange(socket, requests[index] ?? [])));
      const elapsedMs = performance.now() - begin;
      return { counts: countStatuses(texts), texts, elapsedMs };
    },
  };
}

/** `total` requests, dealt out one after another. */
export function dealt(total: number, size: number, bytes: (index: number) => Buffer): Buffer[][] {
  const hands = Array.from({ length: size }, (): Buffer[] => []);
  for (let index = 0; index < total; index++) hands[index % size]?.push(bytes(index));
  return hands;
}

function dial(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port, noDelay: true }, () => resolve(socket));
    socket.once("error", reject);
  });
}

const STATUS_LINE = /HTTP\/1\.1 (\d{3}) /g;

function exchange(socket: Socket, requests: readonly Buffer[]): Promise<string> {
  if (requests.length === 0) return Promise.resolve("");
  return new Promise((resolve, reject) => {
    const parts: string[] = [];
    let answers = 0;
    let sent = 1;
    let tail = "";
    const finish = (error?: Error) => {
      clearTimeout(timer);
      socket.off("data", onData).off("close", onClose).off("error", finish);
      if (error === undefined) resolve(parts.join(""));
      else reject(error);
    };
    const onData = (part: Buffer) => {
      const text = part.toString("latin1");
      parts.push(text);
      // A status line may be divided between parts; what is kept is one character too short to hold a whole one.
      const joined = tail + text;
      answers += joined.match(STATUS_LINE)?.length ?? 0;
      tail = joined.slice(-12);
      // The last answer is complete when its body ends; bodies of the answers here come with their head.
      if (answers >= requests.length) return finish();
      for (; sent <= answers; sent++) socket.write(requests[sent] ?? "");
    };
    const onClose = () => finish(new Error(`the connection was closed after ${answers} of ${requests.length} answers`));
    const timer = setTimeout(
      () => finish(new Error(`${answers} of ${requests.length} answers came in ${TIMEOUT_MS} ms`)),
      TIMEOUT_MS,
    );
    socket.on("data", onData).once("close", onClose).once("error", finish);
    socket.write(requests[0] ?? "");
  });
}

function countStatuses(texts: readonly string[]): Map<number, number> {
  const counts = new Map<number, number>();
  for (const text of texts)
    for (const [, status] of text.matchAll(STATUS_LINE))
      counts.set(Number(status), (counts.get(Number(status)) ?? 0) + 1);
  return counts;
}
