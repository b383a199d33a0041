import { copyBytes } from "../../lib/bytes";
import { giveBlock, takeBlock } from "../../lib/pool";
import { addressOf, at, exists, none, pointerAt, setPointer } from "../../lib/region";
import { Text } from "../../lib/text";
import { callService } from "../../proxy-wasm/calls";
import { monotonicTime } from "../../proxy-wasm/clock";
import { countMany, NO_COUNTER } from "../../proxy-wasm/metrics";
import { speakFor } from "../../proxy-wasm/streams";

// What a service is asked about a credential, and requests that wait for the answer. However many wait for the same, it is asked once. It is asked in the name
// of the root, not of a stream, so that the answer comes whoever leaves meanwhile, and everything that waits is taken off the books with it.

/** Bytes of what a question is known by: a digest. */
export const KEY_BYTES: i32 = 32;

/**
 * How many of them are told the answer in one callback; the others are on the next ticks. Envoy answers requests one inside the other if the end of one calls the
 * module (`DeferAfterCallActions`), and some 290 of them are more than the stack of a VM holds: it traps.
 */
export const MOST_TOGETHER: i32 = 32;

const CHAINS: i32 = 256;
const CHAIN_HEADS: usize = memory.data(CHAINS * 4, 4);
/** Nanoseconds after the end of a call at which its root is taken for gone: Envoy tells of the end of each call of one that is there. */
const LOST_AFTER: u64 = 10000000000;
const MILLISECOND: u64 = 1000000;

/** Who asks: a method of a policy. */
@unmanaged
export class Asker {
  /** Address of its own record. */
  owner: usize = 0;
  cluster: Text = none<Text>();
  /** Serialised header pairs of its requests. */
  headers: Text = none<Text>();
  /** Milliseconds. */
  timeout: i32 = 0;
  /** Requests that may wait at once, and do. */
  most: i32 = 0;
  waiting: i32 = 0;
  /** The same as a metric. */
  gauge: u32 = NO_COUNTER;
}

@unmanaged
class Key {
  word0: u64 = 0;
  word1: u64 = 0;
  word2: u64 = 0;
  word3: u64 = 0;
}

/** A request that waits: the beginning of a block of the pool (lib/pool.ts), in which whoever keeps it has more behind this. */
@unmanaged
export class Waiter {
  /** The one that came after it. */
  next: Waiter = none<Waiter>();
  /** Number of its stream. */
  context: u32 = 0;
}

@unmanaged
export class Question {
  /** The next one in its chain. */
  next: Question = none<Question>();
  asker: Asker = none<Asker>();
  key0: u64 = 0;
  key1: u64 = 0;
  key2: u64 = 0;
  key3: u64 = 0;
  root: u32 = 0;
  /** Number of the call; 0 before it is made. */
  call: u32 = 0;
  /** When its root is taken for gone, on the clock that never goes back. */
  deadline: u64 = 0;
  /** Those who wait for it, in their order. */
  waiter: Waiter = none<Waiter>();
  lastWaiter: Waiter = none<Waiter>();
  count: i32 = 0;
  /** 1: the answer is there, and told to those who wait. Who comes now asks again. */
  answered: i32 = 0;
  /** A block with the body of the answer; 0 if it is of no use. */
  answer: usize = 0;
  answerLength: i32 = 0;
}

// The question that the request at hand has to wait for, and what is to be sent where nobody has asked it yet.
let awaited: Question = none<Question>();
let body: usize = 0;
let bodyLength: i32 = 0;

/** The question that the last credential led to. */
export function awaitedQuestion(): Question {
  return awaited;
}

function chainOf(key: usize): i32 {
  return <i32>(<u32>at<Key>(key, 0).word0 & (CHAINS - 1));
}

function hasKey(question: Question, key: usize): bool {
  const other = at<Key>(key, 0);
  return (
    question.key0 === other.word0 &&
    question.key1 === other.word1 &&
    question.key2 === other.word2 &&
    question.key3 === other.word3
  );
}

/** Address of what a question is about: KEY_BYTES. */
export function keyOf(question: Question): usize {
  return addressOf(question) + offsetof<Question>("key0");
}

/** Whether a question is the one that somebody asks about a key. */
export function isAbout(question: Question, asker: Asker, key: usize): bool {
  return question.asker === asker && hasKey(question, key);
}

/**
 * Makes the request at hand wait for the answer about a key; false if no more may wait.
 *
 * @param key KEY_BYTES
 * @param start body of the request to the service, if it has to be asked yet; in the arena
 */
export function waitFor(asker: Asker, key: usize, start: usize, length: i32): bool {
  if (asker.waiting >= asker.most) dropLost();
  if (asker.waiting >= asker.most) return false;
  body = start;
  bodyLength = length;
  const chain = chainOf(key);
  awaited = pointerAt<Question>(CHAIN_HEADS, chain);
  // Ends at the end of the chain: no more questions are open than requests wait.
  while (exists(awaited) && (awaited.answered !== 0 || !isAbout(awaited, asker, key))) awaited = awaited.next;
  if (exists(awaited)) return true;
  const block = takeBlock(<i32>offsetof<Question>());
  if (block === 0) return false;
  const words = at<Key>(key, 0);
  const question = at<Question>(block, 0);
  question.asker = asker;
  question.key0 = words.word0;
  question.key1 = words.word1;
  question.key2 = words.word2;
  question.key3 = words.word3;
  question.call = 0;
  question.waiter = none<Waiter>();
  question.lastWaiter = none<Waiter>();
  question.count = 0;
  question.answered = 0;
  question.answer = 0;
  question.next = pointerAt<Question>(CHAIN_HEADS, chain);
  setPointer(CHAIN_HEADS, chain, question);
  awaited = question;
  return true;
}

/** Asks it, unless it is asked already, and goes on to speak for a stream; false, and it is forgotten, if it cannot be asked. */
export function askService(question: Question, root: u32, stream: u32): bool {
  if (question.call !== 0) return true;
  const now = monotonicTime();
  const asker = question.asker;
  question.root = root;
  question.deadline = now + <u64>asker.timeout * MILLISECOND + LOST_AFTER;
  if (speakFor(root)) question.call = callService(asker.cluster, asker.headers, body, bodyLength, asker.timeout);
  // What follows is about the request again; were its stream gone, nobody would be there to be answered.
  if (speakFor(stream) && question.call !== 0) return true;
  if (question.call === 0) dropQuestion(question);
  return question.call !== 0;
}

/** Lets one more wait, whose block the question has from now on. */
export function addWaiter(question: Question, waiter: Waiter): void {
  waiter.next = none<Waiter>();
  if (exists(question.lastWaiter)) question.lastWaiter.next = waiter;
  else question.waiter = waiter;
  question.lastWaiter = waiter;
  question.count++;
  question.asker.waiting++;
  countWaiting(question.asker, 1);
}

/** The question that a call is about; the missing record if it is nobody's, or was given up. */
export function questionOf(root: u32, call: u32): Question {
  for (let chain = 0; chain < CHAINS; chain++) {
    let question = pointerAt<Question>(CHAIN_HEADS, chain);
    while (exists(question) && (question.call !== call || question.root !== root)) question = question.next;
    if (exists(question)) return question;
  }
  return none<Question>();
}

/**
 * Keeps the answer to a question for those who are not told at once.
 *
 * @param start its body; 0 if that is of no use
 */
export function holdAnswer(question: Question, start: usize, length: i32): void {
  question.answered = 1;
  question.answer = start === 0 ? 0 : takeBlock(length);
  question.answerLength = length;
  if (question.answer !== 0) copyBytes(question.answer, start, length);
}

/** A question of a root whose answer somebody still waits to be told; the missing record if there is none. */
export function answeredQuestion(root: u32): Question {
  for (let chain = 0; chain < CHAINS; chain++) {
    let question = pointerAt<Question>(CHAIN_HEADS, chain);
    while (exists(question) && (question.answered === 0 || question.root !== root)) question = question.next;
    if (exists(question)) return question;
  }
  return none<Question>();
}

/** The one who has waited longest, who does not wait any more; whoever takes it gives back its block. The missing record if nobody waits. */
export function nextWaiter(question: Question): Waiter {
  const waiter = question.waiter;
  if (!exists(waiter)) return waiter;
  question.waiter = waiter.next;
  if (!exists(waiter.next)) question.lastWaiter = none<Waiter>();
  question.count--;
  question.asker.waiting--;
  countWaiting(question.asker, -1);
  return waiter;
}

/** Takes a question off the books, with all who wait for it. */
export function dropQuestion(question: Question): void {
  const asker = question.asker;
  asker.waiting -= question.count;
  countWaiting(asker, -question.count);
  let waiter = question.waiter;
  while (exists(waiter)) {
    const next = waiter.next;
    giveBlock(addressOf(waiter));
    waiter = next;
  }
  const chain = <i32>(<u32>question.key0 & (CHAINS - 1));
  let before = none<Question>();
  let one = pointerAt<Question>(CHAIN_HEADS, chain);
  while (exists(one) && one !== question) {
    before = one;
    one = one.next;
  }
  if (exists(before)) before.next = question.next;
  else setPointer(CHAIN_HEADS, chain, question.next);
  if (question.answer !== 0) giveBlock(question.answer);
  giveBlock(addressOf(question));
}

function countWaiting(asker: Asker, change: i32): void {
  if (asker.gauge !== NO_COUNTER) countMany(asker.gauge, change);
}

/** Drops what nobody will answer, as its root is gone, and with it the streams that waited. */
function dropLost(): void {
  const now = monotonicTime();
  for (let chain = 0; chain < CHAINS; chain++) {
    let question = pointerAt<Question>(CHAIN_HEADS, chain);
    while (exists(question)) {
      const next = question.next;
      if (question.call !== 0 && question.deadline < now) dropQuestion(question);
      question = next;
    }
  }
}
