import type { Reception, WaitingRequest, Worker } from "../../embedded/worker.js";
import type { Host } from "../../host/host.js";

interface Waiter {
  worker: Worker;
  goOn(next: Reception): void;
}

/** Requests that wait for what a module has asked a service. A worker that takes no more requests gets its answers as long as some wait in it, as in Envoy. */
export class WaitingRequests {
  private readonly host: Host;
  private readonly waiting = new Map<WaitingRequest, Waiter>();
  private readonly leaving = new Set<Worker>();

  constructor(host: Host) {
    this.host = host;
  }

  /** @param goOn is called once, unless the client leaves before */
  add(request: WaitingRequest, worker: Worker, goOn: (next: Reception) => void): void {
    this.waiting.set(request, { worker, goOn });
  }

  /** Its client has left. */
  drop(request: WaitingRequest): void {
    this.waiting.delete(request);
    this.release();
  }

  /** Lets those go on that know by now how. */
  resume(): void {
    for (const [request, { goOn }] of [...this.waiting]) {
      const next = request.next();
      if (next === undefined || !this.waiting.delete(request)) continue;
      goOn(next);
    }
    this.release();
  }

  /** Answers all that wait in a worker which failed. */
  fail(worker: Worker, answer: () => Reception): void {
    this.leaving.delete(worker);
    for (const [request, waiter] of [...this.waiting]) {
      if (waiter.worker !== worker) continue;
      this.waiting.delete(request);
      waiter.goOn(answer());
    }
  }

  /** Takes a worker out of the host, when nobody waits in it. */
  retire(worker: Worker): void {
    this.leaving.add(worker);
    this.release();
  }

  private release(): void {
    const needed = new Set([...this.waiting.values()].map(({ worker }) => worker));
    for (const worker of this.leaving) {
      if (needed.has(worker)) continue;
      this.leaving.delete(worker);
      worker.retire(this.host);
    }
  }
}
