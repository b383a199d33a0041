import { giveBlock, takeBlock } from "../../lib/pool";
import { addressOf, at, exists, keepPointers, none, pointerAt, setPointer } from "../../lib/region";
import { Text } from "../../lib/text";
import { TracingPolicy } from "./policy";

// What is kept of a stream between its request and its end: one block of the pool (lib/pool.ts), found by the number of the stream.

/** What a tag was found to be. */
@unmanaged
export class TagValue {
  /** 1: it has a value. */
  known: i32 = 0;
  /** Of a string. */
  length: i32 = 0;
  /** Address of a string, an integer, 0 or 1. */
  value: i64 = 0;
}

@unmanaged
export class StreamRecord {
  /** The next one in its chain. */
  next: StreamRecord = none<StreamRecord>();
  context: u32 = 0;
  policy: TracingPolicy = none<TracingPolicy>();
  /** Path of the route as it is written, and its name; missing where there is none. */
  pattern: Text = none<Text>();
  route: Text = none<Text>();
  /** What was decided of the request. */
  decision: Text = none<Text>();
  traceHigh: u64 = 0;
  traceLow: u64 = 0;
  /** The caller's span, or 0. */
  parent: u64 = 0;
  /** The span that the service was told of. */
  client: u64 = 0;
  /** When the request was begun to be judged, on the clock that never goes back, and how many nanoseconds that took. */
  began: u64 = 0;
  judged: u64 = 0;
  /** Truths of the conditions that were noted, two bits each. */
  noted: u32 = 0;
  isSampled: i32 = 0;
  isPassed: i32 = 0;
  /** Of span-values.ts; missing if it is none of those known. */
  method: Text = none<Text>();
  scheme: Text = none<Text>();
  /** Of the host; 0 if it was not sent. */
  port: i32 = 0;
  pathLength: i32 = 0;
  hostLength: i32 = 0;
  agentLength: i32 = 0;
  /** Texts, one behind the other: path, host, user agent. */
  texts: usize = 0;
  /** Array of Phase, and addresses of Text. */
  phases: usize = 0;
  policies: usize = 0;
  phaseCount: i32 = 0;
  /** Array of TagValue, as many as the policy has tags. */
  tags: usize = 0;
}

const CHAINS: i32 = 4096;

// Addresses of StreamRecord.
let chains: usize = 0;
let records: i32 = 0;

/** Makes room for the chains; once for a VM. False without memory. */
export function prepareRecords(): bool {
  if (chains === 0) chains = keepPointers(CHAINS);
  return chains !== 0;
}

export function hasRecords(): bool {
  return records !== 0;
}

/** A record for a stream with `bytes` behind it, not filled; the missing record if there is no room. */
export function newRecord(context: u32, bytes: i32): StreamRecord {
  // The number of a stream may come again where its end was never told.
  dropRecord(takeRecord(context));
  const block = takeBlock(<i32>offsetof<StreamRecord>() + bytes);
  if (block === 0) return none<StreamRecord>();
  const record = at<StreamRecord>(block, 0);
  const chain = chainOf(context);
  record.context = context;
  record.next = pointerAt<StreamRecord>(chains, chain);
  setPointer(chains, chain, record);
  records++;
  return record;
}

/** Address of the bytes behind a record. */
export function behind(record: StreamRecord): usize {
  return addressOf(record) + offsetof<StreamRecord>();
}

/** Takes the record of a stream out of its chain, to be dropped; the missing record if it has none. */
export function takeRecord(context: u32): StreamRecord {
  const chain = chainOf(context);
  let before = none<StreamRecord>();
  let record = pointerAt<StreamRecord>(chains, chain);
  // Ends at the end of the chain, and the pool bounds all chains.
  while (exists(record) && record.context !== context) {
    before = record;
    record = record.next;
  }
  if (!exists(record)) return record;
  if (exists(before)) before.next = record.next;
  else setPointer(chains, chain, record.next);
  records--;
  return record;
}

/** Gives back the memory of a record that was taken out. */
export function dropRecord(record: StreamRecord): void {
  if (exists(record)) giveBlock(addressOf(record));
}

function chainOf(context: u32): i32 {
  return <i32>(context & (CHAINS - 1));
}
