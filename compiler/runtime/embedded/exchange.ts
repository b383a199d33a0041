import type { ClientRequest, IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { pipeline, Readable } from "node:stream";
import type { Asking, HeldBody } from "../../embedded/behind-guard.js";
import type { Answer, AnswerHead, Notes, Passage, ServiceView } from "../../embedded/passage.js";
import type { BodyReader, Outcome, Reception } from "../../embedded/worker.js";
import { byteTextOf } from "../../host/byte-text.js";
import { HostFault } from "../../host/fault.js";
import { HeaderMap } from "../../host/header-map.js";
import { operationName } from "../../plan/names.js";
import type { RouteAction, RoutePlan } from "../../plan/plan.js";
import { pairsOf } from "../raw-headers.js";
import { encoded, encoders } from "./coding.js";
import { BROKEN_OFF, type Service, type ServiceFailure, TIMED_OUT } from "./service.js";

/** What is told of a request when it has ended. */
export interface Ended {
  /** Absent if the parser refused the request. */
  method: string | undefined;
  /** 0 if the client left before there was an answer. */
  status: number;
  route: string | undefined;
  /** `policy/Operation`, where one was asked for. */
  operation: string | undefined;
  requestId: string | undefined;
  notes: Notes;
}

/** What stands behind a request that has been decided. */
export interface Settling {
  /** Gets a line for what could not be carried out. */
  report(line: string): void;
  /** Does what tells the modules something, by the time that it is now. Never throws. */
  settle(work: () => void): void;
}

/** One request of a client and its answer, on their real connections. */
export class Exchange {
  private readonly incoming: IncomingMessage;
  private readonly outgoing: ServerResponse;
  private readonly gateway: Settling;
  private told: Ended;
  private passage: Passage | undefined;
  private call: ClientRequest | undefined;
  private timer: NodeJS.Timeout | undefined;
  /** The service has begun to answer, and the client has nothing of that yet. */
  private isHeld = false;
  private began = 0n;
  /** What the request waits for at a filter: a body that is not whole yet, or an answer. */
  private open: { end(): void } | undefined;
  /** One that was held, whole. */
  private body: Buffer | undefined;

  /**
   * @param onEnd is called once, when the answer has ended or the client has left
   */
  constructor(
    { incoming, outgoing }: { incoming: IncomingMessage; outgoing: ServerResponse },
    gateway: Settling,
    onEnd: (ended: Ended) => void,
  ) {
    this.incoming = incoming;
    this.outgoing = outgoing;
    this.gateway = gateway;
    this.told = { method: incoming.method, status: 0, ...placeOf(undefined), requestId: undefined, notes: {} };
    outgoing.sendDate = false;
    // What breaks a connection ends it, which `close` tells.
    outgoing.on("error", () => {});
    incoming.on("error", () => {});
    outgoing.once("close", () => {
      this.finish();
      onEnd(this.told);
    });
  }

  get hasAnswered(): boolean {
    return this.outgoing.headersSent;
  }

  /** @param closes the connection ends with the answer, as nobody knows where the request ends */
  answer(answer: Answer, closes = false): void {
    this.told = {
      method: answer.isUnread === true ? undefined : this.incoming.method,
      status: answer.status,
      ...placeOf(answer.route),
      requestId: answer.requestId,
      notes: answer.notes,
    };
    if (closes) this.outgoing.shouldKeepAlive = false;
    this.giveUpCall();
    this.writeHead(answer);
    this.outgoing.end(encoded(Buffer.from(answer.body, "latin1"), answer.coding));
  }

  /** Goes on later, if the client is still there then. */
  later(milliseconds: number, work: () => void): void {
    if (!this.outgoing.closed) this.timer = setTimeout(() => this.guarded(work), milliseconds);
  }

  /** Waits until the guard knows what becomes of the request. */
  await(begin: (goOn: (next: Reception) => void) => { end(): void }, goOn: (next: Reception) => void): void {
    const waiting = begin((next) => {
      this.open = undefined;
      this.guarded(() => goOn(next));
    });
    if (!this.hasAnswered) this.open = waiting;
  }

  /** Asks a service whether the request may pass. */
  askService(asking: Asking, service: Service, question: ServiceView, goOn: (next: Reception) => void): void {
    const settled = (work: () => void) => {
      if (this.open !== asking) return;
      this.open = undefined;
      this.giveUpCall();
      this.guarded(work);
    };
    const fail = () => settled(() => this.answer(asking.failed()));
    this.open = asking;
    this.guarded(() => {
      this.call = service.call(question, undefined, {
        onAnswer: (answer) => {
          const parts: Buffer[] = [];
          const status = answer.statusCode ?? 0;
          answer.on("data", (part: Buffer) => parts.push(part)).on("error", fail);
          answer.once("end", () => {
            const whole = { status, headers: pairsOf(answer.rawHeaders), body: byteTextOf(Buffer.concat(parts)) };
            settled(() => goOn(asking.answered(whole)));
          });
        },
        onFailure: fail,
        onSwitch: fail,
      });
      this.timer = setTimeout(fail, timeoutOf(question));
    });
  }

  /** Reads a body until it is whole, or too large. */
  holdBody(held: HeldBody, goOn: (next: Reception) => void): void {
    const { body } = this;
    if (body !== undefined) {
      this.guarded(() => {
        if (body.length > held.most) this.answer(held.tooLarge(), true);
        else goOn(held.whole(body));
      });
      return;
    }
    const parts: Buffer[] = [];
    let bytes = 0;
    const onData = (part: Buffer) => {
      bytes += part.length;
      parts.push(part);
      if (bytes <= held.most) return;
      this.open = undefined;
      this.incoming.off("data", onData).off("end", onEnd);
      this.guarded(() => this.answer(held.tooLarge(), true));
    };
    const onEnd = () => {
      this.open = undefined;
      const whole = Buffer.concat(parts);
      this.body = whole;
      this.guarded(() => goOn(held.whole(whole)));
    };
    this.open = held;
    this.incoming.on("data", onData).once("end", onEnd);
  }

  /**
   * Reads the body of the request until it is clear what becomes of it.
   * @param then is called once, unless the client leaves before
   */
  ask(reader: BodyReader, then: (outcome: Outcome) => void): void {
    const { incoming, body } = this;
    let isClear = false;
    const put = (bytes: Uint8Array, end: boolean) =>
      this.guarded(() => {
        const outcome = isClear ? undefined : reader.data(bytes, end);
        if (outcome === undefined) return;
        isClear = true;
        then(outcome);
      });
    if (body !== undefined) {
      put(body, true);
      return;
    }
    incoming.on("data", (part: Buffer) => put(part, false));
    incoming.once("end", () => put(new Uint8Array(0), true));
  }

  /** Sends the request to its service, and the answer to the client. */
  forward(passage: Passage, service: Service, hasBody: boolean): void {
    this.passage = passage;
    this.began = process.hrtime.bigint();
    this.told = { ...this.told, ...placeOf(passage.route), requestId: passage.requestId, notes: passage.notes };
    const { incoming } = this;
    this.guarded(() => {
      const whole = passage.body ?? this.body;
      const body = whole === undefined ? (hasBody ? incoming : undefined) : Readable.from([whole]);
      this.call = service.call(passage.service, body, {
        onAnswer: (answer) => this.guarded(() => this.passOn(passage, answer)),
        onFailure: (failure) => this.guarded(() => this.fail(passage, failure)),
        onSwitch: () =>
          this.guarded(() => {
            throw new HostFault(`the service ${passage.service.name} switches to another protocol (101)`);
          }),
      });
      // Envoy counts from the end of the request.
      const count = () => this.bound(passage, passage.route.action);
      if (hasBody && !incoming.readableEnded) incoming.once("end", count);
      else count();
    });
  }

  private bound(passage: Passage, action: RouteAction): void {
    const timeoutMs = action.type === "forward" ? action.timeoutMs : 0;
    if (timeoutMs === 0 || this.outgoing.closed) return;
    this.timer = setTimeout(() => {
      if (this.hasAnswered) this.outgoing.destroy();
      else this.guarded(() => this.fail(passage, TIMED_OUT));
    }, timeoutMs);
  }

  private passOn(passage: Passage, answer: IncomingMessage): void {
    passage.connected(addressOf(answer.socket));
    const status = answer.statusCode ?? 0;
    const headers = new HeaderMap("response", [[":status", String(status)], ...pairsOf(answer.rawHeaders)]);
    const spent = (process.hrtime.bigint() - this.began) / 1_000_000n;
    headers.replace("x-envoy-upstream-service-time", String(spent));
    const bodyless = this.incoming.method === "HEAD" || status === 204 || status === 304;
    const ends = bodyless || headers.get("content-length") === "0";
    if (passage.holdsAnswers) {
      this.hold(passage, answer, { headers, ends });
      return;
    }
    const head = passage.answer(headers, ends);
    this.told = { ...this.told, status: head.status };
    this.writeHead(head);
    if (head.page !== undefined) {
      answer.resume();
      this.outgoing.end(encoded(Buffer.from(head.page, "latin1"), head.coding));
      return;
    }
    // Also of an answer that broke off: the client must see that it is not whole.
    pipeline([answer, ...encoders(head.coding), this.outgoing], () => clearTimeout(this.timer));
  }

  /** An answer that the client gets when it is whole, or something in its place. */
  private hold(passage: Passage, answer: IncomingMessage, { headers, ends }: { headers: HeaderMap; ends: boolean }) {
    const give = (work: () => Answer | undefined) => {
      if (this.hasAnswered || this.outgoing.closed) return;
      this.guarded(() => {
        const held = work();
        if (held !== undefined) this.answer(held);
      });
    };
    this.isHeld = true;
    give(() => passage.holdAnswer(headers, ends));
    answer.on("data", (part: Buffer) => give(() => passage.holdData(part, false)));
    answer.once("end", () => give(() => (ends ? undefined : passage.holdData(new Uint8Array(0), true))));
    answer.once("error", () => this.fail(passage, BROKEN_OFF));
  }

  private fail(passage: Passage, failure: ServiceFailure): void {
    if (this.hasAnswered || this.outgoing.closed) return;
    const { status, body, details } = failure;
    this.answer(this.isHeld ? passage.breakOff(status, body, details) : passage.fail(status, body, details));
  }

  private writeHead({ status, headers }: AnswerHead): void {
    const hasDate = headers.some(([name]) => name === "date");
    const dated = hasDate ? headers : [...headers, ["date", new Date().toUTCString()] as const];
    // Envoy says nothing of a connection that stays.
    if (this.outgoing.shouldKeepAlive) this.outgoing.removeHeader("connection");
    this.outgoing.writeHead(status, dated.flat());
  }

  /** What cannot be carried out is answered 503 and reported, and never goes on. */
  private guarded(work: () => void): void {
    this.gateway.settle(() => {});
    try {
      work();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.gateway.report(`${this.incoming.method} ${this.incoming.url}: answered 503, ${reason}`);
      if (this.hasAnswered) this.outgoing.destroy();
      else this.answer({ status: 503, headers: [["content-length", "0"]], body: "", notes: this.told.notes }, true);
    }
  }

  /** Its service is not waited for any longer. */
  private giveUpCall(): void {
    clearTimeout(this.timer);
    this.call?.destroy();
    this.call = undefined;
  }

  private finish(): void {
    this.giveUpCall();
    this.gateway.settle(() => {
      this.open?.end();
      this.open = undefined;
      this.passage?.end();
    });
  }
}

/** How long a service may take, which it is told. Milliseconds. */
function timeoutOf({ headers }: ServiceView): number {
  return Number(headers.find(([name]) => name === "x-envoy-expected-rq-timeout-ms")?.[1] ?? 0);
}

function addressOf({ remoteAddress = "", remotePort = 0 }: Socket): string {
  return `${remoteAddress.includes(":") ? `[${remoteAddress}]` : remoteAddress}:${remotePort}`;
}

function placeOf(route: RoutePlan | undefined): Pick<Ended, "route" | "operation"> {
  const { name, operation } = route ?? {};
  return { route: name, operation: operation === undefined ? undefined : operationName(operation) };
}
