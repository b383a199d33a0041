import { forgetConsumer, recognisedClaims, recognisedConsumer } from "../authenticate/assembly/authenticate";
import { tellClaims, writeClaims } from "../authenticate/assembly/claim-headers";
import { Consumer } from "../authenticate/assembly/consumers";
import { AuthenticatePolicy } from "../authenticate/assembly/policy";
import { MOST_TOGETHER, nextWaiter, Question } from "../authenticate/assembly/questions";
import { clearAttributes, clearTraceAttributes } from "../lib/attributes";
import { giveBlock } from "../lib/pool";
import { addressOf, arenaMark, arenaRewind, at, exists, none } from "../lib/region";
import { Text } from "../lib/text";
import { LocalResponse, respond } from "../proxy-wasm/local-response";
import { debugIsOn, log } from "../proxy-wasm/log";
import { count } from "../proxy-wasm/metrics";
import { FilterHeadersStatus, LogLevel } from "../proxy-wasm/status";
import { continueRequest, speakForLiving } from "../proxy-wasm/streams";
import {
  addLimit,
  admit,
  admittedDecision,
  beginLimits,
  beginPhase,
  refusedDecision,
  respondRefused,
  shadowedDecision,
} from "../rate-limit/assembly/phase";
import {
  limitFieldLength,
  limitFieldStart,
  policyFieldLength,
  policyFieldStart,
  tellsXFields,
} from "../rate-limit/assembly/tell";
import { addToPhase, Deed, endPhase } from "../tracing/assembly/phases";
import { tellTrace, tellTraceId, writeTrace } from "../tracing/assembly/propagation";
import { beginTrace, forgetTrace, hasTrace, isRecording, keepTrace, settleTrace } from "../tracing/assembly/trace";
import { Answer, hostFailure, noPolicy, unknownRoot, unknownRoute } from "./answers";
import { applies } from "./conduct";
import { Configuration } from "./configuration";
import { ConsumerCounters, countConsumer } from "./consumer-counters";
import { countDenial } from "./denials";
import { removeCredentials, writeIdentity } from "./identity-headers";
import { ask, decision, denial, failWaiting, Kind, mustWait } from "./kinds";
import { findPipeline, readMore, readRequest } from "./reading";
import { tellRemains } from "./remains";
import {
  CARRIED_BITS,
  Told,
  tellConsumer,
  tellDecision,
  tellLimit,
  tellLimitPolicy,
  tellShadow,
  tellXLimit,
} from "./results";
import { Pipeline, Step } from "./routes";
import { abandon, restore, Waiting, waitForAnswer } from "./waiting";

/** There if requests are counted by consumer. */
let consumerCounters: ConsumerCounters = none<ConsumerCounters>();

/** What the first policy in shadow that would have denied the request says; the missing record if none would. */
let shadowed: Text = none<Text>();

/** Whether the module keeps requests out. One that only traces lets pass what it does not know. */
const GUARDS: bool = AUTH || RATE_LIMIT;

// The request at hand, for its trace and while it waits: its stream, whether nothing follows its headers, and what it is judged by.
let stream: u32 = 0;
let endsWithHeaders: bool = false;
let configurationAtHand: Configuration = none<Configuration>();
let pipelineAtHand: Pipeline = none<Pipeline>();

/**
 * Judges the request at hand by a configuration that may be missing, and answers it if it may not go on.
 * @param context the number of its stream
 * @param ends whether nothing follows the headers
 */
export function judge(configuration: Configuration, context: u32, ends: bool): FilterHeadersStatus {
  stream = context;
  endsWithHeaders = ends;
  if (TRACING) forgetTrace();
  if (!exists(configuration)) return refuse(unknownRoot);
  begin(configuration);
  const pipeline = findPipeline(configuration);
  if (!exists(pipeline)) return refuse(unknownRoute);
  configurationAtHand = configuration;
  pipelineAtHand = pipeline;
  if (!readRequest(configuration, pipeline, ends)) return refuse(hostFailure);
  if (TRACING && exists(pipeline.tracing)) {
    beginTrace(pipeline.tracing);
    tellTraceId(pipeline.told >> CARRIED_BITS);
  }
  return GUARDS ? run(configuration, pipeline, 0, noPolicy, false) : allow(configuration, pipeline, noPolicy);
}

/** Forgets the request before, but for its trace. */
function begin(configuration: Configuration): void {
  clearAttributes(configuration.interest.named);
  if (TRACING && configuration.traces !== 0) clearTraceAttributes();
  if (AUTH) {
    forgetConsumer();
    consumerCounters = configuration.consumerCounters;
  }
  shadowed = none<Text>();
  if (RATE_LIMIT) beginLimits(stream);
}

/**
 * Carries out the steps from one on.
 *
 * @param before what was said by those before it
 * @param resumed whether the first of them has waited: it is known to apply
 */
function run(
  configuration: Configuration,
  pipeline: Pipeline,
  first: i32,
  before: Text,
  resumed: bool,
): FilterHeadersStatus {
  let said = before;
  const steps = pipeline.steps;
  const recording = TRACING && isRecording();
  let index = first;
  while (index < pipeline.stepCount) {
    const policy = at<Step>(steps, index).policy;
    if (RATE_LIMIT && (!AUTH || policy.kind === Kind.RateLimit)) {
      index = addLimits(pipeline, index);
      const admitted = admit();
      noteShadow(shadowedDecision());
      if (TRACING && recording) endPhase(Deed.Limit, admitted ? admittedDecision() : refusedDecision());
      if (!admitted) return denyByLimit();
      if (said === noPolicy && exists(admittedDecision())) said = admittedDecision();
      continue;
    }
    index++;
    const enforced = policy.shadow === 0;
    if ((AUTH && resumed && index === first + 1) || applies(policy)) {
      const allowed = ask(policy, configuration.consumers);
      if (AUTH && !allowed && mustWait()) {
        if (wait(configuration, pipeline, index - 1, said)) return FilterHeadersStatus.StopAllIterationAndWatermark;
        failWaiting(policy);
      }
      if (TRACING && recording) {
        addToPhase(policy.name);
        endPhase(policy.kind === Kind.Authenticate ? Deed.Authenticate : Deed.Authorize, decision);
      }
      count(allowed ? policy.counters.allowed : enforced ? policy.counters.denied : policy.counters.shadow);
      if (enforced) {
        said = decision;
        if (!allowed) return deny(denial, said);
      } else if (!allowed) {
        noteShadow(decision);
      }
    }
    if (AUTH && enforced && policy.kind === Kind.Authenticate) {
      if (!hideCredentials(configuration, policy.authenticate, pipeline.told)) return refuse(hostFailure);
    }
  }
  return allow(configuration, pipeline, said);
}

/** Stops the request until the question is answered that a step has asked; false if it cannot wait. */
function wait(configuration: Configuration, pipeline: Pipeline, step: i32, said: Text): bool {
  const waiting = waitForAnswer(stream);
  if (!exists(waiting)) return false;
  waiting.configuration = configuration;
  waiting.pipeline = pipeline;
  waiting.step = step;
  waiting.ends = endsWithHeaders ? 1 : 0;
  waiting.said = said;
  waiting.shadowed = shadowed;
  return true;
}

/** Goes on with the next who wait for a question, now that its answer is known. What was taken from the arena before stays there. */
export function resumeNext(question: Question): void {
  arenaMark();
  for (let told = 0; told < MOST_TOGETHER; told++) {
    const waiter = nextWaiter(question);
    if (!exists(waiter)) return;
    arenaRewind();
    const waiting = at<Waiting>(addressOf(waiter), 0);
    // Clients may have left meanwhile.
    if (!speakForLiving(waiting.context)) abandon(waiting);
    else if (resume(waiting) === FilterHeadersStatus.Continue && !continueRequest()) refuse(hostFailure);
    giveBlock(addressOf(waiter));
  }
}

function resume(waiting: Waiting): FilterHeadersStatus {
  const configuration = waiting.configuration;
  const pipeline = waiting.pipeline;
  stream = waiting.context;
  endsWithHeaders = waiting.ends !== 0;
  configurationAtHand = configuration;
  pipelineAtHand = pipeline;
  if (TRACING) forgetTrace();
  begin(configuration);
  shadowed = waiting.shadowed;
  const isRead = readRequest(configuration, pipeline, endsWithHeaders);
  restore(waiting);
  return isRead ? run(configuration, pipeline, waiting.step, waiting.said, true) : refuse(hostFailure);
}

/** Sees to it that the upstream does not get what callers signed in by; false if the host does not let it. */
function hideCredentials(configuration: Configuration, policy: AuthenticatePolicy, told: i32): bool {
  const headers = configuration.identityHeaders;
  if (exists(headers)) return removeCredentials(headers, policy);
  return (told & (Told.Path | Told.Cookie)) === 0 || tellRemains(policy, told);
}

function noteShadow(decision: Text): void {
  if (!exists(shadowed)) shadowed = decision;
}

/** Adds the limits that stand beside each other from a step on; the step after them. */
function addLimits(pipeline: Pipeline, first: i32): i32 {
  beginPhase();
  let index = first;
  while (index < pipeline.stepCount) {
    const step = at<Step>(pipeline.steps, index);
    if (step.policy.kind !== Kind.RateLimit) break;
    if (applies(step.policy)) {
      addLimit(step.policy.rateLimit, step.key0, step.key1);
      if (TRACING && isRecording()) addToPhase(step.policy.name);
    }
    index++;
  }
  return index;
}

/** Puts what was found out where Envoy and the log find it. */
function tell(decision: Text, told: i32): bool {
  // Whether the host takes this must not change what becomes of the request.
  if ((told & Told.Shadow) !== 0 && exists(shadowed)) tellShadow(shadowed);
  const consumer = AUTH ? recognisedConsumer() : none<Consumer>();
  if (exists(consumer) && !tellConsumer(consumer, told)) return false;
  if (AUTH && (told & Told.Claims) !== 0 && exists(recognisedClaims()) && !tellClaims(recognisedClaims())) return false;
  if (RATE_LIMIT && limitFieldLength() > 0) {
    if ((told & Told.Limit) !== 0 && !tellLimit(limitFieldStart(), limitFieldLength())) return false;
    if ((told & Told.LimitPolicy) !== 0 && !tellLimitPolicy(policyFieldStart(), policyFieldLength())) return false;
  }
  if (RATE_LIMIT && (told & Told.XLimit) !== 0 && tellsXFields() && !tellXLimit()) return false;
  return (told & Told.Decision) === 0 || tellDecision(decision);
}

function allow(configuration: Configuration, pipeline: Pipeline, decision: Text): FilterHeadersStatus {
  // An upstream that is not told who calls might take it for somebody else. What only traces decides nothing, and writes over no decision.
  if (GUARDS && !tell(decision, pipeline.told)) return refuse(hostFailure);
  const consumer = AUTH ? recognisedConsumer() : none<Consumer>();
  if (AUTH && exists(configuration.identityHeaders)) {
    if (exists(consumer) && !writeIdentity(configuration.identityHeaders, consumer)) return refuse(hostFailure);
    if (exists(recognisedClaims()) && !writeClaims(recognisedClaims())) return refuse(hostFailure);
  }
  if (AUTH && exists(consumerCounters)) countConsumer(consumerCounters, consumer, true);
  if (TRACING && hasTrace()) {
    endTrace(decision, true);
    if (configuration.writesTrace !== 0) writeTrace();
    tellTrace(pipeline.told >> CARRIED_BITS);
  }
  return FilterHeadersStatus.Continue;
}

/** Keeps what is known of a request that is traced, now that it has been judged. */
function endTrace(decision: Text, passed: bool): void {
  if (!hasTrace() || !settleTrace()) return;
  const pipeline = pipelineAtHand;
  // What only spans tell of a request is read of those that may have some.
  const needs = pipeline.tracing.recordNeeds & ~pipeline.needs;
  if (needs !== 0) readMore(configurationAtHand, pipeline, needs, endsWithHeaders);
  keepTrace(stream, pipeline.pattern, routeAtHand(), GUARDS ? decision : none<Text>(), passed);
}

/** What the route of the pipeline is called; the missing record where one pipeline is for all of them. */
function routeAtHand(): Text {
  return configurationAtHand.routes.single === pipelineAtHand ? none<Text>() : pipelineAtHand.route;
}

function deny(response: LocalResponse, decision: Text): FilterHeadersStatus {
  if (TRACING) endTrace(decision, false);
  countRefused(decision);
  note(decision, Told.All);
  respond(response);
  return FilterHeadersStatus.StopAllIterationAndWatermark;
}

function denyByLimit(): FilterHeadersStatus {
  if (TRACING) endTrace(refusedDecision(), false);
  countRefused(refusedDecision());
  // The answer has the RateLimit fields itself; from the filter state Envoy would add them once more.
  note(refusedDecision(), Told.All & ~(Told.Limit | Told.LimitPolicy | Told.XLimit));
  respondRefused((pipelineAtHand.told & (Told.Limit | Told.LimitPolicy)) !== Told.Limit);
  return FilterHeadersStatus.StopAllIterationAndWatermark;
}

function countRefused(decision: Text): void {
  countDenial(decision, routeAtHand());
  if (AUTH && exists(consumerCounters)) countConsumer(consumerCounters, recognisedConsumer(), false);
}

function refuse(answer: Answer): FilterHeadersStatus {
  if (!GUARDS) return FilterHeadersStatus.Continue;
  if (TRACING) endTrace(answer.decision, false);
  countDenial(answer.decision, none<Text>());
  tellDecision(answer.decision);
  if (debugIsOn()) log(LogLevel.Debug, answer.decision.start, answer.decision.length);
  respond(answer.response);
  return FilterHeadersStatus.StopAllIterationAndWatermark;
}

/** A denial holds even if the host takes no note of it. */
function note(decision: Text, told: i32): void {
  tell(decision, told);
  if (debugIsOn()) log(LogLevel.Debug, decision.start, decision.length);
}
