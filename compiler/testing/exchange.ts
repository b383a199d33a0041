import type { Asking } from "../embedded/behind-guard.js";
import type { Answer, Passage, ServiceView } from "../embedded/passage.js";
import { type Reception, Worker } from "../embedded/worker.js";
import { byteTextOf } from "../host/byte-text.js";
import { ManualClock } from "../host/clock.js";
import type { CompiledModule } from "../host/engine.js";
import { HeaderMap } from "../host/header-map.js";
import { Host } from "../host/host.js";
import type { Pairs } from "../host/pairs.js";
import { seededRandom } from "../host/random.js";
import type { ListenerPlan, RoutePlan } from "../plan/plan.js";
import type { SentRequest } from "./client.js";
import type { KeyedGateway } from "./credentials.js";
import { policyCounters, type TestedGateway } from "./gateway.js";
import type { Suite } from "./suite.js";
import { upstreamAnswer } from "./upstream.js";

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
  /** The request as the service got it; absent if none did. */
  service?: ServiceView;
}

/** Of the clock of a host, which stands still unless it is moved. */
const MILLISECOND = 1_000_000n;

/** A gateway in the embedded host: one worker, its clock, and services that answer as a test file says. */
export class EmbeddedGateway implements TestedGateway {
  readonly listener: ListenerPlan;
  private readonly host: Host;
  private readonly worker: Worker;
  private readonly upstreams: Suite["upstreams"];

  /**
   * @param guard the module that ships
   * @param seed of all that is left to chance
   * @param start of its clock, in milliseconds since 1970
   * @throws Error if the module refuses the configuration
   */
  constructor(guard: CompiledModule, keyed: KeyedGateway, upstreams: Suite["upstreams"], seed: number, start?: number) {
    const [listener] = keyed.plan.listeners;
    if (listener === undefined) throw new RangeError("a gateway without a listener takes no request");
    this.listener = listener;
    this.upstreams = upstreams;
    const random = seededRandom(seed);
    const clock = start === undefined ? new ManualClock() : new ManualClock({ wall: BigInt(start) * MILLISECOND });
    this.host = new Host({ clock, random, clusters: keyed.plan.services.map(({ name }) => name) });
    this.worker = new Worker(this.host, guard, keyed, random);
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
    this.wait(this.worker.delayOf(this.listener, client));
    const reception = this.worker.receive(this.listener, client, body.length > 0);
    return this.follow(reception, body);
  }

  private follow(reception: Reception, body: Uint8Array): Exchange {
    switch (reception.step) {
      case "answered":
        return exchangeOf(reception.answer);
      case "asks":
        return this.ask(reception.asking, body);
      case "held": {
        const { most, whole, tooLarge } = reception.body;
        return body.length > most ? exchangeOf(tooLarge()) : this.follow(whole(body.length), body);
      }
      case "passed":
        return this.fromService(reception.passage);
    }
  }

  private ask(asking: Asking, body: Uint8Array): Exchange {
    const asked = asking.question(body.length);
    if (asked === undefined) return exchangeOf(asking.tooLarge());
    const { status, headers, content } = upstreamAnswer(this.upstreams, asked.name);
    const answer = { status, headers, body: asked.method === "HEAD" ? "" : byteTextOf(content) };
    return { ...this.follow(asking.answered(answer), body), asked };
  }

  private fromService(passage: Passage): Exchange {
    const { service, route, notes } = passage;
    const { headers, content } = this.scripted(service);
    const head = passage.answer(headers, content.length === 0);
    passage.end();
    return { ...head, body: byteTextOf(content), route, ...told(notes), service };
  }

  private scripted({ name, method }: ServiceView): { headers: HeaderMap; content: Uint8Array } {
    const { status, headers, content } = upstreamAnswer(this.upstreams, name);
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
