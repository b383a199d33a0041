import type { CompiledModules } from "../embedded/modules.js";
import type { Answer, Passage, ServiceView } from "../embedded/passage.js";
import { Worker } from "../embedded/worker.js";
import { byteTextOf } from "../host/byte-text.js";
import { ManualClock } from "../host/clock.js";
import { HostFault } from "../host/fault.js";
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
  /** The request as the service got it, its body as a byte text; absent if none did. */
  service?: ServiceView & { body: string };
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
   * @param modules those that ship
   * @param seed of all that is left to chance
   * @param start of its clock, in milliseconds since 1970
   * @throws Error if a module refuses the configuration
   */
  constructor(
    modules: CompiledModules,
    keyed: KeyedGateway,
    upstreams: Suite["upstreams"],
    seed: number,
    start?: number,
  ) {
    const [listener] = keyed.plan.listeners;
    if (listener === undefined) throw new RangeError("a gateway without a listener takes no request");
    this.listener = listener;
    this.upstreams = upstreams;
    const random = seededRandom(seed);
    const clock = start === undefined ? new ManualClock() : new ManualClock({ wall: BigInt(start) * MILLISECOND });
    this.host = new Host({ clock, random, clusters: keyed.plan.services.map(({ name }) => name) });
    this.worker = new Worker(this.host, modules, keyed, random);
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
    const reception = this.worker.receive(this.listener, client, body.length > 0);
    const outcome = reception.step === "asked" ? reception.asked.data(body, true) : reception;
    if (outcome === undefined) throw new RangeError("the body has ended, and nothing has come of it");
    return outcome.step === "answered" ? exchangeOf(outcome.answer) : this.fromService(outcome.passage, body);
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
    const head = passage.answer(headers, content.length === 0);
    passage.end();
    return { ...head, body: byteTextOf(content), route, ...told(passage.notes), service };
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
