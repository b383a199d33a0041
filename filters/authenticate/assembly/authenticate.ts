import { attribute, Presence, Slot, setAttribute, setGroups, setScopes } from "../../lib/attributes";
import { Interest } from "../../lib/interest";
import { jsonLength, jsonStart } from "../../lib/json-tape";
import { jwtScopes, NO_CLAIM, Slice, setClaims, textsOf } from "../../lib/jwt";
import { arenaTake, at, exists, none } from "../../lib/region";
import { Text } from "../../lib/text";
import { LocalResponse } from "../../proxy-wasm/local-response";
import { ClaimHeaders } from "./claim-headers";
import { Consumer, Consumers } from "./consumers";
import { forgetFinding, foundBy, foundClaims, foundConsumer, foundHeaders, foundTape } from "./finding";
import { Method, MethodKind } from "./method";
import { isPresented, readsScheme, verify } from "./methods";
import { decisionOf, Outcome } from "./outcome";
import { AuthenticatePolicy } from "./policy";

// Who is calling. What came of the last call is in `authenticateDecision` and `authenticateDenial`.

let consumer: Consumer = none<Consumer>();
let claimHeaders: ClaimHeaders = none<ClaimHeaders>();
let decision: Text = none<Text>();
let denial: LocalResponse = none<LocalResponse>();

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

/**
 * Whether the request may go on.
 * @param identifies whether whoever is recognised becomes the caller, with the auth attributes; else it stays unknown
 */
export function authenticate(policy: AuthenticatePolicy, consumers: Consumers, identifies: bool): bool {
  forgetFinding();
  const outcome = judge(policy, consumers);
  if (identifies && exists(foundBy)) recognise(policy.interest);
  decision = decisionOf(policy.decisions, outcome);
  denial = outcome === Outcome.Unavailable ? policy.unavailable : policy.denial;
  return outcome === Outcome.Authenticated || outcome === Outcome.Anonymous;
}

/**
 * The method whose credential is there decides; two at once are refused, as nobody could tell whose request it is. A certificate belongs to the
 * connection, which may well be one of a proxy: it counts only where the request itself carries nothing.
 */
function judge(policy: AuthenticatePolicy, consumers: Consumers): Outcome {
  let chosen = none<Method>();
  let certificate = none<Method>();
  for (let i = 0; i < policy.methodCount; i++) {
    const method = at<Method>(policy.methods, i);
    if (method.kind === MethodKind.Mtls) {
      certificate = method;
      continue;
    }
    if (!isPresented(method)) continue;
    if (exists(chosen)) return Outcome.SeveralCredentials;
    chosen = method;
  }
  const stray = outcomeOfStrays(policy);
  if (stray !== Outcome.Anonymous) return stray;
  if (!exists(chosen) && exists(certificate) && isPresented(certificate)) chosen = certificate;
  if (exists(chosen)) return verify(chosen, consumers);
  return policy.optional === 0 ? Outcome.NoCredential : Outcome.Anonymous;
}

/** A header that is read by its scheme, with a scheme that no method takes, or twice; Anonymous if there is none. */
function outcomeOfStrays(policy: AuthenticatePolicy): Outcome {
  for (let i = 0; i < policy.methodCount; i++) {
    const method = at<Method>(policy.methods, i);
    if (!readsScheme(method)) continue;
    const presence = attribute(method.slot).presence;
    if (presence === Presence.Ambiguous) return Outcome.DuplicateCredential;
    if (presence === Presence.Present && !isTaken(policy, method.slot)) return Outcome.MalformedCredential;
  }
  return Outcome.Anonymous;
}

function isTaken(policy: AuthenticatePolicy, slot: i32): bool {
  for (let i = 0; i < policy.methodCount; i++) {
    const method = at<Method>(policy.methods, i);
    if (method.slot === slot && isPresented(method)) return true;
  }
  return false;
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
  setText(Slot.Issuer, claims.issuer);
  if (claims.subject !== NO_CLAIM) setText(Slot.Subject, claims.subject);
  const slices = arenaTake(<usize>MOST_SCOPES * offsetof<Slice>());
  const count = slices === 0 ? -1 : jwtScopes(foundTape, claims, slices, MOST_SCOPES);
  const scopes = count < 0 ? 0 : textsOf(slices, count);
  // More scopes than there is room for are as good as none: nobody gets in by some of them.
  if (scopes !== 0) setScopes(scopes, count);
}

function setText(slot: i32, node: i32): void {
  setAttribute(slot, jsonStart(foundTape, node), jsonLength(foundTape, node));
}
