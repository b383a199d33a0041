import type { AttributeValue } from "../host/attributes.js";
import { byteTextOf, textOf } from "../host/byte-text.js";
import { ManualClock } from "../host/clock.js";
import type { CompiledModule } from "../host/engine.js";
import { HeaderMap } from "../host/header-map.js";
import { Host, pluginOf } from "../host/host.js";
import type { Pairs } from "../host/pairs.js";
import { type Random, seededRandom } from "../host/random.js";
import type { Stream } from "../host/stream.js";
import type { Vm } from "../host/vm.js";
import { guardConfiguration, LOGGED_RESULTS } from "../plan/guard.js";
import type { CorsPlan } from "../plan/native.js";
import type { GatewayPlan, ListenerPlan, PolicyPlan, RoutePlan } from "../plan/plan.js";
import { matchRoute } from "../request/match.js";
import { normalizePath } from "../request/path.js";
import { arrive, type RoutedRequest } from "../request/request.js";
import { GUARD_CAPABILITIES } from "../targets/envoy/capabilities.js";
import type { SentRequest } from "./client.js";
import { preflightAnswer, tellOrigin } from "./cors.js";
import type { KeyedGateway } from "./credentials.js";
import { policyCounters, type TestedGateway } from "./gateway.js";
import { forwardedHeaders, routeAnswerHeaders } from "./headers.js";
import { locationOf } from "./redirect.js";
import type { Suite } from "./suite.js";
import { answerDirectly, onWire, requestHeaders, requestId } from "./wire.js";

/** What became of one request. Header values are byte texts, names in lower case. */
export interface Exchange {
  status: number;
  headers: Pairs;
  body: string;
  /** Absent if the listener answered. */
  route?: RoutePlan;
  /** What the guard noted; absent if Envoy answered before it. */
  decision?: string;
  shadow?: string;
  /** The request as the service got it; absent if none did. */
  service?: ServiceView;
}

export interface ServiceView {
  name: string;
  /** True where the weights of several services chose it. */
  byChance: boolean;
  method: string;
  path: string;
  headers: Pairs;
}

/** Of the clock of a host, which stands still unless it is moved. */
const MILLISECOND = 1_000_000n;
/** Port of the client, of which nothing else is known. */
export const CLIENT_PORT = 49_152;

/** A gateway in the embedded host: one worker, its clock, and services that answer as a test file says. */
export class EmbeddedGateway implements TestedGateway {
  readonly listener: ListenerPlan;
  private readonly host: Host;
  private readonly vm: Vm;
  private readonly plan: GatewayPlan;
  private readonly policies: ReadonlyMap<string, PolicyPlan>;
  private readonly upstreams: Suite["upstreams"];
  private readonly random: Random;

  /**
   * @param guard the module that ships
   * @param seed of all that is left to chance
   * @param start of its clock, in milliseconds since 1970
   * @throws Error if the module refuses the configuration
   */
  constructor(
    guard: CompiledModule,
    { plan, environment }: KeyedGateway,
    upstreams: Suite["upstreams"],
    seed: number,
    start?: number,
  ) {
    const [listener] = plan.listeners;
    if (listener === undefined) throw new RangeError("a gateway without a listener takes no request");
    this.listener = listener;
    this.plan = plan;
    this.upstreams = upstreams;
    this.policies = new Map(plan.policies.map((policy) => [policy.name, policy]));
    this.random = seededRandom(seed);
    const clock = start === undefined ? new ManualClock() : new ManualClock({ wall: BigInt(start) * MILLISECOND });
    this.host = new Host({ clock, random: this.random, clusters: plan.services.map(({ name }) => name) });
    this.vm = this.host.start(guard, {
      vmId: `sluice.${plan.name}`,
      environment,
      capabilities: GUARD_CAPABILITIES,
    });
    const root = this.vm.configure(
      pluginOf({ name: "sluice.guard", rootId: "guard", configuration: configurationOf(plan) }),
    );
    if (root !== undefined) return;
    const said = this.host.log.map(({ text }) => text).join("; ");
    throw new Error(`guard.wasm refuses its configuration: ${this.vm.failure ?? said}`);
  }

  get time(): number {
    return Number(this.host.clock.wall() / MILLISECOND);
  }

  wait(milliseconds: number): void {
    this.host.advance(BigInt(Math.round(milliseconds)) * MILLISECOND);
  }

  counters(): ReadonlyMap<string, number> {
    return policyCounters(this.host.metrics.counters());
  }

  send({ client, body }: SentRequest): Exchange {
    const arrival = arrive(this.plan, this.listener, client);
    if ("status" in arrival) return this.refusal(client, arrival.status);
    const { request } = arrival;
    const route = matchRoute(this.plan, request)?.route;
    if (route === undefined) return { status: 404, headers: onWire([], client.method, 404, ""), body: "" };
    const run = route.run.flatMap(({ policy }) => this.policies.get(policy) ?? []);
    const cors = corsOf(route, run);
    const preflight = cors === undefined ? undefined : preflightAnswer(cors, request);
    if (preflight !== undefined)
      return { status: 200, headers: onWire(preflight, client.method, 200, ""), body: "", route };
    return this.throughGuard({ route, run, cors, request, body });
  }

  /** The codec has a body for what it refuses, the connection manager for a path that it refuses has none. */
  private refusal({ method, target }: SentRequest["client"], status: number): Exchange {
    const body = "status" in normalizePath(target, this.listener.escapedSlashes) ? "" : "Bad Request";
    const headers: Pairs =
      body === ""
        ? []
        : [
            ["content-type", "text/plain"],
            ["content-length", String(body.length)],
          ];
    return { status, headers: onWire(headers, method, status, body), body };
  }

  private throughGuard(routed: Routed): Exchange {
    const { route, run, cors, request, body } = routed;
    const stream = this.vm.stream({ attributes: attributesOf(route, request) });
    const id = requestId(this.random);
    stream.requestHeaders(requestHeaders(request, id), body.length === 0);
    if (body.length > 0) stream.requestData(body, true);
    const isLocal = stream.localReply !== undefined;
    const service = isLocal || stream.request.headers === undefined ? undefined : this.answer(stream, routed);
    const { headers, body: parts } = stream.answer;
    if (headers === undefined) throw new Error(`no answer on route ${route.name}: ${this.vm.failure ?? "it was held"}`);
    // Envoy writes the headers of a route into local replies too, but not where the route itself answers (seen on 1.40).
    if (isLocal && route.action.type === "forward")
      writeAll(headers, routeAnswerHeaders(route, run, stream.filterState));
    if (cors !== undefined) tellOrigin(cors, request, headers);
    stream.finish();
    const status = Number(headers.get(":status"));
    const sent = request.method === "HEAD" ? "" : parts.map(byteTextOf).join("");
    return {
      status,
      headers: onWire(headers.pairs(), request.method, status, sent),
      body: sent,
      route,
      ...noted(stream),
      ...(service === undefined ? {} : { service }),
    };
  }

  /** What the route does with a request that the guard let pass. */
  private answer(stream: Stream, routed: Routed): ServiceView | undefined {
    const { route, run, request } = routed;
    const written = routeAnswerHeaders(route, run, stream.filterState);
    switch (route.action.type) {
      case "respond":
        answerDirectly(stream, request, route.action.status, route.action.body ?? "", [
          ...written.set,
          ...written.append,
        ]);
        return undefined;
      case "redirect":
        answerDirectly(stream, request, route.action.status, "", [
          ["location", locationOf(route.action.url, request)],
          ...written.set,
          ...written.append,
        ]);
        return undefined;
      case "forward": {
        const { to, timeoutMs } = route.action;
        const name = this.chosen(to);
        const service = {
          name,
          byChance: to.length > 1,
          ...forwardedHeaders(stream, run, timeoutMs),
        };
        this.answerAsService(stream, name, request, written);
        return service;
      }
    }
  }

  private answerAsService(
    stream: Stream,
    name: string,
    { method }: RoutedRequest,
    written: ReturnType<typeof routeAnswerHeaders>,
  ): void {
    const upstream = Object.hasOwn(this.upstreams, name) ? this.upstreams[name] : undefined;
    const { status = 200, headers = {}, body, json } = upstream ?? {};
    const bodyless = status === 204 || status === 304;
    const content = Buffer.from(json === undefined ? (body ?? "") : JSON.stringify(json));
    const map = new HeaderMap("response", [[":status", String(status)], ...Object.entries(headers)]);
    if (json !== undefined && map.get("content-type") === undefined) map.add("content-type", "application/json");
    if (!bodyless) map.replace("content-length", String(content.length));
    map.add("x-envoy-upstream-service-time", "0");
    writeAll(map, written);
    const ends = bodyless || method === "HEAD" || content.length === 0;
    stream.responseHeaders(map, ends);
    if (!ends) stream.responseData(content, true);
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

interface Routed {
  route: RoutePlan;
  run: readonly PolicyPlan[];
  cors: CorsPlan | undefined;
  request: RoutedRequest;
  body: Uint8Array;
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
  return route.action.type === "forward" ? run.find(({ native }) => native?.filter === "cors")?.native : undefined;
}

function attributesOf(route: RoutePlan, { source }: RoutedRequest): Record<string, AttributeValue | undefined> {
  const address = source.includes(":") ? `[${source}]` : source;
  return {
    "xds.route_name": route.name,
    "source.address": `${address}:${CLIENT_PORT}`,
    "source.port": BigInt(CLIENT_PORT),
    "request.protocol": "HTTP/1.1",
  };
}

function writeAll(headers: HeaderMap, { set, append }: ReturnType<typeof routeAnswerHeaders>): void {
  for (const [name, value] of set) headers.replace(name, value);
  for (const [name, value] of append) headers.add(name, value);
}

function noted({ filterState }: Stream): Pick<Exchange, "decision" | "shadow"> {
  const [decision, shadow] = ["decision", "shadow"].map((result) => filterState.get(`sluice.${result}`));
  return {
    ...(decision === undefined ? {} : { decision: textOf(decision) }),
    ...(shadow === undefined ? {} : { shadow: textOf(shadow) }),
  };
}
