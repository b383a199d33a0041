import {
  type DataAction,
  dataAction,
  type HeadersAction,
  headersAction,
  type TrailersAction,
  trailersAction,
} from "./abi.js";
import { type Attribute, type Attributes, readAttribute } from "./attributes.js";
import type { Body } from "./body.js";
import { bytesOf } from "./byte-text.js";
import type { StreamContext, StreamFace, StreamPart } from "./context.js";
import { Direction, type Passed } from "./direction.js";
import { HostFault } from "./fault.js";
import { HeaderMap } from "./header-map.js";
import { composeReply, isGrpcRequest, type LocalReply } from "./local-reply.js";
import type { Pairs } from "./pairs.js";
import type { Vm } from "./vm.js";

export interface StreamOptions {
  /** What the host cannot know of the stream. */
  readonly attributes?: Attributes;
  /** `allow_on_headers_stop_iteration` of the plugin. */
  readonly allowStopIteration?: boolean;
  /** Bytes that may be held in each direction; Envoy's default is 1 MiB. */
  readonly bufferLimit?: number;
  /** What the filters of a request share, if another one stands before this. */
  readonly filterState?: Map<string, Uint8Array>;
}

const MEBIBYTE = 1024 * 1024;

/** What the module may see of one direction now. Envoy takes headers and trailers away when they have gone on. */
interface Sight {
  headers: HeaderMap | undefined;
  body: Body | undefined;
  trailers: HeaderMap | undefined;
  /** The module let the part before be held, so it sees all that is held. */
  isBuffering: boolean;
}

const nothing = (): Sight => ({ headers: undefined, body: undefined, trailers: undefined, isBuffering: false });

/**
 * A request and its answer on their way through one plugin, as Envoy's Wasm filter carries them (source/extensions/common/wasm/context.cc,
 * seen on 1.40). Whoever drives it puts in what arrives, in order, takes out what was passed on, and ends it with `finish`.
 */
export class Stream implements StreamFace {
  readonly filterState: Map<string, Uint8Array>;
  /** Request headers were written: Envoy looks for the route again when they go on. */
  routeIsStale = false;
  /** The connection ends without an answer, or in the middle of one. */
  isReset = false;
  /** RESPONSE_CODE_DETAILS. */
  details: string | undefined;
  isLogging = false;
  private readonly vm: Vm;
  private readonly contextOf: () => StreamContext;
  private readonly options: StreamOptions;
  private readonly directions: Readonly<Record<StreamPart, Direction>>;
  private readonly sight: Readonly<Record<StreamPart, Sight>> = { request: nothing(), response: nothing() };
  private readonly headers: { request?: HeaderMap; response?: HeaderMap } = {};
  private created = false;
  private finished = false;
  /** Whether the last that came, from either side, was the end of its body. */
  private endOfStream = false;
  private received = 0;
  private responseCode: number | undefined;
  private moduleReply: LocalReply | undefined;
  private direct: Passed | undefined;
  private failed = false;

  constructor(vm: Vm, contextOf: () => StreamContext, options: StreamOptions) {
    this.vm = vm;
    this.contextOf = contextOf;
    this.options = options;
    this.filterState = options.filterState ?? new Map<string, Uint8Array>();
    const limit = options.bufferLimit ?? MEBIBYTE;
    const direction = (part: StreamPart) => new Direction(this.filterOf(part), limit);
    this.directions = { request: direction("request"), response: direction("response") };
  }

  // ---- what arrives, and what goes on

  requestHeaders(headers: Pairs | HeaderMap, end: boolean): void {
    const map = headers instanceof HeaderMap ? headers : new HeaderMap("request", headers);
    this.headers.request = map;
    this.create();
    this.directions.request.headers(map, end);
  }

  requestData(bytes: Uint8Array, end: boolean): void {
    this.received += bytes.length;
    this.directions.request.data(bytes, end);
  }

  requestTrailers(trailers: Pairs): void {
    this.directions.request.trailers(new HeaderMap("trailers", trailers));
  }

  /** @param details RESPONSE_CODE_DETAILS of an answer that does not come from a service */
  responseHeaders(headers: Pairs | HeaderMap, end: boolean, details = "via_upstream"): void {
    this.details = details;
    const map = headers instanceof HeaderMap ? headers : new HeaderMap("response", headers);
    this.respond(map, Number(map.get(":status") ?? 0), end);
  }

  responseData(bytes: Uint8Array, end: boolean): void {
    this.directions.response.data(bytes, end);
  }

  responseTrailers(trailers: Pairs): void {
    this.directions.response.trailers(new HeaderMap("trailers", trailers));
  }

  /** What went to the service. */
  get request(): Passed {
    return this.directions.request.passed;
  }

  /** What went to the client, whoever made it. */
  get answer(): Passed {
    return this.direct ?? this.directions.response.passed;
  }

  /** The reply of the module, from the moment on that it was given. */
  get localReply(): LocalReply | undefined {
    return this.moduleReply;
  }

  /** Whether the module replied in the middle of an answer: no other filter sees such a reply. */
  get isAnsweredDirectly(): boolean {
    return this.direct !== undefined;
  }

  /** Whether something of a direction waits for the module. */
  isHeld(part: StreamPart): boolean {
    return this.directions[part].isHeld;
  }

  /**
   * Ends the stream, complete or not: it is logged, and the module forgets it.
   * @param turn whether the turn of its worker ends with it. Until it does, Envoy still knows the stream, and whatever is done to it is done to memory that is no
   * more: a fault.
   */
  finish({ turn = "ends" }: { turn?: "ends" | "goes on" } = {}): void {
    if (this.finished) throw new HostFault("the stream has ended already");
    this.create();
    this.isLogging = true;
    this.call("log");
    this.isLogging = false;
    this.finished = true;
    this.call("done");
    this.call("delete");
    if (turn === "ends") this.vm.forget(this.contextOf());
  }

  // ---- for the chapters of the ABI

  map(part: StreamPart, section: "headers" | "trailers"): HeaderMap | undefined {
    const sight = this.sight[part];
    if (section === "headers") return sight.headers;
    if (sight.trailers === undefined && sight.body !== undefined && this.endOfStream) {
      sight.trailers = new HeaderMap("trailers");
      this.directions[part].addTrailers(sight.trailers);
    }
    return sight.trailers;
  }

  readableMap(part: StreamPart, section: "headers" | "trailers"): HeaderMap | undefined {
    if (!this.isLogging) return this.sight[part][section];
    if (section === "headers") return this.headers[part];
    // Envoy keeps no request trailers for the log.
    return part === "request" ? undefined : this.answer.trailers;
  }

  body(part: StreamPart): Body | undefined {
    return this.sight[part].isBuffering ? this.directions[part].held : this.sight[part].body;
  }

  attribute(path: readonly string[]): Attribute | undefined {
    return readAttribute(path, {
      isOver: this.isLogging || this.finished,
      given: this.options.attributes ?? {},
      requestHeaders: this.sight.request.headers ?? this.readableMap("request", "headers"),
      responseHeaders: this.sight.response.headers ?? this.readableMap("response", "headers"),
      responseTrailers: this.sight.response.trailers ?? this.readableMap("response", "trailers"),
      received: this.received,
      sent: this.answer.body.reduce((sum, part) => sum + part.length, 0),
      responseCode: this.isLogging ? this.codeThatWentOut() : this.responseCode,
      responseDetails: this.details,
      filterState: this.filterState,
    });
  }

  clearRouteCache(): void {
    this.routeIsStale = true;
  }

  reply(reply: LocalReply): void {
    this.refuseEnded("a local reply");
    this.vm.defer(() => this.send(reply));
  }

  resume(part: StreamPart): void {
    this.refuseEnded("continuing");
    this.vm.defer(() => this.directions[part].resume());
    // Envoy forgets the request, whichever direction is continued.
    this.sight.request.headers = undefined;
    this.sight.request.body = undefined;
    this.sight.request.trailers = undefined;
  }

  close(_part: StreamPart): void {
    this.refuseEnded("closing");
    this.details ??= "wasm_close_stream";
    this.vm.defer(() => this.reset());
  }

  // ---- the filter

  private refuseEnded(what: string): void {
    if (this.isLogging || this.finished) throw new HostFault(`${what} at the end of a stream: Envoy 1.40 crashes`);
  }

  private filterOf(part: StreamPart) {
    return {
      headers: (headers: HeaderMap, end: boolean) => this.onHeaders(part, headers, end),
      data: (chunk: Body, end: boolean) => this.onData(part, chunk, end),
      trailers: (trailers: HeaderMap) => this.onTrailers(part, trailers),
      overflow: () => this.onOverflow(part),
    };
  }

  private onHeaders(part: StreamPart, headers: HeaderMap, end: boolean): HeadersAction {
    if (this.failed) return "continue";
    this.sight[part].headers = headers;
    this.endOfStream = end;
    const parameters = [headers.size, Number(end)];
    const action = this.decide(
      `${part}_headers`,
      parameters,
      (result, stopped): HeadersAction =>
        stopped ? "stop-all" : headersAction(result, this.options.allowStopIteration ?? false),
    );
    if (action === "continue") this.sight[part].headers = undefined;
    return action ?? "stop-all";
  }

  private onData(part: StreamPart, chunk: Body, end: boolean): DataAction {
    if (this.failed) return "continue";
    const sight = this.sight[part];
    if (sight.isBuffering) {
      this.directions[part].hold(chunk.take());
      // More than may be held: it has been answered, and the module is not asked any more.
      if (!this.directions[part].isHeld) return "buffer";
    }
    sight.body = chunk;
    this.endOfStream = end;
    const parameters = [this.body(part)?.length ?? 0, Number(end)];
    const action = this.decide(
      `${part}_body`,
      parameters,
      (result, stopped): DataAction => (stopped ? "drop" : dataAction(result)),
    );
    if (action === "continue") sight.body = undefined;
    sight.isBuffering = action === "buffer";
    return action ?? "drop";
  }

  private onTrailers(part: StreamPart, trailers: HeaderMap): TrailersAction {
    if (this.failed) return "continue";
    this.sight[part].trailers = trailers;
    const action = this.decide(
      `${part}_trailers`,
      [trailers.size],
      (result, stopped): TrailersAction => (stopped ? "stop" : trailersAction(result)),
    );
    if (action === "continue") this.sight[part].trailers = undefined;
    return action ?? "stop";
  }

  private onOverflow(part: StreamPart): void {
    const plain = { headers: [], grpcStatus: -1 };
    if (part === "request")
      this.send({ ...plain, status: 413, body: "Payload Too Large", details: "request_payload_too_large" });
    else this.send({ ...plain, status: 500, body: "Internal Server Error", details: "response_payload_too_large" });
  }

  /** @returns undefined if the VM is gone; the client has got 503 then */
  private decide<Action>(
    callback: string,
    parameters: readonly number[],
    decision: (result: number, stopped: boolean) => Action,
  ): Action | undefined {
    const context = this.contextOf();
    const name = `proxy_on_${callback}`;
    const action = this.vm.decide(context, name, [context.id, ...parameters], (result, stopped) =>
      this.vm.failure === undefined ? decision(result ?? 0, stopped) : undefined,
    );
    if (this.vm.failure !== undefined && !this.failed) {
      this.failed = true;
      this.send({ status: 503, body: "", headers: [], grpcStatus: 14, details: "wasm_fail_stream" });
    }
    return action;
  }

  private create(): void {
    if (this.created) return;
    this.created = true;
    const context = this.contextOf();
    this.vm.ask(context, "proxy_on_context_create", [context.id, context.root.id]);
  }

  private call(callback: string): void {
    const context = this.contextOf();
    this.vm.ask(context, `proxy_on_${callback}`, [context.id]);
  }

  // ---- answers

  private respond(headers: HeaderMap, code: number, end: boolean): void {
    this.headers.response = headers;
    this.responseCode = code;
    this.directions.response.headers(headers, end);
  }

  /** Envoy `DownstreamFilterManager::sendLocalReply`. */
  private send(reply: LocalReply): void {
    this.details = reply.details;
    // The first of two is sent, with the details of the second.
    if (this.moduleReply !== undefined) return;
    if (this.answer.headers !== undefined) {
      this.reset();
      return;
    }
    this.moduleReply = reply;
    this.directions.request.abort();
    if (this.headers.response === undefined) this.vm.defer(() => this.sendThroughFilters(reply));
    else this.sendDirectly(reply);
  }

  private sendThroughFilters(reply: LocalReply): void {
    const { headers, body } = composeReply(reply, this.sortOfRequest());
    this.respond(headers, reply.status, body === "");
    if (body !== "") this.directions.response.data(bytesOf(body), true);
  }

  /** Where the headers of an answer are under way already, the module does not see the reply. */
  private sendDirectly(reply: LocalReply): void {
    this.directions.response.abort();
    const { headers, body } = composeReply(reply, this.sortOfRequest());
    this.headers.response = headers;
    this.responseCode = reply.status;
    this.direct = { headers, body: body === "" ? [] : [bytesOf(body)], ended: true };
  }

  /** The log tells what the client got, which filters may have changed. */
  private codeThatWentOut(): number | undefined {
    const status = this.answer.headers?.get(":status");
    return status === undefined ? this.responseCode : Number(status);
  }

  private sortOfRequest(): { isHead: boolean; isGrpc: boolean } {
    const headers = this.headers.request;
    return { isHead: headers?.get(":method") === "HEAD", isGrpc: headers !== undefined && isGrpcRequest(headers) };
  }

  private reset(): void {
    this.isReset = true;
    this.directions.request.abort();
    this.directions.response.abort();
  }
}
