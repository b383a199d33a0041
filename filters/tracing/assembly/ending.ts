import { Needs, setAttribute, TraceSlot } from "../../lib/attributes";
import { writeDecimal } from "../../lib/bytes";
import { makeAbsent, Names } from "../../lib/interest";
import { evaluate, setNoted, Truth } from "../../lib/predicate";
import { exists } from "../../lib/region";
import { monotonicTime } from "../../proxy-wasm/clock";
import { offerAnswerHeaders } from "../../proxy-wasm/headers";
import { count } from "../../proxy-wasm/metrics";
import { takeOne } from "./cap";
import { TracingPolicy } from "./policy";
import { dropRecord, StreamRecord, takeRecord } from "./record";
import { writeSpans } from "./spans";
import { lengthOfStream, statusOfStream } from "./stream-end";

// The end of a stream: its spans are made if its trace is recorded, or if what became of it says so; then it is forgotten, however it ended.

const MILLISECOND: u64 = 1000000;
const STATUS: usize = memory.data(24, 8);
const DURATION: usize = memory.data(24, 8);

/** To be called when a stream has ended, also one that nothing was kept of. */
export function endStream(context: u32): void {
  const record = takeRecord(context);
  if (!exists(record)) return;
  if (record.isSampled !== 0 || isKept(record)) writeSpans(record, statusOfStream());
  dropRecord(record);
}

/** Whether the policy keeps a trace that was not to be recorded. */
function isKept(record: StreamRecord): bool {
  const policy = record.policy;
  if (!exists(policy.tail)) return false;
  readAnswer(policy);
  setNoted(record.noted);
  if (evaluate(policy.tail) !== Truth.True) return false;
  const kept = takeOne(policy.keepCap, monotonicTime());
  count(kept ? policy.kept : policy.capped);
  return kept;
}

/** Sets what the policy asks of the answer, and asks Envoy for no more: most streams are not kept. */
function readAnswer(policy: TracingPolicy): void {
  const needs = policy.tail.needs;
  // Without an answer it is 0, as in access logs.
  if ((needs & Needs.AnswerStatus) !== 0) setNumber(TraceSlot.ResponseStatus, STATUS, statusOfStream());
  if ((needs & Needs.AnswerDuration) !== 0)
    setNumber(TraceSlot.ResponseDuration, DURATION, lengthOfStream() / MILLISECOND);
  if ((needs & Needs.AnswerHeaders) === 0) return;
  makeAbsent(policy.interest, Names.Answer);
  // Headers that the host does not give are absent.
  offerAnswerHeaders(policy.interest);
}

function setNumber(slot: i32, text: usize, value: u64): void {
  setAttribute(slot, text, writeDecimal(text, value));
}
