import { forgetConsumer, recognisedClaims, recognisedConsumer } from "../authenticate/assembly/authenticate";
import { tellClaims, writeClaims } from "../authenticate/assembly/claim-headers";
import { Consumer } from "../authenticate/assembly/consumers";
import { clearAttributes, clearTraceAttributes, Needs, Slot, setAttribute, setTime } from "../lib/attributes";
import { readBodySize } from "../lib/body-size";
import { readCookies } from "../lib/cookies";
import { Interest } from "../lib/interest";
import { readParams } from "../lib/params";
import { readQuery } from "../lib/query";
import { at, exists, none } from "../lib/region";
import { Text } from "../lib/text";
import { readPrincipal } from "../proxy-wasm/client-certificate";
import { unixTime } from "../proxy-wasm/clock";
import { readRequestHeaders } from "../proxy-wasm/headers";
import { LocalResponse, respond } from "../proxy-wasm/local-response";
import { debugIsOn, log } from "../proxy-wasm/log";
import { count } from "../proxy-wasm/metrics";
import { propertyLength, propertyStart, readProperty } from "../proxy-wasm/properties";
import { FilterHeadersStatus, LogLevel, Status } from "../proxy-wasm/status";
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
import { readCaller } from "./caller";
import { applies } from "./conduct";
import { Configuration } from "./configuration";
import { countDenial } from "./denials";
import { clearIdentity, removeCredentials, writeIdentity } from "./identity-headers";
import { ask, decision, denial, Kind } from "./kinds";
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
import { Pipeline, pipelineOf, Step } from "./routes";
import { readOperation, readProtocol, readSource } from "./source";

// "xds" NUL "route_name"
const ROUTE_NAME: usize = memory.data<u8>([
  0x78, 0x64, 0x73, 0, 0x72, 0x6f, 0x75, 0x74, 0x65, 0x5f, 0x6e, 0x61, 0x6d, 0x65,
]);
const ROUTE_NAME_LENGTH: i32 = 14;

/** What the first policy in shadow that would have denied the request says; the missing record if none would. */
let shadowed: Text = none<Text>();

/** Whether the module keeps requests out. One that only traces lets pass what it does not know. */
const GUARDS: bool = AUTH || RATE_LIMIT;

// The request at hand, for its trace: its stream, whether nothing follows its headers, and what it is judged by.
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
  if (TRACING) {
    forgetTrace();
    stream = context;
    endsWithHeaders = ends;
  }
  if (!exists(configuration)) return refuse(unknownRoot);
  clearAttributes(configuration.interest.named);
  if (TRACING && configuration.traces !== 0) clearTraceAttributes();
  if (AUTH) forgetConsumer();
  shadowed = none<Text>();
  if (RATE_LIMIT) beginLimits(context);
  const pipeline = findPipeline(configuration);
  if (!exists(pipeline)) return refuse(unknownRoute);
  const needs = pipeline.needs;
  if ((needs & Needs.Headers) !== 0 && !readRequestHeaders(configuration.interest)) return refuse(hostFailure);
  if (AUTH && exists(configuration.identityHeaders) && !clearIdentity(configuration.identityHeaders))
    return refuse(hostFailure);
  if (!AUTH && (needs & Needs.Identity) !== 0 && !readCaller(needs)) return refuse(hostFailure);
  if (needs > SELDOM) readSeldom(configuration.interest, pipeline, needs, ends);
  if ((needs & Needs.Source) !== 0) readSource();
  if (TRACING && exists(pipeline.tracing)) {
    configurationAtHand = configuration;
    pipelineAtHand = pipeline;
    beginTrace(pipeline.tracing);
    tellTraceId(pipeline.told >> CARRIED_BITS);
  }
  return GUARDS ? run(configuration, pipeline) : allow(configuration, pipeline, noPolicy);
}

/** What lies above the needs that nearly every pipeline has. */
const SELDOM: i32 = Needs.Headers | Needs.Source | Needs.Route | Needs.Identity;

function readSeldom(interest: Interest, pipeline: Pipeline, needs: i32, ends: bool): void {
  if ((needs & Needs.Query) !== 0) readQuery(interest);
  if ((needs & Needs.Cookies) !== 0) readCookies(interest);
  if ((needs & Needs.Params) !== 0) readParams(pipeline.params, pipeline.paramCount);
  if ((needs & Needs.Protocol) !== 0) readProtocol();
  if ((needs & Needs.Time) !== 0) setTime(unixTime());
  if ((needs & Needs.Size) !== 0) readBodySize(interest, ends);
  if ((needs & Needs.Principal) !== 0) readPrincipal();
}

/** The pipeline for the route that Envoy chose; the missing record if there is none. */
function findPipeline(configuration: Configuration): Pipeline {
  const routes = configuration.routes;
  const single = routes.single;
  if (exists(single) && (single.needs & Needs.Route) === 0) return single;
  if (readProperty(ROUTE_NAME, ROUTE_NAME_LENGTH) !== Status.Ok || propertyLength() === 0) {
    return exists(single) ? single : none<Pipeline>();
  }
  setAttribute(Slot.RouteName, propertyStart(), propertyLength());
  return exists(single) ? single : pipelineOf(routes, propertyStart(), propertyLength());
}

function run(configuration: Configuration, pipeline: Pipeline): FilterHeadersStatus {
  let said = noPolicy;
  const steps = pipeline.steps;
  const recording = TRACING && isRecording();
  let index = 0;
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
    if (applies(policy)) {
      const allowed = ask(policy, configuration.consumers);
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
    if (AUTH && enforced && policy.kind === Kind.Authenticate && exists(configuration.identityHeaders)) {
      if (!removeCredentials(policy.authenticate)) return refuse(hostFailure);
    }
  }
  return allow(configuration, pipeline, said);
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
  if (needs !== 0) readMore(needs);
  const route = configurationAtHand.routes.single === pipeline ? none<Text>() : pipeline.route;
  keepTrace(stream, pipeline.pattern, route, GUARDS ? decision : none<Text>(), passed);
}

function readMore(needs: i32): void {
  if (!AUTH && (needs & Needs.Identity) !== 0) readCaller(needs);
  if (needs > SELDOM) readSeldom(configurationAtHand.interest, pipelineAtHand, needs, endsWithHeaders);
  if ((needs & Needs.Source) !== 0) readSource();
  if ((needs & Needs.Operation) !== 0) readOperation();
}

function deny(response: LocalResponse, decision: Text): FilterHeadersStatus {
  if (TRACING) endTrace(decision, false);
  countDenial(decision);
  note(decision, Told.All);
  respond(response);
  return FilterHeadersStatus.StopAllIterationAndWatermark;
}

function denyByLimit(): FilterHeadersStatus {
  if (TRACING) endTrace(refusedDecision(), false);
  countDenial(refusedDecision());
  // The answer has the RateLimit fields itself; from the filter state Envoy would add them once more.
  note(refusedDecision(), Told.All & ~(Told.Limit | Told.LimitPolicy | Told.XLimit));
  respondRefused();
  return FilterHeadersStatus.StopAllIterationAndWatermark;
}

function refuse(answer: Answer): FilterHeadersStatus {
  if (!GUARDS) return FilterHeadersStatus.Continue;
  if (TRACING) endTrace(answer.decision, false);
  countDenial(answer.decision);
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
