import {
  authenticate,
  authenticateDecision,
  authenticateDenial,
  authenticateWaits,
  refuseWaiting,
} from "../authenticate/assembly/authenticate";
import { Consumers } from "../authenticate/assembly/consumers";
import { AuthenticatePolicy, readAuthenticate } from "../authenticate/assembly/policy";
import { authorize, authorizeDecision } from "../authorize/assembly/authorize";
import { AuthorizePolicy, readAuthorize } from "../authorize/assembly/policy";
import {
  firstMember,
  keepString,
  memberValue,
  NOWHERE,
  nextMember,
  objectOf,
  policyNameOf,
  refuse,
  requiredMember,
  stringIs,
} from "../lib/document";
import { Interest } from "../lib/interest";
import { Program } from "../lib/predicate-program";
import { keepRecord, none } from "../lib/region";
import { Text } from "../lib/text";
import { LocalResponse } from "../proxy-wasm/local-response";
import { Counters } from "../proxy-wasm/metrics";
import { RateLimitPolicy, readRateLimit } from "../rate-limit/assembly/policy";
import { readTracing, TracingPolicy } from "../tracing/assembly/policy";

// The kinds of policies: how each is read and asked. A kind stands in this file and in no other of the modules, unless it
// takes part in what others do, as identity and limits do. Chains of `if` over a small number: a call by table would cost
// more on every request. asconfig.json says which kinds a module has.

export enum Kind {
  Authenticate = 1,
  Authorize = 2,
  RateLimit = 3,
  Tracing = 4,
}

@unmanaged
export class Policy {
  name: Text = none<Text>();
  kind: i32 = 0;
  // One of them is there, by kind.
  authenticate: AuthenticatePolicy = none<AuthenticatePolicy>();
  authorize: AuthorizePolicy = none<AuthorizePolicy>();
  rateLimit: RateLimitPolicy = none<RateLimitPolicy>();
  tracing: TracingPolicy = none<TracingPolicy>();
  // What the core asks of every kind.
  counters: Counters = none<Counters>();
  /** What must be read of a request; bits of Needs. */
  needs: i32 = 0;
  /** 1: decides, counts and tells, but lets every request pass. */
  shadow: i32 = 0;
  /** There if the policy applies to some requests only. */
  when: Program = none<Program>();
}

/** Reads name and kind of a policy; false, and a problem noted, if they are wrong. */
export function readPolicy(node: i32, policy: Policy, interest: Interest): bool {
  if (!objectOf(node, "name mode when onError authenticate authorize rateLimit tracing")) return false;
  const name = requiredMember(node, "name");
  if (name === NOWHERE || !policyNameOf(name)) return false;
  policy.name = keepString(name);
  const kind = kindOf(node);
  return kind === NOWHERE ? refuse(node, "must be of one kind") : readKind(kind, memberValue(kind), policy, interest);
}

/** The name of the one member that is a kind; NOWHERE if there is none or more than one. */
function kindOf(node: i32): i32 {
  let kind = NOWHERE;
  for (let key = firstMember(node); key !== NOWHERE; key = nextMember(node, key)) {
    if (stringIs(key, "name") || stringIs(key, "mode") || stringIs(key, "when") || stringIs(key, "onError")) continue;
    if (kind !== NOWHERE) return NOWHERE;
    kind = key;
  }
  return kind;
}

function readKind(kind: i32, body: i32, policy: Policy, interest: Interest): bool {
  if (AUTH && stringIs(kind, "authenticate")) {
    policy.kind = Kind.Authenticate;
    const own = keepRecord<AuthenticatePolicy>();
    policy.authenticate = own;
    if (!readAuthenticate(body, policy.name, own, interest)) return false;
    return setCommon(policy, own.counters, own.needs);
  }
  if (AUTH && stringIs(kind, "authorize")) {
    policy.kind = Kind.Authorize;
    const own = keepRecord<AuthorizePolicy>();
    policy.authorize = own;
    if (!readAuthorize(body, policy.name, own, interest)) return false;
    return setCommon(policy, own.counters, own.needs);
  }
  if (RATE_LIMIT && stringIs(kind, "rateLimit")) {
    policy.kind = Kind.RateLimit;
    const own = keepRecord<RateLimitPolicy>();
    policy.rateLimit = own;
    if (!readRateLimit(body, policy.name, own, interest)) return false;
    return setCommon(policy, own.counters, own.needs);
  }
  if (TRACING && stringIs(kind, "tracing")) {
    policy.kind = Kind.Tracing;
    const own = keepRecord<TracingPolicy>();
    policy.tracing = own;
    if (!readTracing(body, policy.name, own, interest)) return false;
    policy.needs = own.needs;
    return true;
  }
  return refuse(body, "is not part of this module");
}

function setCommon(policy: Policy, counters: Counters, needs: i32): bool {
  policy.counters = counters;
  policy.needs = needs;
  return true;
}

/** The word for a kind in the names of counters. */
export function counterWord(kind: i32): string {
  if (AUTH && kind === Kind.Authenticate) return "authenticate";
  if (AUTH && kind === Kind.Authorize) return "authorize";
  return "rate-limit";
}

/** What the policy that was asked last says of the request. */
export let decision: Text = none<Text>();
/** What it answers if it does not let it pass. */
export let denial: LocalResponse = none<LocalResponse>();

/**
 * Whether a policy lets the request at hand pass, by its kind. Counts nothing and answers nothing. Limits are not asked
 * one by one: see `addLimits` in pipeline.ts.
 */
export function ask(policy: Policy, consumers: Consumers): bool {
  if (AUTH && policy.kind === Kind.Authenticate) {
    const allowed = authenticate(policy.authenticate, consumers, policy.shadow === 0);
    decision = authenticateDecision();
    denial = authenticateDenial();
    return allowed;
  }
  if (AUTH && policy.kind === Kind.Authorize) {
    const allowed = authorize(policy.authorize);
    decision = authorizeDecision();
    denial = policy.authorize.denial;
    return allowed;
  }
  // There is no other kind; if there were, nothing would pass.
  return false;
}

/** Whether the policy that was asked last let nobody in because the request has to wait for the answer to a question. */
export function mustWait(): bool {
  return AUTH && authenticateWaits();
}

/** To be called if it cannot wait: `decision` and `denial` say so. */
export function failWaiting(policy: Policy): void {
  if (!AUTH) return;
  refuseWaiting(policy.authenticate);
  decision = authenticateDecision();
  denial = authenticateDenial();
}
