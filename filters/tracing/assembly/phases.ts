import { copyBytes } from "../../lib/bytes";
import { at, none, setPointer } from "../../lib/region";
import { Text } from "../../lib/text";
import { monotonicTime } from "../../proxy-wasm/clock";

// What the policies did with the request at hand, and when: one phase after another, on the clock that never goes back.

/** What stands first in the name of a span. */
export enum Deed {
  Authenticate = 0,
  Authorize = 1,
  Limit = 2,
}

@unmanaged
export class Phase {
  deed: i32 = 0;
  /** Policies that took part: the first in the list of all, and how many. */
  first: i32 = 0;
  policies: i32 = 0;
  /** What was decided. */
  decision: Text = none<Text>();
  /** Nanoseconds since the request was begun to be judged, when the phase was over. It began with the end of the one before. */
  end: u64 = 0;
}

/** As many as a route has steps. */
export const MOST_PHASES: i32 = 64;

const PHASES: usize = memory.data(MOST_PHASES * 24, 8);
/** Names of policies: addresses of Text. */
const POLICIES: usize = memory.data(MOST_PHASES * 4, 8);

let began: u64 = 0;
let phases: i32 = 0;
let policies: i32 = 0;
let firstOfPhase: i32 = 0;

/** To be called when a request that is recorded is begun to be judged. */
export function beginPhases(): void {
  began = monotonicTime();
  phases = 0;
  policies = 0;
  firstOfPhase = 0;
}

/** Takes note of a policy that takes part in the phase at hand. */
export function addToPhase(policy: Text): void {
  if (policies < MOST_PHASES) setPointer(POLICIES, policies++, policy);
}

/** Takes note that the phase at hand is over. */
export function endPhase(deed: Deed, decision: Text): void {
  if (phases === MOST_PHASES || policies === firstOfPhase) return;
  const phase = at<Phase>(PHASES, phases++);
  phase.deed = deed;
  phase.first = firstOfPhase;
  phase.policies = policies - firstOfPhase;
  phase.decision = decision;
  phase.end = sinceBegin();
  firstOfPhase = policies;
}

/** Nanoseconds until the request at hand was judged: until the end of its last phase, if it has any. */
export function judgedAfter(): u64 {
  return phases === 0 ? sinceBegin() : at<Phase>(PHASES, phases - 1).end;
}

function sinceBegin(): u64 {
  const now = monotonicTime();
  return now > began ? now - began : 0;
}

/** When that was, on the clock that never goes back. */
export function beganAt(): u64 {
  return began;
}

export function phaseCount(): i32 {
  return phases;
}

export function policyCount(): i32 {
  return policies;
}

/** Array of Phase, until the next request. */
export function phaseList(): usize {
  return PHASES;
}

/** Addresses of Text, until the next request. */
export function policyList(): usize {
  return POLICIES;
}

// ---- of a request that waits

/** When it was begun, and how many phases and policies are kept behind this. */
@unmanaged
class KeptPhases {
  began: u64 = 0;
  phases: i32 = 0;
  policies: i32 = 0;
}

/** Bytes that the phases of the request at hand take, of whole words. */
export function phaseBytes(): i32 {
  return <i32>offsetof<KeptPhases>() + phases * <i32>offsetof<Phase>() + (((policies << 2) + 7) & ~7);
}

/** Keeps them at an address, aligned to 8. */
export function keepPhases(place: usize): void {
  const kept = at<KeptPhases>(place, 0);
  kept.began = began;
  kept.phases = phases;
  kept.policies = policies;
  const list = place + offsetof<KeptPhases>();
  const bytes = phases * <i32>offsetof<Phase>();
  copyBytes(list, PHASES, bytes);
  copyBytes(list + <usize>bytes, POLICIES, policies << 2);
}

/** Makes what was kept the phases of the request at hand. */
export function restorePhases(place: usize): void {
  const kept = at<KeptPhases>(place, 0);
  began = kept.began;
  phases = kept.phases;
  policies = kept.policies;
  firstOfPhase = kept.policies;
  const list = place + offsetof<KeptPhases>();
  const bytes = phases * <i32>offsetof<Phase>();
  copyBytes(PHASES, list, bytes);
  copyBytes(POLICIES, list + <usize>bytes, policies << 2);
}
