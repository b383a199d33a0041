import { randomBytes } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { LimitService } from "../../embedded/limit-service.js";
import { type CompiledModules, compileModules, type Modules, type ServedPlan } from "../../embedded/modules.js";
import { type BodyReader, emptyAnswer, type Reception, type WaitingRequest, Worker } from "../../embedded/worker.js";
import { ManualClock } from "../../host/clock.js";
import { HostFault } from "../../host/fault.js";
import { Host, type Moment } from "../../host/host.js";
import { RELOAD_BACKOFF_MS } from "../../plan/guard.js";
import type { ListenerPlan } from "../../plan/plan.js";
import type { ClientRequest } from "../../request/request.js";
import { servable } from "./coding.js";
import { ModuleCalls } from "./module-calls.js";
import type { Service } from "./service.js";
import { WaitingRequests } from "./waiting.js";

const MILLISECOND = 1_000_000n;
const RELOAD_BACKOFF = BigInt(RELOAD_BACKOFF_MS) * MILLISECOND;
/** Lines of the modules from this level on are reported: warn. */
const REPORTED_LEVEL = 3;
/** How long the end waits for what modules have asked services. Milliseconds. */
const LAST_CALLS_MS = 1_000;

/** What real clocks say now. */
export function now(): Moment {
  return { monotonic: process.hrtime.bigint(), wall: BigInt(Date.now()) * MILLISECOND };
}

/**
 * The policy in force: its modules in the embedded host, by the real time. A VM that failed, or did what the host does not
 * model, is replaced; until then each request gets 503.
 */
export class ServingGateway {
  private readonly host: Host;
  private readonly modules: CompiledModules;
  private readonly report: (line: string) => void;
  private readonly calls: ModuleCalls;
  private readonly waiting: WaitingRequests;
  /** Counts go on when the policy is another one. */
  private readonly limits = new LimitService();
  private served: ServedPlan;
  private worker: Worker | undefined;
  private ticking: NodeJS.Timeout | undefined;
  /** Monotonic time of the failure of the worker before. */
  private failedAt = 0n;

  /**
   * @param modules those that ship
   * @param report gets a line for what a module warns of, and for what the host cannot vouch for
   * @param serviceOf those that modules call
   * @throws Error if a module refuses the configuration
   */
  constructor(
    modules: Modules,
    served: ServedPlan,
    report: (line: string) => void,
    serviceOf: (name: string) => Service | undefined,
  ) {
    this.modules = compileModules(modules);
    this.report = report;
    this.host = new Host({
      clock: new ManualClock(now()),
      random: secureRandom,
      logLevel: REPORTED_LEVEL,
      onLog: ({ text }) => report(`module: ${text}`),
    });
    this.calls = new ModuleCalls(this.host.calls, serviceOf, (work) => this.settle(work));
    this.waiting = new WaitingRequests(this.host);
    this.served = served;
    this.worker = this.start(served);
    this.awaitTick();
  }

  /**
   * Takes another plan over at once. What callers have used of their limits stays used, as in Envoy.
   * @throws Error if a module refuses the configuration; the plan before stays in force then
   */
  replace(served: ServedPlan): void {
    this.letGo();
    const next = this.start(served);
    if (this.worker !== undefined) this.waiting.retire(this.worker);
    this.worker = next;
    this.served = served;
    this.awaitTick();
  }

  /** What happens to a request that is decided, or to an answer on its way: by the time that it is now. Never throws. */
  settle(work: () => void): void {
    try {
      this.host.follow(now());
      work();
      this.dismissFailed();
      this.waiting.resume();
    } catch (error) {
      this.fail(reasonOf(error));
    }
    this.calls.send();
  }

  /**
   * What `receive` let wait goes on when the module knows how.
   * @param goOn is called once, unless the client leaves before, of which `request.end` is to tell then
   */
  await(request: WaitingRequest, goOn: (next: Reception) => void): WaitingRequest {
    if (this.worker === undefined) goOn(unavailable());
    else this.waiting.add(request, this.worker, goOn);
    return {
      next: () => request.next(),
      end: () => {
        this.waiting.drop(request);
        request.end();
      },
    };
  }

  /** No more is asked of it. What modules have to send goes out, as far as that does not take long and nobody is in a `hurry`. */
  async stop(hurry: Promise<void>): Promise<void> {
    clearTimeout(this.ticking);
    this.letGo();
    await Promise.race([hurry, this.calls.ended(), delay(LAST_CALLS_MS, undefined, { ref: false })]);
    this.retire();
  }

  /** How long a request waits before it is received, in milliseconds. Never throws: what cannot be read is refused then. */
  delayOf(listener: ListenerPlan, client: ClientRequest): number {
    try {
      return this.running()?.delayOf(listener, client) ?? 0;
    } catch (error) {
      this.fail(`${client.method} ${client.target}: ${reasonOf(error)}`);
      return 0;
    }
  }

  /**
   * Never throws: 503 is the answer to whatever cannot be decided.
   * @param arrived when it came
   */
  receive(listener: ListenerPlan, client: ClientRequest, hasBody: boolean, arrived: Moment): Reception {
    return this.tried(client, () => {
      const worker = this.running();
      if (worker === undefined) return unavailable();
      const reception = worker.receive(listener, client, hasBody, arrived);
      if (reception.step !== "asked") return reception;
      const { asked } = reception;
      const reader: BodyReader = { data: (bytes, end) => this.tried(client, () => asked.data(bytes, end)) };
      return { step: "asked", asked: reader };
    });
  }

  private tried<Result>({ method, target }: ClientRequest, work: () => Result): Result | Unavailable {
    try {
      this.host.follow(now());
      const result = work();
      this.dismissFailed();
      this.calls.send();
      return result;
    } catch (error) {
      this.fail(`${method} ${target}: answered 503, ${reasonOf(error)}`);
      return unavailable();
    }
  }

  private start(served: ServedPlan): Worker {
    const plan = servable(served.plan);
    const worker = new Worker(this.host, this.modules, { ...served, plan }, secureRandom, this.limits);
    this.host.calls.lead(plan.services.map(({ name }) => name));
    return worker;
  }

  private running(): Worker | undefined {
    // One that failed while it saw an answer is found out here.
    this.dismissFailed();
    if (this.worker === undefined && this.host.clock.monotonic() - this.failedAt >= RELOAD_BACKOFF) this.restart();
    return this.worker;
  }

  private restart(): void {
    this.worker = this.start(this.served);
    this.awaitTick();
  }

  /** The modules are told of their periods when nobody sends a request, too. */
  private awaitTick(): void {
    clearTimeout(this.ticking);
    const due = this.host.nextDue;
    if (due === undefined) return;
    const wait = Number(due - process.hrtime.bigint()) / Number(MILLISECOND);
    this.ticking = setTimeout(
      () => {
        this.settle(() => {});
        this.awaitTick();
      },
      Math.max(Math.ceil(wait), 0),
    );
  }

  /** What the modules have kept for their next tick. */
  private letGo(): void {
    this.settle(() => this.host.tick());
  }

  private dismissFailed(): void {
    if (this.worker?.failure !== undefined) this.fail(this.worker.failure);
  }

  private fail(line: string): void {
    this.report(line);
    const { worker } = this;
    this.retire();
    if (worker !== undefined) this.waiting.fail(worker, unavailable);
    this.failedAt = this.host.clock.monotonic();
  }

  private retire(): void {
    this.worker?.retire(this.host);
    this.worker = undefined;
  }
}

type Unavailable = Extract<Reception, { step: "answered" }>;

function secureRandom(length: number): Uint8Array {
  return randomBytes(length);
}

function reasonOf(error: unknown): string {
  if (error instanceof HostFault) return `as the embedded host cannot vouch for it: ${error.message}`;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/** What Envoy answers where its filter has no VM (`wasm_fail_stream`). */
function unavailable(): Unavailable {
  return { step: "answered", answer: emptyAnswer(503) };
}
