import type { IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import type { Calls, PendingCall } from "../../host/calls.js";
import type { Pairs } from "../../host/pairs.js";
import { pairsOf } from "../raw-headers.js";
import { BROKEN_OFF, type Service, type ServiceFailure, TIMED_OUT } from "./service.js";

/** Bytes of an answer that a module may get. */
const MOST_BYTES = 1024 * 1024;

/** Requests of modules to services, over real connections. Nobody waits for them but the module. */
export class ModuleCalls {
  private readonly calls: Calls;
  private readonly serviceOf: (name: string) => Service | undefined;
  private readonly tell: (work: () => void) => void;
  private readonly underWay = new Map<PendingCall, Promise<void>>();

  /**
   * @param calls of the host
   * @param tell does what tells a module of an answer; it must not throw
   */
  constructor(calls: Calls, serviceOf: (name: string) => Service | undefined, tell: (work: () => void) => void) {
    this.calls = calls;
    this.serviceOf = serviceOf;
    this.tell = tell;
  }

  /** Sends what has come up since the last time. */
  send(): void {
    for (const call of this.calls.pending) {
      if (this.underWay.has(call)) continue;
      const ended = this.carryOut(call).then((answer) => {
        this.underWay.delete(call);
        // The worker that asked may be gone.
        if (this.calls.pending.includes(call)) this.tell(() => answer(call));
      });
      this.underWay.set(call, ended);
    }
  }

  /** Settles when all that are under way now have ended. */
  async ended(): Promise<void> {
    await Promise.all(this.underWay.values());
  }

  private async carryOut(call: PendingCall): Promise<(call: PendingCall) => void> {
    const { cluster, timeout } = call;
    const service = this.serviceOf(cluster);
    if (service === undefined) return failing({ status: 503, body: "no healthy upstream", details: "" });
    return new Promise((resolve) => {
      const fail = (failure: ServiceFailure) => resolve(failing(failure));
      try {
        const body = call.body.length === 0 ? undefined : Readable.from([call.body]);
        const sent = service.call({ name: cluster, byChance: false, ...requestOf(call) }, body, {
          onAnswer: (answer) => void wholeAnswer(answer).then(resolve),
          onFailure: fail,
          onSwitch: () => fail(BROKEN_OFF),
        });
        if (timeout === 0) return;
        const timer = setTimeout(() => {
          fail(TIMED_OUT);
          sent.destroy();
        }, timeout);
        sent.once("close", () => clearTimeout(timer));
      } catch {
        // Node refuses to send what Envoy sends.
        fail(BROKEN_OFF);
      }
    });
  }
}

/** What Envoy makes of a request of a module. */
function requestOf({ headers, timeout }: PendingCall): { method: string; path: string; headers: Pairs } {
  const first = (wanted: string) => headers.find(([name]) => name === wanted)?.[1] ?? "";
  return {
    method: first(":method"),
    path: first(":path"),
    headers: [
      ["host", first(":authority")],
      ...headers.filter(([name]) => !name.startsWith(":")),
      ["x-envoy-internal", "true"],
      ["x-envoy-expected-rq-timeout-ms", String(timeout)],
    ],
  };
}

/** One that broke off before it began is Envoy's own answer. */
function failing({ status, body }: ServiceFailure): (call: PendingCall) => void {
  const headers = [
    [":status", String(status)],
    ["content-length", String(body.length)],
    ["content-type", "text/plain"],
  ] as const;
  return (call) => call.answer(headers, Buffer.from(body));
}

async function wholeAnswer(answer: IncomingMessage): Promise<(call: PendingCall) => void> {
  const parts: Buffer[] = [];
  let size = 0;
  try {
    for await (const part of answer) {
      if (!(part instanceof Buffer)) continue;
      size += part.length;
      if (size > MOST_BYTES) return (call) => call.breakOff();
      parts.push(part);
    }
  } catch {
    return (call) => call.breakOff();
  }
  const headers = [[":status", String(answer.statusCode ?? 0)] as const, ...pairsOf(answer.rawHeaders)];
  return (call) => call.answer(headers, Buffer.concat(parts));
}
