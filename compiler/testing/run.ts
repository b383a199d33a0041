import { type CompiledModules, compileModules, type Modules } from "../embedded/modules.js";
import type { GatewayPlan } from "../plan/plan.js";
import type { Span } from "../syntax/source.js";
import { disagreements } from "./agreement.js";
import { type Attempt, type Failed, type Observer, runCase } from "./case-run.js";
import { type CheckedSuite, LONGEST_REAL_WAIT_MS, waitOf } from "./check.js";
import { type KeyedGateway, withTestKeys } from "./credentials.js";
import type { EnvoyPlace } from "./envoy/gateway.js";
import { replay } from "./envoy/replay.js";
import { EmbeddedGateway } from "./exchange.js";
import type { Difference } from "./expect.js";
import type { EngineName } from "./result.js";
import type { Case, Suite } from "./suite.js";
import { upstreamsOf } from "./upstream.js";

/** What came of one case. */
export interface CaseResult {
  name: string;
  /** Where its name stands. */
  place: Span;
  outcome: "passed" | "failed" | "not-run";
  /** Of a case that was not run, or not on Envoy though that was asked for: why. */
  reason?: string;
  /** The engines whose answers counted. */
  engines: readonly EngineName[];
  /** Of a case that failed: the first request that did not do what it should. */
  failure?: Failure;
}

export interface Failure {
  /** Of what was expected; or what came out otherwise on Envoy (`actual`) than on the embedded host (`expected`). */
  differences: (Difference & { place: Span })[];
  /** Where it failed; `both` where both engines differ from what is expected, `disagreement` where only one from the other. */
  on: EngineName | "both" | "disagreement";
  /** Which request of how many, where there are several: `step 2 of 3, request 4 of 20`. */
  position?: string;
  /** Lines without line breaks. */
  trace: readonly string[];
  /** Of all that was left to chance, where something was. */
  seed?: number;
}

export interface RunOptions {
  /** Which cases, by their names; all if absent. */
  filter?: (name: string) => boolean;
  observer?: Observer;
  /** Default 1. */
  seed?: number;
  envoy?: OnEnvoy;
}

/** A real Envoy to run the cases on. */
export interface OnEnvoy {
  place: EnvoyPlace;
  /** Whether both engines must give the same answers. */
  compare: boolean;
  /** Time of day, in milliseconds since 1970. */
  now: number;
}

/** One case on its way over the engines. */
interface Trial {
  one: Case;
  index: number;
  embedded?: Attempt;
  /** Milliseconds that passed in it: what the case waits, and what the policy makes requests wait. */
  spent?: number;
  /** The same with other chance, at the time of day, and with time passing between the requests. */
  slow?: Attempt;
  envoy?: Attempt;
}

/** Milliseconds between the requests of a replay that is slow. */
const SLOW_PACE_MS = 100;

/** Runs the cases of a file, each in a gateway of its own that nobody has called before. */
export class SuiteRunner {
  private readonly modules: CompiledModules;

  /** @param modules those that ship */
  constructor(modules: Modules) {
    this.modules = compileModules(modules);
  }

  /**
   * @param suite without findings of severity error, and about this plan
   * @throws EnvoyStartError if there is to be an Envoy and it does not start
   */
  async run(checked: CheckedSuite, plan: GatewayPlan, options: RunOptions = {}): Promise<CaseResult[]> {
    const { filter, observer, seed = 1, envoy } = options;
    const { suite } = checked;
    const keyed = withTestKeys(plan);
    const trials: Trial[] = [];
    for (const [index, one] of suite.cases.entries()) {
      if (filter?.(one.name) === false) continue;
      const trial: Trial = { one, index };
      trials.push(trial);
      if (one.engine === "envoy") continue;
      const upstreams = upstreamsOf(suite, one);
      const keep = envoy?.compare === true && onlyEmbedded(trial) === undefined;
      const { listener } = one;
      const gateway = new EmbeddedGateway(this.modules, keyed, upstreams, seed, { listener });
      const began = gateway.time;
      trial.embedded = await runCase(one, gateway, keyed, { observer, keep });
      trial.spent = gateway.time - began;
      if (envoy === undefined || onlyEmbedded(trial) !== undefined) continue;
      const slow = new EmbeddedGateway(this.modules, keyed, upstreams, seed + 1, {
        start: envoy.now,
        listener,
      });
      trial.slow = await runCase(one, slow, keyed, { pace: SLOW_PACE_MS, keep });
    }
    if (envoy !== undefined) await onEnvoy(trials, envoy, keyed, suite, observer);
    return trials.map((trial) => resultOf(trial, checked, { seed, envoy }));
  }
}

async function onEnvoy(
  trials: readonly Trial[],
  { place, compare }: OnEnvoy,
  keyed: KeyedGateway,
  suite: Suite,
  observer: Observer | undefined,
): Promise<void> {
  const replayed = trials.filter((trial) => onlyEmbedded(trial) === undefined);
  const scripted = replayed.map((trial) => ({
    trial,
    upstreams: upstreamsOf(suite, trial.one),
    listener: trial.one.listener,
  }));
  await replay(scripted, place, keyed, async ({ trial }, gateway) => {
    // What the embedded host has run is known already; it exercises the same.
    const unseen = trial.embedded === undefined ? { observer } : {};
    trial.envoy = await runCase(trial.one, gateway, keyed, { ...unseen, keep: compare });
  });
}

/** Why a case cannot be replayed on Envoy; undefined if it can. */
function onlyEmbedded({ one, embedded, slow, spent = 0 }: Trial): string | undefined {
  if (one.engine === "envoy") return undefined;
  if (one.engine === "embedded") return "as it says";
  const wait = Math.max(waitOf(one), spent);
  if (wait > LONGEST_REAL_WAIT_MS) return `it waits ${wait / 1_000} s`;
  if (slow !== undefined && (slow.failed === undefined) !== (embedded?.failed === undefined))
    return "its result depends on time or chance";
  return undefined;
}

interface Asked {
  seed: number;
  envoy: OnEnvoy | undefined;
}

function resultOf(trial: Trial, checked: CheckedSuite, { seed, envoy }: Asked): CaseResult {
  const { one, index } = trial;
  const base = { name: one.name, place: checked.place(["cases", index, "name"]) };
  const reason = envoy === undefined ? undefined : onlyEmbedded(trial);
  const counts = envoy === undefined || envoy.compare || reason !== undefined;
  const embedded = counts ? trial.embedded : undefined;
  const engines: EngineName[] = [
    ...(embedded === undefined ? [] : ["embedded" as const]),
    ...(trial.envoy === undefined ? [] : ["envoy" as const]),
  ];
  const why = reason === undefined ? {} : { reason };
  if (engines.length === 0) return { ...base, outcome: "not-run", reason: "needs a real Envoy", engines };
  const failure = failureOf(trial, { embedded, envoy: trial.envoy }, checked, seed);
  if (failure === undefined) return { ...base, outcome: "passed", ...why, engines };
  return { ...base, outcome: "failed", ...why, engines, failure };
}

function failureOf(
  { index, slow }: Trial,
  { embedded, envoy }: { embedded: Attempt | undefined; envoy: Attempt | undefined },
  { place }: CheckedSuite,
  seed: number,
): Failure | undefined {
  const chance = embedded?.byChance || envoy?.byChance ? { seed } : {};
  const failed = embedded?.failed ?? envoy?.failed;
  if (failed !== undefined) {
    const both = embedded?.failed !== undefined && envoy?.failed !== undefined;
    const on = both ? "both" : embedded?.failed === undefined ? "envoy" : "embedded";
    return { ...placed(failed, index, place), on, ...chance };
  }
  if (embedded === undefined || envoy === undefined) return undefined;
  for (const [number, { exchange, trace }] of envoy.sent.entries()) {
    const here = embedded.sent[number]?.exchange;
    const found = here === undefined ? [] : disagreements(here, slow?.sent[number]?.exchange, exchange);
    if (found.length === 0) continue;
    const differences = found.map(({ what, embedded: expected, envoy: actual }) => ({
      ...{ path: [], what, expected, actual },
      place: place(["cases", index, "name"]),
    }));
    const of = envoy.sent.length;
    const position = of === 1 ? {} : { position: `request ${number + 1} of ${of}` };
    return { differences, on: "disagreement", ...position, trace: trace(), ...chance };
  }
  return undefined;
}

function placed({ path, differences, ...rest }: Failed, index: number, place: CheckedSuite["place"]) {
  return {
    ...rest,
    differences: differences
      .map((each) => ({ ...each, place: place(["cases", index, ...path, ...each.path]) }))
      .toSorted((a, b) => a.place.start - b.place.start),
  };
}
