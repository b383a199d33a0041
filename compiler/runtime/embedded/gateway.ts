import { randomBytes } from "node:crypto";
import { emptyAnswer, type Reception, type ServedPlan, Worker } from "../../embedded/worker.js";
import { ManualClock } from "../../host/clock.js";
import { type CompiledModule, compileModule } from "../../host/engine.js";
import { HostFault } from "../../host/fault.js";
import { Host, type Moment } from "../../host/host.js";
import { RELOAD_BACKOFF_MS } from "../../plan/guard.js";
import type { ListenerPlan } from "../../plan/plan.js";
import type { ClientRequest } from "../../request/request.js";
import { servable } from "./coding.js";

const MILLISECOND = 1_000_000n;
const RELOAD_BACKOFF = BigInt(RELOAD_BACKOFF_MS) * MILLISECOND;
/** Lines of the module from this level on are reported: warn. */
const REPORTED_LEVEL = 3;

/** What real clocks say now. */
function now(): Moment {
  return { monotonic: process.hrtime.bigint(), wall: BigInt(Date.now()) * MILLISECOND };
}

/**
 * The policy in force: the guard in the embedded host, by the real time. A VM that failed, or did what the host does not
 * model, is replaced; until then each request gets 503.
 */
export class ServingGateway {
  private readonly host: Host;
  private readonly guard: CompiledModule;
  private readonly report: (line: string) => void;
  private served: ServedPlan;
  private worker: Worker | undefined;
  /** Monotonic time of the failure of the worker before. */
  private failedAt = 0n;

  /**
   * @param guard bytes of the module that ships
   * @param report gets a line for what the module warns of, and for what the host cannot vouch for
   * @throws Error if the module refuses the configuration
   */
  constructor(guard: Uint8Array, served: ServedPlan, report: (line: string) => void) {
    this.guard = compileModule(guard);
    this.report = report;
    this.host = new Host({
      clock: new ManualClock(now()),
      random: secureRandom,
      logLevel: REPORTED_LEVEL,
      onLog: ({ text }) => report(`guard: ${text}`),
    });
    this.served = served;
    this.worker = this.start(served);
  }

  /**
   * Takes another plan over at once. What callers have used of their limits stays used, as in Envoy.
   * @throws Error if the module refuses the configuration; the plan before stays in force then
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
    try {
      this.host.follow(now());
      const worker = this.running();
      if (worker === undefined) return unavailable();
      const reception = worker.receive(listener, client, hasBody);
      if (worker.vm.failure !== undefined) this.fail(`the guard failed: ${worker.vm.failure}`);
      return reception;
    } catch (error) {
      this.fail(`${client.method} ${client.target}: answered 503, ${reasonOf(error)}`);
      return unavailable();
    }
  }

  private start(served: ServedPlan): Worker {
    const plan = servable(served.plan);
    return new Worker(this.host, this.guard, { ...served, plan }, secureRandom);
  }

  private running(): Worker | undefined {
    if (this.worker === undefined && this.host.clock.monotonic() - this.failedAt >= RELOAD_BACKOFF)
      this.worker = this.start(this.served);
    return this.worker;
  }

  private fail(line: string): void {
    this.report(line);
    this.retire();
    this.failedAt = this.host.clock.monotonic();
  }

  private retire(): void {
    if (this.worker !== undefined) this.host.retire(this.worker.vm);
    this.worker = undefined;
  }
}

function secureRandom(length: number): Uint8Array {
  return randomBytes(length);
}

function reasonOf(error: unknown): string {
  if (error instanceof HostFault) return `as the embedded host cannot vouch for it: ${error.message}`;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/** What Envoy answers where its filter has no VM (`wasm_fail_stream`). */
function unavailable(): Reception {
  return { step: "answered", answer: emptyAnswer(503) };
}
