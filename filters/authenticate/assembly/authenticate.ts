import { areScopesRead, Slot, setAttribute, setGroups, setScopes } from "../../lib/attributes";
import { Interest } from "../../lib/interest";
import { jsonLength, jsonStart } from "../../lib/json-tape";
import { jwtScopes, NO_CLAIM, Slice, setClaims, textsOf } from "../../lib/jwt";
import { arenaTake, at, exists, none } from "../../lib/region";
import { Text } from "../../lib/text";
import { LocalResponse } from "../../proxy-wasm/local-response";
import { strayAuthorization } from "./authorization";
import { ClaimHeaders } from "./claim-headers";
import { Consumer, Consumers } from "./consumers";
import { forgetFinding, foundBy, foundClaims, foundConsumer, foundHeaders, foundTape } from "./finding";
import { countFailure, Standing, standingOf } from "./lockout";
import { Method, MethodKind } from "./method";
import { isPresented, verify } from "./methods";
import { decisionOf, isFailure, Outcome } from "./outcome";
import { AuthenticatePolicy } from "./policy";

// Who is calling. What came of the last call is in `authenticateDecision` and `authenticateDenial`.

let consumer: Consumer = none<Consumer>();
let claimHeaders: ClaimHeaders = none<ClaimHeaders>();
let decision: Text = none<Text>();
let denial: LocalResponse = none<LocalResponse>();
let waits: bool = false;

/** The consumer that was recognised in this request; the missing record if none was. */
export function recognisedConsumer(): Consumer {
  return consumer;
}

/** What headers say of the token of this request; the missing record if there is none. */
export function recognisedClaims(): ClaimHeaders {
  return claimHeaders;
}

export function forgetConsumer(): void {
  consumer = none<Consumer>();
  claimHeaders = none<ClaimHeaders>();
}

/** What to say of the last call of `authenticate`. */
export function authenticateDecision(): Text {
  return decision;
}

/** What to answer if the last call of `authenticate` let nobody in. */
export function authenticateDenial(): LocalResponse {
  return denial;
}

/** Whether the last call of `authenticate` let nobody in because the answer to a question has to come first: see `questions.ts`. */
export function authenticateWaits(): bool {
  return waits;
}

/** To be called if the request cannot wait: then nobody can tell who calls. */
export function refuseWaiting(policy: AuthenticatePolicy): void {
  decision = decisionOf(policy.decisions, Outcome.Unavailable);
  denial = policy.busy;
}

/**
 * Whether the request may go on.
 * @param identifies whether whoever is recognised becomes the caller, with the auth attributes; else it stays unknown
 */
export function authenticate(policy: AuthenticatePolicy, consumers: Consumers, identifies: bool): bool {
  forgetFinding();
  const outcome = judge(policy, consumers);
  waits = outcome === Outcome.Waiting;
  if (identifies && exists(foundBy)) recognise(policy.interest);
  decision = decisionOf(policy.decisions, outcome);
  denial = denialOf(policy, outcome);
  return outcome === Outcome.Authenticated || outcome === Outcome.Anonymous;
}

/** Whoever shows a credential and is locked out is not listened to, whatever it is. */
function judge(policy: AuthenticatePolicy, consumers: Consumers): Outcome {
  const outcome = choose(policy);
  if (outcome === Outcome.NoCredential) return policy.optional === 0 ? outcome : Outcome.Anonymous;
  const lockout = policy.lockout;
  if (!exists(lockout)) return exists(chosen) ? verify(chosen, consumers) : outcome;
  const standing = standingOf(lockout);
  if (standing === Standing.Locked) return Outcome.LockedOut;
  if (standing === Standing.Unknown) return Outcome.Unavailable;
  const heard = exists(chosen) ? verify(chosen, consumers) : outcome;
  if (isFailure(heard)) countFailure(lockout);
  return heard;
}

// The method whose credential is there, if `choose` found one and nothing beside it.
let chosen: Method = none<Method>();

/**
 * The method whose credential is there decides; two at once are refused, as nobody could tell whose request it is. What comes of the request where no
 * method is to be asked; nothing is to be read from it where one is. A certificate belongs to the connection, which may well be one of a proxy: it counts only
 * where the request itself carries nothing.
 */
function choose(policy: AuthenticatePolicy): Outcome {
  chosen = none<Method>();
  const stray = strayAuthorization(policy.methods, policy.methodCount);
  if (stray !== Outcome.Anonymous) return stray;
  let found = none<Method>();
  let certificate = none<Method>();
  for (let i = 0; i < policy.methodCount; i++) {
    const method = at<Method>(policy.methods, i);
    if (method.kind === MethodKind.Mtls) {
      certificate = method;
      continue;
    }
    if (!isPresented(method)) continue;
    if (exists(found)) return Outcome.SeveralCredentials;
    found = method;
  }
  if (!exists(found) && exists(certificate) && isPresented(certificate)) found = certificate;
  chosen = found;
  return exists(found) ? Outcome.UnknownCredential : Outcome.NoCredential;
}

function denialOf(policy: AuthenticatePolicy, outcome: Outcome): LocalResponse {
  if (outcome === Outcome.LockedOut) return policy.lockout.response;
  const isBusy = outcome === Outcome.OverBudget || outcome === Outcome.Unavailable || outcome === Outcome.NoKeys;
  return isBusy ? policy.busy : policy.denial;
}

function recognise(interest: Interest): void {
  setAttribute(Slot.AuthMethod, foundBy.start, foundBy.length);
  if (exists(foundClaims)) {
    recogniseClaims();
    setClaims(interest, foundTape);
  }
  const found = foundConsumer;
  if (!exists(found)) return;
  consumer = found;
  setAttribute(Slot.Consumer, found.name.start, found.name.length);
  if (exists(found.tier)) setAttribute(Slot.Tier, found.tier.start, found.tier.length);
  setGroups(found.groups, found.groupCount);
}

const MOST_SCOPES: i32 = 256;

/** Who it is to the issuer, and what the token allows. */
function recogniseClaims(): void {
  const claims = foundClaims;
  claimHeaders = foundHeaders;
  if (claims.issuer !== NO_CLAIM) setText(Slot.Issuer, claims.issuer);
  if (claims.subject !== NO_CLAIM) setText(Slot.Subject, claims.subject);
  if (!areScopesRead()) return;
  const slices = arenaTake(<usize>MOST_SCOPES * offsetof<Slice>());
  const count = slices === 0 ? -1 : jwtScopes(foundTape, claims, slices, MOST_SCOPES);
  const scopes = count < 0 ? 0 : textsOf(slices, count);
  // More scopes than there is room for are as good as none: nobody gets in by some of them.
  if (scopes !== 0) setScopes(scopes, count);
}

function setText(slot: i32, node: i32): void {
  setAttribute(slot, jsonStart(foundTape, node), jsonLength(foundTape, node));
}
