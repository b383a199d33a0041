import { momentOf } from "../embedded/attributes.js";
import type { Asking } from "../embedded/behind-guard.js";
import { LimitService } from "../embedded/limit-service.js";
import type { CompiledModules } from "../embedded/modules.js";
import type { Answer, Passage, ServiceView } from "../embedded/passage.js";
import { type Outcome, type Reception, Worker } from "../embedded/worker.js";
import { byteTextOf } from "../host/byte-text.js";
import { ManualClock } from "../host/clock.js";
import { HostFault } from "../host/fault.js";
import { HeaderMap } from "../host/header-map.js";
import { Host } from "../host/host.js";
import type { Pairs } from "../host/pairs.js";
import { seededRandom } from "../host/random.js";
import type { ListenerPlan, RoutePlan } from "../plan/plan.js";
import type { Span } from "../traces/span.js";
import type { SentRequest } from "./client.js";
import type { KeyedGateway } from "./credentials.js";
import { listenerOf, policyCounters, type TestedGateway } from "./gateway.js";
import { KeyServices } from "./key-services.js";
import type { Collected } from "./spans/match.js";
import { Collectors, SpanReader } from "./spans/posts.js";
import type { Upstreams } from "./suite.js";
import { ServiceScript } from "./upstream.js";

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
  /** The request to a service that was asked whether this one may pass; absent if none was. */
  asked?: ServiceView;
  /** The request as the service got it, its body as a byte text; absent if none did. */
  service?: ServiceView & { body: string };
  /** What collectors took of it and of those before it that are alike; only where that was looked at. */
  spans?: Collected;
}

/** Of the clock of a host, which stands still unless it is moved. */
const MILLISECOND = 1_000_000n;
/** What counts by the second sees another one soon. */
const NEARLY_A_SECOND = 1_000_850n * MILLISECOND;

/** A gateway in the embedded host: one worker, its clock, and services that answer as a test file says. */
export class EmbeddedGateway implements TestedGateway {
  readonly listener: ListenerPlan;
  private readonly host: Host;
  private readonly worker: Worker;
  private readonly script: ServiceScript;
  private readonly collectors: Collectors;
  private readonly keyServices: KeyServices;
  private readonly reader = new SpanReader();

  /**
   * @param modules those that ship
   * @param seed of all that is left to chance
   * @param options of its clock, which starts at `start` in milliseconds since 1970; and the listener that requests come to
   * @throws Error if a module refuses the configuration
   */
  constructor(
    modules: CompiledModules,
    keyed: KeyedGateway,
    upstreams: Upstreams,
    seed: number,
    { start, listener: name }: { start?: number; listener?: string | undefined } = {},
  ) {
    const listener = listenerOf(keyed.plan, name);
    if (listener === undefined) throw new RangeError("a gateway without a listener takes no request");
    this.listener = listener;
    this.script = new ServiceScript(keyed.plan, upstreams);
    this.collectors = new Collectors(keyed.plan);
    this.keyServices = new KeyServices(keyed.plan);
    const random = seededRandom(seed);
    const clock =
      start === undefined
        ? new ManualClock()
        : new ManualClock({ wall: BigInt(start) * MILLISECOND, monotonic: NEARLY_A_SECOND });
    this.host = new Host({ clock, random, clusters: keyed.plan.services.map(({ name }) => name) });
    this.worker = new Worker(this.host, modules, keyed, random, new LimitService());
    this.letModuleWork();
  }

  get time(): number {
    return Number(this.host.clock.wall() / MILLISECOND);
  }

  wait(milliseconds: number): void {
    this.host.advance(BigInt(Math.round(milliseconds)) * MILLISECOND, () => this.answerCalls());
  }

  counters(): ReadonlyMap<string, number> {
    return policyCounters(this.host.metrics.counters());
  }

  send({ client, body }: SentRequest): Exchange {
    const arrived = momentOf(this.host);
    this.wait(this.worker.delayOf(this.listener, client));
    const reception = this.worker.receive(this.listener, client, body.length > 0, arrived);
    const exchange = this.follow(reception, body);
    this.letModuleWork();
    return exchange;
  }

  spans(): readonly Span[] {
    return this.reader.taken();
  }

  /** The time of the policies stands still, and what the module does when time has passed is done all the same. */
  private letModuleWork(): void {
    if (this.collectors.isEmpty && this.keyServices.isEmpty) return;
    do this.host.tick();
    while (this.answerCalls());
  }

  /** @returns whether there was one */
  private answerCalls(): boolean {
    const calls = [...this.host.calls.pending];
    for (const { cluster, headers, body, answer } of calls) {
      const first = (name: string) => headers.find(([other]) => other === name)?.[1] ?? "";
      const request = { method: first(":method"), path: first(":path"), headers, body: byteTextOf(body) };
      if (this.script.introspects(cluster, request)) {
        const { status, headers: sent, content } = this.script.answer(cluster, request);
        answer([[":status", String(status)], ...sent], content);
        continue;
      }
      const collector = this.collectors.collectorOf(cluster, request);
      if (collector === undefined && !this.keyServices.isAsked(cluster, request))
        throw new HostFault(`the guard calls ${cluster}, which is not modelled`);
      const { status, headers: sent, content } = this.script.answer(cluster, request);
      if (collector !== undefined) this.reader.read({ collector, body: request.body, status });
      answer([[":status", String(status)], ...sent], content);
    }
    return calls.length > 0;
  }

  private follow(reception: Reception, body: Uint8Array): Exchange {
    switch (reception.step) {
      case "waiting": {
        this.answerCalls();
        const next = reception.waiting.next();
        if (next === undefined) throw new HostFault("the guard holds a request whose question is answered");
        return this.follow(next, body);
      }
      case "external":
        return this.ask(reception.asking, body);
      case "held": {
        const { most, whole, tooLarge } = reception.body;
        return body.length > most ? exchangeOf(tooLarge()) : this.follow(whole(body), body);
      }
      case "asked": {
        const outcome = reception.asked.data(body, true);
        if (outcome === undefined) throw new RangeError("the body has ended, and nothing has come of it");
        return this.outcomeOf(outcome, body);
      }
      case "answered":
      case "passed":
        return this.outcomeOf(reception, body);
    }
  }

  private outcomeOf(outcome: Outcome, body: Uint8Array): Exchange {
    return outcome.step === "answered" ? exchangeOf(outcome.answer) : this.fromService(outcome.passage, body);
  }

  private ask(asking: Asking, body: Uint8Array): Exchange {
    const asked = asking.question(body.length);
    if (asked === undefined) return exchangeOf(asking.tooLarge());
    const { status, headers, content } = this.script.answer(asked.name, { ...asked, body: "" });
    const answer = { status, headers, body: asked.method === "HEAD" ? "" : byteTextOf(content) };
    return { ...this.follow(asking.answered(answer), body), asked };
  }

  private fromService(passage: Passage, body: Uint8Array): Exchange {
    const { route } = passage;
    const service = { ...passage.service, body: byteTextOf(passage.body ?? body) };
    const { headers, content } = this.scripted(service);
    if (passage.holdsAnswers) {
      const ends = content.length === 0;
      const answer = passage.holdAnswer(headers, ends) ?? (ends ? undefined : passage.holdData(content, true));
      if (answer === undefined) throw new HostFault(`body.wasm holds an answer of route ${route.name}`);
      return { ...exchangeOf(answer), service };
    }
    const { page, ...head } = passage.answer(headers, content.length === 0);
    passage.end();
    return { ...head, body: page ?? byteTextOf(content), route, ...told(passage.notes), service };
  }

  private scripted(service: NonNullable<Exchange["service"]>): { headers: HeaderMap; content: Uint8Array } {
    const { name, method } = service;
    const { status, headers, content } = this.script.answer(name, service);
    const spent = ["x-envoy-upstream-service-time", "0"] as const;
    const map = new HeaderMap("response", [[":status", String(status)], ...headers, spent]);
    return { headers: map, content: method === "HEAD" ? new Uint8Array(0) : content };
  }
}

function exchangeOf({ status, headers, body, route, notes }: Answer): Exchange {
  return { status, headers, body, ...(route === undefined ? {} : { route }), ...told(notes) };
}

function told({ decision, shadow }: Pick<Exchange, "decision" | "shadow">): Pick<Exchange, "decision" | "shadow"> {
  return { ...(decision === undefined ? {} : { decision }), ...(shadow === undefined ? {} : { shadow }) };
}
