import { type CompiledModule, compileModule } from "../host/engine.js";
import type { GatewayPlan } from "../plan/plan.js";
import type { RequestExplanation } from "../request/explain.js";
import type { Path } from "../syntax/document.js";
import type { Span } from "../syntax/source.js";
import type { CheckedSuite } from "./check.js";
import { requestOf, withKey } from "./client.js";
import { type KeyedGateway, withTestKeys } from "./credentials.js";
import { EmbeddedGateway, type Exchange } from "./exchange.js";
import { counterDifferences, type Difference, differences } from "./expect.js";
import type { Case, Expectation, Request } from "./suite.js";
import { explained, traceOf } from "./trace.js";

/** What came of one case. */
export interface CaseResult {
  name: string;
  /** Where its name stands. */
  place: Span;
  outcome: "passed" | "failed" | "not-run";
  /** Of a case that was not run: why. */
  reason?: string;
  /** Of a case that failed: the first request that did not do what it should. */
  failure?: Failure;
}

export interface Failure {
  differences: (Difference & { place: Span })[];
  /** Which request of how many, where there are several: `step 2 of 3, request 4 of 20`. */
  position?: string;
  /** Lines without line breaks. */
  trace: readonly string[];
  /** Of all that was left to chance, where something was. */
  seed?: number;
}

/** Is told of every request that was sent. */
export interface Observer {
  observe(exchange: Exchange, explain: () => RequestExplanation, grown: (policy: string) => boolean): void;
}

export interface RunOptions {
  /** Which cases, by their names; all if absent. */
  filter?: (name: string) => boolean;
  observer?: Observer;
  /** Default 1. */
  seed?: number;
}

/** Runs the cases of a file, each in a gateway of its own that nobody has called before. */
export class SuiteRunner {
  private readonly guard: CompiledModule;

  /** @param guard bytes of the module that ships */
  constructor(guard: Uint8Array) {
    this.guard = compileModule(guard);
  }

  /** @param suite without findings of severity error, and about this plan */
  run(
    { suite, place }: CheckedSuite,
    plan: GatewayPlan,
    { filter, observer, seed = 1 }: RunOptions = {},
  ): CaseResult[] {
    const keyed = withTestKeys(plan);
    return suite.cases.flatMap((one, index): CaseResult[] => {
      if (filter?.(one.name) === false) return [];
      const result = { name: one.name, place: place(["cases", index, "name"]) };
      if (one.engine === "envoy") return [{ ...result, outcome: "not-run", reason: "needs a real Envoy" }];
      const gateway = new EmbeddedGateway(this.guard, keyed, suite.upstreams, seed);
      const failed = new CaseRun(gateway, keyed, observer).run(one);
      if (failed === undefined) return [{ ...result, outcome: "passed" }];
      const { path, differences: found, byChance, ...rest } = failed;
      const placed = found
        .map((each) => ({ ...each, place: place(["cases", index, ...path, ...each.path]) }))
        .toSorted((a, b) => a.place.start - b.place.start);
      return [
        { ...result, outcome: "failed", failure: { ...rest, differences: placed, ...(byChance ? { seed } : {}) } },
      ];
    });
  }
}

interface Failed extends Omit<Failure, "differences" | "seed"> {
  differences: Difference[];
  /** Of the expectation, in the case. */
  path: Path;
  byChance: boolean;
}

/** A request of a case, with all that is said of it. */
interface Sending {
  request: Request;
  as: string | undefined;
  repeat: number;
  expect: Expectation;
  path: Path;
  position: string;
}

class CaseRun {
  private readonly gateway: EmbeddedGateway;
  private readonly keyed: KeyedGateway;
  private readonly observer: Observer | undefined;
  private byChance = false;

  constructor(gateway: EmbeddedGateway, keyed: KeyedGateway, observer: Observer | undefined) {
    this.gateway = gateway;
    this.keyed = keyed;
    this.observer = observer;
  }

  /** @returns undefined if all is as expected; what comes after a failure would tell of the same */
  run(one: Case): Failed | undefined {
    const { request, as, repeat, expect = {}, steps = [] } = one;
    if (request !== undefined) return this.send({ request, as, repeat, expect, path: ["expect"], position: "" });
    for (const [index, step] of steps.entries()) {
      if (step.wait !== undefined) this.gateway.wait(step.wait);
      if (step.request === undefined) continue;
      const position = `step ${index + 1} of ${steps.length}`;
      const sending = { ...step, request: step.request, as: step.as ?? as, expect: step.expect ?? {}, position };
      const failed = this.send({ ...sending, path: ["steps", index, "expect"] });
      if (failed !== undefined) return failed;
    }
    return undefined;
  }

  private send({ request, as, repeat, expect, path, position }: Sending): Failed | undefined {
    const before = new Map(Object.keys(expect.metrics ?? {}).map((counter) => [counter, this.counter(counter)]));
    for (let round = 1; round <= repeat; round++) {
      const { exchange, explanation } = this.exchange(request, as);
      const found = differences(expect, exchange);
      // Counters count all repetitions together.
      if (round === repeat)
        found.push(...counterDifferences(expect, (counter) => this.counter(counter) - (before.get(counter) ?? 0)));
      if (found.length === 0) continue;
      const parts = [position, repeat === 1 ? "" : `request ${round} of ${repeat}`].filter((part) => part !== "");
      const where = parts.length === 0 ? {} : { position: parts.join(", ") };
      const trace = traceOf(explanation(), exchange, as);
      return { differences: found, path, trace, byChance: this.byChance, ...where };
    }
    return undefined;
  }

  private exchange(request: Request, as: string | undefined) {
    const { plan, keys } = this.keyed;
    const unsigned = requestOf(request, this.gateway.time);
    const key = as === undefined ? undefined : keys.get(as);
    const sent = key === undefined ? unsigned : withKey(unsigned, key, plan, this.gateway.listener);
    const counted = this.observer === undefined ? undefined : this.total();
    const exchange = this.gateway.send(sent);
    this.byChance ||= exchange.service?.byChance === true;
    const explanation = () => explained(sent, this.gateway, this.keyed);
    if (counted !== undefined) {
      const now = this.total();
      this.observer?.observe(exchange, explanation, (policy) => now.get(policy) !== counted.get(policy));
    }
    return { exchange, explanation };
  }

  /** `policy.outcome` */
  private counter(name: string): number {
    const dot = name.lastIndexOf(".");
    return this.gateway.counter(name.slice(0, dot), name.slice(dot + 1));
  }

  /** What all counters of each policy have counted. */
  private total(): Map<string, number> {
    const outcomes = ["allowed", "denied", "error", "shadow"];
    return new Map(
      this.keyed.plan.policies.map(({ name }) => [
        name,
        outcomes.reduce((sum, outcome) => sum + this.gateway.counter(name, outcome), 0),
      ]),
    );
  }
}
