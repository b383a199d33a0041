import { attribute, isPresent, Presence } from "../../lib/attributes";
import { copyShort } from "../../lib/bytes";
import { portAfter } from "../../lib/host-name";
import { cutLength } from "../../lib/piece";
import { evaluate, evaluateValue } from "../../lib/predicate";
import { Type } from "../../lib/predicate-emit";
import { Program } from "../../lib/predicate-program";
import { at, exists, none, pointerAt, setPointer } from "../../lib/region";
import { Text } from "../../lib/text";
import { decided, parentSpanId, traceIdHigh, traceIdLow } from "../../lib/trace-context";
import { count } from "../../proxy-wasm/metrics";
import { beganAt, judgedAfter, Phase, phaseCount, phaseList, policyCount, policyList } from "./phases";
import { MOST_TAGS, Tag, TracingPolicy } from "./policy";
import { behind, newRecord, StreamRecord, TagValue } from "./record";
import { methodOf, schemeOf } from "./span-values";
import { LONGEST_VALUE } from "./span-writer";

// Fills the record of a stream, when its request has been judged: what spans tell of it is not there any more at its end.

/** What may be written over behind a text. */
const SLACK: i32 = 16;

const TAGS: usize = memory.data(MOST_TAGS * 16, 8);
const TAG_TEXTS: usize = memory.data(MOST_TAGS * (LONGEST_VALUE + SLACK), 8);

/** Keeps what is known of the request at hand until its stream ends; counts a span as dropped where there is no room. */
export function record(
  policy: TracingPolicy,
  context: u32,
  client: u64,
  pattern: Text,
  route: Text,
  decision: Text,
  passed: bool,
): void {
  const headers = policy.headers;
  const path = lengthOf(headers.path);
  const host = lengthOf(headers.host);
  const agent = lengthOf(headers.userAgent);
  let bytes = path + host + agent + evaluateTags(policy) + SLACK;
  bytes +=
    phaseCount() * <i32>offsetof<Phase>() + (policyCount() << 2) + policy.tagCount * <i32>offsetof<TagValue>() + 8;
  const kept = newRecord(context, bytes);
  if (!exists(kept)) {
    count(policy.dropped);
    return;
  }
  kept.policy = policy;
  kept.pattern = pattern;
  kept.route = route;
  kept.decision = decision;
  kept.traceHigh = traceIdHigh();
  kept.traceLow = traceIdLow();
  kept.parent = parentSpanId();
  kept.client = client;
  kept.began = beganAt();
  kept.judged = judgedAfter();
  kept.isSampled = decided() === 1 ? 1 : 0;
  kept.isPassed = passed ? 1 : 0;
  kept.noted = note(policy);
  const place = putTags(kept, putPhases(kept, behind(kept)));
  kept.pathLength = path;
  kept.hostLength = host;
  kept.agentLength = agent;
  putRequest(kept, place);
}

/** Bytes that are kept of a header. */
function lengthOf(slot: i32): i32 {
  const header = attribute(slot);
  return header.presence === Presence.Present ? cutLength(header.start, header.length, LONGEST_VALUE) : 0;
}

function note(policy: TracingPolicy): u32 {
  let truths: u32 = 0;
  for (let i = 0; i < policy.notedCount; i++)
    truths |= (<u32>evaluate(pointerAt<Program>(policy.noted, i))) << ((<u32>i) << 1);
  return truths;
}

/** Evaluates all tags; the bytes of their texts. */
function evaluateTags(policy: TracingPolicy): i32 {
  let bytes = 0;
  for (let i = 0; i < policy.tagCount; i++) {
    const tag = at<Tag>(policy.tags, i);
    const value = evaluateValue(tag.value);
    const found = at<TagValue>(TAGS, i);
    found.known = value.known;
    found.value = value.value;
    found.length = 0;
    if (value.known === 0 || tag.type !== Type.String) continue;
    found.length = cutLength(<usize>value.value, value.length, LONGEST_VALUE);
    const text = TAG_TEXTS + <usize>(i * (LONGEST_VALUE + SLACK));
    copyShort(text, <usize>value.value, found.length);
    found.value = <i64>text;
    bytes += found.length;
  }
  return bytes;
}

/** Puts the phases at an address, aligned to 8; the address behind them. */
function putPhases(kept: StreamRecord, place: usize): usize {
  kept.phaseCount = phaseCount();
  kept.phases = place;
  for (let i = 0; i < kept.phaseCount; i++) {
    const phase = at<Phase>(phaseList(), i);
    const target = at<Phase>(place, i);
    target.deed = phase.deed;
    target.first = phase.first;
    target.policies = phase.policies;
    target.decision = phase.decision;
    target.end = phase.end;
  }
  kept.policies = place + <usize>kept.phaseCount * offsetof<Phase>();
  const policies = policyCount();
  for (let i = 0; i < policies; i++) setPointer(kept.policies, i, pointerAt<Text>(policyList(), i));
  return (kept.policies + ((<usize>policies) << 2) + 7) & ~(<usize>7);
}

/** The same with the tags, the texts of which stand behind all of them. */
function putTags(kept: StreamRecord, place: usize): usize {
  const tags = kept.policy.tagCount;
  kept.tags = place;
  let text = place + <usize>tags * offsetof<TagValue>();
  for (let i = 0; i < tags; i++) {
    const found = at<TagValue>(TAGS, i);
    const target = at<TagValue>(place, i);
    target.known = found.known;
    target.length = found.length;
    target.value = found.value;
    if (found.length === 0) continue;
    copyShort(text, <usize>found.value, found.length);
    target.value = <i64>text;
    text += <usize>found.length;
  }
  return text;
}

function putRequest(kept: StreamRecord, place: usize): void {
  const headers = kept.policy.headers;
  const method = attribute(headers.method);
  kept.method = method.presence === Presence.Present ? methodOf(method.start, method.length) : none<Text>();
  const scheme = attribute(headers.scheme);
  kept.scheme = scheme.presence === Presence.Present ? schemeOf(scheme.start, scheme.length) : none<Text>();
  const host = attribute(headers.host);
  // The name ends before the port, which still stands behind it in what the host handed over.
  kept.port = isPresent(headers.host) ? portAfter(host.start + <usize>host.length) : 0;
  kept.texts = place;
  let text = place;
  if (kept.pathLength > 0) copyShort(text, attribute(headers.path).start, kept.pathLength);
  text += <usize>kept.pathLength;
  if (kept.hostLength > 0) copyShort(text, host.start, kept.hostLength);
  text += <usize>kept.hostLength;
  if (kept.agentLength > 0) copyShort(text, attribute(headers.userAgent).start, kept.agentLength);
}
