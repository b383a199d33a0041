import { STATUS_CODES } from "node:http";
import type { AttributeValue } from "../host/attributes.js";
import type { CompiledModule } from "../host/engine.js";
import { HostFault } from "../host/fault.js";
import { HeaderMap } from "../host/header-map.js";
import { type Host, pluginOf } from "../host/host.js";
import { isGrpcRequest } from "../host/local-reply.js";
import type { Pairs } from "../host/pairs.js";
import type { Random } from "../host/random.js";
import type { Vm } from "../host/vm.js";
import { guardConfiguration, LOGGED_RESULTS } from "../plan/guard.js";
import { type CorsPlan, compressionOf } from "../plan/native.js";
import type { GatewayPlan, ListenerPlan, PolicyPlan, RoutePlan } from "../plan/plan.js";
import { matchRoute } from "../request/match.js";
import { type Arrival, arrive, type ClientRequest, type RoutedRequest } from "../request/request.js";
import { GUARD_CAPABILITIES } from "../targets/envoy/capabilities.js";
import { abortedByFault, faultDelay, localReply, refusedAddress, routeOfRefused } from "./before-guard.js";
import { type Asking, askService, type HeldBody, holdBody } from "./behind-guard.js";
import { announceCoding } from "./compression.js";
import { preflightAnswer } from "./cors.js";
import { forwardedHeaders, routeAnswerHeaders } from "./headers.js";
import { type Answer, type GuardedRequest, localAnswer, Passage } from "./passage.js";
import { locationOf } from "./redirect.js";
import { answerDirectly, onWire, requestHeaders, requestId } from "./wire.js";

/** What became of a request before a service had it. */
export type Reception =
  | { step: "answered"; answer: Answer }
  | { step: "asks"; asking: Asking }
  | { step: "held"; body: HeldBody }
  | { step: "passed"; passage: Passage };

/** A plan and the values of the variables that it refers to. */
export interface ServedPlan {
  plan: GatewayPlan;
  environment: Readonly<Record<string, string>>;
}

/** Port of the client, of which nothing else is known. */
export const CLIENT_PORT = 49_152;

/**
 * One worker of Envoy with a plan: the guard in a VM of its own, and around it the model of what Envoy does. It reads no
 * bodies, as the guard does not.
 */
export class Worker {
  readonly vm: Vm;
  private readonly plan: GatewayPlan;
  private readonly policies: ReadonlyMap<string, PolicyPlan>;
  private readonly random: Random;

  /**
   * @param guard the module that ships
   * @param random of all that is left to chance around the module
   * @throws Error if the module refuses the configuration
   */
  constructor(host: Host, guard: CompiledModule, { plan, environment }: ServedPlan, random: Random) {
    this.plan = plan;
    this.random = random;
    this.policies = new Map(plan.policies.map((policy) => [policy.name, policy]));
    this.vm = host.start(guard, { vmId: `sluice.${plan.name}`, environment, capabilities: GUARD_CAPABILITIES });
    // Then bodies would have to go through the module, answers wait for it, and time call it.
    for (const callback of ["request_body", "response_headers", "response_body", "tick"])
      if (this.vm.has(`proxy_on_${callback}`))
        throw new HostFault(`the module wants ${callback}, which is not modelled`);
    const before = host.log.length;
    const configuration = configurationOf(plan);
    if (this.vm.configure(pluginOf({ name: "sluice.guard", rootId: "guard", configuration })) !== undefined) return;
    const said = host.log.slice(before).map(({ text }) => text);
    const reason = this.vm.failure ?? (said.length === 0 ? "its log says why" : said.join("; "));
    throw new Error(`guard.wasm refuses its configuration: ${reason}`);
  }

  /**
   * A request up to where it is answered, or goes to a service.
   * @param hasBody something follows its headers
   * @throws HostFault for what the embedded host does not model; the worker must not be used again then
   */
  receive(listener: ListenerPlan, client: ClientRequest, hasBody: boolean): Reception {
    const arrival = arrive(this.plan, listener, client);
    if ("status" in arrival) return answered(this.refusal(client, arrival));
    const { request } = arrival;
    const route = matchRoute(this.plan, request)?.route;
    if (route === undefined) return answered(wholeAnswer(client.method, 404, [], ""));
    const run = route.run.flatMap(({ policy }) => this.policies.get(policy) ?? []);
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
    return this.throughGuard({ route, run, cors, request }, hasBody);
  }

  /** Whether some route may hold requests back before anything is done with them. */
  private get delays(): boolean {
    return this.plan.policies.some(({ native }) => native?.filter === "fault" && native.delay !== undefined);
  }

  /** How long a request waits before `receive` is asked, in milliseconds; left to chance where the policy says so. */
  delayOf(listener: ListenerPlan, client: ClientRequest): number {
    const arrival = this.delays ? arrive(this.plan, listener, client) : undefined;
    if (arrival === undefined || "status" in arrival) return 0;
    const { request } = arrival;
    const route = matchRoute(this.plan, request)?.route;
    const run = route?.run.flatMap(({ policy }) => this.policies.get(policy) ?? []) ?? [];
    if (route === undefined || refusedAddress(route, run, request) !== undefined) return 0;
    return faultDelay(run, request, this.random);
  }

  /**
   * The codec has not read the headers yet, so its answer is plain to everybody; what the connection manager refuses has no body,
   * and the headers of a route, if it found one (seen on 1.40).
   */
  private refusal(client: ClientRequest, { status, by }: Extract<Arrival, { status: number }>): Answer {
    const { method, headers: sent } = client;
    if (by === "parser") return codecRefusal(method, status);
    const sort = { isHead: method === "HEAD", isGrpc: isGrpcRequest(new HeaderMap("request", sent)) };
    const route = routeOfRefused(this.plan, client);
    const run = route?.run.flatMap(({ policy }) => this.policies.get(policy) ?? []) ?? [];
    const answer = { ...localReply(sort, { route, run }, status, ""), notes: {} };
    return route === undefined ? answer : { ...answer, route };
  }

  private throughGuard(
    { route, run, cors, request }: Omit<GuardedRequest, "stream" | "requestId">,
    hasBody: boolean,
  ): Reception {
    const stream = this.vm.stream({ attributes: attributesOf(route, request) });
    const guarded = { stream, route, run, cors, request, requestId: requestId(this.random) };
    stream.requestHeaders(requestHeaders(request, guarded.requestId), !hasBody);
    if (stream.localReply !== undefined) return answered(localAnswer(guarded, false));
    if (stream.isHeld("request")) throw new HostFault(`the guard holds a request of route ${route.name}`);
    return askService(guarded, hasBody, () => holdBody(guarded, hasBody, () => this.atRouter(guarded, hasBody)));
  }

  private atRouter(guarded: GuardedRequest, hasBody: boolean): Reception {
    const { stream, route, run, request } = guarded;
    const { action } = route;
    if (action.type === "forward") {
      const name = this.chosen(action.to);
      const byChance = action.to.length > 1;
      // Envoy tells the service how long this try of it may take.
      const timeoutMs = action.retry?.perTryMs ?? action.timeoutMs;
      const sent = forwardedHeaders(stream, run, { timeoutMs, hasBody });
      return { step: "passed", passage: new Passage(guarded, { name, byChance, ...sent }) };
    }
    const { set, append } = routeAnswerHeaders(route, run, stream.filterState);
    const written = [...set, ...append];
    if (action.type === "respond") answerDirectly(stream, request, action.status, action.body ?? "", written);
    else
      answerDirectly(stream, request, action.status, "", [["location", locationOf(action.url, request)], ...written]);
    return answered(localAnswer(guarded, true));
  }

  private chosen(to: readonly { service: string; weight: number }[]): string {
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

function answered(answer: Answer): Reception {
  return { step: "answered", answer };
}

function wholeAnswer(method: string, status: number, headers: Pairs, body: string): Answer {
  return { status, headers: onWire(headers, method, status, body === ""), body, notes: {} };
}

/** An answer of Envoy without a body, to whoever asked. */
export function emptyAnswer(status: number): Answer {
  return wholeAnswer("GET", status, [], "");
}

/** What the HTTP/1.1 codec answers to a request that it cannot read: the name of the status. */
export function codecRefusal(method: string, status: number): Answer {
  const body = STATUS_CODES[status] ?? "";
  const headers = [["content-type", "text/plain"] as const, ["content-length", String(body.length)] as const];
  return { ...wholeAnswer(method, status, headers, body), isUnread: true };
}

const configurations = new WeakMap<GatewayPlan, string>();

/** With what an access log would show, which is where the decisions are read from. */
function configurationOf(plan: GatewayPlan): string {
  const known = configurations.get(plan);
  if (known !== undefined) return known;
  const made = JSON.stringify(guardConfiguration(plan, LOGGED_RESULTS));
  configurations.set(plan, made);
  return made;
}

/** Envoy's filter works on routes to services only. */
function corsOf(route: RoutePlan, run: readonly PolicyPlan[]): CorsPlan | undefined {
  if (route.action.type !== "forward") return undefined;
  for (const { native } of run) if (native?.filter === "cors") return native;
  return undefined;
}

function attributesOf(
  route: RoutePlan,
  { source, sourcePort: port = CLIENT_PORT }: RoutedRequest,
): Record<string, AttributeValue | undefined> {
  const address = source.includes(":") ? `[${source}]` : source;
  return {
    "xds.route_name": route.name,
    "source.address": `${address}:${port}`,
    "source.port": BigInt(port),
    "request.protocol": "HTTP/1.1",
  };
}
