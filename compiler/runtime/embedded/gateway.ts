import { randomBytes } from "node:crypto";
import { type CompiledModules, compileModules, type Modules, type ServedPlan } from "../../embedded/modules.js";
import { type BodyReader, emptyAnswer, type Reception, Worker } from "../../embedded/worker.js";
import { ManualClock } from "../../host/clock.js";
import { HostFault } from "../../host/fault.js";
import { Host, type Moment } from "../../host/host.js";
import { RELOAD_BACKOFF_MS } from "../../plan/guard.js";
import type { ListenerPlan } from "../../plan/plan.js";
import type { ClientRequest } from "../../request/request.js";
import { servable } from "./coding.js";

const MILLISECOND = 1_000_000n;
const RELOAD_BACKOFF = BigInt(RELOAD_BACKOFF_MS) * MILLISECOND;
/** Lines of the modules from this level on are reported: warn. */
const REPORTED_LEVEL = 3;

/** What real clocks say now. */
function now(): Moment {
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
  private served: ServedPlan;
  private worker: Worker | undefined;
  /** Monotonic time of the failure of the worker before. */
  private failedAt = 0n;

  /**
   * @param modules those that ship
   * @param report gets a line for what a module warns of, and for what the host cannot vouch for
   * @throws Error if a module refuses the configuration
   */
  constructor(modules: Modules, served: ServedPlan, report: (line: string) => void) {
    this.modules = compileModules(modules);
    this.report = report;
    this.host = new Host({
      clock: new ManualClock(now()),
      random: secureRandom,
      logLevel: REPORTED_LEVEL,
      onLog: ({ text }) => report(`module: ${text}`),
    });
    this.served = served;
    this.worker = this.start(served);
  }

  /**
   * Takes another plan over at once. What callers have used of their limits stays used, as in Envoy.
   * @throws Error if a module refuses the configuration; the plan before stays in force then
   */
  replace(served: ServedPlan): void {
    this.host.follow(now());
    const next = this.start(served);
    this.retire();
    this.worker = next;
    this.served = served;
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

  /** Never throws: 503 is the answer to whatever cannot be decided. */
  receive(listener: ListenerPlan, client: ClientRequest, hasBody: boolean): Reception {
    return this.tried(client, () => {
      const worker = this.running();
      if (worker === undefined) return unavailable();
      const reception = worker.receive(listener, client, hasBody);
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
      return result;
    } catch (error) {
      this.fail(`${method} ${target}: answered 503, ${reasonOf(error)}`);
      return unavailable();
    }
  }

  private start(served: ServedPlan): Worker {
    const plan = servable(served.plan);
    return new Worker(this.host, this.modules, { ...served, plan }, secureRandom);
  }

  private running(): Worker | undefined {
    // One that failed while it saw an answer is found out here.
    this.dismissFailed();
    if (this.worker === undefined && this.host.clock.monotonic() - this.failedAt >= RELOAD_BACKOFF)
      this.worker = this.start(this.served);
    return this.worker;
  }

  private dismissFailed(): void {
    if (this.worker?.failure !== undefined) this.fail(this.worker.failure);
  }

  private fail(line: string): void {
    this.report(line);
    this.retire();
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
