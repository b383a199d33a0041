import { testValueOf } from "../plan/credentials.js";
import { environmentVariables } from "../plan/guard.js";
import { testable } from "../plan/native.js";
import type { ConsumerPlan, GatewayPlan, PolicyPlan } from "../plan/plan.js";

/** A gateway whose consumers have credentials that the runner knows, and that leaves no fault and no sample to chance. */
export interface KeyedGateway {
  /** A copy: consumers keep what they have, and what they show in tests comes beside it. */
  plan: GatewayPlan;
  /** The variables that the module reads. */
  environment: Readonly<Record<string, string>>;
}

/** Most credentials of one consumer that the module takes (filters/modules/README.md). */
const MOST_CREDENTIALS = 64;

const known = new WeakMap<GatewayPlan, KeyedGateway>();

/** Gives the runner's own credentials to the consumers of a copy. They are no secrets, and the same in every run. */
export function withTestKeys(plan: GatewayPlan): KeyedGateway {
  const made = known.get(plan) ?? keyed(plan);
  known.set(plan, made);
  return made;
}

function keyed(plan: GatewayPlan): KeyedGateway {
  const { policies, ...rest } = testable(plan);
  const signIns = policies.flatMap(({ signIn }) => signIn ?? []);
  const consumers = plan.consumers.map((consumer): ConsumerPlan => {
    const all = signIns.flatMap((signIn) => signIn.credentials(consumer));
    const added = [...new Map(all.map((credential) => [JSON.stringify(credential), credential])).values()];
    if (added.length === 0) return consumer;
    const before = consumer.credentials.slice(0, MOST_CREDENTIALS - added.length);
    return { ...consumer, credentials: [...before, ...added] };
  });
  const environment = Object.fromEntries(
    environmentVariables({ ...plan, consumers }).map((name) => [name, testValueOf(name)]),
  );
  return { plan: { ...rest, policies: policies.map(withoutChance), consumers }, environment };
}

function withoutChance(policy: PolicyPlan): PolicyPlan {
  return { ...policy, ...policy.inTests?.() };
}
