import type { Attributes } from "../host/attributes.js";
import { bytesOf, byteTextOf, textOf } from "../host/byte-text.js";
import { HostFault } from "../host/fault.js";
import type { HeaderMap } from "../host/header-map.js";
import { composeReply, isGrpcRequest } from "../host/local-reply.js";
import type { Pairs } from "../host/pairs.js";
import type { Stream } from "../host/stream.js";
import { type ErrorPage, ownAnswer } from "../plan/errors.js";
import type { LimitHeader } from "../plan/global-limits.js";
import { type Coding, type CorsPlan, compressionOf } from "../plan/native.js";
import type { PolicyPlan, RoutePlan } from "../plan/plan.js";
import type { RoutedRequest } from "../request/request.js";
import type { Course } from "./attributes.js";
import type { BodyStage, HeldAnswer } from "./body-stage.js";
import { announceCoding } from "./compression.js";
import { tellOrigin } from "./cors.js";
import { routeAnswerHeaders, writeAll, writeBeforeOwn } from "./headers.js";
import type { LimitStatus } from "./limit-service.js";
import { placeOwnPage, placePage } from "./pages.js";
import { tellLimits } from "./told-limits.js";
import { onWire } from "./wire.js";

/** What is noted of a request by the guard, or by Envoy where it refused before the guard. */
export interface Notes {
  decision?: string;
  shadow?: string;
  consumer?: string;
  /** Identifier of its trace. */
  trace?: string;
}

/** Header values are byte texts, names in lower case. */
export interface AnswerHead {
  status: number;
  headers: Pairs;
  /** How its body has to be compressed; bodies here never are. */
  coding?: Coding;
  /** A byte text that the client gets in place of the body. */
  page?: string;
}

/** An answer that no service gave. */
export interface Answer extends Omit<AnswerHead, "page"> {
  /** A byte text. */
  body: string;
  /** Absent if the listener answered. */
  route?: RoutePlan;
  /** As Envoy gave it to the request; absent if the listener or a preflight was answered. */
  requestId?: string;
  /** The parser gave it, so the log knows nothing of the request. */
  isUnread?: true;
  notes: Notes;
}

/** The request as a service gets it. */
export interface ServiceView {
  name: string;
  /** True where the weights of several services chose it. */
  byChance: boolean;
  method: string;
  path: string;
  headers: Pairs;
}

/** A request on its route, and what the guard said of it. */
export interface GuardedRequest {
  stream: Stream;
  /** Where its body is converted. */
  stage?: BodyStage;
  route: RoutePlan;
  run: readonly PolicyPlan[];
  cors: CorsPlan | undefined;
  request: RoutedRequest;
  requestId: string;
  course: Course;
  /** What Envoy knows of it. */
  attributes: Attributes;
  /** By which limits of all gateways it was counted; grows as they are asked about. */
  limits: ToldLimit[];
}

/** A limit of all gateways, and what was said of a request. */
export interface ToldLimit {
  policy: string;
  headers: readonly LimitHeader[];
  statuses: readonly LimitStatus[];
}

/** What an answer is finished with. */
interface Finish {
  /** No body follows. */
  ends: boolean;
  /** The route writes its headers. */
  writes: boolean;
  /** The request has come as far as the filters that compress. */
  isAsked: boolean;
  /** The gateway itself answers, so a page of the listener may stand in its place. */
  isOwn: boolean;
}

/** The reply that waits in the stream. A route that leads to a service writes its headers into those of the guard too (seen on 1.40). */
export function localAnswer(guarded: GuardedRequest, isAsked: boolean): Answer {
  const { stream, route, request, requestId } = guarded;
  const { body } = stream.answer;
  const sent = request.method === "HEAD" ? "" : body.map(byteTextOf).join("");
  const forwards = route.action.type === "forward";
  // Only an answer of the route itself comes so far.
  const isOwn = !isAsked || ownAnswer(route) === undefined;
  const { page, ...head } = answerHead(guarded, { ends: sent === "", writes: forwards, isAsked, isOwn });
  const notes = notesOf(stream);
  stream.finish();
  return { ...head, body: page ?? sent, route, requestId, notes };
}

/** An answer that went through the body stage, on its way through the filters before that. The request has ended then. */
export function stagedAnswer(guarded: GuardedRequest, { headers, body, details, by }: HeldAnswer): Answer {
  const { stream, stage, route, requestId } = guarded;
  const sent = guarded.request.method === "HEAD" ? "" : body;
  if (by === "service") tellLimits(guarded, headers);
  stream.responseHeaders(headers, sent === "", details);
  if (sent !== "") stream.responseData(bytesOf(sent), true);
  const { page, ...head } = answerHead(by === "direct" ? { ...guarded, cors: undefined } : guarded, {
    ends: sent === "",
    writes: by !== "service",
    isAsked: true,
    isOwn: by !== "service",
  });
  const notes = notesOf(stream);
  stream.finish();
  stage?.finish();
  return { ...head, body: page ?? sent, route, requestId, notes };
}

/** A request that the guard let pass, until its answer has ended. */
export class Passage {
  readonly service: ServiceView;
  /** What goes to the service in place of the client's body. */
  readonly body: Uint8Array | undefined;
  private readonly guarded: GuardedRequest;
  private hasEnded = false;

  constructor(guarded: GuardedRequest, service: ServiceView, body?: Uint8Array) {
    this.guarded = guarded;
    this.service = service;
    this.body = body;
  }

  /** Whether answers must be whole before the client gets any of them: they go through `holdAnswer` and `holdData`. */
  get holdsAnswers(): boolean {
    return this.guarded.stage !== undefined;
  }

  /** @param endpoint `host:port` of the one that it came to */
  connected(endpoint: string): void {
    this.guarded.course.endpoint = endpoint;
  }

  get route(): RoutePlan {
    return this.guarded.route;
  }

  get requestId(): string {
    return this.guarded.requestId;
  }

  get notes(): Notes {
    return notesOf(this.guarded.stream);
  }

  /**
   * The head of the service's answer as the client gets it. The body goes on as it is, unless there is a page in its place.
   * @param headers with `:status`; they are changed
   * @param ends no body follows
   */
  answer(headers: HeaderMap, ends: boolean): AnswerHead {
    const { stream, route, request, course } = this.guarded;
    course.isAnswered = true;
    writeAll(headers, routeAnswerHeaders(this.guarded, stream.filterState));
    const page = placePage(pagesOf(route), request, headers);
    const isEmpty = page === undefined ? ends : request.method === "HEAD";
    tellLimits(this.guarded, headers);
    stream.responseHeaders(headers, isEmpty);
    const head = answerHead(this.guarded, { ends: isEmpty, writes: false, isAsked: true, isOwn: false });
    return page === undefined ? head : { ...head, page: isEmpty ? "" : page };
  }

  /**
   * The head of an answer that is held.
   * @param headers with `:status`; they are changed
   * @returns what the client gets, if that is clear already
   */
  holdAnswer(headers: HeaderMap, ends: boolean): Answer | undefined {
    const { stage, stream, course } = this.guarded;
    course.isAnswered = true;
    writeAll(headers, routeAnswerHeaders(this.guarded, stream.filterState));
    stage?.answerHeaders(headers, ends);
    return this.released();
  }

  /** A part of its body. */
  holdData(bytes: Uint8Array, end: boolean): Answer | undefined {
    this.guarded.stage?.answerData(bytes, end);
    return this.released();
  }

  private released(): Answer | undefined {
    const answer = this.guarded.stage?.answer;
    if (answer === undefined) return undefined;
    this.hasEnded = true;
    return stagedAnswer(this.guarded, answer);
  }

  /**
   * The answer of Envoy's router where the service gave none.
   * @param details RESPONSE_CODE_DETAILS
   */
  fail(status: number, body: string, details: string): Answer {
    const { stream, stage, request, route, requestId } = this.guarded;
    const asked = stream.request.headers;
    const sort = { isHead: request.method === "HEAD", isGrpc: asked !== undefined && isGrpcRequest(asked) };
    const { headers, body: text } = composeReply({ status, body, headers: [], grpcStatus: -1, details }, sort);
    writeAll(headers, routeAnswerHeaders(this.guarded, stream.filterState));
    const own = placeOwnPage(request.errors, request, headers);
    const page = placePage(pagesOf(route), request, headers) ?? own;
    const sent = page === undefined || sort.isHead ? text : page;
    if (stage !== undefined) {
      stage.answerHeaders(headers, sent === "", details);
      if (sent !== "") stage.answerData(bytesOf(sent), true);
      const answer = this.released();
      if (answer === undefined) throw new HostFault(`body.wasm holds an answer of route ${route.name}`);
      return answer;
    }
    tellLimits(this.guarded, headers);
    stream.responseHeaders(headers, sent === "", details);
    if (sent !== "") stream.responseData(bytesOf(sent), true);
    const head = answerHead(this.guarded, { ends: sent === "", writes: false, isAsked: true, isOwn: false });
    return { ...head, body: sent, route, requestId, notes: this.notes };
  }

  /** The answer of Envoy's router where the service's broke off while it was held: no filter sees it (seen on 1.40). */
  breakOff(status: number, body: string, details: string): Answer {
    const { stream, request, route, requestId } = this.guarded;
    const sort = { isHead: request.method === "HEAD", isGrpc: false };
    const reply = composeReply({ status, body, headers: [], grpcStatus: -1, details }, sort);
    writeAll(reply.headers, routeAnswerHeaders(this.guarded, stream.filterState));
    const page = placeOwnPage(request.errors, request, reply.headers);
    const sent = page === undefined || sort.isHead ? reply.body : page;
    const told = Number(reply.headers.get(":status"));
    const headers = onWire(reply.headers.pairs(), request.method, told, sent === "");
    const { notes } = this;
    this.end();
    return { status: told, headers, body: sent, route, requestId, notes };
  }

  /** The answer has ended, complete or not. */
  end(): void {
    if (this.hasEnded) return;
    this.hasEnded = true;
    this.guarded.stream.finish();
    this.guarded.stage?.finish();
  }
}

function pagesOf({ action }: RoutePlan): readonly ErrorPage[] | undefined {
  return action.type === "forward" ? action.errors : undefined;
}

function answerHead(guarded: GuardedRequest, { ends, writes, isAsked, isOwn }: Finish): AnswerHead {
  const { stream, route, run, cors, request } = guarded;
  const { headers } = stream.answer;
  if (headers === undefined) throw new HostFault(`the guard holds an answer of route ${route.name}`);
  if (writes) {
    writeBeforeOwn(headers, routeAnswerHeaders(guarded, stream.filterState));
    tellLimits(guarded, headers);
  }
  const page = isOwn ? placeOwnPage(request.errors, request, headers) : undefined;
  const isEmpty = page === undefined ? ends : request.method === "HEAD";
  const compression = compressionOf(run);
  // A filter that the request has not come to does not know what the client takes, but tells caches.
  const coding = compression && announceCoding(compression, request, headers, isEmpty || !isAsked);
  if (cors !== undefined) tellOrigin(cors, request, headers);
  const status = Number(headers.get(":status"));
  return {
    status,
    headers: onWire(headers.pairs(), request.method, status, isEmpty),
    ...(coding === undefined ? {} : { coding }),
    ...(page === undefined ? {} : { page: isEmpty ? "" : page }),
  };
}

function notesOf({ filterState }: Stream): Notes {
  const [decision, shadow, consumer, trace] = ["decision", "shadow", "consumer", "trace-id"].map((result) =>
    filterState.get(`sluice.${result}`),
  );
  return {
    ...(decision === undefined ? {} : { decision: textOf(decision) }),
    ...(shadow === undefined ? {} : { shadow: textOf(shadow) }),
    ...(consumer === undefined ? {} : { consumer: textOf(consumer) }),
    ...(trace === undefined ? {} : { trace: textOf(trace) }),
  };
}
