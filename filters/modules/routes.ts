import { Needs } from "../lib/attributes";
import {
  arrayOf,
  firstElement,
  firstMember,
  integerAt,
  integerOf,
  isArray,
  isObject,
  keepString,
  member,
  memberValue,
  NOWHERE,
  nextElement,
  nextMember,
  objectOf,
  refuse,
  refuseQuoting,
  requiredMember,
  stringIs,
  stringLength,
  stringOf,
  stringStart,
} from "../lib/document";
import { Interest } from "../lib/interest";
import { Param, paramSlot } from "../lib/params";
import { at, exists, keepRecord, keepRecords, none } from "../lib/region";
import { addName, findName, NameTable, newNameTable } from "../lib/table";
import { Text } from "../lib/text";
import { stepKey } from "../rate-limit/assembly/key";
import { MOST_LIMITS } from "../rate-limit/assembly/phase";
import { TracingPolicy } from "../tracing/assembly/policy";
import { Carried, carriedBy } from "../tracing/assembly/propagation";
import { needsOf } from "./conduct";
import { Kind, Policy } from "./kinds";
import { CARRIED_BITS, Told } from "./results";

const MOST_ROUTES: i32 = 65536;
const MOST_STEPS: i32 = 64;
const DEEPEST_SEGMENT: i64 = 1023;
const LONGEST_PATTERN: i32 = 4096;

/** One policy in the order of execution. */
@unmanaged
export class Step {
  policy: Policy = none<Policy>();
  /** For a rate limit: the key of the hash that finds a bucket. */
  key0: u64 = 0;
  key1: u64 = 0;
}

/** What happens on a route. */
@unmanaged
export class Pipeline {
  route: Text = none<Text>();
  stepCount: i32 = 0;
  /** Array of Step. */
  steps: usize = 0;
  /** Bits of Needs. */
  needs: i32 = 0;
  paramCount: i32 = 0;
  /** Array of Param. */
  params: usize = 0;
  /** Bits of Told, and above them bits of Carried. */
  told: i32 = 0;
  /** There if requests of the route are traced. */
  tracing: TracingPolicy = none<TracingPolicy>();
  /** The path as the route is written, for spans; there if it is told. */
  pattern: Text = none<Text>();
}

@unmanaged
export class Routes {
  names: NameTable = none<NameTable>();
  /** Array of Pipeline. */
  pipelines: usize = 0;
  /** There if one pipeline holds for every request (`*`). */
  single: Pipeline = none<Pipeline>();
}

/** The pipeline of a route, or the missing record. */
export function pipelineOf(routes: Routes, start: usize, length: i32): Pipeline {
  const index = findName(routes.names, start, length);
  return index < 0 ? none<Pipeline>() : at<Pipeline>(routes.pipelines, index);
}

/** Reads the routes; the missing record, and a problem noted, if they are wrong. */
export function readRoutes(
  list: i32,
  names: NameTable,
  policies: usize,
  interest: Interest,
  writesHeaders: bool,
): Routes {
  const count = arrayOf(list, 1, MOST_ROUTES);
  if (count < 0) return none<Routes>();
  const routes = keepRecord<Routes>();
  const most = count + furtherNames(list);
  if (most > MOST_ROUTES) return refused(list, "has too many names of routes");
  routes.names = newNameTable(most, true);
  routes.pipelines = keepRecords<Pipeline>(count);
  if (!exists(routes.names) || routes.pipelines === 0) return none<Routes>();
  let index = 0;
  for (let node = firstElement(list); node !== NOWHERE; node = nextElement(list, node)) {
    const pipeline = at<Pipeline>(routes.pipelines, index);
    if (!objectOf(node, TRACING ? "name names as run tell params pattern" : "name names as run tell params"))
      return none<Routes>();
    const name = requiredMember(node, "name");
    const run = requiredMember(node, "run");
    if (name === NOWHERE || run === NOWHERE || !stringOf(name, 1, 1024)) return none<Routes>();
    pipeline.route = keepString(name);
    if (writesHeaders) pipeline.needs = Needs.Headers;
    if (stringIs(name, "*")) {
      if (count !== 1) return refused(name, "may not stand beside other routes");
      routes.single = pipeline;
    }
    if (!addName(routes.names, pipeline.route, index++)) {
      refuseQuoting(name, "there already is a route", name);
      return none<Routes>();
    }
    if (!readNames(member(node, "names"), index - 1, routes)) return none<Routes>();
    if (!readAlias(member(node, "as"), pipeline, routes)) return none<Routes>();
    if (!readRun(run, pipeline, names, policies)) return none<Routes>();
    if (!readTold(member(node, "tell"), pipeline, writesHeaders)) return none<Routes>();
    if (!readParamsOf(member(node, "params"), pipeline, interest)) return none<Routes>();
    if (TRACING && !readPattern(member(node, "pattern"), pipeline)) return none<Routes>();
  }
  return routes;
}

/** How many names routes have beside their own. */
function furtherNames(list: i32): i32 {
  let count = 0;
  for (let node = firstElement(list); node !== NOWHERE; node = nextElement(list, node)) {
    const names = isObject(node) ? member(node, "names") : NOWHERE;
    if (names === NOWHERE || !isArray(names)) continue;
    for (let name = firstElement(names); name !== NOWHERE; name = nextElement(names, name)) count++;
  }
  return count;
}

/** `names` are further names that Envoy has for the route. */
function readNames(list: i32, index: i32, routes: Routes): bool {
  if (list === NOWHERE) return true;
  if (exists(routes.single)) return refuse(list, "may not stand beside `*`");
  if (arrayOf(list, 1, MOST_ROUTES) < 0) return false;
  for (let node = firstElement(list); node !== NOWHERE; node = nextElement(list, node)) {
    if (!stringOf(node, 1, 1024)) return false;
    if (stringIs(node, "*")) return refuse(node, "is no name of one route");
    if (!addName(routes.names, keepString(node), index)) return refuseQuoting(node, "there already is a route", node);
  }
  return true;
}

/** `as` is the name that limits of `*` count under. */
function readAlias(node: i32, pipeline: Pipeline, routes: Routes): bool {
  if (node === NOWHERE) return true;
  if (!exists(routes.single)) return refuse(node, "may stand beside `*` only");
  if (!stringOf(node, 1, 1024)) return false;
  pipeline.route = keepString(node);
  return true;
}

/** `tell` names the results that are read on the route; all of them if it is not there, and of a trace those that its policy writes. */
function readTold(list: i32, pipeline: Pipeline, writesHeaders: bool): bool {
  pipeline.told = Told.All;
  if (TRACING && exists(pipeline.tracing) && !writesHeaders) {
    const tracing = pipeline.tracing;
    pipeline.told |= carriedBy(tracing.written, tracing.passesBaggage !== 0) << CARRIED_BITS;
  }
  if (list === NOWHERE) return true;
  if (arrayOf(list, 0, TRACING ? 18 : 11) < 0) return false;
  pipeline.told = 0;
  for (let node = firstElement(list); node !== NOWHERE; node = nextElement(list, node)) {
    const told = toldBy(node);
    if (told === 0 || (pipeline.told & told) !== 0) return refuse(node, "must be the name of a result, each once");
    pipeline.told |= told;
  }
  return true;
}

function toldBy(node: i32): i32 {
  if (stringIs(node, "consumer")) return Told.Consumer;
  if (stringIs(node, "claims")) return Told.Claims;
  if (stringIs(node, "tier")) return Told.Tier;
  if (stringIs(node, "groups")) return Told.Groups;
  if (stringIs(node, "decision")) return Told.Decision;
  if (stringIs(node, "ratelimit")) return Told.Limit;
  if (stringIs(node, "ratelimit-policy")) return Told.LimitPolicy;
  if (stringIs(node, "x-ratelimit")) return Told.XLimit;
  if (stringIs(node, "shadow")) return Told.Shadow;
  if (stringIs(node, "path")) return Told.Path;
  if (stringIs(node, "cookie")) return Told.Cookie;
  return TRACING ? carriedIn(node) << CARRIED_BITS : 0;
}

function carriedIn(node: i32): i32 {
  if (stringIs(node, "traceparent")) return Carried.TraceParent;
  if (stringIs(node, "tracestate")) return Carried.TraceState;
  if (stringIs(node, "baggage")) return Carried.Baggage;
  if (stringIs(node, "b3")) return Carried.B3;
  if (stringIs(node, "b3-multi")) return Carried.B3Multi;
  if (stringIs(node, "uber-trace-id")) return Carried.UberTraceId;
  return stringIs(node, "trace-id") ? Carried.TraceId : 0;
}

function readPattern(node: i32, pipeline: Pipeline): bool {
  if (node === NOWHERE) return true;
  if (!stringOf(node, 1, LONGEST_PATTERN)) return false;
  pipeline.pattern = keepString(node);
  return true;
}

/** `params` tells which segments of the path the route names; those that nothing reads are left out. */
function readParamsOf(object: i32, pipeline: Pipeline, interest: Interest): bool {
  if (object === NOWHERE) return true;
  if (!isObject(object)) return refuse(object, "must be an object");
  let count = 0;
  for (let name = firstMember(object); name !== NOWHERE; name = nextMember(object, name)) {
    if (!integerOf(memberValue(name), 0, DEEPEST_SEGMENT)) return false;
    if (paramSlot(interest, stringStart(name), stringLength(name)) >= 0) count++;
  }
  pipeline.params = keepRecords<Param>(count);
  if (pipeline.params === 0) return refuse(object, "needs more memory than the module may have");
  for (let name = firstMember(object); name !== NOWHERE; name = nextMember(object, name)) {
    const slot = paramSlot(interest, stringStart(name), stringLength(name));
    if (slot < 0) continue;
    const param = at<Param>(pipeline.params, pipeline.paramCount++);
    param.slot = slot;
    param.segment = <i32>integerAt(memberValue(name));
  }
  return true;
}

function refused(node: i32, message: string): Routes {
  refuse(node, message);
  return none<Routes>();
}

// How far the reading of one `run` has come.
let authenticated: bool = false;
let authorized: bool = false;
let limitsInPhase: i32 = 0;

function readRun(list: i32, pipeline: Pipeline, names: NameTable, policies: usize): bool {
  const count = arrayOf(list, 0, MOST_STEPS);
  if (count < 0) return false;
  pipeline.steps = keepRecords<Step>(count);
  if (pipeline.steps === 0) return false;
  authenticated = false;
  authorized = false;
  limitsInPhase = 0;
  for (let node = firstElement(list); node !== NOWHERE; node = nextElement(list, node)) {
    if (!stringOf(node, 1, 63)) return false;
    const index = findName(names, stringStart(node), stringLength(node));
    if (index < 0) return refuseQuoting(node, "no policy is named", node);
    if (TRACING && at<Policy>(policies, index).kind === Kind.Tracing) {
      if (!placeTracing(node, at<Policy>(policies, index), node === firstElement(list), pipeline)) return false;
      continue;
    }
    const step = at<Step>(pipeline.steps, pipeline.stepCount);
    step.policy = at<Policy>(policies, index);
    for (let i = 0; i < pipeline.stepCount; i++) {
      if (at<Step>(pipeline.steps, i).policy === step.policy) return refuse(node, "is in this list already");
    }
    if (!placeStep(node, step, pipeline)) return false;
    pipeline.stepCount++;
  }
  return true;
}

/** A policy that traces is no step: it stands around all of them. */
function placeTracing(node: i32, policy: Policy, isFirst: bool, pipeline: Pipeline): bool {
  if (!isFirst) return refuse(node, "must come first, as it traces all that follows");
  pipeline.tracing = policy.tracing;
  // The name of the route is asked for before it is known whether anything is recorded.
  pipeline.needs |= policy.needs | (policy.tracing.recordNeeds & Needs.Route);
  return true;
}

/** Checks that a policy can work in its place, and takes note of what it reads. */
function placeStep(node: i32, step: Step, pipeline: Pipeline): bool {
  const policy = step.policy;
  const needs = needsOf(policy);
  pipeline.needs |= needs;
  if (RATE_LIMIT && policy.kind === Kind.RateLimit) {
    if (AUTH && (needs & Needs.Identity) !== 0 && !authenticated)
      return refuse(node, "counts by who calls, and no authenticate comes before it");
    if (++limitsInPhase > MOST_LIMITS) return refuse(node, "is one limit too many beside each other");
    step.key0 = stepKey(policy.rateLimit, pipeline.route, 0);
    step.key1 = stepKey(policy.rateLimit, pipeline.route, 1);
    return true;
  }
  limitsInPhase = 0;
  if (AUTH && policy.kind === Kind.Authenticate) {
    if (authenticated) return refuse(node, "is a second authenticate");
    if (authorized) return refuse(node, "must come before authorize");
    authenticated = true;
    return true;
  }
  authorized = true;
  return true;
}
