import { setTimeout as delay } from "node:timers/promises";
import type { GatewayPlan } from "../../plan/plan.js";
import type { RunningEnvoy } from "../../runtime/process.js";
import type { Span } from "../../traces/span.js";
import { policyCounters } from "../gateway.js";
import { SpanReader } from "../spans/posts.js";
import type { TestServices } from "./service.js";

const POLL_MS = 5;
const TIMEOUT_MS = 10_000;
/** A body of nearly 64 KiB may end between the spans of one request. The rest of them comes with the next tick, 250 ms later at most. */
const NEARLY_FULL = 60 * 1024;
const LATEST_REST_MS = 1_000;

/** What all policies have counted so far, by `policy.outcome`. */
export async function countersOf({ admin }: RunningEnvoy): Promise<ReadonlyMap<string, number>> {
  const stats = await admin.stats("^wasmcustom\\.sluice\\.");
  return policyCounters([...stats].map(([name, value]) => [name.slice("wasmcustom.".length), value]));
}

/**
 * Waits until each policy has taken over a set of keys so many times: once in each VM that runs it.
 * @throws Error if that does not come to pass
 */
export async function keysTaken({ admin }: RunningEnvoy, policies: readonly string[], times: number): Promise<void> {
  if (policies.length === 0) return;
  const deadline = Date.now() + TIMEOUT_MS;
  const areTaken = async () => {
    const stats = await admin.stats("^wasmcustom\\.sluice_key_sets\\.");
    return policies.every((policy) => (stats.get(`wasmcustom.sluice_key_sets.${policy}.taken`) ?? 0) >= times);
  };
  while (!(await areTaken())) {
    if (Date.now() > deadline) throw new Error("Envoy's modules did not get the keys of a service");
    await delay(POLL_MS);
  }
}

/** The spans that an Envoy sends: its modules count them, so it is known how many there will be. */
export class EnvoyExports {
  private readonly running: RunningEnvoy;
  private readonly services: TestServices;
  private readonly exporting: ReadonlySet<string>;
  private readonly reader = new SpanReader();
  /** When the latest body came that may not be all; undefined once another has come. */
  private cutAt: number | undefined;

  /** @param policies of all gateways in it */
  constructor(running: RunningEnvoy, services: TestServices, { policies }: Pick<GatewayPlan, "policies">) {
    this.running = running;
    this.services = services;
    this.exporting = new Set(policies.flatMap(({ name, collector }) => (collector === undefined ? [] : [name])));
    // An Envoy before this one has sent them.
    services.posted();
  }

  /**
   * All spans that collectors have taken since the last call; waits for those that are on their way.
   * @throws Error if they do not come
   */
  async spans(): Promise<readonly Span[]> {
    if (this.exporting.size === 0) return [];
    const deadline = Date.now() + TIMEOUT_MS;
    while (!(await this.haveCome())) {
      if (Date.now() > deadline) throw new Error("Envoy's modules have counted spans that no collector got");
      await delay(POLL_MS);
    }
    return this.reader.taken();
  }

  /** The spans of a request go together, and the module has heard that they were taken. */
  private async haveCome(): Promise<boolean> {
    const counters = await countersOf(this.running);
    const sum = (...outcomes: string[]) =>
      [...this.exporting]
        .flatMap((policy) => outcomes.map((outcome) => counters.get(`${policy}.${outcome}`) ?? 0))
        .reduce((total, value) => total + value, 0);
    for (const post of this.services.posted()) {
      this.reader.read(post);
      this.cutAt = post.body.length < NEARLY_FULL ? undefined : Date.now();
    }
    const { accepted, requests } = this.reader.counts;
    const isWhole = this.cutAt === undefined || Date.now() > this.cutAt + LATEST_REST_MS;
    return isWhole && requests + sum("dropped") >= sum("sampled", "kept") && sum("exported") >= accepted;
  }
}
