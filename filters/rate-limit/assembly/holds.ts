import { at, keepRecords, none } from "../../lib/region";
import { RateLimitPolicy } from "./policy";

// What this VM holds of limits on calls in flight: for each stream what it has taken, to be given back when it ends, and for each key how many there are.
// Both in tables of a fixed size, made when a configuration first has such a limit.

const MOST_HOLDS: i32 = 65536;
const CHAINS: i32 = 8192;

/** A call in flight, by its stream. */
@unmanaged
export class Hold {
  /** The next of its chain, or of the free ones: its number and one, 0 at the end. */
  next: i32 = 0;
  context: u32 = 0;
  /** Of a Tally: its number and one. */
  tally: i32 = 0;
}

/** How many calls of a key are in flight here. */
@unmanaged
export class Tally {
  key: u64 = 0;
  policy: RateLimitPolicy = none<RateLimitPolicy>();
  count: u32 = 0;
  /** As of Hold. */
  next: i32 = 0;
  /** 1: others have not been told yet. */
  untold: i32 = 0;
}

@unmanaged
class Link {
  first: i32 = 0;
}

let holds: usize = 0;
let tallies: usize = 0;
// Arrays of Link.
let holdChains: usize = 0;
let tallyChains: usize = 0;
// Chains of those that are free, and how many have ever been used.
let freeHold: i32 = 0;
let freeTally: i32 = 0;
let usedHolds: i32 = 0;
let usedTallies: i32 = 0;

/** Makes room, once for a VM; false without memory. */
export function prepareHolds(): bool {
  if (tallyChains !== 0) return true;
  holds = keepRecords<Hold>(MOST_HOLDS);
  tallies = keepRecords<Tally>(MOST_HOLDS);
  holdChains = keepRecords<Link>(CHAINS);
  tallyChains = keepRecords<Link>(CHAINS);
  return holds !== 0 && tallies !== 0 && holdChains !== 0 && tallyChains !== 0;
}

export function holdAt(number: i32): Hold {
  return at<Hold>(holds, number - 1);
}

export function tallyAt(number: i32): Tally {
  return at<Tally>(tallies, number - 1);
}

/** How many tallies there ever were: their numbers are 1 to so many. */
export function talliesUsed(): i32 {
  return usedTallies;
}

function holdChain(context: u32): Link {
  return at<Link>(holdChains, <i32>(context & (CHAINS - 1)));
}

function tallyChain(key: u64): Link {
  return at<Link>(tallyChains, <i32>((key >> 32) & (CHAINS - 1)));
}

/** The number of the tally of a key, made if need be; 0 without room. */
export function tallyOf(key: u64, policy: RateLimitPolicy): i32 {
  const chain = tallyChain(key);
  // Ends at the end of the chain, and all of them have a bound together.
  for (let number = chain.first; number !== 0; number = tallyAt(number).next) {
    if (tallyAt(number).key === key) return number;
  }
  let number = freeTally;
  if (number !== 0) freeTally = tallyAt(number).next;
  else if (usedTallies < MOST_HOLDS) number = ++usedTallies;
  else return 0;
  const tally = tallyAt(number);
  tally.key = key;
  tally.policy = policy;
  tally.count = 0;
  tally.untold = 0;
  tally.next = chain.first;
  chain.first = number;
  return number;
}

/** Forgets a tally that counts nothing and has told so. */
export function forgetTally(number: i32): void {
  const gone = tallyAt(number);
  const chain = tallyChain(gone.key);
  if (chain.first === number) chain.first = gone.next;
  else {
    let before = chain.first;
    while (before !== 0 && tallyAt(before).next !== number) before = tallyAt(before).next;
    if (before === 0) return;
    tallyAt(before).next = gone.next;
  }
  gone.key = 0;
  gone.next = freeTally;
  freeTally = number;
}

/** Notes that a stream has taken one of a tally; false without room. */
export function addHold(context: u32, tally: i32): bool {
  let number = freeHold;
  if (number !== 0) freeHold = holdAt(number).next;
  else if (usedHolds < MOST_HOLDS) number = ++usedHolds;
  else return false;
  const chain = holdChain(context);
  const hold = holdAt(number);
  hold.context = context;
  hold.tally = tally;
  hold.next = chain.first;
  chain.first = number;
  return true;
}

/** Takes one hold of a stream away: the number of its tally, 0 if it has none. */
export function takeHold(context: u32): i32 {
  const chain = holdChain(context);
  let before = 0;
  let number = chain.first;
  while (number !== 0 && holdAt(number).context !== context) {
    before = number;
    number = holdAt(number).next;
  }
  if (number === 0) return 0;
  const hold = holdAt(number);
  if (before === 0) chain.first = hold.next;
  else holdAt(before).next = hold.next;
  const tally = hold.tally;
  hold.tally = 0;
  hold.next = freeHold;
  freeHold = number;
  return tally;
}
