import { Asked, readingFor } from "../../lib/attribute-reader";
import { Needs } from "../../lib/attributes";
import { bytesEqual } from "../../lib/bytes";
import {
  arrayOf,
  booleanOf,
  firstElement,
  integerAt,
  integerOf,
  isTrue,
  member,
  NOWHERE,
  nextElement,
  objectOf,
  refuse,
  refuseQuoting,
  requiredMember,
  stringIs,
  stringLength,
  stringOf,
  stringStart,
} from "../../lib/document";
import { Interest } from "../../lib/interest";
import { MOST_NOTED } from "../../lib/predicate-operand";
import { Program } from "../../lib/predicate-program";
import { expressionType, readExpression, readPredicate } from "../../lib/predicate-reader";
import { at, exists, keepPointers, keepRecords, none, setPointer } from "../../lib/region";
import { Text } from "../../lib/text";
import { NO_COUNTER, newCounter } from "../../proxy-wasm/metrics";
import { Cap, newCap } from "./cap";
import { FORMS, Form } from "./context";
import { Exporter, exporterAt } from "./exporter";
import { TraceHeaders, wantRequestLine, wantTraceHeaders } from "./headers";
import { thresholdOf } from "./sampler";
import { afterTag, beforeTag, redactionOf, tagNameOf } from "./span-names";

// What a policy says of traces, as it stands in the configuration of a module.

const MOST_RATIO: i64 = 1000000;
const MOST_PER_SECOND: i64 = 100000;
const MOST_RULES: i32 = 64;
export const MOST_TAGS: i32 = 16;
const MOST_REDACTED: i32 = 10;
const MOST_EXPORTERS: i64 = 8;

/** A ratio for some requests. */
@unmanaged
export class Rule {
  when: Program = none<Program>();
  threshold: u64 = 0;
}

/** An attribute of spans that the policy names. */
@unmanaged
export class Tag {
  /** What stands around the value in the format of the exporter. */
  before: Text = none<Text>();
  after: Text = none<Text>();
  value: Program = none<Program>();
  /** Of predicate-emit.ts. */
  type: i32 = 0;
}

@unmanaged
export class TracingPolicy {
  name: Text = none<Text>();
  headers: TraceHeaders = none<TraceHeaders>();
  interest: Interest = none<Interest>();
  /** Forms in the order in which they are read, the first in the lowest byte. */
  order: u32 = 0;
  /** Forms that are written, 1 << Form. */
  written: i32 = 0;
  passesBaggage: i32 = 0;
  threshold: u64 = 0;
  /** Array of Rule; the first that is true holds. */
  rules: usize = 0;
  ruleCount: i32 = 0;
  /** 1: rules ask who calls, which is known only when the request has been judged. */
  decidesLate: i32 = 0;
  followsCaller: i32 = 0;
  /** Addresses of Program. */
  noted: usize = 0;
  notedCount: i32 = 0;
  /** There if what became of a request may keep its trace. */
  tail: Program = none<Program>();
  /** Array of Tag. */
  tags: usize = 0;
  tagCount: i32 = 0;
  /** Attributes that spans are not to have; 1 << Name. */
  redacted: i32 = 0;
  /** Where spans go; the missing record if there are none. */
  exporter: Exporter = none<Exporter>();
  /** How many traces a second are recorded; and how many are kept that were not to be recorded. */
  cap: Cap = none<Cap>();
  keepCap: Cap = none<Cap>();
  // Counters.
  restarted: u32 = 0;
  sampled: u32 = 0;
  kept: u32 = 0;
  capped: u32 = 0;
  exported: u32 = 0;
  dropped: u32 = 0;
  /** What must be read of every request; bits of Needs. */
  needs: i32 = 0;
  /** And of one that is recorded. */
  recordNeeds: i32 = 0;
}

/** Reads `tracing` of a policy; false, and a problem noted, if it is wrong. */
export function readTracing(node: i32, name: Text, policy: TracingPolicy, interest: Interest): bool {
  if (!objectOf(node, "propagate ratio perSecond parent rules always tags redact baggage export")) return false;
  policy.name = name;
  policy.interest = interest;
  policy.needs = Needs.Headers;
  policy.headers = wantTraceHeaders(interest);
  if (!exists(policy.headers)) return refuse(node, "needs more memory than the module may have");
  const ratio = requiredMember(node, "ratio");
  if (!readPropagate(requiredMember(node, "propagate"), policy)) return false;
  if (ratio === NOWHERE || !integerOf(ratio, 0, MOST_RATIO)) return false;
  policy.threshold = thresholdOf(integerAt(ratio));
  policy.followsCaller = flag(member(node, "parent"));
  policy.passesBaggage = flag(member(node, "baggage"));
  const read =
    policy.followsCaller >= 0 &&
    policy.passesBaggage >= 0 &&
    readExport(member(node, "export"), policy) &&
    readPerSecond(node, policy) &&
    readRules(member(node, "rules"), policy) &&
    readAlways(member(node, "always"), policy) &&
    readTags(member(node, "tags"), policy) &&
    readRedact(member(node, "redact"), policy);
  readingFor(Asked.WithRequest, 0);
  return read && (defineTracingCounters(policy) || refuse(node, "the host defines no counter"));
}

/** 1 or 0, 1 without the member; -1 and a problem if it is no bool. */
function flag(node: i32): i32 {
  if (node === NOWHERE) return 1;
  if (!booleanOf(node)) return -1;
  return isTrue(node) ? 1 : 0;
}

function readPropagate(list: i32, policy: TracingPolicy): bool {
  if (list === NOWHERE || arrayOf(list, 1, FORMS) < 0) return false;
  let place: u32 = 0;
  for (let node = firstElement(list); node !== NOWHERE; node = nextElement(list, node)) {
    const form = formOf(node);
    if (form < 0 || (policy.written & (1 << form)) !== 0)
      return refuse(node, 'must be "w3c", "b3", "b3multi" or "jaeger", each once');
    policy.written |= 1 << form;
    policy.order |= (<u32>form) << place;
    place += 8;
  }
  for (let form = 0; form < FORMS; form++) {
    if ((policy.written & (1 << form)) !== 0) continue;
    policy.order |= (<u32>form) << place;
    place += 8;
  }
  return true;
}

function formOf(node: i32): i32 {
  if (stringIs(node, "w3c")) return Form.W3c;
  if (stringIs(node, "b3")) return Form.B3;
  if (stringIs(node, "b3multi")) return Form.B3Multi;
  return stringIs(node, "jaeger") ? Form.Jaeger : -1;
}

function readExport(node: i32, policy: TracingPolicy): bool {
  if (node === NOWHERE) return true;
  if (!integerOf(node, 0, MOST_EXPORTERS - 1)) return false;
  policy.exporter = exporterAt(<i32>integerAt(node));
  if (!exists(policy.exporter)) return refuse(node, "is the number of no exporter");
  return wantRequestLine(policy.headers, policy.interest) || refuse(node, "needs more memory than the module may have");
}

function readPerSecond(object: i32, policy: TracingPolicy): bool {
  const node = exists(policy.exporter) ? requiredMember(object, "perSecond") : member(object, "perSecond");
  if (node === NOWHERE) return !exists(policy.exporter);
  if (!integerOf(node, 1, MOST_PER_SECOND)) return false;
  if (!exists(policy.exporter)) return true;
  policy.cap = newCap("sluice.traces.1/", policy.name, <u32>integerAt(node));
  policy.keepCap = newCap("sluice.kept.1/", policy.name, <u32>integerAt(node));
  return true;
}

function readRules(list: i32, policy: TracingPolicy): bool {
  if (list === NOWHERE) return true;
  const count = arrayOf(list, 0, MOST_RULES);
  if (count < 0) return false;
  policy.rules = keepRecords<Rule>(count);
  if (policy.rules === 0) return refuse(list, "needs more memory than the module may have");
  for (let node = firstElement(list); node !== NOWHERE; node = nextElement(list, node)) {
    if (!objectOf(node, "when ratio")) return false;
    const when = requiredMember(node, "when");
    const ratio = requiredMember(node, "ratio");
    if (when === NOWHERE || ratio === NOWHERE || !integerOf(ratio, 0, MOST_RATIO)) return false;
    const rule = at<Rule>(policy.rules, policy.ruleCount++);
    rule.threshold = thresholdOf(integerAt(ratio));
    rule.when = readPredicate(when, policy.interest);
    if (!exists(rule.when)) return false;
    policy.needs |= rule.when.needs;
    if (AUTH && (rule.when.needs & Needs.Identity) !== 0) policy.decidesLate = 1;
  }
  return true;
}

function readAlways(node: i32, policy: TracingPolicy): bool {
  if (node === NOWHERE) return true;
  if (!objectOf(node, "noted when")) return false;
  const noted = requiredMember(node, "noted");
  const when = requiredMember(node, "when");
  if (noted === NOWHERE || when === NOWHERE) return false;
  const count = arrayOf(noted, 0, MOST_NOTED);
  if (count < 0) return false;
  policy.noted = keepPointers(count);
  if (policy.noted === 0) return refuse(noted, "needs more memory than the module may have");
  readingFor(Asked.Traced, 0);
  for (let item = firstElement(noted); item !== NOWHERE; item = nextElement(noted, item)) {
    const condition = readPredicate(item, policy.interest);
    if (!exists(condition)) return false;
    policy.recordNeeds |= condition.needs;
    setPointer(policy.noted, policy.notedCount++, condition);
  }
  readingFor(Asked.AtEnd, count);
  policy.tail = readPredicate(when, policy.interest);
  return exists(policy.tail);
}

function readTags(list: i32, policy: TracingPolicy): bool {
  if (list === NOWHERE) return true;
  const count = arrayOf(list, 0, MOST_TAGS);
  if (count < 0) return false;
  policy.tags = keepRecords<Tag>(count);
  if (policy.tags === 0) return refuse(list, "needs more memory than the module may have");
  readingFor(Asked.Traced, 0);
  for (let node = firstElement(list); node !== NOWHERE; node = nextElement(list, node)) {
    if (!objectOf(node, "name value")) return false;
    const name = requiredMember(node, "name");
    const value = requiredMember(node, "value");
    if (name === NOWHERE || value === NOWHERE || !tagNameOf(name)) return false;
    if (isTaken(list, node, name)) return refuseQuoting(name, "there already is a tag", name);
    const tag = at<Tag>(policy.tags, policy.tagCount++);
    tag.value = readExpression(value, policy.interest);
    if (!exists(tag.value)) return false;
    tag.type = expressionType();
    policy.recordNeeds |= tag.value.needs;
    if (!exists(policy.exporter)) continue;
    tag.before = beforeTag(name, tag.type, policy.exporter.format);
    tag.after = afterTag(tag.type, policy.exporter.format);
  }
  return true;
}

/** Whether a tag before one has its name already. */
function isTaken(list: i32, tag: i32, name: i32): bool {
  for (let node = firstElement(list); node !== tag; node = nextElement(list, node)) {
    const other = member(node, "name");
    const length = stringLength(name);
    if (stringLength(other) === length && bytesEqual(stringStart(other), stringStart(name), length)) return true;
  }
  return false;
}

function readRedact(list: i32, policy: TracingPolicy): bool {
  if (list === NOWHERE) return true;
  if (arrayOf(list, 0, MOST_REDACTED) < 0) return false;
  for (let node = firstElement(list); node !== NOWHERE; node = nextElement(list, node)) {
    if (!stringOf(node, 1, 64)) return false;
    const bit = redactionOf(node);
    if (bit === 0 || (policy.redacted & bit) !== 0)
      return refuse(node, "must be the name of an attribute of spans that may be left out, each once");
    policy.redacted |= bit;
  }
  return true;
}

/** Defines `sluice.tracing.<policy>.…`, what never counts left out; false if the host refuses. */
function defineTracingCounters(policy: TracingPolicy): bool {
  policy.restarted = newCounter("tracing", policy.name, "restarted");
  if (policy.restarted === NO_COUNTER) return false;
  if (!exists(policy.exporter)) return true;
  policy.sampled = newCounter("tracing", policy.name, "sampled");
  policy.kept = newCounter("tracing", policy.name, "kept");
  policy.capped = newCounter("tracing", policy.name, "capped");
  policy.exported = newCounter("tracing", policy.name, "exported");
  policy.dropped = newCounter("tracing", policy.name, "dropped");
  return (
    policy.sampled !== NO_COUNTER &&
    policy.kept !== NO_COUNTER &&
    policy.capped !== NO_COUNTER &&
    policy.exported !== NO_COUNTER &&
    policy.dropped !== NO_COUNTER
  );
}
