import { addWaiter, askService, awaitedQuestion, dropQuestion, Waiter } from "../authenticate/assembly/questions";
import { attribute, isPresent, Slot, setAttribute, setTime, timeOfRequest } from "../lib/attributes";
import { copyBytes } from "../lib/bytes";
import { takeBlock } from "../lib/pool";
import { at, exists, none } from "../lib/region";
import { Text } from "../lib/text";
import {
  keepX,
  limitFieldLength,
  limitFieldStart,
  policyFieldLength,
  policyFieldStart,
  restoreTold,
  X_BYTES,
} from "../rate-limit/assembly/tell";
import { dropWaitingTrace, keepWaitingTrace, resumeTrace, waitingTraceBytes } from "../tracing/assembly/waiting-trace";
import { Configuration } from "./configuration";
import { rootOfStream } from "./roots";
import { Pipeline } from "./routes";

// Requests that wait in the middle of their pipeline. What was done of it is not done again, so what came of that is kept: one block of the pool for each.
// All else is read again when the request goes on, as the host still has it.

@unmanaged
export class Waiting extends Waiter {
  configuration: Configuration = none<Configuration>();
  pipeline: Pipeline = none<Pipeline>();
  /** Index of the step that waits. */
  step: i32 = 0;
  /** 1: nothing follows the headers. */
  ends: i32 = 0;
  /** What was decided before, and by the first policy in shadow that would have denied. */
  said: Text = none<Text>();
  shadowed: Text = none<Text>();
  /** `request.time`, or 0. */
  time: i64 = 0;
  // Texts behind the record, one behind the other: the name of the route, what limits tell.
  routeLength: i32 = 0;
  limitLength: i32 = 0;
  policyLength: i32 = 0;
  /** Where they begin. */
  texts: usize = 0;
  /** Where it is kept what the X-RateLimit fields say. */
  x: usize = 0;
  /** Where the trace is kept; 0 if there is none. */
  trace: usize = 0;
}

/** Bytes behind a text, so that it may be read in whole words. */
const SLACK: i32 = 16;

/**
 * Makes the stream at hand wait for the question that its credential led to. What is kept of it, for the pipeline to say how far it has come; the missing
 * record if it cannot wait, and then nothing is.
 */
export function waitForAnswer(stream: u32): Waiting {
  const question = awaitedQuestion();
  if (!askService(question, rootOfStream(stream), stream)) return none<Waiting>();
  const waiting = newWaiting();
  if (exists(waiting)) {
    waiting.context = stream;
    addWaiter(question, waiting);
  } else if (question.count === 0) {
    // The answer is on its way, and nobody's when it comes.
    dropQuestion(question);
  }
  return waiting;
}

function newWaiting(): Waiting {
  const route = attribute(Slot.RouteName);
  const routeLength = isPresent(Slot.RouteName) ? route.length : 0;
  const limitLength = RATE_LIMIT ? limitFieldLength() : 0;
  const policyLength = RATE_LIMIT ? policyFieldLength() : 0;
  const traceBytes = TRACING ? waitingTraceBytes() : 0;
  const head = (<i32>offsetof<Waiting>() + 7) & ~7;
  const xBytes = RATE_LIMIT ? X_BYTES : 0;
  const block = takeBlock(head + xBytes + traceBytes + routeLength + limitLength + policyLength + SLACK);
  if (block === 0) return none<Waiting>();
  const waiting = at<Waiting>(block, 0);
  waiting.time = timeOfRequest();
  waiting.routeLength = routeLength;
  waiting.limitLength = limitLength;
  waiting.policyLength = policyLength;
  waiting.x = block + <usize>head;
  const behind = waiting.x + <usize>xBytes;
  waiting.trace = 0;
  if (TRACING && traceBytes > 0) {
    waiting.trace = behind;
    keepWaitingTrace(waiting.trace);
  }
  waiting.texts = behind + <usize>traceBytes;
  copyBytes(waiting.texts, route.start, routeLength);
  const limit = waiting.texts + <usize>routeLength;
  if (RATE_LIMIT) {
    keepX(waiting.x);
    copyBytes(limit, limitFieldStart(), limitLength);
    copyBytes(limit + <usize>limitLength, policyFieldStart(), policyLength);
  }
  return waiting;
}

/** Makes what was kept of a request what is known of the one at hand, after its headers were read again. */
export function restore(waiting: Waiting): void {
  if (waiting.routeLength > 0) setAttribute(Slot.RouteName, waiting.texts, waiting.routeLength);
  if (waiting.time !== 0) setTime(waiting.time);
  const limit = waiting.texts + <usize>waiting.routeLength;
  const policy = limit + <usize>waiting.limitLength;
  if (RATE_LIMIT) restoreTold(waiting.x, limit, waiting.limitLength, policy, waiting.policyLength);
  if (TRACING && waiting.trace !== 0) resumeTrace(waiting.trace);
}

/** To be called of a request whose client has left. */
export function abandon(waiting: Waiting): void {
  if (TRACING && waiting.trace !== 0) dropWaitingTrace(waiting.trace);
}
