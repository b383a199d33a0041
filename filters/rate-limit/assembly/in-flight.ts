import { monotonicTime } from "../../proxy-wasm/clock";
import { Departure, setFlights, takeOff } from "../../proxy-wasm/flights";
import { Beat, beatIfDue, beatNow } from "../../proxy-wasm/vms";
import { addHold, forgetTally, Tally, takeHold, talliesUsed, tallyAt, tallyOf } from "./holds";
import { RateLimitPolicy } from "./policy";

// Limits on calls in flight. Each VM counts its own, which end with their streams and with itself, and tells the others in shared data.

function setNumber(policy: RateLimitPolicy, key: u64): u32 {
  return (<u32>key ^ <u32>(key >> 32)) & policy.flightMask;
}

/** Takes one call in flight more for a stream, if a policy has room for it. */
export function takePlace(context: u32, policy: RateLimitPolicy, key: u64, now: u64): Departure {
  if (now === 0) return Departure.Failed;
  // Whoever is not heard of is not counted.
  const beat = beatIfDue(now);
  if (beat === Beat.Failed) return Departure.Failed;
  if (beat === Beat.Anew) tellAll(now);
  const number = tallyOf(key, policy);
  if (number === 0) return Departure.Failed;
  const tally = tallyAt(number);
  const name = policy.flightKey;
  const departure = takeOff(name, setNumber(policy, key), key, tally.count, policy.inFlight, now);
  if (departure === Departure.Taken && addHold(context, number)) {
    tally.count++;
    tally.untold = 0;
    return Departure.Taken;
  }
  if (departure === Departure.Taken) tell(tally, now);
  settle(number);
  return departure === Departure.Taken ? Departure.Failed : departure;
}

/** Gives back the place that a stream took last. */
export function givePlace(context: u32, now: u64): void {
  const number = takeHold(context);
  if (number === 0) return;
  const tally = tallyAt(number);
  tally.count--;
  tell(tally, now);
  settle(number);
}

/** Gives back all places of a stream that has ended, however that came. */
export function endFlights(context: u32): void {
  let number = takeHold(context);
  if (number === 0) return;
  const now = monotonicTime();
  // Ends with the holds of the stream, of which there are few.
  while (number !== 0) {
    const tally = tallyAt(number);
    tally.count--;
    tell(tally, now);
    settle(number);
    number = takeHold(context);
  }
}

/** Tells the others that this VM is alive, and what it could not tell them before. */
export function beatOfFlights(): void {
  const now = monotonicTime();
  if (now === 0) return;
  const beat = beatNow(now);
  if (beat === Beat.Anew) tellAll(now);
  else tellUntold(now);
}

function tell(tally: Tally, now: u64): void {
  const policy = tally.policy;
  const told = setFlights(policy.flightKey, setNumber(policy, tally.key), tally.key, tally.count, now);
  tally.untold = told ? 0 : 1;
}

function tellAll(now: u64): void {
  for (let number = 1; number <= talliesUsed(); number++) {
    const tally = tallyAt(number);
    if (tally.key !== 0 && tally.count !== 0) tell(tally, now);
  }
}

function tellUntold(now: u64): void {
  for (let number = 1; number <= talliesUsed(); number++) {
    const tally = tallyAt(number);
    if (tally.key === 0 || tally.untold === 0) continue;
    tell(tally, now);
    settle(number);
  }
}

/** Forgets a tally of nothing, unless the others think otherwise. */
function settle(number: i32): void {
  const tally = tallyAt(number);
  if (tally.count === 0 && tally.untold === 0) forgetTally(number);
}
