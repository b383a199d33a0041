import { at, exists, none } from "../../lib/region";
import {
  decided,
  hasTraceIds,
  setDecided,
  setTraceIds,
  traceIdHigh,
  traceIdLow,
  UNDECIDED,
} from "../../lib/trace-context";
import { count } from "../../proxy-wasm/metrics";
import { readCallersContext } from "./context";
import { keepPhases, phaseBytes, restorePhases } from "./phases";
import { TracingPolicy } from "./policy";
import { clientSpan, isPostponed, isRecording, takeUpTrace, tracedBy } from "./trace";

// The trace of a request that waits: what cannot be found in its headers again.

@unmanaged
class WaitingTrace {
  traceHigh: u64 = 0;
  traceLow: u64 = 0;
  client: u64 = 0;
  policy: TracingPolicy = none<TracingPolicy>();
  decided: i32 = 0;
  isRecording: i32 = 0;
  isPostponed: i32 = 0;
}

/** Bytes that the trace of the request at hand takes, of whole words; 0 if it has none. */
export function waitingTraceBytes(): i32 {
  if (!exists(tracedBy())) return 0;
  return <i32>offsetof<WaitingTrace>() + (isRecording() ? phaseBytes() : 0);
}

/** Keeps it at an address, aligned to 8. */
export function keepWaitingTrace(place: usize): void {
  const kept = at<WaitingTrace>(place, 0);
  kept.traceHigh = traceIdHigh();
  kept.traceLow = traceIdLow();
  kept.client = clientSpan();
  kept.policy = tracedBy();
  kept.decided = decided();
  kept.isRecording = isRecording() ? 1 : 0;
  kept.isPostponed = isPostponed() ? 1 : 0;
  if (isRecording()) keepPhases(place + offsetof<WaitingTrace>());
}

/** Takes up the trace again, once the headers of its request were read. */
export function resumeTrace(place: usize): void {
  const kept = at<WaitingTrace>(place, 0);
  const policy = kept.policy;
  // Whether the caller's context is sound was counted when the request came.
  readCallersContext(policy.order, policy.headers);
  if (!hasTraceIds()) setTraceIds(kept.traceHigh, kept.traceLow);
  if (kept.decided !== UNDECIDED) setDecided(kept.decided === 1);
  takeUpTrace(policy, kept.client, kept.isRecording !== 0, kept.isPostponed !== 0);
  if (isRecording()) restorePhases(place + offsetof<WaitingTrace>());
}

/** Counts the span of a request whose client has left before it was judged. */
export function dropWaitingTrace(place: usize): void {
  const kept = at<WaitingTrace>(place, 0);
  if (kept.isRecording !== 0) count(kept.policy.dropped);
}
