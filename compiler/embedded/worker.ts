import { STATUS_CODES } from "node:http";
import { HostFault } from "../host/fault.js";
import { HeaderMap } from "../host/header-map.js";
import type { Host, Moment } from "../host/host.js";
import type { Pairs } from "../host/pairs.js";
import type { Random } from "../host/random.js";
import { heldBytes } from "../plan/body.js";

import { destinationOf } from "../plan/callers.js";
import type { ErrorPage } from "../plan/errors.js";
import { type CorsPlan, compressionOf } from "../plan/native.js";
import type { ForwardAction, GatewayPlan, ListenerPlan, PolicyPlan, RoutePlan } from "../plan/plan.js";
import { matchRoute } from "../request/match.js";
import { type Arrival, arrive, type ClientRequest } from "../request/request.js";
import { attributesOf, type Course, momentOf } from "./attributes.js";
import { abortedByFault, faultDelay, localReply, refusedAddress, routeOfRefused } from "./before-guard.js";
import { type Asking, askService, type HeldBody, holdBody } from "./behind-guard.js";
import { BodyStage } from "./body-stage.js";
import { callerOf } from "./callers.js";
import { announceCoding } from "./compression.js";
import { preflightAnswer } from "./cors.js";
import { compareDigest } from "./digest.js";
import { GlobalLimits } from "./global-limits.js";
import { forwardedHeaders, pinnedHeaders, routeAnswerHeaders } from "./headers.js";
import { takeOutKeys } from "./keys.js";
import type { LimitService } from "./limit-service.js";
import { type CompiledModules, type ServedPlan, WorkerVms } from "./modules.js";
import { placeOwnPage } from "./pages.js";
import { type Answer, type GuardedRequest, localAnswer, Passage, type ServiceView, stagedAnswer } from "./passage.js";
import { locationOf } from "./redirect.js";
import { answerDirectly, onWire, requestHeaders, requestId } from "./wire.js";

const NANOSECONDS_PER_MILLISECOND = 1_000_000n;

/** What became of a request before a service had it. */
export type Reception =
  | { step: "answered"; answer: Answer }
  | { step: "passed"; passage: Passage }
  /** The guard has asked a service, and waits for the answer. */
  | { step: "waiting"; waiting: WaitingRequest }
  /** A service decides. */
  | { step: "external"; asking: Asking }
  /** The body is held until it is whole. */
  | { step: "held"; body: HeldBody }
  /** The body decides. */
  | { step: "asked"; asked: BodyReader };

/** A request that the guard holds. */
export interface WaitingRequest {
  /** What became of it, if that is known by now. */
  next(): Reception | undefined;
  /** The client has left. */
  end(): void;
}

/** Where nothing more has to be known of a request. */
export type Outcome = Extract<Reception, { step: "answered" | "passed" }>;

/** Reads the body of a request, part by part. */
export interface BodyReader {
  /**
   * @returns what became of the request, if that is clear already; no more must be put in then
   * @throws HostFault as `receive`
   */
  data(bytes: Uint8Array, end: boolean): Outcome | undefined;
}

/**
 * One worker of Envoy with a plan: the guard in a VM of its own, `body.wasm` in another if something is converted, and around them the
 * model of what Envoy does.
 */
export class Worker {
  private readonly host: Host;
  private readonly vms: WorkerVms;
  private readonly plan: GatewayPlan;
  private readonly policies: ReadonlyMap<string, PolicyPlan>;
  private readonly random: Random;
  private readonly limits: GlobalLimits;
  /** Whether some route may hold requests back before anything is done with them. */
  private readonly delays: boolean;

  /**
   * @param random of all that is left to chance around the modules
   * @param limits counts for all gateways
   * @throws Error if a module refuses the configuration, or one is needed that is not there
   */
  constructor(host: Host, modules: CompiledModules, served: ServedPlan, random: Random, limits: LimitService) {
    this.host = host;
    this.plan = served.plan;
    this.random = random;
    this.policies = new Map(served.plan.policies.map((policy) => [policy.name, policy]));
    this.delays = served.plan.policies.some(({ native }) => native?.filter === "fault" && native.delay !== undefined);
    this.limits = new GlobalLimits(served.plan, limits);
    this.vms = new WorkerVms(host, modules, served);
  }

  /** Which module failed, and why; then nothing more is to be asked of it. */
  get failure(): string | undefined {
    return this.vms.failure;
  }

  /** Takes it out of a host. Requests that it has go on. */
  retire(host: Host): void {
    this.vms.retire(host);
  }

  /**
   * A request up to where it is answered, or goes to a service.
   * @param hasBody something follows its headers
   * @param arrived when it came, if it has waited since
   * @throws HostFault for what the embedded host does not model; the worker must not be used again then
   */
  receive(listener: ListenerPlan, client: ClientRequest, hasBody: boolean, arrived = momentOf(this.host)): Reception {
    const arrival = arrive(this.plan, listener, client);
    if ("status" in arrival) return answered(this.refusal(listener, client, arrival));
    const { request } = arrival;
    const route = matchRoute(this.plan, listener.name, request)?.route;
    if (route === undefined) return answered(wholeAnswer(client.method, 404, [], ""));
    const run = this.runOf(route);
    const refused = refusedAddress(route, run, request) ?? abortedByFault(route, run, request, this.random);
    if (refused !== undefined) return answered({ ...refused, requestId: requestId(this.random) });
    const cors = corsOf(route, run);
    const preflight = cors === undefined ? undefined : preflightAnswer(cors, request);
    if (preflight !== undefined) {
      const headers = new HeaderMap("response", preflight);
      const compression = compressionOf(run);
      if (compression !== undefined) announceCoding(compression, request, headers, true);
      return answered({ ...wholeAnswer(client.method, 200, headers.pairs(), ""), route });
    }
    return this.throughGuard({ route, run, cors, request }, hasBody, arrived);
  }

  /** How long a request waits before `receive` is asked, in milliseconds; left to chance where the policy says so. */
  delayOf(listener: ListenerPlan, client: ClientRequest): number {
    const arrival = this.delays ? arrive(this.plan, listener, client) : undefined;
    if (arrival === undefined || "status" in arrival) return 0;
    const { request } = arrival;
    const route = matchRoute(this.plan, listener.name, request)?.route;
    if (route === undefined) return 0;
    const run = this.runOf(route);
    if (refusedAddress(route, run, request) !== undefined) return 0;
    return faultDelay(run, request, this.random);
  }

  /** The policies of a route in order of execution. */
  private runOf({ run }: RoutePlan): PolicyPlan[] {
    return run.flatMap(({ policy }) => this.policies.get(policy) ?? []);
  }

  /**
   * The codec has not read the headers yet, so its answer is plain to everybody; what the connection manager refuses has no body,
   * and the headers of a route, if it found one (seen on 1.40).
   */
  private refusal(
    listener: ListenerPlan,
    client: ClientRequest,
    { status, by }: Extract<Arrival, { status: number }>,
  ): Answer {
    const { method, headers: sent } = client;
    if (by === "parser") return codecRefusal(method, status, listener.errors);
    const types = sent.filter(([name]) => name === "content-type").map(([, value]) => value);
    const asked = {
      method,
      headers: new Map([["content-type", types]]),
      ...(listener.errors === undefined ? {} : { errors: listener.errors }),
      ...(listener.tellsDecision === undefined ? {} : { tellsDecision: listener.tellsDecision }),
    };
    const route = routeOfRefused(this.plan, listener, client);
    const run = route === undefined ? [] : this.runOf(route);
    const answer = { ...localReply(asked, { route, run }, status, ""), notes: {} };
    return route === undefined ? answer : { ...answer, route };
  }

  private throughGuard(
    { route, run, cors, request }: Pick<GuardedRequest, "route" | "run" | "cors" | "request">,
    hasBody: boolean,
    arrived: Moment,
  ): Reception {
    const course: Course = {};
    const attributes = attributesOf({ route, run }, request, { arrived, course, host: this.host });
    const stream = this.vms.guard.stream({ attributes });
    const own = { requestId: requestId(this.random), course, attributes };
    const guarded: GuardedRequest = { stream, route, run, cors, request, ...own, limits: [] };
    stream.requestHeaders(requestHeaders(request, guarded.requestId), !hasBody);
    const next = () => {
      if (stream.localReply !== undefined) return answered(localAnswer(guarded, false));
      if (stream.isHeld("request")) return undefined;
      const clean = takeOutKeys(guarded);
      return compareDigest(clean, this.vms.digest, hasBody, () => {
        const limited = this.limits.refusal(clean, Number(this.host.clock.wall() / NANOSECONDS_PER_MILLISECOND));
        if (limited !== undefined) return answered(limited);
        return askService(clean, hasBody, () => holdBody(clean, hasBody, () => this.atRouter(clean, hasBody)));
      });
    };
    const reception = next();
    if (reception !== undefined) return reception;
    if (!run.some(({ introspection }) => introspection !== undefined))
      throw new HostFault(`the guard holds a request of route ${route.name}`);
    return { step: "waiting", waiting: { next, end: () => stream.finish() } };
  }

  private atRouter(guarded: GuardedRequest, hasBody: boolean): Reception {
    const { stream, route, run, request } = guarded;
    const { action } = route;
    if (action.type === "forward") {
      if (route.operation !== undefined) return this.throughBody(guarded, action, hasBody);
      const view = forwardedHeaders(stream, run, sizeOf(action, hasBody));
      return this.passed(guarded, { ...this.chosen(guarded, action), ...view });
    }
    const { set, append } = routeAnswerHeaders(guarded, stream.filterState);
    const written = [...set, ...append];
    if (action.type === "respond") answerDirectly(stream, request, action.status, action.body ?? "", written);
    else
      answerDirectly(stream, request, action.status, "", [["location", locationOf(action.url, request)], ...written]);
    return answered(localAnswer(guarded, true));
  }

  private throughBody(before: GuardedRequest, action: ForwardAction, hasBody: boolean): Reception {
    const { stream, route, run, attributes } = before;
    const { headers } = stream.request;
    const { operation: done } = route;
    const { body } = this.vms;
    if (body === undefined || done === undefined || headers === undefined)
      throw new HostFault(`nothing converts the requests of route ${route.name}`);
    const own = body.stream({
      attributes,
      allowStopIteration: true,
      bufferLimit: heldBytes(run),
      filterState: stream.filterState,
    });
    const stage = new BodyStage(own, done.operation);
    const guarded = { ...before, stage };
    stage.begin(headers, !hasBody);
    const outcome = this.outcome(guarded, action);
    if (outcome !== undefined) return outcome;
    if (!hasBody) throw new HostFault(`body.wasm holds a request of route ${route.name}`);
    return { step: "asked", asked: { data: (bytes, end) => this.bodyData(guarded, action, bytes, end) } };
  }

  private bodyData(guarded: StagedRequest, action: ForwardAction, bytes: Uint8Array, end: boolean) {
    guarded.stage.data(bytes, end);
    const outcome = this.outcome(guarded, action);
    if (outcome === undefined && end) throw new HostFault(`body.wasm holds a request of route ${guarded.route.name}`);
    return outcome;
  }

  /** What the body stage made of a request, if it has it whole or answered. */
  private outcome(guarded: StagedRequest, action: ForwardAction): Outcome | undefined {
    const { stage, run } = guarded;
    if (stage.reply !== undefined) return { step: "answered", answer: stagedAnswer(guarded, stage.reply) };
    if (stage.passed === undefined) return undefined;
    const { stream, body, isConverted } = stage.passed;
    const sent = forwardedHeaders(stream, run, sizeOf(action, body.length > 0));
    const view = isConverted ? pinnedHeaders(sent, stage.operation.service) : sent;
    return this.passed(guarded, { ...this.chosen(guarded, action), ...view }, body);
  }

  private passed(guarded: GuardedRequest, service: ServiceView, body?: Uint8Array): Outcome {
    const [endpoint] = this.plan.services.find(({ name }) => name === service.name)?.discovery.endpoints ?? [];
    const sent = this.host.clock.monotonic();
    const known = endpoint === undefined ? {} : { endpoint: `${endpoint.host}:${endpoint.port}` };
    Object.assign(guarded.course, { cluster: service.name, sent, ...known } satisfies Course);
    return { step: "passed", passage: new Passage(guarded, service, body) };
  }

  private chosen({ stream }: GuardedRequest, action: ForwardAction): Pick<ServiceView, "name" | "byChance"> {
    const { to } = destinationOf(action, callerOf(stream));
    return { name: this.lot(to), byChance: to.length > 1 };
  }

  private lot(to: ForwardAction["to"]): string {
    const [only] = to;
    const total = to.reduce((sum, { weight }) => sum + weight, 0);
    if (to.length === 1 || total === 0) return only?.service ?? "";
    let left = Buffer.from(this.random(6)).readUIntBE(0, 6) % total;
    for (const { service, weight } of to) {
      if (left < weight) return service;
      left -= weight;
    }
    return "";
  }
}

type StagedRequest = GuardedRequest & { stage: BodyStage };

/** Envoy tells the service how long this try of it may take. */
function sizeOf({ retry, timeoutMs, calls, hedges, rewrite }: ForwardAction, hasBody: boolean) {
  return { timeoutMs: (hedges ? undefined : retry?.perTryMs) ?? timeoutMs, calls, hasBody, rewrite };
}

function answered(answer: Answer): { step: "answered"; answer: Answer } {
  return { step: "answered", answer };
}

function wholeAnswer(method: string, status: number, headers: Pairs, body: string): Answer {
  return { status, headers: onWire(headers, method, status, body === ""), body, notes: {} };
}

/** An answer of Envoy without a body, to whoever asked. */
export function emptyAnswer(status: number): Answer {
  return wholeAnswer("GET", status, [], "");
}

/** What the HTTP/1.1 codec answers to a request that it cannot read: the name of the status, or a page of the listener. */
export function codecRefusal(method: string, status: number, pages?: readonly ErrorPage[]): Answer {
  const text = STATUS_CODES[status] ?? "";
  const headers = new HeaderMap("response", [
    [":status", String(status)],
    ["content-type", "text/plain"],
    ["content-length", String(text.length)],
  ]);
  const body = placeOwnPage(pages, { method, headers: new Map() }, headers) ?? text;
  return { ...wholeAnswer(method, Number(headers.get(":status")), headers.pairs(), body), isUnread: true };
}

/** Envoy's filter works on routes to services only. */
function corsOf(route: RoutePlan, run: readonly PolicyPlan[]): CorsPlan | undefined {
  if (route.action.type !== "forward") return undefined;
  for (const { native } of run) if (native?.filter === "cors") return native;
  return undefined;
}
