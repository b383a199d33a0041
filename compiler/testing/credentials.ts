import { createHash } from "node:crypto";
import { environmentVariables } from "../plan/guard.js";
import { testable } from "../plan/native.js";
import type { ConsumerPlan, GatewayPlan, PolicyPlan } from "../plan/plan.js";

/** A gateway whose consumers have keys that the runner knows, and that leaves no fault and no sample to chance. */
export interface KeyedGateway {
  /** A copy: keys that are given as a digest stay, and their consumers have one more. */
  plan: GatewayPlan;
  /** The variables that the module reads. */
  environment: Readonly<Record<string, string>>;
  /** The key of each consumer. */
  keys: ReadonlyMap<string, string>;
}

/** Most keys of one consumer that the module takes (filters/modules/README.md). */
const MOST_CREDENTIALS = 64;

const known = new WeakMap<GatewayPlan, KeyedGateway>();

/** Gives the runner's own keys to the consumers of a copy. They are no secrets, and the same in every run. */
export function withTestKeys(plan: GatewayPlan): KeyedGateway {
  const made = known.get(plan) ?? keyed(plan);
  known.set(plan, made);
  return made;
}

function keyed(plan: GatewayPlan): KeyedGateway {
  const environment = Object.fromEntries(environmentVariables(plan).map((name) => [name, `test-value-of-${name}`]));
  const keys = new Map<string, string>();
  const consumers = plan.consumers.map((consumer): ConsumerPlan => {
    const variable = consumer.credentials.flatMap(({ apiKey }) =>
      apiKey.from === "environment" ? [apiKey.variable] : [],
    )[0];
    const key = variable === undefined ? `test-key-of-${consumer.name}` : (environment[variable] ?? "");
    keys.set(consumer.name, key);
    if (variable !== undefined) return consumer;
    const sha256 = createHash("sha256").update(key).digest("hex");
    const before = consumer.credentials.slice(0, MOST_CREDENTIALS - 1);
    return { ...consumer, credentials: [...before, { apiKey: { from: "digest", sha256 } }] };
  });
  const { policies, ...rest } = testable(plan);
  return { plan: { ...rest, policies: policies.map(withoutChance), consumers }, environment, keys };
}

function withoutChance(policy: PolicyPlan): PolicyPlan {
  return { ...policy, ...policy.inTests?.() };
}
