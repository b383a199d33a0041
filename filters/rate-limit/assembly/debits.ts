import { at, keepRecords, none } from "../../lib/region";
import { RateLimitPolicy } from "./policy";
import { Rate } from "./rate";

// Calls that are let pass, and of which the answer says what more they cost: by the number of their stream, until the answer comes or the stream is gone. A
// table of a fixed size, made when a configuration first has such a limit.

const MOST_DEBITS: i32 = 65536;
const CHAINS: i32 = 8192;

@unmanaged
export class Debit {
  /** The next of its chain, or of the free ones: its number and one, 0 at the end. */
  next: i32 = 0;
  context: u32 = 0;
  policy: RateLimitPolicy = none<RateLimitPolicy>();
  rate: Rate = none<Rate>();
  key: u64 = 0;
}

@unmanaged
class Link {
  first: i32 = 0;
}

let debits: usize = 0;
/** Array of Link. */
let chains: usize = 0;
let free: i32 = 0;
let used: i32 = 0;

/** Makes room, once for a VM; false without memory. */
export function prepareDebits(): bool {
  if (chains !== 0) return true;
  debits = keepRecords<Debit>(MOST_DEBITS);
  chains = keepRecords<Link>(CHAINS);
  return debits !== 0 && chains !== 0;
}

/** Whether a policy of this VM asks what answers say: then they, and the ends of streams, have to be told. */
export function hasDebits(): bool {
  return chains !== 0;
}

export function debitAt(number: i32): Debit {
  return at<Debit>(debits, number - 1);
}

function chainOf(context: u32): Link {
  return at<Link>(chains, <i32>(context & (CHAINS - 1)));
}

/** Notes that the answer to a stream will be charged; false without room. */
export function addDebit(context: u32, policy: RateLimitPolicy, rate: Rate, key: u64): bool {
  let number = free;
  if (number !== 0) free = debitAt(number).next;
  else if (used < MOST_DEBITS) number = ++used;
  else return false;
  const chain = chainOf(context);
  const debit = debitAt(number);
  debit.context = context;
  debit.policy = policy;
  debit.rate = rate;
  debit.key = key;
  debit.next = chain.first;
  chain.first = number;
  return true;
}

/** Takes a debit of a stream away: its number, whose record stays as it is until another is added; 0 if there is none. */
export function takeDebit(context: u32): i32 {
  const chain = chainOf(context);
  let before = 0;
  let number = chain.first;
  // Ends at the end of the chain, and all of them have a bound together.
  while (number !== 0 && debitAt(number).context !== context) {
    before = number;
    number = debitAt(number).next;
  }
  if (number === 0) return 0;
  const debit = debitAt(number);
  if (before === 0) chain.first = debit.next;
  else debitAt(before).next = debit.next;
  debit.next = free;
  free = number;
  return number;
}
