import type { GatewayPlan } from "../../plan/plan.js";

/** What `sluice run` serves a policy with: Envoy, or the embedded host. */
export interface PolicyServer {
  listeners(): Promise<readonly { name: string; address: string; port: number }[]>;
  /** Lines about it beside its listeners. */
  readonly about: readonly string[];
  takeOver(plan: GatewayPlan): Promise<Takeover>;
  /** Settles with the reason if it ends by itself. */
  readonly ended: Promise<string>;
  /** Spans of requests that have ended go out before, as far as that does not take long, and nobody is in a `hurry`. */
  stop(hurry: Promise<void>): Promise<void>;
}

/** What became of a changed policy, in a phrase. */
export interface Takeover {
  /** On standard output, as what is in force is clear from it; else on standard error. */
  isNews: boolean;
  says: string;
}
